# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a control does something quick: there the smoothing lets it go, and no other control."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray

#: Half the span, in frames, over which quickness is measured: events of 100 ms at 60 frames a
#: second show, and noise shows less than over one frame.
SPAN = 3
#: Quickness counts beyond this many deviations of its noise.
SURE = 4.0
#: Squared quickness, of the expected acceleration, at which the limit is halved.
HALVED = 40.0
#: Part of an event that the smoothing may take away. Dense points stand up to it as it is.
TAKEN = 0.1


def event_limits(
    values: FloatArray, deviation: FloatArray, acceleration: float, event: float
) -> FloatArray:
    """How far the price of second differences grows with their square (see `temporal`).

    A control's acceleration is told from its values ``SPAN`` frames before and after; what noise
    alone may do is taken off.

    Parameters
    ----------
    values : (n, k) float64
        Frames solved one by one.
    deviation : (k,) float64
        Noise of the values.
    acceleration, event : float
        See `temporal.Smoothness`.

    Returns
    -------
    (n - 2, k) float64
        ``event`` accelerations where all is quiet, less where a control jumps.
    """
    usual = event * acceleration
    limit = np.full(values.shape, usual)
    if len(values) > 2 * SPAN and values.shape[1]:
        bent = values[2 * SPAN :] - 2.0 * values[SPAN:-SPAN] + values[: -2 * SPAN]
        quick = np.maximum(bent**2 - 6.0 * (SURE * deviation) ** 2, 0.0)
        quick /= (SPAN**2 * acceleration) ** 2
        # a limit bends a control by its share of the smoothing's weight in the control's own
        harmless = TAKEN * np.abs(bent) * (acceleration / deviation) ** 2
        lower = np.maximum(usual / (1.0 + (quick / HALVED) ** 2), np.minimum(usual, harmless))
        limit[SPAN:-SPAN] = lower
        for shift in range(1, SPAN + 1):
            for side in (slice(SPAN - shift, -SPAN - shift), slice(SPAN + shift, None)):
                around = limit[side][: len(lower)]
                np.minimum(around, lower, out=around)
    return limit[1:-1]


def without_glitches(values: FloatArray) -> FloatArray:
    """Median of three frames each: what is there for one frame alone is gone, (n, k)."""
    out = values.copy()
    lower = np.minimum(values[:-2], values[1:-1])
    upper = np.maximum(values[:-2], values[1:-1])
    out[1:-1] = np.maximum(lower, np.minimum(upper, values[2:]))
    return out


def value_noise(hessian: FloatArray, gram: FloatArray, noise: float) -> FloatArray:
    """Standard deviation (k,) of solved values, were there no bounds; above 0."""
    inverse = np.linalg.inv(hessian)
    variance = np.diag(inverse @ gram @ inverse)
    return noise * np.sqrt(np.maximum(variance, 1e-12 * np.diag(inverse)))
