# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples that must be keys: turning points that count, and the ends of constant stretches.

All curves are looked at side by side, curve after curve in one flat row.
"""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: How often all smallest steps are taken out side by side.
PASSES = 24


def find_turning_points(values: FloatArray, tolerance: FloatArray) -> BoolArray:
    """Peaks and valleys that rise or fall by more than twice the tolerance on both sides.

    The smallest rise or fall is taken out first, and again, until all that are left are larger
    than the tolerances of their two ends together. What is left has a prominence of more than
    that; of equal peaks with less between them one is kept. Of a plateau its middle counts.

    Parameters
    ----------
    values, tolerance : (n, k) float64

    Returns
    -------
    (n, k) bool
        The first and last sample count as turning points.
    """
    samples, columns = values.shape
    flat = values.T.ravel()
    within = tolerance.T.ravel()
    places, is_end = _local_extremes(flat, samples)
    y, slack = flat[places], within[places]
    for _ in range(PASSES):
        smallest = np.flatnonzero(_smallest_weak(y, slack, is_end, places // samples))
        if not len(smallest):
            break
        # before its first and after its last turning point a curve is as far as it goes there
        begins, ends = smallest[is_end[smallest]], smallest[is_end[smallest + 1]]
        y[begins], y[ends + 1] = y[begins + 1], y[ends]
        gone = np.zeros(len(places), np.bool_)
        gone[smallest] = gone[smallest + 1] = True
        left = ~(gone & ~is_end)
        places, is_end, y, slack = places[left], is_end[left], y[left], slack[left]
    else:
        # swings that die away one after another leave but one smallest: these go in turn
        places = places[_taken_in_turn(y, slack, is_end)]
    out = np.zeros(columns * samples, np.bool_)
    out[places] = True
    return out.reshape(columns, samples).T


def _smallest_weak(
    y: FloatArray, slack: FloatArray, is_end: BoolArray, curve: IntArray
) -> BoolArray:
    """Steps ``(m - 1,)`` between extremes that are within tolerance and no larger than others."""
    size = np.abs(np.diff(y))
    # a step from one curve to the next is none, nor is that of a curve that has no other
    weak = (size <= slack[1:] + slack[:-1]) & ~(is_end[1:] & is_end[:-1])
    rank = np.where(weak, size, np.inf)
    before = np.concatenate([[np.inf], rank[:-1]])
    after = np.concatenate([rank[1:], [np.inf]])
    # of equal neighbours every other one, counted from where the curve begins
    count = np.bincount(curve)
    own = np.arange(len(rank)) - (np.cumsum(count) - count)[curve[:-1]]
    first = own % 2 == 0
    return (
        weak
        & ((rank < before) | ((rank == before) & first))
        & ((rank < after) | ((rank == after) & first))
    )


def _taken_in_turn(y: FloatArray, slack: FloatArray, is_end: BoolArray) -> list[int]:
    """Places that are left when weak steps are taken out one by one."""
    value, within = y.tolist(), slack.tolist()
    kept: list[int] = []
    base = 0

    def size(one: int, other: int) -> float:
        return abs(value[one] - value[other])

    def is_weak(one: int, other: int) -> bool:
        return size(one, other) <= within[one] + within[other]

    for place, end in enumerate(is_end.tolist()):
        kept.append(place)
        while len(kept) - base >= 4 and is_weak(*kept[-3:-1]):
            if size(*kept[-3:-1]) > min(size(*kept[-4:-2]), size(*kept[-2:])):
                break
            del kept[-3:-1]
        while len(kept) - base == 3 and is_weak(*kept[-3:-1]):
            if size(*kept[-3:-1]) > size(*kept[-2:]):
                break
            value[kept[-3]] = value[kept[-2]]
            del kept[-2]
        if end and len(kept) - base > 1:
            while len(kept) - base >= 3 and is_weak(*kept[-2:]):
                value[kept[-1]] = value[kept[-2]]
                del kept[-2]
            base = len(kept)
    return kept


def _local_extremes(flat: FloatArray, samples: int) -> tuple[IntArray, BoolArray]:
    """Places of local extremes and of the ends of each curve, and which are ends."""
    begins = np.arange(0, len(flat), samples)
    starts = np.concatenate([[True], flat[1:] != flat[:-1]])
    starts[begins] = True
    first = np.flatnonzero(starts)
    last = np.concatenate([first[1:], [len(flat)]]) - 1
    opens, closes = first % samples == 0, last % samples == samples - 1
    y = flat[first]
    rising = np.concatenate([[False], y[1:] > y[:-1]])
    falls_next = np.concatenate([y[1:] < y[:-1], [False]])
    inner = ~opens & ~closes
    turns = inner & (rising == falls_next)
    middle = (first + last) // 2
    # a curve that begins or ends with a plateau begins and ends with its outermost samples
    places = np.concatenate([middle[turns], first[opens], last[closes]])
    is_end = np.repeat([False, True], [int(turns.sum()), len(places) - int(turns.sum())])
    # a curve of one sample is its own beginning and end
    places, unique = np.unique(places, return_index=True)
    return places, is_end[unique]


def find_holds(values: FloatArray, samples: int) -> tuple[BoolArray, BoolArray]:
    """Stretches of at least that many equal samples.

    Returns
    -------
    ends, inside : (n, k) bool
        The first and last sample of each stretch, and all of its samples.
    """
    count, columns = values.shape
    flat = values.T.ravel()
    starts = np.concatenate([np.ones(min(len(flat), 1), np.bool_), flat[1:] != flat[:-1]])
    starts[::count] = True
    first = np.flatnonzero(starts)
    length = np.diff(np.concatenate([first, [len(flat)]]))
    held = length >= max(samples, 2)
    ends = np.zeros(len(flat), np.bool_)
    ends[first[held]] = ends[(first + length - 1)[held]] = True
    inside = np.repeat(held, length)
    return ends.reshape(columns, count).T, inside.reshape(columns, count).T
