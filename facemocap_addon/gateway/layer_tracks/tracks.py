# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks of a performance's layers: laid over it, lifted off it, taken away.

The performance's own Action plays from a strip as long as it has such tracks: nothing can lie over
an active Action. What is needed to put that back is in its record, beside what each layer is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import bpy

from ...core.names import unique_name
from ...core.stack.kinds import kind_of
from ..characters.rest_values import read_values, restore_values
from ..limits import name_bytes
from ..writing.keys import find_channelbag, slot_channelbag, write_curves
from ..writing.layering import check_free, lay_on_top, take_off
from ..writing.records import KEY, Performance
from ..writing.targets import Target
from .computing import LayerKeys
from .strips import (
    StripSettings,
    add_strip,
    find_slot,
    plays_slot,
    remove_track,
    settings_of,
    track_of,
)

#: In a performance's record: its layers, and how its own Action played before them.
_LAYERS, _BELOW, _SPAN = "layers", "below_layers", "span"
#: In a layer's Action: its kind.
LAYER = "facemocap_layer"
#: What an animator set on strips, by the layer's kind (nothing: the performance's own), datablock
#: and blending.
Settings = dict[tuple[str, Any, str], StripSettings]
#: A layer in the record: its kind, its Action, and by datablock its slot and blending.
Entry = dict[str, Any]


def pushed_kinds(performance: Performance | None) -> tuple[str, ...]:
    """Kinds of the layers that play from tracks, those that the animator took off left out."""
    if performance is None:
        return ()
    entries = performance.action[KEY].get(_LAYERS, ())
    return tuple(str(entry["kind"]) for entry in entries if _is_there(entry))


def layer_actions(performance: Performance) -> dict[str, bpy.types.Action]:
    """Actions of the layers that play from tracks, by kind."""
    entries = performance.action[KEY].get(_LAYERS, ())
    return {
        str(entry["kind"]): entry["action"]
        for entry in entries
        if entry.get("action") is not None and _is_there(entry)
    }


def layer_strips(performance: Performance, kind: str) -> list[bpy.types.NlaStrip]:
    """Strips on which a layer plays: one for each datablock and way of blending."""
    found: list[bpy.types.NlaStrip] = []
    for entry in performance.action[KEY].get(_LAYERS, ()):
        for part in entry["parts"] if entry["kind"] == kind else ():
            track = _part_track(entry, part)
            if track is not None:
                found += list(track.strips)
    return found


def _is_there(entry: Any) -> bool:
    parts = entry["parts"]
    return not parts or any(_part_track(entry, part) is not None for part in parts)


def _part_track(entry: Any, part: Any) -> bpy.types.NlaTrack | None:
    datablock, action = part.get("datablock"), entry.get("action")
    if datablock is None or action is None:
        return None
    return track_of(datablock, action, int(part["slot"]))


# ---------------------------------------------------------------- laid and lifted


def write_layers(
    performance: Performance, layers: Sequence[LayerKeys], before: Sequence[Entry]
) -> list[Entry]:
    """Write the keys of layers into their Actions; what of the Actions before is not needed goes.

    Returns
    -------
    list of Entry
        For `lay_layers`.
    """
    actions = {entry["kind"]: entry.get("action") for entry in before}
    entries: list[Entry] = []
    for layer in layers:
        own = actions.pop(layer.kind, None) or _new_action(performance, layer.kind)
        for slot in list(own.slots):
            own.slots.remove(slot)
        parts: list[dict[str, Any]] = []
        for datablock, curves in layer.parts:
            for blend, part in curves.parts:
                slot = own.slots.new(Target(datablock).slot_type, f"{datablock.name} {blend}")
                write_curves(slot_channelbag(own, slot), part)
                parts.append({"datablock": datablock, "slot": slot.handle, "blend": blend})
        entries.append({"kind": layer.kind, "action": own, "parts": parts})
    for left in actions.values():
        if left is not None:
            bpy.data.actions.remove(left)
    return entries


