# SPDX-License-Identifier: GPL-3.0-or-later
"""Events moved: by numbers, with the mouse, and by their handles over the time line."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...core.errors import FacemocapError
from ...core.events.listing.handles import APEX, Handle, handle_at, row_share
from ...core.events.listing.listed import EventName, name_from_key
from ...core.report import Report
from ...props import FACEMOCAP_PG_character, handles_in, pixels_a_frame, quiet, state_of
from ..steps import active_character, need_character
from .panel_events import chosen_events, names_meant
from .selecting import EventOperator
from .sessions import DragSession, Typed, events_of_names, put_moved
from .telling import run_and_tell

#: Editors in which handles are drawn.
EDITORS = ("DOPESHEET_EDITOR", "GRAPH_EDITOR")
#: Where no time line tells it, a frame is so many pixels.
_USUAL_PX = 10.0
#: A mouse that went no farther than this (pixels) has clicked.
_CLICK_PX = 3.0
_PARTS = (
    ("APEX", "Move", "Move the events"),
    ("ONSET", "Onset", "Let them begin earlier or later"),
    ("OFFSET", "Offset", "Let them end earlier or later"),
)
_HELP = "Drag: frames, Shift for tenths; type a number; Enter or release confirms, Esc cancels"


class FACEMOCAP_OT_move_events(EventOperator, bpy.types.Operator):
    """Move events, or stretch them."""

    bl_idname = "facemocap.move_events"
    bl_label = "Move Events"
    bl_description = (
        "Move the selected events in time, with the mouse or by frames that are typed; they keep "
        "their order and their distance"
    )
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    offset: FloatProperty(name="Frames", description="How many frames later; earlier below 0")
    # the next time they are others: neither part nor names are remembered
    part: EnumProperty(
        name="Part",
        description="What goes: all of an event, or where it begins or ends",
        items=_PARTS,
        options={"SKIP_SAVE"},
    )
    keys: StringProperty(
        name="Events",
        description="Names of the events; none: those that are selected",
        options={"HIDDEN", "SKIP_SAVE"},
    )
    is_drag: BoolProperty(
        name="Drag", description="The mouse is pressed, and released to confirm",
        options={"HIDDEN", "SKIP_SAVE"},
    )  # fmt: skip

    _session: DragSession | None = None
    _typed: Typed | None = None
    _from_x = 0
    _per_frame = _USUAL_PX
    _far = False

    def perform(self, context: bpy.types.Context) -> Report:
        """Move them in the stack, and run it."""
        scene = context.scene
        chosen = chosen_events(scene, need_character(state_of(scene)))
        events = events_of_names(chosen, self._names(chosen.item))
        if not self.offset:
            return Report(summary="Nothing was moved")
        put_moved(chosen, events, self.offset, self.part)
        return run_and_tell(chosen, events, self.offset, self.part)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Take them in hand."""
        scene = context.scene
        try:
            chosen = chosen_events(scene, need_character(state_of(scene)))
            names = self._names(chosen.item)
            self._session = DragSession(chosen, events_of_names(chosen, names), self.part)
        except FacemocapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        # the same events when it is done again
        self.keys = json.dumps([name.key for name in names])
        self.offset, self._typed, self._far = 0.0, Typed(), False
        self._from_x = event.mouse_x
        area, region = context.area, context.region
        if area is not None and area.type in EDITORS and region is not None:
            self._per_frame = pixels_a_frame(region)
        context.window_manager.modal_handler_add(self)
        self._tell(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Follow the mouse and the keys."""
        assert self._typed is not None, "made by invoke"
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self._end(context)
            return {"CANCELLED"}
        if self._confirms(event):
            return self._confirm(context)
        typed = event.value == "PRESS" and self._typed.key(event.type, event.ascii)
        if event.type == "MOUSEMOVE" or typed:
            self._follow(context, event)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file, or the end of the session."""
        self._end(context)

    def _names(self, item: FACEMOCAP_PG_character) -> list[EventName]:
        if not self.keys:
            return names_meant(item)
        try:
            keys: Any = json.loads(self.keys)
            return [name_from_key(str(key)) for key in keys]
        except (TypeError, ValueError) as error:
            raise FacemocapError("The names of the events cannot be read", "Give none") from error

    def _confirms(self, event: bpy.types.Event) -> bool:
        if event.type in {"RET", "NUMPAD_ENTER"}:
            return event.value == "PRESS"
        return event.type == "LEFTMOUSE" and event.value == ("RELEASE" if self.is_drag else "PRESS")

    def _follow(self, context: bpy.types.Context, event: bpy.types.Event) -> None:
        """Show the events where the mouse is, or the number says."""
        assert self._typed is not None
        assert self._session is not None
        went = event.mouse_x - self._from_x
        self._far = self._far or abs(went) > _CLICK_PX or self._typed.value is not None
        typed = self._typed.value
        offset = went / self._per_frame
        offset = round(offset, 1) if event.shift else float(round(offset))
        self.offset = offset if typed is None else typed
        if self._far:
            try:
                self._session.show(self.offset)
            except FacemocapError as error:
                self.report({"WARNING"}, str(error))
        self._tell(context)

    def _confirm(self, context: bpy.types.Context) -> set[str]:
        """Put them where they are; a click alone moves nothing."""
        moved = self._far and self.offset != 0.0
        self._end(context)
        return self.execute(context) if moved else {"CANCELLED"}

    def _end(self, context: bpy.types.Context) -> None:
        if self._session is not None:
            self._session.end()
        self._session = None
        if context.workspace is not None:
            context.workspace.status_text_set(None)
        redraw_time(context)

    def _tell(self, context: bpy.types.Context) -> None:
        typed = self._typed.text if self._typed is not None else ""
        told = f"[{typed}|]" if typed else f"{self.offset:g}"
        if context.workspace is not None:
            context.workspace.status_text_set(f"Frames {told}   {_HELP}")
        redraw_time(context)


class FACEMOCAP_OT_drag_event(EventOperator, bpy.types.Operator):
    """Take the handle under the mouse."""

    bl_idname = "facemocap.drag_event"
    bl_label = "Drag Event Handle"
    bl_description = (
        "Take the handle of an event that is within 6 pixels of the mouse: its middle moves the "
        "event, its edges stretch it. A click selects it. Elsewhere clicks do what they always do"
    )
    bl_options: ClassVar[set[str]] = set()

    extend: BoolProperty(name="Extend", description="Select it besides those that are")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where handles are drawn; nothing is said, for most clicks are not for us."""
        area = context.area
        if area is None or area.type not in EDITORS or context.scene is None:
            return False
        item = active_character(state_of(context.scene))
        return item is not None and item.events.show_handles and bool(len(item.events.rows))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Drag the handle; a click beside one is left to others."""
        item = need_character(state_of(context.scene))
        scale = context.preferences.system.ui_scale
        mouse = float(event.mouse_region_x), float(event.mouse_region_y)
        handle = handle_under(item, context.region, mouse, scale)
        if handle is None:
            return {"PASS_THROUGH"}
        grab(item, handle, extend=self.extend)
        rows = item.events.rows
        keys = [rows[handle.number].key]
        if handle.part == APEX:
            keys = [row.key for row in rows if row.selected and not row.is_gone]
        redraw_time(context)
        try:
            bpy.ops.facemocap.move_events(
                "INVOKE_DEFAULT", keys=json.dumps(keys), part=handle.part, is_drag=True
            )
        except RuntimeError as error:
            # what it says as an error comes as an exception to whoever calls it
            self.report({"ERROR"}, str(error).removeprefix("Error: ").strip())
            return {"CANCELLED"}
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Without a mouse there is nothing to take."""
        self.report({"ERROR"}, "Scripts move events with facemocap.move_events. Give it frames.")
        return {"CANCELLED"}


def handle_under(
    item: FACEMOCAP_PG_character, region: Any, mouse: tuple[float, float], scale: float
) -> Handle | None:
    """The handle of a character's events that takes a click at a place in a region."""
    if region is None or region.type != "WINDOW":
        return None
    share = row_share(region.height, scale)
    return handle_at(handles_in(item, region, scale), *mouse, scale, share)


def grab(item: FACEMOCAP_PG_character, handle: Handle, *, extend: bool) -> None:
    """Choose the event of a handle; one that is selected keeps the others selected."""
    view = item.events
    row = view.rows[handle.number]
    with quiet():
        if not extend and not row.selected:
            for other in view.rows:
                other.selected = False
        row.selected = True
        view.active = handle.number


def redraw_time(context: bpy.types.Context) -> None:
    """Let editors of time and viewports show what has changed."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in (*EDITORS, "VIEW_3D"):
                area.tag_redraw()


CLASSES = (FACEMOCAP_OT_move_events, FACEMOCAP_OT_drag_event)
