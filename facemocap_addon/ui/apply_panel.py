# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply: where and how the take goes onto the character. Remove: off it again."""

from __future__ import annotations

import bpy

from ..props import FACEMOCAP_PG_character, state_of
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
        state = state_of(context.scene)
        item = chosen_character(context)
        picked = [each for each in state.characters if each.is_picked]
        row = layout.row()
        row.scale_y = 1.5
        row.operator("facemocap.apply_take", text=f"Apply {_to_whom(picked)}", icon="PLAY")
        meant = picked or ([item] if item is not None else [])
        if any(each.is_linked for each in meant):
            layout.prop(state, "use_override")
        for each in meant:
            if each.applied_warnings and len(meant) > 1:
                layout.label(text=each.name, icon="USER")
            draw_sentences(layout, context, each.applied_warnings, "ERROR")


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
        if state.start_mode == "MARK":
            layout.prop(state, "mark_s")
            layout.prop(state, "start_frame", text="Falls on Frame")
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
        layout.prop(state, "hand_edits")
        column = layout.column(heading="Values")
        column.prop(state, "use_mirror")
        column.prop(state, "use_raw")
        column = layout.column(heading="Character")
        column.active = not state.use_raw
        column.prop(state, "measure_first")
        column.prop(state, "use_contacts")
        row = column.row()
        row.active = state.use_contacts
        row.prop(state, "widen_sliders")


class FACEMOCAP_PT_remove(SidebarPanel, bpy.types.Panel):
    """What is applied to the chosen character."""

    bl_idname = "FACEMOCAP_PT_remove"
    bl_label = "Remove"
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what plays now, and the button."""
        layout = self.layout
        item = chosen_character(context)
        picked = [each for each in state_of(context.scene).characters if each.is_picked]
        words = "Remove Take" if len(picked) < 2 else f"Remove from {len(picked)} Characters"
        layout.operator("facemocap.remove_take", text=words, icon="TRASH")
        if item is not None and item.applied:
            column = layout.column(align=True)
            column.scale_y = 0.85
            draw_fact(column, "Plays", item.applied)
            draw_fact(column, "From Frame", f"{item.applied_start:g}")


def _to_whom(picked: list[FACEMOCAP_PG_character]) -> str:
    """What the button says after Apply: the take, or those who are checked."""
    if not picked:
        return "Take"
    return f"to {picked[0].name}" if len(picked) == 1 else f"to {len(picked)} Characters"


CLASSES = (FACEMOCAP_PT_apply, FACEMOCAP_PT_placing, FACEMOCAP_PT_keys, FACEMOCAP_PT_remove)
