# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported files hold what is seen, on its frames; the scene is what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from animated_scenes import animated_scene
from export_oracles import glb_weights, live_link_rows
from file_state import differences, file_state, pose_matrices, shape_values
from small_scenes import SHAPES, character_of, make_face, wave_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.report import Report
from facemocap_addon.gateway.applying.performance import ApplyOptions, apply_take
from facemocap_addon.gateway.characters.characters import find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.files.scene_files import read_scene_file
from facemocap_addon.gateway.handing_over import exporting
from facemocap_addon.gateway.handing_over.exporting import ExportOptions, export_character
from facemocap_addon.gateway.handing_over.looking import cast_of, look
from facemocap_addon.gateway.scenes import set_rate

RATES = (24.0, 29.97, 60.0)
ENDINGS = (".fbx", ".glb", ".usdc", ".csv")
FIRST = 11
_FLOAT32 = 2.0**-23


def _exists(ending: str) -> bool:
    """Whether this Blender has the exporter."""
    if ending == ".usdc":
        return bool(bpy.app.build_options.usd)
    return True


def _acted(setup: str, rate: float = 24.0, seconds: float = 0.6) -> tuple[Any, Any, Any, Any]:
    scene, rig, face = animated_scene(setup)
    set_rate(scene, rate)
    picked, rig_map = character_of(scene, face)
    take = wave_take(seconds=seconds)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=FIRST))
    return scene, rig, face, picked


def _read(report: Report) -> Any:
    return report.measures["read_back"]


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_read_back_is_what_was_seen(tmp_path: Path, ending: str, rate: float) -> None:
    if not _exists(ending):
        pytest.skip("this Blender is built without that exporter")
    scene, _, face, picked = _acted("everything", rate)
    path = tmp_path / f"shot{ending}"
    read = _read(export_character(scene, picked, path))
    assert read["within_precision"], read
    frames = list(range(scene.frame_start, scene.frame_end + 1))
    assert read["keys"] == len(frames)
    assert read["first_key_frame"] == pytest.approx(FIRST, abs=1e-4)
    assert read["last_key_frame"] == pytest.approx(frames[-1], abs=1e-4)
    assert read["frame_range"] == pytest.approx([FIRST, frames[-1]])
    assert read["numbers"] >= len(SHAPES)
    seen = shape_values(scene, face, frames)
    exact = scene.render.fps / scene.render.fps_base
    if ending == ".glb":
        weights = glb_weights(path)
        for name in SHAPES:
            times, values = weights["face", name]
            # one float32 is as near as times can be
            np.testing.assert_allclose(times, np.array(frames) / exact, rtol=2.0**-23)
            np.testing.assert_array_equal(values, seen[name].astype(np.float32))
    elif ending == ".fbx":
        take = read_scene_file(path)
        wanted = (np.array(frames) - FIRST) / exact
        np.testing.assert_allclose(take.times, wanted, rtol=0, atol=2e-6)
        for name in SHAPES:
            values = take.values[:, take.names.index(name)]
            np.testing.assert_allclose(values, seen[name], rtol=0, atol=1e-6)
    elif ending == ".csv":
        seconds, columns = live_link_rows(path, 60)
        assert len(columns) == 61
        np.testing.assert_allclose(seconds, np.array(frames) / exact, rtol=0, atol=1 / 60_000)
        for name in SHAPES:
            np.testing.assert_allclose(columns[name], seen[name], rtol=0, atol=_FLOAT32)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_scene_is_untouched(tmp_path: Path, ending: str) -> None:
    scene, rig, face, picked = _acted("everything")
    # changed and not keyed: whoever moves the scene loses it
    face.data.shape_keys.key_blocks["jawOpen"].value = 0.777
    rig.pose.bones["arm.L"].rotation_quaternion = (0.6, 0.0, 0.8, 0.0)
    face.active_shape_key_index = 2
    before = file_state(scene, without_texts=False)
    window = bpy.context.window_manager.windows[0]
    shown = window.scene, window.view_layer.name
    export_character(scene, picked, tmp_path / f"shot{ending}")
    assert differences(before, file_state(scene, without_texts=False)) == []
    assert (window.scene, window.view_layer.name) == shown
    assert face.active_shape_key_index == 2


