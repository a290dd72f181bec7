# SPDX-License-Identifier: GPL-3.0-or-later
"""Our Action on top, what was there below: an NLA strip of its own, untouched, and back again.

Assigning a new Action freezes what the old one moved, so the old one is kept playing as a strip
below; blending over it gives exactly body times face.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..core.errors import FacemocapError
from .keys import find_channelbag

#: A strip of an Action that repeats or runs on is stretched this far beyond what is needed.
_MARGIN_FRAMES = 1000.0

Record = dict[str, Any]


def check_free(datablock: bpy.types.ID) -> None:
    """Refuse a datablock whose animation is being edited inside a strip.

    Raises
    ------
    FacemocapError
        In NLA tweak mode, where Blender does not let the Action be changed.
    """
    data = datablock.animation_data
    if data is not None and data.use_tweak_mode:
        raise FacemocapError(
            f'An NLA strip of "{datablock.name}" is being edited',
            "Leave tweak mode in the NLA editor (Tab) and apply again",
        )


def lay_on_top(
    datablock: bpy.types.ID,
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
    blend: str,
    span: tuple[float, float],
) -> Record:
    """Assign ``action``; what was assigned before goes on playing from a strip below.

    Parameters
    ----------
    datablock : bpy.types.ID
        Key or object to be animated.
    action, slot
        Ours.
    blend : str
        REPLACE or COMBINE, for our Action over what lies below.
    span : (float, float)
        Scene frames that matter: the strip of an Action that repeats covers at least these.

    Returns
    -------
    dict
        What `take_off` needs to put things back; plain values and datablocks, fit for an ID
        property.
    """
    had_data = datablock.animation_data is not None
    data = datablock.animation_data or datablock.animation_data_create()
    record: Record = {
        "had_data": had_data,
        "blend": data.action_blend_type,
        "extrapolation": data.action_extrapolation,
        "influence": data.action_influence,
        "use_nla": data.use_nla,
        "track": "",
        "slot": "",
        "muted": [],
    }
    before, before_slot = data.action, data.action_slot
    if before is not None:
        record["action"] = before
        record["slot"] = before_slot.identifier if before_slot else ""
    if before is not None and before_slot is not None:
        if not data.use_nla:
            # switching the NLA on must not wake tracks that were off
            record["muted"] = [track.name for track in data.nla_tracks if not track.mute]
            for track in data.nla_tracks:
                track.mute = True
            data.use_nla = True
        record["track"] = _push_down(data, before, before_slot, span)
    data.action = action
    # assigning picks a slot by rules of its own: always say which
    data.action_slot = slot
    data.action_blend_type = blend if data.nla_tracks else "REPLACE"
    data.action_extrapolation = "HOLD"
    data.action_influence = 1.0
    return record


def _push_down(
    data: bpy.types.AnimData,
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
    span: tuple[float, float],
) -> str:
    """A track above all others that plays ``action`` exactly as it played when it was assigned."""
    blend, extrapolation = data.action_blend_type, data.action_extrapolation
    influence = data.action_influence
    data.action = None
    track = data.nla_tracks.new()
    track.name = f"Below Face Mocap: {action.name}"
    strip = track.strips.new(action.name, 0, action)
    strip.action_slot = slot
    low, high = (float(frame) for frame in action.frame_range)
    if _runs_on(action, slot):
        low = min(low, span[0]) - _MARGIN_FRAMES
        high = max(high, span[1]) + _MARGIN_FRAMES
    strip.use_sync_length = False
    strip.action_frame_start, strip.action_frame_end = low, max(high, low + 1.0)
    strip.frame_start_raw, strip.frame_end_raw = low, max(high, low + 1.0)
    strip.blend_type = blend
    strip.extrapolation = extrapolation
    if influence != 1.0:
        strip.use_animated_influence = True
        strip.influence = influence
    return track.name


def _runs_on(action: bpy.types.Action, slot: bpy.types.ActionSlot) -> bool:
    """Whether the Action moves beyond its own keys: modifiers or linear extrapolation."""
    bag = find_channelbag(action, slot)
    return bag is not None and any(
        len(fcurve.modifiers) or fcurve.extrapolation == "LINEAR" for fcurve in bag.fcurves
    )


def take_off(datablock: bpy.types.ID, ours: bpy.types.Action, record: Record) -> None:
    """Undo `lay_on_top`: our Action off, strips of it too, the former Action back in its place."""
    data = datablock.animation_data
    if data is None:
        return
    for track in list(data.nla_tracks):
        for strip in list(track.strips):
            if strip.action == ours:
                track.strips.remove(strip)
        if not len(track.strips) and track.name.startswith("Face Mocap"):
            data.nla_tracks.remove(track)
    if data.action != ours and data.action is not None:
        # the animator has put another Action on since: that one stays
        return
    data.action = None
    track = data.nla_tracks.get(record["track"]) if record["track"] else None
    if track is not None:
        data.nla_tracks.remove(track)
    data.action_blend_type = record["blend"]
    data.action_extrapolation = record["extrapolation"]
    data.action_influence = record["influence"]
    data.use_nla = bool(record["use_nla"])
    for name in record["muted"]:
        if (muted := data.nla_tracks.get(name)) is not None:
            muted.mute = False
    before = record.get("action")
    if before is not None:
        data.action = before
        slot = next((s for s in before.slots if s.identifier == record["slot"]), None)
        data.action_slot = slot
    if not record["had_data"] and not (len(data.nla_tracks) or len(data.drivers) or data.action):
        datablock.animation_data_clear()


def add_face_strip(
    datablock: bpy.types.ID,
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
    span: tuple[float, float],
    blend: str,
) -> None:
    """Play one slot of our Action from a strip right below the active Action.

    Needed where face and head blend differently over a body that moves both.
    """
    data = datablock.animation_data or datablock.animation_data_create()
    track = data.nla_tracks.new()
    track.name = f"Face Mocap: {action.name}"
    strip = track.strips.new(action.name, 0, action)
    strip.action_slot = slot
    strip.use_sync_length = False
    strip.action_frame_start, strip.action_frame_end = span[0], max(span[1], span[0] + 1.0)
    strip.frame_start_raw, strip.frame_end_raw = span[0], max(span[1], span[0] + 1.0)
    strip.blend_type = blend
    strip.extrapolation = "HOLD"


def animated_paths(datablock: bpy.types.ID, without: bpy.types.Action | None) -> set[str]:
    """Data paths that the datablock's Actions and strips move, ours left out."""
    data = datablock.animation_data
    if data is None:
        return set()
    pairs = [(data.action, data.action_slot)]
    pairs += [(strip.action, strip.action_slot) for t in data.nla_tracks for strip in t.strips]
    paths: set[str] = set()
    for action, slot in pairs:
        if action is None or action == without:
            continue
        bag = find_channelbag(action, slot)
        if bag is not None:
            paths.update(fcurve.data_path for fcurve in bag.fcurves)
    return paths
