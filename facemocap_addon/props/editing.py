# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows when a person sets a number of the rig map: the map's text changes with it.

Blender makes one undo step of such an edit, however long the number was dragged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy

from ..core.controls import ControlKey
from ..core.errors import FacemocapError
from ..core.rig_maps.map_edits import entry_of, set_gain, tune
from ..core.rig_maps.response import Response
from ..core.rig_maps.response_shapes import CUSTOM, moved_point, shaped, span_of, with_point
from ..core.rig_maps.rig_map import RigMap
from .entry_view import edited_keys, fill_entry, sync_entry
from .maps import character_of, state_of, store_map, stored_map
from .quiet import is_quiet
from .rows import show_tab, sync_rows

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_scene
    from .map_groups import (
        FACEMOCAP_PG_entry,
        FACEMOCAP_PG_link,
        FACEMOCAP_PG_point,
        FACEMOCAP_PG_row,
        FACEMOCAP_PG_source,
    )


def short(number: float) -> float:
    """A property's number as the person typed it: Blender holds seven digits."""
    return float(f"{number:.7g}")


def link_changed(link: FACEMOCAP_PG_link, _context: bpy.types.Context) -> None:
    """Carry a gain that was set in the list of controls over to the rig map."""
    item, rig_map = _under_edit(link)
    if item is not None and rig_map is not None and not link.is_guess:
        gain = short(link.gain)
        _change(item, rig_map, link.key, lambda m, key: set_gain(m, key, link.channel, gain))


def source_changed(source: FACEMOCAP_PG_source, _context: bpy.types.Context) -> None:
    """Carry a channel's gain on the chosen control over to the rig map."""
    item, rig_map = _under_edit(source)
    if item is not None and rig_map is not None:
        name, gain = source.name, short(source.gain)
        _change(item, rig_map, item.entry.key, lambda m, key: set_gain(m, key, name, gain))


def offset_changed(view: FACEMOCAP_PG_entry, _context: bpy.types.Context) -> None:
    """Carry the offset over to the rig map."""
    item, rig_map = _under_edit(view)
    if item is not None and rig_map is not None:
        offset = short(view.offset)
        _change(item, rig_map, view.key, lambda m, key: tune(m, key, offset=offset))


def low_changed(view: FACEMOCAP_PG_entry, _context: bpy.types.Context) -> None:
    """Carry the lower limit over to the rig map; the upper one is not below it."""
    _limits_changed(view, view.low, max(view.low, view.high))


def high_changed(view: FACEMOCAP_PG_entry, _context: bpy.types.Context) -> None:
    """Carry the upper limit over to the rig map; the lower one is not above it."""
    _limits_changed(view, min(view.low, view.high), view.high)


def shape_changed(view: FACEMOCAP_PG_entry, _context: bpy.types.Context) -> None:
    """Give the response the chosen curve; own points begin with those that are there."""
    item, rig_map = _under_edit(view)
    entry = entry_of(rig_map, view.key) if rig_map is not None else None
    if item is None or rig_map is None or entry is None:
        return
    if view.shape == CUSTOM:
        points = entry.response or with_point((), span_of(entry))
    else:
        points = shaped(view.shape, span_of(entry))
    _change(item, rig_map, view.key, lambda m, key: tune(m, key, response=points))


def point_changed(point: FACEMOCAP_PG_point, _context: bpy.types.Context) -> None:
    """Carry a point of the response over to the rig map, kept between its neighbours."""
    item, rig_map = _under_edit(point)
    entry = entry_of(rig_map, item.entry.key) if item is not None and rig_map else None
    if item is None or rig_map is None or entry is None:
        return
    addresses = [other.as_pointer() for other in item.entry.points]
    place = addresses.index(point.as_pointer())
    if place < len(entry.response):
        points: Response = moved_point(entry.response, place, (short(point.x), short(point.y)))
        _change(item, rig_map, item.entry.key, lambda m, key: tune(m, key, response=points))


def row_chosen(item: FACEMOCAP_PG_character, _context: bpy.types.Context) -> None:
    """Show the chosen line's control."""
    if not is_quiet():
        fill_entry(item)


def link_chosen(row: FACEMOCAP_PG_row, _context: bpy.types.Context) -> None:
    """Show the chosen control."""
    item = None if is_quiet() else character_of(row)
    if item is not None:
        fill_entry(item)


def tab_chosen(state: FACEMOCAP_PG_scene, _context: bpy.types.Context) -> None:
    """Choose a line of the list that is shown now."""
    if not is_quiet():
        for item in state.characters:
            show_tab(state, item)
            fill_entry(item)


def _limits_changed(view: FACEMOCAP_PG_entry, low: float, high: float) -> None:
    item, rig_map = _under_edit(view)
    if item is not None and rig_map is not None:
        limits = short(low), short(high)
        _change(item, rig_map, view.key, lambda m, key: tune(m, key, limits=limits))


def _under_edit(group: Any) -> tuple[FACEMOCAP_PG_character | None, RigMap | None]:
    """The character that a person edits, and its map; nothing while the program fills it."""
    item = None if is_quiet() else character_of(group)
    try:
        return item, stored_map(item) if item is not None else None
    except FacemocapError:
        # a newer version's map is left as it is
        return None, None


def _change(
    item: FACEMOCAP_PG_character,
    before: RigMap,
    key: ControlKey,
    edit: Callable[[RigMap, ControlKey], RigMap],
) -> None:
    """Edit a control, or it and those alike; keep the map and show it, making no line anew."""
    after = before
    for each in edited_keys(item, before, key):
        after = edit(after, each)
    if after != before:
        store_map(item, after)
        item.is_edited = True
        sync_rows(state_of(item.id_data), item, after)
    sync_entry(item, after)
