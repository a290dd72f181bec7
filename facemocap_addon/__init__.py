# SPDX-License-Identifier: GPL-3.0-or-later
"""Face Mocap: bring a recorded face performance onto any character.

Importing this package needs no Blender. ``read``, ``process`` and ``match`` work in any Python;
``register`` and ``unregister`` are Blender's entry points.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.errors import FacemocapError
    from .core.readers import read_take as read
    from .core.rig_maps.matching import match
    from .core.rig_maps.rig_map import RigMap
    from .core.stack.running import process
    from .core.stack.stack import Stack
    from .core.take import Take

__all__ = [
    "FacemocapError",
    "RigMap",
    "Stack",
    "Take",
    "match",
    "process",
    "read",
    "register",
    "unregister",
]

#: Where the public names live; each module is imported when its name is first asked for.
_HOMES = {
    "FacemocapError": ("errors", "FacemocapError"),
    "RigMap": ("rig_maps.rig_map", "RigMap"),
    "Stack": ("stack.stack", "Stack"),
    "Take": ("take", "Take"),
    "match": ("rig_maps.matching", "match"),
    "process": ("stack.running", "process"),
    "read": ("readers", "read_take"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(importlib.import_module(f"{__name__}.core.{module}"), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def register() -> None:
    """Add everything to the running Blender."""
    from .registration import register as register_all  # noqa: PLC0415 - needs bpy

    register_all()


def unregister() -> None:
    """Take everything out of the running Blender."""
    from .registration import unregister as unregister_all  # noqa: PLC0415 - needs bpy

    unregister_all()
