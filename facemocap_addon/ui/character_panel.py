# SPDX-License-Identifier: GPL-3.0-or-later
"""Character: which objects, and what was measured on them."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import DRIVES, FACEMOCAP_PG_character, Work, state_of
from .sentences import draw_sentences
from .take_panel import SidebarPanel


def chosen_character(context: bpy.types.Context) -> FACEMOCAP_PG_character | None:
    """The character that the panels show."""
    state = state_of(context.scene)
    if not state.characters:
        return None
    return state.characters[min(state.active_character, len(state.characters) - 1)]


def need_character(context: bpy.types.Context) -> FACEMOCAP_PG_character:
    """The character that the panels show; polls made sure that there is one."""
    item = chosen_character(context)
    assert item is not None, "the panel's poll"
    return item


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
        """Draw the list of characters, and what there is to know about the chosen one."""
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
        progress = Work.progress()
        if progress is not None:
            layout.progress(factor=progress.done, text=progress.what)
            draw_sentences(layout, context, "Esc stops it. You can look around meanwhile.")
        elif item is not None:
            again = "Measure Again" if item.is_measured else "Measure the Face"
            icon = "CHECKMARK" if item.is_measured else "DRIVER_DISTANCE"
            layout.operator("facemocap.measure_character", text=again, icon=icon)
            if _has_both(item):
                _draw_drive(layout, item)
        if item is not None:
            draw_sentences(layout, context, item.notes, "ERROR")


def _has_both(item: FACEMOCAP_PG_character) -> bool:
    """Whether shape keys and bones could carry the face."""
    shapes = any(slot.object and slot.object.data.shape_keys for slot in item.meshes)
    return bool(item.armature) and shapes


def _draw_drive(layout: Any, item: FACEMOCAP_PG_character) -> None:
    """What carries the face, as two buttons of which one is pressed."""
    row = layout.row(align=True)
    row.label(text="Carried by")
    for value, label, _ in DRIVES:
        button = row.operator("facemocap.choose_drive", text=label, depress=item.drive == value)
        button.drive = value


class FACEMOCAP_PT_lids_and_lips(CharacterPart, bpy.types.Panel):
    """What it takes to close this character's eyes and mouth."""

    bl_idname = "FACEMOCAP_PT_lids_and_lips"
    bl_label = "Lids and Lips"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character whose openings were measured."""
        item = chosen_character(context)
        return item is not None and bool(item.contact_notes)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what was measured, and whether takes are brought to it."""
        draw_sentences(self.layout, context, need_character(context).contact_notes)
        self.layout.prop(state_of(context.scene), "use_contacts")


class FACEMOCAP_PT_objects(CharacterPart, bpy.types.Panel):
    """What the chosen character consists of."""

    bl_idname = "FACEMOCAP_PT_objects"
    bl_label = "Meshes and Armature"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the objects."""
        item = need_character(context)
        column = self.layout.column(align=True)
        for slot in item.meshes:
            name = slot.object.name if slot.object else "deleted"
            column.label(text=name, icon="OUTLINER_OB_MESH")
        if item.armature:
            column.label(text=item.armature.name, icon="OUTLINER_OB_ARMATURE")


CLASSES = (FACEMOCAP_PT_character, FACEMOCAP_PT_lids_and_lips, FACEMOCAP_PT_objects)
