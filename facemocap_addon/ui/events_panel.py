# SPDX-License-Identifier: GPL-3.0-or-later
"""Events: blinks, darts, lip contacts and transitions of what plays, to be retimed one by one."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.events.listing.knobs import KNOBS
from ..core.events.listing.listed import BLINKS, GAZE, KINDS, LIPS, TRANSITIONS
from ..props import (
    KIND_LABELS,
    EventView,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_event,
    FACEMOCAP_PG_events,
    column_of,
)
from .character_panel import chosen_character, need_character
from .entry_panel import text_colour
from .eye_strip import TILES, Stretch, strip_tiles
from .sentences import draw_sentences, width_of
from .take_panel import SidebarPanel

_ICONS = {
    BLINKS: "HIDE_ON",
    GAZE: "TRACKING",
    LIPS: "KEYTYPE_EXTREME_VEC",
    TRANSITIONS: "IPO_EASE_IN_OUT",
}
_SIDES = ("", "L", "R")
#: Width of a unit of Blender's interface in pixels at scale 1.
_UNIT_PX = 20.0
#: Half of what the strip shows around the playhead (seconds).
_AROUND_S = 4.0


class FACEMOCAP_UL_events(bpy.types.UIList):
    """Events in the order of time."""

    bl_idname = "FACEMOCAP_UL_events"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_events,
        item: FACEMOCAP_PG_event,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw frame, kind, how far it goes and how many seconds it takes."""
        kind = KINDS[min(item.kind, len(KINDS) - 1)]
        row = layout.row(align=True)
        row.prop(item, "selected", text="")
        # of one kind alone nobody needs to be told which it is
        if len(data.kinds) > 1:
            row.label(text="", icon=_ICONS[kind])
        part = row.split(factor=0.19)
        part.active = not item.is_gone
        part.label(text=f"{item.frame:.0f}")
        rest = part.split(factor=0.38)
        rest.label(text=f"{item.what.replace('_', ' ')} {_SIDES[min(item.side, 2)]}".strip())
        size = f"{size_of(kind, item)} {item.duration_s:.2f}"
        rest.label(text="deleted" if item.is_gone else size)
        if item.is_edited or item.is_new:
            row.label(text="", icon="ADD" if item.is_new else "GREASEPENCIL")

    def draw_filter(self, context: bpy.types.Context, layout: Any) -> None:
        """Draw nothing: kinds are chosen above the list."""


def size_of(kind: str, item: FACEMOCAP_PG_event) -> str:
    """How far an event goes, as people read it."""
    if kind == BLINKS:
        return f"{100.0 * item.closure:.0f}%"
    return f"{item.amplitude:.1f}°" if kind == GAZE else f"{item.amplitude:.2f}"


class FACEMOCAP_MT_events(bpy.types.Menu):
    """What can be done to events beside the buttons."""

    bl_idname = "FACEMOCAP_MT_events"
    bl_label = "Events"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw selecting, then rhythm, then what transitions read as."""
        layout: Any = self.layout
        for action, label in (("ALL", "All"), ("NONE", "None"), ("INVERT", "Invert")):
            layout.operator("facemocap.select_events", text=f"Select {label}").action = action
        layout.operator("facemocap.select_events", text="Select in Range").action = "RANGE"
        layout.separator()
        for to, label in (
            ("PLAYHEAD", "Move to Playhead"),
            ("MARKERS", "Blinks to Markers"),
            ("CUTS", "Blinks to Cuts"),
            ("GAZE", "Blinks to Gaze Shifts"),
            ("PHRASES", "Blinks to Ends of Phrases"),
        ):
            layout.operator("facemocap.align_events", text=label).to = to
        layout.operator("facemocap.space_blinks")
        layout.operator("facemocap.generate_blinks")
        layout.separator()
        for read_as, label in (
            ("spontaneous", "Read as Spontaneous"),
            ("deliberate", "Read as Deliberate"),
            ("keep", "Leave as Recorded"),
        ):
            layout.operator("facemocap.shape_events", text=label).read_as = read_as
        layout.separator()
        layout.operator("facemocap.reset_events", icon="LOOP_BACK")


class FACEMOCAP_MT_insert_event(bpy.types.Menu):
    """Events that can be put in."""

    bl_idname = "FACEMOCAP_MT_insert_event"
    bl_label = "Insert at Playhead"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw their kinds."""
        layout: Any = self.layout
        for kind, label in ((BLINKS, "Blink"), (GAZE, "Gaze Dart"), (LIPS, "Lip Contact")):
            button = layout.operator("facemocap.insert_event", text=label, icon=_ICONS[kind])
            button.kind = kind


class EventsPart(SidebarPanel):
    """A panel that is there only where something plays."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where something plays."""
        item = chosen_character(context)
        return item is not None and bool(item.applied)


