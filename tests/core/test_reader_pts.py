# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of one picture a file (.pts): one alone, and those that are a video together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devtools.made_landmarks import pts_text
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.points import PICTURE, SPACE, points_of
from facemocap_addon.core.readers import ReadOptions, read_take
from facemocap_addon.core.take import Take


def without_a_line(data: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([*lines[:9], *lines[10:]])


FLAT = np.random.default_rng(6).uniform(0, 640, (30, 68, 2)).round(3)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Thirty pictures from number 5 on, without number 15; others' files stand beside them."""
    for k in range(30):
        if k != 10:
            (tmp_path / f"clip2_{k + 5:04d}.pts").write_bytes(pts_text(FLAT[k]))
    (tmp_path / "clip3_0006.pts").write_bytes(pts_text(FLAT[0] + 1))
    (tmp_path / "clip2_0006.txt").write_bytes(b"notes")
    (tmp_path / "clip2_.pts").write_bytes(b"notes")
    return tmp_path / "clip2_0008.pts"


def test_a_video_of_pictures(video: Path):
    take = read_take(video)
    assert take.source.format == "pts_68"
    assert take.source.details == {"files": 29}
    assert take.samples == 30
    assert take.times == pytest.approx(np.arange(30) / 30)
    picture = points_of(take, PICTURE)
    assert picture.names == tuple(f"image_lm68_{k:02d}" for k in range(68))
    assert np.flatnonzero(~picture.valid.any(axis=1)).tolist() == [10]
    there = np.delete(np.arange(30), 10)
    assert picture.positions[there] == pytest.approx(FLAT[there], abs=1e-4)
    assert len(points_of(take, SPACE)) == 0
    assert any(
        "29 files are the frames of one video, clip2_0005.pts" in n for n in take.assumptions
    )
    assert any("30 a second is taken: check the length" in w for w in take.warnings)


def test_any_picture_of_a_video_names_it(video: Path):
    takes = [read_take(video.with_name(f"clip2_{k:04d}.pts")) for k in (5, 20)]
    assert takes[0].digest == takes[1].digest


def test_the_rate_of_pictures(video: Path):
    take = read_take(video, ReadOptions(rate_hz=50))
    assert take.times == pytest.approx(np.arange(30) / 50)
    assert '"frame" counts frames; the option rate says 50 a second.' in take.assumptions


def test_numbers_without_noughts_are_in_their_own_order(tmp_path: Path):
    for k in range(8, 13):
        (tmp_path / f"{k}.pts").write_bytes(pts_text(FLAT[k]))
    take = read_take(tmp_path / "8.pts")
    assert points_of(take, PICTURE).positions == pytest.approx(FLAT[8:13], abs=1e-4)


def test_one_picture_is_a_pose(tmp_path: Path):
    path = tmp_path / "portrait.pts"
    path.write_bytes(pts_text(FLAT[0]))
    take = read_take(path)
    assert take.samples == 1
    assert "The file holds one sample: a pose, not a movement." in take.warnings
    assert points_of(take, PICTURE).positions[0] == pytest.approx(FLAT[0], abs=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data + b"\n\n",
        lambda data: data.replace(b"version: 1\n", b""),
        lambda data: data.replace(b"n_points:  68", b"n_points: 68"),
        lambda data: data.replace(b" ", b"\t"),
    ],
)
def test_spellings_of_the_file(tmp_path: Path, change: Callable[[bytes], bytes]):
    path = tmp_path / "portrait.pts"
    path.write_bytes(change(pts_text(FLAT[1])))
    assert points_of(read_take(path), PICTURE).positions[0] == pytest.approx(FLAT[1], abs=1e-4)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:-40], "is cut off: its last bracket is missing"),
        (without_a_line, "has 67 lines of points"),
        (lambda data: data.replace(b"68", b"51", 1), "has 51 points where 68 are read"),
        (lambda data: data.replace(b"{\n", b"{\n1 2\n"), "has 69 lines of points"),
        (lambda data: data.replace(b"{\n", b"{\n1 "), "has a line that is no point of two"),
        (lambda data: data.replace(b"{\n", b"{\nx"), "has a point that is no number"),
        (lambda data: data.replace(b"{", b""), "has a damaged header"),
        (lambda data: data + b" " * 70_000, "is too large for the landmarks of one picture"),
    ],
)
def test_damaged_pictures_say_so(tmp_path: Path, change: Callable[[bytes], bytes], says: str):
    path = tmp_path / "portrait.pts"
    path.write_bytes(change(pts_text(FLAT[0])))
    with pytest.raises(FacemocapError, match=says):
        read_take(path)


def test_a_damaged_picture_in_a_video_is_named(video: Path):
    video.with_name("clip2_0012.pts").write_bytes(pts_text(FLAT[7])[:-20])
    with pytest.raises(FacemocapError, match=r'"clip2_0012\.pts" is cut off'):
        read_take(video)


def test_points_that_are_nowhere_are_not_tracked(tmp_path: Path):
    path = tmp_path / "portrait.pts"
    lines = pts_text(FLAT[0]).split(b"\n")
    lines[5] = b"nan nan"
    path.write_bytes(b"\n".join(lines))
    take: Take = read_take(path)
    assert np.argwhere(~points_of(take, PICTURE).valid).tolist() == [[0, 2]]
