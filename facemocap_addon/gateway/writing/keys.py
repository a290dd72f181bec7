# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves written and read in bulk, in one slot of an Action."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.curves import HANDLE, KEY_TYPE, Curve
from ...core.hand_edits.keys import KEY, Keys, curve_of

#: How Blender keeps a key's kinds: arrays of this type are copied whole, others one by one.
_ENUM = np.uint8
_KINDS = (
    ("interpolation", "interpolation"),
    ("handle_left_type", "left_type"),
    ("handle_right_type", "right_type"),
    ("type", "type"),
)
_NONE: Mapping[tuple[str, int], FloatArray] = MappingProxyType({})


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


def write_curves(
    bag: bpy.types.ActionChannelbag,
    curves: Iterable[Curve],
    leave: Collection[tuple[str, int]] = (),
    now: Mapping[tuple[str, int], FloatArray] = _NONE,
) -> int:
    """Make ``curves`` the curves of ``bag``; the number of keys written.

    F-curves that are there already get new keys and stay what they are else: modifiers, colours,
    locks and extrapolation are the animator's. ``leave`` names those that are not touched; all
    others go. ``now`` are the values of those whose keys are plain and on the very frames that the
    new ones have: they get values alone, where these differ.
    """
    wanted = {(curve.path, curve.index): curve for curve in curves}
    present: set[tuple[str, int]] = set()
    for fcurve in list(bag.fcurves):
        place = (fcurve.data_path, fcurve.array_index)
        if place in wanted:
            present.add(place)
        elif place not in leave:
            bag.fcurves.remove(fcurve)
    for group in list(bag.groups):
        if not len(group.channels):
            bag.groups.remove(group)
    written = 0
    for place, curve in wanted.items():
        fcurve = bag.fcurves.find(place[0], index=place[1]) if place in present else None
        if fcurve is None:
            fcurve = bag.fcurves.new(curve.path, index=curve.index)
            if curve.group:
                fcurve.group = bag.groups.get(curve.group) or bag.groups.new(curve.group)
        elif place in now:
            written += curve.keys
            _set_values(fcurve, curve, now[place])
            continue
        else:
            fcurve.keyframe_points.clear()
        _write_keys(fcurve, curve)
        written += curve.keys
    return written


def _set_values(fcurve: bpy.types.FCurve, curve: Curve, before: FloatArray) -> None:
    """Other values for the keys that are there."""
    if np.array_equal(before, curve.values):
        return
    co = np.empty((curve.keys, 2), np.float32)
    co[:, 0], co[:, 1] = curve.frames, curve.values
    fcurve.keyframe_points.foreach_set("co", co.ravel())
    fcurve.update()


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
        points.foreach_set("handle_left_type", types[:, 0].astype(_ENUM))
        points.foreach_set("handle_right_type", types[:, 1].astype(_ENUM))
    # sorts keys and computes automatic handles
    fcurve.update()


def _per_key(value: object, keys: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, _ENUM), keys).copy()


def read_curve(fcurve: bpy.types.FCurve) -> Curve:
    """The keys of an F-curve as they stand."""
    keys = read_keys(fcurve)
    return curve_of(
        keys, fcurve.data_path, fcurve.array_index, fcurve.group.name if fcurve.group else ""
    )


def read_keys(fcurve: bpy.types.FCurve) -> Keys:
    """The keys ``(m,)`` of an F-curve as they stand, in the order of their frames."""
    points = fcurve.keyframe_points
    keys = np.zeros(len(points), KEY)
    co = np.empty(len(keys) * 2, np.float32)
    for name, column in (("handle_left", "left"), ("handle_right", "right"), ("co", "")):
        points.foreach_get(name, co)
        if column:
            keys[column] = co.reshape(-1, 2)
    keys["frame"], keys["value"] = co[0::2], co[1::2]
    for name, column in _KINDS:
        keys[column] = _read_enum(points, name)
    if (np.diff(keys["frame"]) <= 0).any():
        # a script left them out of order
        keys = keys[np.unique(keys["frame"], return_index=True)[1]]
    return keys


def has_plain_keys(
    fcurve: bpy.types.FCurve, frames: FloatArray, values: FloatArray, interpolation: int
) -> bool:
    """Whether an F-curve has just these keys ``(m,)``, GENERATED and with automatic handles."""
    points = fcurve.keyframe_points
    if len(points) != len(frames):
        return False
    co = np.empty(len(frames) * 2, np.float32)
    points.foreach_get("co", co)
    if not (np.array_equal(co[0::2], frames) and np.array_equal(co[1::2], values)):
        return False
    automatic = HANDLE["AUTO_CLAMPED"]
    wanted = (interpolation, automatic, automatic, KEY_TYPE["GENERATED"])
    return all(
        bool((_read_enum(points, name) == kind).all())
        for (name, _), kind in zip(_KINDS, wanted, strict=True)
    )


def _read_enum(points: bpy.types.FCurveKeyframePoints, name: str) -> np.ndarray:
    kinds = np.empty(len(points), _ENUM)
    points.foreach_get(name, kinds)
    return kinds
