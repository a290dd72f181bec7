# SPDX-License-Identifier: GPL-3.0-or-later
"""Events deleted, put in, doubled and reshaped; their edits taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ...core.errors import FacemocapError
from ...core.events.listing import records
from ...core.events.listing.listed import BLINKS, GAZE, KINDS, LIPS, ONE, EventName, Listed
from ...core.report import Report
from ...core.stack.edits import set_params, step_at
from ...core.stack.kinds import kind_of
from ...props import KIND_LABELS, state_of, stored_stack
from ..panel_stack import change_stack, with_keys
from ..stack import run_changed
from ..steps import StepOperator, need_character
from .panel_events import Chosen, choose_name, chosen_events, need_meant
from .selecting import EventOperator

Change = Callable[[Sequence[Any], Listed], Sequence[Any]]
#: A copy that is not put at the playhead is so much later (seconds).
_LATER_S = 0.7
_NEW_ITEMS = [(kind, KIND_LABELS[kind], f"A {ONE[kind]}") for kind in (BLINKS, GAZE, LIPS)]


class EditOperator(EventOperator):
    """An operator that changes edits of the events that are meant."""

    gone = False

    def perform(self, context: bpy.types.Context) -> Report:
        """Change the edits of each, and run the stack once."""
        scene = context.scene
        chosen = chosen_events(scene, need_character(state_of(scene)))
        events = need_meant(chosen, self.kinds, gone=self.gone)
        change_each(chosen, events, self.change)
        return chosen.run(f"{self.bl_label}: {told_events(events)}")

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Edits after the change of one event."""
        raise NotImplementedError


def change_each(chosen: Chosen, events: Sequence[Listed], change: Change) -> None:
    """Change edits for each of some events."""
    for kind in KINDS:
        edits: Sequence[Any] = chosen.edits(kind)
        before = edits
        for event in events:
            if event.name.kind == kind:
                edits = change(edits, event)
        if edits != before:
            chosen.put(kind, edits)


def told_events(events: Sequence[Listed]) -> str:
    """How many events of which kind."""
    kind = events[0].name.kind
    one = ONE[kind] if all(event.name.kind == kind for event in events) else "event"
    return f"1 {one}" if len(events) == 1 else f"{len(events)} {one}s"


class FACEMOCAP_OT_delete_events(EditOperator, bpy.types.Operator):
    """Take events out of the performance."""

    bl_idname = "facemocap.delete_events"
    bl_label = "Delete Events"
    bl_description = (
        "Take the selected events out: the eye stays open, the gaze stays, the lips stay apart. "
        "Reset them to have them back"
    )

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Delete one."""
        return records.delete(edits, event)


class FACEMOCAP_OT_reset_events(EditOperator, bpy.types.Operator):
    """Take all edits of events back."""

    bl_idname = "facemocap.reset_events"
    bl_label = "Reset Events"
    bl_description = "Take back all edits of the selected events; those that were put in go"
    gone = True

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Reset one."""
        return records.reset(edits, event)


class FACEMOCAP_OT_close_blinks(EditOperator, bpy.types.Operator):
    """Let blinks close the eye."""

    bl_idname = "facemocap.close_blinks"
    bl_label = "Close Fully"
    bl_description = "Let the selected blinks close the eye as far as full blinks of the take"
    kinds = (BLINKS,)

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Close one."""
        return records.do_plain(edits, event, "close")


class FACEMOCAP_OT_merge_blinks(EditOperator, bpy.types.Operator):
    """Make one blink of two."""

    bl_idname = "facemocap.merge_blinks"
    bl_label = "Merge Double"
    bl_description = "Make one longer blink of each selected one and the next, within 0.8 s"
    kinds = (BLINKS,)

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Merge one with the next."""
        return records.do_plain(edits, event, "merge")


