# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an applied take plays: from a strip whose curves no editor shows, and on other objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import bpy

from ..writing.records import Performance, is_ours, performances

if TYPE_CHECKING:
    from .gathering import Gathered


def animated_of(objects: Iterable[bpy.types.Object]) -> list[Any]:
    """All of some objects that can be animated: themselves, their data, its shape keys."""
    out: dict[int, Any] = {}
    for obj in objects:
        data: Any = obj.data
        for each in (obj, data, getattr(data, "shape_keys", None)):
            if each is not None:
                out[each.as_pointer()] = each
    return list(out.values())


def plays_from_strip(objects: Iterable[bpy.types.Object]) -> bool:
    """Whether an Action of ours plays from an NLA strip on some objects, so that none shows it."""
    found = [each.animation_data for each in animated_of(objects)]
    return any(
        is_ours(strip.action) and data.action != strip.action
        for data in found
        if data is not None
        for track in data.nla_tracks
        for strip in track.strips
    )


def ours_among(gathered: Gathered) -> list[Performance]:
    """Performances whose curves were gathered."""
    actions = gathered.actions
    return [found for found in performances() if found.action in actions]


def left_behind(gathered: Gathered) -> list[str]:
    """Names of a performance's objects that have the same shape keys, and were not gathered."""
    held: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in gathered.held:
        if each.path.startswith("key_blocks["):
            held[each.fcurves[0].id_data.as_pointer()][each.slot].add(each.path)
    out: list[str] = []
    for performance in ours_among(gathered):
        own = held.get(performance.action.as_pointer(), {})
        paths = set().union(*own.values())
        for layer in performance.action.layers:
            bags: Any = [bag for strip in layer.strips for bag in strip.channelbags]
            for bag in bags:
                theirs = {f.data_path for f in bag.fcurves} & paths
                if theirs - own.get(int(bag.slot_handle), set()):
                    out += _names_of(performance, int(bag.slot_handle))
    return sorted(set(out))


def _names_of(performance: Performance, handle: int) -> list[str]:
    """Objects whose shape keys a slot moves."""
    return [
        obj.name
        for obj in performance.picked_objects()
        if (keys := getattr(obj.data, "shape_keys", None)) is not None
        and (data := keys.animation_data) is not None
        and data.action == performance.action
        and data.action_slot is not None
        and data.action_slot.handle == handle
    ]
