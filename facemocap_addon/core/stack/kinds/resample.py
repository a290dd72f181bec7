# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples at another, even rate; peaks and dips keep their height (`moving`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...take import Take
from ...timebase import FRAME_SLACK, Timebase
from ..kind import Kind, StepContext
from ..moving import values_at
from ..params import param

#: Rates that are written short: 29.97 is 30000/1001.
_BROADCAST = (24, 30, 48, 60, 120)
#: More samples than a day at 240 Hz would have.
_MOST_SAMPLES = 20_000_000


@dataclass(frozen=True, slots=True)
class Resample:
    """At which rate."""

    rate_hz: float = param(
        60.0,
        label="Rate",
        what="Samples a second of the result; 23.976, 29.97 and 59.94 stand for 24, 30 and 60 over "
        "1.001",
        unit="Hz",
        low=1.0,
        high=1000.0,
    )


def apply(take: Take, params: Resample, context: StepContext) -> Take:
    """The take on an even grid from its first sample on; the last new sample covers its end."""
    del context
    if not take.samples:
        return take
    rate = exact_rate(params.rate_hz)
    timebase = _timebase(take.timebase, rate)
    start = float(take.times[0])
    number = math.ceil(take.duration_s * float(rate) - FRAME_SLACK) + 1
    if number > _MOST_SAMPLES:
        return take
    times = start + np.arange(number) / float(rate)
    values, valid, confidence = values_at(take, np.arange(len(take.channels)), times)
    return replace(
        take, times=times, values=values, valid=valid, confidence=confidence, timebase=timebase
    )


def exact_rate(rate_hz: float) -> Fraction:
    """The rate that a number of a person's stands for."""
    for whole in _BROADCAST:
        if abs(rate_hz - whole / 1.001) < 0.006:
            return Fraction(whole * 1000, 1001)
    return Fraction(rate_hz).limit_denominator(1001)


def _timebase(old: Timebase, rate: Fraction) -> Timebase:
    """The same clock at another rate; its timecode counts frames of that."""
    text = old.start_timecode
    if text is not None:
        base = round(rate)
        seconds, tick = divmod(round(old.start_s * base * 1000), base * 1000)
        frame, part = divmod(tick, 1000)
        minutes, second = divmod(seconds % 86_400, 60)
        text = f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}:{frame:02d}.{part:03d}"
    return Timebase(rate, text, old.start_s)


KIND = Kind(
    "resample",
    "Resample",
    "Give the take samples at another, even rate; peaks keep their height",
    Resample,
    apply,
    new_times=True,
)
