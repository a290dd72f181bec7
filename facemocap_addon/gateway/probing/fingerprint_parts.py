# SPDX-License-Identifier: GPL-3.0-or-later
"""Vertices, weights, shapes and bones as plain values and arrays, for a fingerprint."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import Any

import bpy
import numpy as np

from .fingerprint_settings import constraints, moved_paths, settings
from .probe_copy import DEFORMING

_BONE_NUMBERS = {
    "matrix_local": 16,
    "length": 1,
    "use_deform": 1,
    "use_inherit_rotation": 1,
    "use_local_location": 1,
    "use_relative_parent": 1,
    "envelope_distance": 1,
    "envelope_weight": 1,
    "use_envelope_multiply": 1,
    "head_radius": 1,
    "tail_radius": 1,
    "bbone_segments": 1,
}
_IK_NUMBERS = ("ik_stretch", *(
    f"{name}_{axis}"
    for axis in "xyz"
    for name in ("lock_ik", "use_ik_limit", "ik_min", "ik_max", "ik_stiffness")
))  # fmt: skip
_LATTICE = (
    "points_u",
    "points_v",
    "points_w",
    "interpolation_type_u",
    "interpolation_type_v",
    "interpolation_type_w",
    "use_outside",
    "vertex_group",
)
_IK = {"IK", "SPLINE_IK"}


def mesh_parts(obj: Any) -> dict[str, Any]:
    """What of a mesh object deforms, and how."""
    mesh = obj.data
    moved = moved_paths(obj)
    out: dict[str, Any] = {
        "vertices": _numbers(mesh.vertices, "co", 3),
        "edges": _numbers(mesh.edges, "vertices", 2, np.int32),
        "loops": _numbers(mesh.loops, "vertex_index", 1, np.int32),
        "faces": _numbers(mesh.polygons, "loop_start", 1, np.int32),
        "weights": vertex_weights(obj),
        "modifiers": [
            {
                "type": modifier.type,
                **settings(
                    modifier, f'modifiers["{bpy.utils.escape_identifier(modifier.name)}"]', moved
                ),
            }
            for modifier in obj.modifiers
            if modifier.type in DEFORMING
        ],
        "hooked": [
            list(modifier.vertex_indices) for modifier in obj.modifiers if modifier.type == "HOOK"
        ],
    }
    if mesh.shape_keys is not None:
        out["shapes"] = _shapes(mesh.shape_keys)
    return out


def vertex_weights(obj: Any) -> list[Any]:
    """Per group that has any: its name, its vertices and their weights."""
    groups = list(map(attrgetter("groups"), obj.data.vertices.values()))
    counts = np.fromiter(map(len, groups), np.int32, len(groups))
    total = int(counts.sum())
    members = list(chain.from_iterable(group.values() for group in groups))
    index = np.fromiter(map(attrgetter("group"), members), np.int32, total)
    weight = np.fromiter(map(attrgetter("weight"), members), np.float32, total)
    vertex = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    # a stable sort keeps each group's vertices in their order
    order = np.argsort(index, kind="stable")
    index, weight, vertex = index[order], weight[order], vertex[order]
    names = [group.name for group in obj.vertex_groups]
    used, starts = np.unique(index, return_index=True)
    ends = np.append(starts, total)[1:]
    return sorted(
        (
            [names[group], vertex[start:end], weight[start:end]]
            for group, start, end in zip(used.tolist(), starts, ends, strict=True)
            if group < len(names)
        ),
        key=lambda part: part[0],
    )


def _shapes(keys: Any) -> dict[str, Any]:
    moved = moved_paths(keys)
    blocks: list[Any] = []
    for block in keys.key_blocks:
        path = f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].mute'
        blocks.append(
            [
                block.name,
                block.relative_key.name if block.relative_key else "",
                block.slider_min,
                block.slider_max,
                block.vertex_group,
                block.mute and path not in moved,
                # .points is ten times as fast as .data, which has the same numbers
                _numbers(block.points, "co", 3),
            ]
        )
    return {"relative": keys.use_relative, "blocks": blocks}


def armature_parts(obj: Any, modes_read: set[str]) -> dict[str, Any]:
    """The bones of an armature at rest, and what constrains them.

    ``modes_read`` names the bones whose rotation some driver reads, and so its mode.
    """
    bones = obj.data.bones
    names = [bone.name for bone in bones]
    order = np.array(sorted(range(len(names)), key=names.__getitem__), np.intp)
    moved = moved_paths(obj)
    held: dict[str, Any] = {}
    has_ik = False
    for pose in obj.pose.bones if obj.pose is not None else ():
        if pose.constraints:
            path = f'pose.bones["{bpy.utils.escape_identifier(pose.name)}"].'
            held[pose.name] = constraints(pose, path, moved)
            has_ik = has_ik or any(c["type"] in _IK for c in held[pose.name])
    out: dict[str, Any] = {
        "names": sorted(names),
        "parents": [bones[n].parent.name if bones[n].parent else "" for n in sorted(names)],
        "inherit_scale": [bones[name].inherit_scale for name in sorted(names)],
        "numbers": {
            name: _numbers(bones, name, width).reshape(-1, width)[order]
            for name, width in _BONE_NUMBERS.items()
        },
        "bent": {bone.name: _bending(bone) for bone in bones if bone.bbone_segments > 1},
        "constraints": held,
        "modes": {
            name: obj.pose.bones[name].rotation_mode
            for name in sorted(modes_read)
            if obj.pose is not None and name in obj.pose.bones
        },
    }
    if has_ik:
        # the pose's bones are in the order of the armature's
        poses = [_numbers(obj.pose.bones, name, 1) for name in _IK_NUMBERS]
        names = [pose.name for pose in obj.pose.bones]
        out["ik"] = [numbers[sorted(range(len(names)), key=names.__getitem__)] for numbers in poses]
    return out


def _bending(bone: Any) -> dict[str, Any]:
    handles = (bone.bbone_custom_handle_start, bone.bbone_custom_handle_end)
    values = {name: value for name, value in settings(bone).items() if name.startswith("bbone_")}
    return values | {"handles": [handle.name if handle else "" for handle in handles]}


def other_parts(obj: Any) -> dict[str, Any]:
    """What lattices and curves are, which other objects may follow."""
    if obj.type == "LATTICE":
        return {
            "points": _numbers(obj.data.points, "co_deform", 3),
            "lattice": [getattr(obj.data, name) for name in _LATTICE],
        }
    if obj.type == "CURVE":
        return {
            "splines": [
                [
                    spline.type,
                    _numbers(spline.points, "co", 4),
                    *(
                        _numbers(spline.bezier_points, name, 3)
                        for name in ("co", "handle_left", "handle_right")
                    ),
                ]
                for spline in obj.data.splines
            ]
        }
    return {}


def _numbers(members: Any, name: str, width: int, kind: Any = np.float32) -> np.ndarray:
    out = np.empty(len(members) * width, kind)
    if len(members):
        members.foreach_get(name, out)
    # edit mode turns -0 into 0
    out += kind(0)
    return out
