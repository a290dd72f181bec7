# SPDX-License-Identifier: GPL-3.0-or-later
"""How objects stand to one another, in numbers that stay the same wherever the whole stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .fingerprint_settings import moved_paths

#: Places are told apart from this part of their size on.
_STEP = 1e-4
#: The same for objects beside each other, whose places come out of larger numbers.
_STEP_APART = 1e-3
#: Where rounding changes from one number to the next: not where people put things.
_BETWEEN = 0.236068


def lineage(obj: Any) -> list[Any]:
    """An object and its parents, upwards."""
    out = [obj]
    while out[-1].parent is not None:
        out.append(out[-1].parent)
    return out


def relative_place(mesh: Any, anchor: Any) -> Any:
    """How a mesh stands to the character's anchor.

    Below the anchor it is followed through its parents; beside it, through the first parent that
    both have, or through the scene. Of a mesh that no armature deforms (an eyeball that turns) the
    rotation does not count. None where drivers or constraints, which count themselves, put the mesh
    in its place.
    """
    if mesh == anchor:
        return None
    own, other = lineage(mesh), lineage(anchor)
    common = next((obj for obj in own if obj in other), None)
    up = own[: own.index(common)] if common else own
    down = other[: other.index(common)] if common else other
    if any(_is_put(obj) for obj in (*up, *down)):
        return None
    turns = any(modifier.type == "ARMATURE" for modifier in mesh.modifiers)
    if common != anchor:
        return _rounded(np.linalg.inv(_product(down)) @ _product(up), _STEP_APART, turns=turns)
    return [
        [obj.parent_type, obj.parent_bone, _rounded(_local(obj), _STEP, turns=turns)] for obj in up
    ]


def size_in_scene(anchor: Any) -> Any:
    """How large the character's anchor is in its scene; None where that is animated."""
    carriers = lineage(anchor)
    if any("scale" in moved_paths(obj) for obj in carriers):
        return None
    volume = abs(float(np.linalg.det(_product(carriers)[:3, :3])))
    return _step_of(math.cbrt(volume), _STEP_APART) if volume else 0


def _is_put(obj: Any) -> bool:
    """Whether something else than its parents and its own place puts an object where it is."""
    data = obj.animation_data
    driven = data is not None and any(
        fcurve.data_path in ("location", "scale") for fcurve in data.drivers
    )
    return driven or any(not c.mute and c.influence > 0 for c in obj.constraints)


def _local(obj: Any) -> np.ndarray:
    return np.array(obj.matrix_parent_inverse, float) @ np.array(obj.matrix_basis, float)


def _product(objects: list[Any]) -> np.ndarray:
    """Place in the scene, bones aside, without anything being evaluated."""
    out = np.eye(4)
    for obj in objects:
        out = _local(obj) @ out
    return out


def _rounded(matrix: np.ndarray, part: float, *, turns: bool) -> list[Any]:
    axes, at = matrix[:3, :3], matrix[:3, 3]
    sizes = np.linalg.norm(axes, axis=0)
    unit = max(float(sizes.max()), 1e-12)
    turned = (axes / unit).ravel() if turns else sizes / unit
    # metres or centimetres: the unit is the larger of one and the distance
    reach = max(1.0, float(np.abs(at).max()))
    return [
        _step_of(unit, part),
        [_count(number, part) for number in turned],
        [_count(number, part * _power(reach)) for number in at],
    ]


def _step_of(number: float, part: float) -> list[int]:
    """A size by its order of magnitude and its number of steps."""
    power = _power(number)
    return [round(math.log10(power)), _count(number / power, part)]


def _power(number: float) -> float:
    return 10.0 ** math.floor(math.log10(number) + _BETWEEN)


def _count(number: float, step: float) -> int:
    return math.floor(number / step + _BETWEEN)
