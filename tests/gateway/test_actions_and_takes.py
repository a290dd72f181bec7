# SPDX-License-Identifier: GPL-3.0-or-later
"""One Action per character and take: again, another take, tracks, tweak mode, saving, renaming."""

from __future__ import annotations

from typing import Any

import bpy
import pytest
from animated_scenes import add_track, animated_scene
from file_state import action_state, animation_state, differences, file_state
from small_scenes import SHAPES, body_action, character_of, make_armature, make_face, wave_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.gateway.applying.performance import (
    ApplyOptions,
    apply_take,
    find_performance,
    remove_take,
)


def test_the_same_take_again_replaces_our_own_action() -> None:
    scene, _, face = animated_scene("everything")
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
    scene, _, face = animated_scene("everything")
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
    scene, rig, face = animated_scene("nothing")
    picked, rig_map = character_of(scene, face)
    one, two = wave_take(name="one.csv"), wave_take(name="two.csv", phase=1.0)
    apply_take(scene, picked, one, rig_map)
    kept = rig.animation_data.action
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
    scene, rig, face = animated_scene("nothing")
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
    scene, rig, face = animated_scene("body")
    other = make_armature("second rig")
    other_face = make_face("second face", SHAPES, other)
    scene.frame_set(12)
    before = file_state(scene)
    one, map_one = character_of(scene, face)
    two, map_two = character_of(scene, other_face)
    take = wave_take()
    apply_take(scene, one, take, map_one)
    apply_take(scene, two, take, map_two)
    assert other.animation_data.action is not None
    assert rig.animation_data.action != other.animation_data.action
    assert len([t for t in bpy.data.texts if "facemocap_take" in t]) == 1
    state = action_state(other.animation_data.action)
    remove_take(scene, one)
    assert action_state(other.animation_data.action) == state
    remove_take(scene, two)
    assert differences(before, file_state(scene)) == []


@pytest.mark.parametrize("how", ["apply", "apply again", "remove"])
def test_tweak_mode_gets_a_sentence_and_nothing_changes(how: str) -> None:
    scene, rig, face = animated_scene("nothing")
    add_track(rig)
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
    with pytest.raises(FacemocapError, match=r"Leave tweak mode .* and try again"):
        remove_take(scene, picked) if how == "remove" else apply_take(scene, picked, again, rig_map)
    assert differences(before, file_state(scene, without_texts=False)) == []


def test_an_action_put_on_after_ours_stays_when_ours_is_removed() -> None:
    scene, rig, face = animated_scene("nothing")
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map)
    later = body_action(rig, "later")
    before = animation_state(rig)
    remove_take(scene, picked)
    assert rig.animation_data.action == later
    assert differences(before, animation_state(rig)) == []
    assert face.data.shape_keys.animation_data is None


def test_our_action_pushed_into_a_track_by_the_animator_is_removed_too() -> None:
    scene, rig, face = animated_scene("body")
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
    scene, _rig, face = animated_scene("everything")
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
    scene, rig, face = animated_scene("body")
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
    scene, _, face = animated_scene("nothing")
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
    scene, _, face = animated_scene("body")
    picked, _ = character_of(scene, face)
    before = file_state(scene)
    with pytest.raises(FacemocapError, match="No take"):
        remove_take(scene, picked)
    assert differences(before, file_state(scene)) == []
