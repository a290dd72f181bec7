# SPDX-License-Identifier: GPL-3.0-or-later
"""Control: everything that can be set on the control that is chosen in the rig map."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import FACEMOCAP_PG_entry
from .character_panel import chosen_character, need_character
from .curve_picture import picture_of
from .lists import KIND_ICONS
from .sentences import draw_fact, draw_sentences
from .take_panel import SidebarPanel

_HOW = {"name": "by its name", "probe": "by its motion", "hand": "by hand"}


class FACEMOCAP_PT_entry(SidebarPanel, bpy.types.Panel):
    """The control that is chosen in the rig map."""

    bl_idname = "FACEMOCAP_PT_entry"
    bl_parent_id = "FACEMOCAP_PT_channels"
    bl_label = "Control"
    bl_order = 0

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a control."""
        item = chosen_character(context)
        return item is not None and item.active_row < len(item.rows) and bool(item.entry.path)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what is known of the control, what drives it, and how it answers."""
        layout = self.layout
        item = need_character(context)
        entry = item.entry
        head = layout.row()
        head.label(text=entry.name, icon=KIND_ICONS[entry.kind])
        head.operator("facemocap.test_channel", text="", icon="PLAY").control = entry.name
        self.draw_facts(context, entry)
        self.draw_sources(context, entry)
        if not entry.is_driven:
            return
        if entry.alike_count > 1:
            layout.prop(item, "edit_alike", text=f"Same on All {entry.alike_count} Meshes")
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        turn = "_turn" if entry.turns else ""
        column.prop(entry, f"offset{turn}")
        limits = column.column(align=True)
        limits.prop(entry, f"low{turn}", text="Lowest")
        limits.prop(entry, f"high{turn}", text="Highest")
        column.prop(entry, "shape")
        if entry.points:
            self.draw_response(context, entry)

    def draw_facts(self, context: bpy.types.Context, entry: FACEMOCAP_PG_entry) -> None:
        """Draw how sure its channel is, and what it was measured to move."""
        layout = self.layout
        column = layout.column(align=True)
        column.scale_y = 0.85
        if entry.is_driven:
            sure = "" if entry.how == "hand" else f", {entry.confidence:.0%} sure"
            draw_fact(column, "Found", f"{_HOW.get(entry.how, entry.how)}{sure}")
        elif entry.is_guess:
            draw_fact(column, "Guessed", f"by its motion, {entry.confidence:.0%} sure")
        draw_sentences(layout, context, entry.moves, "DRIVER_DISTANCE")

    def draw_sources(self, context: bpy.types.Context, entry: FACEMOCAP_PG_entry) -> None:
        """Draw its channels with their gains."""
        column = self.layout.column(align=True)
        for source in entry.sources:
            row = column.row(align=True)
            row.label(text=source.name)
            gain = row.row()
            gain.ui_units_x = 4.2
            gain.prop(source, "gain_turn" if source.turns else "gain", text="")
            clear = row.operator("facemocap.clear_entry", text="", icon="X")
            clear.channel, clear.link = source.name, entry.name
        add = column.operator("facemocap.assign_channel", text="Add Channel...", icon="ADD")
        add.control = entry.name
        if entry.is_fitted:
            draw_sentences(
                self.layout,
                context,
                "Its value is found together with that of other shapes. "
                "With a gain set here it follows these channels alone.",
            )

    def draw_response(self, context: bpy.types.Context, entry: FACEMOCAP_PG_entry) -> None:
        """Draw the curve and its points."""
        split = self.layout.split(factor=0.42)
        points = tuple((point.x, point.y) for point in entry.points)
        icon = picture_of(points, text_colour(context))
        if icon:
            split.template_icon(icon_value=icon, scale=max(4.5, min(1.2 * len(points), 7.0)))
        column = split.column(align=True)
        turn = "_turn" if entry.turns else ""
        for number, point in enumerate(entry.points):
            row = column.row(align=True)
            row.prop(point, f"x{turn}", text="")
            row.prop(point, f"y{turn}", text="")
            row.operator("facemocap.remove_point", text="", icon="X").point = number
        column.operator("facemocap.add_point", icon="ADD")


def text_colour(context: bpy.types.Context) -> tuple[float, float, float]:
    """What labels are drawn with."""
    theme: Any = context.preferences.themes[0].user_interface.wcol_regular.text
    red, green, blue = (round(float(part), 3) for part in theme[:3])
    return (red, green, blue)


CLASSES = (FACEMOCAP_PT_entry,)
