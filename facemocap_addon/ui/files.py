# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings from outside: File > Import, and files dropped on the 3D viewport."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.readers import readers


class FACEMOCAP_FH_take(bpy.types.FileHandler):
    """Recordings dropped on the 3D viewport; where another handler takes the ending, Blender asks.

    Endings only choose the handler: what a file is, its content tells.
    """

    bl_idname = "FACEMOCAP_FH_take"
    bl_label = "Face Mocap Take"
    bl_import_operator = "facemocap.import_take"
    bl_file_extensions = ";".join(
        dict.fromkeys(ending for reader in readers() for ending in reader.extensions)
    )

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Only the 3D viewport takes recordings."""
        return context.area is not None and context.area.type == "VIEW_3D"


def draw_import(self: Any, _context: bpy.types.Context) -> None:
    """Entry of File > Import."""
    endings = FACEMOCAP_FH_take.bl_file_extensions.replace(";", ", ")
    self.layout.operator("facemocap.import_take", text=f"Face Mocap Take ({endings})")


CLASSES = (FACEMOCAP_FH_take,)
