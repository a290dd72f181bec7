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
    groups: dict[tuple[int, ...], list[int]] = {}
    for place, column in enumerate(columns.tolist()):
        groups.setdefault(tuple(_side(valid[:, column], first, last)), []).append(place)
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


def monotone(knots: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """Monotone cubics (m, k) through values (n, k) at n >= 2 knots, at times between them.

    The harmonic means of Fritsch and Butland (1984); for a few knots this is far quicker than to
    make an interpolator of scipy's, which gives the same.
    """
    steps = np.diff(knots)[:, None]
    rises = np.diff(values, axis=0) / steps
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
    place = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    step = steps[place]
    part = (at[:, None] - knots[place, None]) / step
    rest = 1.0 - part
    return (
        values[place] * (1.0 + 2.0 * part) * rest**2
        + values[place + 1] * (3.0 - 2.0 * part) * part**2
        + step * part * rest * (slopes[place] * rest - slopes[place + 1] * part)
    )


def _end(step: FloatArray, next_step: FloatArray, rise: FloatArray, next_rise: FloatArray) -> Any:
    """Slope (k,) at an end: that of the parabola, as far as it keeps the shape."""
    slope = ((2.0 * step + next_step) * rise - step * next_rise) / (step + next_step)
    slope = np.where(slope * rise <= 0, 0.0, slope)
    far = (rise * next_rise <= 0) & (np.abs(slope) > 3.0 * np.abs(rise))
    return np.where(far, 3.0 * rise, slope)


def _side(valid: BoolArray, first: int, last: int) -> list[int]:
    """Valid samples next to a gap on both sides."""
    before = np.flatnonzero(valid[max(first - 4 * _SIDE, 0) : first])[-_SIDE:]
    after = np.flatnonzero(valid[last + 1 : last + 1 + 4 * _SIDE])[:_SIDE]
    return [*(before + max(first - 4 * _SIDE, 0)).tolist(), *(after + last + 1).tolist()]
