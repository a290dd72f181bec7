# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Live Link Face reader finds out: units of angles, and take.json beside the file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from live_link_rows import HEADER, join, make_rows, values_of

from facemocap_addon.core.formats.live_link_csv import COLUMNS
from facemocap_addon.core.take import Take

# --- angles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scale", "word"), [(1.0, "radians"), (180 / math.pi, "degrees"), (1 / math.pi, "half turns")]
)
def test_units_of_angles_are_found_from_the_eyes(
    scale: float, word: str, load: Callable[[bytes], Take]
):
    rows = make_rows(60)
    expected = values_of(rows)
    for row in rows:
        for index in range(len(row) - 9, len(row)):
            row[index] = repr(float(row[index]) * scale)
        row[HEADER.index("HeadYaw")] = repr(0.25 * scale)
    take = load(join([HEADER, *rows]))
    assert word in take.assumptions[0]
    for name in ("leftEyePitch", "rightEyePitch", "leftEyeYaw"):
        column = take.column(name)
        assert take.values[:, column] == pytest.approx(expected[:, COLUMNS.index(name)], rel=1e-6)
    assert take.values[:, take.column("headYaw")] == pytest.approx(0.25, rel=1e-6)
    assert "headYaw" not in take.not_recorded


def test_degrees_without_eyes_are_known_by_their_size(load: Callable[[bytes], Take]):
    rows = make_rows(20)
    for row in rows:
        row[-6:] = ["0.0"] * 6
        row[HEADER.index("HeadYaw")] = "20.0"
    take = load(join([HEADER, *rows]))
    assert take.values[:, take.column("headYaw")] == pytest.approx(math.radians(20))
    assert take.not_recorded == COLUMNS[-6:]
    assert any("Eye rotation was not recorded" in warning for warning in take.warnings)


# --- take.json -----------------------------------------------------------------------------------


def write_notes(folder: Path, **changes: object) -> None:
    notes = {
        "version": 1,
        "slate": "MySlate",
        "take": 3,
        "subject": "iPhone",
        "deviceModel": "iPhone12,1",
        "appVersion": "1.3.2",
        "frames": 60,
        "calibrated": False,
        "videoTargetFrameRate": 60,
        "startTimestamp": {"value": 1000, "timescale": 100},
        "endTimestamp": {"value": 1098, "timescale": 100},
        **changes,
    }
    (folder / "take.json").write_text(json.dumps(notes), encoding="utf-8")


def test_take_json_beside_the_file(tmp_path: Path, load: Callable[[bytes], Take]):
    data = join([HEADER, *make_rows()])
    write_notes(tmp_path)
    take = load(data)
    details = take.source.details
    assert (details["slate"], details["take"], details["subject"]) == ("MySlate", 3, "iPhone")
    assert (details["device"], details["frames"], details["rows"]) == ("iPhone12,1", 60, 60)
    assert not any("take.json" in warning for warning in take.warnings)

    write_notes(tmp_path, frames=90)
    assert any("counts 90 frames" in warning for warning in load(data).warnings)
    write_notes(tmp_path, videoTargetFrameRate=30)
    assert any("says 30 frames a second" in warning for warning in load(data).warnings)


@pytest.mark.parametrize("text", ["{", "[]", "\x00", '{"slate": 1e999', "[" * 100_000])
def test_damaged_take_json_is_only_a_warning(
    text: str, tmp_path: Path, load: Callable[[bytes], Take]
):
    (tmp_path / "take.json").write_text(text, encoding="utf-8")
    take = load(join([HEADER, *make_rows()]))
    assert any("take.json beside the recording is damaged" in w for w in take.warnings)


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": "many", "startTimestamp": 5, "videoTargetFrameRate": -1},
        {"frames": None, "startTimestamp": {"value": 1, "timescale": 0}},
        {"frames": 10**400, "deviceModel": ["x"], "videoTargetFrameRate": True},
    ],
)
def test_odd_values_in_take_json_do_no_harm(
    changes: dict[str, object], tmp_path: Path, load: Callable[[bytes], Take]
):
    plain = load(join([HEADER, *make_rows()]))
    write_notes(tmp_path, **changes)
    take = load(join([HEADER, *make_rows()]))
    assert take.digest == plain.digest
    assert take.source.details["slate"] == "MySlate"


def test_take_json_of_another_take_is_left_alone(tmp_path: Path, load: Callable[[bytes], Take]):
    write_notes(tmp_path, slate="Other", frames=999)
    take = load(join([HEADER, *make_rows()]))
    assert "slate" not in take.source.details
    assert any("another take" in warning for warning in take.warnings)
