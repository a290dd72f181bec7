# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's exporters and importers, called on a scene that no window shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ...core.errors import FacemocapError
from ..files.rig_files import in_scene
from .untouched import windows, windows_kept


def call_exporter(
    module: str, operator: Any, stage: bpy.types.Scene, path: Path, settings: dict[str, Any]
) -> None:
    """Let an operator of Blender write a scene; settings that this version lacks are left out.

    Raises
    ------
    FacemocapError
        When it is not there, or fails.
    """
    _call(module, operator, stage, path, settings, "cannot be written")


def call_importer(
    module: str,
    operator: Any,
    stage: bpy.types.Scene,
    path: Path,
    settings: dict[str, Any],
    *,
    in_window: bool = False,
) -> None:
    """Let an operator of Blender read a file into a scene; errors as `call_exporter`.

    ``in_window``: it asks the window's scene for what it has just put into the given one.
    """
    with windows_kept():
        if in_window:
            for window in windows():
                window.scene = stage
        _call(module, operator, stage, path, settings, "cannot be read back")


def _call(
    module: str,
    operator: Any,
    stage: bpy.types.Scene,
    path: Path,
    settings: dict[str, Any],
    what: str,
) -> None:
    if module:
        enable(module)
    try:
        known = set(operator.get_rna_type().properties.keys())
    except KeyError:
        raise FacemocapError(
            f'"{path.name}" {what}: this Blender has no {operator.idname_py()}',
            "Choose another format",
        ) from None
    given = {name: value for name, value in settings.items() if name in known}
    try:
        with windows_kept(), in_scene(stage):
            done = operator(filepath=str(path), **given)
    except RuntimeError as problem:
        raise FacemocapError(
            f'"{path.name}" {what}: {_reason(problem)}', "Choose another format or folder"
        ) from problem
    if "FINISHED" not in done:
        raise FacemocapError(f'"{path.name}" {what}', "Choose another format or folder")


def enable(module: str) -> None:
    """Switch on an add-on that comes with Blender but may be off."""
    import addon_utils  # noqa: PLC0415  part of Blender

    if not addon_utils.check(module)[1]:
        addon_utils.enable(module)


def _reason(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[-1][:150] if lines else "unknown error"
