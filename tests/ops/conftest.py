# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of operators share: the add-on in an empty file, and operators without a window."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def registered() -> Iterator[None]:
    """The add-on in an empty file."""
    import bpy

    import facemocap_addon

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


@pytest.fixture
def stand_in() -> Callable[[Any], Any]:
    """Make an object with an operator's methods: Blender makes operators only in a window."""

    def make(operator: Any) -> Any:
        parts = {
            name: inspect.getattr_static(operator, name)
            for name in dir(operator)
            if not name.startswith("__") and name not in ("bl_rna", "rna_type")
        }
        made: Any = type("StandIn", (), parts)()
        made.told = []
        made.report = lambda kinds, text: made.told.append((*kinds, text))
        return made

    return make


@pytest.fixture
def event() -> Callable[..., Any]:
    """Make an event of a window: its type, and whether something is pressed."""

    def make(kind: str, value: str = "NOTHING") -> Any:
        return SimpleNamespace(type=kind, value=value)

    return make
