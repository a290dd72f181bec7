# SPDX-License-Identifier: GPL-3.0-or-later
"""Take: import a recording and see what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ..props import FACEMOCAP_PG_take, state_of
from .sentences import draw_fact, draw_sentences


class SidebarPanel:
    """Where all our panels are."""

    if TYPE_CHECKING:
        layout: Any

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Face Mocap"


class FACEMOCAP_MT_take_sources(bpy.types.Menu):
    """Takes out of what is in the file already."""

    bl_idname = "FACEMOCAP_MT_take_sources"
    bl_label = "Take from This File"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the sources."""
        layout: Any = self.layout
        layout.operator("facemocap.take_from_character", icon="OUTLINER_OB_ARMATURE")
        layout.operator("facemocap.points_from_character", icon="POINTCLOUD_DATA")
        layout.operator("facemocap.take_from_clip", icon="TRACKER")


class FACEMOCAP_PT_take(SidebarPanel, bpy.types.Panel):
    """Recordings in this file."""

    bl_idname = "FACEMOCAP_PT_take"
    bl_label = "Take"
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list of takes and the facts of the chosen one."""
        layout = self.layout
        state = state_of(context.scene)
        if state.notice:
            draw_sentences(layout, context, state.notice, "ERROR")
        if not state.takes:
            layout.operator("facemocap.import_take", text="Import Take...", icon="IMPORT")
            layout.operator("facemocap.track_video", text="Track Video...", icon="FILE_MOVIE")
            draw_sentences(layout, context, "Or drop a recording on the viewport.")
            layout.menu("FACEMOCAP_MT_take_sources")
            return
        row = layout.row()
        row.template_list(
            "FACEMOCAP_UL_takes", "", state, "takes", state, "active_take", rows=2, maxrows=5
        )
        buttons = row.column(align=True)
        buttons.operator("facemocap.import_take", text="", icon="ADD")
        buttons.operator("facemocap.track_video", text="", icon="FILE_MOVIE")
        buttons.operator("facemocap.forget_take", text="", icon="REMOVE")
        buttons.menu("FACEMOCAP_MT_take_sources", text="", icon="DOWNARROW_HLT")
        item = state.takes[min(state.active_take, len(state.takes) - 1)]
        self.draw_facts(context, item)

    def draw_facts(self, context: bpy.types.Context, item: FACEMOCAP_PG_take) -> None:
        """Draw what the recording holds."""
        layout = self.layout
        column = layout.column(align=True)
        column.scale_y = 0.85
        draw_fact(column, "Duration", f"{item.duration_s:.2f} s")
        draw_fact(column, "Rate", f"{item.rate_hz:.2f} Hz")
        draw_fact(column, "Channels", str(item.channel_count))
        draw_fact(column, "Gaps", str(item.gap_count) if item.gap_count else "none")
        if item.timecode:
            draw_fact(column, "Timecode", item.timecode)
        if item.not_recorded:
            draw_sentences(layout, context, f"Not recorded: {item.not_recorded}", "INFO")
        draw_sentences(layout, context, item.warnings, "ERROR")
        layout.operator("facemocap.add_sound", icon="SOUND")
        layout.operator("facemocap.hear_phrases", icon="SPEAKER")


CLASSES = (FACEMOCAP_MT_take_sources, FACEMOCAP_PT_take)
