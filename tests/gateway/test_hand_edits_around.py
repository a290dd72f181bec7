# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits of turns, whole curves, settings and names; and how Blender draws between keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
import numpy as np
import pytest
from edited_curves import Stage, edit, key_at, snapshot
from mathutils import Quaternion, Vector
from small_scenes import BODY_BONES, body_action, character_of

from facemocap_addon.core.hand_edits.keys import evaluate
from facemocap_addon.gateway.applying.performance import apply_take
from facemocap_addon.gateway.writing.keys import read_keys

JAW = ("Key", 'key_blocks["jawOpen"].value', 0)


def _turns(stage: Stage, path: str) -> np.ndarray:
    """The four curves of a turn on every frame of the take."""
    fcurves = stage.curves()
    frames = range(1, 50)
    return np.array([[fcurves["Object", path, i].evaluate(f) for i in range(4)] for f in frames])


def _matrices(numbers: np.ndarray, mode: str) -> np.ndarray:
    if mode == "QUATERNION":
        return np.array([Quaternion(row).normalized().to_matrix() for row in numbers])
    return np.array([Quaternion(Vector(row[1:]), row[0]).to_matrix() for row in numbers])


@pytest.mark.parametrize(
    ("mode", "channel"),
    [("QUATERNION", "rotation_quaternion"), ("AXIS_ANGLE", "rotation_axis_angle")],
)
def test_an_edited_turn_goes_with_the_new_one(blank_scene: Any, mode: str, channel: str) -> None:
    stage = Stage(mode=mode)
    path = f'pose.bones["head"].{channel}'
    stage.play()
    was = _matrices(_turns(stage, path), mode)
    number = 0 if mode == "AXIS_ANGLE" else 1
    edit(stage.curves()["Object", path, number], 20, "move", 0.2)
    edit(stage.curves()["Object", path, number], 30, "add", 0.4)
    edit(stage.curves()["Object", path, 3], 40, "delete", 0)
    found = _turns(stage, path)
    turned = was.transpose(0, 2, 1) @ _matrices(found, mode)
    assert np.abs(turned[19] - np.eye(3)).max() > 0.1

    for gain in (1.0, 0.5, 1.2):
        report = stage.play(gain)
        assert report.counts["hand_edits"] == 3
        now = _turns(stage, path)
        bare = np.stack([stage.bare(("Object", path, i), range(1, 50)) for i in range(4)], axis=1)
        wanted = _matrices(bare, mode) @ turned
        np.testing.assert_allclose(_matrices(now, mode), wanted, atol=2e-4)
        part = now if mode == "QUATERNION" else now[:, 1:]
        # keys, not what lies halfway between two
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, atol=1e-5)
        key = key_at(stage.curves()["Object", path, number], 30.5)
        assert key is not None

    kept = _turns(stage, path)
    report = stage.play(0.6, hand_edits="KEEP")
    np.testing.assert_array_equal(_turns(stage, path)[18:21], kept[18:21])


