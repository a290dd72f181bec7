# SPDX-License-Identifier: GPL-3.0-or-later
"""Hessians of frames whose points do not all count alike, without a loop over points or frames.

A frame's Gram matrix is the sum over its points of that point's own k x k matrix, times how much
the point counts there. With those matrices as rows of a table, all frames are one matrix product.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray, IntArray
from .problem import Problem
from .products import rows_times
from .system import BORDER

#: Entries of the largest table that is kept; of larger ones parts are made when they are needed.
LARGEST_TABLE = 36_000_000
#: Frames whose matrices are held at one time.
AT_ONCE = 512


class FrameGrams:
    """Makes the Hessians of frames of one problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        count = problem.controls
        self._upper = np.triu_indices(count)
        self.packed = len(self._upper[0])
        place = np.zeros((count, count), np.intp)
        place[self._upper] = np.arange(self.packed)
        place = np.maximum(place, place.T)
        self._place = place
        # two entries more: nought and one, for the border
        around = np.full((count + BORDER, count + BORDER), self.packed, np.intp)
        around[:count, :count] = place
        border = np.arange(count, count + BORDER)
        around[border, border] = self.packed + 1
        self._around = around.ravel()
        rows = max(LARGEST_TABLE // max(self.packed, 1), 1)
        self._blocks = [slice(a, a + rows) for a in range(0, problem.points, rows)]
        self._kept: FloatArray | None = None

    def hessians(self, share: FloatArray) -> FloatArray:
        """Bordered Hessians (n, k + 3, k + 3) of frames.

        Parameters
        ----------
        share : (n, m) float or bool
            How much of each point's weight counts in each frame.
        """
        frames = len(share)
        sums = np.empty((frames, self.packed + 2))
        changed = np.ones(frames, np.bool_)
        # frames in a row often miss the same points
        changed[1:] = (share[1:] != share[:-1]).any(axis=1)
        own = np.flatnonzero(changed)
        distinct = np.asarray(share[own], np.float64)
        totals = np.zeros((len(own), self.packed))
        for block in self._blocks:
            totals += rows_times(distinct[:, block], self._table(block))
        sums[:, : self.packed] = totals[np.cumsum(changed) - 1]
        sums[:, self.packed], sums[:, self.packed + 1] = 0.0, 1.0
        self._add_likeness(sums)
        sums[:, np.diag(self._place)] += self._problem.ridge
        width = self._problem.controls + BORDER
        return sums.take(self._around, axis=1).reshape(frames, width, width)

    def shared(self) -> FloatArray:
        """The Hessian (k, k) of frames where every point counts."""
        problem = self._problem
        sums = np.zeros((1, self.packed + 2))
        sums[0, : self.packed] = problem.gram[self._upper]
        self._add_likeness(sums)
        return sums[0][self._place] + np.diag(problem.ridge)

    def likeness(self, share: FloatArray) -> FloatArray:
        """Weights (n, q) of the squared differences of pairs in frames, see `hessians`."""
        problem = self._problem
        squares = np.square(problem.basis).reshape(-1, 3, problem.controls).sum(axis=1)
        moved = rows_times(np.asarray(share, np.float64), squares * problem.weights[:, None])
        return self._likeness(moved)

    def _likeness(self, moved: FloatArray) -> FloatArray:
        """The same from squared movements (n, k)."""
        problem = self._problem
        left, right = problem.pairs.T
        whole = np.diag(problem.gram)
        return problem.alike * unobserved(
            moved[:, left], moved[:, right], whole[left], whole[right]
        )

    def _add_likeness(self, sums: FloatArray) -> None:
        """Add the squared differences of pairs, as far as one of the pair was not observed."""
        problem = self._problem
        if not len(problem.pairs):
            return
        weight = self._likeness(sums[:, np.diag(self._place)])
        for pair, (one, other) in enumerate(problem.pairs.tolist()):
            sums[:, self._place[one, one]] += weight[:, pair]
            sums[:, self._place[other, other]] += weight[:, pair]
            sums[:, self._place[one, other]] -= weight[:, pair]

    def _table(self, block: slice) -> FloatArray:
        """Packed matrices (points, k (k + 1) / 2) of some points."""
        if self._kept is not None:
            return self._kept
        problem = self._problem
        basis = problem.basis.reshape(-1, 3, problem.controls)[block]
        out = np.empty((len(basis), self.packed))
        for row in range(problem.controls):
            last = self._place[row, -1] + 1
            part = out[:, last - problem.controls + row : last]
            np.multiply(basis[:, 0, row, None], basis[:, 0, row:], out=part)
            for axis in (1, 2):
                part += basis[:, axis, row, None] * basis[:, axis, row:]
        out *= problem.weights[block, None]
        if len(self._blocks) == 1:
            self._kept = out
        return out


def unobserved(
    left: FloatArray, right: FloatArray, whole_left: FloatArray, whole_right: FloatArray
) -> FloatArray:
    """How far a pair needs a look at its other side: 0 half observed or more, 1 not at all.

    Parameters
    ----------
    left, right : (n, q) float
        Squared movement of the points that count.
    whole_left, whole_right : (q,) float
        Squared movement of all points. A side that moves next to nothing beside its partner counts
        as not observed.
    """
    seen = np.ones_like(left)
    most = np.maximum(whole_left, whole_right)
    for part, whole in ((left, whole_left), (right, whole_right)):
        share = np.where(whole > 1e-6 * most, part / np.where(whole > 0, whole, 1.0), 0.0)
        seen = np.minimum(seen, share)
    return np.clip(1.0 - 2.0 * seen, 0.0, 1.0)


def frame_blocks(frames: IntArray, most: int) -> list[IntArray]:
    """Frames in parts of at most ``most`` whose matrices fit into memory."""
    step = min(AT_ONCE, most)
    return [frames[a : a + step] for a in range(0, len(frames), step)]
