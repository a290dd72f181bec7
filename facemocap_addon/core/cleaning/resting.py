# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves that rest at nought rest there afterwards, and first and last values stay as they are."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray

#: A channel that goes below nought by more than so many deviations of its error does so on purpose.
_BELOW, _QUANTILE = 2.5, 0.005
#: Values nearer to nought than so many deviations are nought; those farther off stay as they are.
NEAR, FAR = 0.0, 1.5
#: What the ends were moved by fades out over this time (seconds).
_END_S = 0.03


def at_rest(course: FloatArray, error: FloatArray, rests: BoolArray) -> FloatArray:
    """Values ``(n, c)`` without what noise leaves around nought.

    Parameters
    ----------
    course, error : (n, c) float64
        Smoothed values and their expected error.
    rests : (c,) bool
        Channels that cannot go below nought.
    """
    usual = np.median(error, axis=0)
    low = np.quantile(course, _QUANTILE, axis=0)
    bound = rests & (low > -_BELOW * usual) & (usual > 0)
    if not bound.any():
        return course
    far = np.maximum(course[:, bound], 0.0)
    away = far / np.maximum(error[:, bound], 1e-12)
    out = course.copy()
    out[:, bound] = far * _share(away)
    return out


def _share(away: FloatArray) -> FloatArray:
    """What is left of a value so many deviations from nought: a smooth step."""
    part = np.clip((away - NEAR) / (FAR - NEAR), 0.0, 1.0)
    return part * part * (3.0 - 2.0 * part)


def keep_ends(smooth: FloatArray, values: FloatArray, valid: BoolArray, rate: float) -> FloatArray:
    """Smoothed values ``(n, c)`` that begin and end as the recorded ones do."""
    count, columns = smooth.shape
    if not count:
        return smooth
    out = smooth.copy()
    first = np.argmax(valid, axis=0)
    last = count - 1 - np.argmax(valid[::-1], axis=0)
    every = np.arange(columns, dtype=np.int64)
    fading = np.exp(-np.arange(float(count)) / max(_END_S * rate, 1e-3))
    fading[fading < 1e-3] = 0.0
    reach = int(np.count_nonzero(fading))
    for ends, way in ((first, 1), (last, -1)):
        off = np.where(valid[ends, every], values[ends, every] - smooth[ends, every], 0.0)
        for step in range(reach):
            rows = ends + way * step
            inside = (rows >= 0) & (rows < count)
            out[rows[inside], every[inside]] += fading[step] * off[inside]
    # rounding, and the other end in short takes
    for ends in (first, last):
        there = valid[ends, every]
        out[ends[there], every[there]] = values[ends[there], every[there]]
    return out
