# SPDX-License-Identifier: GPL-3.0-or-later
"""Events in the panel: listed from what plays, and edits of them put into the stack and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.events.listing.listed import KINDS, ONE, EventName, Listed, name_from_key
from ...core.events.listing.steps import edits_of, step_place, with_edits
from ...core.report import Report
from ...core.stack.stack import Stack
from ...gateway.events.reading import EventTake, event_take, need_untweaked
from ...gateway.takes.rerunning import need_performance
from ...props import FACEMOCAP_PG_character, quiet, stored_stack
from ..event_rows import show_again
from ..panel_characters import picked_objects
from ..panel_stack import change_stack, with_keys
from ..stack import run_changed

# ---------------------------------------------------------------- what is meant


@dataclass
class Chosen:
    """Events of a character, of which some are meant, and what their edits go into."""

    scene: bpy.types.Scene
    item: FACEMOCAP_PG_character
    source: EventTake
    stack: Stack

    def edits(self, kind: str) -> tuple[Any, ...]:
        """Edits of a kind."""
        return edits_of(self.stack, kind)

    def put(self, kind: str, edits: Sequence[Any]) -> None:
        """Give the stack other edits of a kind."""
        place = step_place(self.stack, kind)
        if place is not None and not self.stack.steps[place].acts:
            raise FacemocapError(
                f"Step {place + 1} keeps edits of these events and is switched off",
                "Switch it on in Cleanup",
            )
        before = len(self.stack.steps)
        self.stack, place, added = with_edits(self.stack, kind, edits)
        if added:
            places: dict[int, int | None] = {old: old + 1 for old in range(place, before)}
            change_stack(self.scene, self.item, self.stack, place, places)

    def all(self, kind: str) -> tuple[Listed, ...]:
        """Events of a kind."""
        return self.source.listed(kind)

    def named(self, names: Sequence[EventName]) -> list[Listed]:
        """Events of these names that are there, in order."""
        wanted = set(names)
        kinds = [kind for kind in KINDS if any(name.kind == kind for name in names)]
        return [event for kind in kinds for event in self.all(kind) if event.name in wanted]

    def run(self, summary: str) -> Report:
        """Have the changed stack run."""
        change_stack(self.scene, self.item, self.stack, self.item.stack.active)
        report = run_changed(self.scene, self.item, summary)
        # of a draft too: a handle that was dragged stays where it was put
        show_again(self.item, drafts=True)
        return report


def chosen_events(scene: bpy.types.Scene, item: FACEMOCAP_PG_character) -> Chosen:
    """Events of what plays on a character.

    Raises
    ------
    FacemocapError
        When nothing plays on it, its recording is gone, or a strip of it is being edited.
    """
    performance = need_performance(picked_objects(item, scene))
    need_untweaked(performance)
    source = event_take(scene, performance)
    stack = with_keys(scene, item, stored_stack(item), performance)
    return Chosen(scene, item, source, stack)


def names_meant(item: FACEMOCAP_PG_character, kinds: Sequence[str] = KINDS) -> list[EventName]:
    """Names of events that are selected, else of the chosen one; of some kinds alone."""
    rows = item.events.rows
    names = [name_from_key(rows[n].key) for n in _numbers_meant(item)]
    return [name for name in names if name.kind in kinds]


def _numbers_meant(item: FACEMOCAP_PG_character) -> list[int]:
    """Rows that are selected, else the chosen one."""
    rows = item.events.rows
    selected = np.zeros(len(rows), np.bool_)
    rows.foreach_get("selected", selected)
    numbers: list[int] = np.flatnonzero(selected).tolist()
    if not numbers and item.events.active < len(rows):
        numbers = [item.events.active]
    return numbers


def refusal(item: FACEMOCAP_PG_character, kinds: Sequence[str]) -> str:
    """Which events something is for, where others alone are meant; else empty."""
    rows = item.events.rows
    meant = {KINDS[min(rows[n].kind, len(KINDS) - 1)] for n in _numbers_meant(item)}
    if not meant or meant & set(kinds):
        return ""
    return f"This is for {' and '.join(f'{ONE[kind]}s' for kind in kinds)}"


def need_meant(chosen: Chosen, kinds: Sequence[str] = KINDS, *, gone: bool = False) -> list[Listed]:
    """Events that are meant and there; without any, a sentence."""
    events = chosen.named(names_meant(chosen.item, kinds))
    events = [event for event in events if gone or not event.is_gone]
    if not events and (other := refusal(chosen.item, kinds)):
        raise FacemocapError(other, f"Choose a {ONE[kinds[0]]}")
    if not events:
        raise FacemocapError("No event is chosen that this could be done to", "Choose one")
    return events


def choose_name(item: FACEMOCAP_PG_character, names: Sequence[EventName]) -> None:
    """Choose and select events in the list."""
    keys = {name.key for name in names}
    with quiet():
        for number, row in enumerate(item.events.rows):
            row.selected = row.key in keys
            if row.key in keys:
                item.events.active = number
