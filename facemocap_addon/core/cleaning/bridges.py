# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Cubic bridges over gaps: smooth at both sides, never beyond what lies there."""

from __future__ import annotations

from collections.abc import Sequence

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
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415

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
            out[:, plain] = PchipInterpolator(times[list(rows)], through)(near)
        for place in places:
            if place in own:
                more = np.array(own[place])
                at = np.concatenate([times[list(rows)], more[:, 0]])
                order = np.argsort(at)
                through = np.concatenate([course[list(rows), columns[place]], more[:, 1]])
                out[:, place] = PchipInterpolator(at[order], through[order])(near)
    return out


def _side(valid: BoolArray, first: int, last: int) -> list[int]:
    """Valid samples next to a gap on both sides."""
    before = np.flatnonzero(valid[max(first - 4 * _SIDE, 0) : first])[-_SIDE:]
    after = np.flatnonzero(valid[last + 1 : last + 1 + 4 * _SIDE])[:_SIDE]
    return [*(before + max(first - 4 * _SIDE, 0)).tolist(), *(after + last + 1).tolist()]
