# SPDX-License-Identifier: GPL-3.0-or-later
"""C3D files whose header does not say the truth, and damaged ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_markers import BLOCK, DEC, INTEL, MIPS, NAMES, c3d, places
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.read_options import ReadOptions
from facemocap_addon.core.points import points_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]


@pytest.mark.parametrize(
    ("header", "point"),
    [
        ({"first": 100, "last": 139}, {}),
        ({"last": 0}, {}),
        ({"points": 3}, {}),
        ({"analog": 0}, {}),
        ({"block": 60_000}, {}),
        ({}, {"USED": 99}),
        ({}, {"FRAMES": 7}),
        ({}, {"DATA_START": 9}),
        ({"last": 9, "block": 1}, {}),
        ({}, {"FRAMES": None, "USED": None, "RATE": None}),
    ],
)
@pytest.mark.parametrize("padded", [True, False])
def test_a_wrong_count_is_found_out(
    header: dict[str, float], point: dict[str, Any], padded: bool, load: Load
):
    sound = {"USED": 6, "RATE": np.float32(60)}
    groups = {"POINT": point, "ANALOG": sound}
    take = load(c3d(places(), analog=6, header=header, groups=groups, padded=padded))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)
    assert take.samples == 40


@pytest.mark.parametrize("says", ["TRIAL", "LONG_FRAMES", "nothing"])
def test_more_frames_than_the_header_can_count(says: str, load: Load):
    table = np.tile(places(10)[:, :2], (6600, 1, 1))
    groups: dict[str, dict[str, Any]] = {"POINT": {"FRAMES": 65_535}}
    if says == "TRIAL":
        groups["TRIAL"] = {"ACTUAL_START_FIELD": [1, 0], "ACTUAL_END_FIELD": [66_000 - 65_536, 1]}
    elif says == "LONG_FRAMES":
        groups["POINT"]["LONG_FRAMES"] = np.float32(66_000)
    take = load(c3d(table, header={"last": 65_535}, groups=groups))
    rest = BLOCK // 32 if says == "nothing" else 0
    assert 0 <= take.samples - 66_000 <= rest


def test_a_file_that_names_no_processor(load: Load):
    for processor in (INTEL, DEC, MIPS):
        data = bytearray(c3d(places(), processor=processor))
        data[BLOCK + 3] = 0
        take = load(bytes(data))
        assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)


@pytest.mark.parametrize("rate", [0.0, -5.0, 1e9])
def test_a_rate_that_is_none(rate: float, tmp_path: Path):
    path = tmp_path / "take.c3d"
    path.write_bytes(c3d(places(), header={"rate": rate}))
    take = read_take(path)
    assert take.duration_s == pytest.approx(39 / 60)
    assert any("names no rate" in warning and "check the length" in warning
               for warning in take.warnings)  # fmt: skip
    take = read_take(path, ReadOptions(rate_hz=120.0))
    assert take.duration_s == pytest.approx(39 / 120)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (c3d(places())[:700], "is cut off in its header"),
        (c3d(places())[:-3 * BLOCK], "is cut off: 34 of 40 frames are complete"),
        (c3d(places(), analog=6)[:-3 * BLOCK], "is cut off: 34 of 40 frames are complete"),
        (c3d(places(), real=False)[:-BLOCK], "is cut off: 38 of 40 frames are complete"),
        (c3d(places(1)), "has only one sample"),
        (c3d(places(), valid=np.zeros((40, len(NAMES)), bool)), "has no tracked point in any of"),
        (c3d(places(), header={"points": 0}, groups={"POINT": {"USED": 0}}), "names no points"),
        (c3d(places() * 1e12), "is damaged: its points lie 1.17e+14 apart"),
        (c3d(places(), groups={"POINT": {"ANGLES": list(NAMES)}}), "results of a body model"),
        (c3d(places(), real=False, header={"scale": 0.0}), "its integers have no scale"),
    ],
)  # fmt: skip
def test_c3d_refusals(data: bytes, says: str, load: Load):
    with pytest.raises(FacemocapError) as caught:
        load(data)
    assert says in caught.value.what
    assert caught.value.todo
