# SPDX-License-Identifier: GPL-3.0-or-later
"""Comp: stretches of several takes on a base."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import state_of
from .sentences import draw_sentences
from .take_panel import SidebarPanel


class FACEMOCAP_UL_comp_stretches(bpy.types.UIList):
    """Stretches: take, part of the face, and where."""

    bl_idname = "FACEMOCAP_UL_comp_stretches"

    def draw_item(
        self,
        _context: Any,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: Any,
        _active_data: Any,
        _active_name: Any,
        index: int = 0,
    ) -> None:
        """Draw one line."""
        row = layout.row(align=True)
        name = item.text.name.removesuffix(" (take)") if item.text else "no take"
        row.label(text=f"{index + 1}  {name}")
        row.label(text=", ".join(sorted(item.regions)) or "whole face")
        start = f"{item.start_s:.2f}" if item.use_start else "begin"
        end = f"{item.end_s:.2f}" if item.use_end else "end"
        row.label(text=f"{start} to {end}")


class FACEMOCAP_PT_comp(SidebarPanel, bpy.types.Panel):
    """Put several takes together."""

    bl_idname = "FACEMOCAP_PT_comp"
    bl_parent_id = "FACEMOCAP_PT_take"
    bl_label = "Comp"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """There must be a take."""
        return bool(state_of(context.scene).takes)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw base, stretches and seams."""
        layout = self.layout
        comp: Any = state_of(context.scene).comp
        layout.prop(comp, "base")
        row = layout.row()
        row.template_list(
            "FACEMOCAP_UL_comp_stretches", "", comp, "stretches", comp, "active", rows=3
        )
        buttons = row.column(align=True)
        buttons.operator("facemocap.add_comp_stretch", text="", icon="ADD")
        buttons.operator("facemocap.remove_comp_stretch", text="", icon="REMOVE")
        if comp.stretches:
            self.draw_stretch(comp.stretches[min(comp.active, len(comp.stretches) - 1)])
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(comp, "title")
        column.prop(comp, "search_s")
        column.prop(comp, "longest_s")
        row = layout.row(align=True)
        row.operator("facemocap.compose_takes", icon="NLA")
        row.operator("facemocap.open_comp", text="", icon="FILE_REFRESH")
        if comp.seams:
            draw_sentences(layout, context, comp.seams)

    def draw_stretch(self, stretch: Any) -> None:
        """Draw the stretch that is chosen."""
        box = self.layout.box()
        box.prop(stretch, "text")
        grid = box.grid_flow(row_major=True, columns=3, even_columns=True, align=True)
        grid.prop(stretch, "regions", expand=True)
        box.row(align=True).prop(stretch, "side", expand=True)
        for end in ("start", "end"):
            row = box.row(align=True)
            row.prop(stretch, f"use_{end}")
            part = row.row(align=True)
            part.enabled = getattr(stretch, f"use_{end}")
            part.prop(stretch, f"{end}_s", text="")
            row.operator("facemocap.comp_stretch_here", text="", icon="TIME").end = end.upper()
        box.prop(stretch, "offset_s")


CLASSES = (FACEMOCAP_UL_comp_stretches, FACEMOCAP_PT_comp)
