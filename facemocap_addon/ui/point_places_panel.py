# SPDX-License-Identifier: GPL-3.0-or-later
"""Places: where each point is on the character, how that was told, and how sure it is."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import (
    HOW,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_points,
    FACEMOCAP_PG_tracked_point,
    Picking,
    state_of,
)
from .character_panel import chosen_character
from .points_panel import PointsPart, need_chosen_points
from .sentences import draw_fact, draw_sentences, width_of

_ICONS = {value: icon for value, _, _, icon, _ in HOW}
_LABELS = {value: label for value, label, _, _, _ in HOW}
_NOWHERE = ("NONE", "LEFT_OUT")
#: The list shows places, too, where the sidebar is this wide (pixels at scale 1).
WIDE_PX = 300.0


def rows_fit(context: bpy.types.Context) -> bool:
    """Whether the listed points are those of the chosen take on the chosen character."""
    points = state_of(context.scene).points
    character = chosen_character(context)
    if character is None or points.rows_object is None or not points.rows:
        return False
    own = points.rows_points == need_chosen_points(context).solve.points_digest
    return own and points.rows_object == _holder(character)


def _holder(character: FACEMOCAP_PG_character) -> Any:
    """The object by which the list knows a character."""
    if character.armature is not None:
        return character.armature
    return next((slot.object for slot in character.meshes if slot.object is not None), None)


class FACEMOCAP_UL_points(bpy.types.UIList):
    """Points and where they are."""

    bl_idname = "FACEMOCAP_UL_points"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_points,
        item: FACEMOCAP_PG_tracked_point,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw a point's name, its place, and how sure that is."""
        row = layout.row()
        row.active = item.how not in _NOWHERE
        row.label(text=item.name, icon=_ICONS[item.how])
        if width_of(context) > WIDE_PX:
            place = row.row()
            place.active = False
            there = item.how not in _NOWHERE
            place.label(text=item.place if there else _LABELS[item.how])
        if item.how not in (*_NOWHERE, "HAND"):
            sure = row.row()
            sure.alignment = "RIGHT"
            sure.alert = item.confidence < 0.5
            sure.label(text=f"{item.confidence:.0%}")

    def filter_items(
        self, context: bpy.types.Context, data: FACEMOCAP_PG_points, prop: str
    ) -> tuple[list[int], list[int]]:
        """Search by the list's own field; the least sure first on request."""
        rows = getattr(data, prop)
        helper: Any = bpy.types.UI_UL_list
        flags: list[int] = []
        if self.filter_name:
            flags = helper.filter_items_by_name(
                self.filter_name, self.bitflag_filter_item, rows, "name"
            )
        order: list[int] = []
        if data.doubtful_first:
            doubt = [(n, row.confidence) for n, row in enumerate(rows)]
            order = helper.sort_items_helper(doubt, key=lambda each: each[1])
        return flags, order


class FACEMOCAP_PT_point_places(PointsPart, bpy.types.Panel):
    """Where the points are on the character."""

    bl_idname = "FACEMOCAP_PT_point_places"
    bl_label = "Places of the Points"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list, what is known of the chosen point, and what can be done with it."""
        layout = self.layout
        points = state_of(context.scene).points
        if not rows_fit(context):
            layout.operator("facemocap.place_points", icon="VIEWZOOM")
            return
        row = layout.row()
        row.template_list(
            "FACEMOCAP_UL_points", "", points, "rows", points, "active_row", rows=7, maxrows=7
        )
        buttons = row.column(align=True)
        buttons.operator("facemocap.place_points", text="", icon="FILE_REFRESH")
        buttons.operator("facemocap.forget_point", text="", icon="LOOP_BACK").every = True
        buttons.separator()
        buttons.prop(points, "doubtful_first", text="", icon="SORT_DESC")
        buttons.prop(points, "show_points", text="", icon="HIDE_OFF")
        sub = buttons.column(align=True)
        sub.active = points.show_points
        sub.prop(points, "show_names", text="", icon="FONT_DATA")
        if points.active_row < len(points.rows):
            self.draw_point(context, points.rows[points.active_row])
        draw_sentences(layout, context, points.findings, "ERROR")

    def draw_point(self, context: bpy.types.Context, item: FACEMOCAP_PG_tracked_point) -> None:
        """Draw what is known of a point and its buttons."""
        layout = self.layout
        column = layout.column(align=True)
        column.scale_y = 0.85
        draw_fact(column, "Placed", _LABELS[item.how])
        if item.how not in _NOWHERE:
            draw_fact(column, "Place", item.place or "on the skin")
            draw_fact(column, "Sure", f"{item.confidence:.0%}")
            draw_fact(column, "Moved", f"{item.moved_mm:.1f} mm")
        if Picking.name():
            draw_sentences(layout, context, f"Click on the face where {Picking.name()} is.")
        grid = layout.column(align=True)
        row = grid.row(align=True)
        row.operator("facemocap.pick_point", icon="EYEDROPPER")
        row.operator("facemocap.put_on_vertex", text="On Active Vertex", icon="VERTEXSEL")
        row = grid.row(align=True)
        row.operator("facemocap.leave_out_point", icon="X")
        row.operator("facemocap.forget_point", icon="LOOP_BACK").every = False


CLASSES = (FACEMOCAP_UL_points, FACEMOCAP_PT_point_places)
