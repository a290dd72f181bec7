# SPDX-License-Identifier: GPL-3.0-or-later
"""Cubics over spans of samples: whether one stays in the tube, and its slopes at both ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .rows import PARTS, Rows, finer
from .tube import Tube

#: Spans of up to so many steps are fitted with all parts between samples from the beginning.
SHORT = 4
#: Numbers that are worked on together.
CHUNK = 131_072
#: Long spans are first asked of some of their samples, while so many are left: most of those that
#: are too long fail there already.
STRIDES, FEWEST = (16, 4), 6
#: Lengths from which on rows are worked on in another way.
KINDS = (SHORT + 1, *(FEWEST * stride for stride in reversed(STRIDES)))


def can_span(tube: Tube, start: IntArray, length: IntArray) -> BoolArray:
    """Whether a cubic through the first and last sample of each span stays in the tube ``(r,)``."""
    found = np.ones(len(start), np.bool_)
    for batch in batches(length):
        left, shortest = batch, int(length[batch].min())
        if int(length[batch].max()) <= SHORT:
            found[batch] = Rows.of(tube, start[batch], length[batch]).in_parts().stabbed()[0]
            continue
        slope = None
        for stride in STRIDES:
            if len(left) and shortest >= FEWEST * stride:
                ok, _at_zero, slope = Rows.of(tube, start[left], length[left], stride).stabbed(
                    slope
                )
                left, slope = left[ok], slope[ok]
        found[batch] = False
        if len(left):
            rows = Rows.of(tube, start[left], length[left])
            found[left], _at_zero, _slope = _refined(rows, *rows.stabbed(slope))
    return found


def solve_spans(tube: Tube, start: IntArray, length: IntArray) -> tuple[BoolArray, FloatArray]:
    """Cubics through the first and last sample of each span that stay in the tube.

    Parameters
    ----------
    tube : Tube
    start, length : (r,) int
        First sample in the flat row, and steps to the last.

    Returns
    -------
    found : (r,) bool
    slopes : (r, 2) float64
        Value per frame at both ends. Least squares where that stays in the tube.
    """
    found = np.ones(len(start), np.bool_)
    slopes = np.repeat(_chords(tube, start, length)[:, None], 2, axis=1)
    for batch in batches(length):
        rows = Rows.of(tube, start[batch], length[batch])
        width = rows.u.shape[1]
        # less the chord, which the bounds have lost already
        rest = tube.windows(tube.values, start[batch], width) + (
            rows.low - tube.windows(tube.low, start[batch], width)
        )
        if width <= SHORT + 1:
            rows = rows.in_parts()
            at_zero, slope = rows.nearest(finer(rest))
            ok = rows.meets(at_zero, slope)
        else:
            at_zero, slope = rows.nearest(rest)
            ok = rows.stays_inside(at_zero, slope)
        hard = np.flatnonzero(~ok)
        if len(hard):
            few = rows.taken(hard)
            again = few.stabbed(slope[hard])
            if width > SHORT + 1:
                again = _refined(few, *again)
            ok[hard], at_zero[hard], slope[hard] = again
        found[batch] = ok
        slopes[batch, 0] += at_zero
        slopes[batch, 1] -= at_zero + slope
    return found, slopes


def check_spans(tube: Tube, start: IntArray, length: IntArray, slopes: FloatArray) -> BoolArray:
    """Whether cubics with these slopes ``(r, 2)`` stay in the tube ``(r,)``."""
    inside = np.ones(len(start), np.bool_)
    for batch in batches(length, shortest=1):
        rows = Rows.of(tube, start[batch], length[batch])
        at_zero = slopes[batch, 0] - rows.chord
        inside[batch] = rows.stays_inside(at_zero, rows.chord - slopes[batch, 1] - at_zero)
    return inside


def _refined(
    rows: Rows, found: BoolArray, at_zero: FloatArray, slope: FloatArray
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Lines that stay in the bounds at the places of ``rows``, mended between these places."""
    loose = np.flatnonzero(found)
    some = rows if len(loose) == len(found) else rows.taken(loose)
    again = loose[~some.stays_inside(at_zero[loose], slope[loose])]
    if len(again):
        parts = rows.taken(again).in_parts()
        found[again], at_zero[again], slope[again] = parts.stabbed(slope[again])
    return found, at_zero, slope


def _chords(tube: Tube, start: IntArray, length: IntArray) -> FloatArray:
    step = start % tube.samples
    run = tube.times[step + length] - tube.times[step]
    return (tube.values[start + length] - tube.values[start]) / run


def batches(length: IntArray, shortest: int = 2) -> Iterator[IntArray]:
    """Rows that are worked on together; shorter ones than ``shortest`` are left out.

    What is done to a row depends on its length alone: a curve is cut alike in any company.
    """
    rows = np.flatnonzero(length >= shortest)
    rows = rows[np.argsort(length[rows], kind="stable")]
    sizes = length[rows]
    edges = np.searchsorted(sizes, KINDS).tolist()
    for first, end in zip([0, *edges], [*edges, len(rows)], strict=True):
        begin = first
        while begin < end:
            least, widest = int(sizes[begin]), int(sizes[end - 1])
            parts = PARTS if widest <= SHORT else 1
            if (end - begin) * widest * parts > CHUNK // 4:
                # many rows are as wide as each other
                widest = max(least + least // 4, SHORT)
            many = max(CHUNK // (widest * parts), 1)
            following = int(np.searchsorted(sizes[:end], widest, side="right"))
            yield rows[begin : min(following, begin + many)]
            begin += min(following - begin, many)
