# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig Map: which channel drives which control, in three lists."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import FACEMOCAP_PG_character, FACEMOCAP_PG_row, state_of
from .character_panel import CharacterPart, need_character
from .lists import draw_link
from .sentences import draw_sentences, width_of

#: What an empty list says.
_EMPTY = {
    "MATCHED": "No channel drives anything yet.",
    "UNCERTAIN": "Nothing is uncertain.",
    "UNMATCHED": "Every channel and every control has a partner.",
}


#: What a letter and the edges of a tab take of the sidebar's width, in pixels.
_LETTER_PX, _TAB_PX = 6.4, 16.0


class FACEMOCAP_PT_channels(CharacterPart, bpy.types.Panel):
    """Which channel of the take drives which control of the character."""

    bl_idname = "FACEMOCAP_PT_channels"
    bl_label = "Rig Map"
    # closed, so that Apply is in sight; the title says how many match
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the count beside the title, so that it is seen when the panel is closed."""
        item = need_character(context)
        total = item.matched_count + item.uncertain_count + item.unmatched_count
        self.layout.label(text=f"{item.driving_count} of {total} match")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the lists, what the chosen line drives, and where maps come from."""
        layout = self.layout
        state = state_of(context.scene)
        item = need_character(context)
        counts = {
            "MATCHED": item.matched_count,
            "UNCERTAIN": item.uncertain_count,
            "UNMATCHED": item.unmatched_count + item.unused_count,
        }
        draw_tabs(layout, context, counts)
        row = layout.row(align=True)
        row.prop(state, "region", text="")
        row.prop(state, "search", text="", icon="VIEWZOOM")
        layout.template_list(
            "FACEMOCAP_UL_channels", "", item, "rows", item, "active_row", rows=7, maxrows=7
        )
        if state.tab == "UNMATCHED" and counts["UNMATCHED"]:
            layout.label(text=f"{item.unmatched_count} channels and {item.unused_count} controls")
        if not counts[state.tab]:
            draw_sentences(layout, context, _EMPTY[state.tab])
        if item.active_row < len(item.rows):
            self.draw_row(context, item, item.rows[item.active_row])

    def draw_row(
        self, context: bpy.types.Context, item: FACEMOCAP_PG_character, row: FACEMOCAP_PG_row
    ) -> None:
        """Draw the chosen line: its controls, a test, and what can be done about it."""
        box = self.layout.box().column()
        is_control = row.status == "CONTROLS"
        head = box.row()
        head.label(text=row.name)
        if not is_control and row.links and not row.links[0].is_guess:
            head.operator("facemocap.test_channel", icon="PLAY").channel = row.name
        if len(row.links) > 1:
            box.template_list(
                "FACEMOCAP_UL_links", "", row, "links", row, "active_link", rows=2, maxrows=4
            )
        elif row.links and not is_control:
            draw_link(box, row.links[0])
        elif not is_control:
            draw_sentences(box, context, row.summary or "Drives nothing yet.")
        if row.status == "UNCERTAIN":
            self.draw_uncertain(context, box, row)
        if not is_control:
            add = box.operator("facemocap.assign_control", text="Add Control...", icon="ADD")
            add.channel = row.name

    def draw_uncertain(self, context: bpy.types.Context, box: Any, row: FACEMOCAP_PG_row) -> None:
        """Draw what an uncertain line needs: a decision."""
        is_guess = row.links[0].is_guess
        draw_sentences(
            box,
            context,
            "Measuring guesses this; it drives nothing yet."
            if is_guess
            else "It drives this, but have a look whether that is right.",
        )
        buttons = box.row(align=True)
        use = buttons.operator("facemocap.accept_match", icon="CHECKMARK")
        use.channel = row.name
        if not is_guess:
            leave = buttons.operator("facemocap.clear_entry", text="Leave Out", icon="X")
            leave.channel = row.name


def draw_tabs(layout: Any, context: bpy.types.Context, counts: dict[str, int]) -> None:
    """Draw the three lists' names with their counts, beside each other where there is room."""
    state = state_of(context.scene)
    words = {tab: f"{tab.capitalize()} {count}" for tab, count in counts.items()}
    needed = sum(_TAB_PX + _LETTER_PX * len(text) for text in words.values())
    if needed > width_of(context):
        column = layout.column(align=True)
        for tab, text in words.items():
            column.prop_enum(state, "tab", tab, text=text)
        return
    part = layout.row(align=True)
    left = sum(len(text) + 1 for text in words.values())
    for tab, text in words.items():
        # as wide as its words
        part = part.split(factor=(len(text) + 1) / left, align=True)
        part.prop_enum(state, "tab", tab, text=text)
        left -= len(text) + 1


class FACEMOCAP_PT_maps(CharacterPart, bpy.types.Panel):
    """Where the rig map comes from and goes to."""

    bl_idname = "FACEMOCAP_PT_maps"
    bl_parent_id = "FACEMOCAP_PT_channels"
    bl_label = "Load, Save, Copy"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw files, other characters, and the way back."""
        layout = self.layout
        row = layout.row(align=True)
        row.operator("facemocap.load_map", text="Load...", icon="FILE_FOLDER")
        row.operator("facemocap.save_map", text="Save...", icon="FILE_TICK")
        layout.operator_menu_enum("facemocap.copy_map", "source", icon="PASTEDOWN")
        layout.operator("facemocap.match_channels", icon="FILE_REFRESH")


CLASSES = (FACEMOCAP_PT_channels, FACEMOCAP_PT_maps)
