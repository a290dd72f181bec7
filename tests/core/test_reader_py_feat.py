# SPDX-License-Identifier: GPL-3.0-or-later
"""py-feat's tables: a real one against another parser and its own landmarks, made-up ones."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_landmarks import (
    EMOTIONS,
    FRAMES,
    PY_FEAT_UNITS,
    csv_text,
    head_path,
    py_feat_rows,
    rotation,
    unit_path,
)
from facemocap_addon.core.channels import arkit_names
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.points import PICTURE, points_of
from facemocap_addon.core.readers import ReadOptions, read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]
HEAD = ("headYaw", "headPitch", "headRoll")


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(np.float64)


@pytest.fixture(scope="module")
def real(shared: Path) -> Path:
    return shared / "takes" / "pyfeat" / "001.csv"


def table_of(path: Path) -> dict[str, list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return {name: [row[k] for row in rows] for k, name in enumerate(header)}


@pytest.mark.shared
def test_the_real_file(real: Path):
    table = table_of(real)
    numbers = {n: np.array(c, float) for n, c in table.items() if n != "input"}
    take = read_take(real)
    assert take.source.format == "py_feat_csv"
    assert take.samples == len(table["frame"]) == 40
    assert any("30 a second is taken: check the length" in w for w in take.warnings)
    for unit in PY_FEAT_UNITS:
        name = f"AU{unit:02d}"
        assert column(take, name) == pytest.approx(numbers[name], abs=1e-6)
    for name in EMOTIONS:
        assert column(take, name) == pytest.approx(numbers[name], abs=1e-6)
    picture = points_of(take, PICTURE)
    for k in range(68):
        expected = np.array([numbers[f"x_{k}"], numbers[f"y_{k}"]])
        assert pytest.approx(expected, abs=1e-3) == picture.positions[:, k].T
    assert take.confidence is not None
    assert take.confidence[:, 0] == pytest.approx(numbers["FaceScore"], abs=1e-6)
    # this version writes no strength for these two
    assert "AU20 never changes and drives nothing." in take.warnings
    assert any(w.startswith("AU07 is only ever 0 or 1 and drives nothing") for w in take.warnings)
    assert not take.has("mouthStretchLeft")
    assert column(take, "mouthSmileLeft") == pytest.approx(numbers["AU12"], abs=1e-6)
    assert column(take, "eyeBlinkRight") == pytest.approx(numbers["AU43"], abs=1e-6)


@pytest.mark.shared
def test_the_head_turns_as_the_landmarks_in_the_picture(real: Path):
    """Signs: the line of the eyes tips with the roll, the nose rises with the pitch."""
    take = read_take(real)
    flat = points_of(take, PICTURE).positions
    eyes = flat[:, 45] - flat[:, 36]
    width = np.linalg.norm(eyes, axis=1)
    # y is down in the picture: an eye line that falls to the picture's right tips to the left
    tipped = np.arctan2(eyes[:, 1], eyes[:, 0])
    assert np.corrcoef(column(take, "headRoll"), tipped)[0, 1] > 0.85
    below = (flat[:, 30, 1] - (flat[:, 36, 1] + flat[:, 45, 1]) / 2) / width
    assert np.corrcoef(column(take, "headPitch"), -below)[0, 1] > 0.85
    aside = (flat[:, 30, 0] - (flat[:, 36, 0] + flat[:, 45, 0]) / 2) / width
    # hardly turns aside: no more than that it is not the other way round
    assert np.corrcoef(column(take, "headYaw"), aside)[0, 1] > 0


def test_a_made_up_head_comes_back(load: Load):
    take = load(csv_text(*py_feat_rows()))
    found = np.stack([column(take, name) for name in HEAD], axis=1)
    assert found == pytest.approx(head_path(), abs=1e-6)
    assert any("taken for degrees" in note for note in take.assumptions)
    # the first turn by hand: positive Yaw is to the subject's right
    header, rows = py_feat_rows(1)
    yaw, pitch, roll = (np.radians(rows[0][header.index(n)]) for n in ("Yaw", "Pitch", "Roll"))
    assert (yaw, pitch, roll) == pytest.approx((0, 0.2, -0.05), abs=1e-2)
    assert rotation(0.1, 0, 0)[:, 2] @ [1, 0, 0] > 0


def test_radians(load: Load):
    header, rows = py_feat_rows()
    for name in ("Yaw", "Pitch", "Roll"):
        for row in rows:
            row[header.index(name)] = np.radians(row[header.index(name)])
    take = load(csv_text(header, rows))
    assert np.stack([column(take, n) for n in HEAD], axis=1) == pytest.approx(head_path(), abs=1e-6)
    assert any("taken for radians" in note for note in take.assumptions)


def two_people() -> tuple[list[str], list[list[Any]]]:
    """Two rows a frame from frame 6 on, the second person's with other units."""
    header, first = py_feat_rows()
    _header, second = py_feat_rows(seed=9)
    rows: list[list[Any]] = []
    for k in range(FRAMES):
        rows += [first[k], *(second[k : k + 1] if k >= 6 else [])]
    return header, rows


