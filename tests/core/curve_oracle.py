# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of an F-curve told anew: one frame at a time, Bezier segments by halving."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

CONSTANT, LINEAR, BEZIER = 0, 1, 2


def values_at(keys: Any, frames: Iterable[float]) -> list[float]:
    """Values of keys (records with frame, value, handles and kinds) at frames."""
    rows = [
        (float(k["frame"]), float(k["value"]), [float(n) for n in k["left"]],
         [float(n) for n in k["right"]], int(k["interpolation"]))
        for k in keys
    ]  # fmt: skip
    return [_value(rows, float(frame)) for frame in frames]


def value_at(keys: Any, frame: float) -> float:
    """Value at one frame."""
    return values_at(keys, [frame])[0]


def _value(rows: list[Any], frame: float) -> float:
    if frame <= rows[0][0]:
        return rows[0][1]
    for (x0, y0, _, right, kind), (x1, y1, left, _, _) in pairwise(rows):
        if frame == x1:
            return y1
        if not x0 < frame < x1:
            continue
        if kind == CONSTANT:
            return y0
        if kind == LINEAR:
            return y0 + (y1 - y0) * (frame - x0) / (x1 - x0)
        return _bezier((x0, y0), _within(right, (x0, y0), x1 - x0),
                       _within(left, (x1, y1), x1 - x0), (x1, y1), frame)  # fmt: skip
    return rows[-1][1]


def _within(handle: list[float], key: tuple[float, float], length: float) -> tuple[float, float]:
    """A handle as far as it may reach: no further than the segment is long."""
    reach = abs(handle[0] - key[0])
    share = length / reach if reach > length else 1.0
    return key[0] + share * (handle[0] - key[0]), key[1] + share * (handle[1] - key[1])


def _bezier(a: Any, b: Any, c: Any, d: Any, frame: float) -> float:
    def at(axis: int, s: float) -> float:
        p, q, r = (u[axis] + (v[axis] - u[axis]) * s for u, v in ((a, b), (b, c), (c, d)))
        p, q = p + (q - p) * s, q + (r - q) * s
        return p + (q - p) * s

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at(0, middle) < frame else (low, middle)
    return at(1, low)
