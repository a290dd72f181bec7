# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a control direction closes an opening as far as wanted, frame by frame.

A direction is what a channel adds to all controls, such as that of eyeBlinkLeft. The separation of
an opening's edges falls along it, on straight lines where shape keys move them and on bent ones
where bones do. Some frames are solved first; the others begin with what was learnt on the one that
is most like them, so that each is measured once or twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .gaps import gap

#: Separations (per cent) of each opening ``(r, k)`` for control values ``(r, c)``.
Measure = Callable[[FloatArray], Mapping[str, FloatArray]]

#: A gap is near enough when what is left to do changes it by less than this (per cent of the
#: opening's unit) and this part of what is wanted; that much is still done, but not measured again.
CLOSE_ENOUGH, NEAR = 0.1, 0.015
#: Amount that is tried to learn how fast an opening closes.
TRIAL = 0.25
#: Frames that are solved first.
TRIED = 64
#: Most measurements of one frame; the longest step between two of them, and the longest one along
#: what does not close the opening.
MOST_STEPS, LONGEST, SHORT = 7, 0.8, 0.05
#: What closes an opening by less than this for all of an amount (per cent) does not close it.
FLAT = 1.0
#: Halvings that find an amount on straight lines.
HALVINGS = 40


@dataclass(frozen=True)
class Closing:
    """One opening and what is wanted of it.

    Attributes
    ----------
    opening : str
    direction : (c,) or (n, c) float
        What amount 1 adds to the controls, in all frames or in each.
    wanted : (n,) float
        Gap in per cent of the opening's unit; frames that are closed as far already stay.
    low, high : (n,) float
        Bounds of the amount.
    """

    opening: str
    direction: FloatArray
    wanted: FloatArray
    low: FloatArray
    high: FloatArray


