# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of what an add-on could leave behind in Blender, for comparing before with after."""

from __future__ import annotations

import os
import sys
from typing import Any

import bpy


def take_picture() -> dict[str, Any]:
    """Return types, properties, handlers, menu entries, keymaps and operators as plain values."""
    types = [getattr(bpy.types, name) for name in dir(bpy.types)]
    return {
        "types": sorted(dir(bpy.types)),
        "subclasses": sorted(map(str, _list_registered(bpy.types.bpy_struct))),
        "properties": {
            each.__name__: sorted(each.bl_rna.properties.keys())
            for each in types
            if isinstance(each, type) and issubclass(each, bpy.types.ID)
        },
        "handlers": {
            name: len(handlers)
            for name in dir(bpy.app.handlers)
            if isinstance(handlers := getattr(bpy.app.handlers, name), list)
        },
        "menu entries": {
            each.__name__: len(each.draw._draw_funcs)
            for each in types
            if hasattr(getattr(each, "draw", None), "_draw_funcs")
        },
        "keymap items": {
            f"{config.name} {keymap.name}": len(keymap.keymap_items)
            for config in bpy.context.window_manager.keyconfigs
            for keymap in config.keymaps
        },
        "operators": sorted(dir(bpy.ops.facemocap)),
    }


def _list_registered(base: Any) -> set[Any]:
    found: set[Any] = set()
    for each in base.__subclasses__():
        found |= _list_registered(each)
        if getattr(each, "is_registered", False) and "facemocap" in each.__module__:
            found.add(each)
    return found


def compare(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Raise AssertionError that names what differs between two pictures."""
    for topic, was in before.items():
        now = after[topic]
        if isinstance(was, dict):
            changed = {key: (was.get(key), now.get(key)) for key in was.keys() | now.keys()}
            # A menu gets its list of entries when something is first added to it; it may keep one.
            changed = {
                key: pair
                for key, pair in changed.items()
                if pair[0] != pair[1] and not (topic == "menu entries" and pair == (None, 1))
            }
            assert not changed, f"{topic} changed: {changed}"
        else:
            assert was == now, f"{topic} changed: {set(was) ^ set(now)}"


def end(status: int = 0) -> None:
    """End the process at once: the bpy 4.5 package may hang at exit."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
