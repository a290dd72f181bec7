# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a solve and what comes out of it, checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..errors import FacemocapError
from .problem import LARGEST, Problem


@dataclass(frozen=True)
class Solution:
    """Control values over frames; arrays are read-only.

    Attributes
    ----------
    values : (n, k) float64
    known : (n,) bool
        Whether anything was observed. Where not, values are at rest, or bridged by a joint solve.
    residual : (n,) float64
        Root mean square distance of the points that count from where the values put them.
    clipped : (n, k) bool
        Held at a limit that the observations would pass.
    kkt : (n,) float64
        Largest entry of the projected gradient: of the frame's largest gradient entry at rest; of
        the shot's, if solved together.
    """

    values: FloatArray
    known: BoolArray
    residual: FloatArray
    clipped: BoolArray
    kkt: FloatArray


def checked(
    problem: Problem, observed: FloatArray, valid: BoolArray | None
) -> tuple[FloatArray, BoolArray | None]:
    """Observations (n, 3 m), nought where not seen, and what was seen, None if all was.

    Raises
    ------
    FacemocapError
        When shapes do not fit or something that was seen is no finite number.
    """
    table = np.ascontiguousarray(observed, np.float64)
    if table.ndim != 2 or table.shape[1] != 3 * problem.points:
        raise FacemocapError(
            f"The observations have the shape {table.shape}",
            f"Give a row for each frame and {3 * problem.points} numbers in each",
        )
    if valid is None:
        _check_finite(table, None)
        return table, None
    seen = np.asarray(valid, np.bool_)
    if seen.shape != (len(table), problem.points):
        raise FacemocapError(
            f"What says which points were seen has the shape {seen.shape}",
            f"Give {len(table)} rows of {problem.points}",
        )
    if seen.all():
        _check_finite(table, None)
        return table, None
    _check_finite(table, seen)
    table = np.where(np.repeat(seen, 3, axis=1), table, 0.0)
    return table, seen


def _check_finite(table: FloatArray, seen: BoolArray | None) -> None:
    # NaN is not at most anything
    fits = np.abs(table) <= LARGEST
    if fits.all():
        return
    wrong = np.any(~fits.reshape(len(table), -1, 3), axis=2)
    if seen is not None:
        wrong = wrong & seen
    frames = np.flatnonzero(np.any(wrong, axis=1))
    if len(frames):
        first = int(frames[0])
        finite = np.isfinite(table[first])[np.repeat(wrong[first], 3)].all()
        what = f"beyond {LARGEST:g}" if finite else "that is no finite number"
        raise FacemocapError(
            f"Frame {first} has an observation {what}",
            "Mark points that were not seen as not valid",
        )


def residuals(problem: Problem, off: FloatArray, seen: FloatArray | BoolArray | None) -> FloatArray:
    """Root mean square distances (n,) of points.

    Parameters
    ----------
    off : (n, 3 m) float
        Observed less solved; overwritten.
    seen : (n, m) float or bool, or None
        How much each point counts; None when all count in full.
    """
    np.square(off, out=off)
    away = off.reshape(len(off), -1, 3).sum(axis=2)
    counted = np.broadcast_to(problem.weights, away.shape)
    if seen is not None:
        counted = counted * seen
    total = counted.sum(axis=1)
    return np.sqrt((away * counted).sum(axis=1) / np.where(total > 0, total, 1.0))


def whole_residuals(
    problem: Problem, observed: FloatArray, pull: FloatArray, placed: FloatArray
) -> FloatArray:
    """Root mean square distances (n,) when all points count in full, without the points.

    Parameters
    ----------
    observed : (n, 3 m) float
    pull : (n,) float
        Weighted products of the observations with where the values put the points.
    placed : (n,) float
        Weighted squares of where the values put the points.
    """
    weighted = observed
    if not np.all(problem.weights == 1.0):
        weighted = observed * np.repeat(problem.weights, 3)
    squares = np.einsum("ij,ij->i", weighted, observed)
    total = float(problem.weights.sum())
    return np.sqrt(np.maximum(squares - 2.0 * pull + placed, 0.0) / (total if total > 0 else 1.0))


def make_solution(
    values: FloatArray,
    state: IntArray,
    kkt: FloatArray,
    residual: FloatArray,
    seen: FloatArray | BoolArray | None,
) -> Solution:
    """Put a solution together; ``state`` (n, k) is not 0 at a limit."""
    known: BoolArray = np.ones(len(values), np.bool_)
    if seen is not None:
        known = np.any(seen, axis=1)
    return Solution(
        values=frozen(values, np.float64),
        known=frozen(known, np.bool_),
        residual=frozen(residual, np.float64),
        clipped=frozen(state != 0, np.bool_),
        kkt=frozen(kkt, np.float64),
    )
