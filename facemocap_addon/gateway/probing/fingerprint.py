# SPDX-License-Identifier: GPL-3.0-or-later
"""A digest of everything that measuring a character depends on, and of nothing else.

What counts: vertices, topology, weights, shapes, modifiers that deform, bones at rest, constraints,
drivers, limits of driving properties, how the meshes stand to the armature, and the character's
scale. What does not: objects' names, where the character stands, its pose and animation, what is
shown, selected or rendered. Names of shapes, bones, properties and vertex groups count: drivers,
weights and data paths go by them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..characters.characters import CharacterObjects
from .fingerprint_parts import armature_parts, mesh_parts, other_parts
from .fingerprint_place import lineage, relative_place, size_in_scene
from .fingerprint_settings import PLACE, constraints, drivers, moved_paths, rotations_read

#: Raised when measuring itself changes its meaning, so that what was kept is measured again.
METHOD = 2
#: Rounds in which each object's digest takes in those of the objects it refers to.
_ROUNDS = 2


@dataclass(frozen=True)
class Fingerprint:
    """The digest, and the names of the objects it was taken of in an order without names."""

    digest: str
    owners: tuple[str, ...]


@dataclass(frozen=True)
class _Described:
    """One object's own digest, and the datablocks that its description names, in its order."""

    own: str
    refers_to: tuple[bpy.types.ID, ...]


def take_fingerprint(picked: CharacterObjects) -> Fingerprint:
    """The fingerprint of a character as it is now; nothing is changed or evaluated.

    Equal characters have equal fingerprints in every file, session and Blender. A character in edit
    mode has that of the time before.
    """
    described = _describe_all(picked)
    holders = _holders(described)
    digests: dict[bpy.types.Object, str] = {obj: item.own for obj, item in described.items()}
    for _ in range(_ROUNDS):
        digests = {
            obj: _digest([item.own, [_named(ref, digests, holders) for ref in item.refers_to]])
            for obj, item in described.items()
        }
    order = sorted(described, key=lambda obj: (digests[obj], obj.name))
    return Fingerprint(
        digest=_digest([METHOD, [digests[obj] for obj in order]]),
        owners=tuple(obj.name for obj in order),
    )


def _describe_all(picked: CharacterObjects) -> dict[bpy.types.Object, _Described]:
    """The character's objects and all others that they refer to."""
    anchor = _anchor(picked)
    found: dict[bpy.types.Object, _Described] = {}
    waiting: list[bpy.types.Object] = list(picked.objects)
    modes = _modes_read(picked)
    while waiting:
        obj = waiting.pop(0)
        if obj in found:
            continue
        found[obj] = _describe({**_standing(obj, picked, anchor), **_parts(obj, picked, modes)})
        waiting += [ref for ref in found[obj].refers_to if isinstance(ref, bpy.types.Object)]
    return found


def _anchor(picked: CharacterObjects) -> Any:
    """What the others' places are told from, as measuring has it."""
    return picked.armature or max(picked.meshes, key=lambda mesh: len(mesh.data.vertices))


def _standing(obj: Any, picked: CharacterObjects, anchor: Any) -> dict[str, Any]:
    """What puts an object in its place beside the others, as far as that is the character's."""
    carriers = lineage(anchor)
    out: dict[str, Any] = {"type": obj.type}
    if obj == anchor:
        out["scale"] = size_in_scene(obj)
    if obj in picked.meshes:
        out["place"] = relative_place(obj, anchor)
    if obj in carriers:
        # where the whole character stands, and what carries it there, is nobody's concern
        out["drivers"] = drivers(obj, PLACE)
        return out
    out["drivers"] = drivers(obj)
    out["constraints"] = constraints(obj, "", moved_paths(obj))
    if obj.parent == anchor or obj.parent not in carriers:
        out["parent"] = [obj.parent, obj.parent_type, obj.parent_bone] if obj.parent else []
    else:
        out["parent"] = []
    return out


def _parts(
    obj: Any, picked: CharacterObjects, modes: set[tuple[bpy.types.ID | None, str]]
) -> dict[str, Any]:
    """What an object is made of, as plain values, arrays and datablocks."""
    if obj.type == "ARMATURE":
        return {
            "armature": armature_parts(obj, {name for owner, name in modes if owner == obj}),
            "data_drivers": drivers(obj.data),
        }
    if obj.type != "MESH":
        return {"other": other_parts(obj)}
    out = {"mesh": mesh_parts(obj), "data_drivers": drivers(obj.data)}
    if obj.data.shape_keys is not None:
        out["shape_drivers"] = drivers(obj.data.shape_keys)
        # of objects that share a mesh the first by name owns the shapes as controls
        sharing = [mesh for mesh in picked.meshes if mesh.data == obj.data]
        out["owns"] = len(sharing) < 2 or obj == sharing[0]
    return out


def _modes_read(picked: CharacterObjects) -> set[tuple[bpy.types.ID | None, str]]:
    """Owners and bones whose rotation the character's drivers read."""
    datablocks: list[Any] = [*picked.objects, *(obj.data for obj in picked.objects)]
    datablocks += [m.data.shape_keys for m in picked.meshes if m.data.shape_keys is not None]
    return {
        (owner, path.split('"')[1])
        for datablock in datablocks
        for owner, path in rotations_read(datablock)
        if path.startswith("pose.bones[")
    }


def _describe(parts: dict[str, Any]) -> _Described:
    refers_to: list[bpy.types.ID] = []

    def reduce(value: Any) -> str:
        if isinstance(value, np.ndarray):
            return hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
        if isinstance(value, bpy.types.ID):
            refers_to.append(value)
            return f"datablock {value.bl_rna.identifier}"
        raise TypeError(f"a description must not hold {value!r}")

    return _Described(_digest(parts, reduce), tuple(refers_to))


def _holders(objects: Iterable[Any]) -> dict[bpy.types.ID, list[bpy.types.Object]]:
    """Meshes, armatures and shape keys, and the objects that have them."""
    out: dict[bpy.types.ID, list[bpy.types.Object]] = {}
    for obj in objects:
        if obj.data is not None:
            out.setdefault(obj.data, []).append(obj)
            if obj.type == "MESH" and obj.data.shape_keys is not None:
                out.setdefault(obj.data.shape_keys, []).append(obj)
    return out


def _named(
    datablock: bpy.types.ID,
    digests: dict[bpy.types.Object, str],
    holders: dict[bpy.types.ID, list[bpy.types.Object]],
) -> str:
    """What a datablock is called without its name."""
    if isinstance(datablock, bpy.types.Object):
        return digests[datablock]
    kind = datablock.bl_rna.identifier
    return min((f"{kind} of {digests[obj]}" for obj in holders.get(datablock, ())), default=kind)


def _digest(value: Any, reduce: Any = None) -> str:
    text = json.dumps(value, sort_keys=True, default=reduce)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
