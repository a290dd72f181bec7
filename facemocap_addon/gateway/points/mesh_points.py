# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of points out of animated characters: how the skin of a face moves, whatever moves it.

So animation goes from one character to another that shares no names with it: these points are
solved onto the other one like markers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from typing import Any

import bpy
import numpy as np

from ...core.correspondence.features import FoundFace
from ...core.errors import FacemocapError
from ...core.measured import Measured
from ...core.point_solve.performing import EXACT, REST
from ...core.points import point_channels, point_values
from ...core.probing.scan import Scan
from ...core.progress import Job, Progress, part_of_job
from ...core.take import Take, TakeSource
from ...core.timebase import Timebase
from ..characters.characters import CharacterObjects
from ..scenes import scene_clock
from ..takes.character_takes import animated_range, reading_stage
from .point_solving import found_face

#: Landmarks on the inner edges of lips: on another character they may lie on the other lip.
DOUBLE = tuple(f"lm68_{number}" for number in range(60, 68))
#: Points of the skin beside the anatomical places.
SKIN_POINTS = 60
#: How far (eye distances) from the middle between the eyes the skin still is the face.
FACE = 2.4
_MOST_FRAMES = 100_000
#: What makes other vertices of a mesh than it has.
_SAME_VERTICES = {
    "ARMATURE", "CAST", "CURVE", "DISPLACE", "HOOK", "LAPLACIANDEFORM", "LATTICE", "MESH_DEFORM",
    "SHRINKWRAP", "SIMPLE_DEFORM", "SMOOTH", "CORRECTIVE_SMOOTH", "LAPLACIANSMOOTH",
    "SURFACE_DEFORM", "WARP", "WAVE", "VOLUME_DISPLACE", "NORMAL_EDIT", "WEIGHTED_NORMAL",
    "UV_PROJECT", "UV_WARP", "VERTEX_WEIGHT_EDIT", "VERTEX_WEIGHT_MIX", "VERTEX_WEIGHT_PROXIMITY",
    "DATA_TRANSFER", "MESH_SEQUENCE_CACHE", "MESH_CACHE", "SURFACE", "COLLISION",
}  # fmt: skip


def points_from_character(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    measured: Measured,
    frames: tuple[int, int] | None = None,
) -> Job[Take]:
    """Points of a character's face over its animation, a sample a frame; nothing is changed.

    Anatomical places go by their names, so that they are found on every other character; further
    points of the skin lie between them.

    Parameters
    ----------
    picked : CharacterObjects
    scene : Scene
        Its rate is that of the take.
    measured : Measured
        What was measured on the character.
    frames : (int, int), optional
        First and last frame; without, all that the character's Actions and strips reach, else the
        scene's own range.

    Raises
    ------
    FacemocapError
        When the range is none, or the face has no places.
    """
    first, last = frames or animated_range(picked) or (scene.frame_start, scene.frame_end)
    if last < first or last - first + 1 > _MOST_FRAMES:
        raise FacemocapError(
            f'The animation of "{picked.name}" reaches from frame {first} to {last}',
            "Read a part of it: give the first and the last frame",
        )
    scan, face = yield from part_of_job(found_face(picked, scene, measured), 0.0, 0.5)
    names, corners, shares = _chosen(face)
    yield Progress(0.5, "Reading the face frame by frame")
    places = _read(picked, scene, face, corners, shares, np.arange(first, last + 1))
    clock = scene_clock(scene)
    numbers = np.arange(first, last + 1)
    values, valid = point_values(places, np.isfinite(places).all(axis=2))
    return Take(
        times=clock.seconds(numbers.astype(np.float64), float(first)),
        channels=point_channels(names),
        values=values,
        valid=valid,
        timebase=Timebase(Fraction(clock.rate_hz).limit_denominator(1001)),
        source=TakeSource(
            picked.name,
            EXACT,
            {
                "character": picked.name,
                "first_frame": first,
                "frames": len(numbers),
                REST: _at_rest(scan, face, names, corners, shares),
            },
        ),
        assumptions=("Points are places of the character's skin, in the size of the scene.",),
    )


