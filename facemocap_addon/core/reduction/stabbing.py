# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines through upright intervals: whether one exists, and one that does, for many rows at once.

A cubic between two given points differs from their chord by ``h u (1 - u) (c0 + c1 u)``, u from 0
to 1 over the span's h frames. Bounds for the cubic are bounds for the line ``c0 + c1 u``: whether a
cubic stays in a tube is whether a line meets a row of intervals.
"""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: Cuts until a row is given up; four are usual, and what is given up counts as impossible.
MOST_CUTS = 40
#: Rows that are done are dropped once no more than this part is left: dropping means copying.
FEW = 0.5


def stab(
    u: FloatArray, low: FloatArray, high: FloatArray, slope: FloatArray, allowed: FloatArray
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Lines that meet all intervals of their row.

    For a slope s the line misses the intervals by f(s) = max(low - s u) - min(high - s u), a convex
    function of straight pieces. Every s that is tried gives one of these pieces, below which f
    never lies; the next s is where the pieces to both sides meet. Where they meet above nought
    there is no such line.

    Parameters
    ----------
    u, low, high : (r, w) float64
        Places and intervals; infinite ones bind nothing. ``u`` is finite.
    slope : (r,) float64
        Where to begin.
    allowed : (r,) float64
        What counts as nothing.

    Returns
    -------
    found : (r,) bool
    at_zero, slope : (r,) float64
        The line at u = 0 and its slope; where none was found they mean nothing.
    """
    count = len(u)
    found = np.zeros(count, np.bool_)
    at_zero, steep = np.zeros(count), np.zeros(count)
    row: IntArray = np.arange(count)
    alive: BoolArray = np.ones(count, np.bool_)
    s = slope
    # f is nowhere below a + b s: the best such piece that falls, and the best that rises
    falling = _no_pieces(count)
    rising = _no_pieces(count)
    for _ in range(MOST_CUTS):
        up, down, way = _binding(u, low, high, s)
        done = _all_of(alive, up - down <= allowed)
        found[row[done]] = True
        at_zero[row[done]] = 0.5 * (up[done] + down[done])
        steep[row[done]] = s[done]
        piece: FloatArray = np.stack([up - down - way * s, way])
        falling = _either(way < 0.0, piece, falling)
        rising = _either(way > 0.0, piece, rising)
        following, hopeful = _next_slope(s, piece, falling, rising, allowed)
        # where rounding stops the search there is nothing more to be found
        alive = _all_of(alive, ~done, hopeful, following != s)
        some = int(np.count_nonzero(alive))
        if not some:
            break
        s = _either(alive, following, s)
        if some <= FEW * len(row):
            row = row[np.flatnonzero(alive)]
            s, u, low, high, allowed = _rows(alive, s, u, low, high, allowed)
            falling, rising = (each.T for each in _rows(alive, falling.T, rising.T))
            alive = np.ones(some, np.bool_)
    return found, at_zero, steep


def _no_pieces(count: int) -> FloatArray:
    """Pieces ``(2, count)``, height at s = 0 and slope, that bind nothing."""
    return np.stack([np.full(count, -np.inf), np.zeros(count)])


def _either(mark: BoolArray, one: FloatArray, other: FloatArray) -> FloatArray:
    return np.where(mark, one, other)


def _rows(mark: BoolArray, *tables: FloatArray) -> tuple[FloatArray, ...]:
    return tuple(table[mark] for table in tables)


def _all_of(*marks: BoolArray) -> BoolArray:
    return np.logical_and.reduce(marks)


def _binding(
    u: FloatArray, low: FloatArray, high: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What binds lines of slope s: the highest lower end, the lowest upper end, how far apart.

    All ``(r,)``, the ends as they are seen at u = 0.
    """
    row = np.arange(len(u))
    shear = s[:, None] * u
    below: FloatArray = low - shear
    above: FloatArray = high - shear
    top, bottom = below.argmax(axis=1), above.argmin(axis=1)
    return below[row, top], above[row, bottom], u[row, bottom] - u[row, top]


def _next_slope(
    s: FloatArray, piece: FloatArray, falling: FloatArray, rising: FloatArray, allowed: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Where to look next ``(r,)``, and whether there can be anything ``(r,)``."""
    between = np.isfinite(falling[0] + rising[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        meet: FloatArray = (falling[0] - rising[0]) / (rising[1] - falling[1])
        # from one side only: as far as this piece alone allows, and a hair more
        onward: FloatArray = s - (piece[0] + piece[1] * s) * (1.001 / piece[1])
        lowest = falling[0] + falling[1] * meet
    hopeful = (piece[1] != 0.0) & (~between | (lowest <= allowed))
    following: FloatArray = np.where(between, meet, onward)
    return following, hopeful


def reach(
    u: FloatArray, low: FloatArray, high: FloatArray, allowed: FloatArray
) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Where lines that meet all intervals of their row can be at u = 1.

    The steeper a line may be, the higher it may end: the greatest and the least slope are looked
    for, from outside, each step to where what binds there no longer does.

    Parameters
    ----------
    u, low, high, allowed
        As `stab` has them; two finite intervals a row at least.

    Returns
    -------
    found : (r,) bool
    least, most : (r,) float64
        Where none was found they mean nothing.
    """
    found, most = _highest_end(u, low, high, allowed)
    also, least = _highest_end(u, -high, -low, allowed)
    return found & also, -least, most


def _highest_end(
    u: FloatArray, low: FloatArray, high: FloatArray, allowed: FloatArray
) -> tuple[BoolArray, FloatArray]:
    """The highest place ``(r,)`` at u = 1 of lines through intervals, and whether there is one."""
    found = np.zeros(len(u), np.bool_)
    highest = np.zeros(len(u))
    row: IntArray = np.arange(len(u))
    # steeper than anything: what binds such a line binds the steepest that can be
    s: FloatArray = np.full(len(u), 1e15)
    for _ in range(MOST_CUTS):
        lines = np.arange(len(row))
        shear = s[:, None] * u
        top, bottom = (low - shear).argmax(axis=1), (high - shear).argmin(axis=1)
        first: FloatArray = low[lines, top]
        last: FloatArray = high[lines, bottom]
        way: FloatArray = u[lines, bottom] - u[lines, top]
        done = first - last + way * s <= allowed
        found[row[done]] = True
        highest[row[done]] = (last + (1.0 - u[lines, bottom]) * s)[done]
        alive = _all_of(~done, way > 0.0)
        if not alive.any():
            break
        row = row[np.flatnonzero(alive)]
        u, low, high, allowed, rise, way = _rows(alive, u, low, high, allowed, last - first, way)
        s = rise / way
    return found, highest
