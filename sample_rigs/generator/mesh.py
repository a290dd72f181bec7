# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes under construction: the left half, its mirror image, and small separate parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .distance import Array
from .figures import MIRROR

Indices = NDArray[np.int64]
Keys = dict[str, Array]
"""Shape keys: displacement (mm) of every vertex, by name."""

SKIN, RIM, MOUTH, NOSTRIL = range(4)
"""Material slots of the head."""
SLOTS = ("skin", "rim", "mouth", "nostril")


def clean_face(ids: Sequence[int]) -> tuple[int, ...]:
    """A face without repeated neighbours (quads at a pole become triangles)."""
    out: list[int] = []
    for i in ids:
        if not out or out[-1] != i:
            out.append(int(i))
    if out[0] == out[-1]:
        out.pop()
    return tuple(out)


def face_edges(faces: Iterable[Sequence[int]]) -> Indices:
    """Unique edges (lower index first, sorted) of a list of faces, (n, 2)."""
    pairs: set[tuple[int, int]] = set()
    for f in faces:
        for a, b in zip(f, (*f[1:], f[0]), strict=True):
            pairs.add((min(a, b), max(a, b)))
    return np.array(sorted(pairs))


class HalfMesh:
    """Left half of the head, with the names and rings that later steps look up."""

    def __init__(self) -> None:
        self.vertices: list[Array] = []
        self.faces: list[tuple[int, ...]] = []
        self.slots: list[int] = []
        self.corner: dict[str, int] = {}
        """Vertex of each cage point."""
        self.edges: dict[tuple[str, str], list[int]] = {}
        """Vertices along each cage edge."""
        self.eye: dict[tuple[int, int], int] = {}
        """Vertex of (ring, column) round the eye, see `lids`."""
        self.mouth: dict[tuple[int, int], int] = {}
        """Vertex of (ring, column) round the mouth, see `lips`."""
        self.nostril: list[int] = []
        self.ear: list[int] = []

    def add(self, point: ArrayLike) -> int:
        """Append a vertex and give its number."""
        self.vertices.append(np.array(point, float))
        return len(self.vertices) - 1

    def quad(self, a: int, b: int, c: int, d: int, slot: int = SKIN) -> None:
        """Append a face unless it has collapsed to an edge."""
        if len({a, b, c, d}) >= 3:
            self.faces.append(clean_face((a, b, c, d)))
            self.slots.append(slot)

    def edge(self, a: str, b: str) -> list[int]:
        """Vertices of the cage edge from a to b, both ends included."""
        if (a, b) in self.edges:
            return self.edges[(a, b)]
        return self.edges[(b, a)][::-1]

    def loop(self, names: Sequence[str]) -> list[int]:
        """Vertices along a chain of cage points; the last one is left to the next chain."""
        out: list[int] = []
        for a, b in pairwise(names):
            out += self.edge(a, b)[:-1]
        return out

    def array(self) -> Array:
        """All vertices, (n, 3)."""
        return np.array(self.vertices)


@dataclass
class HeadMesh:
    """The whole head.

    The first vertices are those of `half`; `right` and `partner` know each vertex's mirror image
    (`right` for the half's vertices, `partner` for all).
    """

    vertices: Array
    faces: list[tuple[int, ...]]
    slots: list[int]
    right: Indices
    partner: Indices
    half: HalfMesh

    def both(self, vertex: int) -> list[int]:
        """A vertex of the left half and its mirror image."""
        return [vertex, int(self.right[vertex])]


def mirror(half: HalfMesh) -> HeadMesh:
    """Join the left half with its mirror image along the midline."""
    left = half.array()
    middle = np.abs(left[:, 0]) < 1e-6
    n = len(left)
    right = np.empty(n, int)
    right[middle] = np.nonzero(middle)[0]
    count = n + int((~middle).sum())
    right[~middle] = np.arange(n, count)
    vertices = np.zeros((count, 3))
    vertices[:n] = left
    vertices[right[~middle]] = left[~middle] * MIRROR
    faces = half.faces + [tuple(int(right[i]) for i in f[::-1]) for f in half.faces]
    partner = np.zeros(count, int)
    partner[:n] = right
    partner[right] = np.arange(n)
    return HeadMesh(vertices, faces, half.slots * 2, right, partner, half)


@dataclass
class Part:
    """A separate object: vertices (mm), faces with material slots, and its shape keys."""

    name: str
    materials: tuple[str, ...]
    vertices: Array = field(default_factory=lambda: np.zeros((0, 3)))
    faces: list[tuple[int, ...]] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    keys: Keys = field(default_factory=dict)
    rigid: bool = False
    """Whether its keys are motions of a solid body (a style must not bend it)."""
    points: list[Array] = field(default_factory=list)

    def add(self, point: ArrayLike) -> int:
        """Append a vertex and give its number."""
        self.points.append(np.array(point, float))
        return len(self.points) - 1

    def face(self, ids: Sequence[int], slot: int = 0) -> None:
        """Append a face."""
        self.faces.append(tuple(int(i) for i in ids))
        self.slots.append(slot)

    def tube(self, rows: Sequence[Sequence[int]], slot: int = 0, closed: bool = True) -> None:
        """Join rows of vertices by quads; closed rows end where they begin."""
        for a, b in pairwise(rows):
            count = len(a) if closed else len(a) - 1
            for i in range(count):
                j = (i + 1) % len(a)
                self.face((a[i], a[j], b[j], b[i]), slot)

    def finish(self) -> Part:
        """Turn the collected points into the vertex array."""
        self.vertices = np.array(self.points)
        return self
