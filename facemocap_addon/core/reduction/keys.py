# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reduction gives: keys with handles, evaluated as Blender evaluates them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..curves import HANDLE, INTERPOLATION, Curve

#: Steps in search of the place on a curve that lies at a given frame: halvings at worst.
_STEPS = 50
#: Frames within this part of themselves are the same.
_NEAR = 1e-14


@dataclass(frozen=True)
class Keys:
    """Keys of one F-curve.

    Attributes
    ----------
    frames, values : (m,) float32
        Each value is that of the sample there.
    left, right : (m, 2) float32
        Handles, frame and value. At one third of the span, so that the F-curve is a plain cubic.
        They mean nothing where the interpolation is none of Beziers.
    handle_types : (m, 2) uint8
        Of `curves.HANDLE`: ALIGNED where both sides have one slope, else FREE.
    interpolation : int
        Of `curves.INTERPOLATION`.
    forced : (m,) bool
        Turning points, ends of holds, what the caller asked for, and the first and last sample.
    samples : int
        How many samples the keys stand for.
    largest_error : float
        Largest distance from the samples and the straight lines between them, at 8 places a
        sample, of the keys as they are rounded.
    """

    frames: FloatArray
    values: FloatArray
    left: FloatArray
    right: FloatArray
    handle_types: IntArray
    interpolation: int
    forced: BoolArray
    samples: int
    largest_error: float

    def __post_init__(self) -> None:
        fill = object.__setattr__
        for name in ("frames", "values", "left", "right"):
            fill(self, name, frozen(getattr(self, name), np.float32))
        fill(self, "handle_types", frozen(self.handle_types, np.uint8))
        fill(self, "forced", frozen(self.forced, np.bool_))

    def __len__(self) -> int:
        return len(self.frames)

    def to_curve(self, path: str, index: int = 0, group: str = "") -> Curve:
        """The F-curve of a data path."""
        is_bezier = self.interpolation == INTERPOLATION["BEZIER"]
        return Curve(
            path,
            index,
            self.frames,
            self.values,
            self.interpolation,
            np.concatenate([self.left, self.right], axis=1) if is_bezier else None,
            self.handle_types if is_bezier else None,
            group=group,
        )

    def at(self, frames: FloatArray) -> FloatArray:
        """Values ``(q,)`` of the F-curve at any frames ``(q,)``, held beyond the ends."""
        where = np.asarray(frames, np.float64)
        x = self.frames.astype(np.float64)
        y = self.values.astype(np.float64)
        if len(x) == 1:
            return np.full(len(where), y[0])
        span = np.clip(np.searchsorted(x, where, side="right") - 1, 0, len(x) - 2)
        if self.interpolation == INTERPOLATION["CONSTANT"]:
            return y[np.clip(np.searchsorted(x, where, side="right") - 1, 0, len(x) - 1)]
        inside = np.clip(where, x[0], x[-1])
        if self.interpolation == INTERPOLATION["LINEAR"]:
            return np.interp(inside, x, y)
        begin = np.stack([x, y], axis=1)[span]
        end = np.stack([x, y], axis=1)[span + 1]
        points = np.stack([begin, self.right[span], self.left[span + 1], end], axis=1)
        return _on_bezier(points.astype(np.float64), inside)


def _on_bezier(points: FloatArray, frames: FloatArray) -> FloatArray:
    """Values ``(q,)`` at frames of Bezier curves ``(q, 4, 2)``, one each."""
    points = points.copy()
    width = points[:, 3, 0] - points[:, 0, 0]
    for handle, key in ((1, 0), (2, 3)):
        # as in Blender, a handle that reaches beyond the next key is shortened
        way = points[:, handle] - points[:, key]
        points[:, handle] = points[:, key] + way / np.maximum(
            np.abs(way[:, :1]) / width[:, None], 1.0
        )
    low, high = np.zeros(len(frames)), np.ones(len(frames))
    u = (frames - points[:, 0, 0]) / width
    near = _NEAR * (np.abs(frames) + width)
    for _ in range(_STEPS):
        off = _bernstein(points[:, :, 0], u) - frames
        there = np.abs(off) <= near
        if there.all():
            break
        low, high = np.where(off <= 0.0, u, low), np.where(off > 0.0, u, high)
        step = u - off / np.maximum(_bernstein(np.diff(points[:, :, 0], axis=1) * 3.0, u), 1e-12)
        step = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        u = np.where(there, u, step)
    return _bernstein(points[:, :, 1], u)


def _bernstein(ordinates: FloatArray, u: FloatArray) -> FloatArray:
    """Values ``(q,)`` of polynomials with Bezier ordinates ``(q, d + 1)``."""
    level = ordinates
    while level.shape[1] > 1:
        level = level[:, :-1] + (level[:, 1:] - level[:, :-1]) * u[:, None]
    return level[:, 0]


@dataclass(frozen=True, slots=True)
class ReductionReport:
    """What a reduction did to some curves.

    Attributes
    ----------
    before, after : int
        Keys of all curves together.
    forced, aligned : int
        Of those after: keys that had to be, and keys whose handles are aligned.
    largest_error : float
        Of all curves, in their own unit.
    """

    before: int
    after: int
    forced: int
    aligned: int
    largest_error: float

    @staticmethod
    def of(curves: tuple[Keys, ...]) -> ReductionReport:
        """Of some curves together."""
        return ReductionReport(
            sum(keys.samples for keys in curves),
            sum(len(keys) for keys in curves),
            sum(int(keys.forced.sum()) for keys in curves),
            sum(int((keys.handle_types[:, 0] == HANDLE["ALIGNED"]).sum()) for keys in curves),
            max((keys.largest_error for keys in curves), default=0.0),
        )

    @property
    def percent(self) -> float:
        """Keys that are left, in per cent of those before."""
        return 100.0 * self.after / self.before if self.before else 0.0

    def sentence(self) -> str:
        """One line for a person."""
        return (
            f"{self.before} keys became {self.after} ({self.percent:.1f} %), "
            f"off by {self.largest_error:.3g} at most"
        )
