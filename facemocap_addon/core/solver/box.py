# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame-wise box-constrained quadratic programs: a guess, then pivoting, and again if need be."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .admm import FULL, QUICK, THOROUGH, guess_minimum
from .pivoting import Pivoted, pivot, projected
from .system import Quadratic

#: Residual of the optimality conditions, of the largest gradient entry at rest.
EXACT, FAST = 1e-10, 1e-4
#: Frames that go through together: their arrays stay in the processor's cache.
AT_ONCE = 2048
#: Exchanges before a better guess is worth its time, and before giving up.
SOON, LATE = 7, 400


def solve_box(
    form: Quadratic,
    pull: FloatArray,
    low: FloatArray,
    high: FloatArray,
    tolerance: float = EXACT,
    state: IntArray | None = None,
) -> Pivoted:
    """Minimise ``y H y / 2 - pull y`` with ``low <= y <= high`` for every frame.

    Parameters
    ----------
    form : Quadratic
    pull : (n, k) float64
    low, high : (k,) or (n, k) float64
        Where they are equal, the unknown stays there.
    tolerance : float
        A frame is done when no entry of its projected gradient exceeds this part of its largest
        pull.
    state : (n, k) int8, optional
        Where to begin; needed if ``form`` has a matrix for each frame.
    """
    frames, count = len(pull), form.count
    none: FloatArray = np.zeros(frames)
    done: BoolArray = np.ones(frames, np.bool_)
    whole = Pivoted(np.zeros((frames, count)), np.zeros((frames, count), np.int8), none, done)
    if count:
        everyone: IntArray = np.arange(len(pull))
        for start in range(0, frames, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            found = _solve_part(
                form.rows(everyone[part]),
                pull[part],
                _rows(low, part),
                _rows(high, part),
                tolerance,
                None if state is None else state[part],
            )
            _put(whole, part, found)
    return whole


def _solve_part(
    form: Quadratic,
    pull: FloatArray,
    low: FloatArray,
    high: FloatArray,
    tolerance: float,
    state: IntArray | None,
) -> Pivoted:
    limit = tolerance * np.abs(pull).max(axis=1)
    if state is not None:
        return _settle(form, pull, low, high, state, limit)
    assert form.matrix is not None, "frames with matrices of their own need a state"
    guess = FULL if tolerance >= FAST else QUICK
    state, values = guess_minimum(form.matrix, pull, low, high, guess)
    if guess is QUICK:
        return _settle(form, pull, low, high, state, limit)
    error = projected(form.times(values) - pull, values, low, high)
    found = Pivoted(values, state, error, error <= limit)
    left = np.flatnonzero(~found.done)
    if len(left):
        bounds = _rows(low, left), _rows(high, left)
        late = _settle(form.rows(left), pull[left], *bounds, state[left], limit[left])
        _put(found, left, late)
    return found


def _settle(
    form: Quadratic,
    pull: FloatArray,
    low: FloatArray,
    high: FloatArray,
    state: IntArray,
    limit: FloatArray,
) -> Pivoted:
    """Pivot; frames that wander begin again from a better guess."""
    found = pivot(form, pull, low, high, state, limit=limit, rounds=SOON)
    left = np.flatnonzero(~found.done)
    if not len(left):
        return found
    low, high, pull = _rows(low, left), _rows(high, left), pull[left]
    again = found.state[left]
    if form.matrix is not None:
        again, _ = guess_minimum(form.matrix, pull, low, high, THOROUGH)
    _put(
        found, left, pivot(form.rows(left), pull, low, high, again, limit=limit[left], rounds=LATE)
    )
    return found


def _rows(bound: FloatArray, frames: IntArray | slice) -> FloatArray:
    """Bounds of some frames; those of all frames are one row."""
    return bound[frames] if bound.ndim > 1 else bound


def _put(whole: Pivoted, frames: IntArray | slice, piece: Pivoted) -> None:
    whole.values[frames], whole.state[frames] = piece.values, piece.state
    whole.error[frames], whole.done[frames] = piece.error, piece.done
