# SPDX-License-Identifier: GPL-3.0-or-later
"""NLA strips of a performance and its layers: put on, taken off, and what was set on them kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.hand_edits.keys import Keys
from ..writing.keys import read_keys
from ..writing.layering import place_strip

#: Tracks with these words before their name are the program's (`layering`).
_NAME = "Face Mocap: "
_PLAIN = ("mute", "blend_in", "blend_out", "use_auto_blend", "blend_type")


@dataclass(frozen=True)
class StripSettings:
    """What an animator may have set on a strip and its track."""

    track: str = ""
    track_mute: bool = False
    plain: dict[str, Any] = field(default_factory=dict[str, Any])
    influence: Keys | None = None

    @property
    def is_keyed(self) -> bool:
        """Whether the influence says more than the key that a new strip has."""
        keys = self.influence
        return keys is not None and not (len(keys) == 1 and float(keys["value"][0]) == 1.0)


def plays_slot(data: bpy.types.AnimData, action: bpy.types.Action, handle: int) -> bool:
    """Whether a slot of an Action plays, as the active Action or from a strip."""
    if data.action == action:
        return data.action_slot is not None and data.action_slot.handle == handle
    return any(
        strip.action == action and strip.action_slot is not None
        and strip.action_slot.handle == handle
        for track in data.nla_tracks
        for strip in track.strips
    )  # fmt: skip


def find_slot(action: bpy.types.Action, handle: int) -> bpy.types.ActionSlot | None:
    """The slot of an Action with a handle."""
    return next((slot for slot in action.slots if slot.handle == handle), None)


def add_strip(
    data: bpy.types.AnimData,
    name: str,
    action: bpy.types.Action,
    slot: bpy.types.ActionSlot,
    span: tuple[float, float],
    blend: str,
    *,
    animated: bool,
    kept: StripSettings | None = None,
) -> bpy.types.NlaTrack:
    """A track above all others that plays a slot over its own frames.

    ``animated``: its influence has a key of 1, so that it can be changed and keyed.
    """
    track = data.nla_tracks.new()
    track.name = kept.track if kept and kept.track else _NAME + name
    low, high = span[0], max(span[1], span[0] + 1.0)
    strip = track.strips.new(action.name, 0, action)
    strip.action_slot = slot
    place_strip(strip, low, high)
    strip.blend_type, strip.extrapolation = blend, "HOLD"
    if animated:
        strip.use_animated_influence = True
        influence: Any = strip.fcurves.find("influence")
        if kept is not None and kept.influence is not None and len(kept.influence):
            _write_influence(influence, kept.influence)
        else:
            influence.keyframe_points.insert(low, 1.0)
            strip.influence = 1.0
    if kept is not None:
        track.mute = kept.track_mute
        for key, value in kept.plain.items():
            setattr(strip, key, value)
    return track


def settings_of(track: bpy.types.NlaTrack) -> StripSettings:
    """What is set on a track of ours and its strip."""
    if not track.strips:
        return StripSettings(track.name, track.mute)
    strip = track.strips[0]
    influence = strip.fcurves.find("influence") if strip.use_animated_influence else None
    return StripSettings(
        track.name,
        track.mute,
        {key: getattr(strip, key) for key in _PLAIN},
        None if influence is None else read_keys(influence),
    )


def track_of(
    datablock: bpy.types.ID, action: bpy.types.Action, handle: int
) -> bpy.types.NlaTrack | None:
    """The track on which a slot of an Action plays; None where the animator took it off."""
    data = datablock.animation_data
    for track in data.nla_tracks if data else ():
        for strip in track.strips:
            slot = strip.action_slot
            if strip.action == action and slot is not None and slot.handle == handle:
                return track
    return None


def remove_track(datablock: bpy.types.ID, track: bpy.types.NlaTrack) -> None:
    """Take a track off with all that it plays."""
    data = datablock.animation_data
    if data is not None:
        data.nla_tracks.remove(track)


def _write_influence(fcurve: bpy.types.FCurve, keys: Keys) -> None:
    points = fcurve.keyframe_points
    points.clear()
    points.add(len(keys))
    co = np.stack([keys["frame"], keys["value"]], axis=1).astype(np.float32)
    points.foreach_set("co", co.ravel())
    for name, column in (("handle_left", "left"), ("handle_right", "right")):
        points.foreach_set(name, np.ascontiguousarray(keys[column], np.float32).ravel())
    for name, column in (
        ("interpolation", "interpolation"),
        ("handle_left_type", "left_type"),
        ("handle_right_type", "right_type"),
        ("type", "type"),
    ):
        points.foreach_set(name, np.ascontiguousarray(keys[column], np.uint8))
    fcurve.update()
