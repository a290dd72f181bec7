# SPDX-License-Identifier: GPL-3.0-or-later
"""The rhythm of events: evened out, brought to the playhead, to markers or to the gaze, made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty

from ...core.errors import FacemocapError
from ...core.events.blinks.generating import CONTEXTS
from ...core.events.blinks.records import BlinkEdit
from ...core.events.blinks.rhythm import even_out, move_to_times
from ...core.events.lips.phrases import find_phrases
from ...core.events.listing import records
from ...core.events.listing.blinks import blinks_now
from ...core.events.listing.listed import BLINKS, GAZE, EventName
from ...core.events.listing.steps import step_place, with_edits
from ...core.report import Report
from ...core.stack.edits import replace_step
from ...gateway.events.cuts import scene_cuts
from ...props import state_of
from ..panel_stack import change_stack
from ..steps import need_character
from .panel_events import Chosen, chosen_events, names_meant, need_meant
from .selecting import EventOperator
from .telling import run_and_tell

_GENERATE = (
    ("none", "None", "Only the take's own blinks and those that were put in by hand"),
    ("fill", "Where None Are", "Make blinks where the take has none for long"),
    ("replace", "Instead", "Make blinks instead of the take's own"),
)
_CONTEXT_ITEMS = [(name, name.capitalize(), f"As people blink: {name}") for name in CONTEXTS]


def put_moves(chosen: Chosen, moves: Sequence[BlinkEdit]) -> int:
    """Put moves of blinks, which name them by where they are now, into the stack; how many."""
    now = {
        (blink.apex_s, blink.side): name for name, blink in blinks_now(chosen.source.blink_step())
    }
    events = {event.name: event for event in chosen.all(BLINKS)}
    edits: Sequence[Any] = chosen.edits(BLINKS)
    for move in moves:
        event = events[now[move.at_s, move.side]]
        edits = records.move_to(edits, event, event.apex_s + move.amount)
    if moves:
        chosen.put(BLINKS, edits)
    return len(moves)


def meant_blinks(chosen: Chosen) -> list[Any]:
    """Blinks where they are now: those that are selected, or all where fewer than two are."""
    blinks = blinks_now(chosen.source.blink_step())
    names: set[EventName] = set(names_meant(chosen.item, (BLINKS,)))
    some = [blink for name, blink in blinks if name in names]
    return some if len(some) > 1 else [blink for _, blink in blinks]


class FACEMOCAP_OT_space_blinks(EventOperator, bpy.types.Operator):
    """Even out the rhythm of blinks."""

    bl_idname = "facemocap.space_blinks"
    bl_label = "Even Out Rhythm"
    bl_description = (
        "Move the selected blinks, or all where fewer than two are, so that the times between them "
        "lie in a range; none by more than a second"
    )

    low_s: FloatProperty(
        name="Least", description="Least seconds from blink to blink", default=1.5, min=0.2,
        max=60.0,
    )  # fmt: skip
    high_s: FloatProperty(
        name="Most", description="Most seconds from blink to blink", default=4.0, min=0.2, max=60.0
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Move them."""
        chosen = chosen_events(context.scene, need_character(state_of(context.scene)))
        count = put_moves(chosen, even_out(meant_blinks(chosen), self.low_s, self.high_s))
        if not count:
            return Report(summary="All times between blinks lie in the range")
        return chosen.run(f"{count} blinks moved")


