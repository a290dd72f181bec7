# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames and seconds."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.timebase import SceneClock, Timebase, parse_timecode

RATES = st.sampled_from([(24.0, 1.0), (25.0, 1.0), (30.0, float(np.float32(1.001))), (60.0, 1.0)])


@given(RATES, st.floats(-1e5, 1e5), st.floats(0, 3600))
def test_frames_and_seconds_undo_each_other(
    rate: tuple[float, float], start: float, seconds: float
) -> None:
    clock = SceneClock(*rate)
    frame = clock.frames(np.array([seconds]), start)
    assert frame[0] == pytest.approx(start + seconds * rate[0] / rate[1], abs=1e-6)
    assert clock.seconds(frame, start)[0] == pytest.approx(seconds, abs=1e-7)


@given(RATES, st.integers(0, 100_000))
def test_whole_frames_cover_themselves(rate: tuple[float, float], frames: int) -> None:
    """A duration of exactly n frames spans n, and not n + 1 because a division was inexact."""
    clock = SceneClock(*rate)
    assert clock.span(frames * clock.fps_base / clock.fps) == frames
    assert clock.span((frames + 0.01) * clock.fps_base / clock.fps) == frames + 1


def test_span_ends_on_or_after_the_end() -> None:
    clock = SceneClock(24)
    assert clock.span(0.0) == 0
    assert clock.span(1.0) == 24
    assert clock.span(1.001) == 25


@pytest.mark.parametrize(
    ("rate", "fps", "base"),
    [
        (24, 24, 1.0), (25, 25, 1.0), (60, 60, 1.0), (29.97, 30, 1.001), (23.976, 24, 1.001),
        (59.94, 60, 1.001), (30000 / 1001, 30, 1.001), (119.88, 120, 1.001), (48, 48, 1.0),
        (12.5, 12, 12 / 12.5), (59.904, 60, 60 / 59.904), (0.5, 1, 2.0),
    ],
)  # fmt: skip
def test_rates_as_blender_stores_them(rate: float, fps: int, base: float) -> None:
    clock = SceneClock.of_rate(rate)
    assert clock.fps == fps
    assert clock.fps_base == float(np.float32(base))


@pytest.mark.parametrize("bad", [(0, 1), (24, 0), (-24, 1), (24, -1), (float("nan"), 1)])
def test_impossible_clocks(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        SceneClock(*bad)


def test_exact_rates_stay_exact() -> None:
    assert Timebase(Fraction(30000, 1001)).rate == Fraction(30000, 1001)
    with pytest.raises(ValueError, match="positive"):
        Timebase(Fraction(0))


@pytest.mark.parametrize(
    ("text", "rate", "seconds"),
    [
        ("00:00:00:00", 24, 0.0),
        ("01:02:03:12", 24, 3723.5),
        ("1:02:03;15", 30, 3723.5),
        ("13:13:04:31.652", 60, 47584 + 31.652 / 60),
        ("00:00:01:05.", 30, None),
        ("  00:00:01:00 ", 30, 1.0),
        ("00:00:00:100", 120, 100 / 120),
    ],
)
def test_timecodes(text: str, rate: float, seconds: float | None) -> None:
    if seconds is None:
        with pytest.raises(FacemocapError):
            parse_timecode(text, rate)
    else:
        assert math.isclose(parse_timecode(text, rate), seconds, abs_tol=1e-9)


@pytest.mark.parametrize(
    "text",
    ["", "12", "00:00:00", "a:b:c:d", "00:00:00:00:00", "-1:00:00:00", "00:61:00:00",
     "00:00:75:00", "00:00:00:30", "٠٠:٠٠:٠٠:٠٠"],
)  # fmt: skip
def test_what_is_no_timecode(text: str) -> None:
    with pytest.raises(FacemocapError, match="timecode"):
        parse_timecode(text, 24)
