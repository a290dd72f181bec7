# SPDX-License-Identifier: GPL-3.0-or-later
"""Response curves that have a name, fitted to how far a control's sum goes."""

from __future__ import annotations

import numpy as np

from ..channels import arkit_schema
from .response import LEAST_STEP, Response, respond
from .rig_map import RigMapEntry

STRAIGHT, CUSTOM = "STRAIGHT", "CUSTOM"
#: Points of each curve where the sum goes from 0 to 1.
SHAPES: dict[str, Response] = {
    STRAIGHT: (),
    "SOFT_START": ((0.0, 0.0), (0.5, 0.25), (1.0, 1.0)),
    "SOFT_END": ((0.0, 0.0), (0.5, 0.75), (1.0, 1.0)),
    "S_CURVE": ((0.0, 0.0), (0.25, 0.1), (0.5, 0.5), (0.75, 0.9), (1.0, 1.0)),
    "HOLD_START": ((0.0, 0.0), (0.2, 0.0), (1.0, 1.0)),
    "HOLD_END": ((0.0, 0.0), (0.8, 1.0), (1.0, 1.0)),
}
#: Points this near to a shape's are that shape: a property of Blender has seven digits.
NEAR = 1e-5
#: A sum that goes no further has no room for a curve.
LEAST_SPAN = 100 * LEAST_STEP

Span = tuple[float, float]


def span_of(entry: RigMapEntry) -> Span:
    """Least and greatest sum of an entry while its channels stay within their nominal ranges.

    Where the limits cut it sooner, they do; (0, 1) where it goes nowhere.
    """
    low = high = 0.0
    for source in entry.sources:
        channel = arkit_schema().get(source.channel)
        ends = channel.range if channel is not None and not source.over else (0.0, 1.0)
        shares = sorted(source.gain * end for end in ends)
        low, high = low + min(shares[0], 0.0), high + max(shares[1], 0.0)
    room_low, room_high = (limit - entry.offset for limit in entry.limits)
    low, high = max(low, min(room_low, 0.0)), min(high, max(room_high, 0.0))
    return (low, high) if high - low > LEAST_SPAN else (0.0, 1.0)


def shaped(name: str, span: Span) -> Response:
    """The points of a named curve over a span; those below nought are turned about nought."""
    points = SHAPES[name]
    low, high = span
    above = [(x * high, y * high) for x, y in points] if high > LEAST_SPAN else []
    below = [(x * low, y * low) for x, y in reversed(points)] if low < -LEAST_SPAN else []
    if above and below:
        below.pop()
    return tuple((_short(x), _short(y)) for x, y in (*below, *above))


def shape_of(points: Response, span: Span) -> str:
    """Name of the curve that these points are over a span, or CUSTOM."""
    other = np.array(points).reshape(-1, 2)
    for name in SHAPES:
        own = np.array(shaped(name, span)).reshape(-1, 2)
        # each half is measured by its own length: a short one beside a long one is not blurred
        size = np.where(own >= 0, abs(span[1]), abs(span[0]))
        if own.shape == other.shape and np.all(np.abs(own - other) <= NEAR * size):
            return name
    return CUSTOM


def with_point(points: Response, span: Span) -> Response:
    """The curve with one more point on it, in the middle of its longest piece.

    A straight response first becomes one of two points.
    """
    whole = points or tuple((end, end) for end in span)
    longest = max(range(len(whole) - 1), key=lambda n: (whole[n + 1][0] - whole[n][0], -n))
    at = 0.5 * (whole[longest][0] + whole[longest + 1][0])
    value = float(respond(whole, np.array([at]))[0])
    return (*whole[: longest + 1], (_short(at), _short(value)), *whole[longest + 1 :])


def moved_point(points: Response, place: int, to: tuple[float, float]) -> Response:
    """The curve with one point moved, kept between its neighbours."""
    low = points[place - 1][0] if place else -np.inf
    high = points[place + 1][0] if place + 1 < len(points) else np.inf
    room = 0.01 * (points[-1][0] - points[0][0])
    at = min(max(to[0], low + min(room, (high - low) / 3)), high - min(room, (high - low) / 3))
    return (*points[:place], (_short(at), _short(to[1])), *points[place + 1 :])


def _short(number: float) -> float:
    """A number as a person would write it: six digits, no minus nought."""
    return float(f"{number:.6g}") + 0.0
