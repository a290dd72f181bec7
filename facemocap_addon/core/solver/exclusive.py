# SPDX-License-Identifier: GPL-3.0-or-later
"""Exclusive pairs: of two controls that undo each other (jaw left and right) one stays at rest."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray
from .box import solve_box
from .pivoting import Pivoted
from .problem import Problem
from .system import Quadratic

#: Values below this are at rest.
AT_REST = 1e-9


def losers(problem: Problem, values: FloatArray) -> BoolArray:
    """Controls (n, k) that must stay at rest since their partner moves the points farther."""
    out = np.zeros(values.shape, np.bool_)
    size = np.sqrt(np.diag(problem.gram))
    for one, other in problem.exclusive.tolist():
        first, second = values[:, one], values[:, other]
        both = (first > AT_REST) & (second > AT_REST)
        less = first * size[one] < second * size[other]
        out[:, one] |= both & less
        out[:, other] |= both & ~less
    return out


def settle_exclusive(
    problem: Problem, form: Quadratic, pull: FloatArray, found: Pivoted, tolerance: float
) -> None:
    """Solve frames again in which both of a pair are above 0; changes ``found``.

    The one that moves the points less stays at 0, and the frame is solved anew; until no pair is
    left, which ends since no control is ever let go.
    """
    rest = np.zeros(found.values.shape, np.bool_)
    for _ in range(len(problem.exclusive)):
        lost = losers(problem, found.values)
        rest |= lost
        frames = np.flatnonzero(lost.any(axis=1))
        if not len(frames):
            return
        still = rest[frames]
        low = np.where(still, 0.0, problem.low)
        high = np.where(still, 0.0, problem.high)
        again = solve_box(
            form.rows(frames), pull[frames], low, high, tolerance, found.state[frames]
        )
        found.values[frames] = again.values
        found.state[frames] = again.state * ~still
        found.error[frames], found.done[frames] = again.error, again.done
