# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers on NLA tracks: the same face as the stack's, and nothing left when they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from edited_curves import Stage
from small_scenes import body_action, wave_take

from facemocap_addon.core.curves import Curve
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.layers.tracks import layer_curves
from facemocap_addon.core.rotations import from_vector, multiply, to_matrix
from facemocap_addon.core.stack.edits import enable_step, set_params
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.layer_tracks.tracks import (
    layer_actions,
    layer_strips,
    pushed_kinds,
)
from facemocap_addon.gateway.takes.layer_pushing import pull_layer, push_layer
from facemocap_addon.gateway.takes.rerunning import rerun
from facemocap_addon.gateway.writing.kept_stacks import stack_of
from facemocap_addon.gateway.writing.records import Performance, find_performance

#: What is asked: shape keys, and bones in degrees.
SHAPES, DEGREES = 1e-5, 0.05
LIFE = Stack(
    (
        make_step("dead_zone", width=0.05),
        make_step("asymmetry", amount=0.3),
        make_step("breathing", depth=2.0, head=3.0),
        make_step("cascade"),
        make_step("micro_movement", head_deg=0.8),
        make_step("posture", context="wary"),
        make_step("style", amount=1.4),
    )
)
FRAMES = (1, 2, 17, 40, 41, 76, 120, 121, 140)


def staged(mode: str = "QUATERNION") -> Stage:
    found = Stage(mode=mode)
    found.scene.render.fps = 60
    return found


def put(stage: Stage, stack: Stack = LIFE, **options: Any) -> None:
    how = ApplyOptions(stack=stack, **options)
    apply_take(stage.scene, stage.picked, stage.take, stage.rig_map, how)


def plays(stage: Stage) -> Performance:
    found = find_performance(stage.picked)
    assert found is not None
    return found


def push(stage: Stage, kind: str) -> None:
    steps = stack_of(plays(stage)).steps
    at = next(place for place, step in enumerate(steps) if step.kind == kind)
    push_layer(stage.scene, stage.picked, at)


def poses(stage: Stage) -> tuple[np.ndarray, np.ndarray]:
    """Shape keys ``(f, k)`` and bones' matrices ``(f, b, 4, 4)`` on some frames."""
    shapes: list[list[float]] = []
    bones: list[list[Any]] = []
    for frame in FRAMES:
        stage.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        face, rig = (obj.evaluated_get(graph) for obj in (stage.face, stage.rig))
        shapes.append([block.value for block in face.data.shape_keys.key_blocks])
        bones.append([np.array(bone.matrix) for bone in rig.pose.bones])
    return np.array(shapes), np.array(bones)


def apart(one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]) -> Any:
    """Largest difference of shape keys, of bones in degrees, and of their places."""
    turns = [each[1][..., :3, :3] for each in (one, two)]
    between = np.swapaxes(turns[0], -1, -2) @ turns[1]
    skew = np.stack([between[..., i, j] - between[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0))])
    degrees = np.degrees(np.arcsin(np.clip(0.5 * np.linalg.norm(skew, axis=0), 0.0, 1.0)))
    places = np.abs(one[1][..., :3, 3] - two[1][..., :3, 3]).max()
    return float(np.abs(one[0] - two[0]).max()), float(degrees.max()), float(places)


def alike(one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]) -> None:
    shapes, degrees, places = apart(one, two)
    assert shapes <= SHAPES
    assert degrees <= DEGREES
    assert places <= 1e-4


def curve_bytes(stage: Stage) -> dict[tuple[int, str, int], bytes]:
    """The performance's own curves, all slots."""
    out: dict[tuple[int, str, int], bytes] = {}
    for number, bag in enumerate(stage.action.layers[0].strips[0].channelbags):
        for fcurve in bag.fcurves:
            co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
            fcurve.keyframe_points.foreach_get("co", co)
            out[number, fcurve.data_path, fcurve.array_index] = co.tobytes()
    return out


def without(*kinds: str) -> Stack:
    stack = LIFE
    for place, step in enumerate(LIFE.steps):
        if step.kind in kinds:
            stack = enable_step(stack, place, False)
    return stack


@pytest.mark.parametrize(
    ("mode", "body"),
    [("QUATERNION", False), ("QUATERNION", True), ("ZXY", True), ("AXIS_ANGLE", True)],
)
def test_layer_tracks_are_the_stack(blank_scene: Any, mode: str, body: bool) -> None:
    stage = staged(mode)
    if body:
        body_action(stage.rig, frames=(1, 120))
    put(stage)
    wanted = poses(stage)
    for kind in ("posture", "asymmetry", "micro_movement"):
        push(stage, kind)
        alike(poses(stage), wanted)
    assert pushed_kinds(plays(stage)) == ("asymmetry", "micro_movement", "posture")


