# SPDX-License-Identifier: GPL-3.0-or-later
"""Motions as vectors that can be compared between faces: displacement on a grid over the face.

The grid lies over the face in its own frame. At each node stands the mean displacement of the
outermost points nearby; then, per eyeball, the rotation vector; then what the inside of the mouth
does. Everything is linear in the displacement, so that sums of motions have sums of descriptors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .face_frame import FaceFrame
from .scan import Motion, Scan
from .solvers import Weights

STEP = 0.1
COLUMNS = np.round(np.arange(-13, 14) * STEP, 3)
ROWS = np.round(np.arange(-20, 10) * STEP, 3)
NODES = len(COLUMNS) * len(ROWS)
#: Kernel width over the grid, eye distances.
WIDTH = 0.08
#: How fast points behind the surface stop counting, eye distances.
DEPTH = 0.1
#: Weights of the eyeballs' turns (radians) and of the mouth's inside against one node.
EYE_WEIGHT, INSIDE_WEIGHT = 1.5, 1.5
#: skin x, y, z for each node; rotation vectors of left and right eye; inside of the mouth.
LENGTH = 3 * NODES + 6 + 3
EYES = slice(3 * NODES, 3 * NODES + 6)
INSIDE = slice(3 * NODES + 6, LENGTH)


@dataclass(frozen=True)
class Describer:
    """Turns motions of one face into descriptors.

    Attributes
    ----------
    frame : FaceFrame
    weights : (NODES, n) sparse matrix
        Weights of the points in the mean at each node; rows sum to one where covered.
    covered : (NODES,) bool
    inside : (n,) bool
        Points within the mouth.
    """

    frame: FaceFrame
    weights: Weights
    covered: BoolArray
    inside: BoolArray

    def describe(self, motions: Sequence[Motion]) -> FloatArray:
        """Descriptor ``(LENGTH,)`` of motions that go together (one control on several meshes)."""
        field = np.zeros((len(self.frame.places), 3))
        for motion in motions:
            field[motion.rows] += self.frame.turned(motion.moved)
        return self.describe_field(field)

    def describe_field(self, field: FloatArray) -> FloatArray:
        """Descriptor of displacements ``(n, 3)`` in the frame."""
        out = np.zeros(LENGTH)
        out[: 3 * NODES] = self.weights.times(field)
        for place, ball in enumerate(self.frame.balls):
            if ball.any() and field[ball].any():
                turn = _turn(self.frame.plain[ball], field[ball])
                out[EYES][3 * place : 3 * place + 3] = EYE_WEIGHT * turn
        if self.inside.any():
            own = field[self.inside]
            size = np.linalg.norm(own, axis=1)
            if size.any():
                most = np.argsort(-size, kind="stable")[: max(1, len(size) // 10)]
                out[INSIDE] = INSIDE_WEIGHT * own[most].mean(axis=0)
        return out

    def coverage(self, rows: BoolArray) -> BoolArray:
        """Which parts ``(LENGTH,)`` of a descriptor the points ``(n,)`` can show."""
        out = np.zeros(LENGTH, np.bool_)
        share = self.weights.times(rows.astype(np.float64))
        out[: 3 * NODES] = np.repeat(share > 0.2, 3)
        for place, ball in enumerate(self.frame.balls):
            out[EYES][3 * place : 3 * place + 3] = bool((ball & rows).any())
        out[INSIDE] = bool((self.inside & rows).any())
        return out


def make_describer(scan: Scan, frame: FaceFrame) -> Describer:
    """Prepare the grid over one face."""
    places = frame.places
    moves = np.zeros(len(places), np.bool_)
    for motion in scan.motions:
        if frame.is_local(motion):
            moves[motion.rows] = True
    # hair, caps and clothes that no expression moves are not the face
    alive = np.bincount(scan.islands, moves, minlength=scan.islands.max() + 1)
    whole = np.bincount(scan.islands, minlength=len(alive))
    living = (alive > 0.02 * whole)[scan.islands]
    eyes = frame.balls[0] | frame.balls[1] | frame.covers
    skin = frame.face & living & ~eyes & (places[:, 2] > -1.0)
    front = _front(places, skin)
    behind = np.where(skin, front - places[:, 2], np.inf)
    inside = skin & (behind > 1.2 * DEPTH) & (np.abs(places[:, 0]) < 0.5)
    inside &= (places[:, 1] < -0.65) & (places[:, 1] > -1.6)
    rows = np.flatnonzero(skin & (behind < 4 * DEPTH))
    importance = np.exp(-((behind[rows] / DEPTH) ** 2))
    index: list[IntArray] = []
    vertex: list[IntArray] = []
    weight: list[FloatArray] = []
    column = _cells(places[rows, 0], float(COLUMNS[0]))
    row = _cells(places[rows, 1], float(ROWS[0]))
    for aside in range(-2, 3):
        for above in range(-2, 3):
            x, y = column + aside, row + above
            ok = (x >= 0) & (x < len(COLUMNS)) & (y >= 0) & (y < len(ROWS))
            x, y, own = x[ok], y[ok], rows[ok]
            away = (places[own, 0] - COLUMNS[x]) ** 2 + (places[own, 1] - ROWS[y]) ** 2
            index.append(y * len(COLUMNS) + x)
            vertex.append(own)
            weight.append(np.exp(-0.5 * away / WIDTH**2) * importance[ok])
    entries = (np.concatenate(weight), np.concatenate(index), np.concatenate(vertex))
    weights = Weights(*entries, (NODES, len(places)))
    sums = weights.sums()
    covered = sums > 0.05
    scale = np.where(covered, 1.0 / np.maximum(sums, 1e-12), 0.0)
    weights.scale_rows(scale)
    return Describer(frame, weights, covered, inside)


def _cells(places: FloatArray, first: float) -> IntArray:
    return np.rint((places - first) / STEP).astype(np.int64)


def _front(places: FloatArray, skin: BoolArray) -> FloatArray:
    """Depth of the outermost skin near each point, over cells as wide as the grid's step."""
    cell = np.floor(places[:, :2] / STEP).astype(int) + 64
    cell = np.clip(cell, 1, 126)
    depth = np.full((128, 128), -np.inf)
    np.maximum.at(depth, (cell[skin, 0], cell[skin, 1]), places[skin, 2])
    return depth[cell[:, 0], cell[:, 1]]


def _turn(arms: FloatArray, moved: FloatArray) -> FloatArray:
    """Rotation vector that explains ``moved`` best beside a shift: d = w x r + t, least squares."""
    arms = arms - arms.mean(axis=0)
    moved = moved - moved.mean(axis=0)
    # sum of (|r|^2 I - r r') w = sum of r x d
    square = (arms**2).sum()
    matrix = square * np.eye(3) - arms.T @ arms
    return np.linalg.solve(matrix + 1e-9 * square * np.eye(3), np.cross(arms, moved).sum(axis=0))
