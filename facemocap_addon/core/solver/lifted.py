# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs whose further shapes are driven by products of controls: correctives and combinations."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray
from .box import FAST, solve_box
from .descent import Descent
from .monomials import Lifted
from .pivoting import projected
from .products import rows_times
from .shot import smooth_from
from .solution import Solution, checked, make_solution, residuals, whole_residuals
from .system import shared_form
from .temporal import Smoothness

#: Sweeps at the end, and between looks at what was not observed.
SWEEPS, BETWEEN, LOOKS = 16, 8, 4
#: Frames whose Hessians are averaged for the joint solve, and the factor that makes it safe.
SAMPLES, SAFETY = 32, 1.5


def solve_lifted(
    lifted: Lifted,
    observed: FloatArray,
    valid: BoolArray | None = None,
    *,
    sweeps: int = SWEEPS,
    smoothness: Smoothness | None = None,
) -> Solution:
    """Find the values of the controls, see `solve.solve`.

    Products make the problem one with several minima; the answer is a point on the way down from
    the answer of the controls alone. What was not observed is taken from the answer so far, a few
    times over.

    Parameters
    ----------
    lifted : Lifted
    observed : (n, 3 m) float
    valid : (n, m) bool, optional
    sweeps : int
        Of the coordinate descent.
    smoothness : Smoothness, optional
        Solve the whole shot together, from there on.

    Returns
    -------
    Solution

    Raises
    ------
    FacemocapError
        As `solve.solve`.
    """
    problem = lifted.problem
    table, seen = checked(problem, observed, valid)
    low, high, count = problem.low, problem.high, problem.controls
    pull = lifted.project(table)
    lacking = None if seen is None else np.repeat(~seen, 3, axis=1)

    def filled(values: FloatArray) -> FloatArray:
        if lacking is None:
            return pull
        return pull + lifted.project(lifted.displacements(values) * lacking)

    form = shared_form(lifted.gram[:count, :count] + np.diag(problem.ridge))
    values = np.broadcast_to(np.clip(0.0, low, high), (len(table), count))
    if count and len(table):
        descent = Descent(lifted.gram, lifted.drivers, problem)
        for _ in range(1 if seen is None else 2):
            linear = filled(values)[:, :count] - problem.price
            values = solve_box(form, linear, low, high, FAST).values
        for _ in range(0 if seen is None else LOOKS - 1):
            values = descent.run(filled(values), values, BETWEEN)
        values = descent.run(filled(values), values, sweeps)
    slope = lifted.slope(values, filled(values))
    if smoothness is not None and len(table) >= 3 and count:
        some = values[:: max(len(values) // SAMPLES, 1)]
        values, slope = smooth_from(
            problem,
            lifted.hessian(some),
            SAFETY,
            lambda now: lifted.slope(now, filled(now)),
            values,
            smoothness,
        )
    largest = np.abs(pull[:, :count] - problem.price).max(axis=1, initial=0.0)
    return make_solution(
        values,
        ((values >= high) & (slope < 0)).astype(np.int8) - ((values <= low) & (slope > 0)),
        projected(slope, values, low, high) / np.where(largest > 0, largest, 1.0),
        _residuals(lifted, table, values, pull, seen),
        seen,
    )


def _residuals(
    lifted: Lifted,
    observed: FloatArray,
    values: FloatArray,
    pull: FloatArray,
    seen: BoolArray | None,
) -> FloatArray:
    if seen is not None:
        return residuals(lifted.problem, observed - lifted.displacements(values), seen)
    products = lifted.monomials(values)
    placed = (rows_times(products, lifted.gram) * products).sum(axis=1)
    return whole_residuals(lifted.problem, observed, (pull * products).sum(axis=1), placed)
