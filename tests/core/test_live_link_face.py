# SPDX-License-Identifier: GPL-3.0-or-later
"""The Live Link Face reader on real takes, against an independent reading, and on re-saves."""

from __future__ import annotations

import csv
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from live_link_rows import HEADER, Rows, join, make_rows, values_of

from facemocap_addon.core.channels import arkit_schema, canonical_channel
from facemocap_addon.core.formats.live_link_csv import COLUMNS
from facemocap_addon.core.readers import read_take, sniff_reader
from facemocap_addon.core.take import Take

REAL = ("JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv")


# --- real takes ----------------------------------------------------------------------------------


def independent_reading(path: Path) -> tuple[list[float], dict[str, list[float]]]:
    """Read times and columns with the csv module, float and exact fractions."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    codes = [row[0].split(":") for row in rows]
    base = 60 if any(Fraction(code[3]) >= 30 for code in codes) else 30
    clock = [
        3600 * int(code[0]) + 60 * int(code[1]) + int(code[2]) + Fraction(code[3]) / base
        for code in codes
    ]
    times = [float(moment - clock[0]) for moment in clock]
    return times, {
        name[0].lower() + name[1:]: [float(row[index]) for row in rows]
        for index, name in enumerate(header)
        if index >= 2
    }


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_takes_equal_an_independent_reading(shared: Path, name: str):
    path = shared / "takes" / "livelinkface" / name
    take = read_take(path)
    times, columns = independent_reading(path)
    rows = np.flatnonzero(take.valid.any(axis=1))
    assert len(rows) == len(times)
    # the same rational number on both sides, rounded once
    assert np.abs(take.times[rows] - times).max() < 1e-12
    assert set(take.names) == set(columns)
    for channel, expected in columns.items():
        found = take.values[rows, take.column(channel)]
        assert found.tobytes() == np.array(expected).astype(np.float32).tobytes(), channel


@pytest.mark.shared
def test_the_talking_take_has_the_manifest_s_figures(shared: Path):
    take = read_take(shared / "takes" / "livelinkface" / REAL[0])
    assert take.samples == 328
    assert take.duration_s == pytest.approx(5.45, abs=0.005)
    assert (take.samples - 1) / take.duration_s == pytest.approx(59.964, abs=0.001)
    assert take.timebase.rate == 60
    assert take.timebase.start_timecode == "00:32:09:07.867"
    blink = take.values[:, take.column("eyeBlinkLeft")]
    jaw = take.values[:, take.column("jawOpen")]
    assert blink.max() == pytest.approx(0.887, abs=5e-4)
    assert (jaw.min(), jaw.max()) == pytest.approx((0.054, 0.816), abs=5e-4)
    assert take.not_recorded == ("headYaw", "headPitch", "headRoll")
    assert not take.valid[:, take.column("headYaw")].any()
    assert take.valid[:, take.column("leftEyePitch")].all()
    assert any("radians" in note for note in take.assumptions)
    assert any("Head rotation was not recorded" in warning for warning in take.warnings)


@pytest.mark.shared
def test_the_30_hz_take_under_a_60_based_timecode(shared: Path):
    take = read_take(shared / "takes" / "livelinkface" / REAL[1])
    tracked = take.valid.any(axis=1)
    assert int(tracked.sum()) == 4030
    assert take.duration_s == pytest.approx(134.4, abs=0.05)
    assert (4030 - 1) / take.duration_s == pytest.approx(29.98, abs=0.005)
    assert take.timebase.rate == 30
    # three real drops, one row each
    lost = np.flatnonzero(~tracked)
    assert len(lost) == 3
    assert (np.diff(lost) > 1).all()
    assert take.samples == 4033
    assert take.values[:, take.column("tongueOut")].max() == pytest.approx(1.0, abs=1e-6)
    assert int((take.values > 1).sum()) == 1
    assert take.values[:, take.column("eyeBlinkLeft")].max() == pytest.approx(0.994, abs=5e-4)


def test_the_sample_take_reads(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    assert take.not_recorded == ()
    assert take.has("headYaw")
    times, columns = independent_reading_with_gaps(sample_rigs / "sample_take.csv")
    rows = np.searchsorted(take.times, np.array(times) - 1e-9)
    assert np.abs(take.times[rows] - times).max() < 1e-9
    for name in ("jawOpen", "headYaw"):
        found = take.values[rows, take.column(name)]
        assert found.tobytes() == np.array(columns[name]).astype(np.float32).tobytes()


def independent_reading_with_gaps(path: Path) -> tuple[list[float], dict[str, list[float]]]:
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    code = rows[0][0].split(":")
    start = 3600 * int(code[0]) + 60 * int(code[1]) + int(code[2]) + Fraction(code[3]) / 60
    times: list[float] = []
    columns: dict[str, list[float]] = {name[0].lower() + name[1:]: [] for name in header[2:]}
    for row in rows:
        if row[1] == "0":
            continue
        code = row[0].split(":")
        moment = 3600 * int(code[0]) + 60 * int(code[1]) + int(code[2]) + Fraction(code[3]) / 60
        times.append(float(moment - start))
        for name, cell in zip(columns, row[2:], strict=True):
            columns[name].append(float(cell))
    return times, columns


# --- re-saves and imitations ---------------------------------------------------------------------


def with_commas(rows: Rows) -> Rows:
    """Decimal commas, the timecode left alone, as a German Excel saves it."""
    return [[row[0], *(cell.replace(".", ",") for cell in row[1:])] for row in rows]


RESAVES: dict[str, Callable[[Rows], bytes]] = {
    "bom": lambda rows: b"\xef\xbb\xbf" + join(rows),
    "utf-16": lambda rows: join(rows).decode().encode("utf-16"),
    "crlf": lambda rows: join(rows, ending="\r\n"),
    "crcrlf": lambda rows: join(rows, ending="\r\r\n"),
    "cr": lambda rows: join(rows, ending="\r"),
    "Excel": lambda rows: b"\xef\xbb\xbf" + join(with_commas(rows), ";", "\r\n"),
    "commas everywhere": lambda rows: join(rows, ";").replace(b".", b","),
    "tabs": lambda rows: join(rows, "\t"),
    "spaces": lambda rows: join([[f" {cell} " for cell in row] for row in rows]),
    "quotes": lambda rows: join([[f'"{cell}"' for cell in row] for row in rows]),
    "quoted commas": lambda rows: join(
        [[f'"{cell}"' for cell in row] for row in with_commas(rows)]
    ),
    "no last line end": lambda rows: join(rows).rstrip(b"\n"),
    "blank rows": lambda rows: join([*rows, [], ["", "", ""], [" "]]),
    "trailing delimiter": lambda rows: join([[*row, ""] for row in rows]),
    "columns reversed": lambda rows: join([row[::-1] for row in rows]),
}


@pytest.mark.parametrize("kind", RESAVES)
def test_resaves_read_as_the_original(kind: str, load: Callable[[bytes], Take]):
    rows = make_rows()
    original = load(join([HEADER, *rows]))
    found = load(RESAVES[kind]([HEADER, *rows]))
    assert found.timebase == original.timebase
    assert (found.times == original.times).all()
    assert found.warnings == original.warnings
    for name in COLUMNS:
        a, b = original.column(name), found.column(name)
        assert found.values[:, b].tobytes() == original.values[:, a].tobytes()
        assert (found.valid[:, b] == original.valid[:, a]).all()


@pytest.mark.parametrize(
    "spell",
    [
        str.lower,
        str.upper,
        lambda name: name.replace("BlendShapeCount", "BlendshapeCount"),
        lambda name: name if name in HEADER[:2] else f"blendShapes.{name}",
        lambda name: name.replace("EyeBlinkLeft", "eyeBlink_L").replace(
            "EyeBlinkRight", "eyeBlink_R"
        ),
    ],
)
def test_header_spellings(spell: Callable[[str], str], load: Callable[[bytes], Take]):
    rows = make_rows(12)
    take = load(join([[spell(name) for name in HEADER], *rows]))
    assert take.names == COLUMNS
    assert (take.values[:, :-9] == values_of(rows)[:, :-9]).all()
    assert take.channels[0].original == spell("EyeBlinkLeft")


def test_jaw_and_mouth_sides_go_by_name(load: Callable[[bytes], Take]):
    rows = make_rows(10)
    take = load(join([HEADER, *rows]))
    values = values_of(rows)
    for name in ("JawRight", "JawLeft", "MouthRight", "MouthLeft"):
        column = take.column(name[0].lower() + name[1:])
        assert (take.values[:, column] == values[:, HEADER.index(name) - 2]).all()


def test_values_are_kept_as_they_are(load: Callable[[bytes], Take]):
    rows = make_rows(10)
    jaw = HEADER.index("JawOpen")
    for row, cell in zip(rows, ["1.0533000000", "-0.0160000000", "-0.0", "2.5e-05"], strict=False):
        row[jaw] = cell
    take = load(join([HEADER, *rows]))
    found = take.values[:4, take.column("jawOpen")]
    assert found.tolist() == np.array([1.0533, -0.016, -0.0, 2.5e-05], np.float32).tolist()
    assert np.signbit(found[2])
    assert take.valid[:, take.column("jawOpen")].all()


def test_rows_with_count_0_are_invalid_and_keep_their_time(load: Callable[[bytes], Take]):
    rows = make_rows(30)
    whole = load(join([HEADER, *rows]))
    rows[7] = [rows[7][0], "0"]
    rows[8] = [rows[8][0], "0", *["0.0000000000"] * 61]
    rows[9] = [rows[9][0], "0", *[""] * 61]
    take = load(join([HEADER, *rows]))
    assert (take.times == whole.times).all()
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [7, 8, 9]
    assert "No face was tracked in 3 rows." in take.warnings


@pytest.mark.parametrize("word", ["NA", "nan", "-nan(ind)", "NaN", "", " ", "#N/A", "inf"])
def test_missing_cells_are_invalid_samples(word: str, load: Callable[[bytes], Take]):
    rows = make_rows(20)
    rows[4][HEADER.index("JawOpen")] = word
    take = load(join([HEADER, *rows]))
    jaw = take.column("jawOpen")
    assert np.flatnonzero(~take.valid[:, jaw]).tolist() == [4]
    assert take.valid[:, jaw - 1].all()
    assert not any("no number" in warning for warning in take.warnings)


def test_a_word_in_place_of_a_number_is_told(load: Callable[[bytes], Take]):
    rows = make_rows(20)
    rows[4][HEADER.index("JawOpen")] = "oops"
    take = load(join([HEADER, *rows]))
    assert not take.valid[4, take.column("jawOpen")]
    assert any('1 cell holds no number (first in line 6: "oops")' in w for w in take.warnings)


def test_unknown_columns(load: Callable[[bytes], Take]):
    rows = [[*row, "0.25", "happy"] for row in make_rows(20)]
    take = load(join([[*HEADER, "Excitement", "Emotion"], *rows]))
    extra = take.channels[take.column("Excitement")]
    assert (extra.kind, extra.region, extra.original) == ("weight", "other", "Excitement")
    assert (take.values[:, take.column("Excitement")] == 0.25).all()
    assert "Emotion" not in take.names
    assert 'The column "Emotion" holds no numbers and was left out.' in take.warnings
    assert not any("no number (" in warning for warning in take.warnings)


def test_missing_columns_and_no_count(load: Callable[[bytes], Take]):
    wanted = [0, HEADER.index("JawOpen"), HEADER.index("EyeBlinkLeft"), HEADER.index("MouthClose")]
    rows = make_rows(20)
    take = load(join([[HEADER[i] for i in wanted], *([row[i] for i in wanted] for row in rows)]))
    assert take.names == ("jawOpen", "eyeBlinkLeft", "mouthClose")
    assert take.valid.all()


def test_a_column_that_occurs_twice(load: Callable[[bytes], Take]):
    rows = [[*row, "0.5"] for row in make_rows(20)]
    take = load(join([[*HEADER, "jawOpen"], *rows]))
    assert take.names == COLUMNS
    assert any("twice" in warning for warning in take.warnings)


# --- sniffing ------------------------------------------------------------------------------------


def test_sniffing_goes_by_content(shared: Path):
    for path in sorted((shared / "takes").rglob("*.*")):
        reader = sniff_reader(path.read_bytes()[:65536])
        is_live_link = reader is not None and reader.format == "live_link_face_csv"
        assert is_live_link == (path.parent.name == "livelinkface"), path


test_sniffing_goes_by_content = pytest.mark.shared(test_sniffing_goes_by_content)


def test_every_column_is_a_channel_of_the_schema():
    assert set(COLUMNS) == set(arkit_schema())
    for name in HEADER[2:]:
        channel = canonical_channel(name)
        assert channel is not None
        assert channel.name == name[0].lower() + name[1:]
