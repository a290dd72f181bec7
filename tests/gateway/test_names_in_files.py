# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters whose names hold quotes, dots, brackets, Japanese, or more than fits."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from file_state import basis_quaternions, differences, file_state, shape_values
from small_scenes import add_property, character_of, drive, make_armature, make_face, wave_take

from facemocap_addon.core.controls import BONE, PROPERTY, SHAPE_KEY, ControlKey
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source, rig_map_from_json
from facemocap_addon.gateway.applying.performance import (
    apply_take,
    find_performance,
    remove_take,
)
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.limits import name_bytes

AWKWARD = [
    'say "jaw"', "back\\slash", 'both \\" of it', "dots.in.it", "[brackets]", "open[", 'a"]["b',
    "まばたき", "new\nline", "tab\there", "%s {0}", "it's", "trailing ", "x" * 63, "あ" * 21,
    '"', "\\", "]", '["', "emoji 😀", "a|b/c:d",
]  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_everywhere(name: str, blank_scene: Any) -> None:
    """As shape key, bone, custom property, object, datablock and take."""
    rig = make_armature(name)
    rig.data.bones["jaw"].name = name
    face = make_face(name, [name, "browInnerUp"], rig)
    face.data.shape_keys.name = name
    path = add_property(rig, name, 0.0, min=0.0, max=1.0)
    drive(face.data.shape_keys.key_blocks["browInnerUp"], "value", rig, path)
    pose_path = add_property(rig.pose.bones["head"], name, 0.0)
    whole_path = f'pose.bones["head"]{pose_path}'
    # not on a slider limit: Blender may evaluate it at the same time as the value, and then,
    # once in a thousand times, the value keeps that of the frame before
    drive(face, "pass_index", rig, whole_path)
    blank_scene.frame_set(1)
    before = file_state(blank_scene)

    picked, _ = character_of(blank_scene, face)
    controls = read_character(picked, blank_scene).controls
    found = {(c.kind, c.name): c.key for c in controls}
    assert (SHAPE_KEY, name) in found
    assert (BONE, name) in found
    properties = [c for c in controls if c.kind == PROPERTY]
    assert [c.name for c in properties] == [name, name]
    turn = next(c.key for c in controls if c.name == name and c.is_rotation and c.index == 0)
    rig_map = RigMap(
        name,
        (
            RigMapEntry(found[SHAPE_KEY, name], (Source("jawOpen"),)),
            RigMapEntry(turn, (Source("jawOpen"),), limits=(-3, 3)),
            *(RigMapEntry(c.key, (Source("mouthClose"),)) for c in properties),
        ),
    )
    # as a file has it
    rig_map = rig_map_from_json(rig_map.to_json(), "map")
    take = wave_take(name=f"{name}.csv")
    apply_take(blank_scene, picked, take, rig_map)

    frames = [1, 11, 23]
    jaw, close = (
        np.interp((np.array(frames) - 1) / 24, take.times, take.values[:, take.names.index(n)])
        for n in ("jawOpen", "mouthClose")
    )
    values = shape_values(blank_scene, face, frames)
    np.testing.assert_allclose(values[name], jaw, atol=1e-5)
    np.testing.assert_allclose(values["browInnerUp"], close, atol=1e-5)
    turns = basis_quaternions(blank_scene, rig, frames)[rig.data.bones["head"].children[0].name]
    np.testing.assert_allclose(2 * np.arccos(np.abs(turns[:, 0])), jaw, atol=2e-3)
    found_performance = find_performance(picked)
    assert found_performance is not None
    assert len(found_performance.action.name.encode()) <= name_bytes()

    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    bpy.context.view_layer.update()
    assert differences(before, file_state(blank_scene)) == []


