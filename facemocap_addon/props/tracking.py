# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the add-on keeps the environment for video tracking."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.video.tracking_environment import addon_folder


def tracking_folder() -> Path:
    """The add-on's own user folder; outside of an installed extension the user's data folder."""
    root = (__package__ or "").rpartition(".")[0]
    return addon_folder(bpy.utils.extension_path_user, root.rpartition(".")[0] or root)
