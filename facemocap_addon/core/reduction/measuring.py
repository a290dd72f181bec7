# SPDX-License-Identifier: GPL-3.0-or-later
"""How far cubics with rounded handles are off their samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, IntArray
from .spans import PARTS

#: Samples that are measured together.
TOGETHER = 1 << 15


@dataclass(frozen=True, slots=True)
class Beziers:
    """Spans of many curves as Blender has them.

    Attributes
    ----------
    start, length : (s,) int
        First sample in the flat row, and steps to the last; in order, without holes.
    right, left : (s, 2) float32
        Handles at the first and at the last key, frame and value.
    """

    start: IntArray
    length: IntArray
    right: FloatArray
    left: FloatArray

    def taken(self, spans: slice) -> Beziers:
        """Some of the spans."""
        return Beziers(self.start[spans], self.length[spans], self.right[spans], self.left[spans])


def round_handles(
    times: FloatArray, values: FloatArray, start: IntArray, length: IntArray, slopes: FloatArray
) -> Beziers:
    """Handles at one third of each span, on their slopes wherever float32 puts them.

    Parameters
    ----------
    times : (n,) float64
        Frames, as float32 has them.
    values : (k * n,) float64
        Curve after curve.
    start, length : (s,) int
    slopes : (s, 2) float64
    """
    begin = start % len(times)
    out: list[FloatArray] = []
    third = (times[begin + length] - times[begin]) / 3.0
    for end, way in ((0, 1.0), (1, -1.0)):
        step = end * length
        key = times[begin + step]
        frame = (key + way * third).astype(np.float32)
        value = values[start + step] + slopes[:, end] * (frame - key)
        out.append(np.stack([frame, value.astype(np.float32)], axis=1))
    return Beziers(start, length, out[0], out[1])


def measure(
    times: FloatArray, values: FloatArray, tolerance: FloatArray, beziers: Beziers
) -> tuple[FloatArray, IntArray, IntArray]:
    """Largest error of each curve against straight lines between samples, at 8 parts of each.

    Curves without spans have none.

    Parameters
    ----------
    times : (n,) float64
    values, tolerance : (k * n,) float64
    beziers : Beziers
        Whole curves.

    Returns
    -------
    largest : (k,) float64
    late, place : (f,) int
        Spans that are off by more than the tolerance, and the flat sample where they are worst.
    """
    largest = np.zeros(len(values) // len(times))
    late: list[IntArray] = [np.empty(0, np.int64)]
    place: list[IntArray] = [np.empty(0, np.int64)]
    # a few thousand samples at a time: their numbers stay in the processor's cache
    block = np.cumsum(beziers.length) // TOGETHER
    for some in np.split(np.arange(len(block)), np.flatnonzero(np.diff(block)) + 1):
        if len(some):
            part = beziers.taken(slice(int(some[0]), int(some[-1]) + 1))
            spans, samples = _measure(times, values, tolerance, part, largest)
            late.append(some[0] + spans)
            place.append(samples)
    return largest, np.concatenate(late), np.concatenate(place)


def _measure(
    times: FloatArray,
    values: FloatArray,
    tolerance: FloatArray,
    beziers: Beziers,
    largest: FloatArray,
) -> tuple[IntArray, IntArray]:
    """As `measure`, for some spans; ``largest (k,)`` is raised."""
    samples = len(times)
    column = beziers.start // samples
    shape = _Shape.of(times, values, beziers)
    begins = np.cumsum(beziers.length) - beziers.length
    span = np.repeat(np.arange(len(column)), beziers.length)
    at = np.arange(len(span)) + np.repeat(beziers.start - begins, beziers.length)
    begin, end = times[at % samples], times[at % samples + 1]
    every = shape.repeated(beziers.length)
    error = np.abs(every.value(begin) - values[at])
    # the sample that ends a span is a key; where the next begins its error is nought
    bound = np.maximum(error, np.append(error[1:], 0.0)) + every.bulge(begin, end)
    np.maximum.at(largest, column, np.maximum.reduceat(error, begins))
    over = error - tolerance[at]
    allowed = np.minimum(tolerance[at], tolerance[at + 1])
    close = np.flatnonzero(bound > np.minimum(largest[column][span], allowed))
    share = np.arange(1, PARTS) / PARTS
    between = begin[close, None] + (end - begin)[close, None] * share
    curve = shape.taken(np.repeat(span[close], len(share))).value(between.ravel())
    off = np.abs(curve.reshape(between.shape) - _between(values, at[close], share))
    np.maximum.at(largest, column[span[close]], off.max(axis=1, initial=0.0))
    beyond = (off - _between(tolerance, at[close], share)).max(axis=1, initial=-np.inf)
    over[close] = np.maximum(over[close], beyond)
    late = np.flatnonzero(over > 0.0)
    # the worst of each span comes last
    late = late[np.argsort(over[late], kind="stable")]
    worst = dict(zip(span[late].tolist(), at[late].tolist(), strict=True))
    return np.array([*worst], np.int64), np.array([*worst.values()], np.int64)


def _between(flat: FloatArray, at: IntArray, share: FloatArray) -> FloatArray:
    """Places ``(q, p)`` on the straight lines from some samples to the next."""
    return flat[at, None] + (flat[at + 1] - flat[at])[:, None] * share


@dataclass(frozen=True, slots=True)
class _Shape:
    """Spans as polynomials: rounding of handles moves them ``early`` and ``late`` off the thirds.

    Row by row: first frame, one by the width, early, late, and the four values.
    """

    table: FloatArray

    @staticmethod
    def of(times: FloatArray, values: FloatArray, beziers: Beziers) -> _Shape:
        begin = beziers.start % len(times)
        first, last = times[begin], times[begin + beziers.length]
        share = 1.0 / (last - first)
        right, left = beziers.right.astype(np.float64), beziers.left.astype(np.float64)
        early = 3.0 * (right[:, 0] - first) * share - 1.0
        late = 3.0 * (left[:, 0] - last) * share + 1.0
        y = values[beziers.start], right[:, 1], left[:, 1], values[beziers.start + beziers.length]
        return _Shape(np.stack([first, share, early, late, *y]))

    def repeated(self, times: IntArray) -> _Shape:
        """Every span as often as ``times (s,)`` says."""
        return _Shape(np.repeat(self.table, times, axis=1))

    def taken(self, spans: IntArray) -> _Shape:
        """Some of the spans."""
        return _Shape(self.table[:, spans])

    def value(self, frames: FloatArray) -> FloatArray:
        """Values at frames, one for each span."""
        first, share, early, late, *y = self.table
        u = even = (frames - first) * share
        moved = float(np.abs(self.table[2:4]).max(initial=0.0))
        # each step leaves the square of what was moved: a thousandth on the longest shots
        for least in (0.0, 0.002, 0.05):
            if moved > least:
                one = 1.0 - u
                u = even - u * one * (early * one + late * u)
        one = 1.0 - u
        return one * one * (one * y[0] + 3.0 * u * y[1]) + u * u * (3.0 * one * y[2] + u * y[3])

    def bulge(self, begin: FloatArray, end: FloatArray) -> FloatArray:
        """What a cubic leaves the straight line between two frames by at most, for each span."""
        begins, share, _early, _late, *y = self.table
        first, second = y[0] - 2.0 * y[1] + y[2], y[1] - 2.0 * y[2] + y[3]
        u, v = (begin - begins) * share, (end - begins) * share
        bend = np.maximum(
            np.abs(first + (second - first) * u), np.abs(first + (second - first) * v)
        )
        return 0.75 * bend * (v - u) ** 2
