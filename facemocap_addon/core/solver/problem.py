# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be solved: how controls move points, how far they may go, what is likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray, frozen
from ..errors import FacemocapError
from .products import rows_times

#: Part of the largest diagonal entry that is added to the diagonal at least, so that the answer is
#: the only one even where shapes look alike or move nothing.
LEAST_RIDGE = 1e-9
#: Numbers beyond this are mistakes; their squares would not fit into single precision.
LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known before anything is observed, as standard deviations.

    The answer is the most probable one: every term is weighed by the square of ``noise`` over the
    square of its own deviation. So the terms mean the same for 41 markers and for 25,000 vertices.

    Attributes
    ----------
    noise : float
        Of one observed coordinate, in its unit (mm).
    spread : float
        Of a control's value about its rest. The ridge.
    sparsity : float
        How fast larger values get less likely, per unit of value: the L1 term of Bouaziz et al.
        2013, "Online modeling for realtime facial animation". 0 for none.
    asymmetry : float
        Of the difference between left and right, where one of them was not observed.
    ridge, l1 : float or (k,) float array, optional
        Instead of what ``spread`` and ``sparsity`` say, in squared units of the observations.
    """

    noise: float = 0.3
    spread: float = 0.5
    sparsity: float = 0.0
    asymmetry: float = 0.05
    ridge: FloatArray | float | None = None
    l1: FloatArray | float | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """Made by `make_problem`, which checks it.

    Attributes
    ----------
    basis : (3 m, k) float64
        Movement of each point (x, y, z after one another) when a control goes from 0 to 1.
    weights : (m,) float64
        How much each point counts.
    low, high : (k,) float64
    ridge : (k,) float64
        Squared unit of the observations.
    price : (k,) float64
        L1, in squared units of the observations.
    exclusive : (p, 2) int
        Controls of which at most one is above 0.
    pairs : (q, 2) int
        Left and right of one thing.
    alike : float
        Weight of the squared difference of a pair that was not observed.
    noise : float
        Of one observed coordinate.
    gram : (k, k) float64
        Weighted products of the columns of ``basis``.
    """

    basis: FloatArray
    weights: FloatArray
    low: FloatArray
    high: FloatArray
    ridge: FloatArray
    price: FloatArray
    exclusive: IntArray
    pairs: IntArray
    alike: float
    noise: float
    gram: FloatArray = field(repr=False)

    @property
    def points(self) -> int:
        """How many points are observed."""
        return len(self.weights)

    @property
    def controls(self) -> int:
        """How many controls there are."""
        return self.basis.shape[1]

    @cached_property
    def across(self) -> FloatArray:
        """The basis transposed, (k, 3 m)."""
        return np.ascontiguousarray(self.basis.T)

    @cached_property
    def weighted(self) -> FloatArray:
        """The basis with each point's rows times its weight, (3 m, k)."""
        return weighted_rows(self.basis, self.weights)

    def project(self, observed: FloatArray) -> FloatArray:
        """Weighted products of observations (n, 3 m) with the basis, (n, k)."""
        return rows_times(np.asarray(observed, np.float64), self.weighted)


def weighted_rows(table: FloatArray, weights: FloatArray) -> FloatArray:
    """A table (3 m, k) with the three rows of each point times its weight; itself if all are 1."""
    return table if np.all(weights == 1.0) else table * np.repeat(weights, 3)[:, None]


