# SPDX-License-Identifier: GPL-3.0-or-later
"""Where pulses rise and fall, measured against the open lid right beside them.

How far a lid was open long before says nothing of a blink, so its feet are the lowest values
within a third of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray, IntArray
from ...health.pulses import Pulse

#: A foot lies within this time (seconds) of where the lid is nearly closed.
REACH_S = 0.33
#: Parts of the way that are looked for.
LOW, HIGH = 0.2, 0.8
#: A lid that falls by less than a blink near its peak is shut until this part of its height.
_INNER = 0.6


@dataclass(frozen=True, slots=True)
class Feet:
    """Of b pulses: seconds at which 20 and 80 % are closed, 80 and 20 % still are; and levels.

    Attributes
    ----------
    low, high, falls, ends : (b,) float64
    peak, before, after : (b,) float64
        The highest value, and the lowest on both sides.
    """

    low: FloatArray
    high: FloatArray
    falls: FloatArray
    ends: FloatArray
    peak: FloatArray
    before: FloatArray
    after: FloatArray


def feet_of(pulses: Sequence[Pulse], series: FloatArray, times: FloatArray, least: float) -> Feet:
    """Feet of pulses that rise and fall by ``least`` and were found in a series ``(n,)``."""
    peaks = np.array([pulse.peak_sample for pulse in pulses])
    peak = series[peaks]
    rise, fall = np.array([[pulse.rise, pulse.fall] for pulse in pulses]).T
    first = np.searchsorted(times, [pulse.top_s for pulse in pulses])
    last = np.searchsorted(times, [pulse.bottom_s for pulse in pulses], side="right") - 1
    valleys = _valleys(peaks, series)
    sides: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for at, way, height, end in (
        (first, -1, rise, valleys[:-1]),
        (last, 1, fall, valleys[1:]),
    ):
        base, low, high = _flank(at, way, peak, series, times, end)
        shut = np.flatnonzero(peak - base < least)
        if len(shut):
            # the lid wavers while it is shut: the flank lies farther out
            out = _outer(peaks[shut], way, (peak - (1.0 - _INNER) * height)[shut], series)
            base[shut], low[shut], high[shut] = _flank(
                out, way, peak[shut], series, times, end[shut]
            )
        sides.append((base, low, high))
    (before, low, high), (after, ends, falls) = sides
    return Feet(low, high, falls, ends, peak, before, after)


def _valleys(peaks: IntArray, series: FloatArray) -> IntArray:
    """The lowest sample before, between and behind peaks ``(b + 1,)``; feet lie within."""
    out = np.zeros(len(peaks) + 1, np.int64)
    out[-1] = len(series) - 1
    for place, (one, two) in enumerate(zip(peaks[:-1].tolist(), peaks[1:].tolist(), strict=True)):
        out[place + 1] = one + int(series[one : two + 1].argmin())
    return out


def _outer(peaks: IntArray, way: int, level: FloatArray, series: FloatArray) -> IntArray:
    """Last sample above a level on the way out from each peak."""
    out = peaks.copy()
    for place, (row, low) in enumerate(zip(peaks.tolist(), level.tolist(), strict=True)):
        side = series[row:] if way > 0 else series[row::-1]
        below = np.flatnonzero(side < low)
        out[place] = row + way * (int(below[0]) - 1 if len(below) else len(side) - 1)
    return out


def _flank(
    at: IntArray,
    way: int,
    peak: FloatArray,
    series: FloatArray,
    times: FloatArray,
    end: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Lowest value on one side, and the seconds of 20 and of 80 % above it, ``(b,)`` each."""
    step = (times[-1] - times[0]) / max(len(times) - 1, 1)
    reach = int(np.ceil(REACH_S / step)) + 2
    rows = at[:, None] + way * np.arange(reach)
    rows = np.minimum(rows, end[:, None]) if way > 0 else np.maximum(rows, end[:, None])
    rows = np.clip(rows, 0, len(times) - 1)
    values = series[rows]
    near = np.abs(times[rows] - times[rows[:, :1]]) <= REACH_S
    base = np.where(near, values, np.inf).min(axis=1)
    out: list[FloatArray] = []
    for part in (LOW, HIGH):
        level = base + part * (peak - base)
        place = (near & (values <= level[:, None])).argmax(axis=1)
        inner = np.maximum(place - 1, 0)
        each = np.arange(len(at))
        below, above = values[each, place], values[each, inner]
        # the first sample may lie below the level already: the one before it is above
        outside = np.clip(rows[:, 0] - way, 0, len(times) - 1)
        above = np.where(place == 0, series[outside], above)
        early = np.where(place == 0, times[outside], times[rows[each, inner]])
        share = np.clip((above - level) / np.maximum(above - below, 1e-12), 0.0, 1.0)
        out.append(early + share * (times[rows[each, place]] - early))
    return base, out[0], out[1]
