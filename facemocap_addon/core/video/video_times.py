# SPDX-License-Identifier: GPL-3.0-or-later
"""When each frame of a video was taken, where a tracker wrote frame numbers and rounded times.

Trackers round times to thousandths of a second: 40 and 41 ms make 24.4 or 25 frames a second, so
no single step tells the rate. The whole length does.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..arrays import FloatArray, IntArray
from ..formats.read_options import ReadOptions
from ..formats.sample_times import SampleTimes, count_samples, read_clock

#: Two rounded times are at most this far from the times that were meant.
_ROUNDING_S = 0.00105
_SLOWEST_HZ, _FASTEST_HZ = 5.0, 240.0
_USUAL_HZ = 30.0
#: Rates of videos; of two that fit as well the earlier one counts.
_RATES = (
    *(Fraction(rate) for rate in (25, 30, 24, 50, 60, 48, 100, 120, 15, 12, 10, 20, 90, 240)),
    *(Fraction(rate * 1000, 1001) for rate in (30, 24, 60, 48, 120)),
)


def frame_times(
    frames: FloatArray | None,
    stamps: FloatArray | None,
    lines: IntArray,
    name: str,
    options: ReadOptions,
    *,
    key: str = "timestamp",
) -> SampleTimes:
    """Times of rows that have a frame number, a time in seconds, or both.

    Parameters
    ----------
    frames, stamps : (n,) float64 or None
        NaN where a row has none.
    lines : (n,) int
        For messages.
    name : str
        The file's name, for messages.
    options : ReadOptions
    key : str
        What the file calls its times.

    Raises
    ------
    FacemocapError
        When rows are not in the order of time.
    """
    rate_hz, named = options.rate_or(_USUAL_HZ)
    number = len(lines)
    if number == 1:
        return count_samples(1, rate_hz, "The file holds one sample", named=named)
    if frames is not None and not _counts_up(frames):
        frames = None
    if stamps is not None and not np.isfinite(stamps).all():
        stamps = None if frames is not None else stamps
    if stamps is None:
        if frames is None:
            return count_samples(number, rate_hz, "The file has no times", named=named)
        return read_clock(frames, "frame", lines, name, rate_hz=rate_hz, named=named)
    counted = np.arange(number, dtype=np.float64) if frames is None else frames
    passed, length = float(counted[-1] - counted[0]), float(stamps[-1] - stamps[0])
    measured = passed / length if length > 0 else 0.0
    is_even = measured > 0 and _far(stamps, counted, measured) <= 2 * _ROUNDING_S
    if is_even and not _SLOWEST_HZ <= measured <= _FASTEST_HZ:
        said = f'"{key}" has {measured:g} frames a second: the tracker did not know the rate'
        if frames is None:
            return count_samples(number, rate_hz, said, named=named)
        found = read_clock(frames, "frame", lines, name, rate_hz=rate_hz, named=named)
        return SampleTimes(
            found.times,
            found.kept,
            found.step_s,
            found.rate,
            found.regular,
            found.assumptions,
            (*found.warnings, f"{said}."),
        )
    fits = [(_far(stamps, counted, float(rate)), rate) for rate in _RATES] if is_even else []
    far, rate = min(fits, default=(1.0, Fraction(1)), key=lambda pair: round(pair[0], 4))
    if far > _ROUNDING_S:
        return read_clock(stamps, f"{key} (s)", lines, name, rate_hz=rate_hz, named=named)
    said = f'"{key}" is rounded: over its whole length it has {float(rate):.5g} frames a second.'
    times = (counted - counted[0]) / float(rate)
    return SampleTimes(times, np.arange(number), 1 / float(rate), rate, assumptions=(said,))


def _counts_up(frames: FloatArray) -> bool:
    """Whether frame numbers are whole and rise."""
    if not np.isfinite(frames).all() or (np.abs(frames) > 1e9).any():
        return False
    return bool((np.diff(frames) > 0).all() and (frames == np.round(frames)).all())


def _far(stamps: FloatArray, frames: FloatArray, rate_hz: float) -> float:
    """How far any time is from that of its frame at a rate, seconds."""
    meant = (frames - frames[0]) / rate_hz
    return float(np.abs(stamps - stamps[0] - meant).max())
