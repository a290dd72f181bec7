# SPDX-License-Identifier: GPL-3.0-or-later
"""What curve tools share: which curves and keys, and the slider that the mouse drags."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy
from bpy.props import EnumProperty, FloatProperty

from ...core.errors import FacemocapError
from ...core.report import Report
from ...gateway.characters.characters import CharacterObjects, pick_character
from ...gateway.curve_tools.gathering import (
    Gathered,
    Wanted,
    curves_of_actions,
    curves_of_character,
    gather,
)
from ...gateway.curve_tools.playing import left_behind
from ...props.choices import REGIONS
from ...props.curve_tools import CURVES, KEYS, SIDES
from ..panel_characters import picked_objects
from ..steps import StepOperator, active_character, state_of
from .slider import Slider

#: Editors that have curves of their own to choose from.
EDITORS = ("GRAPH_EDITOR", "DOPESHEET_EDITOR")


#: So many objects are named at most.
_MOST_NAMES = 4


class CurveOperator(StepOperator):
    """An operator on F-curves; a subclass says what it does with a strand.

    With a window it is dragged: everything is computed anew from what was there at the beginning,
    so that Esc puts that back to the bit.
    """

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO", "GRAB_CURSOR", "BLOCKING"}

    #: The property that is dragged; empty where there is nothing to drag.
    dragged = ""

    curves: EnumProperty(name="Curves", description="Which curves are changed", items=CURVES)
    keys: EnumProperty(name="Keys", description="Which keys of the curves are changed", items=KEYS)
    regions: EnumProperty(
        name="Regions",
        description="Parts of the face whose curves are changed; none chosen means all",
        items=[item for item in REGIONS if item[0] != "ALL"],
        options={"ENUM_FLAG"},
    )
    side: EnumProperty(name="Side", description="Which side of the face", items=SIDES)
    falloff: FloatProperty(
        name="Falloff",
        description="Frames over which the change grows from the ends of what is chosen",
        default=0.0,
        min=0.0,
        soft_max=60.0,
    )

    _gathered: Gathered | None = None
    _slider: Slider | None = None

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be an editor with curves, or an object that has some."""
        area = context.area
        if area is not None and area.type in EDITORS:
            return True
        if context.active_object is None:
            return cls.refuse("Select an animated object, or use the Graph Editor")
        return True

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what was dragged first, then the tool's own settings, then what is changed."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shared = ("falloff", "curves", "keys", "side")
        properties: Any = self.properties
        names = [prop.identifier for prop in properties.bl_rna.properties if not prop.is_hidden]
        own = [name for name in names if name not in (*shared, "regions", "rna_type", self.dragged)]
        for name in (*([self.dragged] if self.dragged else []), *own, *shared):
            if name == "take":
                layout.prop_search(self, name, state_of(context.scene), "takes")
            else:
                layout.prop(self, name)
        grid = layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
        grid.use_property_split = False
        grid.prop(self, "regions", expand=True)

    # ------------------------------------------------------------ what a subclass says

    def prepare(self, context: bpy.types.Context, gathered: Gathered) -> None:
        """Find what is needed besides, once."""

    def apply(self, gathered: Gathered) -> int:
        """Write the outcome; the number of curves that changed."""
        raise NotImplementedError

    def slider(self) -> Slider:
        """How the property is dragged."""
        raise NotImplementedError

    # ------------------------------------------------------------ at once

    def perform(self, context: bpy.types.Context) -> Report:
        """Do it with the settings as they are."""
        gathered = self.gather(context)
        self.prepare(context, gathered)
        return self.outcome(gathered, self.apply(gathered))

    def gather(self, context: bpy.types.Context) -> Gathered:
        """Curves that are meant; errors as `gathering.gather`."""
        scene = context.scene
        span = (scene.frame_start, scene.frame_end)
        if scene.use_preview_range:
            span = (scene.frame_preview_start, scene.frame_preview_end)
        wanted = Wanted(
            self.keys,
            (float(span[0]), float(span[1])),
            frozenset(self.regions),
            "" if self.side == "ALL" else self.side,
        )
        objects = list(context.selected_objects or ())
        if not objects and context.active_object is not None:
            objects = [context.active_object]
        return gather(self.meant_curves(context), wanted, objects)

    def meant_curves(self, context: bpy.types.Context) -> list[bpy.types.FCurve]:
        """Curves of the editor, or of the character."""
        present: Any = context
        area = context.area
        if self.curves != "CHARACTER" and area is not None and area.type in EDITORS:
            visible: list[bpy.types.FCurve] = list(present.visible_fcurves or ())
            chosen: list[bpy.types.FCurve] = list(present.selected_visible_fcurves or ())
            return chosen if self.curves == "SELECTED" and chosen else visible
        if area is not None and area.type in EDITORS and present.visible_fcurves:
            return curves_of_actions(present.visible_fcurves)
        return curves_of_character(_character(context))

    def outcome(self, gathered: Gathered, changed: int) -> Report:
        """What was done, and what was left alone."""
        left = gathered.left_alone
        notes = [f"{left} locked, muted or hidden curves were left alone"] if left else []
        if changed and self.curves != "CHARACTER" and (others := left_behind(gathered)):
            notes.append(told_others(others, self.keys))
        return Report(
            summary="; ".join((f"{self.bl_label}: {changed} curves changed", *notes)),
            counts={"curves": changed, "left_alone": left, "keys": gathered.keys},
        )

    # ------------------------------------------------------------ dragged

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin to drag; without a window, or without anything to drag, do it at once."""
        if bpy.app.background or not self.dragged:
            return self.execute(context)
        try:
            self.begin(context, float(event.mouse_x))
        except FacemocapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.window.cursor_modal_set("SCROLL_X")
        context.window_manager.modal_handler_add(self)
        self._show(context)
        return {"RUNNING_MODAL"}

    def begin(self, context: bpy.types.Context, x: float) -> None:
        """Read everything, and note where the mouse is."""
        gathered = self.gather(context)
        self.prepare(context, gathered)
        self._gathered, self._slider = gathered, self.slider()
        self._slider.begin(x, self.falloff)
        self._set_dragged()

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Follow the mouse and typed numbers; confirm, or put everything back."""
        slider, gathered = self._slider, self._gathered
        assert slider is not None, "begun by invoke"
        assert gathered is not None, "begun by invoke"
        pressed = event.value == "PRESS"
        if pressed and event.type in {"ESC", "RIGHTMOUSE"}:
            self._cancel(context)
            return {"CANCELLED"}
        if pressed and event.type in {"LEFTMOUSE", "RET", "NUMPAD_ENTER"}:
            changed = self._update(context, gathered)
            self._end(context)
            self.tell(self.outcome(gathered, changed))
            return {"FINISHED"}
        if slider.follow(event):
            self._update(context, gathered)
            return {"RUNNING_MODAL"}
        # a person may look around meanwhile
        looking = {"MIDDLEMOUSE", "WHEELUPMOUSE", "WHEELDOWNMOUSE", "TRACKPADPAN", "TRACKPADZOOM"}
        return {"PASS_THROUGH"} if event.type in looking else {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: put everything back."""
        self._cancel(context)

    def _set_dragged(self) -> None:
        """Let the last-operator panel show what was dragged."""
        assert self._slider is not None, "begun by invoke"
        value = self._slider.value
        setattr(self, self.dragged, round(value) if self._slider.whole else value)
        self.falloff = self._slider.falloff

    def _update(self, context: bpy.types.Context, gathered: Gathered) -> int:
        assert self._slider is not None, "begun by invoke"
        self._set_dragged()
        try:
            changed = self.apply(gathered)
        except BaseException:
            self._cancel(context)
            raise
        self._show(context)
        return changed

    def _show(self, context: bpy.types.Context) -> None:
        """Header text, and every editor that shows curves or what they move."""
        if context.area is not None and self._slider is not None:
            context.area.header_text_set(self._slider.text(self.bl_label))
        for window in context.window_manager.windows:
            for area in window.screen.areas:
                if area.type in (*EDITORS, "VIEW_3D", "NLA_EDITOR", "PROPERTIES"):
                    area.tag_redraw()

    def _cancel(self, context: bpy.types.Context) -> None:
        """Put everything back, once."""
        if self._gathered is not None:
            self._gathered.restore()
        self._end(context)

    def _end(self, context: bpy.types.Context) -> None:
        self._gathered = self._slider = None
        if context.window is not None:
            context.window.cursor_modal_restore()
        if context.area is not None:
            context.area.header_text_set(None)
        self._show(context)


def told_others(names: list[str], keys: str) -> str:
    """That other objects of the character have the same shape keys, and how to change them."""
    some = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    have = "has" if len(names) == 1 else "have"
    # there no editor shows keys, so that nobody has selected them
    besides = " with Range or All keys" if keys == "SELECTED" else ""
    return f"{some}{more} {have} these too: choose Whole Character{besides}"


def _character(context: bpy.types.Context) -> CharacterObjects:
    """The character that is selected, else the one that is chosen in the panel."""
    scene, objects = context.scene, list(context.selected_objects or ())
    if not objects and context.active_object is not None:
        objects = [context.active_object]
    item = active_character(state_of(scene))
    if item is not None:
        picked = picked_objects(item, scene)
        if not objects or any(obj in objects for obj in picked.objects):
            return picked
    try:
        return pick_character(scene, objects)
    except FacemocapError:
        meshes = tuple(obj for obj in objects if obj.type != "ARMATURE")
        armature = next((obj for obj in objects if obj.type == "ARMATURE"), None)
        return CharacterObjects(objects[0].name if objects else "", meshes, armature)
