# SPDX-License-Identifier: GPL-3.0-or-later
"""When the rows of a table of tracked points were recorded: by frame number, time and rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray, IntArray
from .marker_takes import USUAL_HZ, counted_times, is_rate
from .read_options import ReadOptions
from .sample_times import SampleTimes, clock_of_texts, nominal_rate, read_clock

#: Times that programs round may be off by this, in seconds, and still be those of the frames.
_ROUNDED_S = 0.0011
#: No recording has a frame with a larger number.
_LAST_FRAME = 1e12


def numbers_of(texts: NDArray[np.bytes_], decimal: str = ".") -> FloatArray:
    """Numbers ``(n,)`` of cells of a clock, NaN where most are none."""
    words: Sequence[str] = [each.decode("utf-8", "replace") for each in texts.tolist()]
    if decimal != ".":
        words = [word.replace(decimal, ".") for word in words]
    found = clock_of_texts(words)
    return np.full(len(words), np.nan) if found is None else found


def row_times(
    frames: FloatArray,
    seconds: FloatArray,
    lines: IntArray,
    name: str,
    rate_hz: float,
    options: ReadOptions,
    *,
    keys: tuple[str, str] = ("Frame", "Time (s)"),
    usual_hz: float = USUAL_HZ,
) -> SampleTimes:
    """Times of rows that have a frame number, a time in seconds, or both.

    Where the times are those of the frames, only rounded, the frames are exact.

    Parameters
    ----------
    frames, seconds : (n,) float64
        NaN where a row has none.
    lines : (n,) int
        Of the file, for messages.
    name : str
        The file's name, for messages.
    rate_hz : float
        What the file says; 0 where it says nothing.
    keys : (str, str)
        What the file calls frame numbers and times.
    usual_hz : float
        Rate of frames of which nothing tells it.
    """
    rows = len(frames)
    if rows > 1 and is_rate(rate_hz) and _count_up(frames):
        exact = (frames - frames[0]) / rate_hz
        late: FloatArray = seconds - exact
        late = late[np.isfinite(late)]
        if not len(late) or float(late.max() - late.min()) <= 2 * _ROUNDED_S:
            return SampleTimes(exact, np.arange(rows), 1 / rate_hz, nominal_rate(rate_hz))
    near_hz, named = (rate_hz, "the file") if is_rate(rate_hz) else options.rate_or(usual_hz)
    if np.isfinite(seconds).any() and np.ptp(seconds[np.isfinite(seconds)]) > 0:
        return read_clock(seconds, keys[1], lines, name, rate_hz=near_hz, named=named)
    if rows > 1 and np.isfinite(frames).all():
        return read_clock(frames, keys[0], lines, name, rate_hz=near_hz, named=named)
    return counted_times(rows, options, usual_hz)


def _count_up(frames: FloatArray) -> bool:
    """Whether all rows have a whole number, each larger than the one before."""
    if not (np.abs(frames) <= _LAST_FRAME).all():
        return False
    return bool((np.diff(frames) >= 1).all() and (frames == np.round(frames)).all())
