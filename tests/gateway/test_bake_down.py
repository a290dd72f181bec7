# SPDX-License-Identifier: GPL-3.0-or-later
"""Baking down leaves plain keys: the face moves as it did, and nothing of the program is left."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import SETUPS, animated_scene
from edited_curves import Stage
from file_state import curve_state, pose_matrices, shape_values
from small_scenes import body_action, character_of, make_armature, make_face, wave_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.report import Report
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.handing_over.bake import BakeOptions, bake_down
from facemocap_addon.gateway.layer_tracks.tracks import LAYER
from facemocap_addon.gateway.takes.layer_pushing import push_layer
from facemocap_addon.gateway.writing.records import KEY, find_performance

FRAMES = list(range(2, 46))
#: What a float32 of about 1 may be off.
_CLOSE = 1e-6
#: Situations in which more than one thing plays.
TELLING = ("body", "cycles", "influence over track", "solo track", "two slots", "drivers", "posed")
CHOICES = [
    BakeOptions(),
    BakeOptions(keys="FRAMES"),
    BakeOptions(below="MERGE"),
]


def _applied(setup: str, options: ApplyOptions) -> tuple[Any, Any, Any, Any]:
    scene, rig, face = animated_scene(setup)
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(seconds=1.2), rig_map, options)
    return scene, rig, face, picked


def _seen(scene: Any, rig: Any, face: Any) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    return pose_matrices(scene, rig, FRAMES), shape_values(scene, face, FRAMES)


def _assert_same(before: Any, after: Any, report: Report) -> None:
    """On all frames; where curves were keyed anew on all that these reach."""
    first, last = report.measures.get("frames", (FRAMES[0], FRAMES[-1]))
    # all of the take and of the scene
    assert first <= 10
    assert last >= 39
    part = slice(max(0, first - FRAMES[0]), last - FRAMES[0] + 1)
    for one, two in zip(before, after, strict=True):
        assert one.keys() == two.keys()
        for name in one:
            np.testing.assert_allclose(
                two[name][part], one[name][part], rtol=0, atol=_CLOSE, err_msg=name
            )


def _fcurves(datablock: Any) -> list[Any]:
    data = datablock.animation_data
    bags = [b for la in data.action.layers for s in la.strips for b in s.channelbags]
    assert len(bags) == 1
    return list(bags[0].fcurves)


@pytest.mark.parametrize(
    ("setup", "options"),
    [
        *((setup, BakeOptions(below="MERGE")) for setup in SETUPS),
        *((setup, BakeOptions()) for setup in TELLING),
        *((setup, BakeOptions(keys="FRAMES")) for setup in TELLING),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{each.keys} {each.below}".lower(),
)
def test_the_face_moves_as_it_did(setup: str, options: BakeOptions) -> None:
    scene, rig, face, picked = _applied(setup, ApplyOptions(start_frame=10))
    before = _seen(scene, rig, face)
    frame = scene.frame_current
    report = bake_down(scene, picked, options)
    assert scene.frame_current == frame
    _assert_same(before, _seen(scene, rig, face), report)
    assert not [action for action in bpy.data.actions if KEY in action]
    for datablock in (rig, face.data.shape_keys):
        data = datablock.animation_data
        assert len(data.action.slots) == 1
        assert all("Face Mocap" not in track.name for track in data.nla_tracks)


@pytest.mark.parametrize("options", CHOICES, ids=["keep", "frames", "merge"])
def test_layers_that_combine_are_merged(options: BakeOptions) -> None:
    scene, rig, face, picked = _applied(
        "everything",
        ApplyOptions(start_frame=10, face_layer="REPLACE", head_layer="COMBINE"),
    )
    assert any("Face Mocap: " in t.name for t in rig.animation_data.nla_tracks)
    before = _seen(scene, rig, face)
    report = bake_down(scene, picked, options)
    _assert_same(before, _seen(scene, rig, face), report)
    assert rig.animation_data.action_blend_type == "REPLACE"
    tracks = len(rig.animation_data.nla_tracks)
    assert tracks == 0 if options.below == "MERGE" else tracks == 2


def test_keys_stay_as_they_are_where_they_alone_play() -> None:
    scene, _, face, picked = _applied("nothing", ApplyOptions(start_frame=10))
    keys = face.data.shape_keys
    curve = _key_curves(keys)[0]
    # a hand edit, a modifier, a lock: all of the curve is the animator's
    curve.keyframe_points[7].co.y += 0.11
    curve.keyframe_points[7].interpolation = "BEZIER"
    curve.modifiers.new("NOISE").strength = 0.01
    curve.update()
    curve.lock = True
    wanted = [curve_state(each) for each in _key_curves(keys)]
    report = bake_down(scene, picked)
    assert [curve_state(each) for each in _fcurves(keys)] == wanted
    assert report.counts["baked_curves"] == 0
    assert report.counts["keys"] == sum(
        len(f.keyframe_points) for d in (keys, picked.armature) for f in _fcurves(d)
    )


def _key_curves(keys: Any) -> list[Any]:
    data = keys.animation_data
    return list(data.action.layers[0].strips[0].channelbag(data.action_slot).fcurves)


def test_every_frame_gets_a_key() -> None:
    scene, rig, face, picked = _applied("body", ApplyOptions(start_frame=10))
    scene.frame_start, scene.frame_end = 8, 90
    bake_down(scene, picked, BakeOptions(keys="FRAMES", frames=(9, 50)))
    for datablock in (rig, face.data.shape_keys):
        for fcurve in _fcurves(datablock):
            frames = [point.co.x for point in fcurve.keyframe_points]
            assert frames == list(range(9, 51))
            assert {point.interpolation for point in fcurve.keyframe_points} == {"LINEAR"}
            assert {point.type for point in fcurve.keyframe_points} == {"KEYFRAME"}


def test_what_lay_below_is_merged_and_its_actions_stay() -> None:
    scene, rig, _, picked = _applied("everything", ApplyOptions(start_frame=10))
    names = {a.name for a in bpy.data.actions if KEY not in a}
    bake_down(scene, picked, BakeOptions(below="MERGE"))
    assert not rig.animation_data.nla_tracks
    paths = {fcurve.data_path for fcurve in _fcurves(rig)}
    # the body's bones are in the one Action as well
    assert 'pose.bones["arm.L"].rotation_quaternion' in paths
    kept = {a.name: a for a in bpy.data.actions}
    assert names <= set(kept)
    assert all(kept[name].users for name in names)


def test_drivers_go_on_driving() -> None:
    scene, rig, face, picked = _applied("drivers", ApplyOptions(start_frame=10))
    before = _seen(scene, rig, face)
    report = bake_down(scene, picked, BakeOptions(keys="FRAMES", below="MERGE"))
    assert len(face.data.shape_keys.animation_data.drivers) == 1
    driven = face.data.shape_keys.animation_data.drivers[0].data_path
    assert driven not in {fcurve.data_path for fcurve in _fcurves(face.data.shape_keys)}
    _assert_same(before, _seen(scene, rig, face), report)


def test_a_correction_on_top_is_in_the_keys() -> None:
    scene, rig, face, picked = _applied("nothing", ApplyOptions(start_frame=10))
    keys = face.data.shape_keys
    data = keys.animation_data
    ours, slot = data.action, data.action_slot
    data.action = None
    strip = data.nla_tracks.new().strips.new("ours", 0, ours)
    strip.action_slot = slot
    top = bpy.data.actions.new("correction")
    own = top.slots.new("KEY", keys.name)
    bag = top.layers.new("L").strips.new(type="KEYFRAME").channelbag(own, ensure=True)
    curve = bag.fcurves.new('key_blocks["jawOpen"].value')
    for frame, value in ((10, 0.0), (20, 0.2), (40, 0.0)):
        curve.keyframe_points.insert(frame, value)
    data.action, data.action_slot = top, own
    data.action_blend_type = "ADD"
    before = _seen(scene, rig, face)
    report = bake_down(scene, picked)
    _assert_same(before, _seen(scene, rig, face), report)
    assert not data.nla_tracks
    assert bpy.data.actions["correction"].users == 1


@pytest.mark.parametrize("body", [False, True])
def test_layers_on_tracks_are_merged(body: bool, blank_scene: Any) -> None:
    stage = Stage(mode="QUATERNION", seconds=1.2)
    if body:
        body_action(stage.rig)
    steps = (make_step("micro_movement", head_deg=0.8), make_step("asymmetry", amount=0.3))
    options = ApplyOptions(start_frame=10, stack=Stack(steps))
    apply_take(stage.scene, stage.picked, stage.take, stage.rig_map, options)
    for place in (0, 1):
        push_layer(stage.scene, stage.picked, place)
    before = _seen(stage.scene, stage.rig, stage.face)
    report = bake_down(stage.scene, stage.picked)
    _assert_same(before, _seen(stage.scene, stage.rig, stage.face), report)
    kept = {action.name for action in bpy.data.actions}
    assert kept == {*(["walk"] if body else []), "rig wave face", "rig wave rig"}
    assert not [action for action in bpy.data.actions if LAYER in action or KEY in action]
    assert len(stage.rig.animation_data.nla_tracks) == int(body)


def test_the_take_can_be_applied_again_afterwards() -> None:
    scene, _, face, picked = _applied("body", ApplyOptions(start_frame=10))
    bake_down(scene, picked)
    assert find_performance(picked) is None
    _, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(seconds=1.2), rig_map, ApplyOptions(start_frame=10))
    assert find_performance(picked) is not None


def test_what_cannot_be_baked_is_refused_and_stays() -> None:
    scene, rig, face = animated_scene("nothing")
    picked, rig_map = character_of(scene, face)
    with pytest.raises(FacemocapError, match="No take of Face Mocap plays"):
        bake_down(scene, picked)
    apply_take(scene, picked, wave_take(seconds=0.5), rig_map, ApplyOptions(start_frame=10))
    action = face.data.shape_keys.animation_data.action
    face.hide_viewport = rig.hide_viewport = True
    with pytest.raises(FacemocapError, match="disabled in viewports"):
        bake_down(scene, picked, BakeOptions(keys="FRAMES"))
    assert face.data.shape_keys.animation_data.action == action
    assert rig.animation_data.action == action


def test_two_characters_that_share_a_mesh() -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    first = make_face("first", rig=make_armature("one"))
    second = make_face("second", rig=make_armature("two"))
    second.data = first.data
    for obj, name in ((first, "a.csv"), (second, "b.csv")):
        picked, rig_map = character_of(scene, obj)
        apply_take(scene, picked, wave_take(seconds=0.5, name=name), rig_map)
    below, _ = character_of(scene, first)
    above, _ = character_of(scene, second)
    with pytest.raises(FacemocapError, match="lies over"):
        bake_down(scene, below)
    with pytest.raises(FacemocapError, match="Another take of Face Mocap lies below"):
        bake_down(scene, above, BakeOptions(below="MERGE"))
    before = shape_values(scene, second, FRAMES)
    bake_down(scene, above)
    after = shape_values(scene, second, FRAMES)
    for name in before:
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=_CLOSE)
