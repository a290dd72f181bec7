# SPDX-License-Identifier: GPL-3.0-or-later
"""A bent rig taken as straight near a few poses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from .box import solve_box
from .problem import Problem, Terms, make_problem
from .products import rows_times
from .solution import Solution
from .solve import Settings, solve
from .system import shared_form

#: From values (j, k) where the rig puts the points, as displacements from rest (j, 3 m).
Evaluate = Callable[[FloatArray], FloatArray]
#: Step of a difference quotient, of a control's range.
STEP = 1e-3
#: A control that seems not to bend the rig counts for this part (squared) of the most bent one.
LEAST_BEND = 1e-3
#: Room above the largest Hessian, and what makes the mean one safe to invert.
SAFETY, LEAST = 1.05, 1e-9


@dataclass(frozen=True)
class Tangent:
    """The rig about one pose: ``offset + basis @ values``."""

    problem: Problem
    offset: FloatArray


@dataclass(frozen=True)
class Likeness:
    """The rig about several poses.

    Attributes
    ----------
    tangents : list of Tangent
    nearest : (n,) int
        The tangent of each frame.
    poses : (a, k) float64
    """

    tangents: list[Tangent]
    nearest: IntArray
    poses: FloatArray

    @property
    def problem(self) -> Problem:
        """What all tangents share: limits, ridge, L1."""
        return self.tangents[0].problem

    def hessian(self) -> FloatArray:
        """Mean Hessian (k, k) of the frames."""
        share = np.bincount(self.nearest, minlength=len(self.tangents)) / len(self.nearest)
        out = np.diag(self.problem.ridge)
        for part, tangent in zip(share.tolist(), self.tangents, strict=True):
            out = out + part * tangent.problem.gram
        return out

    def excess(self) -> float:
        """How many times `hessian` none of the anchors' own ones exceeds."""
        mean = self.hessian()
        root = np.linalg.inv(np.linalg.cholesky(mean + LEAST * np.diag(np.diag(mean))))
        ridge = np.diag(self.problem.ridge)
        most = 1.0
        for tangent in self.tangents:
            own = root @ (tangent.problem.gram + ridge) @ root.T
            most = max(most, float(np.linalg.eigvalsh(own)[-1]))
        return SAFETY * most

    def straight(self, values: FloatArray) -> FloatArray:
        """Where values (n, k) put the points, (n, 3 m)."""
        out = np.empty((len(values), len(self.tangents[0].offset)))
        for place, tangent in enumerate(self.tangents):
            rows = self._frames(place)
            out[rows] = rows_times(values[rows], tangent.problem.across) + tangent.offset
        return out

    def project(self, off: FloatArray) -> FloatArray:
        """Products of displacements (n, 3 m) with each frame's basis, (n, k)."""
        out = np.empty((len(off), self.problem.controls))
        for place, tangent in enumerate(self.tangents):
            rows = self._frames(place)
            out[rows] = tangent.problem.project(off[rows])
        return out

    def solve(self, observed: FloatArray, seen: BoolArray | None, settings: Settings) -> Solution:
        """Solve each frame about its anchor."""
        frames, count = len(observed), self.problem.controls
        values, clipped = np.zeros((frames, count)), np.zeros((frames, count), np.bool_)
        known, residual, kkt = np.zeros(frames, np.bool_), np.zeros(frames), np.zeros(frames)
        for place, tangent in enumerate(self.tangents):
            rows = self._frames(place)
            if not len(rows):
                continue
            wanted = observed[rows] - tangent.offset
            part = solve(tangent.problem, wanted, None if seen is None else seen[rows], settings)
            values[rows], clipped[rows], known[rows] = part.values, part.clipped, part.known
            residual[rows], kkt[rows] = part.residual, part.kkt
        return Solution(values, known, residual, clipped, kkt)

    def bends(self, bent: IntArray) -> FloatArray:
        """How much the columns of the basis change with each bent control, (b,), at most 1.

        The squared change of the bases between two poses is taken as a sum of squared changes of
        the controls, each with a factor that is not below 0. So many anchors go to what bends.
        """
        bases = np.stack([tangent.problem.basis for tangent in self.tangents])
        one, other = np.triu_indices(len(bases), 1)
        apart = np.square(self.poses[one][:, bent] - self.poses[other][:, bent])
        reach = (self.problem.high - self.problem.low)[bent]
        flat = (bases[:, :, bent] * reach).reshape(len(bases), -1)
        squares = np.square(flat).sum(axis=1)
        changed = squares[one] + squares[other] - 2.0 * (flat @ flat.T)[one, other]
        if not apart.any() or changed.max() <= 1e-9 * squares.max():
            return np.ones(len(bent))
        gram = apart.T @ apart
        form = shared_form(gram + 1e-9 * float(np.trace(gram)) * np.eye(len(bent)))
        bounds = np.zeros(len(bent)), np.full(len(bent), 1e6)
        factors = solve_box(form, (changed / changed.max())[None] @ apart, *bounds).values[0]
        most = float(factors.max())
        return np.sqrt(np.maximum(factors / most, LEAST_BEND)) if most > 0 else np.ones(len(bent))

    def _frames(self, place: int) -> IntArray:
        return np.flatnonzero(self.nearest == place)


