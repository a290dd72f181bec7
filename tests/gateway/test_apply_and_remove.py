# SPDX-License-Identifier: GPL-3.0-or-later
"""Applying and removing leaves the file as it was, whatever was animated before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
import pytest
from file_state import (
    action_state,
    animation_state,
    basis_quaternions,
    differences,
    file_state,
    pose_matrices,
    shape_values,
)
from small_scenes import (
    BODY_BONES,
    SHAPES,
    add_property,
    body_action,
    character_of,
    drive,
    make_armature,
    make_face,
    shape_action,
    wave_take,
)

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.gateway.performance import (
    ApplyOptions,
    apply_take,
    find_performance,
    remove_take,
)

FRAMES = [-30, 1, 7, 20, 40, 41, 60, 120, 121, 150, 400]
Setup = Callable[[Any, Any], None]


def _nothing(rig: Any, face: Any) -> None:
    pass


def _body(rig: Any, face: Any) -> None:
    body_action(rig)


def _body_without_face(rig: Any, face: Any) -> None:
    body_action(rig, face=False)


def _cycles(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        curve.modifiers.new("CYCLES")


def _linear(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        curve.extrapolation = "LINEAR"


def _noise(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        curve.modifiers.new("NOISE").strength = 0.1


def _influence(rig: Any, face: Any) -> None:
    body_action(rig)
    rig.animation_data.action_influence = 0.4


def _influence_over_track(rig: Any, face: Any) -> None:
    _track(rig)
    _influence(rig, face)


def _add(rig: Any, face: Any) -> None:
    _track(rig)
    body_action(rig, "extra")
    rig.animation_data.action_blend_type = "ADD"


def _hold_forward(rig: Any, face: Any) -> None:
    _track(rig)
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_extrapolation = "HOLD_FORWARD"


def _cycles_over_track(rig: Any, face: Any) -> None:
    _track(rig)
    for curve in _curves(body_action(rig, "extra")):
        curve.modifiers.new("CYCLES")
    rig.animation_data.action_blend_type = "COMBINE"


def _cycles_held_forward(rig: Any, face: Any) -> None:
    _cycles_over_track(rig, face)
    rig.animation_data.action_extrapolation = "HOLD_FORWARD"


def _cycles_within_keys(rig: Any, face: Any) -> None:
    _cycles_over_track(rig, face)
    rig.animation_data.action_extrapolation = "NOTHING"


def _no_extrapolation(rig: Any, face: Any) -> None:
    _track(rig)
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_extrapolation = "NOTHING"


def _no_extrapolation_alone(rig: Any, face: Any) -> None:
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_extrapolation = "NOTHING"


def _nla_off_with_settings(rig: Any, face: Any) -> None:
    _track(rig)
    body_action(rig, "extra", frames=(10, 30))
    data = rig.animation_data
    data.action_extrapolation = "NOTHING"
    data.action_influence = 0.3
    data.action_blend_type = "ADD"
    data.use_nla = False


def _nla_off_tracks_only(rig: Any, face: Any) -> None:
    _track(rig)
    rig.animation_data.use_nla = False


def _tracks_only(rig: Any, face: Any) -> None:
    _track(rig)


def _muted_track(rig: Any, face: Any) -> None:
    _track(rig)
    track = _track(rig, "muted one")
    track.mute = True
    body_action(rig, "extra")


def _muted_strip(rig: Any, face: Any) -> None:
    _track(rig).strips[0].mute = True
    body_action(rig, "extra")


def _all_muted(rig: Any, face: Any) -> None:
    _track(rig).mute = True
    body_action(rig, "extra", frames=(10, 30))
    rig.animation_data.action_influence = 0.4
    rig.animation_data.action_extrapolation = "NOTHING"


def _muted_strip_with_influence(rig: Any, face: Any) -> None:
    _all_muted(rig, face)
    track = rig.animation_data.nla_tracks[0]
    track.mute, track.strips[0].mute = False, True


def _linear_within_keys(rig: Any, face: Any) -> None:
    _track(rig)
    for curve in _curves(body_action(rig, "extra", frames=(10, 30))):
        curve.extrapolation = "LINEAR"
    rig.animation_data.action_extrapolation = "NOTHING"


def _linear_held_forward(rig: Any, face: Any) -> None:
    _linear_within_keys(rig, face)
    rig.animation_data.action_extrapolation = "HOLD_FORWARD"


def _solo_track(rig: Any, face: Any) -> None:
    _track(rig, "first")
    _track(rig, "second").is_solo = True
    body_action(rig, "extra")


def _solo_track_only(rig: Any, face: Any) -> None:
    _track(rig, "first")
    _track(rig, "second").is_solo = True


def _scaled_strip(rig: Any, face: Any) -> None:
    strip = _track(rig).strips[0]
    strip.repeat = 3.0
    strip.scale = 0.7
    strip.use_reverse = True
    strip.blend_type = "COMBINE"


def _frame_range(rig: Any, face: Any) -> None:
    action = body_action(rig)
    action.use_frame_range = True
    action.frame_start, action.frame_end = 10, 20


def _one_key(rig: Any, face: Any) -> None:
    for curve in _curves(body_action(rig)):
        while len(curve.keyframe_points) > 1:
            curve.keyframe_points.remove(curve.keyframe_points[-1])


def _shared_action(rig: Any, face: Any) -> None:
    other = make_armature("other rig")
    action = body_action(rig)
    other.animation_data_create().action = action
    other.animation_data.action_slot = action.slots[0]


def _two_slots(rig: Any, face: Any) -> None:
    # one Action of the animator's moves the body and the face's shape keys
    action = body_action(rig)
    keys = face.data.shape_keys
    slot = action.slots.new("KEY", keys.name)
    bag = action.layers[0].strips[0].channelbag(slot, ensure=True)
    curve = bag.fcurves.new('key_blocks["jawOpen"].value')
    for frame in (1, 10, 20):
        curve.keyframe_points.insert(frame, 0.03 * frame)
    data = keys.animation_data_create()
    data.action, data.action_slot = action, slot


def _shapes(rig: Any, face: Any) -> None:
    shape_action(face)


def _everything(rig: Any, face: Any) -> None:
    shape_action(face)
    _track(rig)
    body_action(rig, "extra")


def _action_without_slot(rig: Any, face: Any) -> None:
    body_action(rig)
    rig.animation_data.action_slot = None


def _empty_animation_data(rig: Any, face: Any) -> None:
    rig.animation_data_create()
    face.data.shape_keys.animation_data_create()


def _drivers(rig: Any, face: Any) -> None:
    path = add_property(rig, "browInnerUp", 0.2, min=0.0, max=1.0)
    drive(face.data.shape_keys.key_blocks["browInnerUp"], "value", rig, path)
    body_action(rig)


def _posed(rig: Any, face: Any) -> None:
    rig.pose.bones["jaw"].rotation_quaternion = (0.9, 0.1, 0.2, 0.3)
    rig.pose.bones["jaw"].location = (0.01, 0.02, 0.03)
    face.data.shape_keys.key_blocks["jawOpen"].value = 0.37


SETUPS: dict[str, Setup] = {
    name.removeprefix("_").replace("_", " "): value
    for name, value in list(globals().items())
    if name in {
        "_nothing", "_body", "_body_without_face", "_cycles", "_linear", "_noise", "_influence",
        "_influence_over_track", "_add", "_hold_forward", "_no_extrapolation",
        "_no_extrapolation_alone", "_nla_off_with_settings", "_nla_off_tracks_only",
        "_tracks_only", "_muted_track", "_muted_strip", "_solo_track", "_solo_track_only",
        "_scaled_strip", "_frame_range", "_one_key", "_shared_action", "_two_slots", "_shapes",
        "_everything", "_action_without_slot", "_empty_animation_data", "_drivers", "_posed",
        "_cycles_over_track", "_cycles_held_forward", "_cycles_within_keys", "_all_muted",
        "_muted_strip_with_influence", "_linear_within_keys", "_linear_held_forward",
    }
}  # fmt: skip


def _track(rig: Any, name: str = "walk track") -> Any:
    action = body_action(rig, f"{name} action", assign=False)
    data = rig.animation_data or rig.animation_data_create()
    track = data.nla_tracks.new()
    track.name = name
    strip = track.strips.new(name, 3, action)
    strip.action_slot = action.slots[0]
    return track


def _curves(action: bpy.types.Action) -> list[Any]:
    return list(action.layers[0].strips[0].channelbags[0].fcurves)


def _scene(setup: str, mode: str = "QUATERNION") -> tuple[Any, Any, Any]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 5, 77
    rig = make_armature(mode=mode)
    face = make_face("face", [*SHAPES, "myOwnShape"], rig)
    SETUPS[setup](rig, face)
    scene.frame_set(12)
    return scene, rig, face


@pytest.mark.parametrize("setup", SETUPS)
def test_the_file_is_as_it_was(setup: str) -> None:
    scene, _, face = _scene(setup)
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)

    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=10))
    assert differences(before, file_state(scene))
    scene.frame_set(33)
    scene.frame_set(12)
    remove_take(scene, picked)

    bpy.context.view_layer.update()
    assert differences(before, file_state(scene)) == []
    # and it stays so when the scene is evaluated again
    scene.frame_set(40)
    scene.frame_set(12)
    assert differences(before, file_state(scene)) == []


@pytest.mark.parametrize("setup", SETUPS)
def test_applied_over_it_the_body_plays_on_and_the_face_is_the_takes(setup: str) -> None:
    scene, rig, face = _scene(setup)
    frames = FRAMES
    body = pose_matrices(scene, rig, frames)
    head_before = basis_quaternions(scene, rig, frames)
    others = {a.name: action_state(a) for a in bpy.data.actions}
    picked, rig_map = character_of(scene, face)
    take = wave_take()

    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))

    for name in BODY_BONES:
        np.testing.assert_allclose(
            pose_matrices(scene, rig, frames)[name], body[name], atol=2e-5, err_msg=name
        )
    for name, state in others.items():
        # only how many use it may change
        assert differences(state, action_state(bpy.data.actions[name])) == []

    times = np.clip((np.array(frames) - 10) / 24, 0, take.duration_s)
    inside = [i for i, f in enumerate(frames) if 10 <= f <= 57]
    shapes = shape_values(scene, face, frames)
    for name in SHAPES:
        expected = np.interp(times, take.times, take.values[:, take.names.index(name)])
        assert np.ptp(expected) > 0.1
        np.testing.assert_allclose(shapes[name][inside], expected[inside], atol=1e-5, err_msg=name)

    # eyes only the take moves; the head is what it was, turned by the take's own turn
    alone = _alone(take)
    now = basis_quaternions(scene, rig, frames)
    for index in inside:
        for name in ("eye.L", "eye.R"):
            _same_turn(now[name][index], alone[name][index])
        for name in ("neck", "head"):
            _same_turn(now[name][index], _product(head_before[name][index], alone[name][index]))


def _alone(take: Any) -> dict[str, np.ndarray]:
    """Turns of the face's bones on a character that nothing else moves (in a scene of its own)."""
    main = bpy.context.window.scene
    scene = bpy.data.scenes.new("alone")
    bpy.context.window.scene = scene
    rig = make_armature("alone rig")
    picked, rig_map = character_of(scene, rig)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))
    out = basis_quaternions(scene, rig, FRAMES)
    bpy.context.window.scene = main
    return out


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    w, v = a[0] * b[0] - a[1:] @ b[1:], a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])
    return np.array([w, *v])