def _chosen(face: FoundFace) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of points, corners ``(p, 3)`` of their triangles by the scan's points, and shares."""
    features, skin = face.features, face.skin
    named = [
        name
        for name in features.places
        if not name.startswith(("eye_centre", "mp_")) and name not in DOUBLE
    ]
    at = features.to_frame(np.array([features.places[name] for name in named]))
    used = np.unique(skin.triangles)
    near = used[np.sqrt((skin.places[used] ** 2).sum(axis=1)) < FACE]
    some = _spread(skin.places[near], at, SKIN_POINTS)
    wanted = np.concatenate([at, skin.places[near][some]])
    triangles, shares, _ = skin.nearest(wanted, {})
    names = named + [f"skin_{number:03d}" for number in range(len(some))]
    return names, skin.triangles[triangles], shares


def _spread(places: np.ndarray, taken: np.ndarray, count: int) -> np.ndarray:
    """Rows of places ``(n, 3)`` that lie farthest from each other and from those taken."""
    away = np.full(len(places), np.inf)
    for each in taken:
        away = np.minimum(away, ((places - each) ** 2).sum(axis=1))
    rows: list[int] = []
    while len(rows) < min(count, len(places)):
        row = int(np.argmax(away))
        if away[row] <= 0:
            break
        rows.append(row)
        away = np.minimum(away, ((places - places[row]) ** 2).sum(axis=1))
    return np.array(rows, np.intp)


def _at_rest(
    scan: Scan, face: FoundFace, names: list[str], corners: np.ndarray, shares: np.ndarray
) -> dict[str, list[float]]:
    """Where the points are when nothing plays, by their names."""
    places = np.einsum("pk,pkd->pd", shares, scan.points[corners])
    own = (places - face.features.origin) @ face.features.axes.T
    return dict(zip(names, np.round(own, 7).tolist(), strict=True))


def _read(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    face: FoundFace,
    corners: np.ndarray,
    shares: np.ndarray,
    frames: np.ndarray,
) -> np.ndarray:
    """Places ``(n, p, 3)`` in metres: x to the character's left, y up, z ahead at rest."""
    features = face.features
    anchor = picked.armature or max(picked.meshes, key=lambda mesh: len(mesh.data.vertices))
    matrix = np.array(anchor.matrix_world)
    left, _, right = np.linalg.svd(matrix[:3, :3])
    turn, at = left @ right, matrix[:3, 3]
    out = np.zeros((len(frames), len(corners), 3))
    with ExitStack() as stack:
        stage = stack.enter_context(reading_stage(picked, scene))
        stack.enter_context(_own_vertices(picked))
        layer = stage.view_layers[0]
        for row, frame in enumerate(frames.tolist()):
            stage.frame_set(frame)
            world = _vertices(picked, face, layer.depsgraph)
            own = (world[corners] - at) @ turn
            place = np.einsum("pk,pkd->pd", shares, own)
            out[row] = (place - features.origin) @ features.axes.T
    return out


def _vertices(picked: CharacterObjects, face: FoundFace, graph: Any) -> np.ndarray:
    """Places ``(n, 3)`` of all vertices in the world, by the scan's points."""
    out = np.zeros((max(stop for _, stop in face.meshes.values()), 3))
    for mesh in picked.meshes:
        start, stop = face.meshes[mesh.name]
        moved = mesh.evaluated_get(graph)
        if len(moved.data.vertices) != stop - start:
            raise FacemocapError(
                f'"{mesh.name}" has other vertices when its modifiers are on',
                "Switch off what adds or removes vertices, and read it again",
            )
        local = np.empty(3 * (stop - start), np.float32)
        moved.data.vertices.foreach_get("co", local)
        matrix = np.array(moved.matrix_world)
        out[start:stop] = local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    return out


@contextmanager
def _own_vertices(picked: CharacterObjects) -> Iterator[None]:
    """Modifiers that make other vertices are off while the block lasts."""
    off: list[Any] = []
    try:
        for mesh in picked.meshes:
            for modifier in mesh.modifiers:
                if modifier.show_viewport and modifier.type not in _SAME_VERTICES:
                    modifier.show_viewport = False
                    off.append(modifier)
        yield
    finally:
        for modifier in off:
            modifier.show_viewport = True
