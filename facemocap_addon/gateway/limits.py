# SPDX-License-Identifier: GPL-3.0-or-later
"""What this Blender's datablocks can hold."""

from __future__ import annotations

import bpy

#: Blender's first and last frame are this far from nought.
LAST_FRAME = 1_048_574


def name_bytes() -> int:
    """Bytes of UTF-8 in a datablock's name (4.5: 63; 5.0 and later: 255)."""
    return 63 if bpy.app.version < (5, 0) else 255
