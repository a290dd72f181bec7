# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Means over time windows, of series that are rows ``(k, n)``."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray


def bell(values: FloatArray, deviation: float) -> FloatArray:
    """Means, of what is not negative, under a window like a bell curve: two boxes, one by one.

    Parameters
    ----------
    values : (k, n) float64
        At the ends the outermost values stand for what is beyond.
    deviation : float
        Standard deviation of the window, in samples.
    """
    from scipy.ndimage import uniform_filter1d  # noqa: PLC0415

    width = box_of(deviation)
    if width < 2:
        return values
    once = uniform_filter1d(values, width, axis=1, mode="nearest")
    # an even width lies half a sample to one side; the second box goes to the other
    origin = -1 if width % 2 == 0 else 0
    twice = uniform_filter1d(once, width, axis=1, mode="nearest", origin=origin)
    # running sums may end a hair below nought
    return np.maximum(twice, 0.0, out=twice)


def box_of(deviation: float) -> int:
    """Width of the boxes of `bell`."""
    return round(float(np.sqrt(6.0 * deviation**2 + 1.0)))


def samples_in(deviation: float) -> float:
    """How many independent samples a `bell` holds."""
    width = max(box_of(deviation), 1)
    # sum of squares of a triangle of unit area
    return 1.0 / ((2.0 * width * width + 1.0) / (3.0 * width**3))