def lay_layers(performance: Performance, entries: Sequence[Entry], kept: Settings) -> None:
    """Lay layers over a performance whose own Action is active; ``kept`` is set on their strips."""
    action: Any = performance.action
    span = (float(action[KEY][_SPAN][0]), float(action[KEY][_SPAN][1]))
    below: list[dict[str, Any]] = []
    moved: dict[Any, set[str]] = {}
    for entry in entries:
        own: Any = entry.get("action")
        parts = [part for part in entry["parts"] if part.get("datablock") is not None]
        for part in parts:
            datablock, slot = part["datablock"], find_slot(own, int(part["slot"]))
            if slot is None:
                continue
            if datablock not in moved:
                moved[datablock] = _paths_below(performance, datablock)
            fresh = _paths(own, slot) - moved[datablock]
            moved[datablock] |= fresh
            part["values"] = read_values(datablock, sorted(fresh))
            if not any(item["datablock"] == datablock for item in below):
                below.append(_push_base(performance, datablock, (own, slot), span, kept))
            both = sum(other["datablock"] == datablock for other in parts) > 1
            name = kind_of(entry["kind"]).label
            name += " (added)" if both and part["blend"] == "ADD" else ""
            settings = kept.get((entry["kind"], datablock, part["blend"]))
            add_strip(
                datablock.animation_data, name, own, slot, span, part["blend"],
                animated=True, kept=settings,
            )  # fmt: skip
    _record(action, entries, below)


def lift_layers(performance: Performance) -> Settings:
    """Take all layers off, the performance's own Action active again; their Actions stay.

    Returns
    -------
    Settings
        What was set on their strips, for `lay_layers`.
    """
    action: Any = performance.action
    kept: Settings = {}
    for entry in reversed(list(action[KEY].get(_LAYERS, ()))):
        for part in reversed(list(entry["parts"])):
            datablock = part.get("datablock")
            if datablock is None:
                continue
            track = _part_track(entry, part)
            if track is not None:
                kept[entry["kind"], datablock, part["blend"]] = settings_of(track)
                remove_track(datablock, track)
    for item in action[KEY].get(_BELOW, ()):
        if item.get("datablock") is not None:
            _pull_base(performance, item, kept)
    for entry in action[KEY].get(_LAYERS, ()):
        for part in entry["parts"]:
            if part.get("datablock") is not None:
                restore_values(part["datablock"], str(part.get("values", "{}")))
    if _BELOW in action[KEY]:
        del action[KEY][_BELOW]
    return kept


def remove_layers(performance: Performance) -> Settings:
    """Take all layers off for good; their Actions go. What was set on their strips."""
    if _LAYERS not in performance.action[KEY]:
        return {}
    check_layers(performance)
    kept = lift_layers(performance)
    for entry in performance.action[KEY][_LAYERS]:
        if entry.get("action") is not None:
            bpy.data.actions.remove(entry["action"])
    del performance.action[KEY][_LAYERS]
    return kept


def drop_entries(entries: Sequence[Entry], kinds: Collection[str]) -> list[Entry]:
    """Entries that were lifted without those of some kinds, whose Actions go."""
    for entry in entries:
        if entry["kind"] in kinds and entry.get("action") is not None:
            bpy.data.actions.remove(entry["action"])
    return [entry for entry in entries if entry["kind"] not in kinds]


def layer_entries(performance: Performance) -> list[Entry]:
    """The layers of a performance as its record has them."""
    return [entry.to_dict() for entry in performance.action[KEY].get(_LAYERS, ())]


def check_layers(performance: Performance) -> None:
    """Refuse layers that are being edited inside a strip; errors as `check_free`."""
    for entry in performance.action[KEY].get(_LAYERS, ()):
        for part in entry["parts"]:
            if part.get("datablock") is not None:
                check_free(part["datablock"])


def ask_for_layer(performance: Performance, kind: str) -> None:
    """Note that a layer is to play from tracks when the performance is written next."""
    entries = layer_entries(performance)
    performance.action[KEY][_LAYERS] = [*entries, {"kind": kind, "parts": []}]


def ask_no_more(performance: Performance, kind: str) -> None:
    """Take that back."""
    entries = layer_entries(performance)
    _put(performance.action, _LAYERS, [e for e in entries if e["kind"] != kind or e["parts"]])


