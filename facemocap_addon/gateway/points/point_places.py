# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a person put tracked points on a character, kept with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from ...core.correspondence.placing import ByHand
from ...core.errors import FacemocapError
from ..characters.characters import CharacterObjects

KEY = "facemocap_points"
SCHEMA = 1


def points_by_hand(picked: CharacterObjects) -> dict[str, tuple[str, int] | str | None]:
    """What a person said of points, by their names: a mesh and its vertex, a place, or left out.

    Meshes that the character no longer has are passed over.
    """
    out: dict[str, tuple[str, int] | str | None] = {}
    for obj in picked.objects:
        out |= _read(obj.get(KEY), {mesh.name for mesh in picked.meshes}, obj.name)
    return out


def put_by_hand(picked: CharacterObjects, given: ByHand) -> None:
    """Keep what a person says of points, beside what they said before.

    Raises
    ------
    FacemocapError
        When the character comes from another file and cannot keep anything.
    """
    _keep(picked, {**points_by_hand(picked), **given})


def forget_by_hand(picked: CharacterObjects, names: list[str] | None = None) -> int:
    """Forget what was said of some points, or of all; how many there were.

    Errors as `put_by_hand`.
    """
    known = points_by_hand(picked)
    gone = [name for name in known if names is None or name in names]
    if gone:
        _keep(picked, {name: said for name, said in known.items() if name not in gone})
    return len(gone)


def _keep(picked: CharacterObjects, said: ByHand) -> None:
    holders = [*picked.meshes, *([picked.armature] if picked.armature else [])]
    if any(obj.library is not None for obj in holders):
        raise FacemocapError(
            f'"{picked.name}" comes from another file and cannot keep where points are on it',
            "Make a library override of the character, or place the points in its own file",
        )
    for obj in holders:
        own = {
            name: each
            for name, each in said.items()
            if (each[0] == obj.name if isinstance(each, tuple) else obj is picked.meshes[0])
        }
        if own:
            # a mesh keeps its own vertices: renaming and appending it does them no harm
            points = {n: each[1] if isinstance(each, tuple) else each for n, each in own.items()}
            obj[KEY] = json.dumps({"schema": SCHEMA, "points": points}, ensure_ascii=False)
        elif KEY in obj:
            del obj[KEY]


def _read(value: Any, meshes: set[str], owner: str) -> dict[str, tuple[str, int] | str | None]:
    """What one object keeps; nothing of what is damaged."""
    if not isinstance(value, str) or owner not in meshes:
        return {}
    try:
        data: Any = json.loads(value)
        points = cast(Mapping[str, Any], data["points"])
        if int(data["schema"]) != SCHEMA:
            return {}
    except (ValueError, KeyError, TypeError):
        return {}
    out: dict[str, tuple[str, int] | str | None] = {}
    for name, said in points.items():
        if isinstance(said, int):
            out[name] = (owner, said)
        elif isinstance(said, str) or said is None:
            out[name] = said
    return out