class FACEMOCAP_OT_align_events(EventOperator, bpy.types.Operator):
    """Bring events to the playhead, to markers, or to what else happens."""

    bl_idname = "facemocap.align_events"
    bl_label = "Move to"
    bl_description = (
        "Bring the chosen event to the playhead, or the selected blinks (all where fewer than two "
        "are) each to the nearest marker, cut, gaze shift or end of a phrase"
    )

    to: EnumProperty(
        name="To",
        description="Where they go",
        items=(
            ("PLAYHEAD", "Playhead", "The chosen event of any kind goes to the playhead"),
            ("MARKERS", "Markers", "Blinks go to the scene's markers"),
            ("CUTS", "Cuts", "Blinks go to where the camera changes, or a picture strip begins"),
            ("GAZE", "Gaze Shifts", "Blinks go to darts of the gaze of 5 degrees and more"),
            ("PHRASES", "Ends of Phrases", "Blinks go to where speech pauses"),
        ),
    )
    reach_s: FloatProperty(
        name="Reach", description="Blinks that are farther off (seconds) stay", default=0.25,
        min=0.0, max=10.0,
    )  # fmt: skip
    offset_s: FloatProperty(
        name="Later", description="Seconds that they are later than that", min=-5.0, max=5.0
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Move them."""
        scene = context.scene
        item = need_character(state_of(scene))
        chosen = chosen_events(scene, item)
        if self.to == "PLAYHEAD":
            return self._to_playhead(chosen)
        moves = move_to_times(
            meant_blinks(chosen),
            self._times(chosen),
            reach_s=self.reach_s,
            offset_s=self.offset_s,
        )
        count = put_moves(chosen, moves)
        if not count:
            return Report(summary="No blink is so near that it would move")
        return chosen.run(f"{count} blinks moved")

    def _to_playhead(self, chosen: Chosen) -> Report:
        """The chosen event goes there, others that are selected along with it."""
        events = need_meant(chosen)
        row = chosen.item.events.rows[chosen.item.events.active]
        lead = next((e for e in events if e.name.key == row.key), events[0])
        to_s = chosen.source.seconds(float(chosen.scene.frame_current_final)) + self.offset_s
        by_s = to_s - lead.apex_s
        shift_events(chosen, events, by_s)
        return run_and_tell(chosen, events, by_s * chosen.source.clock.rate_hz)

    def _times(self, chosen: Chosen) -> list[float]:
        """Seconds on the take's clock of what blinks go to."""
        source = chosen.source
        if self.to == "MARKERS":
            times = [source.seconds(float(m.frame)) for m in chosen.scene.timeline_markers]
        elif self.to == "CUTS":
            times = [source.seconds(frame) for frame in scene_cuts(chosen.scene)]
        elif self.to == "GAZE":
            times = [e.onset_s for e in source.listed(GAZE) if e.amplitude >= 5.0 and not e.is_gone]
        else:
            times = [phrase.end_s for phrase in find_phrases(source.played())]
        if not times:
            raise FacemocapError("There is nothing to go to", "Choose something else to go to")
        return times


def shift_events(chosen: Chosen, events: Sequence[Any], by_s: float) -> None:
    """Move events by the same time, each from where it is."""
    for kind in dict.fromkeys(event.name.kind for event in events):
        edits: Sequence[Any] = chosen.edits(kind)
        for event in events:
            if event.name.kind == kind:
                edits = records.move_to(edits, event, event.apex_s + by_s)
        chosen.put(kind, edits)


class FACEMOCAP_OT_generate_blinks(EventOperator, bpy.types.Operator):
    """Make blinks."""

    bl_idname = "facemocap.generate_blinks"
    bl_label = "Generate Blinks"
    bl_description = "Make blinks as often and as evenly as people blink in a context"

    generate: EnumProperty(
        name="Generate", description="Where they are made", items=_GENERATE, default="fill"
    )
    context: EnumProperty(
        name="Context",
        description="How often, and how evenly, people blink",
        items=_CONTEXT_ITEMS,
        default="conversation",
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Set the step's parameters."""
        scene = context.scene
        item = need_character(state_of(scene))
        chosen = chosen_events(scene, item)
        before = len(chosen.stack.steps)
        stack, place, added = with_edits(chosen.stack, BLINKS, chosen.edits(BLINKS))
        step = stack.steps[place]
        params: Any = step.params
        params = replace(params, generate=self.generate, context=self.context)
        chosen.stack = replace_step(stack, place, replace(step, params=params))
        if added:
            places: dict[int, int | None] = {old: old + 1 for old in range(place, before)}
            change_stack(scene, item, chosen.stack, place, places)
        assert step_place(chosen.stack, BLINKS) is not None
        return chosen.run("Blinks are made" if self.generate != "none" else "No blinks are made")


CLASSES = (FACEMOCAP_OT_space_blinks, FACEMOCAP_OT_align_events, FACEMOCAP_OT_generate_blinks)
