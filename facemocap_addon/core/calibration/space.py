# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces: in which numbers the motion of a face is compared with what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from ..arrays import FloatArray, IntArray
from ..contacts.margins import Opening
from ..contacts.slices import MeshPoints

#: No points at all.
NO_POINTS = MeshPoints(np.empty((0, 2), np.int32), np.empty(0))


class Space(Protocol):
    """Vectors of displacements; linear in them."""

    @property
    def length(self) -> int:
        """Numbers in a vector."""
        ...

    def vector(self, rows: IntArray, moved: FloatArray) -> FloatArray:
        """Vector ``(length,)`` of points ``(k,)`` that go by ``moved`` ``(k, 3)`` metres."""
        ...

    def seen(self, rows: IntArray, moved: FloatArray) -> float:
        """Share of a motion that the vector shows."""
        ...


@dataclass(frozen=True)
class PointSpace:
    """Every moving point's own displacement, and how points that can touch go apart.

    Attributes
    ----------
    places : (n,) int
        Place of each of the face's points in the vector, -1 for points that do not count.
    weights : (p,) float
        What each place counts.
    all_weights : (n,) float
        What each point of the face would count, were it not left out.
    unit_m : float
        Length that counts as one.
    upper, lower : MeshPoints, length k
        Pairs of points on two edges.
    pair_weight, line_weight : float
        What each pair counts by how it goes apart, and by where its middle goes.
    up : (3,) float
        Direction from a lower to an upper edge.
    rest_gaps : (k,) float
        Distance of each pair along ``up`` at rest, in units.
    """

    places: IntArray
    weights: FloatArray
    all_weights: FloatArray
    unit_m: float
    upper: MeshPoints = NO_POINTS
    lower: MeshPoints = NO_POINTS
    pair_weight: float = 1.0
    line_weight: float = 0.0
    up: FloatArray = field(default_factory=lambda: np.zeros(3))
    rest_gaps: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def length(self) -> int:
        """Numbers in a vector."""
        return 3 * (len(self.weights) + 2 * len(self.upper))

    def vector(self, rows: IntArray, moved: FloatArray) -> FloatArray:
        """Vector of points that move."""
        count = len(self.weights)
        pairs = len(self.upper)
        out = np.zeros((count + 2 * pairs, 3), np.float32)
        places = self.places[rows]
        kept = places >= 0
        out[places[kept]] = moved[kept] / self.unit_m
        out[:count] *= self.weights[:, None]
        if pairs:
            near = np.isin(rows, self._pair_rows)
            whole = np.zeros((len(self.places), 3))
            whole[rows[near]] = moved[near]
            upper, lower = self.upper.at(whole), self.lower.at(whole)
            out[count : count + pairs] = (upper - lower) * (self.pair_weight / self.unit_m)
            # the line in which they meet is seen as a line
            out[count + pairs :] = 0.5 * (upper + lower) * (self.line_weight / self.unit_m)
        return out.ravel()

    def gaps(self, field: FloatArray) -> FloatArray:
        """How far each pair ``(k,)`` is apart when points go by ``field`` ``(n, 3)``, in units.

        Negative where the edges have gone through each other.
        """
        apart = (self.upper.at(field) - self.lower.at(field)) @ self.up / self.unit_m
        return self.rest_gaps + apart

    def seen(self, rows: IntArray, moved: FloatArray) -> float:
        """Share of a motion that is not on points left out."""
        energy = self.all_weights[rows] ** 2 * (np.asarray(moved, np.float64) ** 2).sum(axis=1)
        whole = float(energy.sum())
        return float(energy[self.places[rows] >= 0].sum()) / whole if whole else 0.0

    @cached_property
    def _pair_rows(self) -> IntArray:
        return np.unique(np.concatenate([self.upper.ends, self.lower.ends]))


def make_point_space(
    points: FloatArray,
    up: FloatArray,
    weights: FloatArray,
    all_weights: FloatArray,
    unit_m: float,
    *,
    edges: Sequence[Opening] = (),
    edge_weights: tuple[float, float] = (0.0, 0.0),
) -> PointSpace:
    """The space of the points whose weight ``(n,)`` is above nought.

    ``points`` ``(n, 3)`` are the places at rest, ``up`` is the face's direction in their axes.
    ``edge_weights`` are what a pair counts by its distance and by its middle beside a point of mean
    weight.
    """
    counted = np.flatnonzero(weights > 0)
    places = np.full(len(weights), -1, np.int64)
    places[counted] = np.arange(len(counted))
    upper = join_points([edge.upper for edge in edges])
    lower = join_points([edge.lower for edge in edges])
    own = np.asarray(weights[counted], np.float32)
    mean = float(own.mean()) if len(own) else 0.0
    pair, line = (weight * mean for weight in edge_weights)
    gaps = (upper.at(points) - lower.at(points)) @ up / unit_m
    return PointSpace(places, own, all_weights, unit_m, upper, lower, pair, line, up, gaps)


def join_points(parts: Sequence[MeshPoints]) -> MeshPoints:
    """Several runs of points as one."""
    if not parts:
        return NO_POINTS
    return MeshPoints(
        np.concatenate([part.ends for part in parts]),
        np.concatenate([part.share for part in parts]),
    )
