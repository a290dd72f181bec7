# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand Over: plain keys, and files for other programs."""

from __future__ import annotations

import bpy

from .character_panel import chosen_character
from .take_panel import SidebarPanel


class FACEMOCAP_PT_handover(SidebarPanel, bpy.types.Panel):
    """What goes on to others."""

    bl_idname = "FACEMOCAP_PT_handover"
    bl_label = "Hand Over"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the two buttons."""
        layout = self.layout
        item = chosen_character(context)
        column = layout.column(align=True)
        column.operator("facemocap.bake_down", icon="KEY_HLT")
        if item is not None and item.applied:
            row = column.row(align=True)
            baked = row.operator("facemocap.bake_down", text="On Every Frame")
            baked.keys, baked.below = "FRAMES", "KEEP"
            merged = row.operator("facemocap.bake_down", text="And All Below")
            merged.keys, merged.below = "KEEP", "MERGE"
        column = layout.column(align=True)
        for ending, label in ((".fbx", "FBX"), (".glb", "glTF"), (".usdc", "USD")):
            export = column.operator(
                "facemocap.export_character", text=f"Export {label}...", icon="EXPORT"
            )
            export.file_format = ending
        export = column.operator(
            "facemocap.export_character", text="Export Live Link CSV...", icon="EXPORT"
        )
        export.file_format = ".csv"


CLASSES = (FACEMOCAP_PT_handover,)
