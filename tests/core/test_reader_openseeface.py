# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSeeFace's logs: the columns its header leaves out, and what its rotation really is."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_landmarks import (
    FEATURES,
    FRAMES,
    csv_text,
    face_points,
    head_path,
    openseeface_rows,
)
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.points import PICTURE, SPACE, points_of
from facemocap_addon.core.readers import ReadOptions, read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]
HEAD = ("headYaw", "headPitch", "headRoll")
#: Where the tracker's 66 landmarks are among the 68, written out.
AMONG_68 = [*range(48), 49, 50, 51, 52, 53, 55, 56, 57, 58, 59, 48, 61, 62, 63, 54, 65, 66, 67]


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(np.float64)


@pytest.fixture(scope="module")
def real(shared: Path) -> Path:
    return shared / "takes" / "openseeface" / "osf_single_face.csv"


def values_of(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    words = {"True": "1", "False": "0"}
    return header, np.array([[float(words.get(cell, cell)) for cell in row] for row in rows])


@pytest.mark.shared
def test_columns_that_the_header_leaves_out(real: Path):
    header, values = values_of(real)
    assert (len(header), values.shape) == (435, (72, 453))
    take = read_take(real)
    assert take.source.format == "openseeface_csv"
    assert take.samples == 72
    flat = values[:, 25:229].reshape(72, 68, 3)
    deep = values[:, 229:439].reshape(72, 70, 3)
    picture = points_of(take, PICTURE)
    assert picture.confidence is not None
    for own, landmark in enumerate(AMONG_68):
        place = picture.names.index(f"image_lm68_{landmark:02d}")
        assert picture.positions[:, place] == pytest.approx(flat[:, own, :2], abs=1e-4)
        trust = np.clip(flat[:, own, 2], 0, 1)
        assert picture.confidence[:, place] == pytest.approx(trust, abs=1e-6)
    for own, name in ((66, "image_pupilRight"), (67, "image_pupilLeft")):
        place = picture.names.index(name)
        assert picture.positions[:, place] == pytest.approx(flat[:, own, :2], abs=1e-4)
    space = points_of(take, SPACE)
    corners = np.median(np.linalg.norm(deep[:, 36] - deep[:, 45], axis=1))
    for own, landmark in enumerate(AMONG_68):
        place = space.names.index(f"lm68_{landmark:02d}")
        expected = -deep[:, own] * 0.09 / corners
        assert space.positions[:, place] == pytest.approx(expected, abs=1e-6)
    for k, name in enumerate(FEATURES):
        assert column(take, name) == pytest.approx(values[:, 439 + k], abs=1e-6)
    assert not {"image_lm68_60", "image_lm68_64"} & set(picture.names)


@pytest.mark.shared
def test_the_outline_of_the_mouth_is_in_the_order_of_the_68(real: Path):
    take = read_take(real)
    picture = points_of(take, PICTURE)
    first = {n: picture.positions[0, k] for k, n in enumerate(picture.names)}
    mouth = {n: at for n, at in first.items() if n >= "image_lm68_48"}
    across = {n: at[0] for n, at in mouth.items() if n.startswith("image_lm68")}
    assert min(across, key=lambda n: across[n]) == "image_lm68_48"
    assert max(across, key=lambda n: across[n]) == "image_lm68_54"
    # the lower lip's outline runs back, below the upper one
    lower = [across[f"image_lm68_{k}"] for k in range(54, 60)]
    assert lower == sorted(lower, reverse=True)
    assert first["image_lm68_57"][1] > first["image_lm68_51"][1]


@pytest.mark.shared
def test_frames_are_counted_and_the_wall_clock_is_not_used(real: Path):
    take = read_take(real)
    assert take.rate_hz == pytest.approx(30)
    assert take.duration_s == pytest.approx(71 / 30)
    assert any("no time of the video" in note for note in take.assumptions)
    assert any("30 a second is taken: check the length" in w for w in take.warnings)
    given = read_take(real, ReadOptions(rate_hz=25))
    assert given.duration_s == pytest.approx(71 / 25)
    assert not any("check the length" in w for w in given.warnings)


@pytest.mark.shared
def test_head_and_eyes_turn_as_the_picture_shows(real: Path):
    take = read_take(real)
    picture = points_of(take, PICTURE)
    at = {n: picture.positions[:, k] for k, n in enumerate(picture.names)}
    # the head's place seen by a camera as wide as it is far: the tip of the nose
    away = -column(take, "headZ")
    seen = [320 + 640 * column(take, "headX") / away, 180 - 640 * column(take, "headY") / away]
    assert np.abs(np.stack(seen, axis=1) - at["image_lm68_30"]).max() < 3
    eyes = at["image_lm68_45"] - at["image_lm68_36"]
    middle = (at["image_lm68_45"] + at["image_lm68_36"]) / 2
    nose = (at["image_lm68_30"] - middle) / np.linalg.norm(eyes, axis=1, keepdims=True)
    assert np.corrcoef(column(take, "headPitch"), -nose[:, 1])[0, 1] > 0.85
    tipped = np.arctan2(eyes[:, 1], eyes[:, 0])
    assert np.corrcoef(column(take, "headRoll"), tipped)[0, 1] > 0.6
    # no more than that yaw is not the other way round: this man hardly turns aside
    assert np.corrcoef(column(take, "headYaw"), nose[:, 0])[0, 1] > 0
    for side, corners in (("Right", (36, 39)), ("Left", (42, 45))):
        first, last = (at[f"image_lm68_{k}"] for k in corners)
        off = (at[f"image_pupil{side}"] - (first + last) / 2) / (last - first)[:, :1]
        name = side.lower()
        assert np.corrcoef(column(take, f"{name}EyeYaw"), -off[:, 0])[0, 1] > 0.98
        assert np.corrcoef(column(take, f"{name}EyePitch"), off[:, 1])[0, 1] > 0.95


def test_a_made_up_log_comes_back(load: Load):
    take = load(csv_text(*openseeface_rows(), ending="\r\n"))
    found = np.stack([column(take, name) for name in HEAD], axis=1)
    assert found == pytest.approx(head_path(), abs=1e-6)
    points = face_points(4)
    space = points_of(take, SPACE)
    for own, landmark in enumerate(AMONG_68):
        place = space.names.index(f"lm68_{landmark:02d}")
        assert space.positions[:, place] == pytest.approx(
            np.tile(points[own], (FRAMES, 1)), abs=1e-6
        )
    assert column(take, "eyeBlinkRight") == pytest.approx(0.25)
    assert column(take, "eyeBlinkLeft") == pytest.approx(0.0)
    assert take.channels[take.column("eyeBlinkRight")].original == "RightOpen"
    # both pupils are off to the subject's left: yaw is positive to the right
    for side in ("left", "right"):
        assert column(take, f"{side}EyeYaw") == pytest.approx(-np.arctan2(0.02, 0.08), abs=1e-6)
        assert column(take, f"{side}EyePitch") == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("ending", ["\n", "\r\r\n"])
def test_line_ends_of_a_text_file(load: Load, ending: str):
    plain = load(csv_text(*openseeface_rows(), ending="\r\n"))
    assert load(csv_text(*openseeface_rows(), ending=ending)).digest == plain.digest


def test_a_header_that_is_whole(load: Load):
    """A later version may name all columns; then names count."""
    header, rows = openseeface_rows()
    flat = [f"Landmark[{k}].{a}" for k in range(68) for a in ("X", "Y", "Confidence")]
    deep = [f"Point3D[{k}].{a}" for k in range(70) for a in "XYZ"]
    whole = load(csv_text([*header[:25], *flat, *deep, *FEATURES], rows))
    assert whole.digest == load(csv_text(header, rows)).digest


def test_lost_in_space_is_still_found_in_the_picture(load: Load):
    header, rows = openseeface_rows()
    for k in (2, 3):
        rows[k][header.index("Success3D")] = "False"
    take = load(csv_text(header, rows))
    assert np.flatnonzero(~points_of(take, SPACE).valid[:, 5]).tolist() == [2, 3]
    assert np.flatnonzero(~take.valid[:, take.column("headYaw")]).tolist() == [2, 3]
    assert points_of(take, PICTURE).valid.all()


def test_a_camera_s_clock_is_real_time(load: Load):
    header, rows = openseeface_rows()
    for k, row in enumerate(rows):
        row[header.index("FPS")] = 24
        row[header.index("Time")] = 1.7e9 + k / 24 + 0.004 * (k % 2)
    take = load(csv_text(header, rows))
    clock = np.array([row[header.index("Time")] for row in rows])
    assert take.times == pytest.approx(clock - clock[0], abs=1e-6)


def test_two_faces_in_one_log(tmp_path: Path, load: Load):
    header, first = openseeface_rows()
    _header, second = openseeface_rows(10, face=1)
    rows: list[list[Any]] = sorted([*first, *second], key=lambda row: row[0])
    take = load(csv_text(header, rows))
    assert take.source.details["faces"] == {"0": FRAMES, "1": 10}
    path = tmp_path / "two.csv"
    path.write_bytes(csv_text(header, rows))
    assert read_take(path, ReadOptions(face=1)).samples == 10
    with pytest.raises(FacemocapError, match=r"no person 3: it holds 0, 1\."):
        read_take(path, ReadOptions(face=3))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[:-700], "is cut off in line 25: 23 rows are complete"),
        (lambda text: text.split(b"\n")[0] + b"\n", "has a header and no rows"),
        (lambda text: b"\n".join(text.split(b"\n")[:2]) + b"\n", "has only one sample"),
        (lambda text: text.replace(b",0.9,True", b",0.9,1,True"), "has 454 cells in line 2"),
        (lambda text: text.replace(b"Landmark[0].X,", b"", 1), "of no format"),
        (lambda text: b'"' + text, "has a damaged cell"),
    ],
)
def test_damaged_logs_say_so(load: Load, change: Callable[[bytes], bytes], says: str):
    with pytest.raises(FacemocapError, match=says):
        load(change(csv_text(*openseeface_rows())))
