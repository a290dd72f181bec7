# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of takes, characters, channels, and of the controls that a channel drives."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import (
    TAB_ROWS,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_link,
    FACEMOCAP_PG_row,
    FACEMOCAP_PG_scene,
    FACEMOCAP_PG_take,
    state_of,
)

KIND_ICONS = {
    "shape_key": "SHAPEKEY_DATA",
    "bone": "BONE_DATA",
    "property": "PROPERTIES",
    "": "NONE",
}
_ICONS = {"MATCHED": "CHECKMARK", "UNCERTAIN": "QUESTION", "UNMATCHED": "ANIM"}


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
        row.label(text=item.name, icon=_take_icon(item))
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
        """Draw a character's check box and name, and whether something is applied or wrong."""
        row = layout.row(align=True)
        if len(data.characters) > 1:
            row.prop(item, "is_picked", text="")
        row.prop(item, "name", text="", emboss=False, icon="USER")
        if item.applied_warnings:
            row.label(text="", icon="ERROR")
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
            kind = item.links[0].kind if item.links else ""
            layout.label(text=item.name, icon=KIND_ICONS[kind])
            return
        split = layout.split(factor=0.6)
        split.label(text=item.name, icon=_ICONS[item.status])
        row = split.row()
        row.active = False
        row.label(text=item.summary or "nothing")
        if item.status == "UNCERTAIN":
            sure = row.row()
            sure.alignment = "RIGHT"
            sure.label(text=f"{item.confidence:.0%}")

    def draw_filter(self, context: bpy.types.Context, layout: Any) -> None:
        """Draw nothing: the filter stands above the list, where it is seen."""

    def filter_items(
        self, context: bpy.types.Context, data: FACEMOCAP_PG_character, prop: str
    ) -> tuple[list[int], list[int]]:
        """Apply tab, region and search above the list; the order stays."""
        state = state_of(context.scene)
        kinds, region = TAB_ROWS[state.tab], state.region
        text = state.search.casefold().strip()
        return [
            self.bitflag_filter_item
            if row.status in kinds
            and region in ("ALL", row.region)
            and (not text or text in row.name.casefold() or text in row.summary.casefold())
            else 0
            for row in getattr(data, prop)
        ], []


class FACEMOCAP_UL_links(bpy.types.UIList):
    """Controls of the chosen line."""

    bl_idname = "FACEMOCAP_UL_links"

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: Any,
        data: FACEMOCAP_PG_row,
        item: FACEMOCAP_PG_link,
        _icon: int,
        _active_data: object,
        *_rest: object,
    ) -> None:
        """Draw a control, its gain, and the cross that takes the channel off it."""
        draw_link(layout, item, emboss=False)

    def draw_filter(self, context: bpy.types.Context, layout: Any) -> None:
        """Draw nothing: these lists are short."""


def draw_link(layout: Any, item: FACEMOCAP_PG_link, *, emboss: bool = True) -> None:
    """Draw a control, its gain, and the cross that takes the channel off it."""
    row = layout.row(align=True)
    row.label(text=item.title, icon=KIND_ICONS[item.kind])
    if not item.channel:
        return
    if item.is_guess:
        sure = row.row()
        sure.alignment = "RIGHT"
        sure.label(text=f"{item.confidence:.0%}")
        return
    gain = row.row()
    gain.ui_units_x = 4.0
    gain.prop(item, "gain_turn" if item.turns else "gain", text="", emboss=emboss)
    clear = row.operator("facemocap.clear_entry", text="", icon="X", emboss=emboss)
    clear.channel, clear.link = item.channel, item.name


def _take_icon(item: FACEMOCAP_PG_take) -> str:
    """What a take holds: points, a solve of points, or coefficients."""
    if not item.text:
        return "LIBRARY_DATA_BROKEN"
    if item.solve.is_solved:
        return "CON_FOLLOWTRACK"
    return "POINTCLOUD_DATA" if item.point_count else "ANIM"


CLASSES = (
    FACEMOCAP_UL_takes,
    FACEMOCAP_UL_characters,
    FACEMOCAP_UL_channels,
    FACEMOCAP_UL_links,
)
