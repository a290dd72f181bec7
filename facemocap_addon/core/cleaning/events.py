# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""What happens quickly: pulses such as blinks, and whatever a slow filter would take away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from .whittaker import Bends, strength_of
from .windows import bell

#: Half of a pulse's height is passed within this time (seconds) at most.
LONGEST_S = 0.8
#: A pulse rises by at least this value from both sides, and by so many deviations of its error.
LEAST, SURE = 0.05, 6.0
#: Quick is what is faster than this and larger than this value and so many deviations; ...
_SLOW_HZ, _LARGE, _CLEAR = 3.0, 0.02, 4.0
#: ... with what lies this near (seconds), and shoulders as soft as this.
_NEAR_S, _SOFT_S = 0.06, 0.03


@dataclass(frozen=True, slots=True)
class Pulse:
    """A rise and fall of one series.

    Attributes
    ----------
    first, last : int
        Samples where it begins and has ended.
    peak : int
        Where it is highest.
    rising, falling : int
        The first and the last sample above half of its height.
    """

    first: int
    rising: int
    peak: int
    falling: int
    last: int


def pulses(
    series: FloatArray,
    error: FloatArray | float,
    rate: float,
    *,
    least: float = LEAST,
    longest_s: float = LONGEST_S,
) -> tuple[Pulse, ...]:
    """Pulses of a series, in order.

    Parameters
    ----------
    series : (n,) float64
        Nearly free of noise.
    error : (n,) float64 or float
        Its expected error.
    rate : float
        Samples a second.
    least, longest_s : float
        Least rise, and the longest time above half of it.
    """
    from scipy.signal import find_peaks, peak_widths  # noqa: PLC0415

    if len(series) < 3:
        return ()
    need = np.maximum(least, SURE * np.broadcast_to(np.asarray(error, np.float64), series.shape))
    peaks, found = find_peaks(series, prominence=float(need.min()))
    keep = found["prominences"] >= need[peaks]
    peaks = peaks[keep]
    if not len(peaks):
        return ()
    parts = (found["prominences"][keep], found["left_bases"][keep], found["right_bases"][keep])
    wide, _height, rising, falling = peak_widths(series, peaks, 0.5, prominence_data=parts)
    _width, _height, left, right = peak_widths(series, peaks, 0.95, prominence_data=parts)
    return tuple(
        Pulse(
            int(np.floor(left[k])),
            int(np.ceil(rising[k])),
            int(peaks[k]),
            int(np.floor(falling[k])),
            int(np.ceil(right[k])),
        )
        for k in np.flatnonzero(wide <= longest_s * rate).tolist()
    )


def quick(course: FloatArray, error: FloatArray, times: FloatArray) -> FloatArray:
    """How much each value ``(n, c)`` belongs to something quick, 0 to 1, with soft shoulders.

    Parameters
    ----------
    course, error : (n, c) float64
        Smoothed values and their expected error.
    times : (n,) float64
        Seconds.
    """
    from scipy.ndimage import maximum_filter1d  # noqa: PLC0415

    if len(course) < 4:
        return np.zeros(course.shape)
    rate = 1.0 / float(np.median(np.diff(times)))
    series = np.ascontiguousarray(course.T)
    slow = Bends(times, len(times)).smoother(strength_of(min(_SLOW_HZ, 0.3 * rate), rate))
    fast = np.abs(series - slow.solve(series))
    fast /= np.maximum(_LARGE, _CLEAR * error.T)
    part = np.clip(fast - 1.0, 0.0, 1.0)
    # the shoulders lie outside what is near, so that events are kept whole
    reach = 2 * int(np.ceil((_NEAR_S + 2.5 * _SOFT_S) * rate)) + 1
    part = maximum_filter1d(part, min(reach, 2 * len(times) - 1), axis=1, mode="nearest")
    part = bell(part, _SOFT_S * rate)
    return np.ascontiguousarray(np.clip(part, 0.0, 1.0).T)