def _same_turn(a: np.ndarray, b: np.ndarray) -> None:
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    assert 2 * np.arccos(min(1.0, abs(float(a @ b)))) < 2e-3


def test_replacing_the_face_over_a_body_that_moves_the_jaw() -> None:
    scene, rig, _ = _scene("body")
    # a face of bones only: no shape keys, so the jaw is the take's
    bpy.data.objects.remove(bpy.data.objects["face"])
    frames = [1, 10, 22, 35, 44]
    picked, rig_map = character_of(scene, rig)
    take = wave_take()
    alone_jaw = _jaw_alone(take, frames)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1))

    now = basis_quaternions(scene, rig, frames)["jaw"]
    for one, two in zip(now, alone_jaw, strict=True):
        _same_turn(one, two)

    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1, head_layer="REPLACE"))
    head = basis_quaternions(scene, rig, frames)["head"]
    bpy.data.actions["walk"].use_fake_user = True
    remove_take(scene, picked)
    rig.animation_data.action = None
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1))
    for one, two in zip(head, basis_quaternions(scene, rig, frames)["head"], strict=True):
        _same_turn(one, two)


def _jaw_alone(take: Any, frames: list[int]) -> np.ndarray:
    main = bpy.context.window.scene
    scene = bpy.data.scenes.new("jaw alone")
    bpy.context.window.scene = scene
    rig = make_armature("jaw rig")
    picked, rig_map = character_of(scene, rig)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=1))
    out = basis_quaternions(scene, rig, frames)["jaw"]
    bpy.context.window.scene = main
    return out


