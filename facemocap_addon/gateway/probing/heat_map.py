# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the points of a solve are off, painted on a character's meshes; taken off again whole.

Every mesh of the character gets the number in millimetres and a colour for it, so that the whole
face is seen in one way of shading. Which colours were active before is noted on the mesh itself and
put back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.arrays import FloatArray, IntArray
from ...core.correspondence.placement import Placement
from ...core.errors import FacemocapError
from ...core.heat_map import heat_colours, spread_over_skin
from ..characters.characters import CharacterObjects

#: The attributes: millimetres, and the colour that shows them.
VALUES, COLOURS = "facemocap_residual", "facemocap_colour"
#: ID property of a mesh: which colours and attribute were active before.
NOTE = "facemocap_heat"


@dataclass(frozen=True)
class HeatMap:
    """Millimetres ``(n,)`` at the vertices of each mesh, by the mesh's name."""

    values: dict[str, FloatArray]


def make_heat_map(picked: CharacterObjects, placement: Placement, off_mm: FloatArray) -> HeatMap:
    """Spread what is known at the placed points over the skin; nothing is changed.

    Parameters
    ----------
    picked : CharacterObjects
    placement : Placement
    off_mm : (p,)
        NaN for points of which nothing is known.

    Raises
    ------
    FacemocapError
        When the character has other meshes now.
    """
    points, triangles, meshes = _skin(picked)
    corners = placement.rows(meshes)
    known = np.where(placement.placed, off_mm, np.nan)
    values = spread_over_skin(points, triangles, corners, placement.weights, known)
    return HeatMap({name: values[start:stop] for name, (start, stop) in meshes.items()})


def write_heat_map(picked: CharacterObjects, heat: HeatMap, full_mm: float) -> int:
    """Put it on the meshes, in place of an earlier one; the number of meshes.

    Raises
    ------
    FacemocapError
        When the meshes are linked, being edited, or have other vertices now; nothing is written
        then.
    """
    meshes = _meshes(picked)
    for obj in meshes:
        _check_free(obj)
        if len(heat.values.get(obj.name, ())) != len(obj.data.vertices):
            raise FacemocapError(f'"{obj.name}" has other vertices now', "Make the heat map again")
    for obj in meshes:
        _write(obj.data, heat.values[obj.name], full_mm)
    return len(meshes)


def remove_heat_map(picked: CharacterObjects) -> int:
    """Take it off again and put back what was active; the number of meshes that had one.

    Raises
    ------
    FacemocapError
        When a mesh is being edited.
    """
    meshes = [obj for obj in _meshes(picked) if _is_painted(obj.data)]
    for obj in meshes:
        _check_free(obj)
    for obj in meshes:
        _remove(obj.data)
    return len(meshes)


def has_heat_map(picked: CharacterObjects) -> bool:
    """Whether any of the character's meshes is painted."""
    return any(_is_painted(obj.data) for obj in picked.meshes)


def _meshes(picked: CharacterObjects) -> list[Any]:
    """The character's mesh objects, each mesh once."""
    seen: dict[Any, Any] = {}
    for obj in picked.meshes:
        seen.setdefault(obj.data, obj)
    return list(seen.values())


def _is_painted(mesh: Any) -> bool:
    return NOTE in mesh or VALUES in mesh.attributes or COLOURS in mesh.attributes


def _check_free(obj: Any) -> None:
    if obj.data.library is not None:
        raise FacemocapError(
            f'The mesh of "{obj.name}" comes from another file and cannot be painted',
            "Open that file and make the heat map there",
        )
    if obj.data.is_editmode:
        raise FacemocapError(f'"{obj.name}" is being edited', "Leave Edit Mode first")


def _write(mesh: Any, values: FloatArray, full_mm: float) -> None:
    if NOTE not in mesh:
        mesh[NOTE] = {
            "colour": mesh.attributes.active_color_name or "",
            "render": mesh.attributes.default_color_name or "",
            "active": mesh.attributes.active.name if mesh.attributes.active else "",
        }
    _attribute(mesh, VALUES, "FLOAT").data.foreach_set("value", values.astype(np.float32))
    colours = heat_colours(values, full_mm).astype(np.float32)
    _attribute(mesh, COLOURS, "FLOAT_COLOR").data.foreach_set("color", colours.ravel())
    mesh.attributes.active_color_name = COLOURS
    mesh.update()


def _attribute(mesh: Any, name: str, kind: str) -> Any:
    found = mesh.attributes.get(name)
    if found is not None and (found.data_type != kind or found.domain != "POINT"):
        mesh.attributes.remove(found)
        found = None
    return found or mesh.attributes.new(name, kind, "POINT")


def _remove(mesh: Any) -> None:
    note = mesh.get(NOTE)
    for name in (VALUES, COLOURS):
        found = mesh.attributes.get(name)
        if found is not None:
            mesh.attributes.remove(found)
    if note is not None:
        before = note.to_dict()
        del mesh[NOTE]
        mesh.attributes.active_color_name = before.get("colour", "")
        mesh.attributes.default_color_name = before.get("render", "")
        active = mesh.attributes.get(before.get("active", ""))
        if active is not None:
            mesh.attributes.active = active
    mesh.update()


def _skin(
    picked: CharacterObjects,
) -> tuple[FloatArray, IntArray, dict[str, tuple[int, int]]]:
    """All meshes at rest in the world, metres: vertices, triangles, and each mesh's part."""
    places: list[FloatArray] = [np.empty((0, 3))]
    triangles: list[IntArray] = [np.empty((0, 3), np.int32)]
    meshes: dict[str, tuple[int, int]] = {}
    start = 0
    for obj in picked.meshes:
        mesh: Any = obj.data
        count = len(mesh.vertices)
        local = np.empty(3 * count, np.float32)
        mesh.vertices.foreach_get("co", local)
        matrix = np.array(obj.matrix_world)
        places.append(local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
        mesh.calc_loop_triangles()
        corners = np.empty(3 * len(mesh.loop_triangles), np.int32)
        mesh.loop_triangles.foreach_get("vertices", corners)
        triangles.append(corners.reshape(-1, 3) + start)
        meshes[obj.name] = (start, start + count)
        start += count
    return np.concatenate(places), np.concatenate(triangles), meshes
