# SPDX-License-Identifier: GPL-3.0-or-later
"""Breath on bodies: the bones that breathe are found, and move over what the body does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from small_scenes import make_face, wave_take

from facemocap_addon.core.controls import Control
from facemocap_addon.core.rig_maps.body_controls import BODY_CHANNELS, find_body, with_body
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.characters.characters import (
    find_characters,
    pick_character,
    read_character,
)
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.takes.layer_pushing import push_layer

BODY = {
    "root": ((0, 0, 0), (0, 0, 0.1), ""),
    "hips": ((0, 0, 0.9), (0, 0, 1.0), "root"),
    "spine": ((0, 0, 1.0), (0, 0, 1.1), "hips"),
    "spine.001": ((0, 0, 1.1), (0, 0, 1.25), "spine"),
    "spine.002": ((0, 0.02, 1.25), (0, 0, 1.45), "spine.001"),
    "shoulder.L": ((0.03, 0, 1.42), (0.17, 0, 1.45), "spine.002"),
    "shoulder.R": ((-0.03, 0, 1.42), (-0.17, 0, 1.45), "spine.002"),
    "neck": ((0, 0, 1.45), (0, 0, 1.55), "spine.002"),
    "head": ((0, 0, 1.55), (0, 0, 1.75), "neck"),
    "jaw": ((0, -0.01, 1.58), (0, -0.09, 1.54), "head"),
}
BREATH = Stack(
    (make_step("breathing", pattern="exertion", phrases_from="none", head=0.0, body=True),)
)
#: On rigs of others: chest, belly, neck and collar bones.
KNOWN = {
    "rocketbox/Male_Adult_04.fbx": (
        "Bip01 Spine2", "Bip01 Spine1", "Bip01 Neck", {"Bip01 L Clavicle", "Bip01 R Clavicle"}
    ),
    "makehuman/makehuman_face_female.blend": (
        "spine01", "spine03", "neck01", {"clavicle.L", "clavicle.R"}
    ),
    "makehuman_rigify/makehuman_rigify_super_face.blend": (
        "spine_fk.003", "spine_fk.002", "neck", {"shoulder.L", "shoulder.R"}
    ),
}  # fmt: skip


def make_body(mode: str = "XYZ") -> tuple[Any, Any]:
    data = bpy.data.armatures.new("body")
    rig = bpy.data.objects.new("body", data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for number, (name, (head, tail, parent)) in enumerate(BODY.items()):
        bone = data.edit_bones.new(name)
        bone.head, bone.tail, bone.roll = head, tail, 0.4 * number
        if parent:
            bone.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    return rig, make_face("face", ("jawOpen", "eyeBlinkLeft", "browInnerUp"), rig)


def controls_of(rig: Any) -> tuple[Control, ...]:
    scene = bpy.context.scene
    return read_character(pick_character(scene, [rig]), scene).controls


def tilts(rig: Any, bone: str, frames: range) -> np.ndarray:
    """Angles in degrees of a bone from how it lies at rest, by its matrices."""
    out: list[float] = []
    rest = np.array(rig.data.bones[bone].matrix_local)[:3, :3]
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        now = np.array(rig.evaluated_get(graph).pose.bones[bone].matrix)[:3, :3]
        between = now @ rest.T
        out.append(float(np.degrees(np.arccos(np.clip((np.trace(between) - 1) / 2, -1, 1)))))
    return np.array(out)


def test_breath_bones_are_found(blank_scene: Any) -> None:
    rig, _ = make_body()
    body = find_body(controls_of(rig))
    assert body.chest is not None
    assert body.chest.name == "spine.002"
    assert body.abdomen is not None
    assert body.abdomen.name == "spine.001"
    assert body.neck is not None
    assert body.neck.name == "neck"
    assert {side: bone.name for side, bone in body.clavicles.items()} == {
        "L": "shoulder.L",
        "R": "shoulder.R",
    }
    assert body.levels


@pytest.mark.parametrize("mode", ["XYZ", "QUATERNION"])
def test_breath_moves_the_body_and_not_the_head(blank_scene: Any, mode: str) -> None:
    rig, _ = make_body(mode)
    scene = bpy.context.scene
    scene.render.fps = 30
    picked = pick_character(scene, [rig])
    take = wave_take(("jawOpen", "browInnerUp"), seconds=8.0)
    rig_map = match(read_character(picked, scene).controls, take)
    apply_take(scene, picked, take, rig_map, ApplyOptions(stack=BREATH))
    frames = range(1, 241, 3)
    chest, head = tilts(rig, "spine.002", frames), tilts(rig, "head", frames)
    assert 0.5 < chest.max() < 6.0
    # the neck leans the other way: what is left is its own pull
    assert head.max() < 0.25 * chest.max()
    left, right = (tilts(rig, f"shoulder.{side}", frames) for side in "LR")
    assert left.max() > 0.1
    assert np.abs(left - right).max() < 0.1


def test_breath_raises_collar_bones(blank_scene: Any) -> None:
    rig, _ = make_body()
    controls = controls_of(rig)
    whole = with_body(RigMap("body", ()), controls)
    for side in "LR":
        name = f"shoulder.{side}"
        turn = np.zeros(3)
        for entry in whole.entries:
            gain = sum(s.gain for s in entry.sources if s.channel == "breathClavicle")
            axis = next(c.axis for c in controls if c.key == entry.control)
            if f'"{name}"' in entry.control.path:
                turn += gain * np.array(axis)
        own = next(c for c in controls if c.name == name)
        along = np.array(own.tail) - np.array(own.at)
        assert np.cross(turn, along)[1] > 0.0


def test_breath_lies_over_what_the_body_does(blank_scene: Any) -> None:
    rig, _ = make_body()
    scene = bpy.context.scene
    scene.render.fps = 30
    action = bpy.data.actions.new("walk")
    slot = action.slots.new("OBJECT", rig.name)
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    for index in range(3):
        curve = bag.fcurves.new('pose.bones["spine.002"].rotation_euler', index=index)
        curve.keyframe_points.insert(1, 0.2)
        curve.keyframe_points.insert(240, 0.5)
    rig.animation_data_create().action = action
    rig.animation_data.action_slot = slot
    walk = tilts(rig, "spine.002", range(1, 241, 3))
    picked = pick_character(scene, [rig])
    take = wave_take(("jawOpen", "browInnerUp", "headYaw", "headPitch", "headRoll"), seconds=8.0)
    rig_map = match(read_character(picked, scene).controls, take)
    apply_take(scene, picked, take, rig_map, ApplyOptions(stack=BREATH))
    both = tilts(rig, "spine.002", range(1, 241, 3))
    assert 0.3 < np.abs(both - walk).max() < 6.0
    push_layer(scene, picked, 0)
    assert np.abs(tilts(rig, "spine.002", range(1, 241, 3)) - both).max() < 0.05
    remove_take(scene, picked)
    assert np.array_equal(tilts(rig, "spine.002", range(1, 241, 3)), walk)
    assert list(bpy.data.actions) == [action]


def test_breath_track_on_a_body_that_the_take_does_not_move(blank_scene: Any) -> None:
    """No head in the take: the armature has nothing but the layer, over the body's own."""
    rig, _ = make_body("QUATERNION")
    scene = bpy.context.scene
    scene.render.fps = 30
    picked = pick_character(scene, [rig])
    take = wave_take(("eyeBlinkLeft", "browInnerUp"), seconds=6.0)
    rig_map = match(read_character(picked, scene).controls, take)
    frames = range(1, 181, 3)
    still = tilts(rig, "spine.002", frames)
    apply_take(scene, picked, take, rig_map, ApplyOptions(stack=BREATH))
    stacked = tilts(rig, "spine.002", frames)
    push_layer(scene, picked, 0)
    assert np.abs(tilts(rig, "spine.002", frames) - stacked).max() < 0.05
    remove_take(scene, picked)
    assert rig.animation_data is None
    assert np.array_equal(tilts(rig, "spine.002", frames), still)