def test_layer_tracks_each_kind(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    wanted = poses(stage)
    for kind in ("asymmetry", "breathing", "cascade", "micro_movement", "posture", "style"):
        push(stage, kind)
        for strip in layer_strips(plays(stage), kind):
            is_key = strip.action_slot.target_id_type == "KEY"
            assert strip.blend_type == ("ADD" if is_key else "COMBINE")
        alike(poses(stage), wanted)
        pull_layer(stage.scene, stage.picked, kind)
        assert pushed_kinds(plays(stage)) == ()


@pytest.mark.parametrize(
    "options",
    [
        {"start_frame": 3.37, "on_capture_times": True},
        {"start_frame": 31.0, "head_layer": "REPLACE"},
        {"start_frame": -20.5, "range_s": (0.3, 1.9), "mirror": True},
    ],
    ids=["capture times", "later", "a part of it"],
)
def test_layer_tracks_wherever_the_take_lies(blank_scene: Any, options: dict[str, Any]) -> None:
    stage = staged()
    stage.scene.render.fps = 30
    put(stage, **options)
    wanted = poses(stage)
    for kind in ("asymmetry", "posture"):
        push(stage, kind)
        alike(poses(stage), wanted)
    rerun(stage.scene, stage.picked)
    alike(poses(stage), wanted)


def test_layer_tracks_pulled_back_leave_nothing(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    before, names = curve_bytes(stage), {action.name for action in bpy.data.actions}
    push(stage, "posture")
    push(stage, "asymmetry")
    pull_layer(stage.scene, stage.picked, "posture")
    pull_layer(stage.scene, stage.picked, "asymmetry")
    assert curve_bytes(stage) == before
    assert {action.name for action in bpy.data.actions} == names
    for datablock in (stage.face.data.shape_keys, stage.rig):
        data: Any = datablock.animation_data
        assert data.action == stage.action
        assert not data.nla_tracks


def test_layer_tracks_taken_off_give_the_stack_without(blank_scene: Any) -> None:
    stage = staged()
    put(stage, without("posture", "asymmetry"))
    bare, keys = poses(stage), curve_bytes(stage)
    put(stage)
    push(stage, "posture")
    push(stage, "asymmetry")
    assert curve_bytes(stage) == keys
    for kind in ("posture", "asymmetry"):
        for strip in layer_strips(plays(stage), kind):
            strip.mute = True
    found = poses(stage)
    assert np.array_equal(found[0], bare[0])
    alike(found, bare)


def test_layer_tracks_influence_is_keyed(blank_scene: Any) -> None:
    stage = staged()
    put(stage, without("asymmetry"))
    off = poses(stage)[0]
    put(stage)
    on = poses(stage)[0]
    push(stage, "asymmetry")
    assert not np.allclose(on, off, atol=1e-3)
    strips = layer_strips(plays(stage), "asymmetry")
    (strip,) = (each for each in strips if each.action_slot.target_id_type == "KEY")
    curve = strip.fcurves.find("influence")
    curve.keyframe_points[0].co = (1.0, 1.0)
    curve.keyframe_points.insert(121.0, 0.0).interpolation = "LINEAR"
    curve.keyframe_points[0].interpolation = "LINEAR"
    share = np.clip((121.0 - np.array(FRAMES)) / 120.0, 0.0, 1.0)[:, None]
    assert np.abs(poses(stage)[0] - (off + share * (on - off))).max() < 1e-5
    # the keys stay when the layer is run again
    rerun(stage.scene, stage.picked)
    assert np.abs(poses(stage)[0] - (off + share * (on - off))).max() < 1e-5


def test_layer_tracks_follow_the_stack(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    push(stage, "posture")
    action = layer_actions(plays(stage))["posture"]
    changed = set_params(stack_of(plays(stage)), 5, {"turn_deg": 12.0})
    rerun(stage.scene, stage.picked, changed)
    assert layer_actions(plays(stage))["posture"] == action
    found = poses(stage)
    put(stage, enable_step(changed, 5, True))
    assert pushed_kinds(plays(stage)) == ()
    alike(found, poses(stage))


def test_layer_tracks_go_with_the_performance(blank_scene: Any) -> None:
    stage = staged()
    body = body_action(stage.rig, frames=(1, 120))
    before = poses(stage)
    put(stage)
    push(stage, "posture")
    push(stage, "style")
    remove_take(stage.scene, stage.picked)
    after = poses(stage)
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])
    assert list(bpy.data.actions) == [body]
    assert stage.rig.animation_data.action == body
    assert not stage.rig.animation_data.nla_tracks
    assert stage.face.data.shape_keys.animation_data is None


def test_layer_tracks_with_another_take(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    push(stage, "posture")
    other = wave_take(phase=1.0, name="other.csv")
    apply_take(stage.scene, stage.picked, other, stage.rig_map, ApplyOptions())
    assert pushed_kinds(plays(stage)) == ()
    assert len(bpy.data.actions) == 2
    assert not stage.rig.animation_data.nla_tracks


def test_layer_tracks_saved_and_opened(blank_scene: Any, tmp_path: Path) -> None:
    stage = staged()
    put(stage)
    push(stage, "posture")
    push(stage, "asymmetry")
    wanted = poses(stage)
    path = tmp_path / "layers.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    stage.find()
    found = poses(stage)
    assert np.array_equal(found[0], wanted[0])
    assert pushed_kinds(plays(stage)) == ("asymmetry", "posture")
    for kind in ("asymmetry", "posture"):
        pull_layer(stage.scene, stage.picked, kind)
    alike(poses(stage), wanted)


def test_layer_tracks_while_a_slider_is_dragged(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    push(stage, "posture")
    changed = set_params(stack_of(plays(stage)), 6, {"amount": 1.1})
    rerun(stage.scene, stage.picked, changed, draft=True)
    assert pushed_kinds(plays(stage)) == ("posture",)
    rerun(stage.scene, stage.picked)
    found = poses(stage)
    put(stage, enable_step(changed, 5, True))
    alike(found, poses(stage))


def test_layer_tracks_rest_while_the_raw_take_shows(blank_scene: Any) -> None:
    stage = staged()
    put(stage, Stack())
    raw = poses(stage)
    put(stage)
    wanted = poses(stage)
    push(stage, "posture")
    rerun(stage.scene, stage.picked, shows_raw=True)
    alike(poses(stage), raw)
    rerun(stage.scene, stage.picked, shows_raw=False)
    alike(poses(stage), wanted)


def test_layer_tracks_that_are_refused(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    before = curve_bytes(stage)
    with pytest.raises(FacemocapError, match="Dead Zone cannot be played from a track"):
        push_layer(stage.scene, stage.picked, 0)
    with pytest.raises(FacemocapError, match="plays from no track"):
        pull_layer(stage.scene, stage.picked, "posture")
    push(stage, "posture")
    with pytest.raises(FacemocapError, match="plays from a track already"):
        push_layer(stage.scene, stage.picked, 5)
    pull_layer(stage.scene, stage.picked, "posture")
    assert curve_bytes(stage) == before


def test_layer_tracks_in_tweak_mode_are_left_alone(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    push(stage, "posture")
    before = poses(stage)
    data = stage.rig.animation_data
    track = data.nla_tracks[-1]
    data.nla_tracks.active = track
    track.select = track.strips[0].select = True
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    with pytest.raises(FacemocapError, match="Leave tweak mode"):
        pull_layer(stage.scene, stage.picked, "posture")
    with pytest.raises(FacemocapError, match="Leave tweak mode"):
        remove_take(stage.scene, stage.picked)
    data.use_tweak_mode = False
    assert pushed_kinds(plays(stage)) == ("posture",)
    alike(poses(stage), before)
    pull_layer(stage.scene, stage.picked, "posture")
    alike(poses(stage), before)


def test_layer_tracks_taken_off_by_hand(blank_scene: Any) -> None:
    stage = staged()
    put(stage)
    push(stage, "posture")
    data = stage.rig.animation_data
    data.nla_tracks.remove(data.nla_tracks[-1])
    bare = poses(stage)
    rerun(stage.scene, stage.picked)
    assert pushed_kinds(plays(stage)) == ()
    alike(poses(stage), bare)


def test_turns_that_lie_over_others_by_an_oracle() -> None:
    """Quaternions of the layer, by matrices."""
    rng = np.random.default_rng(4)
    one, two = (from_vector(rng.normal(size=(9, 3))) for _ in range(2))
    path, frames = 'pose.bones["a"].rotation_quaternion', np.arange(9.0)
    curves = [[Curve(path, i, frames, q[:, i]) for i in range(4)] for q in (one, -two)]
    found = layer_curves(curves[0], curves[1], {}).combined
    more = np.stack([curve.values for curve in found], axis=1).astype(np.float64)
    assert np.abs(to_matrix(multiply(one, more)) - to_matrix(two)).max() < 1e-6
    assert (more[:, 0] >= 0).all()