def make_likeness(
    problem: Problem,
    evaluate: Evaluate,
    values: FloatArray,
    bent: IntArray,
    most: int,
    bends: FloatArray,
) -> Likeness:
    """The rig about poses that are spread among ``values`` (n, k).

    Parameters
    ----------
    bent : (b,) int
        Controls whose columns are asked for; the others keep those of ``problem``.
    most : int
        Poses at most.
    bends : (b,) float
        How much the rig bends along each of these, see `Likeness.bends`.
    """
    places = values[:, bent] * bends
    picked = choose_anchors(places, most)
    apart = np.stack([np.square(places - places[at]).sum(axis=1) for at in picked])
    tangents = [_tangent(problem, evaluate, values[at], bent) for at in picked]
    return Likeness(tangents, np.argmin(apart, axis=0), values[picked])


def choose_anchors(places: FloatArray, most: int) -> list[int]:
    """Which of the ``places`` (n, b) are far from each other, at most ``most``.

    The first is the one nearest to the mean, each further one the farthest from those before
    (Gonzalez 1985); none nearer than a difference quotient's step.
    """
    picked = [int(np.argmin(np.square(places - places.mean(axis=0)).sum(axis=1)))]
    distance = np.square(places - places[picked[0]]).sum(axis=1)
    while len(picked) < most and float(distance.max()) > STEP**2:
        picked.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.square(places - places[picked[-1]]).sum(axis=1))
    return picked


def asked(evaluate: Evaluate, values: FloatArray, wide: int) -> FloatArray:
    """What the rig answers, (j, wide), checked.

    Raises
    ------
    FacemocapError
        When the answer has another shape or is not finite.
    """
    placed = np.asarray(evaluate(values), np.float64)
    if placed.shape != (len(values), wide) or not np.isfinite(placed).all():
        raise FacemocapError(
            f"The rig answered with a table of {placed.shape}",
            f"Let it give {wide} finite numbers for each of {len(values)} poses",
        )
    return placed


def _tangent(problem: Problem, evaluate: Evaluate, pose: FloatArray, bent: IntArray) -> Tangent:
    """Difference quotients at a pose, within the limits."""
    many = len(bent)
    steps = np.zeros((many, problem.controls))
    steps[np.arange(many), bent] = STEP * (problem.high - problem.low)[bent]
    upper = np.minimum(pose + steps, problem.high)
    lower = np.maximum(pose - steps, problem.low)
    placed = asked(evaluate, np.vstack([pose[None], upper, lower]), len(problem.basis))
    width = (upper - lower)[np.arange(many), bent]
    moves = np.flatnonzero(width > 0)
    difference = placed[1 + moves] - placed[1 + many + moves]
    basis = np.array(problem.basis)
    basis[:, bent[moves]] = (difference / width[moves, None]).T
    about = make_problem(
        basis,
        weights=problem.weights,
        low=problem.low,
        high=problem.high,
        terms=Terms(ridge=problem.ridge, l1=problem.price),
        exclusive=[(a, b) for a, b in problem.exclusive.tolist()],
        pairs=[(a, b) for a, b in problem.pairs.tolist()],
    )
    about = replace(about, alike=problem.alike, noise=problem.noise)
    return Tangent(about, placed[0] - basis @ pose)
