# SPDX-License-Identifier: GPL-3.0-or-later
"""Other values into keys that are there already: what a slider needs that is being dragged.

Where a performance is written again with the same curves on the same frames, its Action stays
assigned and its keys stay keys; only what differs is touched. The outcome is the same as that of
writing it anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import bpy

from ..layer_tracks.strips import plays_slot
from ..writing.drafts import remember_contacts
from ..writing.edited_slots import write_in_slot
from ..writing.hand_edits import Carried
from ..writing.kept_options import options_text
from ..writing.kept_stacks import OPTIONS, keep_stack
from ..writing.preparing import Prepared
from ..writing.records import KEY, Performance
from ..writing.written import Written, store_written

#: First and last frame of the keys.
SPAN = "span"


def rewrite(
    prepared: Prepared, present: Performance, carried: Sequence[Carried], waiting: list[Written]
) -> int | None:
    """Write a performance again in place; the number of keys, or None where it must be anew."""
    action = present.action
    slots = _same_slots(prepared, present, carried)
    if slots is None:
        return None
    keys = 0
    for each, own in zip(carried, slots, strict=True):
        head = [c for c in each.target.curves if c.path in each.target.head_paths]
        face = [c for c in each.target.curves if c.path not in each.target.head_paths]
        parts = [each.target.curves] if len(own) == 1 else [head, face]
        for slot, curves in zip(own, parts, strict=True):
            keys += write_in_slot(action, slot, each, curves)
    record = action[KEY]
    if prepared.rig_map is not present.rig_map:
        record["rig_map"] = json.dumps(prepared.rig_map.to_json(), ensure_ascii=False)
    keep_stack(record, prepared)
    remember_contacts(action, prepared)
    store_written(record, [*(each.written for each in carried), *waiting])
    action.update_tag()
    return keys


def _same_slots(
    prepared: Prepared, present: Performance, carried: Sequence[Carried]
) -> list[list[bpy.types.ActionSlot]] | None:
    """The slots of each datablock, where everything but values is as it was; else None."""
    record: Any = present.action[KEY]
    span = [float(prepared.frames[0]), float(prepared.frames[-1])]
    if (
        record.get(OPTIONS) != options_text(prepared.options)
        or list(record.get(SPAN, ())) != span
        or prepared.kept.beyond
        or len(record.get("sliders", ()))
        or not _has_range(prepared, record)
        or [item.get("object") for item in record["meshes"]] != list(prepared.picked.meshes)
        or record.get("armature") != prepared.picked.armature
        or [item.get("datablock") for item in record["targets"]]
        != [each.target.datablock for each in carried]
    ):
        return None
    slots = [_own_slots(present.action, each) for each in carried]
    return [own for own in slots if own] if all(slots) else None


def _has_range(prepared: Prepared, record: Any) -> bool:
    """Whether the scene has the range that the performance gives it."""
    if "range_set" not in record:
        return not prepared.options.set_scene_range
    scene = prepared.scene
    return list(record["range_set"]) == [scene.frame_start, scene.frame_end]


def _own_slots(action: bpy.types.Action, carried: Carried) -> list[bpy.types.ActionSlot]:
    """A datablock's slots, of which the first plays and has the curves that it is to get."""
    before, written = carried.before, carried.written
    data = carried.target.datablock.animation_data
    if before is None or data is None:
        return []
    if before.curves.keys() != written.curves.keys():
        return []
    slots = [slot for slot in action.slots if slot.handle in written.slots]
    if len(slots) != len(written.slots) or not plays_slot(data, action, written.slots[0]):
        return []
    return slots
