# SPDX-License-Identifier: GPL-3.0-or-later
"""Our Action on top, what was there below: an NLA strip of its own, untouched, and back again.

Assigning a new Action freezes what the old one moved, so the old one is kept playing as a strip
below; blending over it gives exactly body times face.
"""

from __future__ import annotations

import json
from typing import Any

import bpy

from ...core.errors import FacemocapError
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
            "Leave tweak mode in the NLA editor (Tab) and try again",
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
    data: Any = datablock.animation_data or datablock.animation_data_create()
    before, before_slot = data.action, data.action_slot
    active = data.nla_tracks.active
    record: Record = {
        "had_data": had_data,
        "blend": data.action_blend_type,
        "extrapolation": data.action_extrapolation,
        "influence": data.action_influence,
        "use_nla": data.use_nla,
        "last_slot": data.last_slot_identifier,
        "active_track": active.name if active else "",
        "track": "",
        "slot": 0,
        "solo": "",
        "muted": [],
        "unmuted": [],
    }
    if before is not None:
        record["action"] = before
        record["slot"] = before_slot.handle if before_slot else 0
    solo = next((track for track in data.nla_tracks if track.is_solo), None)
    if data.use_nla and solo is not None:
        # a solo track silences the Action too: ours could not play, the former one did not
        record["solo"] = solo.name
        solo.is_solo = False
        _mute_tracks(data, record, but=solo)
    elif before is not None and before_slot is not None:
        # Blender heeds an Action's blending only where tracks play below it
        plain = not data.use_nla or all(t.mute or not t.strips for t in data.nla_tracks)
        if not data.use_nla:
            # switching the NLA on must not wake tracks that were off
            if solo is not None:
                record["solo"] = solo.name
                solo.is_solo = False
            _mute_tracks(data, record)
            data.use_nla = True
        record["track"] = _push_down(data, before, before_slot, span, plain=plain)
    data.action = action
    # assigning picks a slot by rules of its own: always say which
    data.action_slot = slot
    data.action_blend_type = blend if data.nla_tracks else "REPLACE"
    data.action_extrapolation = "HOLD"
    data.action_influence = 1.0
    return record


def _mute_tracks(
    data: bpy.types.AnimData, record: Record, but: bpy.types.NlaTrack | None = None
) -> None:
    """Silence all tracks except ``but``, and note what was changed."""
    for track in data.nla_tracks:
        wanted = track != but
        if track.mute != wanted:
            record["muted" if wanted else "unmuted"].append(track.name)
            track.mute = wanted


def _push_down(
    data: bpy.types.AnimData,
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
    span: tuple[float, float],
    *,
    plain: bool,
) -> str:
    """A track above all others that plays ``action`` exactly as it played when it was assigned.

    ``plain``: it played by itself, its blending, influence and extrapolation without effect.
    """
    blend, influence = data.action_blend_type, data.action_influence
    extrapolation = data.action_extrapolation
    if plain:
        blend, influence, extrapolation = "REPLACE", 1.0, "HOLD"
    data.action = None
    track = data.nla_tracks.new()
    track.name = f"Below Face Mocap: {action.name}"
    strip = track.strips.new(action.name, 0, action)
    strip.action_slot = slot
    # the keys' own range: a range set by hand is for export and cycles, it does not cut playback
    low, high = (float(frame) for frame in action.curve_frame_range)
    endless, straight = _runs_on(action, slot)
    if endless or (straight and extrapolation != "NOTHING"):
        high = max(high, span[1]) + _MARGIN_FRAMES
    if endless or (straight and extrapolation == "HOLD"):
        low = min(low, span[0]) - _MARGIN_FRAMES
    place_strip(strip, low, max(high, low + 1.0))
    strip.blend_type = blend
    strip.extrapolation = extrapolation
    if influence != 1.0:
        # an animated influence without a key counts as nought
        strip.use_animated_influence = True
        strip.fcurves.find("influence").keyframe_points.insert(low, influence)
    return track.name


