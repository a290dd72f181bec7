# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door for files: recordings by our own readers, scenes through Blender's importers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ...core.files import read_file
from ...core.formats.read_options import GIVEN, ReadOptions, no_such_face
from ...core.formats.scene_formats import HEAD_BYTES, scene_format
from ...core.readers import read_take
from ...core.take import Take
from .scene_files import read_scene_file


def read_source(path: str | Path, options: ReadOptions | None = None) -> Take:
    """The take of any file that Face Mocap reads.

    Raises
    ------
    FacemocapError
        As `read_take`, and for scenes without animated shape keys.
    """
    path = Path(path)
    if not scene_format(read_file(path, HEAD_BYTES)):
        return read_take(path, options)
    options = options or ReadOptions()
    if options.face:
        raise no_such_face(options.face, (0,), path.name)
    take = read_scene_file(path)
    if options.rate_hz is None:
        return take
    unused = f"The file has times of its own: {GIVEN} was not used."
    return replace(take, warnings=(*take.warnings, unused))
