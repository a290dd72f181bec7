# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Cubic bridges over gaps: smooth at both sides, never beyond what lies there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: Valid samples of each side that a bridge stands on.
_SIDE = 3
#: A value that a bridge goes through: (place among the columns, seconds, value).
OpenKnots = Sequence[tuple[int, float, float]]


def bridge(
    times: FloatArray,
    course: FloatArray,
    valid: BoolArray,
    run: tuple[int, int],
    columns: IntArray,
    knots: OpenKnots = (),
) -> FloatArray:
    """Values ``(m, k)`` of some columns of ``course`` over the m samples of a run that they lack.

    Monotone cubics between the knots (Fritsch and Carlson 1980). At the ends of a take the nearest
    value is held.

    Parameters
    ----------
    times : (n,) float64
        Seconds.
    course : (n, c) float64
    valid : (n, c) bool
    run : (int, int)
        First and last sample.
    columns : (k,) int
    knots : sequence of (int, float, float)
        More values that the bridge goes through.
    """
    first, last = run
    wanted = times[first : last + 1]
    out = np.empty((len(wanted), len(columns)))
    own: dict[int, list[tuple[float, float]]] = {}
    for place, when, value in knots:
        own.setdefault(place, []).append((when, value))
    edges = (np.full(len(columns), edge) for edge in run)
    before, befores = _nearest(valid, next(edges), columns, -1)
    after, afters = _nearest(valid, next(edges), columns, 1)
    groups: dict[tuple[int, ...], list[int]] = {}
    for place in range(len(columns)):
        rows = (
            *before[place, : befores[place]][::-1].tolist(),
            *after[place, : afters[place]].tolist(),
        )
        groups.setdefault(rows, []).append(place)
    for rows, places in groups.items():
        if len(rows) < 2:
            out[:, places] = course[rows[0], columns[places]] if rows else 0.0
            continue
        near = np.clip(wanted, times[rows[0]], times[rows[-1]])
        plain = [place for place in places if place not in own]
        if plain:
            through = course[np.ix_(list(rows), columns[plain])]
            out[:, plain] = monotone(times[list(rows)], through, near)
        for place in places:
            if place in own:
                more = np.array(own[place])
                at = np.concatenate([times[list(rows)], more[:, 0]])
                order = np.argsort(at)
                through = np.concatenate([course[list(rows), columns[place]], more[:, 1]])
                out[:, place] = monotone(at[order], through[order, None], near)[:, 0]
    return out


def bridges(
    times: FloatArray,
    course: FloatArray,
    valid: BoolArray,
    gaps: tuple[IntArray, IntArray, IntArray],
    out: FloatArray,
) -> None:
    """Bridge many gaps of single columns, as `bridge` does one; into ``out`` (n, c).

    Parameters
    ----------
    times, course, valid
        As `bridge`.
    gaps : three (g,) int
        First sample, last sample and column of each.
    """
    firsts, lasts, columns = gaps
    before, befores = _nearest(valid, firsts, columns, -1)
    after, afters = _nearest(valid, lasts, columns, 1)
    kinds = np.stack([lasts - firsts + 1, befores, afters])
    for length, left, right in np.unique(kinds, axis=1).T.tolist():
        own = np.flatnonzero((kinds == [[length], [left], [right]]).all(axis=0))
        rows = np.concatenate([before[own, :left][:, ::-1], after[own, :right]], axis=1).T
        at = firsts[own] + np.arange(length)[:, None]
        column = columns[own]
        if left + right < 2:
            out[at, column] = course[rows[0], column] if left + right else 0.0
            continue
        knots = times[rows]
        near = np.clip(times[at], knots[0], knots[-1])
        out[at, column] = monotone(knots, course[rows, column], near)


def monotone(knots: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """Monotone cubics (m, k) through values (n, k) at n >= 2 knots, at times between them.

    The harmonic means of Fritsch and Butland (1984); for a few knots this is far quicker than to
    make an interpolator of scipy's, which gives the same.

    Parameters
    ----------
    knots : (n,) or (n, k) float64
    values : (n, k) float64
    at : (m,) or (m, k) float64
    """
    knots, at = knots.reshape(len(knots), -1), at.reshape(len(at), -1)
    steps = knots[1:] - knots[:-1]
    rises = (values[1:] - values[:-1]) / steps
    slopes = np.empty_like(values)
    if len(knots) == 2:
        slopes[:] = rises
    else:
        one, two = 2.0 * steps[1:] + steps[:-1], steps[1:] + 2.0 * steps[:-1]
        same = rises[1:] * rises[:-1] > 0
        before, after = (np.where(same, part, 1.0) for part in (rises[:-1], rises[1:]))
        slopes[1:-1] = np.where(same, (one + two) / (one / before + two / after), 0.0)
        slopes[0] = _end(steps[0], steps[1], rises[0], rises[1])
        slopes[-1] = _end(steps[-1], steps[-2], rises[-1], rises[-2])
    place = (at[:, None] >= knots[1:-1]).sum(axis=1)
    own = np.arange(knots.shape[1])
    step = steps[place, own]
    part = (at - knots[place, own]) / step
    rest = 1.0 - part
    each = np.arange(values.shape[1])
    return (
        values[place, each] * (1.0 + 2.0 * part) * rest * rest
        + values[place + 1, each] * (3.0 - 2.0 * part) * part * part
        + step * part * rest * (slopes[place, each] * rest - slopes[place + 1, each] * part)
    )


def _end(step: FloatArray, next_step: FloatArray, rise: FloatArray, next_rise: FloatArray) -> Any:
    """Slope (k,) at an end: that of the parabola, as far as it keeps the shape."""
    slope = ((2.0 * step + next_step) * rise - step * next_rise) / (step + next_step)
    slope = np.where(slope * rise <= 0, 0.0, slope)
    far = (rise * next_rise <= 0) & (np.abs(slope) > 3.0 * np.abs(rise))
    return np.where(far, 3.0 * rise, slope)


def _nearest(
    valid: BoolArray, edges: IntArray, columns: IntArray, way: int
) -> tuple[IntArray, IntArray]:
    """Valid samples (g, `_SIDE`) beside the edges of gaps, the nearest first, and how many."""
    rows = edges[:, None] + way * np.arange(1, 4 * _SIDE + 1)
    inside = (rows >= 0) & (rows < len(valid))
    there = inside & valid[np.where(inside, rows, 0), columns[:, None]]
    order = np.argsort(~there, axis=1, kind="stable")[:, :_SIDE]
    return np.take_along_axis(rows, order, axis=1), np.minimum(there.sum(axis=1), _SIDE)
