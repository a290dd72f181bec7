# SPDX-License-Identifier: GPL-3.0-or-later
"""Observed points to control values: the door of the solver."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..errors import FacemocapError
from .box import EXACT
from .framewise import Answer, FrameSolver
from .problem import Problem, Terms, make_problem
from .products import rows_times
from .robust import Outliers
from .shot import solve_shot
from .solution import Solution, checked, make_solution, residuals, whole_residuals
from .temporal import Smoothness


@dataclass(frozen=True, slots=True)
class Settings:
    """How to solve.

    Attributes
    ----------
    tolerance : float
        `box.EXACT` or `box.FAST`: residual of the optimality conditions of a frame, of its largest
        gradient entry at rest.
    outliers : Outliers or None
        Let points that lie off count less.
    smoothness : Smoothness or None
        Solve the whole shot together.
    """

    tolerance: float = EXACT
    outliers: Outliers | None = None
    smoothness: Smoothness | None = None


def solve(
    problem: Problem,
    observed: FloatArray,
    valid: BoolArray | None = None,
    settings: Settings | None = None,
) -> Solution:
    """Find the control values that put the points nearest to where they were observed.

    Parameters
    ----------
    problem : Problem
    observed : (n, 3 m) float
        Displacements of the points from rest (x, y, z after one another).
    valid : (n, m) bool, optional
        Which points were seen; what stands where they were not is ignored. Default all.
    settings : Settings, optional

    Returns
    -------
    Solution

    Raises
    ------
    FacemocapError
        When shapes or settings do not fit or something observed is no finite number.
    """
    chosen = settings or Settings()
    if not 0 <= chosen.tolerance < 1:
        raise FacemocapError(
            f"The tolerance is {chosen.tolerance}", "Give a part of 1, such as EXACT or FAST"
        )
    table, seen = checked(problem, observed, valid)
    if (problem.price > 0).any() and ((problem.low < 0) & (problem.high > 0)).any():
        return _solve_two_sided(problem, table, seen, chosen)
    solver = FrameSolver(problem, chosen.tolerance)
    share = None if seen is None else seen.astype(np.float64)
    together = chosen.smoothness if len(table) >= 3 and problem.controls else None
    if together is None or chosen.outliers is not None:
        answer = solver.solve(table, seen, chosen.outliers)
        if together is not None:
            outliers = chosen.outliers if chosen.outliers and chosen.outliers.rounds else None
            joint = solve_shot(solver, table, answer.share, together, glitches=outliers is not None)
            if outliers is not None:
                # among its neighbours a frame shows better what does not belong to it
                share = solver.shares_about(table, seen, answer, joint.values, outliers)
                joint = solve_shot(solver, table, share, together, glitches=True)
            answer = joint
    else:
        answer = solve_shot(solver, table, share, together)
    residual = _residuals(solver, table, answer)
    return make_solution(answer.values, answer.state, answer.kkt, residual, answer.share)


def _residuals(solver: FrameSolver, observed: FloatArray, answer: Answer) -> FloatArray:
    problem, values, share = solver.problem, answer.values, answer.share
    if share is None:
        placed = (rows_times(values, problem.gram) * values).sum(axis=1)
        pull = ((answer.pull + solver.price) * values).sum(axis=1)
        return whole_residuals(problem, observed, pull, placed)
    out = np.zeros(len(observed))
    for block in solver.blocks(len(observed)):
        off = observed[block] - rows_times(values[block], problem.across)
        out[block] = residuals(problem, off, share[block])
    return out


def _solve_two_sided(
    problem: Problem, observed: FloatArray, seen: BoolArray | None, settings: Settings
) -> Solution:
    """L1 for controls that go both ways: each becomes two that go one way.

    With a ridge on both, at most one of the two is above 0.
    """
    both: IntArray = np.flatnonzero((problem.low < 0) & (problem.high > 0))
    count = problem.controls
    split = make_problem(
        np.hstack([problem.basis, -problem.basis[:, both]]),
        weights=problem.weights,
        low=np.concatenate([np.where(np.isin(range(count), both), 0.0, problem.low), 0.0 * both]),
        high=np.concatenate([problem.high, -problem.low[both]]),
        terms=Terms(
            ridge=np.concatenate([problem.ridge, problem.ridge[both]]),
            l1=np.concatenate([problem.price, problem.price[both]]),
        ),
        exclusive=[(a, b) for a, b in problem.exclusive.tolist()],
        pairs=[(a, b) for a, b in problem.pairs.tolist()],
    )
    split = replace(split, alike=problem.alike, noise=problem.noise)
    found = solve(split, observed, seen, settings)
    values, clipped = found.values[:, :count].copy(), found.clipped[:, :count].copy()
    values[:, both] -= found.values[:, count:]
    ends = (values <= problem.low) | (values >= problem.high)
    clipped[:, both] = (clipped[:, both] | found.clipped[:, count:]) & ends[:, both]
    return replace(found, values=frozen(values, np.float64), clipped=frozen(clipped, np.bool_))
