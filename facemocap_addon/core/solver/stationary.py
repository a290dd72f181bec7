# SPDX-License-Identifier: GPL-3.0-or-later
"""Equations of the free unknowns, frames with equally many of them solved in one call.

With one Hessian H for all frames the smaller of two systems is taken: that of the free unknowns in
H, or that of the held ones in its inverse P, since ``y = P c - P[:, A] m`` where the multipliers m
of the held unknowns A solve ``P[A, A] m = (P c - bound)[A]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .products import rows_times
from .system import BORDER, STEP, Quadratic

LOW, FREE, HIGH = -1, 0, 1


@dataclass(frozen=True)
class Frames:
    """Frames to solve.

    Attributes
    ----------
    form : Quadratic
    pull : (n, k) float64
    low, high : (k,) or (n, k) float64
    unbound : (n, k) float64 or None
        What solves the frame without bounds.
    """

    form: Quadratic
    pull: FloatArray
    low: FloatArray
    high: FloatArray
    unbound: FloatArray | None = None

    def __post_init__(self) -> None:
        if self.unbound is None and self.form.inverse is not None:
            object.__setattr__(self, "unbound", rows_times(self.pull, self.form.inverse))

    def rows(self, kept: IntArray) -> Frames:
        """Some of the frames."""
        return Frames(
            self.form.rows(kept),
            self.pull[kept],
            self.low[kept] if self.low.ndim > 1 else self.low,
            self.high[kept] if self.high.ndim > 1 else self.high,
            None if self.unbound is None else self.unbound[kept],
        )


def in_order(part: Frames, state: IntArray) -> tuple[IntArray, Frames, IntArray]:
    """Frames and states such that those that are solved together lie together; also the order."""
    number = np.count_nonzero(state == FREE, axis=1)
    key = number if part.unbound is None else _key(number, state.shape[1])
    order = np.argsort(key, kind="stable")
    return order, part.rows(order), state[order]


def _key(free: IntArray, count: int) -> IntArray:
    """Frames to be solved through their free unknowns come first, then through the held ones."""
    return np.where(count - free < free, 2 * count - free, free)


def stationary(part: Frames, state: IntArray) -> FloatArray:
    """The stationary points (n, k) with some unknowns held at their bounds; frames in order."""
    frames, count = state.shape
    free = state == FREE
    held = (state == LOW) * part.low + (state == HIGH) * part.high
    number = np.count_nonzero(free, axis=1)
    first = frames
    if part.unbound is not None:
        first = int(np.count_nonzero(count - number >= number))
    out = np.empty((frames, count))
    if first:
        right = part.pull[:first] - _times_held(part, held[:first], first)
        solved = _solve_taken(part.form, part.form.bordered, free[:first], number[:first], right)
        np.add(solved, held[:first], out=out[:first])
    if part.unbound is not None and part.form.bordered_inverse is not None and first < frames:
        assert part.form.inverse is not None
        rest = slice(first, frames)
        taken = ~free[rest]
        right = part.unbound[rest] - held[rest]
        solved = _solve_taken(
            part.form, part.form.bordered_inverse, taken, count - number[rest], right
        )
        whole = out[rest]
        rows_times(solved, part.form.inverse, whole)
        np.subtract(part.unbound[rest], whole, out=whole)
        whole *= free[rest]
        whole += held[rest]
    return out


def _times_held(part: Frames, held: FloatArray, first: int) -> FloatArray:
    if part.form.which is None:
        return part.form.times(held)
    out = np.zeros_like(held)
    some = np.flatnonzero(held[:first].any(axis=1))
    if len(some):
        out[some] = part.form.rows(some).times(held[some])
    return out


def _solve_taken(
    form: Quadratic, source: FloatArray, taken: BoolArray, number: IntArray, right: FloatArray
) -> FloatArray:
    """Solve the taken rows and columns of each frame's matrix in ``source``; elsewhere nought.

    ``number`` (n,) says how many are taken and is in order.
    """
    frames, count = taken.shape
    width = count + BORDER
    filling = -number % STEP
    wide = np.empty((frames, width), np.bool_)
    wide[:, :count] = taken
    wide[:, count:] = np.arange(BORDER) < filling[:, None]
    sides = np.zeros((frames, width))
    sides[:, :count] = right
    out = np.zeros((frames, width))
    size = number + filling
    ends = np.flatnonzero(np.diff(size, append=-1)) + 1
    start = 0
    for end in ends.tolist():
        group = slice(start, end)
        start = end
        many = int(size[end - 1])
        if not many:
            continue
        flat = np.flatnonzero(wide[group]).reshape(-1, many)
        place = flat - (np.arange(len(flat)) * width)[:, None]
        first = place * width
        if form.which is not None:
            first += (form.which[group] * (width * width))[:, None]
        index: IntArray = first[:, :, None] + place[:, None, :]
        matrices = np.empty(index.shape)
        np.take(source, index, out=matrices, mode="clip")
        solved = np.linalg.solve(matrices, sides[group].ravel().take(flat)[:, :, None])
        out[group].reshape(-1)[flat.ravel()] = solved.ravel()
    return out[:, :count]
