# SPDX-License-Identifier: GPL-3.0-or-later
"""solve, and retarget of takes that are points alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.points import point_channels, point_values
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import write_take_file

bpy = pytest.importorskip("bpy")

Run = Callable[..., Any]
FRAMES, RATE = 48, 24.0


def _keyed_head(path: Path, rigs: Path) -> np.ndarray:
    """The sample head with a jaw that opens and a left smile; jawOpen over the frames."""
    from facemocap_addon.gateway.files.rig_files import open_rig, save_blend

    scene = open_rig(rigs / "arkit_head.blend")
    scene.render.fps, scene.render.fps_base = int(RATE), 1.0
    scene.frame_start, scene.frame_end = 1, FRAMES
    keys = bpy.data.objects["arkit_head"].data.shape_keys.key_blocks
    course = 0.5 - 0.5 * np.cos(np.linspace(0.0, 2.0 * np.pi, FRAMES))
    for frame, value in enumerate(course, start=1):
        keys["jawOpen"].value = 0.7 * value
        keys["jawOpen"].keyframe_insert("value", frame=frame)
        keys["mouthSmileLeft"].value = 0.5 * value**2
        keys["mouthSmileLeft"].keyframe_insert("value", frame=frame)
    save_blend(path)
    return 0.7 * course


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> tuple[Path, np.ndarray]:
    path = tmp_path_factory.mktemp("keyed") / "keyed.blend"
    return path, _keyed_head(path, repo / "sample_rigs")


def test_a_face_goes_to_a_character_without_common_names(
    facemocap: Run, keyed: tuple[Path, np.ndarray], sample_rigs: Path, tmp_path: Path
):
    source, truth = keyed
    out = tmp_path / "toon.take.npz"
    rig = sample_rigs / "toon.blend"
    result = facemocap("solve", source, "--rig", rig, "--out", out, "--json")
    assert result.status == 0, result.err
    document = result.document
    assert document["fit"]["explained"] > 0.7
    assert document["fit"]["mean_mm"] < 0.5 * document["fit"]["nothing_mm"]
    take = read_take(out)
    assert take.samples == FRAMES
    moved = take.values[:, np.ptp(take.values, axis=0) > 0.2]
    alike = [np.corrcoef(column, truth)[0, 1] for column in moved.T]
    assert max(alike) > 0.97
    assert np.abs(moved[[0, -1]]).max() < 0.03
    # on its own character it plays by the map that it carries
    result = facemocap("retarget", out, "--rig", rig, "--out", tmp_path / "shots", "--json")
    assert result.status == 0, result.err
    entry = result.document["rigs"][0]
    moving = {
        n for n, span in zip(take.names, np.ptp(take.values, axis=0), strict=True) if span > 0.2
    }
    assert moving <= set(entry["channels_matched"])


def test_weights_come_back_on_the_same_character(
    facemocap: Run, keyed: tuple[Path, np.ndarray], sample_rigs: Path, tmp_path: Path
):
    source, truth = keyed
    out = tmp_path / "same.take.npz"
    rig = sample_rigs / "arkit_head.blend"
    result = facemocap("solve", source, "--rig", rig, "--out", out, "--smoothness", "0.2")
    assert result.status == 0, result.err
    take = read_take(out)
    jaw = take.values[:, take.column("jawOpen")]
    smile = take.values[:, take.column("mouthSmileLeft")]
    assert np.abs(jaw - truth).max() < 0.05
    assert np.abs(smile - 0.5 * (truth / 0.7) ** 2).max() < 0.1
    assert take.values[:, take.column("mouthSmileRight")].max() < 0.1
    assert np.abs(take.values[:, take.column("headYaw")]).max() < np.radians(0.5)


def _points_take(count: int = 5) -> Take:
    """A head of points that moves and has no face."""
    rng = np.random.default_rng(3)
    rest = rng.normal(0, 0.05, (count, 3))
    course = np.linspace(0, 1, 30)[:, None, None] * [0.01, 0.0, 0.0]
    values, valid = point_values(rest + course, np.ones((30, count), np.bool_))
    names = [f"unknown_{number}" for number in range(count)]
    return make_take(np.arange(30) / 30.0, point_channels(names), values, valid=valid)


@pytest.mark.parametrize("count", [2, 5])
def test_points_that_nobody_knows_are_refused(
    facemocap: Run, sample_rigs: Path, tmp_path: Path, count: int
):
    source = tmp_path / "points.take.npz"
    write_take_file(_points_take(count), source)
    out = tmp_path / "out.take.npz"
    result = facemocap("solve", source, "--rig", sample_rigs / "arkit_head.blend", "--out", out)
    assert result.status == 2
    assert result.complaint
    assert not out.exists()


def test_a_person_says_where_points_are(facemocap: Run, sample_rigs: Path, tmp_path: Path):
    from facemocap_addon.core.point_solve.playing import SOLVE

    source, places = tmp_path / "points.take.npz", tmp_path / "places.json"
    rest = np.array([[0.03, 0.03, 0.0], [-0.03, 0.03, 0.0], [0.0, -0.02, 0.02], [0.0, -0.09, 0.0],
                     [0.05, 0.01, -0.02], [-0.05, 0.01, -0.02]])  # fmt: skip
    course = np.zeros((40, 6, 3))
    course[:, 3, 1] = -0.01 * np.sin(np.linspace(0, np.pi, 40))
    values, valid = point_values(rest + course, np.ones((40, 6), np.bool_))
    names = ["M1", "M2", "M3", "M4", "M5", "M6"]
    write_take_file(
        make_take(np.arange(40) / 30.0, point_channels(names), values, valid=valid), source
    )
    said = ["brow_middle_L", "brow_middle_R", "nose_tip", "chin", "temple_L", "temple_R"]
    places.write_text(json.dumps(dict(zip(names, said, strict=True))), encoding="utf-8")
    out, rig = tmp_path / "out.take.npz", sample_rigs / "arkit_head.blend"
    result = facemocap("solve", source, "--rig", rig, "--out", out, "--places", places)
    assert result.status == 0, result.err
    take = read_take(out)
    assert take.source.details[SOLVE]["fit"]["explained"] > 0.7
    jaw = take.values[:, take.column("jawOpen")]
    assert jaw.argmax() in range(17, 23)
    assert jaw.max() > 0.15


def test_what_is_wrong_is_said_before_blender_is_loaded(
    facemocap: Run, short_take: Path, sample_rigs: Path, tmp_path: Path
):
    rig, out = sample_rigs / "arkit_head.blend", tmp_path / "out.take.npz"
    refused = facemocap("solve", short_take, "--rig", rig, "--out", out)
    assert "no points in space" in refused.complaint
    assert "no name for a take" in facemocap(
        "solve", short_take, "--rig", rig, "--out", tmp_path / "out.csv"
    ).complaint  # fmt: skip
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"smoothnes": 1}), encoding="utf-8")
    refused = facemocap("solve", short_take, "--rig", rig, "--out", out, "--settings", settings)
    assert 'no setting "smoothnes"' in refused.complaint
    places = tmp_path / "places.json"
    for text, complaint in (
        ('{"a": ["head"]}', 'does not say where "a" is'),
        ('{"a": 3}', 'does not say where "a" is'),
        ("[]", "names no points"),
    ):
        places.write_text(text, encoding="utf-8")
        refused = facemocap("solve", short_take, "--rig", rig, "--out", out, "--places", places)
        assert complaint in refused.complaint
    settings.write_text("[1]", encoding="utf-8")
    refused = facemocap("solve", short_take, "--rig", rig, "--out", out, "--settings", settings)
    assert "holds no settings" in refused.complaint


@pytest.mark.shared
def test_markers_go_straight_onto_a_character(
    facemocap: Run, shared: Path, sample_rigs: Path, tmp_path: Path
):
    take = shared / "takes" / "trc" / "AnimFace_JawMoCap_real_markers_60Hz.trc"
    result = facemocap(
        "retarget", take, "--rig", sample_rigs / "arkit_head.blend", "--out", tmp_path,
        "--range", "5:8", "--json",
    )  # fmt: skip
    assert result.status == 0, result.err
    entry = result.document["rigs"][0]
    assert "jawOpen" in entry["channels_matched"]
    assert entry["keys"] > 1000
