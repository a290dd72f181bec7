# SPDX-License-Identifier: GPL-3.0-or-later
"""The vertex of a character that the mouse points at, and the one that is active in Edit Mode.

Rays are cast on the meshes as they are seen now, deformed, but with their own vertices: modifiers
that add or take some are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bmesh
import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree

from ...core.arrays import FloatArray, IntArray
from ...core.errors import FacemocapError
from ..characters.characters import CharacterObjects

_Place = tuple[float, float, float]


@dataclass(frozen=True)
class PickedVertex:
    """A vertex: its mesh object, its number there, and where it is in the world."""

    mesh: str
    vertex: int
    place: _Place


class SkinPicker:
    """Casts rays on a character as it is now; made once for as long as the mouse is followed."""

    def __init__(self, picked: CharacterObjects, depsgraph: bpy.types.Depsgraph) -> None:
        self._names: list[str] = []
        self._trees: list[BVHTree] = []
        self._places: list[FloatArray] = []
        self._triangles: list[IntArray] = []
        for obj in picked.meshes:
            if not obj.visible_get() and not obj.data.is_editmode:
                continue
            places = seen_places(obj, depsgraph)
            obj.data.calc_loop_triangles()
            corners = np.empty(3 * len(obj.data.loop_triangles), np.int32)
            obj.data.loop_triangles.foreach_get("vertices", corners)
            triangles = corners.reshape(-1, 3)
            if not len(triangles):
                continue
            self._names.append(obj.name)
            self._trees.append(BVHTree.FromPolygons(places.tolist(), triangles.tolist()))
            self._places.append(places)
            self._triangles.append(triangles)
        if not self._names:
            raise FacemocapError(
                f'No mesh of "{picked.name}" is shown', "Show the character's face first"
            )

    def under(self, origin: Vector, direction: Vector) -> PickedVertex | None:
        """The vertex nearest to where a ray (in the world) meets the character first, or None."""
        best: tuple[float, PickedVertex] | None = None
        for name, tree, places, triangles in zip(
            self._names, self._trees, self._places, self._triangles, strict=True
        ):
            hit, _, number, distance = tree.ray_cast(origin, direction)
            if hit is None or number is None or distance is None:
                continue
            corners = triangles[number]
            away = ((places[corners] - np.array(hit)) ** 2).sum(axis=1)
            vertex = int(corners[int(np.argmin(away))])
            x, y, z = places[vertex].tolist()
            if best is None or distance < best[0]:
                best = distance, PickedVertex(name, vertex, (x, y, z))
        return None if best is None else best[1]


def active_vertex(
    picked: CharacterObjects, edited: bpy.types.Object | None
) -> tuple[str, int] | None:
    """The mesh and number of the vertex that a person chose in Edit Mode; None without one.

    The active one, or the only one that is selected.
    """
    mesh: Any = edited.data if edited is not None and edited in picked.meshes else None
    if edited is None or mesh is None or not mesh.is_editmode:
        return None
    shape = bmesh.from_edit_mesh(mesh)
    active = shape.select_history.active
    if isinstance(active, bmesh.types.BMVert):
        return edited.name, active.index
    if mesh.total_vert_sel != 1:
        return None
    return edited.name, next(vertex.index for vertex in shape.verts if vertex.select)


def seen_places(obj: Any, depsgraph: bpy.types.Depsgraph) -> FloatArray:
    """Places ``(n, 3)`` in the world of a mesh's own vertices, deformed as they are seen."""
    mesh = obj.data
    count = len(mesh.vertices)
    if not mesh.is_editmode:
        moved: Any = obj.evaluated_get(depsgraph)
        # subdivision and the like put theirs behind those of the mesh
        if len(moved.data.vertices) >= count:
            mesh = moved.data
    local = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", local)
    matrix = np.array(obj.matrix_world)
    return local.reshape(-1, 3)[:count] @ matrix[:3, :3].T + matrix[:3, 3]
