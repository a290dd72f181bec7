# SPDX-License-Identifier: GPL-3.0-or-later
"""Actor: the range of motion of a face, and example pairs with the character's poses."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import FACEMOCAP_PG_example, FACEMOCAP_PG_examples, state_of
from .character_panel import chosen_character
from .sentences import draw_fact, draw_sentences
from .take_panel import SidebarPanel


class FACEMOCAP_UL_examples(bpy.types.UIList):
    """Example pairs of a character."""

    bl_idname = "FACEMOCAP_UL_examples"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_examples,
        item: FACEMOCAP_PG_example,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw a pair's name, which a double click edits, and where it is from."""
        row = layout.row()
        row.prop(item, "title", text="", emboss=False, icon="BOOKMARKS")
        where = row.row()
        where.alignment = "RIGHT"
        where.active = False
        where.label(text=f"{item.take} {item.at_s:.2f} s")


class FACEMOCAP_PT_actor(SidebarPanel, bpy.types.Panel):
    """The actor's range of motion."""

    bl_idname = "FACEMOCAP_PT_actor"
    bl_parent_id = "FACEMOCAP_PT_take"
    bl_label = "Actor"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a take."""
        return bool(state_of(context.scene).takes)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw how the range is measured, and what was found."""
        layout = self.layout
        actor = state_of(context.scene).actor
        column = layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(actor, "actor")
        column.prop(actor, "is_own")
        column.prop(actor, "use_neutral")
        if actor.use_neutral:
            row = column.row(align=True)
            row.prop(actor, "neutral_s", text=" ")
            row.operator("facemocap.mark_range_neutral", text="", icon="TIME")
        row = layout.row(align=True)
        row.operator("facemocap.measure_range", icon="DRIVER_DISTANCE")
        row.operator("facemocap.load_range", text="", icon="FILE_FOLDER")
        row.operator("facemocap.save_range", text="", icon="FILE_TICK")
        row.operator("facemocap.clear_range", text="", icon="X")
        if not actor.range_json:
            return
        layout.prop(actor, "use_range")
        column = layout.column(align=True)
        column.scale_y = 0.85
        draw_fact(column, "Measured On", actor.source)
        draw_fact(column, "Channels", str(actor.count))
        draw_sentences(layout, context, actor.notes)


class FACEMOCAP_PT_examples(SidebarPanel, bpy.types.Panel):
    """Captured faces and the poses that belong to them."""

    bl_idname = "FACEMOCAP_PT_examples"
    bl_parent_id = "FACEMOCAP_PT_actor"
    bl_label = "Example Pairs"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character."""
        return chosen_character(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list of the chosen character's pairs."""
        layout = self.layout
        item = chosen_character(context)
        assert item is not None, "the panel's poll"
        view = item.examples
        layout.operator("facemocap.add_example", icon="ADD")
        if not view.rows:
            text = f"Go to a frame, pose {item.name} as that face should look, and add it."
            draw_sentences(layout, context, text)
        row = layout.row()
        row.template_list(
            "FACEMOCAP_UL_examples", "", view, "rows", view, "active_row", rows=3, maxrows=6
        )
        buttons = row.column(align=True)
        buttons.operator("facemocap.remove_example", text="", icon="REMOVE")
        buttons.operator("facemocap.load_examples", text="", icon="FILE_FOLDER")
        buttons.operator("facemocap.save_examples", text="", icon="FILE_TICK")
        if view.rows:
            layout.prop(view, "use")


CLASSES = (FACEMOCAP_UL_examples, FACEMOCAP_PT_actor, FACEMOCAP_PT_examples)