def make_problem(
    basis: FloatArray,
    *,
    weights: FloatArray | None = None,
    low: FloatArray | float = 0.0,
    high: FloatArray | float = 1.0,
    terms: Terms | None = None,
    exclusive: Sequence[tuple[int, int]] = (),
    pairs: Sequence[tuple[int, int]] = (),
) -> Problem:
    """Check and prepare a problem.

    Parameters
    ----------
    basis : (3 m, k) float
    weights : (m,) float, optional
        At least 0; default 1.
    low, high : float or (k,) float
        Limits of the controls.
    terms : Terms, optional
    exclusive, pairs : sequences of two controls

    Returns
    -------
    Problem

    Raises
    ------
    FacemocapError
        When shapes do not fit, something is not finite, or limits are crossed.
    """
    table = np.array(basis, np.float64, ndmin=2)
    if table.ndim != 2 or len(table) % 3:
        raise FacemocapError(
            f"The basis has the shape {table.shape}",
            "Give three rows for each point and a column for each control",
        )
    points, count = len(table) // 3, table.shape[1]
    known = terms or Terms()
    deviations = np.array([known.noise, known.spread, known.asymmetry], np.float64)
    usual = (deviations > 1.0 / LARGEST) & (deviations < LARGEST)
    if not usual.all() or not 0 <= known.sparsity < LARGEST:
        raise FacemocapError(
            "A deviation is not above 0, or the sparsity is below",
            "Give deviations above 0 and a sparsity from 0",
        )
    counted = _vector(1.0 if weights is None else weights, points, "weights")
    lower, upper = _vector(low, count, "lower limits"), _vector(high, count, "upper limits")
    stiff = (known.noise / known.spread) ** 2 if known.ridge is None else known.ridge
    cost = known.sparsity * known.noise**2 if known.l1 is None else known.l1
    ridges, prices = _vector(stiff, count, "ridge"), _vector(cost, count, "l1")
    _check_finite(table, "basis")
    if (counted < 0).any() or (ridges < 0).any() or (prices < 0).any():
        raise FacemocapError("A weight, ridge or l1 is below 0", "Give 0 or more")
    if (lower > upper).any():
        place = int(np.flatnonzero(lower > upper)[0])
        raise FacemocapError(
            f"Control {place} has its lower limit above its upper one", "Swap the two"
        )
    apart = _couples(exclusive, count, "exclusive")
    if (lower[apart] > 0).any() or (upper[apart] < 0).any():
        raise FacemocapError("An exclusive control cannot be 0", "Let its limits contain 0")
    gram = rows_times(np.ascontiguousarray((table * np.repeat(counted, 3)[:, None]).T), table)
    gram = 0.5 * (gram + gram.T)
    least = LEAST_RIDGE * max(
        float(np.max(np.diag(gram), initial=0.0)), float(ridges.max(initial=0))
    )
    return Problem(
        basis=frozen(table, np.float64),
        weights=frozen(counted, np.float64),
        low=frozen(lower, np.float64),
        high=frozen(upper, np.float64),
        ridge=frozen(np.maximum(ridges, least if least > 0 else 1.0), np.float64),
        price=frozen(prices, np.float64),
        exclusive=frozen(apart, np.intp),
        pairs=frozen(_couples(pairs, count, "symmetric"), np.intp),
        alike=(known.noise / known.asymmetry) ** 2,
        noise=float(known.noise),
        gram=frozen(gram, np.float64),
    )


def _vector(value: Any, count: int, what: str) -> FloatArray:
    given = np.asarray(value, np.float64)
    if given.shape not in ((), (count,)):
        raise FacemocapError(
            f"The {what} have the shape {given.shape}", f"Give one number or {count} of them"
        )
    out = np.array(np.broadcast_to(given, (count,)))
    _check_finite(out, what)
    return out


def _check_finite(values: FloatArray, what: str) -> None:
    if not (np.abs(values) <= LARGEST).all():
        raise FacemocapError(
            f"The {what} contain something that is no finite number or beyond {LARGEST:g}",
            "Remove NaN, infinities and what is far too large",
        )


def _couples(couples: Sequence[tuple[int, int]], count: int, what: str) -> IntArray:
    given = np.array([*couples]) if len({len(couple) for couple in couples} - {2}) == 0 else None
    if given is None or (given.size and given.dtype.kind not in "iu"):
        raise FacemocapError(
            f"A pair of {what} controls is none of two whole numbers", "Give two for each pair"
        )
    out = given.astype(np.intp).reshape(-1, 2)
    if out.size and (out.min() < 0 or out.max() >= count or (out[:, 0] == out[:, 1]).any()):
        raise FacemocapError(
            f"A pair of {what} controls is none of two of the {count} controls",
            "Give two different numbers from 0",
        )
    return out
