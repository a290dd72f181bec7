# SPDX-License-Identifier: GPL-3.0-or-later
"""Influence and masks as weights, and what a step's result becomes under them.

``out = in + weight * (stepped - in)``; where the weight is 0 that is ``in`` and where it is 1
``stepped``, bit for bit. Where only one of the two has a value, the other counts as what a
retarget would take for it: the straight line over the gap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..take import Take
from ..take_sampling import sample_channels
from .stack import Influence, Mask, Step

#: Shoulder of a mask of frames that says none (seconds).
SOFT_S = 0.1
#: Frames this much nearer than they are count as reached (float noise of times).
_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class FrameClock:
    """Frames of a take's own rate, counted from its first sample.

    It is that of the take that the stack is given: steps before do not shift what a mask means.
    """

    rate_hz: float
    start_s: float

    @staticmethod
    def of_take(take: Take) -> FrameClock:
        """The clock of a take."""
        return FrameClock(take.rate_hz, float(take.times[0]) if take.samples else 0.0)

    def seconds(self, times: FloatArray) -> FloatArray:
        """Seconds from the first sample on, same shape."""
        return np.asarray(times, np.float64) - self.start_s


def step_weights(step: Step, times: FloatArray, clock: FrameClock) -> FloatArray:
    """Weight ``(n,)`` from 0 to 1 of a step at the times of the samples."""
    seconds = clock.seconds(times)
    return influence_at(step.influence, seconds) * frame_weights(step.mask, seconds, clock.rate_hz)


def influence_at(influence: Influence, seconds: FloatArray) -> FloatArray:
    """Influence ``(n,)``: a key's own value at its time, linear between, held beyond."""
    if not isinstance(influence, tuple):
        return np.full(len(seconds), influence)
    keys = np.array(influence, np.float64)
    return np.clip(np.interp(seconds, keys[:, 0], keys[:, 1]), 0.0, 1.0)


def frame_weights(mask: Mask, seconds: FloatArray, rate_hz: float) -> FloatArray:
    """Weight ``(n,)`` of a mask's stretches: 1 from first to last frame, 0 beyond the shoulder."""
    if not mask.frames:
        return np.ones(len(seconds))
    soft = SOFT_S * rate_hz if mask.soft is None else mask.soft
    frames = seconds * rate_hz
    out = np.zeros(len(seconds))
    for first, last in mask.frames:
        beyond = np.maximum(first - frames, frames - last)
        inside = beyond <= _SLACK
        share = 1.0 - np.clip(beyond / max(soft, _SLACK), 0.0, 1.0)
        out = np.maximum(out, np.where(inside, 1.0, share * share * (3.0 - 2.0 * share)))
    return out


def masked_columns(mask: Mask, take: Take) -> BoolArray:
    """Channels ``(c,)`` of the mask's regions."""
    if not mask.regions:
        return np.ones(len(take.channels), np.bool_)
    return np.array([channel.region in mask.regions for channel in take.channels], np.bool_)


def blended(before: Take, stepped: Take, weights: FloatArray, columns: BoolArray) -> Take:
    """A step's result under its weights ``(n,)``, in the channels ``(c,)`` of its mask.

    ``stepped`` has the times of ``before`` and its channels, perhaps more after them.
    """
    if bool((weights == 1.0).all()) and bool(columns.all()):
        return stepped
    before = _with_channels(before, stepped)
    none, whole = weights == 0.0, weights == 1.0
    partly = ~none & ~whole
    values, valid = np.array(before.values), np.array(before.valid)
    values[np.ix_(whole, columns)] = stepped.values[np.ix_(whole, columns)]
    valid[np.ix_(whole, columns)] = stepped.valid[np.ix_(whole, columns)]
    if partly.any():
        cells = np.ix_(partly, columns)
        some = before.valid.any(axis=0) & stepped.valid.any(axis=0)
        low, high = _as_played(before, columns)[partly], _as_played(stepped, columns)[partly]
        mixed = low + weights[partly, None] * (high - low)
        # a channel that only one of the two has at all is that one's
        mixed = np.where(
            some[columns], mixed, np.where(before.valid.any(axis=0)[columns], low, high)
        )
        values[cells] = mixed.astype(np.float32)
        valid[cells] |= stepped.valid[cells]
    return replace(
        stepped,
        values=values,
        valid=valid,
        confidence=_blended_confidence(before, stepped, weights, columns),
    )


def _as_played(take: Take, columns: BoolArray) -> FloatArray:
    """Values ``(n, k)`` of some columns; the straight line over what is not valid."""
    values = take.values[:, columns].astype(np.float64)
    holes = ~take.valid[:, columns]
    for place in np.flatnonzero(holes.any(axis=0)).tolist():
        name = take.names[int(np.flatnonzero(columns)[place])]
        line = sample_channels(take, [name], take.times)[:, 0]
        values[holes[:, place], place] = line[holes[:, place]]
    return values


def _blended_confidence(
    before: Take, stepped: Take, weights: FloatArray, columns: BoolArray
) -> FloatArray | None:
    """Confidence ``(n, c)``; where only one take has it, the other is wholly sure."""
    if before.confidence is None and stepped.confidence is None:
        return None
    sure = np.ones(stepped.values.shape, np.float32)
    low = sure if before.confidence is None else before.confidence
    high = sure if stepped.confidence is None else stepped.confidence
    weight = weights[:, None] * columns
    mixed = (low + weight * (high - low)).astype(np.float32)
    return np.where(weight == 0.0, low, np.where(weight == 1.0, high, mixed))


def _with_channels(before: Take, stepped: Take) -> Take:
    """``before`` with the channels that the step added, none of them recorded."""
    added = len(stepped.channels) - len(before.channels)
    if not added:
        return before
    room = ((0, 0), (0, added))
    return replace(
        before,
        channels=stepped.channels,
        values=np.pad(before.values, room),
        valid=np.pad(before.valid, room),
        confidence=None if before.confidence is None else np.pad(before.confidence, room),
    )