def close_openings(
    values: FloatArray,
    closings: Sequence[Closing],
    measure: Measure,
    limits: FloatArray,
    seen: Mapping[str, FloatArray],
) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Amounts along each closing's direction that bring its gap to what is wanted.

    Parameters
    ----------
    values : (n, c) float
        Control values at amount nought.
    closings : sequence of Closing, length d
        Their openings are different ones and share no points, so that all are found together.
    measure : callable
        Called a few times with some of the frames.
    limits : (c, 2) float
        Controls stay within them, whatever the amount.
    seen : mapping of str to (n, k) float
        Separations at amount nought, by opening.

    Returns
    -------
    amounts : (n, d)
    separations : mapping of str to (n, k)
        What they lead to, as far as it was measured (within `CLOSE_ENOUGH`).
    """

    def look(rows: IntArray, amounts: FloatArray) -> list[FloatArray]:
        at = np.zeros((len(values), len(closings)))
        at[rows] = amounts
        found = measure(apply_amounts(values, closings, at, limits, rows))
        return [found[closing.opening] for closing in closings]

    count = len(values)
    if not count:
        return np.zeros((0, len(closings))), {c.opening: seen[c.opening] for c in closings}
    some = np.arange(min(TRIED, count)) * count // min(TRIED, count)
    trial = np.stack([np.clip(TRIAL, 1e-3, np.maximum(c.high, 1e-3)) for c in closings], axis=1)
    tried = look(some, trial[some])
    searches: list[_Search] = []
    for place, closing in enumerate(closings):
        start = seen[closing.opening]
        fall = (tried[place] - start[some]) / trial[some, place][:, None]
        searches.append(_Search(closing, start, np.median(fall, axis=0)))
    _run(searches, some, look)
    others = np.setdiff1d(np.arange(count), some)
    for search in searches:
        search.learn(some, others)
    _run(searches, others, look)
    amounts = np.stack([search.amounts for search in searches], axis=1)
    ends = {c.opening: s.end() for c, s in zip(closings, searches, strict=True)}
    return amounts, ends


def _run(
    searches: Sequence[_Search],
    rows: IntArray,
    look: Callable[[IntArray, FloatArray], list[FloatArray]],
) -> None:
    """Search in some frames until all are near enough."""
    for _ in range(MOST_STEPS):
        going = [search.propose(rows) for search in searches]
        rows = rows[np.any(going, axis=0)]
        if not len(rows):
            return
        found = look(rows, np.stack([search.next[rows] for search in searches], axis=1))
        for search, separated in zip(searches, found, strict=True):
            search.take(rows, separated)
    for search in searches:
        search.settle(rows)


class _Search:
    """The amounts of one opening: what was measured last, what was best, what comes next."""

    def __init__(self, closing: Closing, start: FloatArray, slope: FloatArray) -> None:
        count = len(start)
        self._closing = closing
        self._start = start
        self._slopes = np.repeat(slope[None], count, axis=0)
        self._state = np.array(start)
        self._at = np.zeros(count)
        self._best, self._best_state = np.zeros(count), np.array(start)
        self._error = self._miss(gap(start), closing.wanted)
        self.amounts = np.zeros(count)
        self.next = np.zeros(count)

    @staticmethod
    def _miss(gaps: FloatArray, wanted: FloatArray) -> FloatArray:
        """How bad a gap is: too far open counts, too far shut hardly."""
        return np.maximum(gaps - wanted, 0.1 * (wanted - gaps))

    def propose(self, rows: IntArray) -> BoolArray:
        """Find the next amounts; whether they are worth measuring."""
        own = self._closing
        at, slopes = self._at[rows], self._slopes[rows]
        wanted, low, high = own.wanted[rows], own.low[rows], own.high[rows]
        base = self._state[rows] - slopes * at[:, None]
        best = _amount(base, slopes, wanted, low, high)
        best = np.clip(best, at - LONGEST, at + LONGEST)
        steep = np.abs(slopes).mean(axis=1)
        going = steep * np.abs(best - at) > CLOSE_ENOUGH + NEAR * wanted
        # a long way that would hardly change the gap is not gone
        best = np.where(~going & (steep < FLAT) & (np.abs(best - at) > SHORT), at, best)
        self.amounts[rows] = self.next[rows] = best
        return going

    def take(self, rows: IntArray, separated: FloatArray) -> None:
        """Learn from what the next amounts lead to."""
        at, to = self._at[rows], self.next[rows]
        step = (to - at)[:, None]
        moved = np.abs(step) > 1e-6
        slopes = np.where(
            moved, (separated - self._state[rows]) / _nonzero(step), self._slopes[rows]
        )
        error = self._miss(gap(separated), self._closing.wanted[rows])
        # beyond some point a lid that turns opens the eye again: go back and take half the step
        worse = (error > self._error[rows] + CLOSE_ENOUGH) & (slopes.mean(axis=1) * step[:, 0] > 0)
        self._slopes[rows] = np.where(worse[:, None], 2.0 * self._slopes[rows], slopes)
        self._state[rows] = np.where(worse[:, None], self._state[rows], separated)
        self._at[rows] = np.where(worse, at, to)
        better = error < self._error[rows]
        self._error[rows] = np.where(better, error, self._error[rows])
        self._best[rows] = np.where(better, to, self._best[rows])
        self._best_state[rows] = np.where(better[:, None], separated, self._best_state[rows])

    def settle(self, rows: IntArray) -> None:
        """Be content with the best that was measured."""
        self.amounts[rows] = self._at[rows] = self._best[rows]
        self._state[rows] = self._best_state[rows]

    def learn(self, some: IntArray, others: IntArray) -> None:
        """Let frames begin with the slopes of the solved frame that is most like them."""
        solved = some[np.abs(self._at[some]) > 0.02]
        if not len(solved) or not len(others):
            return
        falls = (self._state[solved] - self._start[solved]) / self._at[solved][:, None]
        looks = np.concatenate([self._start, self._closing.wanted[:, None]], axis=1)
        nearest = np.empty(len(others), np.int64)
        for first in range(0, len(others), 1024):
            part = others[first : first + 1024]
            away = np.abs(looks[part][:, None] - looks[solved][None]).sum(axis=2)
            nearest[first : first + 1024] = np.argmin(away, axis=1)
        self._slopes[others] = falls[nearest]

    def end(self) -> FloatArray:
        """Separations ``(n, k)`` at the amounts."""
        return self._state + self._slopes * (self.amounts - self._at)[:, None]


def apply_amounts(
    values: FloatArray,
    closings: Sequence[Closing],
    amounts: FloatArray,
    limits: FloatArray,
    rows: IntArray | slice = slice(None),
) -> FloatArray:
    """Control values ``(r, c)`` of some frames with all closings' amounts ``(n, d)`` added."""
    out = values[rows].copy()
    moved = np.zeros(out.shape[1], np.bool_)
    for place, closing in enumerate(closings):
        direction = closing.direction if closing.direction.ndim == 1 else closing.direction[rows]
        out += amounts[rows, place][:, None] * direction
        moved |= (closing.direction != 0).reshape(-1, out.shape[1]).any(axis=0)
    # what the map keeps within limits stays there; other controls are left as they are
    out[:, moved] = np.clip(out[:, moved], limits[moved, 0], limits[moved, 1])
    return out


def room(values: FloatArray, direction: FloatArray, limits: FloatArray) -> FloatArray:
    """Amounts ``(n,)`` along a direction ``(c,)`` at which the last control meets its limit."""
    out = np.zeros(len(values))
    for place in np.flatnonzero(direction):
        bound = limits[place, 1] if direction[place] > 0 else limits[place, 0]
        out = np.maximum(out, (bound - values[:, place]) / direction[place])
    return out


def _amount(
    base: FloatArray, slope: FloatArray, wanted: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """The least amount within bounds at which the gap of ``base + amount * slope`` is as wanted."""
    lower, upper = low.copy(), high.copy()
    for _ in range(HALVINGS):
        middle = 0.5 * (lower + upper)
        closed = gap(base + middle[:, None] * slope) <= wanted
        upper = np.where(closed, middle, upper)
        lower = np.where(closed, lower, middle)
    # where nothing needs closing the amount is exactly the bound
    return np.where(gap(base + low[:, None] * slope) <= wanted, low, upper)


def _nonzero(steps: FloatArray) -> FloatArray:
    return np.where(np.abs(steps) < 1e-12, 1e-12, steps)
