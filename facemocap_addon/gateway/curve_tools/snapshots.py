# SPDX-License-Identifier: GPL-3.0-or-later
"""All that an F-curve's keys hold, so that it can be put back to the bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...core.arrays import IntArray
from ...core.curves import HANDLE
from ...core.hand_edits.keys import SAME_KEY, Keys
from ..writing.keys import read_keys

#: Attribute, numbers a key, and how Blender keeps them: arrays of that type are copied whole.
_PLACES = (("co", 2), ("handle_left", 2), ("handle_right", 2))
_FLOATS = ("back", "amplitude", "period")
_KINDS = ("handle_left_type", "handle_right_type", "interpolation", "easing", "type")
_FLAGS = ("select_control_point", "select_left_handle", "select_right_handle")


@dataclass(frozen=True)
class Snapshot:
    """Every number of every key of an F-curve, by attribute."""

    count: int
    parts: dict[str, Any]

    @property
    def selected(self) -> Any:
        """Which keys are selected ``(m,)``, by the key itself."""
        return self.parts["select_control_point"]


def take_snapshot(fcurve: bpy.types.FCurve) -> Snapshot:
    """Read all keys of an F-curve."""
    points = fcurve.keyframe_points
    count = len(points)
    parts: dict[str, Any] = {}
    for name, width in _PLACES:
        parts[name] = np.empty(count * width, np.float32)
    for name in _FLOATS:
        parts[name] = np.empty(count, np.float32)
    for name in _KINDS:
        parts[name] = np.empty(count, np.uint8)
    for name in _FLAGS:
        parts[name] = np.empty(count, np.bool_)
    for name, array in parts.items():
        points.foreach_get(name, array)
    return Snapshot(count, parts)


def restore_snapshot(fcurve: bpy.types.FCurve, snapshot: Snapshot) -> None:
    """Make an F-curve's keys what they were; nothing is computed anew."""
    points = fcurve.keyframe_points
    if len(points) != snapshot.count:
        points.clear()
        points.add(snapshot.count)
    # types first: Blender could move handles of another type
    for name in (*_KINDS, *_FLOATS, *_FLAGS):
        points.foreach_set(name, snapshot.parts[name])
    for name, _ in _PLACES:
        points.foreach_set(name, snapshot.parts[name])


def write_changed(fcurve: bpy.types.FCurve, snapshot: Snapshot, before: Keys, after: Keys) -> bool:
    """Write keys that a tool made of ``before``; whether anything differs.

    Where the number of keys is the same only places and handles change. Else what a key had
    besides (easing, selection) goes along with those that stay on their frames.
    """
    if _is_same(before, after):
        restore_snapshot(fcurve, snapshot)
        return False
    points = fcurve.keyframe_points
    if len(after) == snapshot.count == len(before):
        if len(points) != snapshot.count:
            restore_snapshot(fcurve, snapshot)
        for name, kind in (
            ("handle_left_type", "left_type"),
            ("handle_right_type", "right_type"),
            ("interpolation", "interpolation"),
        ):
            points.foreach_set(name, np.ascontiguousarray(after[kind], np.uint8))
    else:
        _make_anew(points, snapshot, before, after)
    co = np.stack([after["frame"], after["value"]], axis=1).astype(np.float32)
    points.foreach_set("co", co.ravel())
    points.foreach_set("handle_left", np.ascontiguousarray(after["left"], np.float32).ravel())
    points.foreach_set("handle_right", np.ascontiguousarray(after["right"], np.float32).ravel())
    fcurve.update()
    return True


def _is_same(before: Keys, after: Keys) -> bool:
    """Whether two sets of keys make one curve; handles that Blender computes do not count."""
    if len(before) != len(after):
        return False
    names = ("frame", "value", "interpolation", "left_type", "right_type", "type")
    if not all(np.array_equal(before[name], after[name]) for name in names):
        return False
    for side in ("left", "right"):
        own = np.isin(before[f"{side}_type"], (HANDLE["FREE"], HANDLE["ALIGNED"]))
        if not np.array_equal(before[side][own], after[side][own]):
            return False
    return True


def _make_anew(
    points: bpy.types.FCurveKeyframePoints, snapshot: Snapshot, before: Keys, after: Keys
) -> None:
    """As many keys as ``after`` has, with its kinds; new ones are selected."""
    points.clear()
    points.add(len(after))
    same = _same_keys(before, after)
    known = same >= 0
    for name, kind in (
        ("handle_left_type", "left_type"),
        ("handle_right_type", "right_type"),
        ("interpolation", "interpolation"),
        ("type", "type"),
    ):
        points.foreach_set(name, np.ascontiguousarray(after[kind], np.uint8))
    for name in ("easing", *_FLOATS, *_FLAGS):
        array = snapshot.parts[name]
        usual = True if name in _FLAGS else np.asarray(array[0] if len(array) else 0)
        points.foreach_set(
            name, np.where(known, array[np.maximum(same, 0)], usual).astype(array.dtype)
        )


def _same_keys(before: Keys, after: Keys) -> IntArray:
    """Row in ``before`` of each key of ``after`` that stays on its frame; -1 of new ones."""
    frames = before["frame"].astype(np.float64)
    if not len(frames):
        return np.full(len(after), -1)
    place = np.searchsorted(frames, after["frame"].astype(np.float64) - SAME_KEY)
    place = np.minimum(place, len(frames) - 1)
    near = np.abs(frames[place] - after["frame"]) < SAME_KEY
    return np.where(near, place, -1)


def keys_and_selection(fcurve: bpy.types.FCurve, snapshot: Snapshot) -> tuple[Keys, Any] | None:
    """Keys in the order of their frames and which are selected; None where they are in disorder."""
    keys = read_keys(fcurve)
    return (keys, snapshot.selected) if len(keys) == snapshot.count else None