class FACEMOCAP_OT_part_blinks(EditOperator, bpy.types.Operator):
    """Let blinks close the eye in part."""

    bl_idname = "facemocap.part_blinks"
    bl_label = "Make Partial"
    bl_description = "Let the selected blinks close the eye by this part of a full blink"
    kinds = (BLINKS,)

    share: FloatProperty(
        name="Closure",
        description="Part of a full blink",
        default=0.5,
        min=0.05,
        max=1.0,
        subtype="FACTOR",
    )

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Make one partial."""
        new = records.record(event.name, "partial", value=round(self.share, 4))
        edits = records.without_op(edits, event.name, "close")
        return records.with_record(
            records.without_op(edits, event.name, "amplitude"), new, event.name
        )


class FACEMOCAP_OT_shape_events(EditOperator, bpy.types.Operator):
    """Let transitions read as something, or leave events as recorded."""

    bl_idname = "facemocap.shape_events"
    bl_label = "Read As"
    bl_description = (
        "Let the selected transitions read as spontaneous or deliberate ones, or leave transitions "
        "and darts as they were recorded"
    )
    kinds = (GAZE, "transitions")

    read_as: EnumProperty(
        name="Read As",
        description="What they read as",
        items=(
            ("keep", "As Recorded", "Whatever the step does with others"),
            ("spontaneous", "Spontaneous", "Come and go as slowly as felt expressions do"),
            ("deliberate", "Deliberate", "Come and go as quickly as posed expressions do"),
        ),
    )

    def change(self, edits: Sequence[Any], event: Listed) -> Sequence[Any]:
        """Shape one."""
        return records.do_plain(edits, event, self.read_as)


class FACEMOCAP_OT_insert_event(EventOperator, bpy.types.Operator):
    """Put an event in at the playhead."""

    bl_idname = "facemocap.insert_event"
    bl_label = "Insert Event"
    bl_description = "Put a new event in at the playhead"

    kind: EnumProperty(
        name="Kind",
        description="What is put in",
        items=_NEW_ITEMS,
    )
    side: EnumProperty(
        name="Side",
        description="Which eyes blink",
        items=(("B", "Both", "Both eyes"), ("L", "Left", "A wink"), ("R", "Right", "A wink")),
    )
    closure: FloatProperty(
        name="Closure",
        description="How far a new blink closes the eye, as a part of a full one",
        default=1.0,
        min=0.05,
        max=1.0,
        subtype="FACTOR",
    )
    yaw_deg: FloatProperty(
        name="To the Left",
        description="Degrees that a new dart goes to the subject's left",
        default=5.0,
        min=-60.0,
        max=60.0,
    )
    pitch_deg: FloatProperty(
        name="Up", description="Degrees that a new dart goes up", min=-60.0, max=60.0
    )
    length_s: FloatProperty(
        name="Length", description="Seconds for which new contacts last", default=0.09, min=0.02,
        max=30.0,
    )  # fmt: skip

    def perform(self, context: bpy.types.Context) -> Report:
        """Put it in."""
        scene = context.scene
        item = need_character(state_of(scene))
        chosen = chosen_events(scene, item)
        now = float(scene.frame_current_final)
        at_s = round(chosen.source.seconds(now), records.DIGITS)
        times = chosen.source.take.times
        if not times[0] <= at_s <= times[-1]:
            raise FacemocapError("The playhead is not within the take", "Move it there")
        name = EventName(self.kind, at_s, self.side if self.kind == BLINKS else "")
        values = {
            BLINKS: {"value": round(self.closure, 4)},
            GAZE: {"yaw_deg": round(self.yaw_deg, 4), "pitch_deg": round(self.pitch_deg, 4)},
            LIPS: {"length_s": round(self.length_s, 4)},
        }[self.kind]
        chosen.put(self.kind, records.insert(chosen.edits(self.kind), name, **values))
        if self.kind not in item.events.kinds:
            item.events.kinds |= {self.kind}
        report = chosen.run(f"A {ONE[self.kind]} is put in at frame {now:g}")
        choose_name(item, [name])
        return report


class FACEMOCAP_OT_duplicate_events(EventOperator, bpy.types.Operator):
    """Put blinks in once more."""

    bl_idname = "facemocap.duplicate_events"
    bl_label = "Duplicate Blinks"
    bl_description = (
        "Put the selected blinks in once more, from the playhead on; where that is on the first of "
        "them, a little later"
    )
    kinds = (BLINKS,)

    def perform(self, context: bpy.types.Context) -> Report:
        """Copy them."""
        scene = context.scene
        item = need_character(state_of(scene))
        chosen = chosen_events(scene, item)
        events = need_meant(chosen, self.kinds)
        now_s = chosen.source.seconds(float(scene.frame_current_final))
        by_s = now_s - events[0].apex_s
        if abs(by_s) < _LATER_S:
            by_s = _LATER_S
        edits: Sequence[Any] = chosen.edits(BLINKS)
        names: list[EventName] = []
        for event in events:
            edits, name = records.copy(edits, event, event.apex_s + by_s)
            names.append(name)
        chosen.put(BLINKS, edits)
        report = chosen.run(f"{told_events(events)} copied")
        choose_name(item, names)
        return report


class FACEMOCAP_OT_remove_edits(StepOperator, bpy.types.Operator):
    """Take edits of events off the chosen step."""

    bl_idname = "facemocap.remove_edits"
    bl_label = "Remove Edit"
    bl_description = "Take this edit off the step, or all of them"
    needs = ("character",)

    param: StringProperty(name="Parameter", description="Which list it leaves", default="edits")
    number: IntProperty(
        name="Number", description="Number of the edit, from 0 on; -1 for all", min=-1
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Remove it from the chosen step."""
        scene = context.scene
        item = need_character(state_of(scene))
        stack = with_keys(scene, item, stored_stack(item))
        at = item.stack.active
        step = step_at(stack, at)
        edits = getattr(step.params, self.param, ())
        left = [each for n, each in enumerate(edits) if self.number not in (n, -1)]
        change_stack(scene, item, set_params(stack, at, {self.param: left}))
        told = f"{len(edits) - len(left)} of {len(edits)} edits removed"
        return run_changed(scene, item, f"{kind_of(step.kind).label}: {told}")


CLASSES = (
    FACEMOCAP_OT_delete_events,
    FACEMOCAP_OT_reset_events,
    FACEMOCAP_OT_close_blinks,
    FACEMOCAP_OT_merge_blinks,
    FACEMOCAP_OT_part_blinks,
    FACEMOCAP_OT_shape_events,
    FACEMOCAP_OT_insert_event,
    FACEMOCAP_OT_duplicate_events,
    FACEMOCAP_OT_remove_edits,
)