class FACEMOCAP_PT_events(EventsPart, bpy.types.Panel):
    """Events of what plays on the chosen character."""

    bl_idname = "FACEMOCAP_PT_events"
    bl_label = "Events"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list, and what can be done to events."""
        layout = self.layout
        view = need_character(context).events
        grid = layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for kind in KINDS:
            grid.prop_enum(view, "kinds", kind, icon=_ICONS[kind])
        row = layout.row()
        row.template_list(
            "FACEMOCAP_UL_events", "", view, "rows", view, "active", rows=5, maxrows=12
        )
        column = row.column(align=True)
        column.menu("FACEMOCAP_MT_insert_event", text="", icon="ADD")
        column.operator("facemocap.delete_events", text="", icon="REMOVE")
        column.operator("facemocap.duplicate_events", text="", icon="DUPLICATE")
        column.menu("FACEMOCAP_MT_events", text="", icon="DOWNARROW_HLT")
        column.separator()
        back = column.operator("facemocap.jump_event", text="", icon="PREV_KEYFRAME")
        back.to = "PREVIOUS"
        column.operator("facemocap.jump_event", text="", icon="NEXT_KEYFRAME").to = "NEXT"
        row = layout.row(align=True)
        row.prop(view, "show_handles", toggle=True, icon="ARROW_LEFTRIGHT")
        row.prop(view, "follow", toggle=True, icon="TIME")
        row = layout.row(align=True)
        row.operator("facemocap.move_events", text="Move")
        row.operator("facemocap.close_blinks")
        row = layout.row(align=True)
        row.operator("facemocap.part_blinks")
        row.operator("facemocap.merge_blinks")
        draw_sentences(layout, context, view.problem, "ERROR")


class FACEMOCAP_PT_event(EventsPart, bpy.types.Panel):
    """Numbers of the chosen event."""

    bl_idname = "FACEMOCAP_PT_event"
    bl_parent_id = "FACEMOCAP_PT_events"
    # the header says which event it is
    bl_label = ""
    bl_order = 1

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with an event."""
        item = chosen_character(context)
        return item is not None and bool(item.applied) and chosen_event(item) is not None

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draw which event it is."""
        item = need_character(context)
        event = chosen_event(item)
        if event is not None:
            kind = KINDS[min(event.kind, len(KINDS) - 1)]
            self.layout.label(text=f"{KIND_LABELS[kind].rstrip('s')} at {event.frame:.1f}")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw its frame and its numbers."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        view = need_character(context).events
        event = chosen_event(need_character(context))
        assert event is not None, "the panel's poll"
        if event.is_gone:
            draw_sentences(layout, context, "It was deleted. Reset it to have it back.")
        else:
            kind = KINDS[min(event.kind, len(KINDS) - 1)]
            layout.prop(view, "frame")
            for knob in KNOBS[kind]:
                layout.prop(getattr(view.knobs, kind), knob.name)
        row = layout.row()
        row.enabled = event.is_edited or event.is_new
        row.operator("facemocap.reset_events", text="Reset", icon="LOOP_BACK")


class FACEMOCAP_PT_eye_strip(EventsPart, bpy.types.Panel):
    """How far the eyes are open."""

    bl_idname = "FACEMOCAP_PT_eye_strip"
    bl_parent_id = "FACEMOCAP_PT_events"
    bl_label = "Eye Opening"
    bl_order = 0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where eyes were recorded."""
        item = chosen_character(context)
        return item is not None and EventView.opening(item) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the picture."""
        layout = self.layout
        item = need_character(context)
        opening = EventView.opening(item)
        scene = context.scene
        assert opening is not None, "the panel's poll"
        assert scene is not None, "the panel's poll"
        now = float(scene.frame_current)
        low, high = float(opening.frames[0]), float(opening.frames[-1])
        if not item.events.strip_whole:
            reach = _AROUND_S * scene.render.fps / scene.render.fps_base
            low, high = now - reach, now + reach
        stretch = Stretch(low, high, now)
        icons = strip_tiles(opening, stretch, blink_frames(item), text_colour(context))
        row = layout.row(align=True)
        scale = max(width_of(context) / _UNIT_PX / TILES, 1.0)
        for icon in icons:
            row.template_icon(icon_value=icon, scale=scale)
        row = layout.row()
        row.label(text="Left blue, right red")
        row.prop(item.events, "strip_whole", toggle=True)


def chosen_event(item: FACEMOCAP_PG_character) -> FACEMOCAP_PG_event | None:
    """The event whose numbers are shown."""
    view = item.events
    return view.rows[view.active] if view.active < len(view.rows) else None


def blink_frames(item: FACEMOCAP_PG_character) -> tuple[float, ...]:
    """Frames of all blinks of the list, those that are dragged where they are now."""
    frames = column_of(item, "frame")
    for number, places in EventView.dragged(item).items():
        if number < len(frames):
            frames[number] = places[0]
    there = [row.kind == 0 and not row.is_gone for row in item.events.rows]
    return tuple(frames[there].tolist()) if there else ()


CLASSES = (
    FACEMOCAP_UL_events,
    FACEMOCAP_MT_events,
    FACEMOCAP_MT_insert_event,
    FACEMOCAP_PT_events,
    FACEMOCAP_PT_event,
    FACEMOCAP_PT_eye_strip,
)
