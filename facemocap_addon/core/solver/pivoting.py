# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact box-constrained quadratic programs, thousands of frames side by side.

Block principal pivoting: every unknown is held at its lower bound, held at its upper bound, or
free; the free ones solve their equations; all that then break the optimality conditions change
sides at once. Where that stops to help, only the last of them does (Murty's rule), which ends for
certain. Júdice and Pires 1994, "A block principal pivoting algorithm for large-scale strictly
monotone linear complementarity problems"; the exchange rule is that of Kim and Park 2011, "Fast
nonnegative matrix factorization". The equations themselves are in `stationary`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .stationary import FREE, LOW, Frames, in_order, stationary
from .system import Quadratic

#: Exchanges of whole blocks that may bring nothing before single exchanges begin.
PATIENCE = 3


@dataclass(frozen=True)
class Pivoted:
    """What pivoting found.

    Attributes
    ----------
    values : (n, k) float64
    state : (n, k) int8
        -1 held at the lower bound, 0 free, 1 held at the upper bound.
    error : (n,) float64
        Largest entry of the projected gradient.
    done : (n,) bool
        Whether the error is within its limit, or rounding alone keeps it above.
    """

    values: FloatArray
    state: IntArray
    error: FloatArray
    done: BoolArray


def pivot(
    form: Quadratic,
    pull: FloatArray,
    low: FloatArray,
    high: FloatArray,
    state: IntArray,
    *,
    limit: FloatArray,
    rounds: int,
) -> Pivoted:
    """Minimise ``y H y / 2 - pull y`` with ``low <= y <= high`` for every frame.

    Parameters
    ----------
    form : Quadratic
        H, for all frames or for each.
    pull : (n, k) float64
    low, high : (k,) or (n, k) float64
        Where they are equal, the unknown stays there.
    state : (n, k) int8
        Where to begin: -1, 0 or 1.
    limit : (n,) float64
        A frame is done when its projected gradient is within this.
    rounds : int
        At most so many exchanges.
    """
    frames, count = pull.shape
    best = np.zeros((frames, count))
    least = np.full(frames, np.inf)
    last_state = np.empty((frames, count), np.int8)
    done = np.zeros(frames, np.bool_)
    fewest = np.full(frames, count + 1)
    patience = np.full(frames, PATIENCE)
    alive: IntArray = np.arange(len(pull))
    part = Frames(form, pull, low, high)
    now = state * (high > low) - (high <= low).astype(np.int8)
    for turn in range(rounds):
        order, part, now = in_order(part, now)
        alive = np.take(alive, order)
        raw = stationary(part, now)
        found = np.clip(raw, part.low, part.high)
        raw_slope = part.form.times(raw) - part.pull
        slope = raw_slope.copy()
        moved = np.flatnonzero((found != raw).any(axis=1))
        if len(moved):
            slope[moved] += part.form.rows(moved).times(found[moved] - raw[moved])
        error = projected(slope, found, part.low, part.high)
        wrong, sides = _exchange(now, raw, raw_slope, part)
        number = np.count_nonzero(wrong, axis=1)
        ended = (error <= limit[alive]) | (number == 0)
        better = ended if turn == 0 else error < least[alive]
        if turn + 1 == rounds:
            better = error < least[alive]
        place = alive[better]
        best[place], least[place] = found[better], error[better]
        done[alive[ended]] = True
        last_state[alive] = now
        going = np.flatnonzero(~ended)
        if not len(going):
            break
        alive, wrong, number = alive[going], wrong[going], number[going]
        fewer = number < fewest[alive]
        fewest[alive] = np.minimum(number, fewest[alive])
        patience[alive] = np.where(fewer, PATIENCE, patience[alive] - 1)
        single = patience[alive] < 0
        if single.any():
            last = count - 1 - np.argmax(wrong[:, ::-1], axis=1)
            wrong[single] &= np.arange(count) == last[single, None]
        now = now[going]
        now += (sides[going] - now) * wrong
        part = part.rows(going)
    return Pivoted(best, last_state, least, done)


def projected(
    slope: FloatArray, values: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Largest entry (n,) of the gradient that the bounds do not answer for."""
    held = (values <= low) & (slope > 0)
    held |= (values >= high) & (slope < 0)
    return np.abs(slope * ~held).max(axis=1, initial=0.0)


def _exchange(
    state: IntArray, raw: FloatArray, slope: FloatArray, part: Frames
) -> tuple[BoolArray, IntArray]:
    """Which unknowns break the conditions, and the side each of them then goes to."""
    free = state == FREE
    over = raw > part.high
    wrong = over | (raw < part.low)
    wrong &= free
    release = ((state == LOW) & (slope < 0)) | ((state > FREE) & (slope > 0))
    release &= part.high > part.low
    wrong |= release
    sides = over.view(np.int8) * np.int8(2)
    sides -= np.int8(1)
    sides *= free
    return wrong, sides
