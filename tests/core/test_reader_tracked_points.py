# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of tracked points: names of all kinds, gaps, words, units, clocks, and a real one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devtools.made_markers import NAMES, places, points_text, seen
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.point_columns import find_point_columns
from facemocap_addon.core.formats.read_options import ReadOptions
from facemocap_addon.core.points import points_of
from facemocap_addon.core.readers import read_take, sniff_reader
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]


@pytest.mark.parametrize(
    "pattern",
    ["{name}_{axis}", "{name}.{axis}", "{name} {axis}", "{axis}_{name}", "{axis}[{name}]"],
)
@pytest.mark.parametrize("mark", [";", ",", "\t"])
@pytest.mark.parametrize("missing", ["NA", "", "nan"])
def test_names_marks_and_gaps(pattern: str, mark: str, missing: str, load: Load):
    table, flags = places() / 1000, seen()
    data = points_text(table, valid=flags, pattern=pattern, mark=mark, missing=missing)
    take = load(data)
    points = points_of(take)
    assert take.source.format == "tracked_points"
    assert points.names == NAMES
    assert (points.valid == flags).all()
    assert np.abs(points.positions - table)[flags].max() < 1.5e-7
    assert any('"Stimulus"' in warning for warning in take.warnings)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["X.1", "Y.1", "Z.1", "X.2", "Y.2", "Z.2"], ("1", "2")),
        (["X1", "Y1", "Z1", "x1", "y1"], ("1",)),
        (["p1x", "p1y", "p1z"], ("p1",)),
        (["z_a", "y_a", "x_a"], ("a",)),
        (["a_x", "b_x", "a_y", "b_y", "a_z", "b_z"], ("a", "b")),
        (["a_x", "a_y", "b_x", "b_y", "b_z"], ("b",)),
        (["rot_x", "rot_y", "rot_z", "gaze.x", "gaze.y", "gaze.z"], ()),
        (["index", "max", "fuzzy", "x", "y", "z"], ()),
        (["nose.tip.x", "nose.tip.y", "nose.tip.z"], ("nose.tip",)),
    ],
)
def test_columns_are_told_by_their_names(header: list[str], names: tuple[str, ...]):
    found = find_point_columns(header)
    assert found.names == names
    for name, axes in zip(found.names, found.columns, strict=True):
        for axis, column in zip("xyz", axes, strict=True):
            assert axis in header[column].lower()
            assert name.lower() in header[column].lower()


@pytest.mark.parametrize(("unit", "metres"), [("mm", 1e-3), ("cm", 1e-2), ("m", 1.0)])
@pytest.mark.parametrize("form", ["{{name}}_{{axis}} ({unit})", "{{name}}.{{axis}}_{unit}"])
def test_a_unit_in_the_names(unit: str, metres: float, form: str, load: Load):
    data = points_text(places() / 1000 / metres, pattern=form.format(unit=unit))
    take = load(data)
    assert points_of(take).names == NAMES
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=1e-6)
    assert not any("No unit" in note for note in (*take.assumptions, *take.warnings))


def test_columns_in_any_order(load: Load):
    rows = [line.split(";") for line in points_text(places() / 1000).decode().splitlines()]
    order = np.random.default_rng(4).permutation(len(rows[0])).tolist()
    take = load("\n".join(";".join(row[k] for k in order) for row in rows).encode() + b"\n")
    points = points_of(take)
    assert sorted(points.names) == sorted(NAMES)
    for name in NAMES:
        found = points.positions[:, points.names.index(name)]
        assert found == pytest.approx(places()[:, NAMES.index(name)] / 1000, abs=2e-7)


def test_decimal_commas(load: Load):
    data = points_text(places() / 1000).replace(b".", b",")
    assert points_of(load(data)).positions == pytest.approx(places() / 1000, abs=2e-7)


