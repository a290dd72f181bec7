# SPDX-License-Identifier: GPL-3.0-or-later
"""TRC files: made up, real ones, against the C3D file of the same take, and damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devtools.made_markers import NAMES, places, seen, trc
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.read_options import ReadOptions
from facemocap_addon.core.points import points_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("blank", [True, False])
@pytest.mark.parametrize("trailing", ["", "\t"])
def test_a_made_up_file(ending: str, blank: bool, trailing: str, load: Load):
    table, flags = places(), seen()
    take = load(trc(table, valid=flags, ending=ending, blank=blank, trailing=trailing))
    points = points_of(take)
    assert take.source.format == "trc"
    assert points.names == NAMES
    assert (points.valid == flags).all()
    assert np.abs(points.positions - table / 1000)[flags].max() < 1.5e-7
    # times are written with five decimals; the frames' own are exact
    assert (take.times == np.arange(40) / 60).all()


@pytest.mark.parametrize(
    ("unit", "metres"), [("mm", 1e-3), ("cm", 1e-2), ("m", 1.0), ("", 1e-3), ("inches", 0.0254)]
)
def test_units_of_trc(unit: str, metres: float, load: Load):
    table = (places() * 0.001 / metres).round(2) if metres < 0.1 else places().round(-1) / 1000
    take = load(trc(table, header={"Units": unit}))
    assert points_of(take).positions == pytest.approx(table * metres, abs=2e-7)


def test_the_number_of_markers_may_lie(load: Load):
    for told in ("0", "3", "99"):
        take = load(trc(places(), header={"NumMarkers": told}))
        assert points_of(take).names == NAMES
        assert any(f"says {told} markers and names 15" in warning for warning in take.warnings)


def test_names_with_blanks_dots_and_nothing(load: Load):
    names = ["a b", " c.d ", "Bob:e", "Bob:e", "*7"]
    points = points_of(load(trc(places()[:, :5], names)))
    assert points.names == ("a b", "c.d", "Bob:e", "Bob:e 2", "*7")
    data = trc(places()[:, :3], ["a", "", "c"])
    assert points_of(load(data)).names == ("a", "point 2", "c")
    # names side by side and not above their X
    data = trc(places()[:, :3], ["a", "b", "c"]).replace(b"a\t\t\tb\t\t\tc\t\t", b"a\tb\tc")
    points = points_of(load(data))
    assert points.names == ("a", "b", "c")
    assert points.positions == pytest.approx(places()[:, :3] / 1000, abs=2e-7)


def test_times_that_are_not_those_of_the_frames(load: Load):
    lines = trc(places()).decode().split("\n")
    for row, line in enumerate(lines[6:-1]):
        cells = line.split("\t")
        cells[1] = f"{row / 50 + 0.001 * (row % 2):.4f}"
        lines[6 + row] = "\t".join(cells)
    take = load("\n".join(lines).encode())
    assert take.times == pytest.approx(np.arange(40) / 50 + 0.001 * (np.arange(40) % 2))


def test_lost_frames_are_gaps(load: Load):
    lines = trc(places()).split(b"\n")
    take = load(b"\n".join(lines[:16] + lines[20:]))
    assert take.samples == 40
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [10, 11, 12, 13]
    assert any("1 gap in time, 4 samples are missing" in warning for warning in take.warnings)


@pytest.mark.parametrize("rate", ["0.00", "x"])
def test_a_file_without_rate_goes_by_its_times(rate: str, load: Load):
    data = trc(places()).replace(b"60.00", rate.encode())
    take = load(data)
    assert take.times == pytest.approx(np.arange(40) / 60, abs=1e-5)


def test_the_option_rate_is_for_files_without_times(tmp_path: Path):
    lines = trc(places()).replace(b"60.00", b"").split(b"\n")
    for row in range(6, 46):
        cells = lines[row].split(b"\t")
        cells[1] = b""
        lines[row] = b"\t".join(cells)
    path = tmp_path / "take.trc"
    path.write_bytes(b"\n".join(lines))
    assert read_take(path).duration_s == pytest.approx(39 / 60)
    take = read_take(path, ReadOptions(rate_hz=100.0))
    assert take.duration_s == pytest.approx(39 / 100)
    assert not any("not used" in warning for warning in take.warnings)


def test_short_rows_lack_the_points_at_their_end(load: Load):
    lines = trc(places()).split(b"\n")
    lines[9] = lines[9].rsplit(b"\t", 3)[0]
    points = points_of(load(b"\n".join(lines)))
    assert np.argwhere(~points.valid).tolist() == [[3, 14]]


# --- real recordings -----------------------------------------------------------------------------


def table_of(path: Path, first: int) -> np.ndarray:
    """Rows of a file, NaN where a cell is empty."""
    lines = path.read_text(encoding="latin-1").splitlines()[first:]
    rows = [[float(c) if c.strip() else np.nan for c in line.split("\t")] for line in lines if line]
    return np.array(rows)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "frames", "points", "rate", "names"),
    [
        ("AnimFace_JawMoCap_real_markers_60Hz", 1590, 41, 60, ("ForeHead_M", "ForeHead_L")),
        ("BTK_MOTEK__T", 89, 41, 30, ("RFHD", "LBHD")),
        ("BTK_TRCSamples__Knee", 200, 71, 200, ("genou1_ NewMarker", "genou1_NewMarker1")),
    ],
)
def test_real_trc_files_equal_an_independent_reading(
    name: str, frames: int, points: int, rate: float, names: tuple[str, ...], shared: Path
):
    path = shared / "takes" / "trc" / f"{name}.trc"
    take = read_take(path)
    found = points_of(take)
    assert (take.samples, len(found), found.names[:2]) == (frames, points, names)
    assert take.rate_hz == pytest.approx(rate)
    assert take.duration_s == pytest.approx((frames - 1) / rate)
    table = table_of(path, 6)
    expected = table[:, 2 : 2 + 3 * points].reshape(frames, points, 3) / 1000
    there = np.isfinite(expected).all(axis=2)
    assert (found.valid == there).all()
    ours = found.positions
    if name == "BTK_MOTEK__T":
        # the names' left is along +Z and the person looks along -X
        ours = np.stack([-ours[..., 2], ours[..., 1], ours[..., 0]], axis=-1)
    assert np.abs(ours - expected)[there].max() < 3e-7


@pytest.mark.shared
def test_what_the_knee_lost(shared: Path):
    path = shared / "takes" / "trc" / "BTK_TRCSamples__Knee.trc"
    take = read_take(path)
    cells = path.read_text(encoding="latin-1").splitlines()[6:]
    empty = sum(not cell.strip() for row in cells if row for cell in row.split("\t"))
    assert int((~take.valid).sum()) == empty == 10_386
    assert len(take.not_recorded) == 3 * 17


@pytest.mark.shared
def test_trc_c3d_and_maya_hold_the_same_take(shared: Path):
    folder = shared / "takes"
    c3d = read_take(folder / "c3d" / "AnimFace_JawMoCap_real_markers_60Hz.c3d")
    trc_take = read_take(folder / "trc" / "AnimFace_JawMoCap_real_markers_60Hz.trc")
    assert c3d.names == trc_take.names
    assert (c3d.times == trc_take.times).all()
    assert c3d.valid.all()
    assert trc_take.valid.all()
    # the text has a ten thousandth of a millimetre
    assert np.abs(c3d.values - trc_take.values).max() < 0.5e-7 + 1.2e-7
    scene = read_take(folder / "maya_markers" / "AnimFace_JawMoCap.ma")
    assert (scene.times == c3d.times).all()
    # the scene spells one name another way
    assert [n.lower() for n in scene.names] == [n.lower() for n in c3d.names]
    assert np.abs(scene.values - c3d.values).max() < 1.2e-7


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("BTK_Empty.trc", "is empty"),
        ("BTK_TRCSamples__Truncated.trc", "is cut off in its header: it names no markers (Frame#)"),
    ],
)
def test_damaged_real_files(name: str, says: str, shared: Path):
    with pytest.raises(FacemocapError) as caught:
        read_take(shared / "takes" / "trc" / name)
    assert caught.value.what == f'"{name}" {says}'


TRC = trc(places())
HEADER = TRC.index(b"\n1\t0.0") + 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (TRC[:40], "is cut off in its header"),
        (TRC[:HEADER], "has a header and no samples"),
        (TRC[: TRC.index(b"\n", HEADER) + 1], "has only one sample"),
        (TRC[:-50], "is cut off in line 46: 39 samples are complete"),
        (TRC[:-2], "is cut off in line 46"),
        (trc(places(), valid=np.zeros((40, 15), bool)), "has no tracked point in any of its 40"),
        (TRC.replace(b"Frame#", b"Rahmen"), "no line of it begins with Frame#"),
        (TRC.replace(b"\t12", b"\t1\t2"), "cells in line 7 where its header has 47"),
        (b"\n".join(TRC.split(b"\n")[:6] + TRC.split(b"\n")[:5:-1][1:]), "not in the order of"),
    ],
    ids=range(9),
)
def test_trc_refusals(data: bytes, says: str, load: Load):
    with pytest.raises(FacemocapError) as caught:
        load(data)
    assert says in caught.value.what
    assert caught.value.todo


def test_trc_that_is_cut_anywhere_is_refused(load: Load):
    for kept in range(len(TRC) - 2, HEADER + 700, -97):
        if TRC[kept - 1 : kept] != b"\n":
            with pytest.raises(FacemocapError, match="is cut off in line"):
                load(TRC[:kept])
