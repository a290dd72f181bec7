# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers on tracks over every kind of animation: the same face, the body below, the file back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import animated_scene
from file_state import differences, file_state, pose_matrices, shape_values
from small_scenes import BODY_BONES, character_of, wave_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.stack.edits import enable_step
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take, remove_take
from facemocap_addon.gateway.handing_over.bake import bake_down
from facemocap_addon.gateway.handing_over.exporting import ExportOptions, export_character
from facemocap_addon.gateway.layer_tracks.tracks import layer_strips, pushed_kinds
from facemocap_addon.gateway.takes import rerunning
from facemocap_addon.gateway.takes.layer_pushing import pull_layer, push_layer
from facemocap_addon.gateway.takes.rerunning import rerun
from facemocap_addon.gateway.writing.kept_stacks import is_draft, shows_raw, stack_of
from facemocap_addon.gateway.writing.records import Performance, find_performance

LAYERS = Stack((make_step("asymmetry", amount=0.2), make_step("posture", context="wary")))
#: The others differ from these in nothing that matters to tracks.
SCENES = (
    "nothing",
    "body",
    "add",
    "nla off tracks only",
    "muted track",
    "solo track",
    "shapes",
    "drivers",
    "everything",
)
FRAMES = [-30, 7, 10, 20, 40, 57, 58, 120]


def degrees(one: dict[str, Any], two: dict[str, Any]) -> float:
    """Largest turn between two poses."""
    worst = 0.0
    for name, poses in one.items():
        for pair in zip(poses, two[name], strict=True):
            a, b = (np.array(each)[:3, :3] for each in pair)
            between = (a / np.linalg.norm(a, axis=0)).T @ (b / np.linalg.norm(b, axis=0))
            skew = [between[i, j] - between[j, i] for i, j in ((2, 1), (0, 2), (1, 0))]
            sine = min(0.5 * float(np.linalg.norm(skew)), 1.0)
            worst = max(worst, float(np.degrees(np.arcsin(sine))))
    return worst


@pytest.mark.parametrize("setup", SCENES)
def test_layer_tracks_over_any_scene(setup: str) -> None:
    scene, rig, face = animated_scene(setup)
    empty = file_state(scene)
    body = pose_matrices(scene, rig, FRAMES)
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=10, stack=LAYERS))
    scene.frame_set(12)
    applied = file_state(scene)
    shapes, pose = shape_values(scene, face, FRAMES), pose_matrices(scene, rig, FRAMES)
    push_layer(scene, picked, 1)
    push_layer(scene, picked, 0)
    now = shape_values(scene, face, FRAMES)
    for name, values in shapes.items():
        np.testing.assert_allclose(now[name], values, rtol=0, atol=1e-5, err_msg=name)
    moved = pose_matrices(scene, rig, FRAMES)
    assert degrees(moved, pose) < 0.05
    for name in BODY_BONES:
        np.testing.assert_allclose(moved[name], body[name], atol=2e-5, err_msg=name)
    pull_layer(scene, picked, "posture")
    pull_layer(scene, picked, "asymmetry")
    scene.frame_set(12)
    assert [each for each in differences(applied, file_state(scene)) if "users" not in each] == []
    push_layer(scene, picked, 1)
    remove_take(scene, picked)
    bpy.context.view_layer.update()
    scene.frame_set(12)
    assert differences(empty, file_state(scene)) == []


@pytest.fixture
def lively() -> Any:
    """A face with layers in its stack, and its map."""
    scene, _, face = animated_scene("nothing")
    picked, rig_map = character_of(scene, face)
    apply_take(scene, picked, wave_take(), rig_map, ApplyOptions(start_frame=10, stack=LAYERS))
    return scene, picked, rig_map


def playing(picked: Any) -> Performance:
    found = find_performance(picked)
    assert found is not None
    return found


def key_influences(picked: Any, kind: str) -> None:
    for strip in layer_strips(playing(picked), kind):
        strip.fcurves.find("influence").keyframe_points.insert(20.0, 0.3)


def test_raw_take_is_not_handed_over(lively: Any, tmp_path: Path) -> None:
    scene, picked, _ = lively
    rerun(scene, picked, shows_raw=True)
    action = playing(picked).action
    with pytest.raises(FacemocapError, match=r"raw take is shown.*Show Raw off in Cleanup"):
        bake_down(scene, picked)
    assert playing(picked).action == action
    for source in ("FACE", "TAKE"):
        with pytest.raises(FacemocapError, match="raw take is shown"):
            export_character(scene, picked, tmp_path / "a.csv", ExportOptions(source=source))
    with pytest.raises(FacemocapError, match="raw take is shown"):
        export_character(scene, picked, tmp_path / "a.glb")
    assert list(tmp_path.iterdir()) == []
    rerun(scene, picked, shows_raw=False)
    export_character(scene, picked, tmp_path / "a.csv", ExportOptions(source="TAKE"))
    bake_down(scene, picked)


