# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Distances along a skin of triangles, from scipy, which has no stubs and is imported when called.

They go along edges: somewhat longer than the shortest way over the faces.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import FloatArray, IntArray

#: Vertices nearer than this part of the whole size are at one place, and so joined.
_SAME = 1e-6
#: A link without any length would be none.
_LEAST = 1e-9


class SkinDistances:
    """A skin as a graph: its vertices, and points on its triangles.

    Parameters
    ----------
    points : (n, 3)
        Places of the vertices. Those at one place are joined where borders meet: exported meshes
        are often cut open along texture seams.
    triangles : (t, 3) int
    corners : (p, 3) int
        Of the triangle that each of the points is on.
    at : (p, 3)
        Where they are.

    Attributes
    ----------
    node : (n,) int
        The joined vertex that each vertex is part of.
    joined : int
        Number of joined vertices.
    """

    def __init__(
        self, points: FloatArray, triangles: IntArray, corners: IntArray, at: FloatArray
    ) -> None:
        from scipy.sparse import coo_matrix  # noqa: PLC0415

        size = float(np.ptp(points, axis=0).max(initial=0.0)) or 1.0
        edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        grid = np.round(points / (_SAME * size)).astype(np.int64)
        # only borders are joined: closed lips have vertices at one place, too
        own = np.arange(1, len(points) + 1)
        own[_on_border(edges)] = 0
        keys = np.concatenate([grid, own[:, None]], axis=1)
        _, first, node = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        self.node: IntArray = np.ravel(node)
        self.joined = len(first)
        places = np.concatenate([points[first], at])
        ends = np.repeat(self.joined + np.arange(len(at)), 3)
        spokes = np.stack([self.node[corners].ravel(), ends], axis=1)
        links = np.concatenate([np.sort(self.node[edges], axis=1), spokes])
        links = np.unique(links[links[:, 0] != links[:, 1]], axis=0)
        length = np.sqrt(((places[links[:, 0]] - places[links[:, 1]]) ** 2).sum(axis=1))
        length = np.maximum(length, _LEAST * size)
        whole = len(places)
        self._graph: Any = coo_matrix(
            (length, (links[:, 0], links[:, 1])), shape=(whole, whole)
        ).tocsr()

    def of_points(self, part: slice, limit: float) -> FloatArray:
        """From some of the points to all joined vertices ``(k, joined)``; infinite beyond."""
        from scipy.sparse.csgraph import dijkstra  # noqa: PLC0415

        count = self._graph.shape[0] - self.joined
        sources = self.joined + np.arange(count)[part]
        found: FloatArray = dijkstra(self._graph, directed=False, indices=sources, limit=limit)
        return found[:, : self.joined]


def _on_border(edges: IntArray) -> IntArray:
    """Vertices at the ends of edges ``(e, 2)`` that only one triangle has."""
    pairs, count = np.unique(np.sort(edges, axis=1), axis=0, return_counts=True)
    return np.unique(pairs[count == 1])