def test_the_same_take_again_replaces_our_own_action() -> None:
    scene, _, face = _scene("everything")
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)
    take = wave_take()
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))
    once = file_state(scene)
    for _ in range(3):
        apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))
    assert differences(once, file_state(scene)) == []
    remove_take(scene, picked)
    assert differences(before, file_state(scene)) == []


def test_another_take_keeps_the_former_action() -> None:
    scene, _, face = _scene("everything")
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)
    one, two = wave_take(name="one.csv"), wave_take(name="two.csv", phase=1.0)
    apply_take(scene, picked, one, rig_map, ApplyOptions(start_frame=10))
    first = find_performance(picked)
    assert first is not None
    first_action = first.action
    curves = action_state(first_action)["bags"]
    apply_take(scene, picked, two, rig_map, ApplyOptions(start_frame=10))

    second = find_performance(picked)
    assert second is not None
    assert second.action != first_action
    assert action_state(first_action)["bags"] == curves
    assert first_action.use_fake_user

    # back to the first take: its own Action plays again, no third one is made
    count = len(bpy.data.actions)
    apply_take(scene, picked, one, rig_map, ApplyOptions(start_frame=10))
    again = find_performance(picked)
    assert again is not None
    assert again.action == first_action
    assert len(bpy.data.actions) == count
    assert action_state(first_action)["bags"] == curves

    remove_take(scene, picked)
    left = differences(before, file_state(scene))
    assert all("actions" in line for line in left), left
    assert [a.name for a in bpy.data.actions if "facemocap_record" in a] == [second.action.name]


