# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance run again with other stacks: the same as writing it anew, hand edits on top."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from edited_curves import Place, Stage, edit
from small_scenes import body_action

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Mask, Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.files.take_storage import load_take
from facemocap_addon.gateway.takes.rerunning import rerun
from facemocap_addon.gateway.writing.cleaned_takes import forget_cleaned
from facemocap_addon.gateway.writing.kept_stacks import (
    differences_of,
    options_of,
    shows_raw,
    stack_of,
    steps_of,
)
from facemocap_addon.gateway.writing.preparing import prepare_take
from facemocap_addon.gateway.writing.records import KEY, Performance, find_performance
from facemocap_addon.gateway.writing.targets import make_targets

CLEAN = Stack(
    (
        make_step("neutral"),
        make_step("dead_zone", width=0.1),
        make_step("range", gain=0.7, mask=Mask(("mouth", "jaw"), ((20, 70),))),
    )
)
NONE = Stack()
SHIFTED = Stack((make_step("time_offset", offset_s=0.2), *CLEAN.steps[1:]))


@pytest.fixture
def stage(blank_scene: Any) -> Stage:
    found = Stage()
    found.scene.render.fps = 60
    return found


def put(stage: Stage, stack: Stack = NONE, **options: Any) -> None:
    how = ApplyOptions(stack=stack, **options)
    apply_take(stage.scene, stage.picked, stage.take, stage.rig_map, how)


def steps(stack: Stack) -> list[str]:
    return [step.key for step in stack.steps]


def again(stage: Stage, stack: Stack | None = None, **options: Any) -> None:
    rerun(stage.scene, stage.picked, stack, **options)


def plays(stage: Stage) -> Performance:
    found = find_performance(stage.picked)
    assert found is not None
    return found


def keys(stage: Stage) -> dict[Place, bytes]:
    """All of each curve's keys, handles and kinds too."""
    out: dict[Place, bytes] = {}
    for place, fcurve in stage.curves().items():
        points = fcurve.keyframe_points
        parts: list[bytes] = []
        for name in ("co", "handle_left", "handle_right"):
            values = np.empty(2 * len(points), np.float32)
            points.foreach_get(name, values)
            parts.append(values.tobytes())
        for name in ("interpolation", "type", "handle_left_type", "handle_right_type"):
            kinds = np.empty(len(points), np.uint8)
            points.foreach_get(name, kinds)
            parts.append(kinds.tobytes())
        out[place] = b"".join(parts)
    return out


def test_without_steps_the_curves_are_those_of_the_take(stage: Stage) -> None:
    put(stage)
    bare = keys(stage)
    again(stage, CLEAN)
    assert keys(stage) != bare
    again(stage, NONE)
    assert keys(stage) == bare


@pytest.mark.parametrize("stack", [CLEAN, SHIFTED])
def test_running_again_gives_what_applying_the_processed_take_gives(
    stage: Stage, stack: Stack
) -> None:
    put(stage)
    again(stage, stack)
    ours = keys(stage)
    remove_take(stage.scene, stage.picked)
    cleaned = run_stack(stage.take, stack).take
    apply_take(stage.scene, stage.picked, cleaned, stage.rig_map)
    assert keys(stage) == ours


def test_the_raw_take_and_the_stack_are_kept(stage: Stage) -> None:
    put(stage, CLEAN)
    found = plays(stage)
    assert found.take_text is not None
    assert load_take(found.take_text).digest == stage.take.digest == found.take_digest
    assert steps(stack_of(found)) == steps(CLEAN)
    assert [step["kind"] for step in steps_of(found)] == ["neutral", "dead_zone", "range"]
    assert {each.region for each in differences_of(found)} >= {"mouth", "jaw"}
    again(stage, SHIFTED)
    assert steps(stack_of(plays(stage))) == steps(SHIFTED)
    assert load_take(found.take_text).digest == stage.take.digest
    assert len([text for text in bpy.data.texts if "facemocap_take" in text]) == 1


def test_values_alone_are_written_where_frames_stay(stage: Stage) -> None:
    put(stage, CLEAN)
    before = plays(stage).action
    place, fcurve = next(iter(stage.curves().items()))
    fcurve.keyframe_points[5].select_control_point = True
    fcurve.color_mode = "CUSTOM"
    addresses = {p: f.as_pointer() for p, f in stage.curves().items()}
    again(stage, replace(CLEAN, steps=CLEAN.steps[:2]))
    assert plays(stage).action == before
    assert {p: f.as_pointer() for p, f in stage.curves().items()} == addresses
    # what is selected stays so while a slider is dragged
    assert stage.curves()[place].keyframe_points[5].select_control_point


@pytest.mark.parametrize("mode", ["ADD", "KEEP"])
def test_hand_edits_stay_on_top_of_every_run(stage: Stage, mode: Any) -> None:
    put(stage, CLEAN)
    place = next(p for p in stage.curves() if "jawOpen" in p[1])
    edit(stage.curves()[place], 30.0, "move", 0.25)
    edit(stage.curves()[place], 60.0, "add", 0.5)
    held = stage.curves()[place].evaluate(30.0)
    for stack in (SHIFTED, NONE, CLEAN, SHIFTED):
        again(stage, stack, hand_edits=mode)
        found = stage.curves()[place]
        machine = run_machine(stage, stack)[place]
        wanted = machine[29] + 0.25 if mode == "ADD" else held
        assert found.evaluate(30.0) == pytest.approx(wanted, abs=1e-5)
        assert any(abs(key.co.x - 60.5) < 1e-4 for key in found.keyframe_points)
    again(stage, SHIFTED, hand_edits="DISCARD")
    values = np.array([key.co.y for key in stage.curves()[place].keyframe_points])
    np.testing.assert_array_equal(values.astype(np.float32), run_machine(stage, SHIFTED)[place])


