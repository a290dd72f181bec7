# SPDX-License-Identifier: GPL-3.0-or-later
"""A target keyed from the gaze and the gaze made from a target, on what Blender evaluates."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from gaze_stage import Stage, off_deg, open_stage
from mathutils import Matrix
from scipy.spatial.transform import Rotation

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.gaze.gaze_fit import with_measured_eyes
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.gaze_target.aiming import aim_at_target, is_aimed, stop_aiming
from facemocap_addon.gateway.gaze_target.keying import key_target
from facemocap_addon.gateway.measuring.eye_turns import measure_eye_turns
from facemocap_addon.gateway.takes.rerunning import rerun
from facemocap_addon.gateway.writing.kept_stacks import stack_of
from facemocap_addon.gateway.writing.records import find_performance

RIGS = ("arkit_head", "bone_face")
#: The frames of the take at 24 a second, and those looked at.
LAST = 60
LOOKED = (1, 2, 9, 17, 25, 33, 40, 48, 55, 60)


def looking_take(*, head: bool = True) -> Take:
    """Two seconds and a half at 60 a second: eyes that rest, dart and follow on a turning head."""
    times = np.arange(151) / 60.0
    wave = np.sin(2.3 * times)
    aside = 0.16 * wave + 0.12 * (times > 1.2)
    up = 0.08 * np.cos(3.1 * times) - 0.05 * (times > 1.9)
    columns = {
        "leftEyeYaw": -(aside - 0.02), "leftEyePitch": -up,
        "rightEyeYaw": -(aside + 0.03), "rightEyePitch": -up,
        "headYaw": 0.3 * np.sin(1.4 * times) * head, "headPitch": 0.15 * np.sin(times) * head,
        "headRoll": 0.08 * np.cos(2.0 * times) * head,
        "eyeBlinkLeft": 0.05 + 0 * times, "eyeBlinkRight": 0.05 + 0 * times,
    }  # fmt: skip
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        own = aside - 0.02 if side == "Left" else aside + 0.03
        for way, amount in (("Out", sign * own), ("In", -sign * own), ("Up", up), ("Down", -up)):
            columns[f"eyeLook{way}{side}"] = np.maximum(amount, 0.0) / 0.6
    channels = [arkit_schema()[name] for name in columns]
    return make_take(times, channels, np.stack(list(columns.values()), axis=1), name="look.csv")


@pytest.fixture(params=RIGS)
def stage(request: pytest.FixtureRequest, sample_rigs: Path) -> Stage:
    out = open_stage(sample_rigs / f"{request.param}.blend")
    turns = run_job(measure_eye_turns(out.picked, out.scene))
    rig_map = with_measured_eyes(match(out.controls), turns or (), out.controls)
    apply_take(out.scene, out.picked, looking_take(), rig_map)
    return out


def gaze(stage: Stage, frames: tuple[int, ...] = LOOKED) -> np.ndarray:
    """Where both eyes look ``(n, 2, 3)``, by the oracle."""
    out: list[np.ndarray] = []
    for frame in frames:
        stage.scene.frame_set(frame)
        out.append(stage.gaze())
    return np.array(out)


def middles(stage: Stage) -> np.ndarray:
    """Where both eyeballs are now ``(2, 3)`` in the axes of the oracle."""
    now = stage.points()
    return np.array([now[ball].mean(axis=0) for ball in stage.balls])


def place(stage: Stage, target: Any) -> np.ndarray:
    graph = bpy.context.evaluated_depsgraph_get()
    matrix = np.array(target.evaluated_get(graph).matrix_world)
    return stage.frame @ matrix[:3, 3]


@pytest.mark.parametrize("space", ["WORLD", "HEAD"])
def test_there_and_back(stage: Stage, space: Any) -> None:
    before = gaze(stage)
    target, report = key_target(stage.scene, stage.picked, distance_m=1.5, space=space)
    assert "what" in report.summary
    # the eyes look past the target by no more than their angle to each other
    for number, frame in enumerate(LOOKED):
        stage.scene.frame_set(frame)
        to = place(stage, target) - middles(stage).mean(axis=0)
        mean = before[number].sum(axis=0)
        assert np.linalg.norm(to) == pytest.approx(1.5, abs=0.02)
        assert off_deg(to, mean) < 0.5
    done = aim_at_target(stage.scene, stage.picked, target, meet=False)
    assert done.measures["gaze_off_deg"] < 0.1
    assert off_deg(gaze(stage), before).max() < 0.1


def test_eyes_that_meet_there(stage: Stage) -> None:
    """A free object, that stands and then goes aside: each eye looks at it."""
    target: Any = bpy.data.objects.new("ball", None)
    stage.scene.collection.objects.link(target)
    stage.scene.frame_set(1)
    front = np.array([0.1, 0.05, 0.6]) + middles(stage).mean(axis=0)
    for frame, more in ((1, 0.0), (30, 0.0), (60, 0.12)):
        target.location = stage.frame.T @ (front + np.array([more, 0.0, 0.0]))
        target.keyframe_insert("location", frame=frame)
    stack = stack_of(find_performance(stage.picked))  # type: ignore[arg-type]
    done = aim_at_target(stage.scene, stage.picked, target)
    assert done.measures["gaze_off_deg"] < 0.1
    assert done.warnings == ()
    for frame in LOOKED:
        stage.scene.frame_set(frame)
        ways = place(stage, target) - middles(stage)
        assert off_deg(stage.gaze(), ways).max() < 0.6
    found = find_performance(stage.picked)
    assert found is not None
    assert is_aimed(found)
    aimed = gaze(stage)
    # aimed again it is the same, and without it everything is as it was
    aim_at_target(stage.scene, stage.picked, target)
    assert off_deg(gaze(stage), aimed).max() < 0.05
    stop_aiming(stage.scene, stage.picked)
    assert stack_of(found) == stack
    with pytest.raises(FacemocapError, match="not aimed"):
        stop_aiming(stage.scene, stage.picked)


def test_only_a_part_is_aimed(stage: Stage) -> None:
    before = gaze(stage)
    target: Any = bpy.data.objects.new("ball", None)
    stage.scene.collection.objects.link(target)
    target.location = stage.frame.T @ (np.array([0.3, 0.0, 2.0]) + middles(stage).mean(axis=0))
    aim_at_target(stage.scene, stage.picked, target, frames=(20, 40))
    after = gaze(stage)
    off = off_deg(after, before).max(axis=1)
    outside = np.array([frame < 19 or frame > 41 for frame in LOOKED])
    assert off[outside].max() < 0.001
    assert off[~outside].max() > 1.0


def test_how_much_is_aimed_stays(stage: Stage) -> None:
    """Aimed again the step is where it was, with its influence."""
    target: Any = bpy.data.objects.new("ball", None)
    stage.scene.collection.objects.link(target)
    target.location = stage.frame.T @ (np.array([0.3, 0.0, 2.0]) + middles(stage).mean(axis=0))
    aim_at_target(stage.scene, stage.picked, target)
    found = find_performance(stage.picked)
    assert found is not None
    (step,) = stack_of(found).steps
    half = replace(step, influence=0.5)
    rerun(stage.scene, stage.picked, Stack((half, make_step("despike"))))
    seen = gaze(stage)
    done = aim_at_target(stage.scene, stage.picked, target)
    assert done.measures["gaze_off_deg"] < 0.1
    again = stack_of(found)
    assert [each.kind for each in again.steps] == ["gaze_target", "despike"]
    assert again.steps[0].influence == 0.5
    assert off_deg(gaze(stage), seen).max() < 0.2


def test_parts_of_the_character_are_no_targets(stage: Stage) -> None:
    mesh = stage.picked.meshes[0]
    with pytest.raises(FacemocapError, match="part of the character"):
        aim_at_target(stage.scene, stage.picked, mesh)
    with pytest.raises(FacemocapError, match="part of the character"):
        key_target(stage.scene, stage.picked, target=mesh)


def test_an_action_of_the_target_stays(stage: Stage) -> None:
    target: Any = bpy.data.objects.new("ball", None)
    stage.scene.collection.objects.link(target)
    target.keyframe_insert("location", frame=3)
    own = target.animation_data.action
    key_target(stage.scene, stage.picked, target=target, frames=(1, 5))
    assert target.animation_data.action != own
    assert own.use_fake_user
    ours = target.animation_data.action
    key_target(stage.scene, stage.picked, target=target, frames=(1, 8))
    assert target.animation_data.action == ours


@pytest.mark.parametrize("scale", [0.3, 1.3])
def test_eyes_stay_on_target_when_the_head_turns_otherwise(stage: Stage, scale: float) -> None:
    """Where the eyes look in the world stays: head and eyes share it in another way."""
    before = gaze(stage)
    stage.scene.frame_set(40)
    head_before = middles(stage)
    turns = run_job(measure_eye_turns(stage.picked, stage.scene))
    rig_map = with_measured_eyes(match(stage.controls), turns or (), stage.controls)
    step = make_step("gaze", hold=0.0, sharpen=False, lids=False, head_scale=scale)
    stack = Stack((step,))
    apply_take(stage.scene, stage.picked, looking_take(), rig_map, ApplyOptions(stack=stack))
    assert off_deg(gaze(stage), before).max() < 0.5
    stage.scene.frame_set(40)
    assert np.abs(middles(stage) - head_before).max() > 0.0005


def test_rotation_of_the_whole_character_does_not_matter(stage: Stage) -> None:
    armature: Any = stage.picked.armature
    turn = Rotation.from_euler("z", 2.0).as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = (0.5, -0.2, 1.0)
    before = gaze(stage)
    armature.matrix_world = Matrix(matrix.tolist()) @ armature.matrix_world
    bpy.context.view_layer.update()
    target, _ = key_target(stage.scene, stage.picked)
    aim_at_target(stage.scene, stage.picked, target, meet=False)
    # the oracle's axes are those of the world
    turned = stage.frame @ turn @ stage.frame.T
    expected = before @ turned.T
    assert off_deg(gaze(stage), expected).max() < 0.1