@pytest.mark.parametrize("length", [63, 255])
def test_names_that_are_equal_once_cut(length: int, blank_scene: Any, tmp_path: Any) -> None:
    """Two characters, two takes, names alike for as long as a datablock's name goes."""
    length = min(length, name_bytes())
    faces = []
    for number in range(2):
        rig = make_armature("h" * length)
        face = make_face(f"face {number}", ["jawOpen"], rig)
        collection = bpy.data.collections.new("c" * length)
        blank_scene.collection.children.link(collection)
        for obj in (rig, face):
            blank_scene.collection.objects.unlink(obj)
            collection.objects.link(obj)
        faces.append(face)
    one, two = wave_take(name="t" * 300 + "1.csv"), wave_take(name="t" * 300 + "2.csv", phase=1)
    for face, take in zip(faces, (one, two), strict=True):
        picked, rig_map = character_of(blank_scene, face)
        apply_take(blank_scene, picked, take, rig_map)
    assert len(bpy.data.actions) == 2
    assert len(bpy.data.texts) == 2
    assert len({a.name for a in bpy.data.actions}) == 2
    # numbered by us, not with Blender's .001
    assert not any(item.name[-4:-3] == "." for item in [*bpy.data.actions, *bpy.data.texts])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "names.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "names.blend"))
    scene = bpy.context.scene
    for number, take in enumerate((one, two)):
        face = bpy.data.objects[f"face {number}"]
        column = take.values[:, take.names.index("jawOpen")]
        np.testing.assert_allclose(
            shape_values(scene, face, [13])["jawOpen"],
            np.interp([0.5], take.times, column),
            atol=1e-5,
        )


def test_two_objects_that_share_a_mesh(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["jawOpen"], rig)
    twin = bpy.data.objects.new("a twin", face.data)
    blank_scene.collection.objects.link(twin)
    twin.modifiers.new("Armature", "ARMATURE").object = rig
    blank_scene.frame_set(1)
    before = file_state(blank_scene)
    picked, rig_map = character_of(blank_scene, twin)
    assert {face, twin} <= set(picked.objects)
    shapes = [entry for entry in rig_map.entries if entry.control.kind == SHAPE_KEY]
    assert len(shapes) == 1
    apply_take(blank_scene, picked, wave_take(), rig_map)
    blank_scene.frame_set(1)
    remove_take(blank_scene, picked)
    assert differences(before, file_state(blank_scene)) == []


def test_two_characters_that_share_a_mesh(blank_scene: Any) -> None:
    """Each in turn, removed in either order: the file is as it was."""
    rigs = [make_armature("one"), make_armature("two")]
    face = make_face("face one", ["jawOpen"], rigs[0])
    twin = bpy.data.objects.new("face two", face.data)
    blank_scene.collection.objects.link(twin)
    twin.modifiers.new("Armature", "ARMATURE").object = rigs[1]
    blank_scene.frame_set(1)
    before = file_state(blank_scene)
    for order in ((0, 1), (1, 0)):
        picked = []
        for rig in rigs:
            each, rig_map = character_of(blank_scene, rig)
            rig_map = rig_map.with_entry(
                RigMapEntry(
                    ControlKey(SHAPE_KEY, each.meshes[0].name, 'key_blocks["jawOpen"].value'),
                    (Source("jawOpen"),),
                )
            )
            apply_take(blank_scene, each, wave_take(phase=len(picked)), rig_map)
            picked.append(each)
        for number in order:
            remove_take(blank_scene, picked[number])
        blank_scene.frame_set(1)
        assert differences(before, file_state(blank_scene)) == []


def test_shape_keys_that_were_renamed_after_applying(blank_scene: Any) -> None:
    face = make_face("face", ["jawOpen", "eyeBlinkLeft"])
    keys = face.data.shape_keys.key_blocks
    keys["jawOpen"].value, keys["eyeBlinkLeft"].value = 0.3, 0.125
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    keys["jawOpen"].name = "mouthOpen"
    blank_scene.frame_set(20)
    remove_take(blank_scene, picked)
    assert face.data.shape_keys.animation_data is None
    assert keys["eyeBlinkLeft"].value == 0.125


def test_a_deleted_mesh_does_not_stop_the_removal(blank_scene: Any) -> None:
    rig = make_armature()
    face = make_face("face", ["jawOpen"], rig)
    teeth = make_face("teeth", ["jawOpen"], rig)
    picked, rig_map = character_of(blank_scene, face)
    apply_take(blank_scene, picked, wave_take(), rig_map)
    mesh: Any = teeth.data
    bpy.data.objects.remove(teeth)
    bpy.data.meshes.remove(mesh)
    picked, _ = character_of(blank_scene, face)
    remove_take(blank_scene, picked)
    assert rig.animation_data is None
    assert face.data.shape_keys.animation_data is None


def test_characters_are_found_best_first(blank_scene: Any) -> None:
    make_face("plain cube", [])
    rig = make_armature("hero")
    make_face("hero face", ["jawOpen", "eyeBlinkLeft"], rig)
    make_face("prop", ["swell"])
    found = find_characters(blank_scene)
    assert [c.name for c in found] == ["hero", "prop"]
    assert found[0].armature == rig
    assert found[1].armature is None
