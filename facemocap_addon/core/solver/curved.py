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
from .robust import Outliers, lasting, point_shares
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
    together = chosen.smoothness if len(table) >= 3 else None
    # in a smooth shot frames next to each other are solved about the same pose
    values = solve(problem, table, seen, chosen).values
    likeness, found, shot, bends = None, None, None, np.ones(len(bent))
    for _ in range(how.rounds):
        likeness = make_likeness(problem, evaluate, values, bent, how.anchors, bends)
        bends = likeness.bends(bent)
        found = likeness.solve(table, seen, apart)
        before, values = values, found.values
        if together is not None:
            shot = _Shot(likeness, table, seen, chosen.outliers).solved(found.values, together)
            values = shot.values
        if float(np.abs(values - before).max(initial=0.0)) < STEP:
            break
    assert likeness is not None
    assert found is not None
    wanted = table
    for _ in range(how.exact_rounds):
        defect = asked(evaluate, values, table.shape[1]) - likeness.straight(values)
        wanted = table - defect
        found = likeness.solve(wanted, seen, apart)
        values = found.values
    if together is not None and how.exact_rounds:
        shot = _Shot(likeness, wanted, seen, chosen.outliers).solved(found.values, together)
    if shot is not None:
        return shot
    if how.exact_rounds:
        off = table - asked(evaluate, values, table.shape[1])
        return replace(found, residual=residuals(problem, off, seen))
    return found


class _Shot:
    """Frames that are solved together, each about its anchor."""

    def __init__(
        self,
        likeness: Likeness,
        observed: FloatArray,
        seen: BoolArray | None,
        outliers: Outliers | None,
    ) -> None:
        self._likeness, self._observed, self._seen = likeness, observed, seen
        self._outliers = outliers if outliers is not None and outliers.rounds else None
        shape = len(observed), likeness.problem.points
        self._share = np.ones(shape) if seen is None else seen.astype(np.float64)
        self._whole = self._share
        problem = likeness.problem
        self._price = np.where(problem.low >= 0, problem.price, -problem.price)

    def solved(self, frames: FloatArray, smoothness: Smoothness) -> Solution:
        """The shot, from its frames solved one by one (n, k)."""
        likeness, problem = self._likeness, self._likeness.problem
        common = problem, likeness.hessian(), likeness.excess(), self._gradient, frames, smoothness
        glitches = self._outliers is not None
        values, slope = smooth_from(*common, glitches=glitches)
        if self._outliers is not None:
            # among its neighbours a frame shows better what does not belong to it; where that
            # lasts and the frames by themselves can do it, something moved
            before = self._shares(frames, self._outliers)
            after = self._shares(values, self._outliers)
            self._share = np.where(lasting((after < 0.5) & (before > 0.5)), before, after)
            values, slope = smooth_from(*common, glitches=glitches)
        low, high = problem.low, problem.high
        largest = float(np.abs(self._gradient(np.zeros_like(values))).max(initial=0.0))
        return make_solution(
            values,
            ((values >= high) & (slope < 0)).astype(np.int8) - ((values <= low) & (slope > 0)),
            projected(slope, values, low, high) / max(largest, 1e-300),
            residuals(problem, self._observed - likeness.straight(values), self._share),
            self._seen,
        )

    def _gradient(self, values: FloatArray) -> FloatArray:
        """Of all that is no smoothing, (n, k)."""
        off = self._likeness.straight(values) - self._observed
        off *= np.repeat(self._share, 3, axis=1)
        return self._likeness.project(off) + self._likeness.problem.ridge * values + self._price

    def _shares(self, values: FloatArray, outliers: Outliers) -> FloatArray:
        """How much each point (n, m) counts by how far it is from where values (n, k) put it."""
        off = self._observed - self._likeness.straight(values)
        away = np.sqrt(np.square(off).reshape(len(off), -1, 3).sum(axis=2))
        free = np.zeros(len(off), np.intp)
        turn = max(outliers.gentle, 1)
        return point_shares(self._likeness.problem, away, self._whole, free, outliers, turn)
