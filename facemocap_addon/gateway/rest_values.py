# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of animated properties before we animate them, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterable

import bpy


def read_values(datablock: bpy.types.ID, paths: Iterable[str]) -> str:
    """JSON of the present values of data paths: a number, or a list for vectors."""
    values: dict[str, float | list[float]] = {}
    for path in dict.fromkeys(paths):
        value = datablock.path_resolve(path)
        if isinstance(value, int | float):
            values[path] = value
        else:
            values[path] = [float(number) for number in value]
    return json.dumps(values)


def restore_values(datablock: bpy.types.ID, text: str) -> None:
    """Set the values that `read_values` read; what no longer exists is passed over."""
    for path, value in json.loads(text).items():
        head, name = _split(path)
        try:
            holder = datablock.path_resolve(head) if head else datablock
            if name.startswith("["):
                holder[bpy.utils.unescape_identifier(name[2:-2])] = value
            else:
                setattr(holder, name, value)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue


def _split(path: str) -> tuple[str, str]:
    """(path of the holder, attribute name or ``["custom property"]``)."""
    if path.endswith('"]'):
        at = path.rindex('["')
        return path[:at], path[at:]
    head, _, name = path.rpartition(".")
    return head, name
