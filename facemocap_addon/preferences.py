# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: defaults for new scenes."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty

from .props import FACE_LAYERS, HEAD_LAYERS, KEYS_MODES


class FACEMOCAP_AP_preferences(bpy.types.AddonPreferences):
    """What a scene starts with when its first take is imported."""

    # the add-on is the package above this one: the extension's root
    bl_idname = (__package__ or "").rpartition(".")[0] or (__package__ or "")

    keys_mode: EnumProperty(
        name="Keys", description="Where keys are set in new scenes", items=KEYS_MODES
    )
    face_layer: EnumProperty(
        name="Face",
        description="How the face meets older animation in new scenes",
        items=FACE_LAYERS,
    )
    head_layer: EnumProperty(
        name="Head",
        description="How head and neck meet older animation in new scenes",
        items=HEAD_LAYERS,
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.label(text="For scenes that get their first take:")
        layout.prop(self, "keys_mode")
        layout.prop(self, "face_layer")
        layout.prop(self, "head_layer")


CLASSES = (FACEMOCAP_AP_preferences,)
