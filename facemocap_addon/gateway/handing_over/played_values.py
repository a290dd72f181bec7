# SPDX-License-Identifier: GPL-3.0-or-later
"""What animated properties are on frames, after Actions and strips; the scene is not moved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import bpy
import numpy as np

from ...core.curves import INTERPOLATION, KEY_TYPE, Curve
from ...core.errors import FacemocapError
from ...core.rotations import continuous
from ..characters.characters import CharacterObjects
from ..driver_links import drivers_of
from ..takes.character_takes import reading_stage

#: Data path and array index of a curve.
Place = tuple[str, int]
_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]')
_QUATERNION = "rotation_quaternion"


def played_curves(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    places: Mapping[bpy.types.ID, Sequence[Place]],
    frames: np.ndarray,
) -> dict[bpy.types.ID, list[Curve]]:
    """Curves with a key on every frame ``(n,)`` that do what plays now.

    Parameters
    ----------
    picked : CharacterObjects
    scene : Scene
    places : dict of datablock to places
        What is read of each; places that drivers own are left to these, places that are not there
        are left out.
    frames : (n,)

    Raises
    ------
    FacemocapError
        When a datablock is not evaluated, because its object is disabled.
    """
    wanted = {datablock: _usable(datablock, own) for datablock, own in places.items()}
    rows: dict[bpy.types.ID, list[list[float]]] = {datablock: [] for datablock in wanted}
    with reading_stage(picked, scene) as stage:
        layer = stage.view_layers[0]
        for frame in frames.tolist():
            stage.frame_set(int(frame))
            graph: Any = layer.depsgraph
            for datablock, own in wanted.items():
                evaluated: Any = datablock.evaluated_get(graph)
                if own and not evaluated.is_evaluated:
                    raise FacemocapError(
                        f'"{datablock.name}" is disabled in viewports, and does not play',
                        "Enable it, then bake down",
                    )
                rows[datablock].append([_number(evaluated, place) for place in own])
    return {
        datablock: _curves(datablock, own, np.array(rows[datablock]), frames)
        for datablock, own in wanted.items()
        if own
    }


def _usable(datablock: bpy.types.ID, places: Iterable[Place]) -> list[Place]:
    """Places that exist and that no driver owns, each once; turns with all their parts."""
    driven = {(fcurve.data_path, fcurve.array_index) for fcurve in drivers_of(datablock)}
    found: dict[Place, None] = {}
    for path, index in places:
        parts = range(4) if path.endswith(_QUATERNION) else (index,)
        for place in ((path, part) for part in parts):
            if place in driven or place in found:
                continue
            try:
                _number(datablock, place)
            except (ValueError, TypeError, IndexError, KeyError):
                continue
            found[place] = None
    return list(found)


def _number(datablock: Any, place: Place) -> float:
    path, index = place
    value = datablock.path_resolve(path)
    if isinstance(value, str):
        # what an Action keys of a menu is the number of its entry
        holder, _, name = path.rpartition(".")
        owner = datablock.path_resolve(holder) if holder else datablock
        return float(owner.bl_rna.properties[name].enum_items[value].value)
    return float(value if isinstance(value, int | float) else value[index])


def _curves(
    datablock: Any, places: list[Place], table: np.ndarray, frames: np.ndarray
) -> list[Curve]:
    """Curves of numbers ``(n, k)``."""
    columns = {place: table[:, number] for number, place in enumerate(places)}
    for path in {path for path, _ in places if path.endswith(_QUATERNION)}:
        parts = [(path, index) for index in range(4)]
        if all(part in columns for part in parts):
            turns = continuous(np.stack([columns[part] for part in parts], axis=1))
            columns.update({part: turns[:, number] for number, part in enumerate(parts)})
    return [
        Curve(
            path,
            index,
            frames.astype(np.float32),
            values.astype(np.float32),
            INTERPOLATION["CONSTANT" if _in_steps(datablock, path) else "LINEAR"],
            key_type=KEY_TYPE["KEYFRAME"],
            group=_group(path),
        )
        for (path, index), values in columns.items()
    ]


def _in_steps(datablock: Any, path: str) -> bool:
    """Whether a property has nothing between two values."""
    return isinstance(datablock.path_resolve(path), bool | int | str)


def _group(path: str) -> str:
    """The channel group under which Blender itself keys a path."""
    if path.startswith("key_blocks["):
        return "Shape Keys"
    found = _BONE.match(path)
    return bpy.utils.unescape_identifier(found.group(1)) if found else "Object Transforms"
