# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel list: a rig map as lines that a person can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..core.channels import squeeze
from ..core.controls import BONE, Control, ControlKey
from ..core.rig_map import RigMap
from .maps import stored_map

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_row, FACEMOCAP_PG_scene

_AXES = "XYZ"
_MOVEMENT = re.compile(r" (?:turn|move) [XYZ]$")


def control_label(key: ControlKey, control: Control | None) -> str:
    """What a person calls a control: its name, the part of it, and the object that has it."""
    name = control.name if control else key.path
    if key.kind == BONE:
        movement = "turn" if key.path.endswith(".rotation") else "move"
        name = f"{name} {movement} {_AXES[key.index]}"
    return f"{name} · {key.owner}"


def control_labels(controls: Mapping[ControlKey, Control]) -> dict[str, ControlKey]:
    """Every control by its label; a label that two would share gets the data path added."""
    labels: dict[str, ControlKey] = {}
    for key, control in controls.items():
        label = control_label(key, control)
        labels[f"{label} · {key.path}" if label in labels else label] = key
    return labels


def refresh_rows(state: FACEMOCAP_PG_scene, item: FACEMOCAP_PG_character) -> None:
    """Fill a character's list for the chosen take; without one, for all channels of the map."""
    rig_map = stored_map(item)
    if rig_map is None:
        return
    names = [*rig_map.channels, *rig_map.unmatched_channels]
    if state.takes:
        take = state.takes[min(state.active_take, len(state.takes) - 1)]
        names = take.channels.splitlines()
    fill_rows(item, rig_map, names, listed_controls(item))


def control_record(control: Control) -> dict[str, object]:
    """What the panel must remember of a control, as plain values."""
    return {
        "kind": control.kind,
        "owner": control.owner,
        "path": control.path,
        "index": control.index,
        "name": control.name,
        "rest": control.rest,
        "range": list(control.range),
    }


def listed_controls(item: FACEMOCAP_PG_character) -> dict[ControlKey, Control]:
    """The controls that were read when the character was matched."""
    records = json.loads(item.controls_json or "[]")
    controls = [Control(**{**record, "range": tuple(record["range"])}) for record in records]
    return {control.key: control for control in controls}


def fill_rows(
    item: FACEMOCAP_PG_character,
    rig_map: RigMap,
    channels: Iterable[str],
    controls: Mapping[ControlKey, Control],
) -> None:
    """Fill the list from the map: channels in the take's order, then controls nothing drives."""
    chosen = item.rows[item.active_row].name if item.active_row < len(item.rows) else ""
    item.rows.clear()
    names = list(channels)
    recorded = set(names)
    driven = {entry.control for entry in rig_map.entries}
    matched = {s.channel for e in rig_map.entries for s in e.sources} & recorded
    for name in names:
        row = item.rows.add()
        row.name = name
        row.status = "MATCHED" if name in matched else "UNMATCHED"
        if name in matched:
            _fill_links(row, rig_map, controls)
    unused = _unused(rig_map, driven, controls)
    for label in unused:
        row = item.rows.add()
        row.name = label
        row.status = "CONTROLS"
    item.matched_count = len(matched)
    item.unmatched_count = len(recorded) - len(matched)
    item.unused_count = len(unused)
    item.active_row = max(0, item.rows.find(chosen))


def _unused(
    rig_map: RigMap, driven: set[ControlKey], controls: Mapping[ControlKey, Control]
) -> list[str]:
    """Shape keys and properties that nothing drives, and idle bones of the face, once each."""
    labels = [
        control_label(key, control)
        for key, control in controls.items()
        if key.kind != BONE and key not in driven
    ]
    bones = {c.name: key for key, c in controls.items() if key.kind == BONE}
    moving = {controls[key].name for key in driven if key.kind == BONE and key in controls}
    idle = [name for name in rig_map.unmatched_controls if name in bones and name not in moving]
    return labels + [f"{name} · {bones[name].owner}" for name in idle]


def _fill_links(
    row: FACEMOCAP_PG_row, rig_map: RigMap, controls: Mapping[ControlKey, Control]
) -> None:
    for entry in rig_map.entries:
        for source in entry.sources:
            if source.channel != row.name:
                continue
            link = row.links.add()
            key = entry.control
            link.name = control_label(key, controls.get(key))
            link.channel = source.channel
            link.kind, link.owner, link.path, link.index = key.kind, key.owner, key.path, key.index
            link.gain = source.gain
    row.summary = _summary(row)


def _summary(row: FACEMOCAP_PG_row) -> str:
    """What a channel drives in a few words.

    Shape keys of one name on several meshes count as one, as do the components of a bone; of a
    control that has the channel's own name the object is enough.
    """
    owners: dict[str, list[str]] = {}
    for link in row.links:
        name = _MOVEMENT.sub("", link.name.rpartition(" · ")[0])
        owners.setdefault(name, []).append(link.owner)
    return ", ".join(_in_short(name, set(held), row.name) for name, held in owners.items())


def _in_short(name: str, owners: set[str], channel: str) -> str:
    where = next(iter(owners)) if len(owners) == 1 else f"{len(owners)} meshes"
    if squeeze(name) == squeeze(channel):
        return where
    return name if len(owners) == 1 else f"{name} ×{len(owners)}"
