# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's own defaults, for scenes that meet Face Mocap for the first time."""

from __future__ import annotations

import bpy

from ..props import FACEMOCAP_PG_scene

#: The package that Blender lists as the add-on: the one above facemocap_addon, if there is one.
_PACKAGE = (__package__ or "").removesuffix(".ops")
ADDON = _PACKAGE.rpartition(".")[0] or _PACKAGE


def use_preferences(context: bpy.types.Context, state: FACEMOCAP_PG_scene) -> None:
    """Copy the preferences' defaults into a scene's settings; scripts without add-on have none."""
    addon = context.preferences.addons.get(ADDON)
    if addon is None or addon.preferences is None:
        return
    state.keys_mode = addon.preferences.keys_mode
    state.face_layer = addon.preferences.face_layer
    state.head_layer = addon.preferences.head_layer
