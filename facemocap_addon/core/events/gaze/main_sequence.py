# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast eyes dart: peak speed and duration by amplitude, and the course between.

The peak speed grows with the amplitude by `SLOPE` and levels off at `FASTEST`: 200 degrees a
second at 5 degrees, 350 at 10, 510 at 20, within what is published for each. The course is one of
minimum jerk, whose peak speed is 1.875 times its mean.
"""

from __future__ import annotations

import numpy as np

from ...arrays import FloatArray

#: Peak speed over amplitude of small darts (a second), and the speed (deg/s) it levels off at.
SLOPE, FASTEST = 42.0, 650.0
#: Peak over mean speed of a course of minimum jerk.
PEAK_OVER_MEAN = 1.875


def peak_speed(amplitude_deg: FloatArray | float) -> FloatArray:
    """Peak speed (degrees a second) of darts of that amplitude."""
    steep = SLOPE * np.asarray(amplitude_deg, np.float64)
    return steep / np.sqrt(1.0 + (steep / FASTEST) ** 2)


def duration(amplitude_deg: FloatArray | float) -> FloatArray:
    """Seconds that darts of that amplitude take."""
    steep = SLOPE * np.asarray(amplitude_deg, np.float64)
    return PEAK_OVER_MEAN / SLOPE * np.sqrt(1.0 + (steep / FASTEST) ** 2)


def course(times_s: FloatArray, middle_s: float, duration_s: float) -> FloatArray:
    """Part of the way ``(n,)``, 0 to 1, of a dart that is half way at ``middle_s``."""
    share = np.clip((times_s - middle_s) / duration_s + 0.5, 0.0, 1.0)
    # products: powers are rounded otherwise depending on where numbers lie in memory
    return share * share * share * (10.0 - 15.0 * share + 6.0 * share * share)


def along(ways: FloatArray, way: FloatArray) -> FloatArray:
    """Products ``(n,)`` of ways ``(n, 2)`` with one, rounded alike wherever they lie in memory."""
    return ways[:, 0] * way[0] + ways[:, 1] * way[1]
