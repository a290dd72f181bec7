# SPDX-License-Identifier: GPL-3.0-or-later
"""The character of a file whose animation a command is about. Needs bpy."""

from __future__ import annotations

from typing import Any

from ..gateway.characters.characters import CharacterObjects, find_characters
from ..gateway.takes.character_takes import animated_range
from ..gateway.writing.records import find_performance
from .characters import choose_character


def choose_animated(scene: Any, name: str | None, rig: str) -> CharacterObjects:
    """The character called ``name``, or the only one on which a take plays, or that is animated.

    Raises
    ------
    FacemocapError
        When the file has no character, none of that name, or several to choose from.
    """
    if name is None:
        present = find_characters(scene)
        for is_meant in (find_performance, animated_range):
            found = [each for each in present if is_meant(each) is not None]
            if len(found) == 1:
                return found[0]
    return choose_character(scene, name, rig).objects
