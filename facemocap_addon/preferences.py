# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: defaults for new scenes, and video tracking."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty

from .core.video.tracking_environment import READY, environment_state
from .props import FACE_LAYERS, HEAD_LAYERS, KEYS_MODES, Work, tracking_folder


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
        self.draw_tracking()

    def draw_tracking(self) -> None:
        """Draw whether video tracking is there, how far its installation is, and the buttons."""
        box: Any = self.layout.box()
        box.use_property_split = False
        folder = tracking_folder()
        is_ready = environment_state(folder) == READY
        box.label(text=f"Video tracking: {'installed' if is_ready else 'not installed'}")
        progress = Work.progress()
        if progress is not None:
            box.progress(factor=min(max(progress.done, 0.0), 1.0), text=progress.what)
        row = box.row()
        if is_ready:
            box.label(text=str(folder))
            row.operator("facemocap.remove_tracking", icon="TRASH")
        else:
            row.operator("facemocap.install_tracking", icon="IMPORT")


CLASSES = (FACEMOCAP_AP_preferences,)
