# SPDX-License-Identifier: GPL-3.0-or-later
"""Character: which objects, and which channel drives which control."""

from __future__ import annotations

import bpy

from ..props import FACEMOCAP_PG_character, state_of
from .sentences import draw_sentences
from .take_panel import SidebarPanel


def chosen_character(context: bpy.types.Context) -> FACEMOCAP_PG_character | None:
    """The character that the panels show."""
    state = state_of(context.scene)
    if not state.characters:
        return None
    return state.characters[min(state.active_character, len(state.characters) - 1)]


class CharacterPart(SidebarPanel):
    """A panel that is there only with a character."""

    bl_parent_id = "FACEMOCAP_PT_character"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character."""
        return chosen_character(context) is not None


class FACEMOCAP_PT_character(SidebarPanel, bpy.types.Panel):
    """Characters of this scene."""

    bl_idname = "FACEMOCAP_PT_character"
    bl_label = "Character"
    bl_order = 1

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list of characters and how well the chosen one matches."""
        layout = self.layout
        state = state_of(context.scene)
        item = chosen_character(context)
        if item is not None:
            row = layout.row()
            row.template_list(
                "FACEMOCAP_UL_characters",
                "",
                state,
                "characters",
                state,
                "active_character",
                rows=2,
                maxrows=4,
            )
            row.column().operator("facemocap.forget_character", text="", icon="REMOVE")
        row = layout.row(align=True)
        row.operator("facemocap.find_character", text="Find", icon="VIEWZOOM")
        row.operator("facemocap.pick_character", text="Use Selected", icon="RESTRICT_SELECT_OFF")
        if item is not None:
            draw_sentences(layout, context, item.notes, "ERROR")


class FACEMOCAP_PT_objects(CharacterPart, bpy.types.Panel):
    """What the chosen character consists of."""

    bl_idname = "FACEMOCAP_PT_objects"
    bl_label = "Meshes and Armature"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the objects."""
        item = chosen_character(context)
        assert item is not None  # poll
        column = self.layout.column(align=True)
        for slot in item.meshes:
            name = slot.object.name if slot.object else "deleted"
            column.label(text=name, icon="OUTLINER_OB_MESH")
        if item.armature:
            column.label(text=item.armature.name, icon="OUTLINER_OB_ARMATURE")


class FACEMOCAP_PT_channels(CharacterPart, bpy.types.Panel):
    """Which channel of the take drives which control of the character."""

    bl_idname = "FACEMOCAP_PT_channels"
    bl_label = "Channels"
    # closed, so that Apply is in sight; the title says how many match
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the count beside the title, so that it is seen when the panel is closed."""
        item = chosen_character(context)
        assert item is not None  # poll
        total = item.matched_count + item.unmatched_count
        self.layout.label(text=f"{item.matched_count} of {total} match")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list, what the chosen channel drives, and the map's file buttons."""
        layout = self.layout
        state = state_of(context.scene)
        item = chosen_character(context)
        assert item is not None  # poll
        layout.label(
            text=f"{item.unmatched_count} drive nothing, {item.unused_count} controls unused"
        )
        row = layout.row(align=True)
        row.prop(state, "show_rows", text="")
        row.prop(state, "search", text="", icon="VIEWZOOM")
        layout.template_list(
            "FACEMOCAP_UL_channels", "", item, "rows", item, "active_row", rows=8, maxrows=8
        )
        self.draw_row(item)
        row = layout.row(align=True)
        row.operator("facemocap.load_map", icon="FILE_FOLDER")
        row.operator("facemocap.save_map", icon="FILE_TICK")
        layout.operator("facemocap.match_channels", icon="FILE_REFRESH")

    def draw_row(self, item: FACEMOCAP_PG_character) -> None:
        """Draw what the chosen channel drives, each control with its gain."""
        if item.active_row >= len(item.rows):
            return
        chosen = item.rows[item.active_row]
        box = self.layout.box().column(align=True)
        if chosen.status == "CONTROLS":
            box.label(text=chosen.name)
            add = box.operator("facemocap.assign_control", text="Choose Channel...", icon="ADD")
            add.control = chosen.name
            return
        box.label(text=f"{chosen.name} drives" if chosen.links else f"{chosen.name}: nothing yet")
        for link in chosen.links:
            split = box.split(factor=0.62, align=True)
            split.label(text=link.name)
            row = split.row(align=True)
            row.prop(link, "gain", text="")
            clear = row.operator("facemocap.clear_entry", text="", icon="X")
            clear.channel, clear.link = chosen.name, link.name
        add = box.operator("facemocap.assign_control", text="Add Control...", icon="ADD")
        add.channel = chosen.name


CLASSES = (FACEMOCAP_PT_character, FACEMOCAP_PT_objects, FACEMOCAP_PT_channels)