def run_machine(stage: Stage, stack: Stack) -> dict[Place, np.ndarray]:
    """Values on whole frames of the curves that the program alone would write."""
    cleaned = run_stack(stage.take, stack).take
    prepared = run_job(prepare_take(stage.scene, stage.picked, cleaned, stage.rig_map))
    targets = make_targets(
        stage.picked,
        prepared.kept.solved,
        prepared.frames,
        drop_unknown=False,
        head_bones=frozenset(),
    )
    return {
        (target.datablock.bl_rna.identifier, curve.path, curve.index): curve.values
        for target in targets
        for curve in target.curves
    }


def test_saved_and_opened_again_it_runs_to_the_same_curves(stage: Stage, tmp_path: Path) -> None:
    options = {"start_frame": 7.0, "range_s": (0.3, 1.7), "mirror": True, "seed": 3}
    put(stage, CLEAN, **options)
    before, how = keys(stage), options_of(plays(stage))
    path = str(tmp_path / "kept.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    forget_cleaned()
    stage.find()
    assert keys(stage) == before
    again(stage)
    assert keys(stage) == before
    assert replace(options_of(plays(stage)), stack=how.stack) == how
    assert (how.start_frame, how.range_s, how.mirror, how.seed) == (7.0, (0.3, 1.7), True, 3)
    again(stage, SHIFTED)
    again(stage, CLEAN)
    assert keys(stage) == before


def test_the_raw_take_is_shown_and_the_stack_stays(stage: Stage) -> None:
    put(stage)
    bare = keys(stage)
    put(stage, CLEAN)
    cleaned = keys(stage)
    again(stage, shows_raw=True)
    found = plays(stage)
    assert keys(stage) == bare
    assert shows_raw(found)
    assert steps(stack_of(found)) == steps(CLEAN)
    again(stage)
    assert keys(stage) == bare
    again(stage, shows_raw=False)
    assert keys(stage) == cleaned


def test_a_body_below_plays_on(stage: Stage) -> None:
    body_action(stage.rig)
    put(stage, CLEAN)
    tracks = [track.name for track in stage.rig.animation_data.nla_tracks]
    again(stage, SHIFTED)
    again(stage, NONE)
    assert [track.name for track in stage.rig.animation_data.nla_tracks] == tracks
    assert tracks
    remove_take(stage.scene, stage.picked)
    assert stage.rig.animation_data.action.name == "walk"


def test_a_range_that_the_animator_set_since_stays(stage: Stage) -> None:
    put(stage, CLEAN)
    assert (stage.scene.frame_start, stage.scene.frame_end) == (1, 121)
    stage.scene.frame_start, stage.scene.frame_end = 10, 50
    again(stage, SHIFTED)
    assert (stage.scene.frame_start, stage.scene.frame_end) == (10, 50)


def test_another_action_on_top_is_no_place_to_write(stage: Stage) -> None:
    put(stage, CLEAN)
    ours = plays(stage).action
    theirs = body_action(stage.rig, "mine")
    again(stage, SHIFTED)
    assert stage.rig.animation_data.action == ours
    assert any(
        strip.action == theirs
        for track in stage.rig.animation_data.nla_tracks
        for strip in track.strips
    )


def test_what_cannot_be_run_changes_nothing(stage: Stage) -> None:
    put(stage, CLEAN)
    before = keys(stage)
    wrong = Stack((make_step("neutral", source="time", time_s=100.0),))
    with pytest.raises(FacemocapError, match="Step 1"):
        again(stage, wrong)
    assert keys(stage) == before
    assert steps(stack_of(plays(stage))) == steps(CLEAN)
    text = plays(stage).take_text
    assert text is not None
    bpy.data.texts.remove(text)
    with pytest.raises(FacemocapError, match="no longer in this file"):
        again(stage, SHIFTED)
    remove_take(stage.scene, stage.picked)
    with pytest.raises(FacemocapError, match="No take plays"):
        again(stage, SHIFTED)


def test_a_performance_of_an_older_version_runs_too(stage: Stage) -> None:
    put(stage, start_frame=5.0)
    bare = keys(stage)
    record = plays(stage).action[KEY]
    for name in ("options", "stack", "steps", "differences", "span", "shows_raw", "draft"):
        del record[name]
    assert stack_of(plays(stage)) == NONE
    again(stage)
    assert keys(stage) == bare
    again(stage, CLEAN)
    assert keys(stage) != bare


def test_takes_that_were_read_since_are_not_mistaken(stage: Stage) -> None:
    """A stored take is kept at hand by what it is, not by its place in memory."""
    put(stage, CLEAN)
    cleaned = keys(stage)
    other = replace(stage.take, values=stage.take.values * np.float32(0.5))
    apply_take(stage.scene, stage.picked, other, stage.rig_map, ApplyOptions(stack=CLEAN))
    half = keys(stage)
    assert half != cleaned
    again(stage)
    assert keys(stage) == half
    put(stage, CLEAN)
    again(stage)
    assert keys(stage) == cleaned
