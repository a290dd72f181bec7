# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots of our Action written anew: ours are used again, the animator's own curves stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.curves import Curve
from .hand_edits import Carried
from .keys import find_channelbag, read_curve, read_keys, slot_channelbag, write_curves
from .written import Place, load_written


def clear_slots(action: bpy.types.Action, carried: Sequence[Carried]) -> None:
    """Take our slots out of an Action that will not be used again, unless the animator does.

    An Action of which nobody noted what was written loses all.
    """
    if not action.slots:
        return
    before = load_written(action)
    used = {handle for each in carried for handle in each.written.slots}
    ours = {handle for each in before or () for handle in each.slots}
    places = {place for each in before or () for place in each.curves}
    for slot in list(action.slots):
        if before is None:
            action.slots.remove(slot)
        elif slot.handle in ours - used:
            bag = find_channelbag(action, slot)
            for fcurve in list(bag.fcurves) if bag else ():
                if (fcurve.data_path, fcurve.array_index) in places:
                    bag.fcurves.remove(fcurve)
            if bag is None or not len(bag.fcurves):
                action.slots.remove(slot)


def take_slots(
    action: bpy.types.Action, carried: Carried, *, apart: bool
) -> tuple[bpy.types.ActionSlot, bpy.types.ActionSlot | None]:
    """Slots for one datablock: all of it in one, or the face by itself in a second.

    Those that it had are taken again, so that what the animator set on their curves stays.
    """
    target = carried.target
    name = target.datablock.name
    had = [slot for slot in action.slots if slot.handle in carried.written.slots]
    slot = had[0] if had else action.slots.new(target.slot_type, name)
    face = None
    if apart:
        face = had[1] if len(had) > 1 else action.slots.new(target.slot_type, f"{name} face")
    elif len(had) > 1:
        _move_own(action, had[1], slot, carried)
        action.slots.remove(had[1])
    carried.written.slots = [each.handle for each in (slot, face) if each is not None]
    return slot, face


def _move_own(
    action: bpy.types.Action,
    source: bpy.types.ActionSlot,
    slot: bpy.types.ActionSlot,
    carried: Carried,
) -> None:
    """The animator's own curves out of a slot that goes, into another."""
    bag = find_channelbag(action, source)
    own = [
        read_curve(fcurve)
        for fcurve in (bag.fcurves if bag else ())
        if (fcurve.data_path, fcurve.array_index) in carried.leave
    ]
    if own:
        into = slot_channelbag(action, slot)
        there = {(fcurve.data_path, fcurve.array_index) for fcurve in into.fcurves}
        write_curves(into, [c for c in own if (c.path, c.index) not in there], there)


def write_in_slot(
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
    carried: Carried,
    curves: Sequence[Curve],
) -> int:
    """Write curves of one datablock, and note what Blender made of them; the number of keys."""
    bag = slot_channelbag(action, slot)
    keys = write_curves(bag, curves, carried.leave, _values_now(carried, curves))
    noted = carried.written.curves
    written = {(curve.path, curve.index): curve for curve in curves}
    for fcurve in bag.fcurves:
        place = (fcurve.data_path, fcurve.array_index)
        curve = written.get(place)
        # handles are as Blender computes them, and of keys that are too close it drops one
        if curve is not None and (
            place in carried.edited
            or not noted[place].is_plain
            or len(fcurve.keyframe_points) != curve.keys
        ):
            noted[place] = replace(noted[place], full_written=read_keys(fcurve))
    return keys


def _values_now(carried: Carried, curves: Sequence[Curve]) -> dict[Place, FloatArray]:
    """Values of curves that stand as they were written, on the very frames that are to come."""
    if carried.before is None:
        return {}
    found: dict[Place, FloatArray] = {}
    for curve in curves:
        place = curve.path, curve.index
        if place not in carried.untouched or not carried.written.curves[place].is_plain:
            continue
        was, new = carried.before.curves[place], carried.written.curves[place]
        if was.interpolation == new.interpolation and np.array_equal(was.frames, new.frames):
            found[place] = was.values
    return found