def test_rows_of_one_frame_are_people(load: Load, tmp_path: Path):
    take = load(csv_text(*two_people()))
    assert take.source.details["faces"] == {"0": FRAMES, "1": FRAMES - 6}
    assert take.samples == FRAMES
    path = tmp_path / "two.csv"
    path.write_bytes(csv_text(*two_people()))
    other = read_take(path, ReadOptions(face=1))
    place = PY_FEAT_UNITS.index(12)
    expected = unit_path(FRAMES, PY_FEAT_UNITS, 9)[6:, place]
    assert column(other, "AU12") == pytest.approx(expected, abs=1e-6)
    with pytest.raises(FacemocapError, match=r"no person 2: it holds 0, 1\."):
        read_take(path, ReadOptions(face=2))


def test_people_by_identity(load: Load):
    header, rows = two_people()
    seen: dict[int, int] = {}
    for row in rows:
        place = seen[row[-1]] = seen.get(row[-1], -1) + 1
        row.append(f"Person_{1 - place}")
    take = load(csv_text([*header, "Identity"], rows))
    assert take.source.details["faces"] == {"0": FRAMES - 6, "1": FRAMES}
    assert take.samples == FRAMES


def test_frame_numbers_step_and_a_coarse_clock(load: Load):
    """Newer versions skip frames and write minutes and seconds only."""
    header, rows = py_feat_rows(120)
    for k, row in enumerate(rows):
        row[-1] = 2 * k
        row.append(f"00:{int(2 * k / 25):02d}")
    take = load(csv_text([*header, "approx_time"], rows))
    assert take.times == pytest.approx(np.arange(120) * 2 / 25)
    assert '"frame" counts frames; "approx_time" says 25 a second.' in take.assumptions


def test_own_coefficients_go_before_action_units(load: Load):
    header, rows = py_feat_rows()
    names = [name for name in arkit_names() if name != "tongueOut"]
    table = np.random.default_rng(4).uniform(0, 1, (FRAMES, len(names))).round(3)
    rows = [[*row, *more] for row, more in zip(rows, table.tolist(), strict=True)]
    take = load(csv_text([*header, *names], rows))
    assert take.source.format == "py_feat_csv"
    assert column(take, "jawOpen") == pytest.approx(table[:, names.index("jawOpen")], abs=1e-6)
    assert not any("made of action units" in note for note in take.assumptions)


def test_a_low_score_is_lost(load: Load):
    header, rows = py_feat_rows()
    for k in (3, 4):
        rows[k][header.index("FaceScore")] = 0.2
    take = load(csv_text(header, rows))
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [3, 4]
    for row in rows:
        row[5:-2] = [""] * len(row[5:-2])
    with pytest.raises(FacemocapError, match="neither action units nor landmarks"):
        load(csv_text(header, rows))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[:-150], "is cut off in line 25: 23 rows are complete"),
        (lambda text: text.split(b"\n")[0] + b"\n", "has a header and no rows"),
        (lambda text: b"\n".join(text.split(b"\n")[:2]) + b"\n", "has only one sample"),
        (lambda text: text.replace(b",0.99,", b",0.1,"), "no face in any of its 24 samples"),
        (lambda text: b'"' + text, "has a damaged cell"),
    ],
)
def test_damaged_py_feat_tables_say_so(load: Load, change: Callable[[bytes], bytes], says: str):
    with pytest.raises(FacemocapError, match=says):
        load(change(csv_text(*py_feat_rows())))
