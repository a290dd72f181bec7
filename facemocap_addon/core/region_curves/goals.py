# SPDX-License-Identifier: GPL-3.0-or-later
"""Goals that chosen keys are moved towards: what each tool wants the curve to be.

Each goal is a function of frames ``(n,)`` that gives values ``(n, r)``. Between its neighbours, the
keys before and after it, a part goes from ``before`` to ``after``; at a curve's own end its first
or last key is the neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..reduction.turning_points import find_turning_points
from .settings import Settings
from .strands import Strand

Goal = Callable[[FloatArray], FloatArray]

#: Smoothing looks so many deviations far.
_FAR = 3.5
#: No goal is sampled finer than this, in frames.
_FINEST = 0.125


@dataclass(frozen=True)
class Part:
    """One run of chosen keys.

    Attributes
    ----------
    strand : Strand
    frames : (m,) float64
        Of the chosen keys.
    before, after : float
        Frames of the neighbours.
    """

    strand: Strand
    frames: FloatArray
    before: float
    after: float

    @property
    def step(self) -> float:
        """Frames between samples of a goal: one, or less where keys lie closer."""
        if len(self.frames) < 2:
            return 1.0
        return float(np.clip(np.median(np.diff(self.frames)), _FINEST, 1.0))

    def grid(self, first: float, last: float) -> FloatArray:
        """Sampled frames from at or before ``first`` to at or after ``last``, on the first key."""
        step, origin = self.step, float(self.frames[0])
        low = int(np.floor((first - origin) / step + 1e-9))
        high = int(np.ceil((last - origin) / step - 1e-9))
        return origin + step * np.arange(low, high + 1)

    def ends(self) -> tuple[FloatArray, FloatArray]:
        """Values ``(r,)`` of the neighbours."""
        values = self.strand.at(np.array([self.before, self.after]))
        return values[0], values[1]

    def whole(self) -> FloatArray:
        """Sampled frames from neighbour to neighbour, the chosen keys' own among them."""
        inner = self.grid(self.before, self.after)
        inner = inner[(inner > self.before) & (inner < self.after)]
        return np.unique(np.concatenate([[self.before], inner, self.frames, [self.after]]))


def along(frames: FloatArray, values: FloatArray) -> Goal:
    """A goal by samples ``(s,)``, ``(s, r)``: straight between them, held beyond."""

    def goal(at: FloatArray) -> FloatArray:
        columns: list[FloatArray] = [np.interp(at, frames, column) for column in values.T]
        return np.stack(columns, axis=1)

    return goal


def pose(part: Part, settings: Settings) -> FloatArray:
    """The pose ``(r,)`` that `Settings.about` names."""
    strand = part.strand
    if settings.about == "REST":
        return np.array(strand.rest, np.float64)
    if settings.about == "MEAN":
        return strand.at(part.frames).mean(axis=0)
    frame = {"FIRST": part.frames[0], "LAST": part.frames[-1]}.get(
        settings.about, settings.playhead
    )
    return strand.at(np.array([float(frame)]))[0]


def still(part: Part, settings: Settings) -> Goal:
    """One pose all the while."""
    value = pose(part, settings)
    return lambda at: np.broadcast_to(value, (len(at), len(value)))


def straight(part: Part, _settings: Settings) -> Goal:
    """The straight line from neighbour to neighbour."""
    return eased(part, lambda u: u)


def eased(part: Part, bend: Callable[[FloatArray], FloatArray]) -> Goal:
    """From neighbour to neighbour, bent by a function of the share of the way."""
    left, right = part.ends()
    length = max(part.after - part.before, 1e-9)

    def goal(at: FloatArray) -> FloatArray:
        share = bend(np.clip((at - part.before) / length, 0.0, 1.0))[:, None]
        return left + (right - left) * share

    return goal


def smooth(part: Part, settings: Settings) -> Goal:
    """The curve without what is quicker than a width; its turning points stay where they are."""
    strand, width = part.strand, settings.width
    grid = part.grid(part.before - _FAR * width, part.after + _FAR * width)
    values = mirrored(strand, grid)
    reach = int(np.ceil(_FAR * width / part.step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * part.step / width) ** 2)
    kernel /= kernel.sum()
    soft = np.stack([np.convolve(column, kernel, "same") for column in values.T], axis=1)
    inner = (grid >= part.before - 1e-9) & (grid <= part.after + 1e-9)
    grid, values, soft = grid[inner], values[inner], soft[inner]
    if settings.keep_peaks:
        soft = with_peaks(grid, values, soft, settings.peak)
    return along(grid, soft)


def mirrored(strand: Strand, frames: FloatArray) -> FloatArray:
    """Values ``(n, r)``; beyond the curve's ends it goes on point-symmetric, as it came."""
    low, high = float(strand.frames[0]), float(strand.frames[-1])
    inside = np.clip(np.where(frames < low, 2 * low - frames, frames), low, high)
    inside = np.where(frames > high, np.clip(2 * high - frames, low, high), inside)
    values = strand.at(inside)
    ends = strand.at(np.array([low, high]))
    values = np.where((frames < low)[:, None], 2 * ends[0] - values, values)
    return np.where((frames > high)[:, None], 2 * ends[1] - values, values)


def with_peaks(frames: FloatArray, values: FloatArray, soft: FloatArray, peak: float) -> FloatArray:
    """Smoothed values ``(n, r)`` whose turning points have the values and places they had.

    What smoothing took off a turning point is put back, fading to the next one, and nothing goes
    beyond the two between which it lies.
    """
    out = soft.copy()
    swing = values.max(axis=0) - values.min(axis=0)
    within = np.broadcast_to(0.5 * peak * swing, values.shape)
    turning = find_turning_points(values, np.ascontiguousarray(within))
    for column in range(values.shape[1]):
        at = np.flatnonzero(turning[:, column])
        if len(at) < 2:
            continue
        lack = (values - soft)[at, column]
        span = np.clip(np.searchsorted(at, np.arange(len(frames)), "right") - 1, 0, len(at) - 2)
        start, end = at[span], at[span + 1]
        share = np.clip((frames - frames[start]) / (frames[end] - frames[start]), 0.0, 1.0)
        share = share * share * (3.0 - 2.0 * share)
        mended = soft[:, column] + lack[span] + (lack[span + 1] - lack[span]) * share
        low = np.minimum(values[start, column], values[end, column])
        high = np.maximum(values[start, column], values[end, column])
        out[:, column] = np.clip(mended, low, high)
    return out