def test_an_action_of_ours_that_the_animator_put_into_a_track_is_not_taken_from_it() -> None:
    scene, _rig, face = _scene("nothing")
    picked, rig_map = character_of(scene, face)
    one, two = wave_take(name="one.csv"), wave_take(name="two.csv", phase=1.0)
    apply_take(scene, picked, one, rig_map)
    kept = bpy.data.objects["rig"].animation_data.action
    state = action_state(kept)["bags"]
    apply_take(scene, picked, two, rig_map)
    other = make_armature("second rig")
    track = other.animation_data_create().nla_tracks.new()
    strip = track.strips.new("kept", 1, kept)
    slot = next(s for s in kept.slots if s.target_id_type == "OBJECT")
    strip.action_slot = slot
    apply_take(scene, picked, one, rig_map)
    assert action_state(kept)["bags"] == state
    assert strip.action_slot is not None


def test_one_action_with_a_slot_for_each_datablock() -> None:
    scene, rig, face = _scene("nothing")
    teeth = make_face("teeth", ["jawOpen", "mouthClose"], rig)
    picked, rig_map = character_of(scene, face)
    report = apply_take(scene, picked, wave_take(), rig_map)
    action = rig.animation_data.action
    assert len(bpy.data.actions) == 1
    for datablock, kind in (
        (rig, "OBJECT"),
        (face.data.shape_keys, "KEY"),
        (teeth.data.shape_keys, "KEY"),
    ):
        assert datablock.animation_data.action == action
        assert datablock.animation_data.action_slot.target_id_type == kind
    assert len({s.identifier for s in action.slots}) == len(action.slots) == 3
    bags = action.layers[0].strips[0].channelbags
    points = [p for bag in bags for f in bag.fcurves for p in f.keyframe_points]
    assert {p.type for p in points} == {"GENERATED"}
    assert {p.interpolation for p in points} == {"LINEAR"}
    assert len(points) == report.counts["keys"]
    assert sum(len(bag.fcurves) for bag in bags) == report.counts["curves"]


def test_two_characters_with_one_take() -> None:
    scene, rig, face = _scene("body")
    other = make_armature("second rig")
    other_face = make_face("second face", SHAPES, other)
    scene.frame_set(12)
    before = file_state(scene)
    one, map_one = character_of(scene, face)
    two, map_two = character_of(scene, other_face)
    take = wave_take()
    apply_take(scene, one, take, map_one)
    apply_take(scene, two, take, map_two)
    assert rig.animation_data.action != other.animation_data.action
    assert len([t for t in bpy.data.texts if "facemocap_take" in t]) == 1
    state = action_state(other.animation_data.action)
    remove_take(scene, one)
    assert action_state(other.animation_data.action) == state
    remove_take(scene, two)
    assert differences(before, file_state(scene)) == []


@pytest.mark.parametrize("how", ["apply", "apply again", "remove"])
def test_tweak_mode_gets_a_sentence_and_nothing_changes(how: str) -> None:
    scene, rig, face = _scene("nothing")
    _track(rig)
    picked, rig_map = character_of(scene, face)
    if how != "apply":
        apply_take(scene, picked, wave_take(), rig_map)
        rig.animation_data.action = None
    track = rig.animation_data.nla_tracks[0]
    track.select = True
    track.strips[0].select = True
    rig.animation_data.nla_tracks.active = track
    rig.animation_data.use_tweak_mode = True
    assert rig.animation_data.use_tweak_mode
    before = file_state(scene, without_texts=False)
    again = wave_take()
    with pytest.raises(FacemocapError, match="tweak mode"):
        remove_take(scene, picked) if how == "remove" else apply_take(scene, picked, again, rig_map)
    assert differences(before, file_state(scene, without_texts=False)) == []