def hush_layers(performance: Performance, *, muted: bool) -> None:
    """Silence the tracks of all layers while the raw take is shown, and wake them again."""
    for entry in performance.action[KEY].get(_LAYERS, ()):
        for part in entry["parts"]:
            track = _part_track(entry, part)
            if track is None:
                continue
            if muted and not track.mute:
                track.mute = True
                part["hushed"] = 1
            elif not muted and part.get("hushed", 0):
                track.mute = False
                part["hushed"] = 0


def _record(action: Any, entries: Sequence[Entry], below: Sequence[Entry]) -> None:
    _put(action, _LAYERS, entries)
    _put(action, _BELOW, below)


def _put(action: Any, name: str, items: Sequence[Entry]) -> None:
    if items:
        action[KEY][name] = list(items)
    elif name in action[KEY]:
        del action[KEY][name]


def _new_action(performance: Performance, kind: str) -> Any:
    taken = {other.name for other in bpy.data.actions}
    name = f"{performance.action.name} {kind_of(kind).label}"
    action: Any = bpy.data.actions.new(unique_name(name, name_bytes(), taken))
    action[LAYER] = kind
    return action


def _paths_below(performance: Performance, datablock: Any) -> set[str]:
    """Paths that the performance's own Action moves on a datablock."""
    data = datablock.animation_data
    paths: set[str] = set()
    for slot in performance.action.slots if data else ():
        if plays_slot(data, performance.action, slot.handle):
            paths |= _paths(performance.action, slot)
    return paths


def _paths(action: bpy.types.Action, slot: bpy.types.ActionSlot) -> set[str]:
    bag = find_channelbag(action, slot)
    return {fcurve.data_path for fcurve in bag.fcurves} if bag else set()


def _push_base(
    performance: Performance,
    datablock: Any,
    first: tuple[bpy.types.Action, bpy.types.ActionSlot],
    span: tuple[float, float],
    kept: Settings,
) -> dict[str, Any]:
    """Let what is active on a datablock play from a strip; what it takes to put that back."""
    data: Any = datablock.animation_data
    action = performance.action
    if data is None or data.action != action:
        # only layers move this datablock: what it played before goes below them
        record = lay_on_top(datablock, *first, "COMBINE", span)
        datablock.animation_data.action = None
        datablock.animation_data.use_nla = True
        return {"datablock": datablock, "first": first[0], "record": record}
    slot, blend = data.action_slot, data.action_blend_type
    active = data.nla_tracks.active
    item: dict[str, Any] = {
        "datablock": datablock,
        "slot": slot.handle,
        "active_track": active.name if active else "",
        "blend": blend,
        "use_nla": int(data.use_nla),
        "muted": [],
    }
    if not data.use_nla:
        # what was off stays silent
        for track in data.nla_tracks:
            if not track.mute:
                item["muted"].append(track.name)
                track.mute = True
        data.use_nla = True
    data.action = None
    settings = kept.get(("", datablock, ""))
    add_strip(data, action.name, action, slot, span, blend, animated=False, kept=settings)
    return item


def _pull_base(performance: Performance, item: Any, kept: Settings) -> None:
    """Make the performance's own Action the active one of a datablock again."""
    datablock: Any = item["datablock"]
    data: Any = datablock.animation_data
    if "record" in item:
        first = item.get("first")
        if first is not None and data is not None:
            take_off(datablock, first, item["record"].to_dict())
        return
    if data is None:
        return
    action, handle = performance.action, int(item["slot"])
    track = track_of(datablock, action, handle)
    if track is not None:
        kept["", datablock, ""] = StripSettings(track_mute=track.mute)
        remove_track(datablock, track)
    if data.action is None:
        data.action = action
        data.action_slot = find_slot(action, handle)
        data.action_blend_type = item["blend"]
        data.action_extrapolation, data.action_influence = "HOLD", 1.0
    data.use_nla = bool(item["use_nla"])
    for name in item["muted"]:
        if (muted := data.nla_tracks.get(name)) is not None:
            muted.mute = False
    if (active := data.nla_tracks.get(item["active_track"])) is not None:
        data.nla_tracks.active = active
