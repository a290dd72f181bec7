# SPDX-License-Identifier: GPL-3.0-or-later
"""A good guess at which bounds hold, for all frames at once, by matrix products alone.

The alternating direction method of multipliers in unknowns scaled to a unit diagonal (Boyd et al.
2011, "Distributed optimization and statistical learning via the alternating direction method of
multipliers", sections 5.2 and 3.4.3): one matrix is inverted once, an iteration is a product with
it, a clip and sums. Few iterations give pivoting a start; many give it one where its own exchanges
wander, as they do for nearly dependent shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, IntArray
from .products import rows_times


@dataclass(frozen=True, slots=True)
class Guess:
    """How to guess.

    Attributes
    ----------
    steps : int
    penalty : float
        Weight of the split, of the unit diagonal.
    relaxation : float
        1 for none, up to 1.8.
    """

    steps: int
    penalty: float
    relaxation: float


#: Before pivoting; instead of pivoting for most frames; for frames that pivoting did not settle.
QUICK = Guess(steps=24, penalty=0.03, relaxation=1.7)
FULL = Guess(steps=44, penalty=0.05, relaxation=1.7)
THOROUGH = Guess(steps=80, penalty=0.03, relaxation=1.6)


def guess_minimum(
    hessian: FloatArray, pull: FloatArray, low: FloatArray, high: FloatArray, guess: Guess
) -> tuple[IntArray, FloatArray]:
    """The minimum of ``y H y / 2 - pull y`` within bounds, roughly, in single precision.

    Parameters
    ----------
    hessian : (k, k) float64
        Symmetric, positive definite.
    pull : (n, k) float64
    low, high : (k,) or (n, k) float64
    guess : Guess

    Returns
    -------
    state : (n, k) int8
        -1 at the lower bound, 0 free, 1 at the upper bound.
    values : (n, k) float64
    """
    scale = np.sqrt(np.diag(hessian))
    within = np.linalg.inv(hessian / np.outer(scale, scale) + guess.penalty * np.eye(len(scale)))
    within = 0.5 * (within + within.T)
    lower = (low * scale).astype(np.float32)
    upper = (high * scale).astype(np.float32)
    fixed = rows_times(pull / scale, within).astype(np.float32)
    back = (within * (guess.penalty * guess.relaxation)).astype(np.float32)
    # sum of the clipped unknowns and their multipliers; the first point knows no bounds
    both = fixed.copy()
    fixed *= np.float32(guess.relaxation)
    relaxation = np.float32(guess.relaxation)
    clipped = np.clip(both, lower, upper)
    point, moved = np.empty_like(both), np.empty_like(both)
    for _ in range(guess.steps):
        np.subtract(clipped, both, out=point)
        point += clipped
        rows_times(point, back, moved)
        both += fixed
        both += moved
        clipped *= relaxation
        both -= clipped
        np.clip(both, lower, upper, out=clipped)
    state = (both > upper).view(np.int8) - (both < lower).view(np.int8)
    return state, np.clip(clipped / scale, low, high)
