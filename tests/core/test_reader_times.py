# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks of every kind: units, frame numbers, gaps, repeats, and what is no clock at all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.sample_times import (
    SampleTimes,
    clock_of_texts,
    clock_unit,
    coarse_rate,
    read_clock,
)


def read(clock: object, key: str = "time", rate_hz: float = 60.0, named: str = "") -> SampleTimes:
    array = np.array(clock, np.float64)
    return read_clock(
        array, key, np.arange(2, len(array) + 2), "x.csv", rate_hz=rate_hz, named=named
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("time", ("time", "")),
        ("Timestamp", ("time", "")),
        ("timestamp_ms", ("time", "ms")),
        ("timestampMs", ("time", "ms")),
        ("time (s)", ("time", "s")),
        ("elapsed_seconds", ("time", "s")),
        ("timestamp_us", ("time", "us")),
        ("timestampNs", ("time", "ns")),
        ("timestamps", ("time", "")),
        ("t", ("time", "")),
        ("timeCode", ("time", "")),
        ("milliseconds", ("time", "ms")),
        ("frame", ("frame", "")),
        ("frameIndex", ("frame", "")),
        ("frame_id", ("frame", "")),
        ("index", ("frame", "")),
        ("idx", ("frame", "")),
        ("id", None),
        ("no", None),
        ("jawOpen", None),
        ("tongueOut", None),
        ("", None),
    ],
)
def test_names_of_clocks(key: str, expected: tuple[str, str] | None):
    assert clock_unit(key) == expected


@pytest.mark.parametrize("rate", [24.0, 29.97, 30.0, 59.94, 60.0, 120.0])
@pytest.mark.parametrize(
    ("scale", "word"),
    [(1.0, "seconds"), (1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")],
)
def test_units_are_found_from_the_step(rate: float, scale: float, word: str):
    found = read(1_700_000_000.0 / scale**0.5 + np.arange(100) / rate * scale)
    assert found.times == pytest.approx(np.arange(100) / rate, abs=1e-6)
    assert f"taken for {word}" in found.assumptions[0]
    assert found.warnings == ()


def test_a_named_unit_is_believed():
    # 100 steps of 2: no usual step in any unit, but the name says what it is
    assert read(np.arange(100) * 2.0, "time_s").times[-1] == 198.0
    assert read(np.arange(100) * 2.0, "time_ms").times[-1] == pytest.approx(0.198)


def test_rounded_milliseconds_give_the_true_rate():
    found = read(np.round(np.arange(300) * 1000 / 30))
    assert 1 / found.step_s == pytest.approx(30, abs=0.01)
    assert found.rate == 30
    assert found.times[1] == 0.033
    assert found.regular


def test_frame_numbers():
    found = read([10, 12, 14, 20], "frame", rate_hz=30.0)
    assert found.times == pytest.approx([0, 2 / 30, 4 / 30, 10 / 30])
    assert (found.rate, found.step_s) == (Fraction(15), pytest.approx(2 / 30))
    assert "check the length" in found.warnings[0]
    named = read([0, 1, 2], "frame", rate_hz=25.0, named="the file")
    assert named.warnings == ()
    assert named.assumptions == ('"frame" counts frames; the file says 25 a second.',)
    # whole numbers one apart are no seconds, whatever they are called
    assert "counts frames" in read([0, 1, 2, 3], "time").warnings[0]


def test_equal_times():
    found = read([0.0, 0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    assert found.kept.tolist() == [0, 1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert "1 sample has" in found.warnings[0]
    many = read([0.0, 0.0, 0.1, 0.1, 0.2, 0.2])
    assert many.times == pytest.approx(np.arange(6) / 60)
    assert "samples are counted" in many.warnings[0]


def test_missing_times():
    found = read([np.nan, *np.arange(1, 20) * 0.1, np.nan, 2.1])
    assert found.times == pytest.approx(np.arange(22) * 0.1)
    assert "2 samples have no" in found.warnings[0]
    few = read([0.0, np.nan, np.nan, 0.3])
    assert "missing from 2 of 4" in few.warnings[0]
    assert few.times == pytest.approx(np.arange(4) / 60)


def test_time_that_goes_back_is_an_error_that_names_the_place():
    with pytest.raises(FacemocapError, match="not in the order of time: line 4 "):
        read([0.0, 0.1, 0.05, 0.2])
    places = ["frame 1", "frame 2"]
    with pytest.raises(FacemocapError, match=r"frame 2 \(t -1\)"):
        read_clock(np.array([0.0, -1.0]), "t", places, "x.json", rate_hz=60.0)


@pytest.mark.parametrize("clock", [[0.0, 1e-320, 2e-320], [0.0, 1e300, 2e300], [0, 1e9, 3e9]])
def test_what_cannot_be_a_clock_is_counted(clock: list[float]):
    found = read(clock, "time_s")
    assert found.times == pytest.approx([0, 1 / 60, 2 / 60])
    assert "is no clock" in found.warnings[0]


def test_irregular_clocks_are_told_from_gaps():
    rng = np.random.default_rng(0)
    assert not read(np.cumsum(rng.uniform(0.01, 0.05, 100))).regular
    steps = np.full(100, 1 / 60)
    steps[50] = 0.5
    assert read(np.cumsum(steps)).regular


def test_clocks_in_words():
    assert clock_of_texts(["0.5", " 1 ", ""] + ["2"] * 30) == pytest.approx(
        [0.5, 1, np.nan, *[2] * 30], nan_ok=True
    )
    assert clock_of_texts(["01:02.5", "01:03"]) == pytest.approx([62.5, 63])
    assert clock_of_texts(["23:59:59.75", "00:00:00.25"]) == pytest.approx([86399.75, 86400.25])
    found = clock_of_texts(["2024-05-01T12:00:00.250Z", "2024-05-01 12:00:01.000+02:00"])
    assert found == pytest.approx([43200.25, 43201])
    assert clock_of_texts(["00:01:00:15", "00:01:01:00"]) == pytest.approx([60.5, 61])
    assert clock_of_texts(["00:01:00:15", "00:01:00:45.5"]) == pytest.approx(
        [60.25, 60 + 45.5 / 60]
    )
    assert clock_of_texts(["now", "then"]) is None


def test_the_rate_under_a_clock_of_whole_seconds():
    frames = np.arange(0, 300, 2.0)
    seconds = np.floor(frames / 25)
    assert coarse_rate(frames, seconds) == pytest.approx(25, rel=0.02)
    assert coarse_rate(frames[:20], seconds[:20]) is None
