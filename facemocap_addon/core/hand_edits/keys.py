# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of one F-curve as one array, and the value of the curve anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray
from ..curves import HANDLE, INTERPOLATION, KEY_TYPE, Curve

#: A key: coordinates and handles are (frame, value); the kinds are Blender's own integers.
KEY = np.dtype(
    [
        ("frame", "<f4"),
        ("value", "<f4"),
        ("left", "<f4", (2,)),
        ("right", "<f4", (2,)),
        ("interpolation", "u1"),
        ("left_type", "u1"),
        ("right_type", "u1"),
        ("type", "u1"),
    ]
)
Keys = NDArray[np.void]

#: Blender takes keys that lie closer than this, in frames, for one.
SAME_KEY = 0.01

_SOLVE_STEPS = 40


def plain_keys(frames: FloatArray, values: FloatArray, interpolation: int) -> Keys:
    """Keys ``(m,)`` as the program writes them: GENERATED, with automatic handles."""
    keys = np.zeros(len(frames), KEY)
    keys["frame"], keys["value"] = frames, values
    for side in ("left", "right"):
        keys[side][:, 0], keys[side][:, 1] = keys["frame"], keys["value"]
        keys[f"{side}_type"] = HANDLE["AUTO_CLAMPED"]
    keys["interpolation"] = interpolation
    keys["type"] = KEY_TYPE["GENERATED"]
    return keys


def keys_of(curve: Curve) -> Keys:
    """Keys ``(m,)`` of a curve."""
    keys = plain_keys(curve.frames, curve.values, 0)
    keys["interpolation"] = curve.interpolation
    keys["type"] = curve.key_type
    if curve.handles is not None:
        keys["left"], keys["right"] = curve.handles[:, :2], curve.handles[:, 2:]
        kinds: Any = curve.handle_types
        free = HANDLE["FREE"]
        keys["left_type"] = free if kinds is None else kinds[:, 0]
        keys["right_type"] = free if kinds is None else kinds[:, 1]
    return keys


def curve_of(keys: Keys, path: str, index: int, group: str) -> Curve:
    """A curve with these keys."""
    return Curve(
        path,
        index,
        keys["frame"],
        keys["value"],
        interpolation=keys["interpolation"],
        handles=np.concatenate([keys["left"], keys["right"]], axis=1),
        handle_types=np.stack([keys["left_type"], keys["right_type"]], axis=1),
        key_type=keys["type"],
        group=group,
    )


def within(keys: Keys, first: float, last: float) -> Keys:
    """The keys from ``first`` to ``last``, both included."""
    frames = keys["frame"]
    low = int(np.searchsorted(frames, np.float32(first), "left"))
    return keys[low : int(np.searchsorted(frames, np.float32(last), "right"))]


def around(keys: Keys, first: float, last: float) -> Keys:
    """The keys that make the curve from ``first`` to ``last``: one beyond each end too."""
    frames = keys["frame"]
    low = int(np.searchsorted(frames, np.float32(first), "right")) - 1
    high = int(np.searchsorted(frames, np.float32(last), "left")) + 1
    return keys[max(low, 0) : high]


def near(frames: FloatArray, others: FloatArray) -> BoolArray:
    """Which of ``frames`` ``(n,)`` lie on one of ``others`` (sorted), as Blender tells keys."""
    if not len(others):
        return np.zeros(len(frames), np.bool_)
    frames, others = np.asarray(frames, np.float64), np.asarray(others, np.float64)
    place = np.searchsorted(others, frames)
    before = np.abs(frames - others[np.maximum(place - 1, 0)])
    after = np.abs(frames - others[np.minimum(place, len(others) - 1)])
    return np.minimum(before, after) < SAME_KEY


def evaluate(keys: Keys, frames: FloatArray) -> NDArray[np.float64]:
    """Values ``(n,)`` of the curve at ``frames`` ``(n,)``; its end values beyond its ends.

    Bezier segments are Blender's own, handles too long for their segment shortened. Its other
    kinds of easing (Sine, Bounce and so on) count as straight between their keys.
    """
    at = np.asarray(frames, np.float64)
    x, y = keys["frame"].astype(np.float64), keys["value"].astype(np.float64)
    if not len(keys):
        return np.zeros(len(at))
    out = np.interp(at, x, y)
    if len(keys) == 1:
        return out
    place = np.clip(np.searchsorted(x, at, "right") - 1, 0, len(x) - 2)
    inside = (at > x[0]) & (at < x[-1])
    kind = keys["interpolation"][place]
    steps = inside & (kind == INTERPOLATION["CONSTANT"])
    out[steps] = y[place[steps]]
    curved = inside & (kind == INTERPOLATION["BEZIER"]) & (at > x[place])
    if curved.any():
        start = place[curved]
        out[curved] = _bezier(keys[start], keys[start + 1], at[curved])
    return out


def _bezier(start: Keys, end: Keys, at: FloatArray) -> NDArray[np.float64]:
    """Values ``(n,)`` of the segments from ``start`` to ``end`` (a row each) at ``at``."""
    names = ((start, "right"), (end, "left"))
    first, last = (
        np.stack([k["frame"], k["value"]], axis=1).astype(np.float64) for k in (start, end)
    )
    one, two = (k[side].astype(np.float64) for k, side in names)
    length = last[:, :1] - first[:, :1]
    reach_one, reach_two = np.abs(one - first)[:, :1], np.abs(two - last)[:, :1]
    # a handle longer than its segment would turn time around
    one = first + (one - first) * np.minimum(1.0, length / np.maximum(reach_one, 1e-12))
    two = last + (two - last) * np.minimum(1.0, length / np.maximum(reach_two, 1e-12))
    low, high = np.zeros(len(at)), np.ones(len(at))
    place = (at - first[:, 0]) / length[:, 0]
    for _ in range(_SOLVE_STEPS):
        x = _cubic(first[:, 0], one[:, 0], two[:, 0], last[:, 0], place)
        low, high = np.where(x < at, place, low), np.where(x < at, high, place)
        slope = _slope(first[:, 0], one[:, 0], two[:, 0], last[:, 0], place)
        newton = place - (x - at) / np.where(np.abs(slope) > 1e-9, slope, 1e-9)
        # where Newton's step leaves what is known to hold the answer, that is halved instead
        place = np.where((newton > low) & (newton < high), newton, (low + high) / 2)
    return _cubic(first[:, 1], one[:, 1], two[:, 1], last[:, 1], place)


def _cubic(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, s: FloatArray
) -> NDArray[np.float64]:
    r = 1 - s
    return np.asarray(a * r**3 + 3 * b * r * r * s + 3 * c * r * s * s + d * s**3, np.float64)


def _slope(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, s: FloatArray
) -> NDArray[np.float64]:
    r = 1 - s
    slope = 3 * ((b - a) * r * r + 2 * (c - b) * r * s + (d - c) * s * s)
    return np.asarray(slope, np.float64)
