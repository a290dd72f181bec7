# SPDX-License-Identifier: GPL-3.0-or-later
"""A take on another one's samples: one to one where both run at one rate, so that bits stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..sampling import DROP_STEPS
from ..take import Take
from ..take_sampling import sample_channels

#: Rates that differ by less than this part count as one.
SAME_RATE = 0.01
#: A sample stands for a moment this far away, in steps, before the next one does.
_SLACK = 0.9


@dataclass(frozen=True)
class Laid:
    """A take on the samples of a base.

    Attributes
    ----------
    values : (n, c) float32
    valid : (n, c) bool
    confidence : (n, c) float32 or None
    is_own : (n,) bool
        Where these are the take's own samples, bit for bit; elsewhere they lie between two.
    """

    values: FloatArray
    valid: BoolArray
    confidence: FloatArray | None
    is_own: BoolArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen(self.values, np.float32))


def lay(take: Take, base: Take, offset_s: float) -> Laid:
    """A take's samples at those of the base.

    Parameters
    ----------
    take, base : Take
    offset_s : float
        Seconds from the base's first sample to the take's.
    """
    if take is base and offset_s == 0.0:
        return Laid(take.values, take.valid, take.confidence, np.ones(take.samples, np.bool_))
    at = base.times - base.times[0] - offset_s + take.times[0]
    between = sample_channels(take, take.names, at).astype(np.float32)
    rows = nearest_rows(take.times, at)
    known = _known(take, at, rows)
    if abs(take.rate_hz / base.rate_hz - 1.0) > SAME_RATE:
        return Laid(between, known, _confidence(take, rows), np.zeros(len(at), np.bool_))
    own = matched_rows(take.times, at)
    is_own = own >= 0
    rows = np.where(is_own, own, rows)
    values = np.where(is_own[:, None], take.values[rows], between)
    valid = np.where(is_own[:, None], take.valid[rows], known)
    return Laid(values, valid, _confidence(take, rows), is_own)


def matched_rows(times: FloatArray, at: FloatArray) -> IntArray:
    """Rows of a take ``(m,)`` that stand for moments ``(n,)``; -1 where none does.

    One after the other as they come: which row goes with which moment is only found anew where
    they have drifted apart by nearly a step, as they do where one of them has dropped samples.
    """
    out = np.full(len(at), -1, np.int64)
    if len(times) < 2:
        return out
    step = float(np.median(np.diff(times)))
    nearest = nearest_rows(times, at)
    lag: int | None = None
    moments, places, near = at.tolist(), times.tolist(), nearest.tolist()
    for row, moment in enumerate(moments):
        place = near[row]
        if lag is not None:
            same = row + lag
            if 0 <= same < len(places) and abs(places[same] - moment) < _SLACK * step:
                place = same
        if abs(places[place] - moment) < _SLACK * step:
            out[row], lag = place, place - row
    return out


def nearest_rows(times: FloatArray, at: FloatArray) -> IntArray:
    """Row of the nearest of ``times (m,)`` for each moment ``(n,)``."""
    right = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    return np.where(at - times[left] <= times[right] - at, left, right)


def _known(take: Take, at: FloatArray, rows: IntArray) -> BoolArray:
    """Whether a take says something at moments ``(n, c)``: not beyond its ends, not in gaps."""
    step = DROP_STEPS / max(take.rate_hz, 1e-9)
    near = np.abs(take.times[rows] - at) < step
    return take.valid[rows] & near[:, None]


def _confidence(take: Take, rows: IntArray) -> FloatArray | None:
    return None if take.confidence is None else take.confidence[rows]
