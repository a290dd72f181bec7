# SPDX-License-Identifier: GPL-3.0-or-later
"""Events selected in the list, and the playhead brought to them."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty

from ...core.errors import FacemocapError
from ...core.events.listing.listed import KINDS
from ...core.report import Report
from ...props import quiet, state_of
from ..event_rows import whole_frame
from ..steps import StepOperator, active_character, need_character
from .panel_events import refusal


class EventOperator(StepOperator):
    """An operator on events of the chosen character."""

    needs = ("character",)
    #: Kinds of events that it is for.
    kinds: tuple[str, ...] = KINDS

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must play that has events, or could have some; of its kinds where any is."""
        item = active_character(state_of(context.scene))
        if item is None or not item.applied:
            return cls.refuse("No take plays on the character: apply one first")
        other = refusal(item, cls.kinds) if cls.kinds != KINDS else ""
        return cls.refuse(other) if other else True


class FACEMOCAP_OT_select_events(EventOperator, bpy.types.Operator):
    """Select events of the list."""

    bl_idname = "facemocap.select_events"
    bl_label = "Select Events"
    bl_description = "Select all events of the list, none, or the others"

    action: EnumProperty(
        name="Action",
        description="Which are selected",
        items=(
            ("ALL", "All", "Select all"),
            ("NONE", "None", "Select none"),
            ("INVERT", "Invert", "Select those that are not"),
            ("RANGE", "In Range", "Select those in the preview range, or in the scene's"),
        ),
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Select them."""
        scene = context.scene
        view = need_character(state_of(scene)).events
        low, high = scene.frame_start, scene.frame_end
        if scene.use_preview_range:
            low, high = scene.frame_preview_start, scene.frame_preview_end
        for row in view.rows:
            if self.action == "INVERT":
                row.selected = not row.selected
            elif self.action == "RANGE":
                row.selected = low <= row.frame <= high
            else:
                row.selected = self.action == "ALL"
        return Report(summary=f"{sum(row.selected for row in view.rows)} events are selected")


class FACEMOCAP_OT_jump_event(EventOperator, bpy.types.Operator):
    """Go to an event."""

    bl_idname = "facemocap.jump_event"
    bl_label = "Go to Event"
    bl_description = "Bring the playhead to the next event of the list, the one before, or this one"
    # the playhead is no matter of undo
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    to: EnumProperty(
        name="To",
        description="Which event it is",
        items=(
            ("NEXT", "Next", "The next one after the playhead"),
            ("PREVIOUS", "Previous", "The last one before the playhead"),
            ("NUMBER", "This One", "The one of a number"),
        ),
    )
    number: IntProperty(name="Number", description="Place in the list, from 0 on", min=0)
    extend: BoolProperty(name="Extend", description="Select it besides those that are")

    def perform(self, context: bpy.types.Context) -> Report:
        """Choose it and go there."""
        scene = context.scene
        view = need_character(state_of(scene)).events
        frames = [whole_frame(row.frame) for row in view.rows]
        now = scene.frame_current
        if self.to == "NUMBER":
            places = [self.number] if self.number < len(frames) else []
        elif self.to == "NEXT":
            places = [n for n, frame in enumerate(frames) if frame > now][:1]
        else:
            places = [n for n, frame in enumerate(frames) if frame < now][-1:]
        if not places:
            raise FacemocapError("There is no event", "Go the other way, or list other kinds")
        with quiet():
            if not self.extend:
                for row in view.rows:
                    row.selected = False
            view.rows[places[0]].selected = True
        view.active = places[0]
        scene.frame_set(frames[places[0]])
        return Report(summary=f"Frame {frames[places[0]]}")


CLASSES = (FACEMOCAP_OT_select_events, FACEMOCAP_OT_jump_event)
