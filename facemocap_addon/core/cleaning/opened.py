# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps that begin or end within a blink or a short closure: where the open state is inside them."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .bridges import OpenKnots
from .lips import apart
from .samples import Samples

#: Seconds in which lids open and close, and lips.
_LIDS_S, _LIPS_S = (0.17, 0.09), (0.08, 0.06)
#: An eye at rest is as far shut as this percentile of the time around (seconds).
_REST, _AROUND_S = 20.0, 1.5
#: A lid is in a blink when it is this far above rest; lips touch when they are no farther apart.
_SHUT, _APART = 0.15, 0.03
#: What lasts longer than this (seconds) is no blink or closure but a state.
_LIDS_LONG_S, _LIPS_LONG_S = 0.6, 0.3


def open_knots(
    course: FloatArray, samples: Samples, run: tuple[int, int], columns: IntArray
) -> OpenKnots:
    """Values that lids and lips go through inside a gap: (place among columns, seconds, value).

    Parameters
    ----------
    course : (n, c) float64
        The samples without their noise.
    samples : Samples
    run : (int, int)
        First and last sample of the gap.
    columns : (k,) int
        What the gap lacks.
    """
    times, valid, roles = samples.times, samples.valid, samples.roles
    first, last = run
    if first == 0 or last == len(times) - 1:
        return ()
    out: list[tuple[int, float, float]] = []
    places = {int(column): place for place, column in enumerate(columns)}
    for column in roles.blinks:
        if column in places:
            lid, there = course[:, column], valid[:, column]
            rest = _rest(lid, there, times, first, last)
            brief = _brief(lid - rest > _SHUT, there, times, first, last, _LIDS_LONG_S)
            inside = _inside(brief, times[first - 1], times[last + 1], _LIDS_S)
            out += [(places[column], when, rest) for when in inside]
    if roles.jaw is None or roles.jaw not in places:
        return out
    there = valid[:, [column for column in (roles.jaw, roles.seal) if column is not None]]
    gap = apart(course, roles)
    least = float(np.percentile(gap, 2.0))
    brief = _brief(gap - least < _APART, there.all(axis=1), times, first, last, _LIPS_LONG_S)
    for when in _inside(brief, times[first - 1], times[last + 1], _LIPS_S):
        for column in roles.lips:
            if column in places:
                values = [course[row, column] for row in brief if row is not None]
                out.append((places[column], when, float(np.mean(values))))
    return out


def _rest(lid: FloatArray, there: BoolArray, times: FloatArray, first: int, last: int) -> float:
    """What an eye rests at around a gap."""
    start, end = np.searchsorted(times, [times[first] - _AROUND_S, times[last] + _AROUND_S])
    near = lid[start:end][there[start:end]]
    return float(np.percentile(near, _REST)) if len(near) else 0.0


def _brief(
    shut: BoolArray, there: BoolArray, times: FloatArray, first: int, last: int, long_s: float
) -> tuple[int | None, int | None]:
    """Samples outside the brief closures that touch a gap before and after it; None without one."""
    found: list[int | None] = []
    for edge, way in ((first - 1, -1), (last + 1, 1)):
        row = edge
        while 0 <= row < len(shut) and (shut[row] or not there[row]):
            if abs(times[row] - times[edge]) > long_s:
                break
            row += way
        outside = 0 <= row < len(shut) and not shut[row]
        found.append(row if outside and row != edge else None)
    return found[0], found[1]


def _inside(
    brief: tuple[int | None, int | None], before: float, after: float, spans: tuple[float, float]
) -> list[float]:
    """Seconds at which the open state is reached and left inside a gap."""
    opens, closes = spans
    left, right = brief[0] is not None, brief[1] is not None
    room = after - before
    if left and right:
        # both edges in one and the same blink, or the gap holds an open moment
        return [before + opens, after - closes] if room > 1.5 * (opens + closes) else []
    if left and room > 1.3 * opens:
        return [before + opens]
    if right and room > 1.3 * closes:
        return [after - closes]
    return []
