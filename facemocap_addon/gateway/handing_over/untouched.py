# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows that show what they showed, and values that are as they were, whatever ran meanwhile.

An exporter may leave a window on its own scene. When a window comes back to a scene, Blender
evaluates that anew, and what was changed and not keyed would be lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from ..writing.layering import animated_paths

_Value = float | tuple[float, ...] | str


def windows() -> list[bpy.types.Window]:
    """All windows; Blender has one in the background too."""
    return [window for manager in bpy.data.window_managers for window in manager.windows]


@contextmanager
def windows_kept() -> Iterator[None]:
    """Windows show afterwards what they showed, with the values that it had."""
    shown = [(window, window.scene, window.view_layer) for window in windows()]
    values = _animated_values()
    try:
        yield
    finally:
        moved = [each for each in shown if each[0].scene != each[1]]
        for window, scene, layer in moved:
            window.scene = scene
            window.view_layer = layer
        if moved:
            for _, _, layer in moved:
                layer.update()
            _restore(values)


def _animated_values() -> dict[tuple[Any, str], _Value]:
    """What all animated properties of the file are now."""
    found: dict[tuple[Any, str], _Value] = {}
    for prop in bpy.data.bl_rna.properties:
        if prop.type != "COLLECTION" or prop.identifier == "all_ids":
            continue
        for datablock in getattr(bpy.data, prop.identifier):
            if getattr(datablock, "animation_data", None) is None or datablock.library is not None:
                continue
            for path in animated_paths(datablock, None):
                value = _value(datablock, path)
                if value is not None:
                    found[datablock, path] = value
    return found


def _value(datablock: Any, path: str) -> _Value | None:
    try:
        value = datablock.path_resolve(path)
        return value if isinstance(value, int | float | str) else tuple(value)
    except (ValueError, TypeError, ReferenceError):
        return None


def _restore(values: dict[tuple[Any, str], _Value]) -> None:
    """Set what has changed, and nothing else."""
    for (datablock, path), value in values.items():
        if _value(datablock, path) == value:
            continue
        head, _, name = path.rpartition(".")
        try:
            if path.endswith('"]'):
                head, _, name = path.rpartition("[")
                holder = datablock.path_resolve(head) if head else datablock
                holder[name[1:-2]] = value
            else:
                holder = datablock.path_resolve(head) if head else datablock
                setattr(holder, name, value)
        except (ValueError, TypeError, AttributeError, KeyError, ReferenceError):
            continue
