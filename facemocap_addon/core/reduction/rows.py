# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans side by side, as rows that are as wide as the longest."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .stabbing import reach, stab
from .tube import Tube

#: Parts between two samples at which a curve is held against the tube.
PARTS = 8


@dataclass(frozen=True, slots=True)
class Rows:
    """Spans, seen from the chord between their first and last sample.

    Attributes
    ----------
    frames, chord, step, allowed : (r,) float64
        Length in frames, value per frame along the chord, largest step in u, and what counts as
        nothing.
    last : (r,) int
        Place of the last sample, or the first beyond it; what follows means nothing.
    u : (r, w) float64
        From 0 at the first to 1 at the last sample.
    weight : (r, w) float64
        ``frames * u * (1 - u)``: a cubic is off the chord by this times a line in u.
    low, high : (r, w) float64
        Bounds, less the chord.
    """

    frames: FloatArray
    chord: FloatArray
    step: FloatArray
    allowed: FloatArray
    last: IntArray
    u: FloatArray
    weight: FloatArray
    low: FloatArray
    high: FloatArray

    @staticmethod
    def of(tube: Tube, start: IntArray, length: IntArray, stride: int = 1) -> Rows:
        """Every ``stride``-th sample of spans from flat places ``start`` on."""
        width = int(length.max()) // stride + 1
        first, last = tube.values[start], tube.values[start + length]
        past, frames = tube.frames_from(start, length, width, stride)
        chord = (last - first) / frames
        line = chord[:, None] * past
        line += first[:, None]
        u = past * (1.0 / frames)[:, None]
        low = tube.windows(tube.low, start, width, stride)
        high = tube.windows(tube.high, start, width, stride)
        return Rows(
            frames,
            chord,
            tube.widest * stride / frames,
            tube.allowed[start // tube.samples],
            -(-length // stride),
            u,
            past * (1.0 - u),
            np.subtract(low, line, out=low),
            np.subtract(high, line, out=high),
        )

    def taken(self, rows: IntArray) -> Rows:
        """Some of the rows."""
        return Rows(
            self.frames[rows], self.chord[rows], self.step[rows], self.allowed[rows],
            self.last[rows], self.u[rows], self.weight[rows], self.low[rows], self.high[rows],
        )  # fmt: skip

    def in_parts(self) -> Rows:
        """The same with `PARTS` places from one sample to the next."""
        u = finer(self.u)
        weight = self.frames[:, None] * u * (1.0 - u)
        return Rows(
            self.frames, self.chord, self.step / PARTS, self.allowed, self.last * PARTS,
            u, weight, finer(self.low), finer(self.high),
        )  # fmt: skip

    def inner(self) -> BoolArray:
        """Which places lie between the first and the last sample ``(r, w)``."""
        place = np.arange(int(self.u.shape[1]))
        inner: BoolArray = place < self.last[:, None]
        inner[:, 0] = False
        return inner

    def narrowed(self, at_zero: FloatArray, slope: FloatArray) -> Rows:
        """Bounds from which lines near to these do not bulge between two places.

        Never by more than leaves these lines themselves inside.
        """
        off = self.weight * (at_zero[:, None] + slope[:, None] * self.u)
        steep = 3.0 * np.abs(slope)[:, None]
        bend = np.abs((slope - at_zero)[:, None] - 3.0 * slope[:, None] * self.u)
        bulge = (bend + steep * self.step[:, None]) * (0.25 * self.frames * self.step**2)[:, None]
        low = self.low + np.clip(off - self.low, 0.0, bulge)
        return replace(self, low=low, high=self.high - np.clip(self.high - off, 0.0, bulge))

    def intervals(self) -> tuple[FloatArray, FloatArray]:
        """What the line may be at each place ``(r, w)``."""
        outer = ~self.inner()
        with np.errstate(divide="ignore", invalid="ignore"):
            share = 1.0 / self.weight
            low, high = self.low * share, self.high * share
        np.copyto(low, -np.inf, where=outer)
        np.copyto(high, np.inf, where=outer)
        return low, high

    def allowed_line(self) -> FloatArray:
        """By how much a line may miss ``(r,)``."""
        return 8.0 * self.allowed / self.frames

    def stabbed(self, slope: FloatArray | None = None) -> tuple[BoolArray, FloatArray, FloatArray]:
        """Lines that stay in the bounds: whether there is one, at u = 0, and slope ``(r,)``."""
        low, high = self.intervals()
        if slope is None:
            slope = _slope_guess(self.u, low, high, self.last)
        return stab(self.u, low, high, slope, self.allowed_line())

    def far_end(
        self, least: FloatArray, most: FloatArray
    ) -> tuple[BoolArray, FloatArray, FloatArray]:
        """Whether lines that begin between ``least`` and ``most`` can stay inside; where they end.

        All ``(r,)``. Where none can the other two mean nothing.
        """
        low, high = self.intervals()
        low[:, 0], high[:, 0] = least, most
        return reach(self.u, low, high, self.allowed_line())

    def near_end(self, end: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Between what lines may begin ``(r,)`` that stay inside and end at ``end``."""
        low, high = self.intervals()
        with np.errstate(divide="ignore", invalid="ignore"):
            share = 1.0 / (1.0 - self.u)
            held = end[:, None] * self.u
            inner = self.inner()
            least = np.where(inner, (low - held) * share, -np.inf).max(axis=1)
            most = np.where(inner, (high - held) * share, np.inf).min(axis=1)
        return least, most

    def nearest(self, rest: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Lines whose cubics are nearest to ``rest (r, w)`` by least squares."""
        weight = np.where(self.inner(), self.weight, 0.0)
        heavy = weight * weight
        at_u = heavy * self.u
        rest = weight * rest
        # added up in turn, so that what rows are filled up with has no say in the last bits
        sums, first, second, moment, turned = (
            np.cumsum(a, axis=1)[:, -1] for a in (heavy, at_u, at_u * self.u, rest, rest * self.u)
        )
        spread = sums * second - first * first
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (sums * turned - first * moment) / spread
        slope = np.where(spread > 1e-9 * sums * second, slope, 0.0)
        return (moment - slope * first) / sums, slope

    def meets(self, at_zero: FloatArray, slope: FloatArray) -> BoolArray:
        """Whether the lines' cubics stay in the bounds at these places ``(r,)``."""
        return ~self._outside(self._slack(at_zero, slope)).any(axis=1)

    def _slack(self, at_zero: FloatArray, slope: FloatArray) -> FloatArray:
        off = self.weight * (at_zero[:, None] + slope[:, None] * self.u)
        return np.minimum(self.high - off, off - self.low)

    def _outside(self, slack: FloatArray) -> BoolArray:
        return (slack < -2.0 * self.allowed[:, None]) & self.inner()

    def stays_inside(self, at_zero: FloatArray, slope: FloatArray) -> BoolArray:
        """Whether they stay in the bounds at these places and all parts between ``(r,)``."""
        slack = self._slack(at_zero, slope)
        inside = ~self._outside(slack).any(axis=1)
        # between two samples a cubic leaves its chord by at most an eighth of its bend
        bend = np.maximum(np.abs(slope - at_zero), np.abs(2.0 * slope + at_zero))
        bulge = 0.25 * self.frames * bend * self.step * self.step
        close = slack < np.where(inside, bulge, -np.inf)[:, None]
        place = np.arange(int(self.u.shape[1]) - 1)
        close = (close[:, :-1] | close[:, 1:]) & (place < self.last[:, None])
        row, at = np.nonzero(close)
        share = np.arange(1, PARTS) / PARTS

        def between(a: FloatArray) -> FloatArray:
            return a[row, at, None] + (a[row, at + 1] - a[row, at])[:, None] * share

        u = between(self.u)
        off = self.frames[row, None] * u * (1.0 - u)
        off *= at_zero[row, None] + slope[row, None] * u
        tip = 2.0 * self.allowed[row, None]
        wrong = (off > between(self.high) + tip) | (off < between(self.low) - tip)
        inside[row[wrong.any(axis=1)]] = False
        return inside


def finer(a: FloatArray) -> FloatArray:
    """`PARTS` places from each column to the next ``(r, (w - 1) * PARTS + 1)``."""
    share = np.arange(PARTS) / PARTS
    between = a[:, :-1, None] + (a[:, 1:] - a[:, :-1])[:, :, None] * share
    return np.concatenate([between.reshape(len(a), -1), a[:, -1:]], axis=1)


def _slope_guess(u: FloatArray, low: FloatArray, high: FloatArray, last: IntArray) -> FloatArray:
    """Slope between the intervals at about a third and two thirds of each row."""
    row = np.arange(len(u))
    one = np.maximum(last // 3, 1)
    other = np.maximum((2 * last) // 3, 1)
    rise = low[row, other] + high[row, other] - low[row, one] - high[row, one]
    run = np.where(other > one, u[row, other] - u[row, one], 1.0)
    return 0.5 * rise / run
