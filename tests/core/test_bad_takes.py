# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings that cannot be used: each gives one clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.live_link_csv import COLUMNS
from facemocap_addon.core.readers import read_take

HEADER = ",".join(["Timecode", "BlendShapeCount", *(n[0].upper() + n[1:] for n in COLUMNS)])
ROW = ",".join(["0.1234567890"] * len(COLUMNS))
ROWS = [f"10:00:{row // 60:02d}:{row % 60:02d}.000,{len(COLUMNS)},{ROW}" for row in range(120)]
SOUND = "\n".join([HEADER, *ROWS]) + "\n"


def refusal(tmp_path: Path, data: bytes | str, name: str = "take.csv") -> str:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(FacemocapError) as caught:
        read_take(path)
    error = caught.value
    assert error.what.startswith(f'"{name}" ')
    for part in (error.what, error.todo):
        assert part
        assert "\n" not in part
        assert not part.endswith(".")
        assert len(part) < 200
    assert str(tmp_path) not in error.what
    return str(error)


def test_the_sound_file_reads(tmp_path: Path):
    path = tmp_path / "take.csv"
    path.write_text(SOUND, encoding="ascii", newline="")
    assert read_take(path).samples == 120


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("", "is empty"),
        (" \r\n\n", "is empty"),
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is a web page"),
        ("\n <html lang='en'>Not found", "is a web page"),
        (bytes(range(256)) * 8, "is a binary file"),
        ("date,price\n2024-01-01,3.5\n", "of no format that Face Mocap reads"),
        ("Timecode,Note\n00:00:00:00,clap\n", "of no format that Face Mocap reads"),
        (HEADER + "\n", "has a header and no rows"),
        (HEADER, "has a header and no rows"),
        (HEADER + "\n,,,\n\n", "has a header and no rows"),
        (HEADER[:14], "is cut off within its header"),
        (HEADER[:40], "is cut off within its header"),
        ("Timecode,BlendShapeCount,Happy\n" + "0:0:0:0,1,0.5\n0:0:0:1,1,0.5\n", "no column that"),
        (f"{HEADER}\n{ROWS[0]}\n", "has only one row"),
        ("\n".join([HEADER, *[row.split(",")[0] + ",0" for row in ROWS]]), "has no face in any"),
        ("\n".join([HEADER, *ROWS[::-1]]) + "\n", "is not in the order of time: line 3"),
        (
            "\n".join([HEADER, *ROWS[:50], ROWS[51], ROWS[50], *ROWS[52:]]) + "\n",
            "is not in the order of time: line 53",
        ),
        (SOUND.replace("10:00:01:07.000", "10:00:??:07.000"), "no readable timecode in line 69"),
        ("\n".join([HEADER, *(row + ",1" for row in ROWS)]) + "\n", "has 64 cells in line 2"),
        ("\n".join([HEADER, *(row.rsplit(",", 3)[0] for row in ROWS)]) + "\n", "has 60 cells"),
        (SOUND.replace("0.1234567890", "0,1234567890"), "has 124 cells in line 2"),
        (SOUND.replace("Timecode", '"Timecode'), "has a damaged"),
    ],
)
def test_refusals(tmp_path: Path, data: bytes | str, says: str):
    assert says in refusal(tmp_path, data)


@pytest.mark.parametrize("kept", range(1, len(ROWS[-1]) - 1, 23))
def test_a_cut_last_row_is_an_error_wherever_it_is_cut(tmp_path: Path, kept: int):
    data = "\n".join([HEADER, *ROWS[:-1], ROWS[-1][:kept]])
    said = refusal(tmp_path, data)
    assert "is cut off in line 121: 119 rows are complete" in said
    assert "delete its last line" in said


def test_a_cut_last_number_is_an_error(tmp_path: Path):
    for missing in range(1, 12):
        assert "is cut off in line 121" in refusal(tmp_path, SOUND[: -1 - missing])


def test_a_file_without_its_last_line_end_is_no_error(tmp_path: Path):
    path = tmp_path / "take.csv"
    path.write_text(SOUND.rstrip(), encoding="ascii", newline="")
    assert read_take(path).samples == 120


def test_a_few_ragged_rows_are_a_warning(tmp_path: Path):
    rows = list(ROWS)
    rows[30] = rows[30].rsplit(",", 5)[0]
    rows[31] += ",0.5"
    path = tmp_path / "take.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="ascii", newline="")
    take = read_take(path)
    assert not take.valid[30:32].any()
    assert take.valid[29].any()
    assert any("first in line 32" in warning for warning in take.warnings)


def test_paths(tmp_path: Path):
    with pytest.raises(FacemocapError, match="does not exist"):
        read_take(tmp_path / "nothing.csv")
    with pytest.raises(FacemocapError, match="is a folder"):
        read_take(tmp_path)


@pytest.mark.shared
def test_broken_files_as_found(shared: Path):
    found = sorted((shared / "takes" / "broken").iterdir())
    assert found
    for path in found:
        with pytest.raises(FacemocapError):
            read_take(path)
