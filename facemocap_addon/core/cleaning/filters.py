# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""The usual filters in seconds and Hz, without delay; and One Euro, which lags: for live previews.

Series are columns ``(n, c)`` without gaps, at even steps; `on_even_steps` brings others there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import FloatArray

#: Steps that differ less than this from the usual one count as even.
_EVEN = 0.05
#: Nothing above this part of the rate can be filtered.
_NYQUIST = 0.49


def on_even_steps(
    work: Callable[[FloatArray, float], FloatArray], values: FloatArray, times: FloatArray
) -> FloatArray:
    """Filter ``(n, c)`` with ``work(values, rate)``, at even steps in between if need be."""
    from scipy.interpolate import CubicSpline, PchipInterpolator  # noqa: PLC0415

    steps = np.diff(times)
    usual = float(np.median(steps))
    if float(np.abs(steps - usual).max()) <= _EVEN * usual:
        return work(values, 1.0 / usual)
    count = 1 + int(np.ceil((times[-1] - times[0]) / usual))
    even = np.linspace(times[0], times[-1], count)
    resampled = PchipInterpolator(times, values)(even)
    done = work(resampled, (count - 1) / (times[-1] - times[0]))
    return np.asarray(CubicSpline(even, done)(times))


def butterworth(values: FloatArray, rate: float, cutoff_hz: float, order: int = 2) -> FloatArray:
    """Low pass run forwards and backwards: no delay, and twice the order.

    Parameters
    ----------
    values : (n, c) float64
    rate : float
        Samples a second.
    cutoff_hz : float
        Of one run: -3 dB there, -6 dB in all.
    order : int
        Of one run.
    """
    from scipy.signal import butter, sosfiltfilt  # noqa: PLC0415

    if cutoff_hz >= _NYQUIST * rate:
        return values.copy()
    sections = butter(order, cutoff_hz, fs=rate, output="sos")
    ends = min(len(values) - 1, int(3.0 * rate / cutoff_hz) + 3 * order)
    return np.asarray(sosfiltfilt(sections, values, axis=0, padlen=ends))


def savitzky_golay(values: FloatArray, rate: float, window_s: float, degree: int = 2) -> FloatArray:
    """Polynomials of a degree fitted to windows of this many seconds."""
    from scipy.signal import savgol_filter  # noqa: PLC0415

    width = 2 * round(0.5 * window_s * rate) + 1
    width = min(width, len(values) - 1 + len(values) % 2)
    if width <= degree:
        return values.copy()
    return np.asarray(savgol_filter(values, width, degree, axis=0))


def gaussian(values: FloatArray, rate: float, deviation_s: float) -> FloatArray:
    """Means under a bell curve with this standard deviation in seconds."""
    from scipy.ndimage import gaussian_filter1d  # noqa: PLC0415

    if deviation_s <= 0:
        return values.copy()
    return np.asarray(gaussian_filter1d(values, deviation_s * rate, axis=0, mode="nearest"))


def median(values: FloatArray, rate: float, window_s: float) -> FloatArray:
    """Medians of windows of this many seconds."""
    from scipy.ndimage import median_filter  # noqa: PLC0415

    width = 2 * round(0.5 * window_s * rate) + 1
    return np.asarray(median_filter(values, (width, 1), mode="nearest"))


def one_euro(values: FloatArray, times: FloatArray, cutoff_hz: float, beta: float) -> FloatArray:
    """The filter of Casiez, Roussel and Vogel 2012: the faster a curve, the less it is smoothed.

    Parameters
    ----------
    values : (n, c) float64
    times : (n,) float64
        Seconds; steps may be irregular.
    cutoff_hz : float
        For a curve at rest.
    beta : float
        Hz of cut-off for each unit a second of speed.
    """
    out = values.copy()
    speed = np.zeros(values.shape[1])
    for row in range(1, len(values)):
        step = times[row] - times[row - 1]
        slow = _share(1.0, step)
        speed = slow * (values[row] - values[row - 1]) / step + (1.0 - slow) * speed
        share = _share(cutoff_hz + beta * np.abs(speed), step)
        out[row] = share * values[row] + (1.0 - share) * out[row - 1]
    return out


def _share(cutoff_hz: FloatArray | float, step: float) -> FloatArray:
    """Weight of the newest value."""
    turn = 2.0 * np.pi * np.asarray(cutoff_hz) * step
    return turn / (turn + 1.0)
