# SPDX-License-Identifier: GPL-3.0-or-later
"""The channel list: the lines of a rig map as property groups that a list can draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.rig_maps.map_view import IDLE, MATCHED, UNCERTAIN, UNMATCHED, Line, Link, list_lines
from ..core.rig_maps.rig_map import RigMap
from .choices import TAB_ROWS
from .entry_view import fill_entry
from .maps import listed_controls, stored_findings, stored_map
from .quiet import quiet

if TYPE_CHECKING:
    from .groups import FACEMOCAP_PG_character, FACEMOCAP_PG_scene
    from .map_groups import FACEMOCAP_PG_link, FACEMOCAP_PG_row


def refresh_rows(state: FACEMOCAP_PG_scene, item: FACEMOCAP_PG_character) -> None:
    """Fill a character's list for the chosen take; without one, for all channels of the map."""
    rig_map = stored_map(item)
    if rig_map is None:
        return
    lines = _lines(state, item, rig_map)
    with quiet():
        chosen = item.rows[item.active_row].name if item.active_row < len(item.rows) else ""
        places = {row.name: row.active_link for row in item.rows}
        item.rows.clear()
        for line in lines:
            row = item.rows.add()
            _fill_row(row, line)
            for link in line.links:
                _fill_link(row.links.add(), link)
            row.active_link = min(places.get(line.name, 0), max(len(line.links) - 1, 0))
        item.active_row = max(0, item.rows.find(chosen))
        _count(item, lines)
    show_tab(state, item)
    fill_entry(item, rig_map)


def sync_rows(state: FACEMOCAP_PG_scene, item: FACEMOCAP_PG_character, rig_map: RigMap) -> None:
    """Show changed values in the list as it stands.

    While a person drags a number the property's own memory must not be freed, as it is when lines
    are made anew.
    """
    lines = _lines(state, item, rig_map)
    with quiet():
        for line in lines:
            row = item.rows.get(line.name)
            if row is None:
                continue
            _fill_row(row, line)
            links = {link.control: link for link in line.links}
            for group in row.links:
                if group.key in links:
                    _fill_link(group, links[group.key])
        _count(item, lines)


def show_tab(state: FACEMOCAP_PG_scene, item: FACEMOCAP_PG_character) -> None:
    """Choose a line of the list that is shown, unless one of it is chosen; none of an empty one."""
    kinds = TAB_ROWS[state.tab]
    if item.active_row < len(item.rows) and item.rows[item.active_row].status in kinds:
        return
    first = (number for number, row in enumerate(item.rows) if row.status in kinds)
    with quiet():
        item.active_row = next(first, len(item.rows))


def choose_row(state: FACEMOCAP_PG_scene, item: FACEMOCAP_PG_character, name: str) -> None:
    """Choose a line by its name, in the list that has it."""
    number = item.rows.find(name)
    if number < 0:
        return
    status = item.rows[number].status
    with quiet():
        item.active_row = number
        state.tab = next(tab for tab, kinds in TAB_ROWS.items() if status in kinds)
    fill_entry(item)


def _lines(state: FACEMOCAP_PG_scene, item: FACEMOCAP_PG_character, rig_map: RigMap) -> list[Line]:
    names = [*rig_map.channels, *rig_map.unmatched_channels]
    if state.takes:
        take = state.takes[min(state.active_take, len(state.takes) - 1)]
        names = take.channels.splitlines()
    return list_lines(rig_map, names, listed_controls(item), stored_findings(item))


def _fill_row(row: FACEMOCAP_PG_row, line: Line) -> None:
    row.name = line.name
    row.status = line.status
    row.region = line.region
    row.summary = line.summary
    row.confidence = line.confidence


def _fill_link(group: FACEMOCAP_PG_link, link: Link) -> None:
    key = link.control
    group.name, group.title = link.label, link.title or link.label
    group.channel = link.channel
    group.kind, group.owner, group.path, group.index = key.kind, key.owner, key.path, key.index
    group.gain = link.gain
    group.confidence = link.confidence
    group.low, group.high = link.limits
    group.how = link.how
    group.is_guess = link.is_guess
    group.turns = link.turns


def _count(item: FACEMOCAP_PG_character, lines: list[Line]) -> None:
    kinds = [line.status for line in lines]
    item.matched_count = kinds.count(MATCHED)
    item.uncertain_count = kinds.count(UNCERTAIN)
    item.unmatched_count = kinds.count(UNMATCHED)
    item.unused_count = kinds.count(IDLE)
    item.driving_count = sum(
        line.status == MATCHED or (line.status == UNCERTAIN and not line.links[0].is_guess)
        for line in lines
    )
