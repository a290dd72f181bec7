# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of what plays on a character, in the panel's list, kept up to date with what is run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..core.errors import FacemocapError
from ..core.events.listing.knobs import KNOBS
from ..core.events.listing.listed import KINDS, Listed
from ..core.events.listing.records import value_of
from ..core.events.listing.steps import edits_of
from ..gateway.events.reading import EventTake, event_take, eye_opening
from ..gateway.writing.records import Performance, find_performance
from ..props import (
    EventView,
    EyeOpening,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_event,
    quiet,
)
from .panel_characters import picked_objects

_SIDES = {"B": 0, "L": 1, "R": 2}


def show_events(
    item: FACEMOCAP_PG_character, performance: Performance | None, *, drafts: bool = False
) -> None:
    """List the events of what plays on a character.

    Those of a draft wait until it is run in earnest, unless ``drafts`` asks for them.
    """
    scene: Any = item.id_data
    if performance is not None and item.stack.is_draft and not drafts and len(item.events.rows):
        return
    try:
        source = event_take(scene, performance) if performance is not None else None
        fill_rows(item, source)
    except FacemocapError as problem:
        item.events.rows.clear()
        item.events.problem = str(problem)


def fill_rows(item: FACEMOCAP_PG_character, source: EventTake | None) -> None:
    """Fill the list; what was selected and chosen stays so."""
    view = item.events
    listed: list[Listed] = []
    if source is not None:
        listed = [event for kind in KINDS if kind in view.kinds for event in source.listed(kind)]
        listed.sort(key=lambda event: event.apex_s)
    selected = {row.key for row in view.rows if row.selected}
    active = view.rows[view.active].key if view.active < len(view.rows) else ""
    keys = [event.name.key for event in listed]
    with quiet():
        while len(view.rows) > len(listed):
            view.rows.remove(len(view.rows) - 1)
        while len(view.rows) < len(listed):
            view.rows.add()
        for row, event in zip(view.rows, listed, strict=True):
            assert source is not None
            _fill(row, event, source)
            row.selected = row.key in selected
        if active in keys:
            view.active = keys.index(active)
        view.active = max(min(view.active, len(keys) - 1), 0)
        view.problem = ""
    show_numbers(item, listed, source)
    opening = None
    if source is not None:
        frames, eyes = eye_opening(source)
        opening = EyeOpening(frames, eyes) if eyes else None
    EventView.show_opening(item, opening)


def _fill(row: FACEMOCAP_PG_event, event: Listed, source: EventTake) -> None:
    row.key, row.what = event.name.key, event.what
    row.name = event.what
    row.kind, row.side = KINDS.index(event.name.kind), _SIDES[event.side]
    row.frame, row.onset, row.offset = (
        source.frame(each) for each in (event.apex_s, event.onset_s, event.offset_s)
    )
    row.duration_s, row.amplitude = event.duration_s, event.amplitude
    row.closure = event.closure
    row.is_edited, row.is_gone, row.is_new = event.is_edited, event.is_gone, event.is_new


def show_numbers(
    item: FACEMOCAP_PG_character, listed: Sequence[Listed], source: EventTake | None
) -> None:
    """Show the numbers of the chosen event."""
    view = item.events
    if source is None or not view.active < len(listed):
        return
    event = listed[view.active]
    edits = edits_of(source.stack, event.name.kind)
    group = getattr(view.knobs, event.name.kind)
    with quiet():
        view.frame = source.frame(event.apex_s)
        for knob in KNOBS[event.name.kind]:
            setattr(group, knob.name, value_of(edits, event, knob.op))


def show_again(item: FACEMOCAP_PG_character, *, drafts: bool = False) -> None:
    """List a character's events anew; ``drafts`` as `show_events`."""
    try:
        scene: Any = item.id_data
        performance = find_performance(picked_objects(item, scene))
    except FacemocapError:
        performance = None
    show_events(item, performance, drafts=drafts)


def whole_frame(frame: float) -> int:
    """The whole frame of a moment."""
    return math.floor(frame + 0.5)
