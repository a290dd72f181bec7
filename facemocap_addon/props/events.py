# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of what plays on a character: the list, the numbers of the chosen one, what is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.events.listing.knobs import KNOBS, Knob
from ..core.events.listing.listed import KINDS, ONE
from . import event_editing

#: Words for kinds of events, as the panel's buttons have them.
KIND_LABELS = {
    "blinks": "Blinks",
    "gaze": "Gaze Darts",
    "lips": "Lip Contacts",
    "transitions": "Transitions",
}
_KIND_ITEMS = [
    (kind, KIND_LABELS[kind], f"List each {ONE[kind]} of what plays", 1 << number)
    for number, kind in enumerate(KINDS)
]


class FACEMOCAP_PG_event(bpy.types.PropertyGroup):
    """One event as the list shows it."""

    key: StringProperty(name="Key", description="What edits of this event name it by")
    kind: IntProperty(name="Kind", description="Number of its kind: blinks come first", min=0)
    what: StringProperty(name="What", description="What kind of blink, contact or transition")
    side: IntProperty(name="Side", description="0 for both, 1 for left, 2 for right", min=0)
    frame: FloatProperty(name="Frame", description="Scene frame of its peak")
    onset: FloatProperty(name="Onset", description="Scene frame on which it begins")
    offset: FloatProperty(name="Offset", description="Scene frame on which it ends")
    duration_s: FloatProperty(name="Duration", description="From beginning to end, in seconds")
    amplitude: FloatProperty(
        name="Amplitude", description="How far it goes: coefficient, or degrees of the gaze"
    )
    closure: FloatProperty(
        name="Closure", description="How far the eye closes, as a part of a full blink"
    )
    is_edited: BoolProperty(name="Edited", description="It has edits of its own")
    is_gone: BoolProperty(name="Deleted", description="It was deleted; reset it to have it back")
    is_new: BoolProperty(name="New", description="It was put in, and is not in the recording")
    selected: BoolProperty(
        name="Selected", description="Buttons act on all events that are selected", options=set()
    )


def _make_knobs(kind: str) -> type:
    annotations: dict[str, Any] = {knob.name: _knob_property(knob) for knob in KNOBS[kind]}
    return type(
        f"FACEMOCAP_PG_knobs_{kind}",
        (bpy.types.PropertyGroup,),
        {
            "__annotations__": annotations,
            "__doc__": f"Numbers of the chosen {ONE[kind]}.",
            "__module__": __name__,
        },
    )


def _knob_property(knob: Knob) -> Any:
    soft: dict[str, Any] = {}
    if knob.unit == "s" and knob.low < 0:
        soft = {"soft_min": -1.0, "soft_max": 1.0}
    if knob.unit == "s" and knob.low >= 0 and knob.high > 2.0:
        soft = {"soft_max": 2.0}
    return FloatProperty(
        name=f"{knob.label} (s)" if knob.unit == "s" else knob.label,
        description=knob.what,
        default=knob.neutral if knob.neutral is not None else max(knob.low, 0.0),
        min=knob.low,
        max=knob.high,
        step=1 if knob.unit == "s" else 5,
        precision=3,
        options=set(),
        update=_update(knob.name),
        **soft,
    )


def _update(name: str) -> Callable[[Any, Any], None]:
    return lambda group, context: event_editing.value_changed(group, name, context)


KNOB_GROUPS = {kind: _make_knobs(kind) for kind in KINDS}
FACEMOCAP_PG_knobs: Any = type(
    "FACEMOCAP_PG_knobs",
    (bpy.types.PropertyGroup,),
    {
        "__annotations__": {
            kind: PointerProperty(
                type=group,
                name=KIND_LABELS[kind],
                description=f"Numbers of the chosen {ONE[kind]}",
            )
            for kind, group in KNOB_GROUPS.items()
        },
        "__doc__": "Numbers of the chosen event: of all kinds, those of its own are shown.",
        "__module__": __name__,
    },
)


class FACEMOCAP_PG_events(bpy.types.PropertyGroup):
    """Events of what plays on a character."""

    rows: CollectionProperty(
        type=FACEMOCAP_PG_event, name="Events", description="Events in the order of time"
    )
    active: IntProperty(
        name="Event",
        description="Event whose numbers are shown; the playhead goes there",
        min=0,
        options=set(),
        update=event_editing.event_chosen,
    )
    frame: FloatProperty(
        name="Frame",
        description="Scene frame of the chosen event's peak; another one moves it",
        precision=2,
        step=100,
        options=set(),
        update=event_editing.frame_changed,
    )
    knobs: PointerProperty(
        type=FACEMOCAP_PG_knobs, name="Numbers", description="Numbers of the chosen event"
    )
    kinds: EnumProperty(
        name="Kinds",
        description="Kinds of events that are listed",
        items=_KIND_ITEMS,
        default={"blinks"},
        options={"ENUM_FLAG"},
        update=event_editing.kinds_changed,
    )
    show_handles: BoolProperty(
        name="Handles",
        description="Show handles of the listed events in the Timeline, the Dope Sheet and the "
        "Graph Editor: drag the middle to move one, its edges to stretch it",
        default=True,
        options=set(),
        update=event_editing.view_changed,
    )
    follow: BoolProperty(
        name="Jump",
        description="The playhead goes to an event that is chosen in the list",
        default=True,
        options=set(),
    )
    strip_whole: BoolProperty(
        name="Whole Take",
        description="Show the opening of the eyes over the whole take, not around the playhead",
        options=set(),
    )
    problem: StringProperty(
        name="Problem", description="Why an event could not be changed, as whole sentences"
    )


CLASSES = (
    FACEMOCAP_PG_event,
    *KNOB_GROUPS.values(),
    FACEMOCAP_PG_knobs,
    FACEMOCAP_PG_events,
)
