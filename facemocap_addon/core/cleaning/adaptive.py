# SPDX-License-Identifier: GPL-3.0-or-later
"""Event-adaptive Whittaker smoothing: strong where nothing happens, weak where something does.

How strong is right at a moment is not told by a detector but by the error to be expected, for each
direction of the take (`groups`) on its own. A ladder of Whittaker smoothers is tried twice: first
by Stein's unbiased estimate of their error (Stein 1981) in a window around each sample, mixed with
exponential weights (Leung and Barron 2006); then by the course so found, which is nearly free of
noise: what a smoother takes off that course is its bias, and its variance is known. In between the
rungs lies the strength that the one final solve uses. So blinks, closing lips and small quick
expressions are smoothed as little as their size above the noise deserves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..solver.threads import for_each
from .banded import Band
from .groups import directions
from .noise import bursts
from .whittaker import Bends, Response, ladder, response, strength_of
from .windows import bell, samples_in

#: Windows (standard deviations in seconds) of the estimated error and of the bias.
FIRST_S, SECOND_S = 0.15, 0.045
#: Temperature of the first mixture; the second one weighs by the third power of the error.
BETA = 2.0
#: Part of the bias that counts: the first course has some noise left, which looks like bias.
_BIAS = 0.75
#: Strength that stands for none at all between the rungs.
_NONE = 0.01
#: A value that lies off by more than this many deviations counts as if it lay so far off.
_FAR = 4.0
#: Likeness of channels is told from a course without what is faster than this.
_LIGHT_HZ = 8.0
_FEWEST = 8
#: Directions are smoothed in parts that stay near the processor: so many at least, so many values.
_BLOCK, _BLOCK_VALUES = 8, 40_000
#: Noise that is assumed at least, in parts of a channel's range.
_LEAST = 1e-5


@dataclass(frozen=True)
class Course:
    """A smoothed course.

    Attributes
    ----------
    values : (n, c) float64
    error : (n, c) float64
        Expected error of each value (standard deviation).
    """

    values: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class _Rung:
    """One smoother of the ladder; without a solver it changes nothing."""

    strength: float
    solver: Band | None
    response: Response

    def smooth(self, series: FloatArray) -> FloatArray:
        return series if self.solver is None else self.solver.solve(series)


def adaptive(
    times: FloatArray,
    values: FloatArray,
    valid: BoolArray,
    noise: FloatArray,
    trust: FloatArray | None = None,
    regions: IntArray | None = None,
) -> Course:
    """Smooth all channels.

    Parameters
    ----------
    times : (n,) float64
        Seconds.
    values : (n, c) float64
    valid : (n, c) bool
        Where False the values mean nothing; the course goes on over them.
    noise : (c,) float64
        Standard deviation of each channel's noise; channels with 0 stay as they are.
    trust : (n, c) float64, optional
        Between 0 and 1: how much each value counts beside its neighbours.
    regions : (c,) int, optional
        The region of each channel: its channels tell together where noise is loud for a time.
    """
    out = bridged(values, valid)
    error = np.zeros(values.shape)
    noisy = (noise > 0) & (valid.sum(axis=0) >= _FEWEST)
    if len(values) < _FEWEST or not noisy.any():
        return Course(out, error)
    rate = 1.0 / float(np.median(np.diff(times)))
    # noise next to none counts as a little, so that sums over windows stay exact
    scale = np.maximum(noise[noisy], _LEAST * np.ptp(out[:, noisy], axis=0))[:, None]
    series = np.ascontiguousarray(out[:, noisy].T) / scale
    bends = Bends(times, len(values))
    rungs = [
        _Rung(
            strength,
            bends.smoother(strength) if strength else None,
            response(strength, len(values)),
        )
        for strength in ladder(rate)
    ]
    light = bends.smoother(strength_of(min(_LIGHT_HZ, 0.3 * rate), rate)).solve(series)
    turn = directions(light)
    level = series.mean(axis=1, keepdims=True)
    given = turn.T @ (series - level)
    groups = None if regions is None else regions[noisy]
    power = _turned_power(bursts(series, rate, groups), turn)
    found = np.empty_like(given)

    def first(block: slice) -> None:
        found[block] = _first(given[block], _part(power, block), rungs, rate)

    for_each(_blocks(*given.shape), first)
    # the pseudo-values of robust smoothing: what lies far off or is not trusted is pulled in
    course = turn @ found
    off = np.clip(series - level - course, -_FAR, _FAR)
    share = np.where(valid, 1.0 if trust is None else trust, 0.0)[:, noisy].T
    given = turn.T @ (course + share * off)
    risk = np.empty_like(given)

    def second(block: slice) -> None:
        strengths, risk[block] = _strengths(found[block], _part(power, block), rungs, rate)
        found[block] = bends.smooth(given[block], strengths)

    for_each(_blocks(*given.shape), second)
    out[:, noisy] = ((turn @ found + level) * scale).T
    error[:, noisy] = (np.sqrt(turn**2 @ risk) * scale).T
    return Course(out, error)


def bridged(values: FloatArray, valid: BoolArray) -> FloatArray:
    """A copy ``(n, c)`` with straight lines over what is not valid."""
    out = np.array(values, np.float64)
    rows = np.arange(len(values))
    for column in np.flatnonzero(~valid.all(axis=0)).tolist():
        there = valid[:, column]
        known = rows[there]
        out[:, column] = np.interp(rows, known, out[known, column]) if len(known) else 0.0
    return out


def _blocks(rows: int, samples: int) -> list[slice]:
    """Rows in parts."""
    size = max(_BLOCK, _BLOCK_VALUES // samples)
    return [slice(start, start + size) for start in range(0, rows, size)]


def _turned_power(power: FloatArray, turn: FloatArray) -> FloatArray | None:
    """Power (c, n) of the noise in the directions; None where it is 1 everywhere."""
    loud = (power > 1.0).any(axis=0)
    if not loud.any():
        return None
    out = np.ones_like(power)
    out[:, loud] = (turn**2).T @ power[:, loud]
    return out


def _part(power: FloatArray | None, block: slice) -> FloatArray | float:
    return 1.0 if power is None else power[block]


def _first(
    series: FloatArray, power: FloatArray | float, rungs: list[_Rung], rate: float
) -> FloatArray:
    """Course (k, n) by Stein's estimate of each smoother's error; the noise has that power."""
    window = FIRST_S * rate
    sure = samples_in(window) / (2.0 * BETA)
    smooth = [rung.smooth(series) for rung in rungs]
    costs = [
        sure * (bell((series - course) ** 2 / power, window) + 2.0 * rung.response.own)
        for course, rung in zip(smooth, rungs, strict=True)
    ]
    least = np.minimum.reduce(costs)
    total, found = np.zeros_like(series), np.zeros_like(series)
    for course, cost in zip(smooth, costs, strict=True):
        weight = np.exp(least - cost)
        total += weight
        found += weight * course
    return found / total


def _strengths(
    course: FloatArray, power: FloatArray | float, rungs: list[_Rung], rate: float
) -> tuple[FloatArray, FloatArray]:
    """Strengths (k, n) for a course nearly free of noise, and their expected squared error."""
    window = SECOND_S * rate
    total, found, risk = np.zeros_like(course), np.zeros_like(course), np.zeros_like(course)
    for rung in rungs:
        bias = course - rung.smooth(course)
        cost = _BIAS * bell(bias * bias, window) + power * rung.response.variance
        weight = 1.0 / (cost * cost * cost)
        total += weight
        found += weight * float(np.log(max(rung.strength, _NONE)))
        risk += weight * cost
    return np.exp(found / total), risk / total
