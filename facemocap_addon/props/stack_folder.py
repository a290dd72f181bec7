# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the person's presets of stacks are."""

from __future__ import annotations

from pathlib import Path

import bpy

_FOLDER = "face_mocap_stacks"


def preset_folder() -> Path:
    """Beside Blender's own presets, so that they outlive an update of the extension."""
    return Path(bpy.utils.user_resource("SCRIPTS", path="presets")) / _FOLDER