def test_clocks(tmp_path: Path):
    path = tmp_path / "points.csv"
    path.write_bytes(points_text(places() / 1000, clock="time_s"))
    take = read_take(path)
    assert take.times == pytest.approx(np.arange(40) / 50)
    path.write_bytes(points_text(places() / 1000))
    take = read_take(path)
    assert take.times == pytest.approx(np.arange(40) / 30)
    assert any("check the length" in warning for warning in take.warnings)
    take = read_take(path, ReadOptions(rate_hz=25.0))
    assert take.times == pytest.approx(np.arange(40) / 25)
    path.write_bytes(points_text(places() / 1000, clock="note"))
    take = read_take(path, ReadOptions(rate_hz=24.0))
    assert take.times == pytest.approx(np.arange(40) / 24)


def test_tables_of_something_else_are_not_taken():
    assert (
        sniff_reader(b"frame, AU01_r, x_a, y_a, z_a, x_b, y_b, z_b, x_c, y_c, z_c\n1,0\n") is None
    )
    assert sniff_reader(b"date,price,max\n1,2,3\n") is None
    weights = b",".join(
        b"jawOpen mouthClose eyeBlinkLeft a_x a_y a_z b_x b_y b_z c_x c_y c_z".split()
    )
    found = sniff_reader(weights + b"\n" + b"0," * 11 + b"0\n")
    assert found is None or found.format != "tracked_points"


# --- a real recording ----------------------------------------------------------------------------


@pytest.mark.shared
def test_a_real_table_equals_an_independent_reading(shared: Path):
    path = shared / "takes" / "blender_tracks" / "blenderFace_Subject_01.csv"
    take = read_take(path)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file, delimiter=";")
    cells = [[np.nan if c == "NA" else float(c) for c in row[1:-1]] for row in rows]
    table = np.array(cells).reshape(1714, 16, 3)
    points = points_of(take)
    assert take.samples == len(rows) == 1714
    assert points.names == tuple(name[:-2] for name in header[1:-1:3])
    there = np.isfinite(table).all(axis=2)
    assert (points.valid == there).all()
    # 799 rows of NA before the first and 64 after the last that is tracked
    assert np.flatnonzero(points.valid.any(axis=1))[[0, -1]].tolist() == [799, 1649]
    # Blender's units are no metres here: the face would be 57 cm high
    factor = float((points.positions[there] / table[there])[0, 0])
    assert points.positions[there] == pytest.approx(table[there] * factor, rel=1e-5)
    assert np.ptp(points.positions[900], axis=0).max() == pytest.approx(0.15, abs=0.01)
    assert any("scaled to 15 cm" in warning for warning in take.warnings)
    assert any('"Stimulustype"' in warning for warning in take.warnings)
    assert float(take.timebase.rate) == 30


# --- damage --------------------------------------------------------------------------------------

TEXT = points_text(places() / 1000, valid=seen())
HEAD, BODY = TEXT.split(b"\n", 1)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (HEAD + b"\n", "has a header and no rows"),
        (HEAD + b"\n" + BODY.split(b"\n", maxsplit=1)[0] + b"\n", "has only one sample"),
        (TEXT[:-100], "is cut off in line 41: 39 samples are complete"),
        (HEAD + b"\n" + BODY.replace(b";0.", b";0;0."), "where its header has 47"),
        (points_text(places(), valid=np.zeros((40, 15), bool)), "has no tracked point in any"),
        (TEXT.replace(b"\n20;", b"\n5;"), "is not in the order of time: line 21"),
        (HEAD + b"\n" + BODY.replace(b";", b';"', 1), "has a damaged cell"),
    ],
    ids=range(7),
)  # fmt: skip
def test_table_refusals(data: bytes, says: str, load: Load):
    with pytest.raises(FacemocapError) as caught:
        load(data)
    assert says in caught.value.what
    assert caught.value.todo


def test_words_among_the_numbers_are_missing(load: Load):
    rows = [line.split(";") for line in points_text(places() / 1000).decode().splitlines()]
    rows[7][5] = "lost"
    take = load("\n".join(";".join(row) for row in rows).encode() + b"\n")
    assert np.argwhere(~points_of(take).valid).tolist() == [[6, 1]]
    assert any('line 8: "lost"' in warning for warning in take.warnings)
