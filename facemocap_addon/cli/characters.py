# SPDX-License-Identifier: GPL-3.0-or-later
"""The character of an opened rig file that a command is about. Needs bpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.character import Character
from ..core.errors import FacemocapError
from ..core.rig_maps.matching import match
from ..core.rig_maps.rig_map import RigMap
from ..core.take import Take
from ..gateway.characters.characters import CharacterObjects, find_characters, read_character


@dataclass(frozen=True)
class Found:
    """A character: its objects, what can be keyed on it, and what would drive that."""

    objects: CharacterObjects
    character: Character
    rig_map: RigMap


def choose_character(scene: Any, name: str | None, rig: str, take: Take | None = None) -> Found:
    """The character called ``name``, or the only one that a take can drive.

    Parameters
    ----------
    scene : bpy.types.Scene
    name : str or None
        As the animator gave it; capitals do not matter when that leaves one.
    rig : str
        The rig file's name, for messages.
    take : Take, optional
        Whose channels are matched; any channels without one.

    Raises
    ------
    FacemocapError
        When the file has no character, none of that name, or several to choose from.
    """
    present = _present(scene, rig)
    if name is not None:
        return _read(_by_name(present, name, rig), scene, take)
    drivable = _drivable(present, scene, take)
    if len(drivable) > 1:
        raise FacemocapError(
            f'"{rig}" has several characters: '
            + ", ".join(f'"{each.objects.name}"' for each in drivable),
            "Name one with --character",
        )
    return drivable[0]


def choose_characters(
    scene: Any, names: Sequence[str], rig: str, take: Take, *, every: bool = False
) -> list[Found]:
    """The characters called ``names``, or with ``every`` all that look like one.

    Without either the only one. Errors as `choose_character`.
    """
    if every:
        return _drivable(_present(scene, rig), scene, take)
    if len(names) < 2:
        return [choose_character(scene, names[0] if names else None, rig, take)]
    present = _present(scene, rig)
    picked = dict.fromkeys(_by_name(present, name, rig) for name in names)
    return [_read(objects, scene, take) for objects in picked]


def _present(scene: Any, rig: str) -> list[CharacterObjects]:
    present = find_characters(scene)
    if not present:
        raise FacemocapError(
            f'"{rig}" has neither shape keys nor bones', "Choose a character that can be animated"
        )
    return present


def _drivable(present: Sequence[CharacterObjects], scene: Any, take: Take | None) -> list[Found]:
    """Those whose names tell something; the first one where none does."""
    found = [_read(objects, scene, take) for objects in present]
    drivable = [each for each in found if each.rig_map.entries]
    # an armature without a mesh is a blueprint (Rigify's metarig) or a helper, not a face
    drivable = [each for each in drivable if each.objects.meshes] or drivable
    return drivable or found[:1]


def _by_name(present: Sequence[CharacterObjects], name: str, rig: str) -> CharacterObjects:
    exact = [each for each in present if each.name == name]
    alike = exact or [each for each in present if each.name.casefold() == name.casefold()]
    if len(alike) == 1:
        return alike[0]
    names = ", ".join(f'"{each.name}"' for each in present)
    what = "has several characters" if alike else "has no character"
    raise FacemocapError(f'"{rig}" {what} "{name}"', f"Give --character one of {names}")


def _read(objects: CharacterObjects, scene: Any, take: Take | None) -> Found:
    character = read_character(objects, scene)
    return Found(objects, character, match(character.controls, take, character.name))
