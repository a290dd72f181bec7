# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes with few keys on characters: what is promised, kept with the performance, and told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from edited_curves import Stage
from kept_takes import speech
from small_scenes import make_armature, make_face

from facemocap_addon.core.curves import INTERPOLATION
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.reduction.plan import KeyPlan, read_plan
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, write_take
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.reduction.reducing import reduction_note
from facemocap_addon.gateway.takes.rerunning import rerun
from facemocap_addon.gateway.writing.kept_stacks import OPTIONS, options_of
from facemocap_addon.gateway.writing.keys import find_channelbag, read_keys
from facemocap_addon.gateway.writing.preparing import prepare_take
from facemocap_addon.gateway.writing.records import KEY, find_performance

FEW = KeyPlan(tolerance=0.01)
LIVE_LINK = "takes/livelinkface/JMTechArt_MySlate_3_iPhone.csv"


@pytest.fixture
def stage(blank_scene: Any) -> Stage:
    return Stage()


def performance(stage: Stage) -> Any:
    found = find_performance(stage.picked)
    assert found is not None
    return found


def test_without_a_plan_nothing_is_said_or_kept_of_it(stage: Stage) -> None:
    report = stage.play()
    assert "keys_before" not in report.counts
    assert not [name for name in report.measures if "reduc" in name]
    record = performance(stage).action[KEY]
    assert "reduced" not in record
    assert "reduce" not in json.loads(record[OPTIONS])


@pytest.mark.parametrize("rotation", ["QUATERNION", "XYZ", "AXIS_ANGLE"])
def test_blenders_curves_are_within_the_tolerance(blank_scene: Any, rotation: str) -> None:
    stage = Stage(mode=rotation)
    report = stage.play(reduce=FEW)
    # a quaternion's number is half an angle: its tolerance is smaller, never larger
    for place, fcurve in stage.curves().items():
        if fcurve.data_path.endswith("location"):
            continue
        frames = stage.machine[place].frames
        where = np.arange(8 * (int(frames[-1]) - 1) + 1) / 8 + float(frames[0])
        played = np.array([fcurve.evaluate(frame) for frame in where.tolist()])
        assert np.abs(played - stage.bare(place, where)).max() <= 0.01 + 1e-6
    assert report.counts["keys"] < report.counts["keys_before"]
    assert report.measures["reduction_error"] <= 0.01
    assert f"{report.counts['keys_before']} keys became" in report.summary
    assert "mm on the mesh" in reduction_note(performance(stage).action)


def test_a_run_once_more_has_the_same_few_keys(stage: Stage) -> None:
    stage.play(reduce=FEW)
    before = {place: read_keys(fcurve) for place, fcurve in stage.curves().items()}
    assert options_of(performance(stage)).reduce == FEW
    rerun(stage.scene, stage.picked)
    for place, fcurve in stage.curves().items():
        np.testing.assert_array_equal(read_keys(fcurve), before[place])
    stage.play()
    assert reduction_note(performance(stage).action) == ""


def test_drafts_stay_dense_and_the_whole_run_reduces(stage: Stage) -> None:
    first = stage.play(reduce=FEW)
    how = ApplyOptions(reduce=FEW)
    job = prepare_take(stage.scene, stage.picked, stage.take, stage.rig_map, how)
    draft = replace(run_job(job), is_draft=True)
    assert "keys_before" not in write_take(draft).counts
    assert sum(len(f.keyframe_points) for f in stage.curves().values()) > first.counts["keys"]
    rerun(stage.scene, stage.picked)
    assert sum(len(f.keyframe_points) for f in stage.curves().values()) == first.counts["keys"]


@pytest.mark.parametrize("words", ["extremes", "twos", "every5"])
def test_keys_by_rule(stage: Stage, words: str) -> None:
    report = stage.play(reduce=read_plan(words))
    assert report.counts["keys"] < 0.8 * report.counts["keys_before"]
    for place, fcurve in stage.curves().items():
        keys, dense = read_keys(fcurve), stage.machine[place]
        frames = keys["frame"]
        np.testing.assert_allclose(keys["value"], stage.bare(place, frames), atol=1e-6)
        if words == "twos":
            assert (keys["interpolation"] == INTERPOLATION["CONSTANT"]).all()
            assert (frames[1:] % 2 == 0).all()
        elif words == "every5":
            assert frames.tolist() == sorted({*dense.frames[::5].tolist(), dense.frames[-1]})
        else:
            assert np.isin(frames, dense.frames).all()


# ---------------------------------------------------------------- blinks


