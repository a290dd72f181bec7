# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply: where and how the take goes onto the character. Remove: off it again."""

from __future__ import annotations

import bpy

from ..props import state_of
from .character_panel import chosen_character
from .sentences import draw_fact, draw_sentences
from .take_panel import SidebarPanel


class FACEMOCAP_PT_apply(SidebarPanel, bpy.types.Panel):
    """Key the chosen take onto the chosen character."""

    bl_idname = "FACEMOCAP_PT_apply"
    bl_label = "Apply"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the button, and the one question that must be answered before it works."""
        layout = self.layout
        item = chosen_character(context)
        row = layout.row()
        row.scale_y = 1.5
        row.operator("facemocap.apply_take", icon="PLAY")
        if item is not None and item.is_linked:
            layout.prop(state_of(context.scene), "use_override")
        if item is not None:
            draw_sentences(layout, context, item.applied_warnings, "ERROR")


class FACEMOCAP_PT_placing(SidebarPanel, bpy.types.Panel):
    """Where the take goes."""

    bl_idname = "FACEMOCAP_PT_placing"
    bl_parent_id = "FACEMOCAP_PT_apply"
    bl_label = "Placing"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw start, trim and range."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        state = state_of(context.scene)
        layout.prop(state, "start_mode")
        if state.start_mode == "FRAME":
            layout.prop(state, "start_frame")
        if state.start_mode == "TIMECODE":
            layout.prop(state, "start_timecode", text="Scene Starts At")
        layout.prop(state, "set_scene_range")
        layout.prop(state, "use_trim")
        if state.use_trim:
            column = layout.column(align=True)
            column.prop(state, "trim_start_s")
            column.prop(state, "trim_end_s")


class FACEMOCAP_PT_keys(SidebarPanel, bpy.types.Panel):
    """How the take is keyed, and how it meets older animation."""

    bl_idname = "FACEMOCAP_PT_keys"
    bl_parent_id = "FACEMOCAP_PT_apply"
    bl_label = "Keys and Layers"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw keys, mirror and layers."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        state = state_of(context.scene)
        layout.prop(state, "keys_mode", text="Keys On")
        layout.prop(state, "face_layer")
        layout.prop(state, "head_layer")
        column = layout.column(heading="Values")
        column.prop(state, "use_mirror")
        column.prop(state, "use_raw")


class FACEMOCAP_PT_remove(SidebarPanel, bpy.types.Panel):
    """What is applied to the chosen character."""

    bl_idname = "FACEMOCAP_PT_remove"
    bl_label = "Remove"
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what plays now, and the button."""
        layout = self.layout
        item = chosen_character(context)
        layout.operator("facemocap.remove_take", icon="TRASH")
        if item is not None and item.applied:
            column = layout.column(align=True)
            column.scale_y = 0.85
            draw_fact(column, "Plays", item.applied)
            draw_fact(column, "From Frame", f"{item.applied_start:g}")


CLASSES = (FACEMOCAP_PT_apply, FACEMOCAP_PT_placing, FACEMOCAP_PT_keys, FACEMOCAP_PT_remove)
