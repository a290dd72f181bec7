# SPDX-License-Identifier: GPL-3.0-or-later
"""Coordinate descent on products of controls, all frames side by side.

What a rig with correctives does is linear in its monomials: products of controls, of degree one for
the shapes themselves. With the Gram matrix of all monomials' shapes the vertices are gone. The form
is quadratic in each control alone, so its best value is had exactly; one control after the other,
those that move most first (Racković, Soares, Jakovetić and Desnica 2022, "A majorization-
minimization based method for nonconvex inverse rig problems"; coordinate descent in Racković et al.
2024, "Refined inverse rigging"). Every second sweep is followed by a step farther along the way
made, which a frame keeps if it is nearer then.

Frames lie in tiles, the fastest index: numbers of one control in one tile are neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, IntArray
from .problem import Problem
from .products import SMALL
from .threads import for_each

#: Frames of a tile.
TILE = 32
#: Frames that go through together.
AT_ONCE = 256
#: How the farther step grows when it helps and shrinks when not; its limits.
LONGER, SHORTER, SHORTEST, LONGEST = 1.7, 0.6, 0.5, 20.0


@dataclass(frozen=True)
class _Turn:
    """One control's turn.

    Attributes
    ----------
    control : int
    monomials : (s,) int
        Those it is in; the first is itself.
    others : (d, s) int
        The other factors of each, filled up with the row of ones.
    rows : (s, k + q) float32
        Of the Gram matrix.
    square : (s, s) float32
        Its columns among them.
    """

    control: int
    monomials: IntArray
    others: IntArray
    rows: FloatArray
    square: FloatArray


class Descent:
    """Coordinate descent for one rig.

    Parameters
    ----------
    gram : (k + q, k + q) float64
        Products of the shapes, those of the controls first.
    drivers : sequence of sequences of int, length q
        The controls whose product drives each further shape.
    problem : Problem
        Bounds, ridge and L1 of the controls.
    """

    def __init__(
        self, gram: FloatArray, drivers: Sequence[Sequence[int]], problem: Problem
    ) -> None:
        self._gram = np.ascontiguousarray(gram, np.float32)
        self._count = problem.controls
        self._ridge = problem.ridge.astype(np.float32)
        self._price = problem.price.astype(np.float32)
        self._low = problem.low.astype(np.float32)[:, None]
        self._high = problem.high.astype(np.float32)[:, None]
        self.factors = factor_table(drivers, len(gram))
        order = np.argsort(-np.diag(gram)[: self._count], kind="stable")
        self._turns = [self._turn(control, drivers) for control in order.tolist()]

    def _turn(self, control: int, drivers: Sequence[Sequence[int]]) -> _Turn:
        places: list[int] = [control]
        rest: list[list[int]] = [[]]
        for place, driven in enumerate(drivers):
            if control in driven:
                places.append(self._count + place)
                rest.append([other for other in driven if other != control])
        depth = max(len(row) for row in rest) or 1
        ones = len(self._gram)
        others = np.array([[*row, *[ones] * (depth - len(row))] for row in rest], np.intp).T
        monomials = np.array(places)
        rows = np.ascontiguousarray(self._gram[monomials])
        return _Turn(control, monomials, others, rows, np.ascontiguousarray(rows[:, monomials]))

    def run(self, pull: FloatArray, start: FloatArray, sweeps: int) -> FloatArray:
        """Values (n, k) after some sweeps.

        Parameters
        ----------
        pull : (n, k + q) float64
            Products of the shapes with the observations.
        start : (n, k) float64
        sweeps : int
        """
        out = np.empty(start.shape)

        def work(part: slice) -> None:
            out[part] = self._run(pull[part], start[part], sweeps)

        for_each((slice(a, a + AT_ONCE) for a in range(0, len(start), AT_ONCE)), work)
        return np.clip(out, self._low[:, 0], self._high[:, 0])

    def _run(self, pull: FloatArray, start: FloatArray, sweeps: int) -> FloatArray:
        frames, count = start.shape
        wanted, values = _tiles(pull), self._monomials(_tiles(start))
        reach = np.ones((len(values), 1, TILE), np.float32)
        for sweep in range(sweeps):
            before = values[:, :count].copy()
            for turn in self._turns:
                self._take(turn, values, wanted)
            if sweep % 2:
                far = before
                far -= values[:, :count]
                far *= -reach
                far += values[:, :count]
                tried = self._monomials(np.clip(far, self._low, self._high))
                better = self._cost(tried, wanted) < self._cost(values, wanted)
                reach *= np.where(better, np.float32(LONGER), np.float32(SHORTER))
                np.clip(reach, SHORTEST, LONGEST, out=reach)
                np.copyto(values, tried, where=better)
        solved = values[:, :count].transpose(0, 2, 1).reshape(-1, count)
        return solved[:frames].astype(np.float64)

    def _take(self, turn: _Turn, values: FloatArray, wanted: FloatArray) -> None:
        """Give one control its best value in every frame."""
        slope = values[:, turn.others[0]]
        for row in turn.others[1:]:
            slope *= values[:, row]
        off = _times(turn.rows, values[:, : len(self._gram)])
        off -= wanted[:, turn.monomials]
        off *= slope
        gradient = off.sum(axis=1)
        bend = np.matmul(turn.square, slope)
        bend *= slope
        stiff = self._ridge[turn.control]
        now = values[:, turn.control]
        gradient += stiff * now + self._price[turn.control]
        curvature = bend.sum(axis=1)
        curvature += stiff
        best = now - gradient / curvature
        np.clip(best, self._low[turn.control], self._high[turn.control], out=best)
        slope *= best[:, None]
        values[:, turn.monomials] = slope

    def _monomials(self, controls: FloatArray) -> FloatArray:
        """All monomials (t, k + q + 1, TILE) and a row of ones."""
        total = len(self._gram)
        out = np.empty((len(controls), total + 1, TILE), np.float32)
        out[:, : self._count], out[:, total] = controls, 1.0
        product = out[:, self.factors[0]]
        for row in self.factors[1:]:
            product *= out[:, row]
        out[:, self._count : total] = product
        return out

    def _cost(self, values: FloatArray, wanted: FloatArray) -> FloatArray:
        """What is minimised, (t, 1, TILE)."""
        total = len(self._gram)
        half = _times(self._gram, values[:, :total])
        half *= np.float32(0.5)
        half -= wanted
        half *= values[:, :total]
        own = values[:, : self._count]
        cost = own * own
        cost *= 0.5 * self._ridge[:, None]
        cost += own * self._price[:, None]
        return (half.sum(axis=1) + cost.sum(axis=1))[:, None]


def factor_table(drivers: Sequence[Sequence[int]], ones: int) -> IntArray:
    """Factors (d, q) of each product, filled up with the column ``ones``."""
    depth = max((len(driven) for driven in drivers), default=1)
    table = [[*driven, *[ones] * (depth - len(driven))] for driven in drivers]
    return np.array(table, np.intp).reshape(-1, depth).T


def _times(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """Products (t, r, TILE) of a matrix (r, c) with tiles (t, c, TILE), each on one thread."""
    out = np.empty((len(values), len(matrix), TILE), np.float32)
    rows = max(SMALL // (matrix.shape[1] * TILE), 1)
    for first in range(0, len(matrix), rows):
        part = slice(first, first + rows)
        np.matmul(matrix[part], values, out=out[:, part])
    return out


def _tiles(values: FloatArray) -> FloatArray:
    """Frames (n, k) as tiles (t, k, TILE), the last frame repeated to fill up."""
    frames, count = values.shape
    many = -(-frames // TILE)
    out = np.empty((many * TILE, count), np.float32)
    out[:frames], out[frames:] = values, values[-1:]
    return np.ascontiguousarray(out.reshape(many, TILE, count).transpose(0, 2, 1))
