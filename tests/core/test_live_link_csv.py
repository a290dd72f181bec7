# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes written as Live Link Face CSV and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.channels import Channel, arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.live_link_csv import COLUMNS, write_live_link_csv
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.timebase import Timebase

TICK_S = 1 / 60_000


def full_take(
    values: np.ndarray, times: np.ndarray | None = None, valid: np.ndarray | None = None
) -> Take:
    times = np.arange(len(values)) / 60 if times is None else times
    channels = [arkit_schema()[name] for name in COLUMNS]
    return make_take(times, channels, values, valid=valid, rate=60)


def assert_same(found: Take, take: Take) -> None:
    columns = [found.column(name) for name in take.names]
    assert np.abs(found.times - (take.times - take.times[0])).max() <= TICK_S * (1 + 1e-9)
    valid = found.valid[:, columns]
    assert (valid == take.valid).all()
    assert (found.values[:, columns] == take.values)[valid].all()


@pytest.mark.shared
@pytest.mark.parametrize("name", ["JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv"])
def test_real_takes_come_back(shared: Path, tmp_path: Path, name: str):
    original = shared / "takes" / "livelinkface" / name
    take = read_take(original)
    written = tmp_path / name
    assert write_live_link_csv(take, written) == []
    found = read_take(written)
    assert_same(found, take)
    assert found.timebase == take.timebase
    assert found.not_recorded == take.not_recorded
    if take.valid.any(axis=1).all():
        assert written.read_bytes() == original.read_bytes()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 86399), st.sampled_from([0, 1e-3, 0.5]))
def test_any_values_come_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int, start_s: float, lost: float
):
    rng = np.random.default_rng(seed)
    shape = (6, len(COLUMNS))
    # every magnitude, so that ten decimals are not enough for some
    values = (rng.uniform(-1.5, 1.5, shape) * 10.0 ** rng.integers(-12, 1, shape)).astype("f4")
    valid = rng.random(shape) >= lost
    # angles that were recorded, and within half a turn: they cannot be taken for another unit
    angles = [COLUMNS.index("headYaw"), COLUMNS.index("leftEyeYaw")]
    values[:, angles] = 0.5
    valid[:, angles] = True
    take = full_take(values, valid=valid)
    take = take.changed("moved", timebase=Timebase(take.timebase.rate, None, start_s))
    path = tmp_path_factory.mktemp("any") / "take.csv"
    write_live_link_csv(take, path)
    found = read_take(path)
    assert "radians" in found.assumptions[-1]
    assert_same(found, take)


@pytest.mark.parametrize("rate", [24.0, 30.0, 59.904, 60.0, 120.0])
@pytest.mark.parametrize("rows", [10, 400])
def test_times_come_back(rate: float, rows: int, tmp_path: Path):
    rng = np.random.default_rng(1)
    take = full_take(rng.uniform(0.1, 0.9, (rows, len(COLUMNS))), np.arange(rows) / rate + 7.0)
    write_live_link_csv(take, tmp_path / "take.csv")
    assert_same(read_take(tmp_path / "take.csv"), take)


def test_irregular_times_come_back(tmp_path: Path):
    rng = np.random.default_rng(2)
    times = np.cumsum(rng.uniform(0.8, 1.2, 300)) / 60
    take = full_take(rng.uniform(0.1, 0.9, (300, len(COLUMNS))), times)
    write_live_link_csv(take, tmp_path / "take.csv")
    assert_same(read_take(tmp_path / "take.csv"), take)


def test_past_midnight(tmp_path: Path):
    rng = np.random.default_rng(3)
    take = full_take(rng.uniform(0.1, 0.9, (200, len(COLUMNS))))
    take = take.changed("moved", timebase=Timebase(take.timebase.rate, None, 86399.5))
    write_live_link_csv(take, tmp_path / "take.csv")
    text = (tmp_path / "take.csv").read_text(encoding="ascii")
    assert "\n00:00:00:" in text
    assert_same(read_take(tmp_path / "take.csv"), take)


def test_layout_of_the_file(tmp_path: Path):
    valid = np.ones((3, len(COLUMNS)), bool)
    valid[1] = False
    valid[2, 0] = False
    take = full_take(np.full((3, len(COLUMNS)), 0.25), valid=valid)
    write_live_link_csv(take, tmp_path / "take.csv")
    header, first, lost, partly, end = (tmp_path / "take.csv").read_bytes().split(b"\n")
    assert header.startswith(b"Timecode,BlendShapeCount,EyeBlinkLeft,")
    assert header.endswith(b",RightEyeRoll")
    assert first.split(b",")[:3] == [b"00:00:00:00.000", b"61", b"0.2500000000"]
    assert lost == b"00:00:00:00.500,0"
    assert partly.split(b",")[2:4] == [b"", b"0.2500000000"]
    assert end == b""


def test_channels_without_a_column_are_named(tmp_path: Path):
    channels = (Channel("jawOpen"), Channel("Happy"), Channel("nose.x", "point"))
    take = make_take(np.arange(4) / 60, channels, np.full((4, 3), 0.5))
    assert write_live_link_csv(take, tmp_path / "take.csv") == ["Happy", "nose.x"]
    found = read_take(tmp_path / "take.csv")
    assert (found.values[:, found.column("jawOpen")] == 0.5).all()
    assert (found.values[:, found.column("mouthClose")] == 0).all()


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path):
    take = full_take(np.full((3, len(COLUMNS)), 0.25))
    with pytest.raises(FacemocapError, match="cannot be written"):
        write_live_link_csv(take, tmp_path / "no such folder" / "take.csv")
    close = full_take(np.full((3, len(COLUMNS)), 0.25), np.array([0, 1e-6, 1]))
    with pytest.raises(FacemocapError, match="thousandth of a frame"):
        write_live_link_csv(close, tmp_path / "take.csv")
    assert list(tmp_path.iterdir()) == []