def blinking_stage() -> tuple[Any, Any, Take]:
    scene = bpy.context.scene
    scene.render.fps = 60
    rig = make_armature()
    make_face("face", ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft"], rig)
    (picked,) = find_characters(scene)
    take = speech()
    return scene, picked, take


def moved(value: float) -> Stack:
    edit = {"op": "move", "at_s": 0.5, "side": "B", "value": value}
    return Stack((make_step("blinks", edits=(edit,)),))


@pytest.mark.parametrize("draft", [False, True])
def test_a_blink_that_moves_leaves_all_other_keys(blank_scene: Any, draft: bool) -> None:
    scene, picked, take = blinking_stage()
    rig_map = match(read_character(picked, scene).controls)
    apply_take(scene, picked, take, rig_map, ApplyOptions(reduce=FEW))
    before = _keys_by_path(picked)
    rerun(scene, picked, moved(0.1), draft=draft)
    rerun(scene, picked)
    after = _keys_by_path(picked)
    changed = {path for path in before if before[path].tobytes() != after[path].tobytes()}
    assert changed == {f'key_blocks["eyeBlink{side}"].value' for side in ("Left", "Right")}
    for path in changed:
        # outside of both blinks (the fit reopens to 1.05 s) every key is the very same, handles too
        for low, high in ((0.0, 0.38), (1.07, 9.0)):
            first, last = 1 + 60 * low, 1 + 60 * high
            one, two = (
                keys[path][(keys[path]["frame"] >= first) & (keys[path]["frame"] <= last)]
                for keys in (before, after)
            )
            assert len(one) > 1 or low == 0.0
            np.testing.assert_array_equal(one[["frame", "value"]], two[["frame", "value"]])
            # the handle into the window is that of the new motion
            inner = slice(1, None) if low else slice(None, -1)
            assert one[inner].tobytes() == two[inner].tobytes()


def _keys_by_path(picked: Any) -> dict[str, np.ndarray]:
    found = find_performance(picked)
    assert found is not None
    out: dict[str, np.ndarray] = {}
    for datablock in found.datablocks:
        data: Any = datablock.animation_data
        bag = find_channelbag(found.action, data.action_slot)
        for fcurve in bag.fcurves if bag else ():
            if fcurve.data_path.startswith("key_blocks"):
                out[fcurve.data_path] = read_keys(fcurve)
    return out


# ---------------------------------------------------------------- on the mesh


def places_by_frame(scene: Any, picked: Any) -> dict[int, np.ndarray]:
    """Every vertex as Blender evaluates it in the scene, on every 10th frame."""
    out: dict[int, np.ndarray] = {}
    for frame in range(scene.frame_start, scene.frame_end + 1, 10):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        parts: list[np.ndarray] = []
        for mesh in picked.meshes:
            moved = mesh.evaluated_get(graph)
            local = np.empty(len(moved.data.vertices) * 3, np.float32)
            moved.data.vertices.foreach_get("co", local)
            matrix = np.array(moved.matrix_world)
            parts.append(local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
        out[frame] = np.concatenate(parts)
    return out


def farthest_mm(scene: Any, picked: Any, take: Take, seconds: float) -> tuple[float, Any]:
    rig_map = match(read_character(picked, scene).controls)
    dense = ApplyOptions(range_s=(0.0, seconds))
    apply_take(scene, picked, take, rig_map, dense)
    wanted = places_by_frame(scene, picked)
    report = apply_take(
        scene, picked, take, rig_map, replace(dense, reduce=read_plan("0.2mm"))
    )  # fmt: skip
    found = places_by_frame(scene, picked)
    apart = [np.sqrt(((found[f] - wanted[f]) ** 2).sum(axis=1)).max() for f in wanted]
    return 1000.0 * float(max(apart)), report


def test_the_sample_head_is_within_millimetres(sample_rigs: Path) -> None:
    scene = open_rig(sample_rigs / "arkit_head.blend", enable_scripts=False)
    (picked,) = find_characters(scene)
    take = read_take(sample_rigs / "sample_take.csv")
    error, report = farthest_mm(scene, picked, take, 4.0)
    assert 0.01 < error <= 0.2
    assert report.measures["reduction_error_mm"] <= 0.2
    assert report.counts["keys"] < 0.5 * report.counts["keys_before"]


@pytest.mark.shared
def test_a_real_rig_of_bones_is_within_millimetres(shared: Path) -> None:
    scene = open_rig(shared / "rigs/rocketbox/Male_Adult_04.fbx", enable_scripts=False)
    picked = find_characters(scene)[0]
    error, report = farthest_mm(scene, picked, read_take(shared / LIVE_LINK), 4.0)
    assert 0.01 < error <= 0.2
    assert report.measures["reduction_error_mm"] <= 0.2
    assert report.counts["keys"] < 0.6 * report.counts["keys_before"]
