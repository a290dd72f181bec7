# SPDX-License-Identifier: GPL-3.0-or-later
"""Timecodes of programs that imitate Live Link Face: milliseconds where the app has subframes.

Speech-to-face generators and webcam bridges write ``HH:MM:SS:FF.mmm`` with the milliseconds of the
*second* after the point, often with a frame number that restarts or goes wrong at a second's end.
Hours to seconds and the milliseconds are a clock on their own then.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from ..arrays import IntArray
from ..sampling import usual_step
from .live_link_time import DAY_S, RowTimes, read_regular
from .sample_times import nominal_rate

_CODE = re.compile(rb"(\d{1,2}):(\d{1,2}):(\d{1,2})[:;](\d{1,3})[.,](\d{3})")
#: How much of a usual step a step may be off, milliseconds being rounded.
_UNEVEN = 0.3
_EVEN_SHARE = 0.95
_LEAST_ROWS = 8


def read_millisecond_times(timecodes: NDArray[np.bytes_]) -> RowTimes | None:
    """Times of rows whose subframes are milliseconds of the second, or None where they are not.

    They are where the frame number follows the milliseconds (so that as subframes they would be
    said twice), and seconds and milliseconds alone advance evenly.

    Parameters
    ----------
    timecodes : (n,) bytes
    """
    if len(timecodes) < _LEAST_ROWS:
        return None
    fields = _fields(timecodes)
    if fields is None:
        return None
    whole, frames, parts = fields
    milliseconds = whole * 1000 + parts
    milliseconds += np.cumsum(np.diff(milliseconds, prepend=milliseconds[:1]) < -82_800_000) * (
        DAY_S * 1000
    )
    steps = np.diff(milliseconds)
    if (steps <= 0).any() or len(np.unique(parts)) < 4:
        return None
    typical = float(np.median(steps))
    even = np.abs(steps - typical) <= max(_UNEVEN * typical, 1.0)
    if float(even.mean()) < _EVEN_SHARE or not 4.0 <= typical <= 250.0:
        return None
    # a frame number of its own beats against the milliseconds; one made from them does not
    behind = frames - parts * (1 / typical)
    follows = np.abs(behind - np.round(np.median(behind))) <= 1.01
    if float(follows.mean()) < _EVEN_SHARE:
        return None
    times = (milliseconds - milliseconds[0]) / 1000
    step_s = usual_step(times)
    return RowTimes(
        times,
        step_s,
        nominal_rate(1 / step_s),
        timecodes[0].decode("ascii", "replace").replace(",", "."),
        float(milliseconds[0] % (DAY_S * 1000)) / 1000,
        ("The digits after the frame number are milliseconds of the second, not of a frame.",),
    )


def _fields(timecodes: NDArray[np.bytes_]) -> tuple[IntArray, IntArray, IntArray] | None:
    """Whole seconds, frame numbers and the three digits behind them; None where one is missing."""
    clock = read_regular(timecodes)
    if clock is not None:
        return clock.seconds, clock.frames, clock.parts
    fields: list[tuple[int, int, int]] = []
    for text in timecodes.tolist():
        found = _CODE.fullmatch(text)
        if not found:
            return None
        hours, minutes, seconds, frame, part = map(int, found.groups())
        fields.append((hours * 3600 + minutes * 60 + seconds, frame, part))
    table: IntArray = np.array(fields, np.int64)
    return table[:, 0], table[:, 1], table[:, 2]
