# SPDX-License-Identifier: GPL-3.0-or-later
"""How much noise is on each channel, told from what no face can do."""

from __future__ import annotations

from math import comb

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .windows import bell

#: Differences of this order hold little of a face's motion and all of the noise.
ORDER = 4
#: Samples of a window, the part of the windows that is quieter than the estimate, and what that
#: quartile is of the truth for white noise.
_WINDOW, _QUARTILE, _OF_TRUTH = 32, 0.25, 0.83
_FEWEST = 12
#: Of longer takes only so many stretches of so many samples are looked at.
_STRETCHES, _LENGTH = 64, 256
#: Bursts are looked for in windows like this (standard deviation in seconds); they have so many
#: times the usual power at least, and are so white: fourth to first differences, of 35.
BURST_S, BURST, WHITE = 0.04, 4.0, 16.0
#: Of a region with so many channels their median counts, which is this part of the mean.
BURST_OF_ALL, _TOGETHER, _OF_MEAN = 3.0, 3, 0.8
_MEDIAN = 0.6744897501960817


def noise_level(values: FloatArray, valid: BoolArray) -> FloatArray:
    """Standard deviation (c,) of each channel's noise; 0 where there is none to be seen.

    From fourth differences: their median over the take, or over its quieter windows where that is
    less. Stretches that rest at one value exactly say nothing and do not count.

    Parameters
    ----------
    values : (n, c) float64
    valid : (n, c) bool
    """
    values, valid = _stretches(values, valid)
    out = np.zeros(values.shape[1])
    scale = float(np.sqrt(comb(2 * ORDER, ORDER)))
    for column in range(values.shape[1]):
        series = values[valid[:, column], column]
        if len(series) <= ORDER:
            continue
        off = np.abs(np.diff(series, ORDER)) / scale
        moving = off > 0
        # one value held: the recorder's clamp, no measurement without noise
        held = np.diff(series) == 0
        for shift in range(ORDER):
            moving &= ~held[shift : len(held) - ORDER + 1 + shift]
        off = off[moving]
        if len(off) < _FEWEST:
            continue
        level = float(np.median(off)) / _MEDIAN
        whole = len(off) // _WINDOW
        if whole >= 2:
            windows = np.median(off[: whole * _WINDOW].reshape(whole, _WINDOW), axis=1)
            quiet = float(np.quantile(windows, _QUARTILE)) / (_MEDIAN * _OF_TRUTH)
            level = min(level, quiet)
        out[column] = level
    return out


def bursts(series: FloatArray, rate: float, regions: IntArray | None = None) -> FloatArray:
    """Power of the noise ``(c, n)`` in parts of the usual: 1, and more where it is loud for a time.

    What moves is loud too, but smooth: it counts only where it is as white as noise. A tracker that
    loses hold does so in a whole region: what most of its channels say counts for all of them.

    Parameters
    ----------
    series : (c, n) float64
        Rows with noise of deviation 1.
    rate : float
        Samples a second.
    regions : (c,) int, optional
        The region of each row.
    """
    out = np.ones_like(series)
    if series.shape[1] <= ORDER:
        return out
    window = max(BURST_S * rate, 2.0)
    margin = ORDER // 2
    rough = bell(np.diff(series, ORDER, axis=1) ** 2, window)
    steps = bell(np.diff(series, axis=1) ** 2, window)
    power = rough / comb(2 * ORDER, ORDER)
    steps = steps[:, 1 : 1 + rough.shape[1]]
    loud = (power > BURST) & (rough > WHITE * steps)
    inner = np.where(loud, power, 1.0)
    if regions is not None:
        white = rough / np.maximum(steps, 1e-12)
        for region in np.unique(regions).tolist():
            rows = np.flatnonzero(regions == region)
            if len(rows) >= _TOGETHER:
                usual = np.median(power[rows], axis=0) / _OF_MEAN
                all_loud = (usual > BURST_OF_ALL) & (np.median(white[rows], axis=0) > WHITE)
                inner[rows] = np.where(all_loud, np.maximum(inner[rows], usual), inner[rows])
    out[:, margin:-margin] = inner
    return out


def _stretches(values: FloatArray, valid: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Evenly spaced stretches of a long take, one after the other."""
    count = len(values)
    if count <= 2 * _STRETCHES * _LENGTH:
        return values, valid
    starts = np.linspace(0, count - _LENGTH, _STRETCHES).astype(np.int64)
    rows = (starts[:, None] + np.arange(_LENGTH)).ravel()
    return values[rows], valid[rows]
