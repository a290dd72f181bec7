# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze: a target object from the gaze, and the gaze from a target object."""

from __future__ import annotations

import bpy

from .character_panel import chosen_character, need_character
from .take_panel import SidebarPanel


class FACEMOCAP_PT_gaze(SidebarPanel, bpy.types.Panel):
    """The gaze of what plays on the chosen character."""

    bl_idname = "FACEMOCAP_PT_gaze"
    bl_label = "Gaze Target"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 2

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a character that plays something."""
        item = chosen_character(context)
        return item is not None and item.applied

    def draw(self, context: bpy.types.Context) -> None:
        """Draw both ways, and the way back."""
        layout = self.layout
        item = need_character(context)
        layout.operator("facemocap.key_gaze_target", icon="EMPTY_DATA")
        aimed = any(row.kind == "gaze_target" for row in item.stack.rows)
        row = layout.row(align=True)
        active = context.active_object
        name = f"Look at {active.name}" if active is not None else "Look at Target"
        row.operator("facemocap.aim_gaze", text=name, icon="HIDE_OFF")
        if aimed:
            row.operator("facemocap.stop_aiming", text="", icon="X")


CLASSES = (FACEMOCAP_PT_gaze,)
