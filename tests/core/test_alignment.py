# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes laid beside animation that is there: by timecode, by a marked moment."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facemocap_addon.core.alignment import ByMark, ByTimecode, aligned_start, parse_mark
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.timebase import SceneClock, Timebase


def timed_take(start_s: float = 3600.0, timecode: str | None = "01:00:00:00") -> Take:
    times = np.arange(61) / 60.0
    take = make_take(times, [arkit_schema()["jawOpen"]], np.zeros((61, 1)))
    return replace(take, timebase=Timebase(Fraction(60), timecode, start_s))


def test_alignment_by_timecode_counts_from_the_scenes_first_frame() -> None:
    clock, take = SceneClock(24), timed_take()
    assert aligned_start(ByTimecode("01:00:00:00"), take, clock, 1.0) == 1.0
    assert aligned_start(ByTimecode("00:59:58:12"), take, clock, 101.0) == 101.0 + 36
    # 2.5 frames of 60 after the hour are one of 24
    late = timed_take(3600.0 + 2.5 / 60)
    assert aligned_start(ByTimecode("01:00:00:00"), late, clock, 1.0) == pytest.approx(2.0)


@given(
    take_s=st.floats(0, 600),
    frame=st.integers(-500, 5000),
    rate=st.sampled_from([23.976, 24.0, 25.0, 29.97, 60.0]),
    cut=st.floats(0, 10),
)
def test_alignment_by_a_moment_puts_it_on_its_frame(
    take_s: float, frame: int, rate: float, cut: float
) -> None:
    clock, take = SceneClock.of_rate(rate), timed_take(timecode=None)
    whole = aligned_start(ByMark(take_s, frame), take, clock, 7.0)
    assert float(clock.frames(np.array(take_s), whole)) == pytest.approx(frame, abs=1e-6)
    part = aligned_start(ByMark(take_s, frame), take, clock, 7.0, cut)
    # what is used begins later, the moment stays where it is
    assert float(clock.frames(np.array(take_s - cut), part)) == pytest.approx(frame, abs=1e-6)


def test_alignment_that_cannot_be_says_why() -> None:
    clock = SceneClock(24)
    with pytest.raises(FacemocapError, match="has no timecode"):
        aligned_start(ByTimecode("01:00:00:00"), timed_take(timecode=None), clock, 1.0)
    with pytest.raises(FacemocapError, match="is not a timecode"):
        aligned_start(ByTimecode("1 o'clock"), timed_take(), clock, 1.0)
    far = timed_take(23 * 3600.0)
    with pytest.raises(FacemocapError, match="beyond Blender's last frame"):
        aligned_start(ByTimecode("00:00:00:00"), far, clock, 1.0)
    with pytest.raises(FacemocapError, match="beyond Blender's last frame"):
        aligned_start(ByMark(0.0, 2e6), far, clock, 1.0)


def test_alignment_moments_are_read() -> None:
    assert parse_mark("2.35=112") == ByMark(2.35, 112.0)
    assert parse_mark(" 0 = -5.5 ") == ByMark(0.0, -5.5)
    for text in ("2.35", "2.35:112", "a=1", "1=b", "nan=1", "1=inf", "-1=5", ""):
        with pytest.raises(FacemocapError, match="no moment"):
            parse_mark(text)