def test_kept_as_it_is_and_then_added_again(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    edit(stage.curves()[JAW], 20, "move", 0.3)
    stage.play(0.5, hand_edits="KEEP")
    kept = [stage.curves()[JAW].evaluate(f) for f in range(1, 49)]
    report = stage.play(0.5, hand_edits="ADD")
    assert report.counts["hand_edits"] == 1
    np.testing.assert_allclose(
        [stage.curves()[JAW].evaluate(f) for f in range(1, 49)], kept, atol=1e-6
    )


def test_a_curve_deleted_by_hand_stays_deleted(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    keys = stage.face.data.shape_keys
    bag = stage.action.layers[0].strips[0].channelbag(keys.animation_data.action_slot)
    for _ in range(2):
        if JAW in stage.curves():
            bag.fcurves.remove(stage.curves()[JAW])
        report = stage.play(0.8)
        assert JAW not in stage.curves()
        assert JAW in stage.machine
        assert any("Deleted by hand" in text and "jawOpen" in text for text in report.warnings)
    report = stage.play(hand_edits="DISCARD")
    assert JAW in stage.curves()
    assert stage.play().warnings == ()


def test_curves_and_settings_of_the_artists_own_stay(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    path = 'pose.bones["arm.L"].rotation_euler'
    stage.rig.pose.bones["arm.L"].rotation_euler = (0.5, 0, 0)
    for frame in (1, 12):
        stage.rig.keyframe_insert('pose.bones["arm.L"].rotation_euler', index=0, frame=frame)
    assert ("Object", path, 0) in stage.curves()
    fcurve = stage.curves()[JAW]
    noise = fcurve.modifiers.new("NOISE")
    noise.strength = 0.25
    fcurve.lock, fcurve.mute, fcurve.extrapolation = True, True, "LINEAR"
    other = bpy.data.objects.new("camera", None)
    slot = stage.action.slots.new("OBJECT", "camera")
    data = other.animation_data_create()
    data.action, data.action_slot = stage.action, slot
    own = snapshot(stage)["Object", path, 0]
    report = stage.play(0.7)
    assert report.counts.get("hand_edits", 0) == 0
    assert snapshot(stage)["Object", path, 0] == own
    fcurve = stage.curves()[JAW]
    assert fcurve.modifiers[0].strength == 0.25
    assert (fcurve.lock, fcurve.mute, fcurve.extrapolation) == (True, True, "LINEAR")
    assert data.action == stage.action
    assert data.action_slot == slot


def test_an_artists_own_curve_is_not_written_over(blank_scene: Any) -> None:
    stage = Stage()
    without = replace(
        stage.rig_map,
        entries=tuple(e for e in stage.rig_map.entries if "jawOpen" not in e.control.path),
    )
    stage.play(rig_map=without)
    assert JAW not in stage.curves()
    block = stage.face.data.shape_keys.key_blocks["jawOpen"]
    block.value = 0.6
    block.keyframe_insert("value", frame=10)
    for _ in range(2):
        report = stage.play()
        assert [tuple(p.co) for p in stage.curves()[JAW].keyframe_points] == [
            (10, pytest.approx(0.6))
        ]
        assert any("Keyed by hand" in text and "jawOpen" in text for text in report.warnings)
    report = stage.play(hand_edits="DISCARD")
    assert report.counts["hand_edits_discarded"] == 1
    assert len(stage.curves()[JAW].keyframe_points) == 49


def test_edits_wait_while_the_take_does_not_move_their_curve(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    edit(stage.curves()[JAW], 20, "move", 0.3)
    without = replace(
        stage.rig_map,
        entries=tuple(e for e in stage.rig_map.entries if "jawOpen" not in e.control.path),
    )
    for _ in range(2):
        report = stage.play(rig_map=without)
        assert JAW not in stage.curves()
        assert report.counts["hand_edits_waiting"] == 1
        assert any("1 hand edit was put aside" in text for text in report.warnings)
    # and without anything on its datablock
    bones = replace(
        stage.rig_map,
        entries=tuple(e for e in stage.rig_map.entries if e.control.kind == "bone"),
    )
    assert stage.play(rig_map=bones).counts["hand_edits_waiting"] == 1
    report = stage.play(0.5)
    assert report.counts["hand_edits"] == 1
    value = stage.curves()[JAW].evaluate(20)
    assert value == pytest.approx(stage.bare(JAW, 20) + 0.3, abs=1e-5)
    assert stage.play(rig_map=bones, hand_edits="DISCARD").counts["hand_edits_discarded"] == 1
    assert "hand_edits" not in stage.play().counts


def test_edits_follow_a_renamed_shape_key_and_bone(blank_scene: Any) -> None:
    stage = Stage(mode="QUATERNION")
    stage.play()
    edit(stage.curves()[JAW], 20, "move", 0.3)
    head = ("Object", 'pose.bones["head"].rotation_quaternion', 1)
    edit(stage.curves()[head], 20, "move", 0.1)
    stage.face.data.shape_keys.key_blocks["jawOpen"].name = "jaw_open"
    stage.rig.pose.bones["head"].name = "Head"
    stage.find()
    report = stage.play(0.5)
    assert report.counts["hand_edits"] == 2
    place = ("Key", 'key_blocks["jaw_open"].value', 0)
    assert stage.curves()[place].evaluate(20) == pytest.approx(stage.bare(place, 20) + 0.3)
    assert JAW not in stage.curves()


def test_edits_survive_where_face_and_head_blend_apart(blank_scene: Any) -> None:
    """The face plays from a slot and a strip of its own, and back in one slot."""
    stage = Stage(mode="QUATERNION")
    # a face of bones over a body that moves the same jaw
    body_action(stage.rig)
    bpy.data.objects.remove(stage.face)
    stage.face = stage.rig
    stage.picked, stage.rig_map = character_of(stage.scene, stage.rig)
    stage.play()
    assert len(stage.action.slots) == 2
    paths = {f.data_path for bag in _bags(stage) for f in bag.fcurves}
    assert not any(bone in path for bone in BODY_BONES for path in paths)
    jaw = 'pose.bones["jaw"].rotation_quaternion'

    def curve() -> Any:
        return next(
            f for b in _bags(stage) for f in b.fcurves if (f.data_path, f.array_index) == (jaw, 1)
        )

    edit(curve(), 20, "move", 0.2)
    choices: list[dict[str, Any]] = [{}, {"head_layer": "REPLACE"}, {"head_layer": "COMBINE"}]
    for layers in choices:
        report = stage.play(**layers)
        assert report.counts["hand_edits"] == 1
        moved = curve().evaluate(20) - stage.bare(("Object", jaw, 1), 20)
        assert abs(moved - 0.2) < 0.05
        assert len(stage.action.slots) == (1 if layers.get("head_layer") == "REPLACE" else 2)


def _bags(stage: Stage) -> list[Any]:
    return list(stage.action.layers[0].strips[0].channelbags)


def test_an_action_without_a_note_of_what_was_written_is_written_anew(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    del stage.action["facemocap_record"]["written"]
    edit(stage.curves()[JAW], 20, "move", 0.3)
    report = stage.play()
    assert "hand_edits" not in report.counts
    assert stage.curves()[JAW].evaluate(20) == pytest.approx(float(stage.bare(JAW, 20)))


def test_bezier_curves_are_evaluated_as_blender_does(blank_scene: Any) -> None:
    rng = np.random.default_rng(2)
    action = bpy.data.actions.new("curves")
    slot = action.slots.new("OBJECT", "x")
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    kinds = ["FREE", "ALIGNED", "AUTO", "AUTO_CLAMPED", "VECTOR"]
    for number in range(12):
        fcurve = bag.fcurves.new(f"p{number}")
        for frame in np.cumsum(rng.uniform(0.5, 9, 9)):
            key = fcurve.keyframe_points.insert(frame, rng.normal())
            key.interpolation = str(rng.choice(["BEZIER", "BEZIER", "LINEAR", "CONSTANT"]))
            key.handle_left_type, key.handle_right_type = rng.choice(kinds, 2).tolist()
            # some reach past the next key, where Blender shortens them
            key.handle_right = (frame + rng.uniform(0, 12), rng.normal())
            key.handle_left = (frame - rng.uniform(0, 12), rng.normal())
        fcurve.update()
        frames = rng.uniform(-2, 60, 80)
        wanted = [fcurve.evaluate(frame) for frame in frames]
        np.testing.assert_allclose(evaluate(read_keys(fcurve), frames), wanted, atol=2e-4)


def test_the_report_says_nothing_where_nothing_was_edited(blank_scene: Any) -> None:
    stage = Stage()
    first = apply_take(stage.scene, stage.picked, stage.take, stage.rig_map)
    plain = snapshot(stage)
    again = apply_take(stage.scene, stage.picked, stage.take, stage.rig_map)
    assert again == first
    assert snapshot(stage) == plain
    assert not [name for name in again.counts if "hand" in name]
