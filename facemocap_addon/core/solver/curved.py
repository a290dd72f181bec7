# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls that do not move points along straight lines: a jaw that turns, shapes that it carries.

The rig is asked where it puts the points (a callback that evaluates it, wherever that happens) and
is taken as straight near a few poses, the anchors, which are chosen among the poses of the answer
so far: each frame is solved about its nearest anchor (Gauss-Newton). At the end the difference
between the rig and its straight likeness may be asked for in every frame and taken off the
observations (the chord method), which makes the answer one of the rig itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..errors import FacemocapError
from .likeness import STEP, Evaluate, Likeness, asked, make_likeness
from .pivoting import projected
from .problem import Problem
from .shot import smooth_from
from .solution import Solution, checked, make_solution, residuals
from .solve import Settings, solve
from .temporal import Smoothness


@dataclass(frozen=True, slots=True)
class Bending:
    """How often the rig is asked.

    Attributes
    ----------
    controls : sequence of int, optional
        Those along which the rig is bent; the others keep their columns. Default all.
    anchors : int
        Poses about which it is taken as straight, at most.
    rounds : int
        Times that anchors are chosen and frames solved.
    exact_rounds : int
        Times that the rig is asked in every frame.
    """

    controls: Sequence[int] | None = None
    anchors: int = 12
    rounds: int = 3
    exact_rounds: int = 0


def solve_curved(
    problem: Problem,
    evaluate: Evaluate,
    observed: FloatArray,
    valid: BoolArray | None = None,
    settings: Settings | None = None,
    bending: Bending | None = None,
) -> Solution:
    """Find control values of a rig that is not straight, see `solve.solve`.

    Parameters
    ----------
    problem : Problem
        The rig about its rest pose.
    evaluate : callable
        From values (j, k) to displacements from rest (j, 3 m). Asked for up to
        ``1 + 2 * len(controls)`` poses for each anchor.
    observed : (n, 3 m) float
    valid : (n, m) bool, optional
    settings : Settings, optional
        With ``smoothness`` the shot is solved together at the end.
    bending : Bending, optional

    Returns
    -------
    Solution
        ``residual`` is that of the rig itself if it was asked in every frame.

    Raises
    ------
    FacemocapError
        As `solve.solve`; when a control is none of the problem's, or the rig's answer has another
        shape or is not finite.
    """
    how = bending or Bending()
    chosen = settings or Settings()
    apart = replace(chosen, smoothness=None)
    table, seen = checked(problem, observed, valid)
    bent = np.arange(problem.controls) if how.controls is None else np.array(how.controls, np.intp)
    if bent.ndim != 1 or (len(bent) and not 0 <= bent.min() <= bent.max() < problem.controls):
        raise FacemocapError(
            f"The bent controls {bent.tolist()} are not among {problem.controls}",
            "Give numbers of controls from 0",
        )
    if how.anchors < 1 or min(how.rounds, how.exact_rounds) < 0:
        raise FacemocapError(
            f"The rig cannot be taken as straight about {how.anchors} poses",
            "Give 1 anchor or more, and rounds from 0",
        )
    if not len(table) or not len(bent) or how.rounds < 1:
        return solve(problem, table, seen, chosen)
    values = solve(problem, table, seen, apart).values
    likeness, found, bends = None, None, np.ones(len(bent))
    for _ in range(how.rounds):
        likeness = make_likeness(problem, evaluate, values, bent, how.anchors, bends)
        bends = likeness.bends(bent)
        found = likeness.solve(table, seen, apart)
        step = float(np.abs(found.values - values).max(initial=0.0))
        values = found.values
        if step < STEP:
            break
    assert likeness is not None
    assert found is not None
    wanted = table
    for _ in range(how.exact_rounds):
        defect = asked(evaluate, values, table.shape[1]) - likeness.straight(values)
        wanted = table - defect
        found = likeness.solve(wanted, seen, apart)
        values = found.values
    if chosen.smoothness is not None and len(table) >= 3:
        return _solve_together(likeness, wanted, seen, values, chosen.smoothness)
    if how.exact_rounds:
        off = table - asked(evaluate, values, table.shape[1])
        return replace(found, residual=residuals(problem, off, seen))
    return found


def _solve_together(
    likeness: Likeness,
    observed: FloatArray,
    seen: BoolArray | None,
    values: FloatArray,
    smoothness: Smoothness,
) -> Solution:
    """Solve the shot, each frame about its anchor."""
    problem = likeness.problem
    price = np.where(problem.low >= 0, problem.price, -problem.price)
    counted = 1.0 if seen is None else np.repeat(seen, 3, axis=1)

    def gradient(now: FloatArray) -> FloatArray:
        off = (likeness.straight(now) - observed) * counted
        return likeness.project(off) + problem.ridge * now + price

    values, slope = smooth_from(problem, likeness.majorant(), gradient, values, smoothness)
    low, high = problem.low, problem.high
    largest = float(np.abs(gradient(np.zeros_like(values))).max(initial=0.0))
    return make_solution(
        values,
        ((values >= high) & (slope < 0)).astype(np.int8) - ((values <= low) & (slope > 0)),
        projected(slope, values, low, high) / max(largest, 1e-300),
        residuals(problem, observed - likeness.straight(values), seen),
        seen,
    )
