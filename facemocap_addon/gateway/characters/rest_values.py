# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of animated properties before we animate them, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import bpy

from ..data_paths import split_path


def read_values(datablock: bpy.types.ID, paths: Iterable[str]) -> str:
    """JSON of the present values of data paths: a number, or a list for vectors."""
    values: dict[str, float | list[float]] = {}
    for path in dict.fromkeys(paths):
        holder, attribute, key = _resolve(datablock, path)
        # a custom property is read as it is stored; through RNA it would lose half its digits
        value = getattr(holder, attribute) if attribute else holder[key]
        if isinstance(value, int | float):
            values[path] = value
        else:
            values[path] = [float(number) for number in value]
    return json.dumps(values)


def restore_values(datablock: bpy.types.ID, text: str) -> None:
    """Set the values that `read_values` read; what no longer exists is passed over."""
    for path, value in json.loads(text).items():
        try:
            holder, attribute, key = _resolve(datablock, path)
            if attribute:
                setattr(holder, attribute, value)
            elif key in holder:
                holder[key] = value
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    # a custom property does not tell what hangs on it that it has changed
    datablock.update_tag()


def _resolve(datablock: bpy.types.ID, path: str) -> tuple[Any, str, str]:
    """(holder of the value, its attribute or "", name of its custom property or "")."""
    head, attribute, key = split_path(path)
    return datablock.path_resolve(head) if head else datablock, attribute, key
