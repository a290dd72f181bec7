# SPDX-License-Identifier: GPL-3.0-or-later
"""Rises and falls of curves: when they begin, peak and end. For all curves at once, numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..reduction.turning_points import find_turning_points

#: Parts of the rise, and of the fall, that say when a pulse begins and when it is at its peak.
FOOT, TOP = 0.1, 0.9
#: A pulse of which more than this part was not recorded is none.
_MOST_MISSING = 0.2


@dataclass(frozen=True, slots=True)
class Pulse:
    """A rise and fall. Times are seconds on the take's clock.

    Attributes
    ----------
    start_s, top_s, bottom_s, end_s : float
        Where 10 % and 90 % of the rise are passed, and 90 % and 10 % of the fall.
    peak_s : float
        The highest sample.
    peak_sample : int
    peak, rise, fall : float
        Its value, and how far it rises and falls.
    """

    start_s: float
    top_s: float
    peak_s: float
    bottom_s: float
    end_s: float
    peak_sample: int
    peak: float
    rise: float
    fall: float

    @property
    def onset_s(self) -> float:
        """How long the rise takes."""
        return self.top_s - self.start_s

    @property
    def apex_s(self) -> float:
        """How long it stays above 90 %."""
        return self.bottom_s - self.top_s

    @property
    def offset_s(self) -> float:
        """How long the fall takes."""
        return self.end_s - self.bottom_s

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "start_s": self.start_s,
            "peak_s": self.peak_s,
            "end_s": self.end_s,
            "onset_s": self.onset_s,
            "apex_s": self.apex_s,
            "offset_s": self.offset_s,
            "peak": self.peak,
            "rise": self.rise,
        }


def find_pulses(
    values: FloatArray, valid: BoolArray, times: FloatArray, least: FloatArray
) -> list[tuple[Pulse, ...]]:
    """Pulses of each column of ``values`` (n, k), in order.

    A pulse rises by at least ``least`` (k,) from the valley before and falls by as much to the one
    after. What is cut by the take's ends is none, nor what was largely not recorded (``valid``).
    """
    count, columns = values.shape
    out: list[tuple[Pulse, ...]] = [() for _ in range(columns)]
    if count < 3 or not columns:
        return out
    turns = find_turning_points(values, np.broadcast_to(0.5 * least, values.shape))
    flat = np.ascontiguousarray(values.T).ravel()
    peaks, befores, afters = _peaks(turns, flat, count)
    if not len(peaks):
        return out
    rise, fall = flat[peaks] - flat[befores], flat[peaks] - flat[afters]
    need = least[peaks // count]
    kept = (rise >= need) & (fall >= need)
    peaks, befores, afters = peaks[kept], befores[kept], afters[kept]
    rise, fall = rise[kept], fall[kept]
    clock = np.tile(times, columns)
    when = [
        _crossing(flat, clock, peaks, befores, flat[befores] + part * rise, -1)
        for part in (FOOT, TOP)
    ] + [
        _crossing(flat, clock, peaks, afters, flat[afters] + part * fall, 1) for part in (TOP, FOOT)
    ]
    missing = np.concatenate([[0], np.cumsum(~np.ascontiguousarray(valid.T).ravel())])
    own = peaks - peaks % count
    first = own + np.searchsorted(times, when[0], side="left")
    end = own + np.searchsorted(times, when[-1], side="right")
    lost: FloatArray = (missing[end] - missing[first]) / np.maximum(end - first, 1)
    found: list[list[Pulse]] = [list[Pulse]() for _ in range(columns)]
    figures: list[list[Any]] = [part.tolist() for part in (peaks, rise, fall, lost, *when)]
    for place, up, down, gone, start, top, bottom, foot in zip(*figures, strict=True):
        if gone <= _MOST_MISSING:
            column, sample = divmod(int(place), count)
            found[column].append(
                Pulse(
                    start_s=start,
                    top_s=top,
                    peak_s=float(times[sample]),
                    bottom_s=bottom,
                    end_s=foot,
                    peak_sample=sample,
                    peak=float(flat[place]),
                    rise=up,
                    fall=down,
                )
            )
    return [tuple(pulses) for pulses in found]


def _peaks(turns: BoolArray, flat: FloatArray, count: int) -> tuple[IntArray, IntArray, IntArray]:
    """Places of turning points that are higher than those beside, and of these, in ``flat``."""
    places = np.flatnonzero(np.ascontiguousarray(turns.T).ravel())
    if len(places) < 3:
        return places[:0], places[:0], places[:0]
    heights, column = flat[places], places // count
    inner = (column[1:-1] == column[:-2]) & (column[1:-1] == column[2:])
    inner &= (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    at = np.flatnonzero(inner) + 1
    return places[at], places[at - 1], places[at + 1]


def _crossing(
    flat: FloatArray,
    clock: FloatArray,
    peaks: IntArray,
    ends: IntArray,
    level: FloatArray,
    step: int,
) -> FloatArray:
    """Times ``(p,)`` at which curves pass a level first on the way from a peak to a valley."""
    outside, going = peaks.copy(), np.arange(len(peaks))
    while len(going):
        outside[going] += step
        place = outside[going]
        on = (flat[place] > level[going]) & (place != ends[going])
        going = going[on]
    inside = outside - step
    above, below = flat[inside], flat[outside]
    share = np.clip((above - level) / np.maximum(above - below, 1e-12), 0.0, 1.0)
    return clock[inside] + share * (clock[outside] - clock[inside])
