# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of takes, characters and channels."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import (
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_row,
    FACEMOCAP_PG_scene,
    FACEMOCAP_PG_take,
    state_of,
)

_ICONS = {"MATCHED": "CHECKMARK", "UNMATCHED": "QUESTION", "CONTROLS": "RADIOBUT_OFF"}


class FACEMOCAP_UL_takes(bpy.types.UIList):
    """Takes stored in the file."""

    bl_idname = "FACEMOCAP_UL_takes"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_scene,
        item: FACEMOCAP_PG_take,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw a take's name and length."""
        row = layout.row()
        row.label(text=item.name, icon="ANIM" if item.text else "LIBRARY_DATA_BROKEN")
        length = row.row()
        length.alignment = "RIGHT"
        length.active = False
        length.label(text=f"{item.duration_s:.1f} s")


class FACEMOCAP_UL_characters(bpy.types.UIList):
    """Characters of the scene."""

    bl_idname = "FACEMOCAP_UL_characters"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_scene,
        item: FACEMOCAP_PG_character,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw a character's name, and whether a take is applied to it."""
        row = layout.row()
        row.prop(item, "name", text="", emboss=False, icon="USER")
        if item.applied:
            row.label(text="", icon="KEYFRAME_HLT")


class FACEMOCAP_UL_channels(bpy.types.UIList):
    """Channels and what they drive."""

    bl_idname = "FACEMOCAP_UL_channels"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_character,
        item: FACEMOCAP_PG_row,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw the channel, then its control; of a control without channel its name alone."""
        if item.status == "CONTROLS":
            row = layout.row()
            row.active = False
            row.label(text=item.name, icon=_ICONS[item.status])
            return
        split = layout.split(factor=0.6)
        split.label(text=item.name, icon=_ICONS[item.status])
        row = split.row()
        row.active = False
        row.label(text=item.summary or "nothing")

    def draw_filter(self, context: bpy.types.Context, layout: Any) -> None:
        """Draw nothing: the filter stands above the list, where it is seen."""

    def filter_items(
        self, context: bpy.types.Context, data: FACEMOCAP_PG_character, prop: str
    ) -> tuple[list[int], list[int]]:
        """Apply the choice and the search above the list; the order stays."""
        state = state_of(context.scene)
        wanted, text = state.show_rows, state.search.casefold().strip()
        return [
            self.bitflag_filter_item
            if wanted in ("ALL", row.status)
            and (not text or text in row.name.casefold() or text in row.summary.casefold())
            else 0
            for row in getattr(data, prop)
        ], []


CLASSES = (FACEMOCAP_UL_takes, FACEMOCAP_UL_characters, FACEMOCAP_UL_channels)
