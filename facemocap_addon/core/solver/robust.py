# SPDX-License-Identifier: GPL-3.0-or-later
"""How much points that lie off count: iteratively reweighted least squares.

Points within a few deviations count in full, so frames without outliers keep the common Hessian;
farther ones first count less (Huber 1964), then, once the fit is sound, not at all beyond a limit
(the last two parts of Hampel's function: Hampel et al. 1986, "Robust Statistics").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from .problem import Problem
from .products import rows_times

#: Median length of a vector of three normal numbers of deviation 1.
MEDIAN_LENGTH = 1.5382


@dataclass(frozen=True, slots=True)
class Outliers:
    """When points count less.

    Attributes
    ----------
    keep : float
        Up to this many deviations a point counts in full.
    drop : float
        From this many on it does not count.
    gentle, rounds : int
        Rounds of Huber's weights, and rounds altogether.
    """

    keep: float = 3.0
    drop: float = 5.5
    gentle: int = 1
    rounds: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.keep < self.drop < np.inf or min(self.gentle, self.rounds) < 0:
            raise FacemocapError(
                f"Outliers are kept up to {self.keep} and dropped from {self.drop} deviations",
                "Let the first be above 0 and below the second, and rounds not below 0",
            )


def distances(problem: Problem, observed: FloatArray, values: FloatArray) -> FloatArray:
    """How far observed points lie from solved ones, (n, m).

    Parameters
    ----------
    observed : (n, 3 m) float64
    values : (n, k) float64
    """
    off = rows_times(values, problem.across)
    np.subtract(observed, off, out=off)
    np.square(off, out=off)
    return np.sqrt(off.reshape(len(off), -1, 3).sum(axis=2))


def point_shares(
    problem: Problem,
    away: FloatArray,
    valid: FloatArray,
    free: IntArray,
    outliers: Outliers,
    turn: int,
) -> FloatArray:
    """How much of each point's weight counts in the next round.

    Parameters
    ----------
    away : (n, m) float
        Distances, see `distances`.
    valid : (n, m) float
        How much the points may count at most.
    free : (n,) int
        Unknowns that the points determine in each frame; they make residuals small.
    outliers : Outliers
    turn : int
        Number of the round.

    Returns
    -------
    (n, m) float64
    """
    some = valid > 0
    number = some.sum(axis=1)
    middle = _median_of(away, some)
    freedom = np.sqrt(np.clip(1.0 - free / np.maximum(3.0 * number, 1.0), 0.2, 1.0))[:, None]
    far = away / np.maximum(middle / MEDIAN_LENGTH, problem.noise * freedom)
    if turn < outliers.gentle:
        return valid * np.minimum(1.0, outliers.keep / np.maximum(far, 1e-30))
    return valid * np.clip((outliers.drop - far) / (outliers.drop - outliers.keep), 0.0, 1.0)


def lasting(suspect: BoolArray) -> BoolArray:
    """Where a point is suspect for three frames in a row or more, (n, m)."""
    out = np.zeros_like(suspect)
    middle = suspect[:-2] & suspect[1:-1] & suspect[2:]
    for shift in range(3):
        out[shift : shift + len(middle)] |= middle
    return out


def _median_of(away: FloatArray, some: BoolArray) -> FloatArray:
    """Median of the entries that count, row by row, (n, 1); 0 without any."""
    if not some.size:
        return np.zeros((len(some), 1))
    order = np.sort(np.where(some, away, np.inf), axis=1)
    number = some.sum(axis=1)
    rows = np.arange(len(order))
    upper = order[rows, np.minimum(number // 2, order.shape[1] - 1)]
    lower = order[rows, np.maximum(number - 1, 0) // 2]
    return np.where(number > 0, 0.5 * (upper + lower), 0.0)[:, None]
