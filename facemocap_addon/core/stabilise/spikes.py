# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples that jump away and back within three rows, which no skin does."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: A spike is at least this far off, and this many times the usual error of the interpolation.
_LEAST_M, _TIMES = 2.0e-3, 5.0
_LONGEST, _PASSES = 3, 12
#: Rows around a spike that its neighbours may lie apart.
_REACH = 8


def find_spikes(places: FloatArray, valid: BoolArray) -> BoolArray:
    """Which samples ``(n, p)`` are spikes.

    One counts when it lies off the course through the two samples before and after, and far from
    both sides; so neither a fast motion nor a step is one.

    Parameters
    ----------
    places : (n, p, 3) float64
        On the head.
    valid : (n, p) bool
    """
    spikes = np.zeros(valid.shape, np.bool_)
    for marker in range(valid.shape[1]):
        rows = np.flatnonzero(valid[:, marker])
        limit: float | None = None
        for length in (1, 2, _LONGEST):
            for _ in range(_PASSES):
                series = places[rows, marker]
                off, usual = _off(series, rows, length)
                if not len(off):
                    break
                # what the clean take's noise and speed are does not depend on what is taken out
                limit = max(_LEAST_M, _TIMES * usual) if limit is None else limit
                found = _peaks(off, limit, length)
                if not len(found):
                    break
                gone = np.unique(found[:, None] + np.arange(length))
                spikes[rows[gone], marker] = True
                rows = np.delete(rows, gone)
    return spikes


def _off(series: FloatArray, rows: IntArray, length: int) -> tuple[FloatArray, float]:
    """How far a run of ``length`` from each sample lies off, and the usual figure.

    The result has an entry for each sample; nought near the ends and beside longer gaps.
    """
    count = len(rows) - length - 3
    if count <= 0:
        return np.zeros(0), 0.0
    start = np.arange(2, 2 + count)
    at = np.stack([start - 2, start - 1, start + length, start + length + 1], axis=1)
    knots, sides = rows[at].astype(np.float64), series[at]
    off, least = np.full(count, np.inf), np.full(count, np.inf)
    for offset in range(length):
        here = rows[start + offset].astype(np.float64)
        course = (_lagrange(knots, here)[:, :, None] * sides).sum(axis=1)
        sample = series[start + offset]
        off = np.minimum(off, np.linalg.norm(sample - course, axis=1))
        for side in (1, 2):
            least = np.minimum(least, np.linalg.norm(sample - sides[:, side], axis=1))
    close = knots[:, 3] - knots[:, 0] <= _REACH + length
    usual = float(np.median(off[close])) if close.any() else 0.0
    out = np.zeros(len(rows))
    out[start] = np.where(close, np.minimum(off, least), 0.0)
    return out, usual


def _lagrange(knots: FloatArray, here: FloatArray) -> FloatArray:
    """Weights ``(n, 4)`` of the cubic through four knots at ``here`` (n,)."""
    weights = np.ones(knots.shape)
    for one in range(4):
        for other in range(4):
            if one != other:
                weights[:, one] *= (here - knots[:, other]) / (knots[:, one] - knots[:, other])
    return weights


def _peaks(off: FloatArray, limit: float, length: int) -> IntArray:
    """Starts of runs that are off and more so than those beside, none overlapping."""
    above = np.flatnonzero(off > limit)
    taken: list[int] = []
    blocked = np.zeros(len(off), np.bool_)
    for start in above[np.argsort(-off[above], kind="stable")].tolist():
        if not blocked[start]:
            taken.append(start)
            blocked[max(start - length - 1, 0) : start + length + 2] = True
    return np.array(sorted(taken), np.intp)
