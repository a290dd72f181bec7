# SPDX-License-Identifier: GPL-3.0-or-later
"""How far eyes and lips are open as somebody in front of the face sees it: an oracle by rays.

It shares no code with the program: eyes are round islands of the mesh, the mouth is where rays go
in while it stands open, and what is measured is what parallel rays from the front hit first on the
evaluated mesh, in a frame that is carried along with the skull. All characters here look along -y
and have z up. Lengths are metres, in face axes: x to the character's left, y up, z out of the face.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

#: Rays per eye radius and per mouth width, upward.
EYE_RAYS, MOUTH_RAYS = 60, 300
#: Columns over an eye's radius, and over the middle half of the mouth.
EYE_COLUMNS, MOUTH_COLUMNS = 14, 14
#: What lies this far (on a face whose eyes are 63 mm apart) behind both lips is the mouth's inside.
BEHIND, HUMAN = 0.005, 0.063
#: Where an open mouth is lower than this part of its height are its corners.
CORNER = 0.15


@dataclass(frozen=True)
class Eye:
    """An eyeball at rest: its middle, its radius, and which points are its own."""

    centre: np.ndarray
    radius: float
    points: np.ndarray


@dataclass(frozen=True)
class Mouth:
    """Points in the corners, and how far apart they are at rest."""

    right: int
    left: int
    width: float


class VisibleGaps:
    """Looks at one character of the open file, which stands at rest when this is made."""

    def __init__(self, meshes: Iterable[bpy.types.Object]) -> None:
        self._meshes: list[Any] = list(meshes)
        self._triangles, edges, mesh_of = self._topology()
        self.rest = self._points()
        count = len(self.rest)
        pieces = _pieces(edges, count)
        welded = np.column_stack([mesh_of, np.round(self.rest / 1e-5)]).astype(np.int64)
        _, same = np.unique(welded, axis=0, return_inverse=True)
        seams = np.column_stack([np.arange(count), count + np.ravel(same)])
        islands = _pieces(np.concatenate([edges, seams]), 2 * count)[:count]
        self.eyes = _find_eyes(self.rest, islands)
        self._middle = 0.5 * (self.eyes["left"].centre + self.eyes["right"].centre)
        self.eye_distance = float(self.eyes["left"].centre[0] - self.eyes["right"].centre[0])
        self._sort(pieces, islands)
        self._skull = self._find_skull()
        self._opening = {side: self._find_opening(eye) for side, eye in self.eyes.items()}
        self.mouth: Mouth | None = None

    # what the mesh is made of

    def _topology(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        triangles, edges, mesh_of, start = [], [], [], 0
        for number, mesh in enumerate(self._meshes):
            data = mesh.data
            data.calc_loop_triangles()
            corners = np.empty(len(data.loop_triangles) * 3, np.int32)
            data.loop_triangles.foreach_get("vertices", corners)
            ends = np.empty(len(data.edges) * 2, np.int32)
            data.edges.foreach_get("vertices", ends)
            triangles.append(corners.reshape(-1, 3) + start)
            edges.append(ends.reshape(-1, 2) + start)
            mesh_of.append(np.full(len(data.vertices), number))
            start += len(data.vertices)
        return np.concatenate(triangles), np.concatenate(edges), np.concatenate(mesh_of)

    def _points(self) -> np.ndarray:
        graph = bpy.context.evaluated_depsgraph_get()
        out: list[np.ndarray] = []
        for mesh in self._meshes:
            moved = mesh.evaluated_get(graph)
            local = np.empty(len(moved.data.vertices) * 3, np.float32)
            moved.data.vertices.foreach_get("co", local)
            matrix = np.array(moved.matrix_world)
            world = local.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
            out.append(world[:, [0, 2, 1]] * [1, 1, -1])
        return np.concatenate(out)

    def _sort(self, pieces: np.ndarray, islands: np.ndarray) -> None:
        """Tell skin, eyeballs and the inside of the mouth from lashes, covers, brows and hair."""
        count = int(pieces.max()) + 1
        farthest = np.full((2, count), 0.0)
        nearest = np.full((2, count), np.inf)
        for number, eye in enumerate(self.eyes.values()):
            away = np.linalg.norm(self.rest - eye.centre, axis=1) / eye.radius
            np.maximum.at(farthest[number], pieces, away)
            np.minimum.at(nearest[number], pieces, away)
        ball = np.zeros(len(self.rest), np.bool_)
        for eye in self.eyes.values():
            ball[eye.points] = True
        # a face comes close to both eyes and reaches far beyond; it may be cut up along seams
        face = (nearest.max(axis=0) < 1.5) & (farthest.min(axis=0) > 6.0)
        whole = np.isin(islands, islands[face[pieces]])
        cover = farthest.min(axis=0) < 2.2
        self._is_skin = whole & ~ball & ~cover[pieces]
        top = np.full(count, -np.inf)
        np.maximum.at(top, pieces, self.rest[:, 1])
        low = top < self._middle[1] - 0.35 * self.eye_distance
        self._is_low = low[pieces] & ~self._is_skin

    def _find_skull(self) -> np.ndarray:
        """Points above and behind the brows, which turn with the head and nothing else."""
        arms = (self.rest - self._middle) / self.eye_distance
        high = (arms[:, 1] > 0.3) & (np.linalg.norm(arms, axis=1) < 3.0)
        rows = np.flatnonzero(high & self._is_skin)
        return rows[:: max(1, len(rows) // 1500)]

    def _held(self, places: np.ndarray) -> np.ndarray:
        """The points as if the head had not moved."""
        one, two = places[self._skull], self.rest[self._skull]
        kept = np.ones(len(one), np.bool_)
        for _ in range(6):
            turn, start, end = _turn(one[kept], two[kept])
            away = np.linalg.norm((one - start) @ turn.T + end - two, axis=1)
            # brows and forehead move by themselves: half of the points are enough
            kept = away <= np.median(away)
        return (places - start) @ turn.T + end

    def _pick(self, centre: np.ndarray, reach: float, wanted: np.ndarray) -> np.ndarray:
        near = wanted & (np.linalg.norm(self.rest - centre, axis=1) < reach)
        return self._triangles[near[self._triangles].all(axis=1)]

    # eyes

    def _find_opening(self, eye: Eye) -> tuple[np.ndarray, float]:
        """Columns over the middle half of the eye's opening at rest, and its height there."""
        span = np.arange(-1.3, 1.3001, 1.0 / EYE_COLUMNS) * eye.radius + eye.centre[0]
        heights = self._eye_heights(eye, self.rest, span)
        seen = span[heights > 0.0]
        low, high = float(seen[0]), float(seen[-1])
        quarter = 0.25 * (high - low)
        middle = span[(span >= low + quarter) & (span <= high - quarter)]
        return middle, float(self._eye_heights(eye, self.rest, middle).mean())

    def _eye_heights(self, eye: Eye, places: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Height ``(c,)`` of what is seen of an eyeball in each column."""
        reach = 2.6 * eye.radius
        skin = _tree(places, self._pick(eye.centre, reach, self._is_skin))
        own = np.zeros(len(places), np.bool_)
        own[eye.points] = True
        ball = _tree(places, self._pick(eye.centre, reach, own))
        levels = eye.centre[1] + np.arange(-1.1, 1.1, 1.0 / EYE_RAYS) * eye.radius
        start = eye.centre[2] + 3.0 * eye.radius
        first = _depths(ball, columns, levels, start)
        before = _depths(skin, columns, levels, start)
        seen = np.isfinite(first) & (before < first)
        return seen.sum(axis=1) * eye.radius / EYE_RAYS

    def lid_gaps(self) -> Mapping[str, float]:
        """How high each eye is open over its middle half, in per cent of that at rest."""
        places = self._held(self._points())
        out: dict[str, float] = {}
        for side, eye in self.eyes.items():
            columns, at_rest = self._opening[side]
            out[side] = 100.0 * float(self._eye_heights(eye, places, columns).mean()) / at_rest
        return out

    # mouth

    def find_mouth(self) -> None:
        """Learn where the mouth is: the character stands with it open now."""
        places = self._held(self._points())
        one = self.eye_distance
        columns = self._middle[0] + np.arange(-0.7, 0.7001, 0.0125) * one
        levels = self._middle[1] + np.arange(-2.2, -0.45, 0.01) * one
        below = self._middle - [0, 1.2 * one, 0]
        deep = self._slit(places, below, 1.8 * one, columns, levels)
        # beside the neck one looks past the jaw as well: the mouth is what is open in the middle
        labelled: Any = ndimage.label(deep)
        areas: np.ndarray = labelled[0]
        central = areas[np.abs(columns - self._middle[0]) < 0.15 * one]
        deep = areas == np.argmax(np.bincount(central[central > 0]))
        heights = deep.sum(axis=1)
        across = np.flatnonzero(heights > CORNER * heights.max())
        skin = _tree(places, self._pick(below, 1.8 * one, self._is_skin))
        corners: list[int] = []
        start = float(places[self._is_skin, 2].max()) + one
        for end in (across[0], across[-1]):
            # the lips right above and below the end of the opening; beside it one may look in still
            rows = np.flatnonzero(deep[end])
            rims = levels[[rows[0] - 1, rows[-1] + 1]]
            depth = _depths(skin, columns[[end]], rims, start)
            seen = np.array([columns[end], rims.mean(), depth.mean()])
            away = np.linalg.norm(places - seen, axis=1)
            corners.append(int(np.argmin(np.where(self._is_skin, away, np.inf))))
        right, left = corners
        self.mouth = Mouth(right, left, float(np.linalg.norm(self.rest[left] - self.rest[right])))

    def lip_gap(self) -> float:
        """How high the slit is over the middle half of the mouth, in per cent of its width."""
        assert self.mouth is not None, "find_mouth comes first"
        places = self._held(self._points())
        width = self.mouth.width
        right, left = places[self.mouth.right], places[self.mouth.left]
        columns = right[0] + np.linspace(0.25, 0.75, MOUTH_COLUMNS) * (left[0] - right[0])
        middle = 0.5 * (left[1] + right[1])
        levels = middle + np.arange(-0.4, 0.4, 1.0 / MOUTH_RAYS) * width
        centre = 0.5 * (self.rest[self.mouth.right] + self.rest[self.mouth.left])
        deep = self._slit(places, centre, 1.1 * width, columns, levels)
        return 100.0 * float(deep.sum(axis=1).mean()) / MOUTH_RAYS

    def _slit(
        self,
        places: np.ndarray,
        centre: np.ndarray,
        reach: float,
        columns: np.ndarray,
        levels: np.ndarray,
    ) -> np.ndarray:
        """Which rays ``(c, l)`` go in between the lips, or meet teeth or the tongue."""
        start = float(places[self._is_skin, 2].max()) + self.eye_distance
        skin = _tree(places, self._pick(centre, reach, self._is_skin))
        inside = _tree(places, self._pick(centre, reach, self._is_low))
        depth = _depths(skin, columns, levels, start)
        seen = _depths(inside, columns, levels, start) > depth
        depth = np.where(np.isfinite(depth), depth, -1e3)
        step = BEHIND * self.eye_distance / HUMAN
        for column, out in zip(depth, seen, strict=True):
            # from the edge of one lip to that of the other, both well before what lies between
            rises = np.flatnonzero(column[1:] > column[:-1] + step)
            for edge in np.flatnonzero(column[:-1] > column[1:] + step):
                other = rises[rises > edge]
                if len(other):
                    between = slice(int(edge) + 1, int(other[0]) + 1)
                    lips = min(column[edge], column[between.stop])
                    out[between] |= bool(column[between].max() < lips - 0.5 * step)
        return seen


def _pieces(edges: np.ndarray, count: int) -> np.ndarray:
    ones = np.ones(len(edges), np.int8)
    graph = coo_matrix((ones, (edges[:, 0], edges[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _find_eyes(rest: np.ndarray, islands: np.ndarray) -> Mapping[str, Eye]:
    """Two equal balls beside each other; of nested ones the innermost, which is opaque."""
    balls: list[Eye] = []
    for number in range(int(islands.max()) + 1):
        rows = np.flatnonzero(islands == number)
        if len(rows) < 40:
            continue
        own = rest[rows]
        system = np.column_stack([2 * own, np.ones(len(own))])
        solved = np.linalg.lstsq(system, (own**2).sum(axis=1), rcond=None)[0]
        centre = solved[:3]
        radius = float(np.sqrt(max(solved[3] + centre @ centre, 1e-12)))
        rough = float(np.std(np.linalg.norm(own - centre, axis=1))) / radius
        extent = np.ptp(own, axis=0) / radius
        if rough < 0.1 and (extent > [1.7, 1.7, 0.8]).all():
            balls.append(Eye(centre, radius, rows))
    pairs = [
        (left, right)
        for left in balls
        for right in balls
        if 0.1 < left.radius / max(left.centre[0] - right.centre[0], 1e-9) < 0.5
        and abs(left.centre[0] + right.centre[0]) < 0.05 * left.radius
        and np.abs(left.centre[1:] - right.centre[1:]).max() < 0.1 * left.radius
        and abs(left.radius - right.radius) < 0.05 * left.radius
    ]
    left, right = min(pairs, key=lambda pair: pair[0].radius)
    return {"left": left, "right": right}


def _turn(one: np.ndarray, two: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rigid motion from one cloud of points to another (Kabsch): turn, and both middles."""
    start, end = one.mean(axis=0), two.mean(axis=0)
    left, _, right = np.linalg.svd((one - start).T @ (two - end))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    return right.T @ flip @ left.T, start, end


def _tree(places: np.ndarray, triangles: np.ndarray) -> BVHTree | None:
    if not len(triangles):
        return None
    rows, corners = np.unique(triangles, return_inverse=True)
    return BVHTree.FromPolygons(
        places[rows].tolist(), corners.reshape(-1, 3).tolist(), all_triangles=True
    )


def _depths(
    tree: BVHTree | None, columns: np.ndarray, levels: np.ndarray, start: float
) -> np.ndarray:
    """How far forward ``(c, l)`` what rays from the front meet first is; -inf for nothing."""
    out = np.full((len(columns), len(levels)), -np.inf)
    if tree is None:
        return out
    inward = Vector((0.0, 0.0, -1.0))
    for place, x in enumerate(columns.tolist()):
        for number, y in enumerate(levels.tolist()):
            hit = tree.ray_cast(Vector((x, y, start)), inward)[0]
            if hit is not None:
                out[place, number] = hit.z
    return out
