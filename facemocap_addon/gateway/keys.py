# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves written and read in bulk, in one slot of an Action."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
import numpy as np

from ..core.curves import HANDLE, Curve


def slot_channelbag(
    action: bpy.types.Action, slot: bpy.types.ActionSlot
) -> bpy.types.ActionChannelbag:
    """The channelbag of a slot, made with the layer and strip it needs when absent.

    The same calls work on 4.5 and 5.x; the helpers of ``anim_utils`` differ between them.
    """
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def find_channelbag(
    action: bpy.types.Action, slot: bpy.types.ActionSlot | None
) -> bpy.types.ActionChannelbag | None:
    """The channelbag of a slot, or None; nothing is made."""
    if slot is None:
        return None
    for layer in action.layers:
        for strip in layer.strips:
            if strip.type == "KEYFRAME" and (bag := strip.channelbag(slot)) is not None:
                return bag
    return None


def write_curves(bag: bpy.types.ActionChannelbag, curves: Iterable[Curve]) -> int:
    """Replace everything in ``bag`` by ``curves``; the number of keys written."""
    bag.fcurves.clear()
    for group in list(bag.groups):
        bag.groups.remove(group)
    written = 0
    for curve in curves:
        fcurve = bag.fcurves.new(curve.path, index=curve.index)
        if curve.group:
            fcurve.group = bag.groups.get(curve.group) or bag.groups.new(curve.group)
        _write_keys(fcurve, curve)
        written += curve.keys
    return written


def _write_keys(fcurve: bpy.types.FCurve, curve: Curve) -> None:
    points = fcurve.keyframe_points
    points.add(curve.keys)
    co = np.empty((curve.keys, 2), np.float32)
    co[:, 0], co[:, 1] = curve.frames, curve.values
    points.foreach_set("co", co.ravel())
    points.foreach_set("interpolation", _per_key(curve.interpolation, curve.keys))
    points.foreach_set("type", _per_key(curve.key_type, curve.keys))
    if curve.handles is not None:
        handles = np.ascontiguousarray(curve.handles, np.float32)
        points.foreach_set("handle_left", handles[:, :2].ravel())
        points.foreach_set("handle_right", handles[:, 2:].ravel())
        kinds = curve.handle_types
        free = np.full((curve.keys, 2), HANDLE["FREE"])
        types = free if kinds is None else np.asarray(kinds)
        points.foreach_set("handle_left_type", types[:, 0].astype(np.int32))
        points.foreach_set("handle_right_type", types[:, 1].astype(np.int32))
    # sorts keys and computes automatic handles
    fcurve.update()


def _per_key(value: object, keys: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, np.int32), keys).copy()


def read_curve(fcurve: bpy.types.FCurve) -> Curve:
    """The keys of an F-curve as they stand."""
    points = fcurve.keyframe_points
    count = len(points)
    co = np.empty(count * 2, np.float32)
    points.foreach_get("co", co)
    columns: dict[str, np.ndarray] = {}
    for name in ("interpolation", "type", "handle_left_type", "handle_right_type"):
        columns[name] = np.empty(count, np.int32)
        points.foreach_get(name, columns[name])
    handles = np.empty((2, count * 2), np.float32)
    points.foreach_get("handle_left", handles[0])
    points.foreach_get("handle_right", handles[1])
    return Curve(
        path=fcurve.data_path,
        index=fcurve.array_index,
        frames=co[0::2],
        values=co[1::2],
        interpolation=columns["interpolation"],
        handles=np.concatenate([handles[0].reshape(-1, 2), handles[1].reshape(-1, 2)], axis=1),
        handle_types=np.stack([columns["handle_left_type"], columns["handle_right_type"]], axis=1),
        key_type=columns["type"],
        group=fcurve.group.name if fcurve.group else "",
    )
