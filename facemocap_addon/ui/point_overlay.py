# SPDX-License-Identifier: GPL-3.0-or-later
"""Points on the character in the 3D viewport: small discs, coloured by how sure their places are.

What is drawn stands in the panel's list of points; it follows the skin as that is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import blf
import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..props import FACEMOCAP_PG_points, Picking, state_of
from .point_places_panel import rows_fit
from .points_panel import chosen_points

#: Radii in pixels at scale 1: of a point, of the chosen one, and of the dark rim around them.
RADIUS, CHOSEN, RIM = 4.0, 6.5, 1.3
#: From no to full confidence, and points that a person put; the chosen one's rim; the mouse's.
UNSURE, HALF_SURE, SURE = (0.90, 0.20, 0.16), (0.95, 0.78, 0.20), (0.30, 0.80, 0.36)
BY_HAND, CHOSEN_RIM, HOVER = (0.35, 0.66, 1.0), (1.0, 1.0, 1.0), (1.0, 0.55, 0.10)
DARK = (0.02, 0.02, 0.02)
#: Points that face away are drawn this faintly.
FAINT = 0.12
_CORNERS = 20
_TEXT_PX = 11


class _Handler:
    """The draw handler, while there is one."""

    held: Any = None


def show_overlay(present: Callable[[], bpy.types.Context]) -> None:
    """Draw points from now on; ``present`` gives the context of each drawing."""
    if _Handler.held is None:
        _Handler.held = bpy.types.SpaceView3D.draw_handler_add(
            lambda: draw_points(present()), (), "WINDOW", "POST_PIXEL"
        )


def hide_overlay() -> None:
    """Draw them no longer."""
    if _Handler.held is not None:
        bpy.types.SpaceView3D.draw_handler_remove(_Handler.held, "WINDOW")
        _Handler.held = None


@dataclass(frozen=True)
class Marks:
    """What is to be drawn.

    Attributes
    ----------
    rows : (p,) int
        Their lines in the list.
    places, normals : (p, 3)
        In the world.
    colours : (p, 3)
    """

    rows: np.ndarray
    places: np.ndarray
    normals: np.ndarray
    colours: np.ndarray


def find_marks(points: FACEMOCAP_PG_points, depsgraph: bpy.types.Depsgraph) -> Marks:
    """Where the listed points are now on their meshes."""
    count = len(points.rows)
    corners, shares = np.zeros(3 * count, np.int32), np.zeros(3 * count, np.float32)
    sure = np.zeros(count, np.float32)
    points.rows.foreach_get("vertices", corners)
    points.rows.foreach_get("shares", shares)
    points.rows.foreach_get("confidence", sure)
    places, normals = np.full((count, 3), np.nan), np.zeros((count, 3))
    on: dict[Any, list[int]] = {}
    by_hand = np.zeros(count, np.bool_)
    for number, row in enumerate(points.rows):
        by_hand[number] = row.how == "HAND"
        if row.mesh is not None and row.how not in ("NONE", "LEFT_OUT"):
            on.setdefault(row.mesh, []).append(number)
    for obj, own in on.items():
        found = _on_mesh(obj, corners.reshape(-1, 3)[own], shares.reshape(-1, 3)[own], depsgraph)
        if found is not None:
            places[own], normals[own] = found
    rows = np.flatnonzero(np.isfinite(places).all(axis=1))
    return Marks(rows, places[rows], normals[rows], mark_colours(sure, by_hand)[rows])


def mark_colours(sure: np.ndarray, by_hand: np.ndarray) -> np.ndarray:
    """Colours ``(p, 3)`` by confidence ``(p,)``, and of what a person put."""
    stops = np.array([UNSURE, HALF_SURE, SURE])
    out = np.stack([np.interp(sure, (0.2, 0.6, 0.95), stops[:, band]) for band in range(3)], 1)
    out[by_hand] = BY_HAND
    return out


def _on_mesh(
    obj: Any, corners: np.ndarray, shares: np.ndarray, depsgraph: bpy.types.Depsgraph
) -> tuple[np.ndarray, np.ndarray] | None:
    """Places and normals ``(p, 3)`` in the world on a mesh as it is seen; None if it is hidden."""
    mesh = obj.data
    if not obj.visible_get():
        return None
    if not mesh.is_editmode:
        moved = obj.evaluated_get(depsgraph)
        # subdivision and the like put their vertices behind those of the mesh
        if len(moved.data.vertices) >= len(mesh.vertices):
            mesh = moved.data
    count = len(mesh.vertices)
    if corners.max(initial=0) >= count:
        return None
    parts: list[np.ndarray] = []
    for numbers, name in ((mesh.vertices, "co"), (mesh.vertex_normals, "vector")):
        flat = np.empty(3 * count, np.float32)
        numbers.foreach_get(name, flat)
        parts.append(np.einsum("pk,pkd->pd", shares, flat.reshape(-1, 3)[corners]))
    matrix = np.array(obj.matrix_world)
    places = parts[0] @ matrix[:3, :3].T + matrix[:3, 3]
    return places, parts[1] @ np.linalg.inv(matrix[:3, :3])


def draw_points(context: bpy.types.Context) -> None:
    """Draw the listed points, and where the mouse would put one."""
    space: Any = context.space_data
    scene = context.scene
    if scene is None or space is None or not space.overlay.show_overlays:
        return
    points = state_of(scene).points
    hover = Picking.place()
    shown = points.show_points and chosen_points(context) is not None and rows_fit(context)
    if not shown and hover is None:
        return
    scale: float = context.preferences.system.ui_scale
    discs: list[tuple[np.ndarray, Any, float, float]] = []
    if shown:
        marks = find_marks(points, context.evaluated_depsgraph_get())
        seen = _facing(context, marks)
        flat = _to_region(context, marks.places)
        for number, row in enumerate(marks.rows.tolist()):
            chosen = row == points.active_row
            size, rim = (CHOSEN, CHOSEN_RIM) if chosen else (RADIUS, DARK)
            alpha = 1.0 if seen[number] or chosen else FAINT
            discs.append((flat[number], rim, (size + RIM) * scale, alpha))
            discs.append((flat[number], marks.colours[number], size * scale, alpha))
        _draw_names(points, marks, flat, seen, scale)
    if hover is not None:
        at = _to_region(context, np.array([hover]))[0]
        discs += [(at, DARK, (CHOSEN + RIM) * scale, 1.0), (at, HOVER, CHOSEN * scale, 1.0)]
    _draw_discs([disc for disc in discs if np.isfinite(disc[0]).all()])


def _facing(context: Any, marks: Marks) -> np.ndarray:
    """Which of them look towards the viewer ``(p,)``."""
    view: Any = context.region_data
    inverse = np.array(view.view_matrix.inverted())
    if view.is_perspective:
        towards = inverse[:3, 3] - marks.places
    else:
        towards = np.broadcast_to(inverse[:3, 2], marks.places.shape)
    return (towards * marks.normals).sum(axis=1) > 0


def _to_region(context: Any, places: np.ndarray) -> np.ndarray:
    """Pixels ``(p, 2)`` of the region; NaN for what is behind the viewer."""
    matrix = np.array(context.region_data.perspective_matrix)
    ahead = np.concatenate([places, np.ones((len(places), 1))], axis=1) @ matrix.T
    w = np.where(ahead[:, 3] > 1e-9, ahead[:, 3], np.nan)
    region = context.region
    return (ahead[:, :2] / w[:, None] * 0.5 + 0.5) * np.array([region.width, region.height])


def _draw_discs(discs: list[tuple[np.ndarray, Any, float, float]]) -> None:
    if not discs:
        return
    angles = np.linspace(0.0, 2.0 * np.pi, _CORNERS + 1)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # a middle and a ring that fades over the last pixel
    wheel = np.empty((_CORNERS, 3, 2))
    wheel[:, 0], wheel[:, 1], wheel[:, 2] = 0.0, ring[:-1], ring[1:]
    places: list[np.ndarray] = []
    colours: list[np.ndarray] = []
    for at, colour, radius, alpha in discs:
        places.append((at + radius * wheel).reshape(-1, 2))
        colours.append(np.broadcast_to([*colour, alpha], (3 * _CORNERS, 4)))
    shader = gpu.shader.from_builtin("SMOOTH_COLOR")
    # the graphics card reads them as they lie in memory
    content: Any = {
        "pos": np.ascontiguousarray(np.concatenate(places), np.float32),
        "color": np.ascontiguousarray(np.concatenate(colours), np.float32),
    }
    batch = batch_for_shader(shader, "TRIS", content)
    gpu.state.blend_set("ALPHA")
    batch.draw(shader)
    gpu.state.blend_set("NONE")


def _draw_names(
    points: FACEMOCAP_PG_points, marks: Marks, flat: np.ndarray, seen: np.ndarray, scale: float
) -> None:
    """Names beside the points: of all that are seen on request, else of the chosen one."""
    font = 0
    blf.size(font, _TEXT_PX * scale)
    blf.enable(font, blf.SHADOW)
    blf.shadow(font, 3, 0.0, 0.0, 0.0, 0.9)
    for number, row in enumerate(marks.rows.tolist()):
        chosen = row == points.active_row
        if not (chosen or (points.show_names and seen[number])):
            continue
        if not np.isfinite(flat[number]).all():
            continue
        x, y = flat[number].tolist()
        blf.color(font, 1.0, 1.0, 1.0, 1.0 if chosen else 0.75)
        blf.position(font, x + 10 * scale, y - 4 * scale, 0)
        blf.draw(font, points.rows[row].name)
    blf.disable(font, blf.SHADOW)
