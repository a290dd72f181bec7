# SPDX-License-Identifier: GPL-3.0-or-later
"""Stack: the steps of cleanup on what plays on a character, and the settings of the chosen one."""

from __future__ import annotations

import math
from typing import Any

import bpy

from ..core.stack.kind import Kind
from ..core.stack.kinds import kind_of, kinds
from ..core.stack.params import ByRegion, Pairs, Param, field_types, param_fields
from ..core.stack.presets import list_presets
from ..core.stack.regions import REGIONS
from ..props import (
    GIVEN,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_stack,
    FACEMOCAP_PG_step,
    preset_folder,
    region_name,
    state_of,
)
from .character_panel import chosen_character, need_character
from .sentences import draw_fact, draw_sentences
from .step_records import draw_records
from .take_panel import SidebarPanel

#: Sliders from end to end; what reaches farther is a field to drag in.
_MOST_SLIDER = 12.0


class FACEMOCAP_UL_steps(bpy.types.UIList):
    """Steps of a stack, run from top to bottom."""

    bl_idname = "FACEMOCAP_UL_steps"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_stack,
        item: FACEMOCAP_PG_step,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw the switch, the kind, and how much of it counts."""
        row = layout.row(align=True)
        row.prop(item, "enabled", text="")
        name = row.row()
        name.active = item.enabled
        name.label(text=item.name)
        if item.said:
            row.label(text="", icon="INFO")
        if not item.is_whole:
            share = row.row()
            share.active = item.enabled
            share.ui_units_x = 3.5
            share.prop(item, "influence", text="", emboss=False)

    def draw_filter(self, context: bpy.types.Context, layout: Any) -> None:
        """Draw nothing: stacks are short."""


class FACEMOCAP_MT_add_step(bpy.types.Menu):
    """All kinds of steps."""

    bl_idname = "FACEMOCAP_MT_add_step"
    bl_label = "Add Step"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the kinds in the order of their names."""
        layout: Any = self.layout
        for kind in sorted(kinds().values(), key=lambda each: each.label):
            layout.operator("facemocap.add_step", text=kind.label).kind = kind.name


class FACEMOCAP_MT_stack(bpy.types.Menu):
    """Presets, files and other characters."""

    bl_idname = "FACEMOCAP_MT_stack"
    bl_label = "Stack"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw what concerns the whole stack."""
        layout: Any = self.layout
        layout.operator("facemocap.duplicate_step", icon="DUPLICATE")
        layout.operator("facemocap.copy_stack", icon="COPYDOWN")
        layout.separator()
        layout.operator("facemocap.use_default_stack")
        names = list_presets(preset_folder())
        for name in names:
            layout.operator("facemocap.load_stack_preset", text=name).preset = name
        layout.separator()
        layout.operator("facemocap.save_stack_preset", text="Save Preset...", icon="ADD")
        if names:
            layout.menu("FACEMOCAP_MT_delete_preset", icon="REMOVE")
        layout.separator()
        layout.operator("facemocap.load_stack", text="Load Stack...", icon="IMPORT")
        layout.operator("facemocap.save_stack", text="Save Stack...", icon="EXPORT")


class FACEMOCAP_MT_delete_preset(bpy.types.Menu):
    """Presets to be deleted."""

    bl_idname = "FACEMOCAP_MT_delete_preset"
    bl_label = "Delete Preset"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw their names."""
        layout: Any = self.layout
        for name in list_presets(preset_folder()):
            layout.operator("facemocap.delete_stack_preset", text=name).preset = name


