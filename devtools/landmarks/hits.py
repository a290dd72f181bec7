# SPDX-License-Identifier: GPL-3.0-or-later
"""Where landmarks that were seen on a still lie on the meshes of the sample head."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from .stills import open_head, set_shape

Array = NDArray[np.float64]
EYES = {"left": "arkit_eye_L", "right": "arkit_eye_R"}
#: Landmarks of the iris: the subject's right eye first.
IRISES = {"right": range(468, 473), "left": range(473, 478)}
#: The inner edges of the lips: on a closed mouth they may be cast onto the other lip.
INNER_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308,
    95, 88, 178, 87, 14, 317, 402, 318, 324,
)  # fmt: skip
#: Landmarks well inside the outline: bridge of the nose, cheeks, forehead.
INSIDE = (6, 168, 197, 50, 280, 151, 9, 205, 425)
#: The shape that parts the lips, and so tells which is which.
PARTS_LIPS = "jawOpen"
DIGITS = 5
#: What is met so much farther away than the tracker saw it is not the face.
BEHIND_M = 0.02


def evaluated_points(body: Any) -> Array:
    """Vertices ``(v, 3)`` of an object as it is deformed now, in the world's frame."""
    graph = bpy.context.evaluated_depsgraph_get()
    graph.update()
    posed = body.evaluated_get(graph)
    mesh = posed.to_mesh()
    out = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", out)
    posed.to_mesh_clear()
    matrix = np.array(body.matrix_world)
    return out.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]


def triangles_of(body: Any) -> NDArray[np.int32]:
    """Triangles ``(t, 3)`` of an object's mesh, by vertex."""
    body.data.calc_loop_triangles()
    out = np.empty(3 * len(body.data.loop_triangles), np.int32)
    body.data.loop_triangles.foreach_get("vertices", out)
    return out.reshape(-1, 3)


class Surface:
    """A mesh that rays are cast at."""

    def __init__(self, body: Any) -> None:
        self.name = body.name
        self.points = evaluated_points(body)
        self.triangles = triangles_of(body)
        self._tree: Any = BVHTree.FromPolygons(self.points.tolist(), self.triangles.tolist())

    def meet(self, origin: Array, ray: Array) -> Any:
        """Place, normal, triangle and distance where a ray meets the mesh first; Nones if not."""
        return self._tree.ray_cast(Vector(origin.tolist()), Vector(ray.tolist()))

    def hit(self, origin: Array, ray: Array, depth: float) -> list[Any]:
        """``[object, three vertices, three shares]`` where a ray meets it.

        A ray that goes past the outline, or meets what is far behind, is of a landmark at the
        outline: the place on the mesh that is nearest to where the tracker saw it then.
        """
        found = self.meet(origin, ray)
        if found[0] is None or found[3] > depth + BEHIND_M:
            found = self._tree.find_nearest(Vector((origin + depth * ray).tolist()))
        corners = self.triangles[found[2]]
        shares = barycentric(np.array(found[0]), self.points[corners])
        return [self.name, *map(int, corners), *(round(float(each), DIGITS) for each in shares)]


def barycentric(point: Array, corners: Array) -> Array:
    """Shares ``(3,)`` of three corners ``(3, 3)`` in a point of their plane."""
    sides = (corners[1:] - corners[0]).T
    second, third = np.linalg.lstsq(sides, point - corners[0], rcond=None)[0]
    return np.array([1.0 - second - third, second, third])


class Sight:
    """Lines of sight through landmarks of a still, and how far along them each was seen."""

    def __init__(self, landmarks: list[list[float]], size_px: int) -> None:
        points = np.array(landmarks)
        camera: Any = bpy.context.scene.camera
        matrix = np.array(camera.matrix_world)
        span = camera.data.sensor_width / camera.data.lens
        local = np.stack(
            [
                (points[:, 0] / size_px - 0.5) * span,
                (0.5 - points[:, 1] / size_px) * span,
                np.full(len(points), -1.0),
            ],
            axis=1,
        )
        self.origin = matrix[:3, 3]
        away = float(np.linalg.norm(self.origin))
        rays = local @ matrix[:3, :3].T
        self.rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
        # depth is in pixels from the middle of the head
        self.depths = away * (1.0 + points[:, 2] * span / size_px)

    def level(self, surface: Surface) -> None:
        """Shift the depths to what the mesh has where the landmarks are well inside."""
        off: list[float] = []
        for each in INSIDE:
            found = surface.meet(self.origin, self.rays[each])
            off.append(found[3] - self.depths[each])
        self.depths = self.depths + float(np.median(off))

    def cast(self, surface: Surface, landmark: int) -> list[Any]:
        """Where a landmark lies on a mesh."""
        return surface.hit(self.origin, self.rays[landmark], float(self.depths[landmark]))


def cast_landmarks(seen: dict[str, Any], size_px: int) -> list[list[Any]]:
    """Where each of the 478 landmarks lies, from what was seen on the stills."""
    head = open_head()
    surface = Surface(head)
    sight = Sight(seen["neutral"], size_px)
    sight.level(surface)
    out = [sight.cast(surface, each) for each in range(len(sight.rays))]
    for side, landmarks in IRISES.items():
        eye = Surface(bpy.data.objects[EYES[side]])
        for each in landmarks:
            out[each] = sight.cast(eye, each)
    set_shape(PARTS_LIPS, 1.0)
    parted = Surface(head)
    sight = Sight(seen[PARTS_LIPS], size_px)
    sight.level(parted)
    for each in INNER_LIPS:
        out[each] = sight.cast(parted, each)
    set_shape(PARTS_LIPS, 0.0)
    return out
