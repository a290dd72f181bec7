# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings as commands read them: Blender is loaded for scenes that only it imports."""

from __future__ import annotations

from pathlib import Path

from ..core.files import read_file
from ..core.formats.read_options import ReadOptions
from ..core.formats.scene_formats import HEAD_BYTES, scene_format
from ..core.readers import read_take
from ..core.take import Take
from .blender import load_blender


def read_recording(path: Path, options: ReadOptions | None = None) -> Take:
    """The take of a file; errors as `read_take`, and where Blender is needed and missing."""
    if not scene_format(read_file(path, HEAD_BYTES)):
        return read_take(path, options)
    load_blender()
    from ..gateway.files.sources import read_source  # noqa: PLC0415 - needs bpy

    return read_source(path, options)
