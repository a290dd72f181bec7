# SPDX-License-Identifier: GPL-3.0-or-later
"""The tube that a reduced curve has to stay in, for many curves side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: Part of the tolerance that is kept for rounding: Blender's keys and handles are float32.
MARGIN = 1 / 256
#: Part of the tolerance by which a computed curve may miss the tube; far less than the margin.
SLACK = 1e-5


@dataclass(frozen=True, slots=True)
class Tube:
    """Bounds of curves in one flat row, curve after curve.

    Attributes
    ----------
    samples, columns : int
        n and k.
    times : (n,) float64
        Frames, strictly increasing.
    values, low, high : (k * n + n,) float64
        Samples, and how far a curve may go there. Between samples all three are straight. The last
        n are there so that windows never end outside.
    allowed : (k,) float64
        What counts as nothing, in the curve's unit.
    widest : float
        The longest step between samples, in frames.
    steady : bool
        Whether all steps are equal.
    """

    samples: int
    columns: int
    times: FloatArray
    values: FloatArray
    low: FloatArray
    high: FloatArray
    allowed: FloatArray
    widest: float
    steady: bool

    def frames_from(
        self, start: IntArray, length: IntArray, width: int, stride: int
    ) -> tuple[FloatArray, FloatArray]:
        """Frames since the first sample ``(r or 1, width)``, and of whole spans ``(r,)``."""
        if self.steady:
            return (self.widest * stride * np.arange(width))[None], self.widest * length
        begin = start % self.samples
        place = begin[:, None] + stride * np.arange(width)
        past = self.times[np.minimum(place, self.samples - 1)] - self.times[begin, None]
        return past, self.times[begin + length] - self.times[begin]

    def windows(self, flat: FloatArray, start: IntArray, width: int, stride: int = 1) -> FloatArray:
        """Every ``stride``-th number of a row from each place of ``start`` on ``(r, width)``.

        What lies beyond a curve's end is whatever follows: it must be masked.
        """
        # every row there could be, as a view: sliding_window_view takes longer than the copy
        rows = len(flat) - (width - 1) * stride
        step = flat.itemsize
        every = np.ndarray((rows, width), flat.dtype, flat, strides=(step, step * stride))
        return every[start]


def build_tube(
    frames: FloatArray, values: FloatArray, tolerance: FloatArray, turning: BoolArray
) -> Tube:
    """A tube around samples, cut off at what the samples reach between two turning points.

    So no peak is overshot, and a curve that never is negative stays so.

    Parameters
    ----------
    frames : (n,) float64
    values, tolerance : (n, k) float64
    turning : (n, k) bool
        From `find_turning_points`.
    """
    samples, columns = values.shape
    flat, within = values.T.ravel(), tolerance.T.ravel()
    spare = np.repeat(rounding(values), samples) + _shifts(frames, values).T.ravel()
    within = np.maximum(within * (1.0 - MARGIN) - spare, 0.0)
    lowest, highest = _reach(flat, turning.T.ravel(), samples)
    allowed = SLACK * tolerance.min(axis=0, initial=np.inf) + 1e-5 * rounding(values)
    steps = np.diff(frames)
    widest = float(steps.max(initial=0.0))
    beyond = np.zeros(samples)
    return Tube(
        samples,
        columns,
        frames,
        np.concatenate([flat, beyond]),
        np.concatenate([np.maximum(flat - within, lowest), beyond]),
        np.concatenate([np.minimum(flat + within, highest), beyond]),
        allowed,
        widest,
        bool((steps == widest).all()),
    )


def rounding(values: FloatArray) -> FloatArray:
    """What float32 may change in curves ``(n, k)`` while they are evaluated: ``(k,)``."""
    return 4.0 * float(np.finfo(np.float32).eps) * np.abs(values).max(axis=0, initial=0.0)


def _shifts(frames: FloatArray, values: FloatArray) -> FloatArray:
    """What it changes about ``(n, k)`` that far from frame 0 handles have to shift a little."""
    steps = np.abs(np.diff(values, axis=0)) / np.diff(frames)[:, None]
    steep = np.zeros(values.shape)
    steep[1:] = steps
    np.maximum(steep[:-1], steps, out=steep[:-1])
    # half a unit in the last place for each handle, by their share halfway between the keys
    far = np.spacing(np.abs(frames).astype(np.float32)).astype(np.float64)
    return 0.375 * far[:, None] * steep


def _reach(flat: FloatArray, turning: BoolArray, samples: int) -> tuple[FloatArray, FloatArray]:
    """Least and greatest sample between the turning points around each sample."""
    first = np.flatnonzero(turning)
    following = np.concatenate([first[1:], [len(flat) - 1]])
    # the last sample of a curve begins nothing
    following = np.where(first % samples == samples - 1, first, following)
    out: list[FloatArray] = []
    for extreme in (np.minimum, np.maximum):
        inside = extreme(extreme.reduceat(flat, first), flat[following])
        # where two stretches meet either's bound would do: it is a key
        out.append(np.repeat(inside, np.diff(np.concatenate([first, [len(flat)]]))))
    return out[0], out[1]
