# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: how many, how far off they may be, and what came of it."""

from __future__ import annotations

import bpy

from ..props import state_of
from .character_panel import chosen_character
from .sentences import draw_sentences
from .take_panel import SidebarPanel

_TOLERANCES = {"UNITS": "error", "PERCENT": "error_percent", "MM": "error_mm"}


class FACEMOCAP_PT_reduction(SidebarPanel, bpy.types.Panel):
    """How a take is keyed: dense, or with few keys that an animator can take hold of."""

    bl_idname = "FACEMOCAP_PT_reduction"
    bl_parent_id = "FACEMOCAP_PT_apply"
    bl_label = "Keys"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the choice, the button and the figures."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        choice = state_of(context.scene).key_plan
        layout.prop(choice, "mode")
        if choice.mode == "ERROR":
            layout.prop(choice, "unit")
            layout.prop(choice, _TOLERANCES[choice.unit])
        elif choice.mode == "EXTREMES":
            layout.prop(choice, "error")
        elif choice.mode == "NTH":
            layout.prop(choice, "step")
        layout.operator("facemocap.reduce_keys", icon="KEYFRAME")
        item = chosen_character(context)
        if item is not None and item.applied:
            draw_sentences(layout, context, item.key_note, "INFO")


CLASSES = (FACEMOCAP_PT_reduction,)
