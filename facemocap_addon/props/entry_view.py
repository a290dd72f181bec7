# SPDX-License-Identifier: GPL-3.0-or-later
"""The chosen control of the list with everything that can be set on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.rig_maps.map_edits import alike, entry_of, is_fitted
from ..core.rig_maps.map_view import turns
from ..core.rig_maps.response import Response
from ..core.rig_maps.response_shapes import shape_of, span_of
from ..core.rig_maps.rig_map import RigMap, RigMapEntry
from .maps import stored_findings, stored_map
from .quiet import quiet

if TYPE_CHECKING:
    from ..core.controls import ControlKey
    from .groups import FACEMOCAP_PG_character
    from .map_groups import FACEMOCAP_PG_entry, FACEMOCAP_PG_link


def chosen_link(item: FACEMOCAP_PG_character) -> FACEMOCAP_PG_link | None:
    """The control that is chosen below the list, or None."""
    if item.active_row >= len(item.rows):
        return None
    row = item.rows[item.active_row]
    return row.links[min(row.active_link, len(row.links) - 1)] if row.links else None


def fill_entry(item: FACEMOCAP_PG_character, rig_map: RigMap | None = None) -> None:
    """Show the chosen control's entry."""
    rig_map = rig_map or stored_map(item)
    link, view = chosen_link(item), item.entry
    with quiet():
        view.sources.clear()
        view.points.clear()
        view.path = view.name = view.moves = view.how = ""
        view.alike_count = 0
        view.is_driven = view.is_guess = view.is_fitted = False
        if rig_map is None or link is None:
            return
        view.name = link.name
        view.kind, view.owner, view.path, view.index = link.kind, link.owner, link.path, link.index
        view.is_guess = link.is_guess
        view.confidence = link.confidence
        view.turns = turns(link.key, link.channel)
        view.moves = "\n".join(stored_findings(item).moves.get(link.key, ()))
        entry = entry_of(rig_map, link.key)
        if entry is not None:
            _fill_values(view, entry)
            view.alike_count = len(alike(rig_map, link.key))
            view.is_fitted = is_fitted(rig_map, link.key)


def sync_entry(item: FACEMOCAP_PG_character, rig_map: RigMap) -> None:
    """Show changed values of the chosen control; its parts stay as many as they are."""
    view = item.entry
    entry = entry_of(rig_map, view.key)
    if entry is None or len(entry.sources) != len(view.sources):
        return
    with quiet():
        view.confidence, view.how = entry.confidence, entry.how
        view.is_fitted = is_fitted(rig_map, view.key)
        view.offset = entry.offset
        view.low, view.high = entry.limits
        for group, source in zip(view.sources, entry.sources, strict=True):
            group.gain = source.gain
        _fill_points(view, entry)


def _fill_values(view: FACEMOCAP_PG_entry, entry: RigMapEntry) -> None:
    view.is_driven = True
    view.confidence, view.how = entry.confidence, entry.how
    for source in entry.sources:
        group = view.sources.add()
        group.name, group.over, group.gain = source.channel, source.over, source.gain
        group.turns = turns(entry.control, source.channel)
    view.turns = any(group.turns for group in view.sources)
    view.offset = entry.offset
    view.low, view.high = entry.limits
    _fill_points(view, entry)


def _fill_points(view: FACEMOCAP_PG_entry, entry: RigMapEntry) -> None:
    points: Response = entry.response
    if len(points) != len(view.points):
        view.points.clear()
        for _ in points:
            view.points.add()
    for group, (before, after) in zip(view.points, points, strict=True):
        group.x, group.y = before, after
    view.shape = shape_of(points, span_of(entry))


def edited_keys(
    item: FACEMOCAP_PG_character, rig_map: RigMap, key: ControlKey
) -> tuple[ControlKey, ...]:
    """The controls that an edit of one is for: it alone, or the same shape on all meshes."""
    return alike(rig_map, key) if item.edit_alike else (key,)