def test_an_action_put_on_after_ours_stays_when_ours_is_removed() -> None:
    scene, rig, face = _scene("nothing")
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map)
    later = body_action(rig, "later")
    before = animation_state(rig)
    remove_take(scene, picked)
    assert rig.animation_data.action == later
    assert differences(before, animation_state(rig)) == []
    assert face.data.shape_keys.animation_data is None


def test_our_action_pushed_into_a_track_by_the_animator_is_removed_too() -> None:
    scene, rig, face = _scene("body")
    scene.frame_set(12)
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map)
    data = rig.animation_data
    action, slot = data.action, data.action_slot
    data.action = None
    track = data.nla_tracks.new()
    strip = track.strips.new("pushed", 1, action)
    strip.action_slot = slot
    remove_take(scene, picked)
    scene.frame_set(12)
    left = differences(before, file_state(scene))
    # the animator's own, now empty track may stay or go
    assert [line for line in left if "tracks" not in line] == []


def test_animation_data_and_record_survive_saving(tmp_path: Any) -> None:
    scene, _rig, face = _scene("everything")
    before = file_state(scene)
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=10))
    scene.frame_set(12)
    applied = file_state(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    scene = bpy.context.scene
    scene.frame_set(12)
    left = [d for d in differences(applied, file_state(scene)) if not _is_session(d)]
    assert left == []

    face = bpy.data.objects["face"]
    picked, _ = character_of(scene, face)
    found = find_performance(picked)
    assert found is not None
    assert found.rig_map.to_json() == rig_map.to_json()
    assert found.start_frame == 10
    assert found.picked(scene) == picked
    remove_take(scene, picked)
    left = [d for d in differences(before, file_state(scene)) if not _is_session(d)]
    assert left == []


def _is_session(line: str) -> bool:
    """Differences that any file shows after loading (screens, brushes, palettes)."""
    return line.startswith("/names/") and not line.startswith(
        ("/names/actions", "/names/objects", "/names/meshes", "/names/shape_keys", "/names/texts")
    )


def test_renamed_objects_still_come_off() -> None:
    scene, rig, face = _scene("body")
    picked, rig_map = character_of(scene, face)
    scene.frame_set(12)
    before = file_state(scene)
    apply_take(scene, picked, wave_take(), rig_map)
    rig.name, face.name = "other name", "another"
    face.data.shape_keys.name = "keys renamed"
    rig.animation_data.action.name = "kept by hand"
    bpy.data.actions["walk"].name = "walk renamed"
    bpy.data.actions["walk renamed"].slots[0].name_display = "slot renamed"
    picked, _ = character_of(scene, face)
    assert find_performance(picked) is not None
    remove_take(scene, picked)
    rig.name, face.name = "rig", "face"
    face.data.shape_keys.name = "Key"
    walk = bpy.data.actions["walk renamed"]
    assert rig.animation_data.action_slot == walk.slots[0]
    walk.name, walk.slots[0].name_display = "walk", "rig"
    assert differences(before, file_state(scene)) == []


def test_the_scenes_range_is_only_put_back_when_it_is_ours() -> None:
    scene, _, face = _scene("nothing")
    picked, rig_map = character_of(scene, face)
    take = wave_take()
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))
    assert (scene.frame_start, scene.frame_end) == (10, 10 + 48)
    scene.frame_end = 500
    remove_take(scene, picked)
    assert (scene.frame_start, scene.frame_end) == (10, 500)

    scene.frame_start, scene.frame_end = 300, 320
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=10))
    apply_take(scene, picked, wave_take(phase=2), rig_map, ApplyOptions(start_frame=600))
    assert (scene.frame_start, scene.frame_end) == (600, 648)
    remove_take(scene, picked)
    assert (scene.frame_start, scene.frame_end) == (300, 320)

    apply_take(scene, picked, take, rig_map, ApplyOptions(set_scene_range=False))
    assert (scene.frame_start, scene.frame_end) == (300, 320)
    remove_take(scene, picked)
    assert (scene.frame_start, scene.frame_end) == (300, 320)


def test_removing_where_nothing_plays_gets_a_sentence() -> None:
    scene, _, face = _scene("body")
    picked, _ = character_of(scene, face)
    before = file_state(scene)
    with pytest.raises(FacemocapError, match="No take"):
        remove_take(scene, picked)
    assert differences(before, file_state(scene)) == []
