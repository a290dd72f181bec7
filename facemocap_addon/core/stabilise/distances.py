# SPDX-License-Identifier: GPL-3.0-or-later
"""Distances between points over a take: what stays constant, and a rigid shape made of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: The part of the samples whose shortest span tells the usual distance and its noise.
_PART = 0.3
#: Width of that span for a Gaussian, in deviations.
_WIDTH = 0.7706
#: Numbers held at once.
_AT_ONCE = 8_000_000
_FEW = 4


def sampled_rows(valid: BoolArray, most: int) -> IntArray:
    """Rows with points, evenly over the take, at most about ``most``."""
    rows = np.flatnonzero(valid.any(axis=1))
    return rows[:: max(1, -(-len(rows) // most))]


def usual_distances(
    places: FloatArray, valid: BoolArray, most_rows: int = 1500
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Usual distances of all pairs, their noise and how much they change over the take.

    The usual distance is where most samples lie close together, so that up to a half of them may
    be off.

    Parameters
    ----------
    places : (n, p, 3) float64
    valid : (n, p) bool

    Returns
    -------
    usual : (p, p) float64
        NaN for pairs that are never seen together.
    noise : (p, p) float64
        Deviation of the samples around it.
    change : (p, p) float64
        Half of the span from the 10th to the 90th percentile, in Gaussian deviations.
    """
    count = places.shape[1]
    rows = sampled_rows(valid, max(60, min(most_rows, 40_000_000 // max(count * count, 1))))
    some, there = places[rows], valid[rows]
    usual, noise, change = (np.full((count, count), np.nan) for _ in range(3))
    step = max(1, _AT_ONCE // max(len(rows) * count, 1))
    for start in range(0, count, step):
        part = slice(start, start + step)
        away = np.linalg.norm(some[:, part, None] - some[:, None, :], axis=3)
        away[~(there[:, part, None] & there[:, None, :])] = np.nan
        away.sort(axis=0)
        seen = np.isfinite(away).sum(axis=0)
        usual[part], noise[part] = _densest(away, seen)
        low, high = (_quantile(away, seen, q) for q in (0.1, 0.9))
        change[part] = np.where(seen >= _FEW, (high - low) / 2.563, np.nan)
    return usual, noise, change


def _quantile(ordered: FloatArray, seen: IntArray, share: float) -> FloatArray:
    at = np.clip(np.round(share * (seen - 1)), 0, len(ordered) - 1).astype(np.intp)
    return np.take_along_axis(ordered, at[None], axis=0)[0]


def _densest(ordered: FloatArray, seen: IntArray) -> tuple[FloatArray, FloatArray]:
    """Middle of the shortest span that holds a part of the samples, and the deviation it tells."""
    length = np.maximum(np.round(_PART * seen), 1).astype(np.intp)
    middle = np.full(seen.shape, np.nan)
    spread = np.full(seen.shape, np.nan)
    for size in np.unique(length[seen > 0]).tolist():
        these = (length == size) & (seen > 0)
        columns = ordered[:, these]
        span = columns[size:] - columns[:-size] if size < len(columns) else columns[:0]
        if not len(span) or size < 2:
            middle[these], spread[these] = _quantile(columns, seen[these], 0.5), 0.0
            continue
        best: Any = np.argmin(np.where(np.isfinite(span), span, np.inf), axis=0)
        inside = np.array([best + step for step in range(size + 1)], np.intp)
        middle[these] = np.take_along_axis(columns, inside, axis=0).mean(axis=0)
        spread[these] = np.take_along_axis(span, best[None], axis=0)[0] / _WIDTH
    return middle, spread


def shape_of(usual: FloatArray) -> FloatArray:
    """Places ``(p, 3)`` with the distances ``(p, p)``, up to a motion and a mirror."""
    away = np.where(np.isfinite(usual), usual, np.inf)
    np.fill_diagonal(away, 0.0)
    if not np.isfinite(away).all():
        # never seen together: the way over a third point is the best that is known
        for via in range(len(away)):
            away = np.minimum(away, away[:, via, None] + away[None, via])
        away[~np.isfinite(away)] = away[np.isfinite(away)].max(initial=0.0)
    squared = away**2
    inner = squared - squared.mean(axis=0) - squared.mean(axis=1)[:, None] + squared.mean()
    sizes, ways = np.linalg.eigh(-0.5 * inner)
    return ways[:, -3:] * np.sqrt(np.maximum(sizes[-3:], 0.0))


def agreement(
    observed: FloatArray, valid: BoolArray, model: FloatArray, noise_m: float
) -> FloatArray:
    """How far each point ``(n, p)`` keeps its distances to the others, 0 to 1.

    The leading eigenvector of the matrix that tells which pairs keep their distance: points that
    agree with each other stand out, however many do not.
    """
    right = np.linalg.norm(model[:, None] - model[None], axis=2)
    score = np.empty(valid.shape)
    count = len(model)
    step = max(1, _AT_ONCE // max(count * count, 1) // 4)
    for start in range(0, len(observed), step):
        part = slice(start, start + step)
        away = np.linalg.norm(observed[part, :, None] - observed[part, None, :], axis=3)
        alike = np.exp(-0.5 * ((away - right) / (2.0 * noise_m)) ** 2)
        there = valid[part].astype(np.float64)
        alike *= there[:, :, None] * there[:, None, :]
        alike[:, np.arange(count), np.arange(count)] = 0.0
        vector = there.copy()
        for _ in range(8):
            vector = np.einsum("nij,nj->ni", alike, vector) + 1e-9 * there
            vector /= np.maximum(vector.max(axis=1, keepdims=True), 1e-300)
        score[part] = vector
    return score
