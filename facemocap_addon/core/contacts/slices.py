# SPDX-License-Identifier: GPL-3.0-or-later
"""Vertical cuts through a mesh: where its edges cross a column, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, IntArray, frozen


@dataclass(frozen=True)
class MeshPoints:
    """Points on edges of a mesh, each ``(1 - share) * first + share * second``.

    Attributes
    ----------
    ends : (k, 2) int32
        Numbers of the edges' vertices.
    share : (k,) float64
    """

    ends: IntArray
    share: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "ends", frozen(self.ends, np.int32))
        object.__setattr__(self, "share", frozen(self.share, np.float64))

    def __len__(self) -> int:
        return len(self.share)

    def at(self, places: FloatArray) -> FloatArray:
        """Where they are ``(..., k, 3)`` when the vertices are at ``places`` ``(..., n, 3)``."""
        first, second = places[..., self.ends[:, 0], :], places[..., self.ends[:, 1], :]
        return first + self.share[:, None] * (second - first)

    def renumbered(self, numbers: IntArray) -> MeshPoints:
        """The same points where vertex ``n`` has number ``numbers[n]``."""
        return MeshPoints(numbers[self.ends], self.share)


@dataclass(frozen=True)
class Slice:
    """A mesh cut along one column: pieces of curve from crossing to crossing.

    Attributes
    ----------
    crossings : MeshPoints, length c
    pieces : (p, 2) int
        Crossings at the ends of what each cut triangle contributes.
    """

    crossings: MeshPoints
    pieces: IntArray


def cut_mesh(triangles: IntArray, across: FloatArray, columns: FloatArray) -> list[Slice]:
    """Cut triangles where a coordinate has given values.

    Parameters
    ----------
    triangles : (t, 3) int
    across : (n,) float
        The coordinate of each vertex; a cut exactly through a vertex passes just above it.
    columns : (c,) float

    Returns
    -------
    list of Slice
        One for each column.
    """
    corners = across[triangles]
    low, high = corners.min(axis=1), corners.max(axis=1)
    return [
        _cut(triangles[(low <= column) & (high > column)], across, float(column))
        for column in columns
    ]


def _cut(triangles: IntArray, across: FloatArray, column: float) -> Slice:
    if not len(triangles):
        return Slice(
            MeshPoints(np.empty((0, 2), np.int32), np.empty(0)), np.empty((0, 2), np.int64)
        )
    edges = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2)
    edges = np.sort(edges, axis=2)
    above = across[edges] > column
    crossed = above[..., 0] != above[..., 1]
    # a triangle whose corners lie on both sides has exactly two crossed edges
    pairs = edges[crossed].reshape(-1, 2, 2)
    ends, place = np.unique(pairs.reshape(-1, 2), axis=0, return_inverse=True)
    first, second = across[ends[:, 0]], across[ends[:, 1]]
    share = (column - first) / (second - first)
    return Slice(MeshPoints(ends, share), np.reshape(place, (-1, 2)))
