# SPDX-License-Identifier: GPL-3.0-or-later
"""The face's neutral is taken off, so that it rests at zero; blinks and closed lips stay."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...actor.range_measuring import MARK_S, measure_range
from ...actor.range_of_motion import ChannelRange, RangeOfMotion, calibrated, is_ranged
from ...arrays import BoolArray, FloatArray, in_pieces
from ...head_turns import HEAD
from ...rotations import continuous_head_angles, from_axis, multiply, to_matrix
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param

FROM = ("estimate", "time", "frame")


@dataclass(frozen=True, slots=True)
class Neutral:
    """Where the face is neutral."""

    source: str = param(
        "estimate",
        label="Neutral From",
        what="The moments in which the face does least, or a moment that is given as a time or a "
        "frame",
        choices=FROM,
    )
    time_s: float = param(
        0.0,
        label="Time",
        what="Moment of the neutral face, from the take's first sample on",
        unit="s",
        low=0.0,
    )
    frame: int = param(
        0,
        label="Frame",
        what="Frame of the neutral face, at the take's own rate, the first sample being 0",
        unit="frames",
        low=0,
    )
    head: bool = param(
        False,
        label="Head",
        what="Take off the head's turn as well; the estimate is its median",
    )


def apply(take: Take, params: Neutral, context: StepContext) -> Outcome:
    """Coefficients less their neutral, but for directions of the gaze, which have their own."""
    del context
    if not take.samples:
        return Outcome(take)
    marked_s = None
    if params.source != "estimate":
        marked_s = params.time_s if params.source == "time" else params.frame / take.rate_hz
    remarks: list[str] = []
    out = _without_neutral(take, marked_s, remarks)
    if params.head:
        out = _without_turn(out, marked_s)
    return Outcome(out, tuple(remarks))


def _without_neutral(take: Take, marked_s: float | None, remarks: list[str]) -> Take:
    if not any(is_ranged(channel) and take.has(channel.name) for channel in take.channels):
        return take
    measured = measure_range(take, take.label, neutral_s=marked_s)
    remarks += [warning for warning in measured.warnings if "neutral" in warning]
    # the size of the motion stays: what is 1 above neutral becomes 1
    ranges = tuple(
        ChannelRange(entry.channel, entry.neutral, entry.neutral + 1.0) for entry in measured.ranges
    )
    out = calibrated(take, RangeOfMotion(measured.actor, ranges))
    remarks += out.warnings[len(take.warnings) :]
    return replace(out, warnings=take.warnings)


def _without_turn(take: Take, marked_s: float | None) -> Take:
    """The head's angles relative to its neutral turn."""
    if not all(take.has(name) for name in HEAD):
        return take
    columns = [take.column(name) for name in HEAD]
    there = take.valid[:, columns].all(axis=1)
    at = there & _near(take, marked_s)
    if not at.any():
        return take
    angles = continuous_head_angles(take.values[there][:, columns].astype(np.float64))
    rest = np.median(angles[at[there]], axis=0)
    turns, back = _quaternions(angles), _quaternions(rest[None]) * [1.0, -1.0, -1.0, -1.0]
    relative = continuous_head_angles(_head_angles(multiply(back, turns)))
    values = np.array(take.values)
    values[np.ix_(there, columns)] = relative
    return replace(take, values=values)


def _near(take: Take, marked_s: float | None) -> BoolArray:
    since = take.times - take.times[0]
    if marked_s is None:
        return np.ones(take.samples, np.bool_)
    return np.abs(since - marked_s) <= MARK_S + 1e-9


def _quaternions(angles: FloatArray) -> FloatArray:
    """Quaternions ``(n, 4)`` of yaw, pitch and roll, in the recorder's frame."""
    yaw, pitch, roll = angles.T
    return multiply(multiply(from_axis(1, yaw), from_axis(0, pitch)), from_axis(2, roll))


def _head_angles(quaternions: FloatArray) -> FloatArray:
    """Yaw, pitch and roll ``(n, 3)``; pitch within a quarter turn."""
    m = np.reshape(in_pieces(to_matrix(quaternions).reshape(-1, 9)), (3, 3, -1))
    pitch = -np.arcsin(np.clip(m[1, 2], -1.0, 1.0))
    yaw, roll = np.arctan2(m[0, 2], m[2, 2]), np.arctan2(m[1, 0], m[1, 1])
    return np.stack([yaw, pitch, roll], axis=1)


KIND = Kind(
    "neutral",
    "Neutral",
    "Take the neutral face off, so that the face rests at zero",
    Neutral,
    apply,
)
