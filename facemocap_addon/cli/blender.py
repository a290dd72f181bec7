# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Blender is there, and which sentence says what is missing."""

from __future__ import annotations

import importlib
import re

from ..core.errors import FacemocapError

_SHARED_LIBRARY = re.compile(
    r"(\S+\.so[.\d]*|\S+\.dylib|\S+\.dll)\b.*(?:open|load|found)", re.IGNORECASE
)
_INSTALL = (
    'Run `pip install "facemocap[blender]"` with Python 3.11 or 3.13, or use '
    "`blender --command facemocap` instead of `facemocap`"
)


def load_blender() -> None:
    """Import bpy, which takes about half a second.

    Raises
    ------
    FacemocapError
        When it is not installed or does not load, naming the system library that it lacks.
    """
    try:
        importlib.import_module("bpy")
    except ModuleNotFoundError as problem:
        if problem.name != "bpy":
            raise
        raise FacemocapError(
            "Opening a character needs Blender, and this Python has no bpy package", _INSTALL
        ) from problem
    except ImportError as problem:
        raise explain_import(problem) from problem


def explain_import(problem: ImportError) -> FacemocapError:
    """The sentence for a bpy package that is installed and does not load."""
    library = _SHARED_LIBRARY.search(str(problem))
    if library:
        return FacemocapError(
            f"Blender's bpy package needs the system library {library[1]}, which is missing",
            "Install the system package that contains it",
        )
    return FacemocapError(f"Blender's bpy package does not load: {problem}", _INSTALL)