@pytest.mark.parametrize("ending", [".fbx", ".glb", ".usdc"])
def test_what_fails_leaves_nothing_behind(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, _, _, picked = _acted("drivers")
    before = file_state(scene, without_texts=False)

    def fail(_stage: Any, file: Path, **_settings: Any) -> Any:
        raise FacemocapError(f'"{file.name}" is full', "Empty it")

    for name in ("write_fbx", "write_gltf", "write_usd"):
        monkeypatch.setattr(exporting, name, fail)
    with pytest.raises(FacemocapError, match=f'"shot{ending}" is full'):
        export_character(scene, picked, tmp_path / f"shot{ending}")
    assert differences(before, file_state(scene, without_texts=False)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setup", ["drivers", "everything", "influence over track"])
def test_what_is_looked_at_is_what_plays(setup: str) -> None:
    scene, rig, face, picked = _acted(setup)
    frames = list(range(5, 20))
    seen = look(cast_of(picked), scene, np.array(frames, float))
    for name, values in shape_values(scene, face, frames).items():
        if name != "Basis":
            np.testing.assert_array_equal(seen.motion.shapes["face", name], values)
    rests = {bone.name: np.array(rig.matrix_world @ bone.matrix_local) for bone in rig.data.bones}
    world = np.array(rig.matrix_world)
    for name, matrices in pose_matrices(scene, rig, frames).items():
        # of bones: what they make of the place where they begin
        scene.frame_set(frames[0])
        head = (
            np.array(rig.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
            @ np.linalg.inv(world)
            @ rests[name]
        )[:, 3]
        np.testing.assert_allclose(
            seen.motion.bones[name] @ head, matrices[:, :, 3], rtol=0, atol=2e-6, err_msg=name
        )


@pytest.mark.parametrize("ending", [".fbx", ".glb", ".usdc"])
@pytest.mark.parametrize("rig", ["arkit_head", "bone_face"])
def test_sample_characters(tmp_path: Path, sample_rigs: Path, rig: str, ending: str) -> None:
    scene = open_rig(sample_rigs / f"{rig}.blend")
    set_rate(scene, 29.97)
    picked = find_characters(scene)[0]
    main = max(picked.meshes, key=lambda mesh: len(mesh.data.vertices))
    _, rig_map = character_of(scene, main)
    take = wave_take(seconds=0.4)
    apply_take(scene, picked, take, rig_map, ApplyOptions(start_frame=FIRST))
    report = export_character(scene, picked, tmp_path / f"{rig}{ending}")
    read = _read(report)
    assert read["within_precision"], report
    assert read["numbers"] == report.counts["shape_keys"]
    assert read["bones"] == report.counts["bones"]
    assert report.counts["shape_keys"] == (97 if rig == "arkit_head" else 0)
    assert round(read["first_key_frame"], 3) == FIRST


def test_files_that_hold_something_else_are_told(tmp_path: Path) -> None:
    scene, _, face, picked = _acted("nothing")
    path = tmp_path / "shot.glb"
    export_character(scene, picked, path)
    motion = look(cast_of(picked), scene, np.arange(FIRST, scene.frame_end + 1.0)).motion
    changed = {**motion.shapes, ("face", "jawOpen"): motion.shapes["face", "jawOpen"] + 0.01}
    other = type(motion)(motion.frames, motion.rate_hz, changed, motion.bones, motion.heads)
    read = exporting.read_back(path, "gltf", other, scene)
    assert not read.is_whole
    assert read.value == pytest.approx(0.01, rel=1e-3)
    assert read.value_at.startswith("face jawOpen")
    late = type(motion)(motion.frames + 1, motion.rate_hz, motion.shapes, motion.bones)
    assert exporting.read_back(path, "gltf", late, scene).time_s == pytest.approx(1 / 24, rel=1e-3)
    more = {**motion.shapes, ("face", "wink"): np.linspace(0, 1, len(motion.frames))}
    other = type(motion)(motion.frames, motion.rate_hz, more)
    assert exporting.read_back(path, "gltf", other, scene).missing == ("face wink",)
    del face


def test_ranges_and_bones_that_are_asked_for(tmp_path: Path) -> None:
    scene, rig, _, picked = _acted("body")
    rig.data.bones["root"].use_deform = rig.data.bones["arm.L"].use_deform = False
    options = ExportOptions(frames=(14, 18), only_deforming=True)
    for ending in (".fbx", ".glb", ".usdc"):
        report = export_character(scene, picked, tmp_path / f"part{ending}", options)
        read = _read(report)
        assert read["frame_range"] == [14, 18]
        assert read["keys"] == 5
        assert read["within_precision"], report
    report = export_character(scene, picked, tmp_path / "early.fbx", ExportOptions(frames=(-3, 14)))
    assert any("before 0" in warning for warning in report.warnings)
    assert _read(report)["frame_range"] == [0, 14]


def test_the_take_itself_as_live_link_csv(tmp_path: Path) -> None:
    scene, _, _, picked = _acted("nothing")
    path = tmp_path / "take.csv"
    read = _read(export_character(scene, picked, path, ExportOptions(source="TAKE")))
    assert read["within_precision"]
    take = wave_take(seconds=0.6)
    seconds, columns = live_link_rows(path, 60)
    np.testing.assert_allclose(seconds, take.times, rtol=0, atol=1 / 60_000)
    for name in SHAPES:
        wanted = take.values[:, take.names.index(name)]
        np.testing.assert_allclose(columns[name], wanted, rtol=0, atol=_FLOAT32)


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    face = make_face()
    picked, _ = character_of(scene, face)
    with pytest.raises(FacemocapError, match="no ending of a format"):
        export_character(scene, picked, tmp_path / "shot.mov")
    with pytest.raises(FacemocapError, match="holds nothing"):
        export_character(scene, picked, tmp_path / "a.fbx", ExportOptions(frames=(5, 4)))
    with pytest.raises(FacemocapError, match="before frame 0"):
        export_character(scene, picked, tmp_path / "a.fbx", ExportOptions(frames=(-5, -4)))
    with pytest.raises(FacemocapError, match="No take of Face Mocap plays"):
        export_character(scene, picked, tmp_path / "a.csv", ExportOptions(source="TAKE"))
    face.hide_viewport = True
    with pytest.raises(FacemocapError, match="disabled in viewports"):
        export_character(scene, picked, tmp_path / "a.fbx")
    assert list(tmp_path.iterdir()) == []


def test_what_is_lost_of_sheared_bones_is_not_lost_below_them(tmp_path: Path) -> None:
    scene, rig, _, picked = _acted("body")
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    bones["neck"].tail = bones["head"].head
    bones["head"].use_connect = True
    bpy.ops.object.mode_set(mode="POSE")
    # a bone that leaves its parent's stretch out is sheared against it when it turns
    rig.pose.bones["root"].scale = (1.0, 1.6, 1.0)
    rig.data.bones["neck"].inherit_scale = "NONE"
    before = file_state(scene)
    report = export_character(scene, picked, tmp_path / "shot.fbx")
    read = _read(report)
    assert any("sheared" in told and "neck" in told for told in report.warnings)
    assert not read["within_precision"]
    assert read["largest_bone_turn_error_deg"] > 0.1
    # all bones begin where they are seen, connected ones too
    assert read["largest_bone_place_error_mm"] < 0.01
    assert rig.mode == "POSE"
    assert rig.data.bones["head"].use_connect
    assert differences(before, file_state(scene)) == []
