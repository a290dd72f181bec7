# SPDX-License-Identifier: GPL-3.0-or-later
"""Test This Channel: the character moves for a moment, and the file is afterwards what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import differences, file_state
from small_scenes import (
    add_property,
    body_action,
    character_of,
    drive,
    make_armature,
    make_face,
    shape_action,
    wave_take,
)

from facemocap_addon.core.controls import BONE, SHAPE_KEY, Control
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.rig_maps.map_edits import TURN_RAD, assign, tune
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap, Source
from facemocap_addon.gateway.applying.performance import apply_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.posing.channel_test import ChannelTest, try_channel, try_control


@pytest.fixture
def person(blank_scene: Any) -> tuple[Any, RigMap]:
    rig = make_armature("rig")
    return character_of(blank_scene, make_face("face", rig=rig), wave_take())


def evaluated(name: str, shape: str) -> float:
    """A shape key's value as the viewport shows it."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    keys = bpy.data.objects[name].data.shape_keys.evaluated_get(graph)
    return keys.key_blocks[shape].value


def shown(test: ChannelTest, name: str, shape: str, shares: tuple[float, ...]) -> list[float]:
    found = []
    for share in shares:
        test.show(share)
        found.append(evaluated(name, shape))
    return found


def test_the_channel_goes_up_and_down_and_all_is_as_before(person: Any, blank_scene: Any):
    picked, rig_map = person
    block = bpy.data.objects["face"].data.shape_keys.key_blocks["jawOpen"]
    block.value = 0.3
    before = file_state(blank_scene)
    test = try_channel(picked, rig_map, "jawOpen")
    assert shown(test, "face", "jawOpen", (0.0, 0.25, 0.5, 0.75, 1.0)) == pytest.approx(
        [0.0, 0.5, 1.0, 0.5, 0.0], abs=1e-6
    )
    assert differences(before, file_state(blank_scene))
    test.put_back()
    assert not differences(before, file_state(blank_scene))
    assert evaluated("face", "jawOpen") == pytest.approx(0.3)


def test_gain_offset_limits_and_response_show(person: Any):
    picked, rig_map = person
    key = next(e.control for e in rig_map.entries if "jawOpen" in e.control.path)
    changed = tune(
        rig_map, key, offset=0.1, limits=(0.0, 0.5), response=((0, 0), (0.5, 0.1), (1, 1))
    )
    test = try_channel(picked, changed, "jawOpen")
    got = shown(test, "face", "jawOpen", (0.0, 0.25, 0.5))
    assert got == pytest.approx([0.1, 0.2, 0.5], abs=1e-6)
    test.put_back()


