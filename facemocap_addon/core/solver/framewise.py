# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames solved one by one, all at once: common and own Hessians, outliers, exclusive pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .admm import QUICK, guess_minimum
from .box import solve_box
from .exclusive import settle_exclusive
from .gram import FrameGrams, frame_blocks
from .pivoting import Pivoted
from .problem import Problem
from .robust import Outliers, distances, lasting, point_shares
from .system import Quadratic, own_forms, shared_form
from .threads import for_each

#: Numbers of observations that are looked at in one go, and when frames have Hessians of their own.
AT_ONCE, OWN_AT_ONCE = 1 << 19, 1 << 23
#: A share of a point that changes by less leaves the frame as it is.
SETTLED = 1e-2


@dataclass(frozen=True)
class Answer:
    """Frames, solved.

    Attributes
    ----------
    values : (n, k) float64
    state : (n, k) int8
        -1 at the lower limit, 0 free, 1 at the upper limit.
    kkt : (n,) float64
        Largest entry of the projected gradient, of the largest one at rest.
    share : (n, m) float64 or None
        How much each point counted; None when all counted in full.
    pull : (n, k) float64
        Products of the basis with all that was seen, less the price.
    """

    values: FloatArray
    state: IntArray
    kkt: FloatArray
    share: FloatArray | None
    pull: FloatArray


class FrameSolver:
    """Solves frames of one problem."""

    def __init__(self, problem: Problem, tolerance: float) -> None:
        self.problem = problem
        self.tolerance = tolerance
        self.grams = FrameGrams(problem)
        self.form = shared_form(self.grams.shared())
        self.price = np.where(problem.low >= 0, problem.price, -problem.price)

    def solve(
        self, observed: FloatArray, valid: BoolArray | None, outliers: Outliers | None
    ) -> Answer:
        """Solve all frames.

        Parameters
        ----------
        observed : (n, 3 m) float64
            Nought where not valid.
        valid : (n, m) bool or None
        outliers : Outliers or None
        """
        frames = len(observed)
        pull = np.empty((frames, self.problem.controls))

        def project(block: slice) -> None:
            pull[block] = self.pull(observed[block])

        for_each(self.blocks(frames), project)
        whole: BoolArray = np.ones(frames, np.bool_)
        if valid is not None:
            whole = np.all(valid, axis=1)
        found = Pivoted(
            np.zeros(pull.shape), np.zeros(pull.shape, np.int8), np.zeros(frames), whole.copy()
        )
        kept = np.flatnonzero(whole)
        self._put(found, kept, self._solve(self.form, pull[kept], None))
        share = None if valid is None else valid.astype(np.float64)
        for block in frame_blocks(np.flatnonzero(~whole), self._limit()):
            assert share is not None
            self._put(found, block, self._solve_own(share[block], pull[block], None))
        if outliers is not None:
            if share is None:
                share = np.ones((frames, self.problem.points))
            for block in frame_blocks(np.arange(frames), self._limit()):
                self._look_again(observed[block], share, block, found, outliers)
        return Answer(found.values, found.state, found.error, share, pull)

    def pull(self, observed: FloatArray) -> FloatArray:
        """Products of the basis with observations (n, 3 m), less the price, (n, k)."""
        return self.problem.project(observed) - self.price

    def blocks(self, frames: int) -> Iterator[slice]:
        """Parts of the frames whose observations fit into the processor's cache."""
        step = max(AT_ONCE // max(3 * self.problem.points, 1), 64)
        return (slice(start, start + step) for start in range(0, frames, step))

    def _limit(self) -> int:
        return max(OWN_AT_ONCE // max(3 * self.problem.points, 1), 16)

    def _solve(self, form: Quadratic, pull: FloatArray, state: IntArray | None) -> Pivoted:
        problem = self.problem
        found = solve_box(form, pull, problem.low, problem.high, self.tolerance, state)
        if len(problem.exclusive):
            settle_exclusive(problem, form, pull, found, self.tolerance)
        largest = np.abs(pull).max(axis=1, initial=0.0)
        found.error[:] /= np.where(largest > 0, largest, 1.0)
        return found

    def _solve_own(self, share: FloatArray, pull: FloatArray, state: IntArray | None) -> Pivoted:
        """Frames whose points count differently."""
        form = own_forms(self.grams.hessians(share))
        if state is None:
            # what was not observed is first taken from an answer that thinks it is at rest
            low, high = self.problem.low, self.problem.high
            assert self.form.matrix is not None
            _, values = guess_minimum(self.form.matrix, pull, low, high, QUICK)
            filled = pull + self.form.times(values) - form.times(values)
            state, _ = guess_minimum(self.form.matrix, filled, low, high, QUICK)
        return self._solve(form, pull, state)

    def shares_about(
        self,
        observed: FloatArray,
        valid: BoolArray | None,
        answer: Answer,
        values: FloatArray,
        outliers: Outliers,
    ) -> FloatArray:
        """How much the points (n, m) count beside the shot's smooth values (n, k).

        What its frames made of it (``answer``) holds where a point seems off for long: then
        something moved.
        """
        after = np.ones((len(observed), self.problem.points))
        if valid is not None:
            after[:] = valid
        before = after if answer.share is None else answer.share
        for block in self.blocks(len(observed)):
            away = distances(self.problem, observed[block], values[block])
            free = np.zeros(len(away), np.intp)
            turn = max(outliers.gentle, 1)
            after[block] = point_shares(self.problem, away, after[block], free, outliers, turn)
        return np.where(lasting((after < 0.5) & (before > 0.5)), before, after)

    def _look_again(
        self,
        observed: FloatArray,
        share: FloatArray,
        frames: IntArray,
        found: Pivoted,
        outliers: Outliers,
    ) -> None:
        """Let outliers count less in some frames; changes ``share`` and ``found``."""
        valid = share[frames]
        away = distances(self.problem, observed, found.values[frames])
        for turn in range(outliers.rounds):
            free = np.count_nonzero(found.state[frames] == 0, axis=1)
            fresh = point_shares(self.problem, away, valid, free, outliers, turn)
            changed = np.abs(fresh - share[frames]).max(axis=1, initial=0.0) > SETTLED
            some = np.flatnonzero(changed)
            if not len(some):
                if turn >= outliers.gentle:
                    break
                continue
            fresh = fresh[some]
            share[frames[some]] = fresh
            pull = self.pull(observed[some] * np.repeat(fresh, 3, axis=1))
            again = self._solve_own(fresh, pull, found.state[frames[some]])
            self._put(found, frames[some], again)
            away[some] = distances(self.problem, observed[some], again.values)

    @staticmethod
    def _put(whole: Pivoted, frames: IntArray, piece: Pivoted) -> None:
        whole.values[frames], whole.state[frames] = piece.values, piece.state
        whole.error[frames], whole.done[frames] = piece.error, piece.done
