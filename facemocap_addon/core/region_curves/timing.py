# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools that change when something happens: keys later or earlier, quicker or slower moves."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import FloatArray
from ..reduction.turning_points import find_turning_points
from ..rotations import multiply, to_vector
from .goals import Goal, Part
from .settings import Settings

#: Attack and release of 1 bend time by this exponent.
QUICKEST = 4.0
#: Keys closer than this, in frames, are one on every frame.
DENSE = 1.01
#: Moved keys keep at least this part of their distance.
_KEPT = 0.1


def is_dense(part: Part) -> bool:
    """Whether a part has a key on every frame: these stay, and values are moved instead."""
    return len(part.frames) > 2 and float(np.median(np.diff(part.frames))) <= DENSE


def moved_frames(
    frames: FloatArray, weights: FloatArray, shift: float, before: float, after: float
) -> FloatArray:
    """Frames ``(m,)`` of keys that are moved by a shift, in their order between their neighbours.

    The shift is as large as leaves a tenth of each distance. Keys on whole frames stay on whole
    ones.
    """
    around = np.concatenate([[before], frames, [after]])
    share = np.concatenate([[0.0], weights, [0.0]])
    sign = math.copysign(1.0, shift)
    gaps, growth = np.diff(around), np.diff(share) * sign
    closing = (growth < 0) & np.isfinite(gaps)
    most = (1.0 - _KEPT) * gaps[closing] / -growth[closing]
    reach = min(abs(shift), float(most.min(initial=np.inf)))
    out = frames + sign * reach * weights
    if (frames == np.round(frames)).all():
        whole: FloatArray = np.round(out)
        if bool((np.diff(whole, prepend=before, append=after) > 0).all()):
            return whole
    return out


def shaped(part: Part, attack: float, release: float, settings: Settings) -> Goal:
    """The curve with other attack and release; turning points keep their values and times.

    Between two turning points time is bent: a quick attack begins later, a quick release is over
    sooner. A slow one begins sooner, and lasts longer.
    """
    frames = part.whole()
    away = distance_from_rest(part, frames)
    swing = float(away.max() - away.min())
    within = np.full((len(frames), 1), 0.5 * settings.peak * swing)
    turning = np.flatnonzero(find_turning_points(away[:, None], within)[:, 0])
    if len(turning) < 2:
        return part.strand.at

    def goal(at: FloatArray) -> FloatArray:
        span = np.clip(np.searchsorted(frames[turning], at, "right") - 1, 0, len(turning) - 2)
        start, end = turning[span], turning[span + 1]
        length: FloatArray = frames[end] - frames[start]
        share = np.clip((at - frames[start]) / length, 0.0, 1.0)
        rising = away[end] >= away[start]
        comes = share ** math.pow(QUICKEST, attack)
        goes = 1.0 - (1.0 - share) ** math.pow(QUICKEST, release)
        bent = frames[start] + length * np.where(rising, comes, goes)
        # what lies outside is not between two turning points
        outside = (at < frames[turning[0]]) | (at > frames[turning[-1]])
        return part.strand.at(np.where(outside, at, bent))

    return goal


def distance_from_rest(part: Part, frames: FloatArray) -> FloatArray:
    """How far the pose is from rest ``(n,)``: of a turn the angle."""
    values, rest = part.strand.at(frames), np.array(part.strand.rest, np.float64)
    if not part.strand.is_turn:
        return np.abs(values[:, 0] - rest[0])
    back = rest * np.array([1.0, -1.0, -1.0, -1.0])
    turn = to_vector(multiply(np.broadcast_to(back, values.shape), values))
    return np.sqrt((turn**2).sum(axis=1))