def test_breath_of_a_map_by_hand_stays(blank_scene: Any) -> None:
    rig, _ = make_body()
    controls = controls_of(rig)
    whole = with_body(RigMap("body", ()), controls)
    assert {s.channel for e in whole.entries for s in e.sources} == set(BODY_CHANNELS)
    by_hand = RigMap("body", whole.entries[:1])
    assert with_body(by_hand, controls) == by_hand


def test_breath_in_shape_keys_by_their_names(blank_scene: Any) -> None:
    face = make_face("belly", ("jawOpen", "Breathe", "breathe_belly", "nose_breath"))
    whole = with_body(RigMap("belly", ()), controls_of(face))
    found = {e.control.path.split('"')[1]: e.sources[0].channel for e in whole.entries}
    assert found == {"Breathe": "breathChest", "breathe_belly": "breathAbdomen"}


@pytest.mark.shared
@pytest.mark.parametrize("name", list(KNOWN))
def test_breath_bones_on_rigs_of_others(shared: Path, name: str) -> None:
    scene = open_rig(shared / "rigs" / name, enable_scripts=True)
    picked = max(find_characters(scene), key=lambda c: len(c.armature.data.bones))
    body = find_body(read_character(picked, scene).controls)
    chest, abdomen, neck, clavicles = KNOWN[name]
    assert body.chest is not None
    assert body.abdomen is not None
    assert body.neck is not None
    assert (body.chest.name, body.abdomen.name, body.neck.name) == (chest, abdomen, neck)
    assert {bone.name for bone in body.clavicles.values()} == clavicles
