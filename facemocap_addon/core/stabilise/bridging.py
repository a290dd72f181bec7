# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges over gaps of a series: the likeliest course between both sides, meeting both exactly."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray

#: Rows of each side that are looked at, at least and at most.
_NEAR, _FAR = 10, 40
#: Rows over which a series remembers itself: the candidates.
LENGTHS = (3.0, 6.0, 12.0, 24.0, 48.0)


def _kernel(rows: FloatArray, others: FloatArray, length: float) -> FloatArray:
    """Covariance of a course that has a velocity and an acceleration."""
    r = np.sqrt(7.0) * np.abs(rows[:, None] - others[None]) / length
    return (1.0 + r + 0.4 * r**2 + r**3 / 15.0) * np.exp(-r)


def usual_length(series: FloatArray, known: BoolArray, noise: float) -> float:
    """The candidate that makes the series likeliest, from up to 24 stretches of it.

    Parameters
    ----------
    series : (n, d) float64
    known : (n,) bool
    noise : float
        Deviation of a value.
    """
    width = 48
    starts = np.linspace(0, max(len(series) - width, 0), 24).astype(np.intp)
    stretches = [series[s : s + width] for s in np.unique(starts) if known[s : s + width].all()]
    stretches = [part - part.mean(axis=0) for part in stretches if len(part) > 8]
    if not stretches:
        return LENGTHS[1]
    together = np.concatenate(stretches, axis=1)
    level = max(float((together**2).mean()), 1e-16)
    rows = np.arange(len(together), dtype=np.float64)
    best, least = LENGTHS[0], np.inf
    for length in LENGTHS:
        cover = _kernel(rows, rows, length) + (noise**2 / level + 1e-7) * np.eye(len(rows))
        _sign, size = np.linalg.slogdet(cover)
        fit = (together * np.linalg.solve(cover, together)).mean(axis=1).sum() / len(rows)
        cost = float(size) / len(rows) + float(np.log(max(fit, 1e-300)))
        if cost < least:
            best, least = length, cost
    return best


def bridge(
    series: FloatArray, known: BoolArray, first: int, last: int, length: float, noise: float
) -> tuple[FloatArray, float]:
    """Values of a gap.

    Parameters
    ----------
    series : (n, d) float64
    known : (n,) bool
    first, last : int
        Rows of the gap, both included.
    length : float
        Rows over which the series remembers itself.
    noise : float
        Deviation of a value.

    Returns
    -------
    values : (last - first + 1, d) float64
        They go on from the values on both sides without a step.
    deviation : float
        Expected error in the middle of the gap.
    """
    count = last - first + 1
    reach = int(np.clip(2 * count, _NEAR, _FAR))
    around = np.arange(max(first - reach, 0), min(last + reach + 1, len(series)))
    around = around[known[around]]
    if not len(around):
        return np.zeros((count, series.shape[1])), np.inf
    inside = np.arange(first, last + 1)
    near = series[around]
    level = max(float(near.var(axis=0).mean()), noise**2, 1e-16)
    cover = _kernel(around.astype(np.float64), around.astype(np.float64), length)
    cover += (noise**2 / level + 1e-7) * np.eye(len(around))
    ends = [row for row in (first - 1, last + 1) if 0 <= row < len(series) and known[row]]
    wanted = np.concatenate([inside, np.array(ends, np.intp)]).astype(np.float64)
    across = _kernel(wanted, around.astype(np.float64), length)
    solved = np.linalg.solve(
        cover, np.concatenate([near, np.ones((len(around), 1)), across.T], axis=1)
    )
    columns = series.shape[1]
    ones = solved[:, columns]
    mean = (ones @ near) / ones.sum()
    found = mean + across @ (solved[:, :columns] - ones[:, None] * mean)
    spread = 1.0 - np.einsum("ij,ji->i", across, solved[:, columns + 1 :])
    values = found[:count]
    if ends:
        # noise at the ends must not show as a step: what is left there is led over the gap
        left = series[np.array(ends)] - found[count:]
        if len(ends) == 2:
            share = ((inside - ends[0]) / (ends[1] - ends[0]))[:, None]
            values = values + (1.0 - share) * left[0] + share * left[1]
        else:
            values = values + left[0]
    deviation = float(np.sqrt(max(float(spread[count // 2]), 0.0) * level))
    return values, deviation