def _runs_on(action: bpy.types.Action, slot: bpy.types.ActionSlot) -> tuple[bool, bool]:
    """How the Action moves beyond its own keys: by modifiers, by linear extrapolation."""
    bag = find_channelbag(action, slot)
    curves = list(bag.fcurves) if bag is not None else []
    return (
        any(len(fcurve.modifiers) for fcurve in curves),
        any(fcurve.extrapolation == "LINEAR" for fcurve in curves),
    )


def take_off(datablock: bpy.types.ID, ours: bpy.types.Action, record: Record) -> None:
    """Undo `lay_on_top`: our Action off, strips of it too, the former Action back in its place."""
    data = datablock.animation_data
    if data is None:
        return
    _remove_strips(data, ours)
    if data.action != ours and data.action is not None:
        # the animator has put another Action on since: that one stays
        return
    data.action = None
    if (track := data.nla_tracks.get(record["track"])) is not None:
        data.nla_tracks.remove(track)
    data.action_blend_type = record["blend"]
    data.action_extrapolation = record["extrapolation"]
    data.action_influence = record["influence"]
    data.use_nla = bool(record["use_nla"])
    _restore_tracks(data.nla_tracks, record)
    before = record.get("action")
    if before is not None:
        data.action = before
        # by its handle: slots may have been renamed
        data.action_slot = next((s for s in before.slots if s.handle == record["slot"]), None)
    else:
        data.last_slot_identifier = record["last_slot"]
    if not record["had_data"] and not (len(data.nla_tracks) or len(data.drivers) or data.action):
        datablock.animation_data_clear()


def _remove_strips(data: bpy.types.AnimData, ours: bpy.types.Action) -> None:
    for track in list(data.nla_tracks):
        for strip in list(track.strips):
            if strip.action == ours:
                track.strips.remove(strip)
        if not len(track.strips) and track.name.startswith("Face Mocap"):
            data.nla_tracks.remove(track)


def _restore_tracks(tracks: bpy.types.NlaTracks, record: Record) -> None:
    for names, mute in ((record["muted"], False), (record["unmuted"], True)):
        for name in names:
            if (track := tracks.get(name)) is not None:
                track.mute = mute
    if (track := tracks.get(record["solo"])) is not None:
        track.is_solo = True
    if (track := tracks.get(record["active_track"])) is not None:
        tracks.active = track


def pass_on(datablock: bpy.types.ID, ours: bpy.types.Action, record: Record, above: Any) -> None:
    """Take our Action from below another of ours; what lay below it now lies below that one.

    ``above`` is the other's record, which learns how things were before both.
    """
    data = datablock.animation_data
    for track in list(data.nla_tracks) if data else ():
        if track.strips and all(strip.action == ours for strip in track.strips):
            data.nla_tracks.remove(track)
    values = {**json.loads(above["values"]), **json.loads(record["values"])}
    above.pop("action", None)
    for name, value in record.items():
        above[name] = value
    above["values"] = json.dumps(values)


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
    place_strip(strip, span[0], max(span[1], span[0] + 1.0))
    strip.blend_type = blend
    strip.extrapolation = "HOLD"


def place_strip(strip: bpy.types.NlaStrip, low: float, high: float) -> None:
    """Let a strip play these frames of its Action on the same frames of the scene."""
    strip.use_sync_length = False
    # Blender cuts a start beyond the present end, and an end before the present start
    strip.action_frame_end = high
    strip.action_frame_start = low
    strip.action_frame_end = high
    strip.frame_start_raw, strip.frame_end_raw = low, high


def animated_paths(datablock: bpy.types.ID, without: bpy.types.Action | None) -> set[str]:
    """Data paths that the datablock's Actions and strips move, ours left out."""
    data = datablock.animation_data
    if data is None:
        return set()
    pairs = [(data.action, data.action_slot)]
    if data.use_nla:
        pairs += [(strip.action, strip.action_slot) for t in data.nla_tracks for strip in t.strips]
    paths: set[str] = set()
    for action, slot in pairs:
        if action is None or action == without:
            continue
        bag = find_channelbag(action, slot)
        if bag is not None:
            paths.update(fcurve.data_path for fcurve in bag.fcurves)
    return paths
