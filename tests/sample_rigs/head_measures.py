# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the sample characters measure, in millimetres, read from the .blend files."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from sample_rigs.generator.figures import COLUMNS, RING
from sample_rigs.generator.head import build_head, rim_pairs, seam_pairs
from sample_rigs.generator.lids import HIDDEN, ORBIT, RIM_IN, RIM_OUT
from sample_rigs.generator.mesh import HeadMesh

Array = NDArray[np.float64]

NAMES = ("arkit_head", "bone_face", "toon", "facs_controls")
PREFIX = {"arkit_head": "arkit", "bone_face": "bone", "toon": "toon", "facs_controls": "facs"}


@functools.cache
def topology() -> HeadMesh:
    """Numbering of the head's vertices, the same in all characters."""
    return build_head()


def open_character(folder: Path, name: str) -> None:
    """Open a committed character; its scripts stay off."""
    bpy.ops.wm.open_mainfile(filepath=str(folder / f"{name}.blend"), use_scripts=False)


def basis(ob: Any) -> Array:
    """Rest vertices of a mesh object (n, 3), mm."""
    out = np.zeros(len(ob.data.vertices) * 3, np.float32)
    ob.data.vertices.foreach_get("co", out)
    return out.reshape(-1, 3).astype(float) * 1000


def keys(ob: Any) -> dict[str, Array]:
    """Displacement (mm) of every shape key of a mesh object."""
    if ob.data.shape_keys is None:
        return {}
    blocks = ob.data.shape_keys.key_blocks
    out: dict[str, Array] = {}
    for block in blocks:
        co = np.zeros(len(block.data) * 3, np.float32)
        block.data.foreach_get("co", co)
        out[block.name] = co.reshape(-1, 3).astype(float) * 1000
    rest = out.pop("Basis")
    return {name: co - rest for name, co in out.items()}


def evaluated(ob: Any) -> Array:
    """Vertices of a mesh object as bones and keys move it, mm in world space."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    done = ob.evaluated_get(graph)
    mesh = done.to_mesh()
    out = np.zeros(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", out)
    done.to_mesh_clear()
    return out.reshape(-1, 3).astype(float) * 1000


def rim_gap(v: Array, ring: int = RIM_OUT) -> Array:
    """Distance of upper and lower rim in every column of both eyes."""
    pairs = np.array(rim_pairs(topology(), ring))
    return np.linalg.norm(v[pairs[:, 0]] - v[pairs[:, 1]], axis=1)


def lip_gap(v: Array) -> Array:
    """Distance of both lips in every column of their contact rings."""
    pairs = np.array(seam_pairs(topology()))
    return np.linalg.norm(v[pairs[:, 0]] - v[pairs[:, 1]], axis=1)


def mouth_width(v: Array) -> float:
    """Distance of the mouth's corners."""
    corner = topology().both(topology().half.mouth[(7, COLUMNS)])
    return float(np.linalg.norm(v[corner[0]] - v[corner[1]]))


def face_width(v: Array) -> float:
    """Width of the face before the ears."""
    ear = topology().both(topology().half.corner["P4"])
    return float(np.linalg.norm(v[ear[0]] - v[ear[1]]))


def lid_vertices() -> NDArray[np.int64]:
    """All vertices of both eyes' lids with their hidden edges."""
    eye = topology().half.eye
    left = [eye[(k, j)] for k in range(HIDDEN, ORBIT) for j in range(RING)]
    return np.array([i for v in left for i in topology().both(v)])


def depth_in_eye(v: Array, lids: NDArray[np.int64], eyeball: Any, rest: Array) -> float:
    """Greatest depth (mm) of lid vertices under an eyeball's surface, along the radius.

    Only the vertices nearest to that eyeball count. `rest` holds the eyeball's vertices.
    """
    centre = 0.5 * (rest.min(0) + rest.max(0))
    near = v[lids][np.linalg.norm(v[lids] - centre, axis=1) < 40]
    faces = [tuple(p.vertices) for p in eyeball.data.polygons]
    tree = BVHTree.FromPolygons([tuple(p) for p in rest], faces)
    worst = -np.inf
    for p in near:
        away = p - centre
        radius = float(np.linalg.norm(away))
        direction = Vector((away / radius).tolist())
        # from outside inwards, so that the outermost surface (the cornea) is met first
        hit = tree.ray_cast(Vector(centre.tolist()) + direction * 60, -direction)[0]
        assert hit is not None
        worst = max(worst, float((hit - Vector(centre.tolist())).length) - radius)
    return worst


__all__ = [
    "NAMES",
    "PREFIX",
    "RIM_IN",
    "RIM_OUT",
    "basis",
    "depth_in_eye",
    "evaluated",
    "face_width",
    "keys",
    "lid_vertices",
    "lip_gap",
    "mouth_width",
    "open_character",
    "rim_gap",
    "topology",
]
