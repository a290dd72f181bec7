# SPDX-License-Identifier: GPL-3.0-or-later
"""How a driven value answers to what moves it: from samples to points that can be turned round.

A driver may clamp, scale, turn round or bend what it reads. All that matters here is measured: the
driven value at chosen values of the root. Straight answers keep two points, bent ones up to
`MOST_POINTS`; what jumps or goes both up and down cannot be turned round.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import numpy as np

from ..arrays import FloatArray
from ..rig_maps.response import respond

Points = tuple[tuple[float, float], ...]

#: What single precision may add to a driven value, as a part of how far it goes.
NOISE = 5e-6
#: How far an answer may be off a line that counts as straight, as a part of how far it goes.
STRAIGHT = 1e-5
#: How near an end must be to a sample to be taken for it, as a part of the answer's length.
SNAP = 2e-6
#: Samples on the slope before an answer is judged.
ENOUGH = 12
#: Samples on the slope of a bent answer.
ENOUGH_OF_BENT = 40
#: Points of a bent answer at most, and how near they must come, as a part of how far it goes.
MOST_POINTS, CLOSE = 33, 1e-4


class Fault(Enum):
    """Why an answer cannot be turned round."""

    STILL = "does not move"
    TURNS = "goes both up and down"
    JUMPS = "jumps"


def more_samples(at: FloatArray, values: FloatArray, least: float, *, whole: bool) -> list[float]:
    """Values of the root at which the answer should be sampled too; none when it is known.

    Parameters
    ----------
    at, values : (n,)
        Values of the root and of what it drives, in any order.
    least : float
        Motion of the driven value that counts as one.
    whole : bool
        The root takes whole numbers only.
    """
    at, values = _sorted(at, values)
    if _fault(values, least) is not None:
        return []
    first, last = _slope_ends(values)
    wanted: list[float] = []
    if last - first - 1 < ENOUGH:
        wanted = _between(at[first], at[last], ENOUGH + 5)
    elif _line(at, values, first, last) is None:
        if last - first - 1 < ENOUGH_OF_BENT:
            wanted = _between(at[first], at[last], ENOUGH_OF_BENT + 7)
        # a bent answer begins and ends somewhere between two samples
        length = at[last] - at[first]
        for place, inner in ((first, first + 1), (last, last - 1)):
            if 0 < place < len(at) - 1 and abs(at[inner] - at[place]) > 0.01 * length:
                wanted += _between(at[place], at[inner], 8)
    if whole:
        wanted = [float(round(value)) for value in wanted]
    known = set(at.tolist())
    return [value for value in dict.fromkeys(wanted) if value not in known]


def answer_points(
    at: FloatArray, values: FloatArray, least: float, *, whole: bool
) -> Points | Fault:
    """The part of an answer on which the driven value moves; parameters as `more_samples`."""
    at, values = _sorted(at, values)
    fault = _fault(values, least)
    if fault is not None:
        return fault
    first, last = _slope_ends(values)
    if last - first - 1 < 2:
        ends = ((float(at[first]), float(values[0])), (float(at[last]), float(values[-1])))
        return ends if whole else Fault.JUMPS
    line = _line(at, values, first, last)
    if line is not None:
        return ((line[0], float(values[0])), (line[1], float(values[-1])))
    return _thinned(at[first : last + 1], values[first : last + 1])


def trimmed(points: Points, limits: tuple[float, float]) -> Points:
    """The part of an answer on which the driven value is within ``limits``; empty if there is none.

    >>> trimmed(((0.0, -1.0), (2.0, 1.0)), (0.0, 1.0))
    ((1.0, 0.0), (2.0, 1.0))
    """
    rising = points if points[0][1] <= points[-1][1] else points[::-1]
    roots, values = (np.array(column, np.float64) for column in zip(*rising, strict=True))
    low, high = max(limits[0], float(values[0])), min(limits[1], float(values[-1]))
    if not low < high:
        return ()
    inside = (values > low) & (values < high)
    ends = np.interp([low, high], values, roots)
    kept = [
        (float(ends[0]), low),
        *zip(roots[inside].tolist(), values[inside].tolist(), strict=True),
        (float(ends[1]), high),
    ]
    return tuple(kept if rising is points else kept[::-1])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Driven value per root value, from end to end."""
    (start, low), (end, high) = points[0], points[-1]
    return (high - low) / (end - start)


def _between(start: float, end: float, count: int) -> list[float]:
    """Values at equal distances between two others, without these."""
    step = (end - start) / (count + 1)
    return [float(start + step * number) for number in range(1, count + 1)]


def _sorted(at: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    at, places = np.unique(np.asarray(at, np.float64), return_index=True)
    return at, np.asarray(values, np.float64)[places]


def _fault(values: FloatArray, least: float) -> Fault | None:
    """Whether the driven value stands still, or goes up and down."""
    size = float(np.ptp(values))
    if size < least:
        return Fault.STILL
    highest, lowest = np.maximum.accumulate(values), np.minimum.accumulate(values)
    falls = float((highest - values).max()) > NOISE * size
    rises = float((values - lowest).max()) > NOISE * size
    return Fault.TURNS if rises and falls else None


def _slope_ends(values: FloatArray) -> tuple[int, int]:
    """Last sample before the driven value moves, first sample after it has moved."""
    noise = NOISE * float(np.ptp(values))
    first = int(np.argmax(np.abs(values - values[0]) > noise)) - 1
    last = len(values) - int(np.argmax(np.abs(values[::-1] - values[-1]) > noise))
    return first, last


def _line(at: FloatArray, values: FloatArray, first: int, last: int) -> tuple[float, float] | None:
    """Where the straight line through an answer's slope begins and ends; None if it is bent."""
    inside = slice(first + 1, last)
    roots, driven = at[inside], values[inside]
    if len(roots) < 3:
        return None
    middle, mean = roots.mean(), driven.mean()
    away = roots - middle
    steep = float((away * (driven - mean)).sum() / (away * away).sum())
    size = float(np.ptp(values))
    off = np.abs(mean + steep * away - driven)
    if off.max() > STRAIGHT * size:
        return None
    ends = [float(middle + (values[place] - mean) / steep) for place in (0, -1)]
    slack = STRAIGHT * abs(ends[1] - ends[0])
    brackets = ((at[first], at[first + 1]), (at[last - 1], at[last]))
    for number, (low, high) in enumerate(brackets):
        if not low - slack <= ends[number] <= high + slack:
            return None
        outer = float(low if number == 0 else high)
        if abs(ends[number] - outer) <= SNAP * abs(ends[1] - ends[0]):
            ends[number] = outer
    return ends[0], ends[1]


def _thinned(at: FloatArray, values: FloatArray) -> Points:
    """Points of a bent answer: as many as it takes to turn it round, the farthest off first."""
    size = float(np.ptp(values))
    apart = np.concatenate([[True], np.abs(np.diff(values)) > NOISE * size])
    at, values = at[apart], values[apart]
    kept = {0, len(at) - 1}
    while len(kept) < min(MOST_POINTS, len(at)):
        turned = sorted((float(values[place]), float(at[place])) for place in kept)
        back = np.interp(respond(tuple(turned), values), at, values)
        off = np.abs(back - values)
        if off.max() < CLOSE * size:
            break
        kept.add(int(np.argmax(off)))
    return tuple((float(at[place]), float(values[place])) for place in sorted(kept))