class StackPart(SidebarPanel):
    """A panel that is there only with a chosen step."""

    bl_parent_id = "FACEMOCAP_PT_stack"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a step."""
        item = chosen_character(context)
        return item is not None and chosen_step(item) is not None


def chosen_step(item: FACEMOCAP_PG_character) -> FACEMOCAP_PG_step | None:
    """The step whose settings are shown."""
    view = item.stack
    step = view.rows[min(view.active, len(view.rows) - 1)] if view.rows else None
    # a newer version may have put in what this one does not know
    return step if step is not None and step.kind in kinds() else None


class FACEMOCAP_PT_stack(SidebarPanel, bpy.types.Panel):
    """Steps of cleanup on the chosen character."""

    bl_idname = "FACEMOCAP_PT_stack"
    bl_label = "Cleanup"
    # below Apply, above Remove: the order of registration decides
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character."""
        return chosen_character(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the steps and the buttons that change their order."""
        layout = self.layout
        item = need_character(context)
        view = item.stack
        row = layout.row(align=True)
        row.operator("facemocap.choose_stack", icon="SHADERFX")
        row.operator("facemocap.rerun_stack", text="", icon="FILE_REFRESH")
        row = layout.row()
        row.template_list(
            "FACEMOCAP_UL_steps", "", view, "rows", view, "active", rows=4, maxrows=10
        )
        column = row.column(align=True)
        column.menu("FACEMOCAP_MT_add_step", text="", icon="ADD")
        column.operator("facemocap.remove_step", text="", icon="REMOVE")
        column.menu("FACEMOCAP_MT_stack", text="", icon="DOWNARROW_HLT")
        if len(view.rows) > 1:
            column.separator()
            up = column.operator("facemocap.move_step", text="", icon="TRIA_UP")
            up.direction = "UP"
            down = column.operator("facemocap.move_step", text="", icon="TRIA_DOWN")
            down.direction = "DOWN"
        draw_sentences(layout, context, view.problem, "ERROR")
        if not item.applied and view.rows:
            draw_sentences(layout, context, "The steps are run when a take is applied.")
        for reason in view.chosen_by.splitlines():
            draw_sentences(layout, context, reason)


class FACEMOCAP_PT_step(StackPart, bpy.types.Panel):
    """Parameters of the chosen step."""

    bl_idname = "FACEMOCAP_PT_step"
    # the header says which step it is
    bl_label = ""
    bl_order = 0

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draw the step's kind and place."""
        item = need_character(context)
        step = chosen_step(item)
        if step is not None:
            self.layout.label(text=f"{step.name} (Step {item.stack.active + 1})")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw influence and parameters, and what the step said."""
        layout = self.layout
        layout.use_property_split = True
        item = need_character(context)
        step = chosen_step(item)
        assert step is not None, "the panel's poll"
        kind = kind_of(step.kind)
        draw_sentences(layout, context, f"{kind.what}.")
        layout.use_property_decorate = True
        if not step.is_whole:
            layout.prop(step, "influence", slider=True)
        layout.use_property_decorate = False
        draw_params(layout, context, getattr(item.stack.params, kind.name), kind)
        draw_records(layout, context, item, kind)
        draw_sentences(layout, context, step.said, "INFO")


class FACEMOCAP_PT_step_mask(StackPart, bpy.types.Panel):
    """Where the chosen step acts."""

    bl_idname = "FACEMOCAP_PT_step_mask"
    bl_label = "Mask"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 1

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for steps that can be kept to a part."""
        item = chosen_character(context)
        step = chosen_step(item) if item is not None else None
        return step is not None and not step.is_whole

    def draw(self, context: bpy.types.Context) -> None:
        """Draw regions and stretches of frames."""
        layout = self.layout
        view = need_character(context).stack
        layout.label(text="Regions" if view.mask_regions else "Regions: all")
        grid = layout.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
        for region in REGIONS:
            grid.prop_enum(view, "mask_regions", region)
        row = layout.row()
        row.label(text="Frames of the Take" if view.mask_frames else "Frames: all")
        row.operator("facemocap.add_stretch", text="", icon="ADD")
        column = layout.column(align=True)
        for number, stretch in enumerate(view.mask_frames):
            row = column.row(align=True)
            row.prop(stretch, "first", text="")
            row.prop(stretch, "last", text="")
            row.operator("facemocap.remove_stretch", text="", icon="X").stretch = number
        if view.mask_frames:
            row = layout.row(heading="Fade", align=True)
            row.prop(view, "has_soft", text="")
            part = row.row()
            part.active = view.has_soft
            part.prop(view, "soft", text="Frames")


class FACEMOCAP_PT_compare(SidebarPanel, bpy.types.Panel):
    """The raw take against the cleaned one."""

    bl_idname = "FACEMOCAP_PT_compare"
    bl_parent_id = "FACEMOCAP_PT_stack"
    bl_label = "Compare"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where something plays."""
        item = chosen_character(context)
        return item is not None and bool(item.applied)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the switches, and how far the two are apart."""
        layout = self.layout
        item = need_character(context)
        view = item.stack
        layout.prop(view, "show_raw", toggle=True, icon="LOOP_BACK")
        layout.prop(state_of(context.scene), "show_ghosts")
        if view.show_raw:
            draw_sentences(layout, context, "The raw take plays; the steps are kept.")
            return
        if not view.differences:
            draw_sentences(layout, context, "What plays is as it was recorded.")
            return
        column = layout.column(align=True)
        column.scale_y = 0.85
        draw_fact(column, "Region", "RMS, largest")
        for each in view.differences:
            words = f"{_amount(each.rms, each.unit)}, {_amount(each.most, each.unit)}"
            row = column.row()
            draw_fact(row, each.name.capitalize(), words)
            row.operator("facemocap.go_to_difference", text="", icon="TIME").at_s = each.at_s


def draw_params(layout: Any, context: bpy.types.Context, group: Any, kind: Kind) -> None:
    """Draw a step's parameters as its kind describes them."""
    types = field_types(kind.params)
    for field, described in param_fields(kind.params):
        name, hint = field.name, types[field.name]
        if described.record is not None:
            # they are not parameters of the panel: `draw_records` reads them of the stack itself
            continue
        if hint == ByRegion:
            _draw_regions(layout, group, name, described.label)
        elif hint == Pairs:
            _draw_pairs(layout, context, group, name, described)
        elif hint in (int | None, float | None):
            given = getattr(group, name + GIVEN)
            layout.prop(group, name + GIVEN)
            if given:
                layout.prop(group, name, slider=_is_slider(group, name))
        else:
            layout.prop(group, name, slider=_is_slider(group, name))


def _is_slider(group: Any, name: str) -> bool:
    """Whether a number goes over a span that a hand can cover."""
    prop: Any = group.bl_rna.properties[name]
    if prop.type != "FLOAT":
        return False
    return bool(prop.soft_max - prop.soft_min <= _MOST_SLIDER)


def _draw_regions(layout: Any, group: Any, name: str, label: str) -> None:
    """Draw which regions have a number of their own, and these."""
    column = layout.column(align=True)
    column.use_property_split = False
    column.label(text=label)
    grid = column.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
    given = getattr(group, name + GIVEN)
    for region in REGIONS:
        grid.prop_enum(group, name + GIVEN, region)
    numbers = layout.column(align=True)
    for region in REGIONS:
        if region in given:
            slider = _is_slider(group, region_name(name, region))
            numbers.prop(group, region_name(name, region), slider=slider)


def _draw_pairs(
    layout: Any, context: bpy.types.Context, group: Any, name: str, described: Param
) -> None:
    """Draw pairs of numbers, and what they mean where there are any."""
    column = layout.column(align=True)
    column.use_property_split = False
    row = column.row()
    row.label(text=described.label)
    row.operator("facemocap.add_pair", text="", icon="ADD").param = name
    if getattr(group, name):
        draw_sentences(column, context, f"{described.what}.", "BLANK1")
    for number, pair in enumerate(getattr(group, name)):
        row = column.row(align=True)
        row.prop(pair, "first", text="")
        row.prop(pair, "second", text="")
        button = row.operator("facemocap.remove_pair", text="", icon="X")
        button.param, button.pair = name, number


def _amount(number: float, unit: str) -> str:
    """A difference as people read it."""
    if unit == "rad":
        return f"{math.degrees(number):.2f}°"
    if unit == "m":
        return f"{number * 1000:.1f} mm"
    return f"{number:.1f} px" if unit == "px" else f"{number:.3f}"


CLASSES = (
    FACEMOCAP_UL_steps,
    FACEMOCAP_MT_add_step,
    FACEMOCAP_MT_stack,
    FACEMOCAP_MT_delete_preset,
    FACEMOCAP_PT_stack,
    FACEMOCAP_PT_step,
    FACEMOCAP_PT_step_mask,
    FACEMOCAP_PT_compare,
)
