# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights over the head mesh that the shape keys and bones are made from."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .distance import Array, bell, rotate_x, rotate_y, smooth_step, spot
from .figures import COLUMNS, FIGURES, MIRROR
from .lids import HIDDEN, RIM_IN, RING_FRACTION, column_of_ring, lid_curves, side_of_ring
from .lips import BAG, BORDER, CONTACT, INNER
from .mesh import HeadMesh, face_edges

_FOLLOW_AT = (0, 0.07, 0.16, 0.28, 0.42, 0.58, 0.74, 0.9, 1)
_FOLLOW_UPPER = (1, 0.90, 0.74, 0.50, 0.27, 0.12, 0.04, 0.01, 0)
_FOLLOW_LOWER = (1, 0.93, 0.82, 0.64, 0.42, 0.22, 0.09, 0.02, 0)
"""How much of a rim's turn the lid skin takes on, over `lid_fraction`."""


class Fields:
    """Per-vertex weights of a head: lids (left eye only; the right is the mirror) and lips."""

    def __init__(self, head: HeadMesh) -> None:
        self.head = head
        self.vertices = head.vertices
        self.count = len(head.vertices)
        self.partner = head.partner
        self.x, self.y, self.z = head.vertices.T
        self.u = np.abs(self.x) / FIGURES.mouth_x
        self.edges = face_edges(head.faces)
        self.curves = lid_curves()
        self._init_lids()
        self._init_lips()

    def _init_lids(self) -> None:
        self.lid_column = np.full(self.count, -1)
        self.lid_fraction = np.full(self.count, 2.0)
        self.lid_side = np.zeros(self.count, int)
        self.inner_rim = np.zeros(self.count, bool)
        column, side = column_of_ring(), side_of_ring()
        for (k, j), i in self.head.half.eye.items():
            self.lid_column[i] = column[j]
            self.lid_side[i] = side[j]
            self.lid_fraction[i] = RING_FRACTION[k]
            self.inner_rim[i] = k in (HIDDEN, RIM_IN)
        self.on_lid = self.lid_column >= 0
        self.follow_upper = np.interp(self.lid_fraction, _FOLLOW_AT, _FOLLOW_UPPER)
        self.follow_lower = np.interp(self.lid_fraction, _FOLLOW_AT, _FOLLOW_LOWER)
        guard = np.ones(self.count)
        guard[self.on_lid] = smooth_step(0.0, 0.9, self.lid_fraction[self.on_lid])
        self.guard = np.minimum(guard, guard[self.partner])
        """Keeps brow and cheek drags off the lids: 0 on the rims, 1 away from the eyes."""

    def _init_lips(self) -> None:
        n = self.count
        self.ring = np.full(n, -1)
        """Mouth ring of each vertex (see `lips`), -1 elsewhere."""
        self.member = np.full(n, np.nan)
        """1 on the upper lip's columns, 0 on the lower's, 0.5 at the corner."""
        for (k, j), i in self.head.half.mouth.items():
            for t in self.head.both(i):
                self.ring[t] = k
                self.member[t] = 1.0 if j < COLUMNS else (0.5 if j == COLUMNS else 0.0)
        core = (self.ring >= 0) & (self.ring <= BORDER)
        lips = self.vertices[core & (self.ring >= CONTACT)]
        d = np.empty(n)
        for start in range(0, n, 512):
            gap = self.vertices[start : start + 512, None, :] - lips[None]
            d[start : start + 512] = np.sqrt((gap * gap).sum(-1).min(1))
        d[core] = 0
        d[self.z < 20] = 1e3
        self.lip_distance = d
        """Distance from the red of the lips, mm."""
        height = 2 + 11 * smooth_step(0.6, 1.35, self.u)
        up = smooth_step(-1, 1, (self.y - FIGURES.corner_y) / height)
        fade = 1 - smooth_step(0.72, 1.0, self.u)
        up[core] = 0.5 + (self.member[core] - 0.5) * fade[core]
        self.bag = (self.ring >= 0) & (self.ring <= BAG)
        up[self.bag] = smooth_step(-13, 13, self.y[self.bag] + 69.5)
        self.up = up
        """1 where a vertex goes with the upper lip, 0 with the lower."""
        self.lip_core = core & (self.ring >= INNER)

    def smooth(self, w: Array, rounds: int, hold: NDArray[np.bool_] | None = None) -> Array:
        """Umbrella smoothing of a weight (n,) or (n, k) over the mesh."""
        a, b = self.edges.T
        count = np.bincount(a, minlength=self.count) + np.bincount(b, minlength=self.count)
        columns = np.array(w, float).reshape(self.count, -1)
        for column in columns.T:
            for _ in range(rounds):
                total = np.bincount(a, column[b], self.count)
                total += np.bincount(b, column[a], self.count)
                v = 0.5 * column + 0.5 * total / np.maximum(count, 1)
                if hold is not None:
                    v[hold] = column[hold]
                column[:] = v
        return columns.reshape(np.shape(w))

    # -- building blocks of the keys ---------------------------------------------------------
    def flip(self, d: Array) -> Array:
        """Mirror image of a displacement."""
        return d[self.partner] * MIRROR

    def both(self, d: Array) -> Array:
        """A left-hand displacement plus its mirror image."""
        return d + self.flip(d)

    def vector(self, x: ArrayLike = 0, y: ArrayLike = 0, z: ArrayLike = 0) -> Array:
        """Displacement field (n, 3) from numbers or per-vertex arrays."""
        return np.stack([np.broadcast_to(np.asarray(t, float), self.x.shape) for t in (x, y, z)], 1)

    def pull(self, centre: ArrayLike, radius: ArrayLike, vector: ArrayLike) -> Array:
        """Soft drag: a compact kernel round a centre times a vector."""
        return spot(self.vertices, centre, radius)[:, None] * np.asarray(vector, float)

    def lip(self, reach: float) -> Array:
        """Weight 1 on the lips, fading to 0 over `reach` mm of skin."""
        w = bell(self.lip_distance / reach)
        w[(self.ring >= 0) & (self.ring < BAG)] *= 0.25
        w[self.ring == BAG] *= 0.7
        return w

    def lips(self, w: Array, upper: Array, lower: Array) -> Array:
        """Displacements of upper and lower lip, joined at the corners, times a weight."""
        return w[:, None] * (self.up[:, None] * upper + (1 - self.up)[:, None] * lower)

    # -- lids --------------------------------------------------------------------------------
    def open_profile(self) -> Array:
        """Column profile of the lids: 0 at the canthi, 1 in the middle."""
        t = np.arange(COLUMNS + 1) / COLUMNS
        return np.clip(np.sin(np.pi * t), 0, 1) ** 0.8

    def lid_turn(self, upper: ArrayLike, lower: ArrayLike) -> Array:
        """Angle (radians, + up) of every vertex for turns of the left rims by column."""
        columns = COLUMNS + 1
        up = np.broadcast_to(np.asarray(upper, float), columns)[self.lid_column]
        low = np.broadcast_to(np.asarray(lower, float), columns)[self.lid_column]
        turn = np.where(self.lid_side > 0, self.follow_upper * up, 0.0)
        turn = np.where(self.lid_side < 0, self.follow_lower * low, turn)
        return np.where(self.on_lid, turn, 0.0)

    def lids(self, upper: ArrayLike, lower: ArrayLike, yaw: float = 0.0) -> Array:
        """Turn the left lids (radians).

        Angles by column about the transverse axis, and one by which gaze drags them sideways
        about the upright axis.
        """
        out = rotate_x(self.vertices, FIGURES.eye, self.lid_turn(upper, lower))
        if yaw:
            t = np.clip(self.lid_column, 0, COLUMNS) / COLUMNS
            w = np.where(self.on_lid, np.sin(np.pi * t) * self.follow_upper, 0.0)
            out = rotate_y(out, FIGURES.eye, yaw * w)
        return out - self.vertices

    def shut_turns(self) -> tuple[Array, Array]:
        """Angles by column that bring upper and lower rim together."""
        shut = self.curves.shut
        return shut - self.curves.upper, shut - self.curves.lower

    def blink(self) -> Array:
        """Both rims turn to one common curve, so they meet exactly."""
        q = self.vertices + self.lids(*self.shut_turns()) - FIGURES.eye
        # the unrolled fold stays clear of the eyeball
        skin = (self.lid_fraction > 0) & (self.lid_fraction < 0.5)
        radius = np.hypot(q[:, 1], q[:, 2])
        want = FIGURES.lid_spheroid(q[:, 0]) + 0.25
        k = np.where(skin & (radius < want), want / np.maximum(radius, 1e-6), 1.0)
        q[:, 1:] *= k[:, None]
        # the hidden edges arrive a little further out, against the chord's dip half way
        ratio = (FIGURES.eye_r + FIGURES.rim_gap_shut) / (FIGURES.eye_r + FIGURES.rim_gap)
        middle = (self.lid_column > 0) & (self.lid_column < COLUMNS)
        q[self.inner_rim & middle] *= ratio
        return q + FIGURES.eye - self.vertices
