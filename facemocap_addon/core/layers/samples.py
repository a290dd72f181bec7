# SPDX-License-Identifier: GPL-3.0-or-later
"""What all layers ask of a take: seconds from its start, channels without gaps, values put back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..take import Take
from .draws import smooth_step


def seconds_of(take: Take) -> FloatArray:
    """Seconds ``(n,)`` since the first sample."""
    return take.times - take.times[0] if take.samples else np.empty(0)


def course(take: Take, name: str) -> FloatArray:
    """Values ``(n,)`` float64 of a channel, straight lines over gaps; nought where it has none."""
    if not take.has(name):
        return np.zeros(take.samples)
    column = take.column(name)
    values, valid = take.values[:, column].astype(np.float64), take.valid[:, column]
    if bool(valid.all()):
        return values
    return np.interp(take.times, take.times[valid], values[valid])


def seen(take: Take, *names: str) -> BoolArray:
    """Samples ``(n,)`` at which all of these channels were recorded."""
    out = np.ones(take.samples, np.bool_)
    for name in names:
        out &= take.valid[:, take.column(name)] if name in take.names else False
    return out


def with_values(take: Take, step: str, columns: Mapping[str, FloatArray]) -> Take:
    """The take with new values ``(n,)`` of channels; missing samples stay missing.

    The take itself where nothing changes.
    """
    values: FloatArray | None = None
    for name, column in columns.items():
        place = take.column(name)
        before = take.values[:, place]
        after = column.astype(np.float32)
        if not bool(take.valid[:, place].all()):
            after = np.where(take.valid[:, place], after, before)
        if not np.array_equal(after, before):
            values = np.array(take.values) if values is None else values
            values[:, place] = after
    return take if values is None else take.changed(step, values=values)


def limits(take: Take, name: str, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest ``(n,)`` that a channel may become: its range, wider where it is beyond.

    Parameters
    ----------
    values : (n,)
        As recorded.
    """
    low, high = take.channels[take.column(name)].range
    return np.minimum(values, low), np.maximum(values, high)


def added(
    take: Take, name: str, values: FloatArray, amounts: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Values ``(n,)`` with amounts added as far as the range goes, and what was added."""
    low, high = limits(take, name, values)
    out = np.clip(values + amounts, low, high)
    return out, out - values


def beside(times: FloatArray, flags: BoolArray, within_s: float) -> FloatArray:
    """0 at flagged samples, rising smoothly to 1 within some seconds of them ``(n,)``."""
    if not flags.any():
        return np.ones(len(times))
    marks = times[flags]
    place = np.searchsorted(marks, times)
    before = times - marks[np.maximum(place - 1, 0)]
    after = marks[np.minimum(place, len(marks) - 1)] - times
    return smooth_step(np.minimum(np.abs(before), np.abs(after)) / within_s)
