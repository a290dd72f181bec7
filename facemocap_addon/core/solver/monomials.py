# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig does whose further shapes are driven by products of its controls, and its slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..arrays import FloatArray, IntArray, frozen
from ..errors import FacemocapError
from .descent import AT_ONCE, factor_table
from .problem import Problem, weighted_rows
from .products import rows_times, rows_times_single
from .threads import for_each

#: Of tables with more numbers the products are single: there, rounding averages out.
MANY = 1 << 20


@dataclass(frozen=True, eq=False)
class Lifted:
    """A rig with products; made by `make_lifted`.

    Attributes
    ----------
    problem : Problem
        Of the controls alone.
    drivers : tuple of tuples of int, length q
    shapes : (3 m, k + q) float64
        Movement by each control, then by each product at 1.
    gram : (k + q, k + q) float64
    """

    problem: Problem
    drivers: tuple[tuple[int, ...], ...]
    shapes: FloatArray
    gram: FloatArray = field(repr=False)

    @cached_property
    def weighted(self) -> FloatArray:
        """The shapes with each point's rows times its weight, (3 m, k + q); single if many."""
        table = weighted_rows(self.shapes, self.problem.weights)
        return table.astype(np.float32) if table.size > MANY else table

    def project(self, observed: FloatArray) -> FloatArray:
        """Weighted products of observations (n, 3 m) with the shapes, (n, k + q)."""
        out = np.empty((len(observed), len(self.gram)))
        times = rows_times_single if self.weighted.dtype == np.float32 else rows_times

        def work(part: slice) -> None:
            out[part] = times(observed[part], self.weighted)

        for_each((slice(a, a + AT_ONCE) for a in range(0, len(observed), AT_ONCE)), work)
        return out

    def monomials(self, values: FloatArray) -> FloatArray:
        """Controls and products (n, k + q)."""
        return np.hstack([values, self._products(values, self._factors())])

    def displacements(self, values: FloatArray) -> FloatArray:
        """Where values (n, k) put the points, (n, 3 m)."""
        return rows_times(self.monomials(values), np.ascontiguousarray(self.shapes.T))

    def slope(self, values: FloatArray, pull: FloatArray) -> FloatArray:
        """The gradient (n, k); ``pull`` (n, k + q) are products with the observations."""
        count = self.problem.controls
        off = rows_times(self.monomials(values), self.gram) - pull
        out = off[:, :count] + self.problem.ridge * values + self.problem.price
        factors = self._factors()
        for place, incidence in enumerate(self._incidences(factors)):
            rest = np.delete(factors, place, axis=0)
            out += rows_times(self._products(values, rest) * off[:, count:], incidence)
        return out

    def hessian(self, values: FloatArray) -> FloatArray:
        """Mean Gauss-Newton Hessian (k, k) of some frames."""
        count = self.problem.controls
        factors = self._factors()
        total = np.zeros((count, count))
        for frame in values:
            turn = np.zeros((len(self.gram), count))
            turn[:count] = np.eye(count)
            for place, incidence in enumerate(self._incidences(factors)):
                rest = np.delete(factors, place, axis=0)
                turn[count:] += self._products(frame[None], rest)[0][:, None] * incidence
            total += turn.T @ self.gram @ turn
        return total / max(len(values), 1) + np.diag(self.problem.ridge)

    def _factors(self) -> IntArray:
        return factor_table(self.drivers, self.problem.controls)

    def _products(self, values: FloatArray, factors: IntArray) -> FloatArray:
        ones = np.hstack([values, np.ones((len(values), 1))])
        out = np.ones((len(values), len(self.drivers)))
        for row in factors:
            out *= ones[:, row]
        return out

    def _incidences(self, factors: IntArray) -> list[FloatArray]:
        """For each place of a factor, which control it is, (q, k)."""
        count = self.problem.controls
        return [(row[:, None] == np.arange(count)).astype(np.float64) for row in factors]


def make_lifted(problem: Problem, drivers: Sequence[Sequence[int]], shapes: FloatArray) -> Lifted:
    """Add shapes that products of controls drive.

    Parameters
    ----------
    problem : Problem
        Without exclusive and symmetric pairs, and L1 only on controls that stay above 0.
    drivers : sequence of sequences of int, length q
        Different controls, two or more for each shape.
    shapes : (3 m, q) float
        What each shape adds when its product is 1.

    Raises
    ------
    FacemocapError
        When the drivers are not different controls, the shapes do not fit, or the problem has
        what products do not go with.
    """
    table = np.asarray(shapes, np.float64)
    given = tuple(tuple(int(control) for control in driven) for driven in drivers)
    if table.shape != (3 * problem.points, len(given)) or not np.isfinite(table).all():
        raise FacemocapError(
            f"The driven shapes are a table of {table.shape}",
            f"Give {3 * problem.points} finite numbers for each of {len(given)}",
        )
    for place, driven in enumerate(given):
        fits = all(0 <= control < problem.controls for control in driven)
        if len(driven) < 2 or len(set(driven)) < len(driven) or not fits:
            raise FacemocapError(
                f"Shape {place} is driven by {driven}", "Give two or more different controls"
            )
    below = (problem.low < 0) & (problem.price > 0)
    if len(problem.exclusive) or len(problem.pairs) or below.any():
        raise FacemocapError(
            "A problem with products has pairs, or L1 on controls that go below 0", "Leave them out"
        )
    both = np.hstack([problem.basis, table])
    gram = weighted_rows(both, problem.weights).T @ both
    return Lifted(
        problem, given, frozen(both, np.float64), frozen(0.5 * (gram + gram.T), np.float64)
    )