@pytest.mark.parametrize("mode", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_bones_turn_and_come_back_in_any_mode_over_an_action(blank_scene: Any, mode: str):
    rig = make_armature("rig", mode=mode)
    face = make_face("face", (), rig=rig)
    body_action(rig)
    picked, rig_map = character_of(blank_scene, face, wave_take())
    blank_scene.frame_set(13)
    before = file_state(blank_scene)
    pose = rig.pose.bones["jaw"].matrix_basis.copy()
    test = try_channel(picked, rig_map, "jawOpen")
    test.show(0.5)
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    moved = rig.evaluated_get(graph).pose.bones["jaw"].matrix_basis.to_quaternion()
    gains = {e.control.index: s.gain for e in rig_map.entries for s in e.sources
             if s.channel == "jawOpen" and e.control.path.endswith(".rotation")}  # fmt: skip
    assert gains
    assert moved.angle == pytest.approx(np.linalg.norm(list(gains.values())), abs=1e-5)
    # the arm goes on as its Action has it
    arm = rig.evaluated_get(graph).pose.bones["arm.L"].matrix_basis
    assert arm.to_quaternion().angle > 0.01
    test.put_back()
    assert not differences(before, file_state(blank_scene))
    bpy.context.view_layer.update()
    assert rig.pose.bones["jaw"].matrix_basis == pose


@pytest.mark.parametrize("with_ours", [False, True])
def test_over_an_action_that_keys_the_same_control(person: Any, blank_scene: Any, with_ours: bool):
    picked, rig_map = person
    face = bpy.data.objects["face"]
    if with_ours:
        apply_take(blank_scene, picked, wave_take(), rig_map)
    else:
        shape_action(face)
    blank_scene.frame_set(20)
    playing = evaluated("face", "jawOpen")
    before = file_state(blank_scene)
    test = try_channel(picked, rig_map, "jawOpen")
    got = shown(test, "face", "jawOpen", (0.5, 1.0))
    assert got == pytest.approx([1.0, 0.0], abs=1e-6)
    test.put_back()
    assert not differences(before, file_state(blank_scene))
    assert evaluated("face", "jawOpen") == playing
    blank_scene.frame_set(21)
    blank_scene.frame_set(20)
    assert evaluated("face", "jawOpen") == playing
    assert not differences(before, file_state(blank_scene))


def test_angles_go_to_both_sides(person: Any):
    picked, rig_map = person
    test = try_channel(picked, rig_map, "headYaw")
    turns = []
    for share in (0.25, 0.75):
        test.show(share)
        bpy.context.view_layer.update()
        bone = bpy.data.objects["rig"].pose.bones["head"].matrix_basis.to_quaternion()
        turns.append(np.array(bone.to_exponential_map()))
    test.put_back()
    np.testing.assert_allclose(turns[0], -turns[1], atol=1e-6)
    assert 0.05 < np.linalg.norm(turns[0]) <= TURN_RAD + 1e-6


@pytest.mark.parametrize("value", [0.25, 3, True])
def test_properties_keep_their_type_and_drive_what_hangs_on_them(blank_scene: Any, value: Any):
    face = make_face("face", ("lid", "jawOpen"))
    path = add_property(face, "eyeBlinkLeft", value)
    drive(face.data.shape_keys, 'key_blocks["lid"].value', face, path)
    picked, rig_map = character_of(blank_scene, face, wave_take())
    before = file_state(blank_scene)
    test = try_channel(picked, rig_map, "eyeBlinkLeft")
    assert shown(test, "face", "lid", (0.5, 1.0)) == pytest.approx([1.0, 0.0])
    assert type(face["eyeBlinkLeft"]) is type(value)
    test.put_back()
    assert face["eyeBlinkLeft"] == value
    assert type(face["eyeBlinkLeft"]) is type(value)
    # what a driver makes of it follows with the next evaluation
    bpy.context.view_layer.update()
    assert not differences(before, file_state(blank_scene))


def test_a_control_without_channel_can_be_tried_too(person: Any, blank_scene: Any):
    picked, _ = person
    controls = {(c.name, c.path, c.index): c for c in read_character(picked, blank_scene).controls}
    before = file_state(blank_scene)
    shape = controls["browInnerUp", 'key_blocks["browInnerUp"].value', 0]
    test = try_control(picked, shape)
    assert shown(test, "face", "browInnerUp", (0.5, 1.0)) == pytest.approx([1.0, 0.0])
    test.put_back()
    turn = controls["eye.L", 'pose.bones["eye.L"].rotation', 2]
    test = try_control(picked, turn)
    test.show(0.5)
    bone: Any = bpy.data.objects["rig"].pose.bones["eye.L"]
    vector = bone.matrix_basis.to_quaternion().to_exponential_map()
    assert tuple(vector) == pytest.approx((0, 0, TURN_RAD), abs=1e-6)
    test.put_back()
    move = controls["eye.L", 'pose.bones["eye.L"].location', 1]
    test = try_control(picked, move)
    test.show(0.5)
    assert tuple(bone.location) == pytest.approx((0, 0.1 * 0.03, 0), rel=1e-3)
    test.put_back()
    assert not differences(before, file_state(blank_scene))


def test_what_moves_nothing_is_a_sentence(person: Any):
    picked, rig_map = person
    with pytest.raises(FacemocapError, match='"tongueOut" moves nothing'):
        try_channel(picked, rig_map, "tongueOut")
    gone = Control(SHAPE_KEY, "face", 'key_blocks["gone"].value', 0, "gone")
    with pytest.raises(FacemocapError, match="gone"):
        try_channel(picked, assign(rig_map, gone, Source("tongueOut")), "tongueOut")
    bone = Control(BONE, "rig", 'pose.bones["gone"].rotation', 0, "gone")
    with pytest.raises(FacemocapError, match="gone"):
        try_control(picked, bone)


def test_nothing_is_touched_after_another_file_or_an_undo(person: Any, blank_scene: Any):
    """No reference is kept that the one or the other would leave dangling."""
    picked, rig_map = person
    bpy.data.objects["face"].data.shape_keys.key_blocks["jawOpen"].value = 0.25
    bpy.ops.ed.undo_push(message="before")
    test = try_channel(picked, rig_map, "jawOpen")
    test.show(0.5)
    bpy.ops.ed.undo_push(message="while it shows")
    bpy.ops.ed.undo()
    test.show(0.3)
    test.put_back()
    assert evaluated("face", "jawOpen") == 0.25
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    test.show(0.5)
    test.put_back()
    assert not bpy.data.shape_keys


@pytest.mark.parametrize("rig", ["bone_face", "toon", "facs_controls"])
def test_every_channel_of_the_sample_rigs(rig: str, sample_rigs: Path):
    """Fits, properties behind drivers and bones: each moves the face and leaves no trace."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / f"{rig}.blend"))
    scene: Any = bpy.context.scene
    picked = find_characters(scene)[0]
    rig_map = match(read_character(picked, scene).controls)
    before = file_state(scene)
    moved = 0
    for channel in rig_map.channels:
        try:
            test = try_channel(picked, rig_map, channel)
        except FacemocapError:
            continue
        test.show(0.5 if not channel.startswith("head") else 0.25)
        moved += bool(test.values)
        test.put_back()
    bpy.context.view_layer.update()
    assert moved >= 0.9 * len(rig_map.channels) > 25
    assert not differences(before, file_state(scene))
