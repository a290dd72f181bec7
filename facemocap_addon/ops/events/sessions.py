# SPDX-License-Identifier: GPL-3.0-or-later
"""Events in a person's hand: where they would be for each place of the mouse, shown and taken back.

It knows no window: operators feed it with frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.errors import FacemocapError
from ...core.events.listing import records
from ...core.events.listing.handles import APEX
from ...core.events.listing.listed import BLINKS, KINDS, EventName, Listed
from ...gateway.events.dragging import BlinkDrag, begin_drag
from ...props import EventView
from .panel_events import Chosen

#: What can be typed while events are dragged.
_DIGITS = "0123456789.-"


class DragSession:
    """Some events while they are moved, or stretched.

    Parameters
    ----------
    chosen : Chosen
    events : sequence of Listed
    part : str
        What is in hand: of `core.events.listing.handles.PARTS`.
    """

    def __init__(self, chosen: Chosen, events: Sequence[Listed], part: str = APEX) -> None:
        self.chosen = chosen
        self.events = list(events)
        self.part = part
        names = [event.name for event in events if event.name.kind == BLINKS]
        self._drag: BlinkDrag | None = None
        if names:
            self._drag = begin_drag(chosen.scene, chosen.source, names)
        self._rows = {row.key: n for n, row in enumerate(chosen.item.events.rows)}

    def edits(self, kind: str, offset: float) -> tuple[Any, ...]:
        """Edits of a kind after the events went so many frames."""
        return moved_edits(self.chosen, self.events, kind, offset, self.part)

    def show(self, offset: float) -> None:
        """Show the events so many frames later; nothing is kept."""
        places: dict[int, tuple[float, float, float]] = {}
        source = self.chosen.source
        if self._drag is not None:
            for event in self._drag.show(self.edits(BLINKS, offset)):
                row = self._rows.get(event.name.key)
                if row is not None:
                    places[row] = (
                        source.frame(event.apex_s),
                        source.frame(event.onset_s),
                        source.frame(event.offset_s),
                    )
        for event in self.events:
            row = self._rows.get(event.name.key)
            if event.name.kind != BLINKS and row is not None:
                places[row] = _shifted(self.chosen, event, offset, self.part)
        EventView.drag(self.chosen.item, places)

    def end(self) -> None:
        """Take back what was shown: all keys are as they were, to the bit."""
        EventView.drag(self.chosen.item, None)
        if self._drag is not None:
            self._drag.restore()


def moved_edits(
    chosen: Chosen, events: Sequence[Listed], kind: str, offset: float, part: str
) -> tuple[Any, ...]:
    """Edits of a kind after some events went so many frames, or one edge of them."""
    edits: tuple[Any, ...] = tuple(chosen.edits(kind))
    by_s = offset / chosen.source.clock.rate_hz
    for event in events:
        if event.name.kind != kind or by_s == 0.0:
            continue
        if part == APEX:
            edits = tuple(records.move_to(edits, event, event.apex_s + by_s))
            continue
        edge = event.onset_s if part == "ONSET" else event.offset_s
        stretched = records.stretch_to(edits, event, part, edge + by_s)
        if stretched is None:
            raise FacemocapError(
                "This event cannot be stretched there", "Drag its middle to move it"
            )
        edits = tuple(stretched)
    return edits


def put_moved(chosen: Chosen, events: Sequence[Listed], offset: float, part: str) -> None:
    """Put what `moved_edits` gives into the stack."""
    for kind in KINDS:
        if any(event.name.kind == kind for event in events):
            edits = moved_edits(chosen, events, kind, offset, part)
            if edits != tuple(chosen.edits(kind)):
                chosen.put(kind, edits)


def _shifted(chosen: Chosen, event: Listed, offset: float, part: str) -> tuple[float, float, float]:
    apex, onset, end = (
        chosen.source.frame(at) for at in (event.apex_s, event.onset_s, event.offset_s)
    )
    if part == APEX:
        return apex + offset, onset + offset, end + offset
    return (apex, onset + offset, end) if part == "ONSET" else (apex, onset, end + offset)


def events_of_names(chosen: Chosen, names: Sequence[EventName]) -> list[Listed]:
    """Events that are there; without any, a sentence."""
    found = [event for event in chosen.named(names) if not event.is_gone]
    if not found:
        raise FacemocapError("The event is no longer there", "Choose another one")
    return found


class Typed:
    """A number that is typed while something is dragged."""

    def __init__(self) -> None:
        self.text = ""

    def key(self, kind: str, letter: str) -> bool:
        """Take a key; whether it belongs to a number."""
        if kind == "BACK_SPACE":
            self.text = self.text[:-1]
            return True
        if letter and letter in _DIGITS:
            # a second minus turns the sign back
            if letter == "-":
                self.text = self.text[1:] if self.text.startswith("-") else "-" + self.text
            elif letter != "." or "." not in self.text:
                self.text += letter
            return True
        return False

    @property
    def value(self) -> float | None:
        """The number; None where there is none yet."""
        try:
            return float(self.text)
        except ValueError:
            return None