def test_pushed_layer_is_in_the_takes_csv(lively: Any, tmp_path: Path) -> None:
    scene, picked, _ = lively
    how = ExportOptions(source="TAKE", check=False)
    files = [tmp_path / name for name in ("stack.csv", "pushed.csv", "without.csv")]
    export_character(scene, picked, files[0], how)
    push_layer(scene, picked, 0)
    export_character(scene, picked, files[1], how)
    pull_layer(scene, picked, "asymmetry")
    rerun(scene, picked, enable_step(LAYERS, 0, False))
    export_character(scene, picked, files[2], how)
    stack, pushed, without = (path.read_bytes() for path in files)
    assert pushed == stack
    assert pushed != without


def test_pushed_layer_is_a_step_for_another_take(lively: Any) -> None:
    scene, picked, rig_map = lively
    push_layer(scene, picked, 1)
    other = wave_take(phase=1.0, name="other.csv")
    options = ApplyOptions(start_frame=10, stack=stack_of(playing(picked)))
    assert not options.stack.steps[1].enabled
    apply_take(scene, picked, other, rig_map, options)
    assert pushed_kinds(playing(picked)) == ()
    steps = stack_of(playing(picked)).steps
    assert [(s.params, s.enabled) for s in steps] == [(s.params, True) for s in LAYERS.steps]
    values = (
        shape_values(scene, picked.meshes[0], FRAMES),
        pose_matrices(scene, picked.armature, FRAMES),
    )
    # it plays, and is not only noted
    remove_take(scene, picked)
    apply_take(scene, picked, other, rig_map, ApplyOptions(start_frame=10, stack=LAYERS))
    for name, wanted in shape_values(scene, picked.meshes[0], FRAMES).items():
        np.testing.assert_array_equal(values[0][name], wanted, err_msg=name)
    assert degrees(values[1], pose_matrices(scene, picked.armature, FRAMES)) == 0.0


@pytest.mark.parametrize("way", ["whole", "draft", "raw"])
def test_lost_influence_keys_are_told(
    lively: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, picked, _ = lively
    # as where lids have still to be brought together
    monkeypatch.setattr(rerunning, "_meets", lambda *_of: way == "draft")
    how: Any = {"draft": way == "draft", "shows_raw": way == "raw"}
    push_layer(scene, picked, 1)
    assert not any("keys" in each for each in rerun(scene, picked, LAYERS, **how).warnings)
    assert pushed_kinds(playing(picked)) == ()
    rerun(scene, picked, shows_raw=False)
    wanted = pose_matrices(scene, picked.armature, FRAMES)
    push_layer(scene, picked, 0)
    push_layer(scene, picked, 1)
    key_influences(picked, "posture")
    names = {action.name for action in bpy.data.actions}
    report = rerun(scene, picked, enable_step(stack_of(playing(picked)), 1, True), **how)
    assert "The influence keys of Posture went with its NLA strip." in report.warnings
    assert is_draft(playing(picked)) == (way == "draft")
    assert pushed_kinds(playing(picked)) == ("asymmetry",)
    assert len(names - {action.name for action in bpy.data.actions}) == 1
    rerun(scene, picked, shows_raw=False)
    assert degrees(wanted, pose_matrices(scene, picked.armature, FRAMES)) < 0.05


def test_lost_influence_keys_are_told_when_pulled(lively: Any) -> None:
    scene, picked, _ = lively
    push_layer(scene, picked, 1)
    assert "influence" not in pull_layer(scene, picked, "posture").summary
    push_layer(scene, picked, 1)
    key_influences(picked, "posture")
    report = pull_layer(scene, picked, "posture")
    assert "step of the stack again; the influence keys" in report.summary
    assert report.warnings == ()


def test_layer_pushed_while_the_raw_take_shows(lively: Any) -> None:
    scene, picked, rig_map = lively
    wanted = pose_matrices(scene, picked.armature, FRAMES)
    rerun(scene, picked, shows_raw=True)
    report = push_layer(scene, picked, 1)
    assert "once Show Raw is switched off" in report.summary
    assert not any("moves nothing" in each for each in report.warnings)
    # moved meanwhile: its Action is not there yet
    stack = stack_of(playing(picked))
    for start in (15, 10):
        options = ApplyOptions(start_frame=start, stack=stack, shows_raw=True)
        apply_take(scene, picked, wave_take(), rig_map, options)
    assert shows_raw(playing(picked))
    assert layer_strips(playing(picked), "posture") == []
    rerun(scene, picked, shows_raw=False)
    assert layer_strips(playing(picked), "posture")
    assert degrees(wanted, pose_matrices(scene, picked.armature, FRAMES)) < 0.05
