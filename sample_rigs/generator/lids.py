# SPDX-License-Identifier: GPL-3.0-or-later
"""The eye patch: lid rims that lie on a spheroid about the eyeball, and the rings round them.

Columns j run from the inner canthus (0) over the upper lid to the outer canthus (COLUMNS) and
back along the lower lid (RING - 1). Upper and lower rim of a column share x and the radius of
the spheroid, so lids that turn about the transverse axis through the eye meet exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import cage
from .distance import Array, gradient, length, project, unit
from .figures import COLUMNS, FIGURES, RING
from .form import form
from .mesh import RIM, SKIN, HalfMesh

HIDDEN, RIM_IN, RIM_OUT = range(3)
"""Rings 0 to 2: the open edge behind the lid, the rim's edge on the eye, the rim's outer edge."""

_FRACTIONS = (0.07, 0.16, 0.28, 0.42, 0.58, 0.74, 0.87)
"""Where the skin rings 3 to 9 lie between the rim (0) and the orbital ring (1)."""

RING_FRACTION = np.array([0.0, 0.0, 0.0, *_FRACTIONS, 1.0])
"""The same for all rings; the last one is the border of the skin's hole."""

ORBIT = len(RING_FRACTION) - 1
"""The last ring."""

_CREASE_MM = (0.0, -0.25, -1.2, 0.6, 0.75, 0.3, 0.0)
"""Fold of the upper lid: how far each skin ring is lifted along the normal."""

_HIDDEN_TURN_RAD = 0.5
"""How far behind the rim the hidden edge lies."""


@dataclass(frozen=True)
class LidCurves:
    """Rims of the left eye, one entry for each column 0 .. COLUMNS."""

    x: Array
    """Position beside the pupil, mm."""
    radius: Array
    """Distance from the transverse axis through the eyeball's centre, mm."""
    upper: Array
    """Angle of the upper rim about that axis, radians, 0 straight ahead, + up."""
    lower: Array

    @property
    def shut(self) -> Array:
        """Angle at which both lids meet."""
        return self.lower + FIGURES.closure * (self.upper - self.lower)


def lid_curves() -> LidCurves:
    """Shape of the eye opening: an almond with a small tilt of its canthi."""
    s = -np.cos(np.linspace(0, np.pi, COLUMNS + 1))
    x = s * FIGURES.fissure
    along = (1 + s) / 2
    arch_up = np.clip(np.sin(np.pi * along**0.92), 0, 1) ** 0.62
    arch_low = np.clip(np.sin(np.pi * along**1.12), 0, 1) ** 0.74
    base = -1.6 + 2.6 * along  # the outer canthus stands 2.6 mm higher
    radius = FIGURES.lid_spheroid(x)
    y_up = base + (FIGURES.lid_up - base) * arch_up
    y_low = base - (FIGURES.lid_low + base) * arch_low
    upper = np.arcsin(np.clip(y_up / radius, -1, 1))
    lower = np.arcsin(np.clip(y_low / radius, -1, 1))
    return LidCurves(x, radius, upper, lower)


def column_of_ring() -> NDArray[np.int64]:
    """Column of `LidCurves` for each step j round the eye."""
    j = np.arange(RING)
    return np.where(j <= COLUMNS, j, RING - j)


def side_of_ring() -> NDArray[np.int64]:
    """1 on the upper lid, -1 on the lower, 0 at the canthi, for each step j round the eye."""
    j = np.arange(RING)
    return np.where(j % COLUMNS == 0, 0, np.where(j < COLUMNS, 1, -1))


def _rims(curves: LidCurves) -> list[Array]:
    column, side = column_of_ring(), side_of_ring()
    angle = np.where(side >= 0, curves.upper[column], curves.lower[column])
    for j in (0, COLUMNS):
        angle[j] = 0.5 * (curves.upper[j] + curves.lower[j])

    def at(x: Array, radius: Array, a: Array) -> Array:
        return np.stack([x, radius * np.sin(a), radius * np.cos(a)], 1)

    outer = at(curves.x[column], curves.radius[column], angle)
    near = FIGURES.eye_r + FIGURES.rim_gap
    # the inner edge hugs the eyeball, so the rim broadens at the canthi
    inner = unit(outer) * near
    behind = np.asarray(angle + side * _HIDDEN_TURN_RAD, float)
    hidden = at(inner[:, 0], np.hypot(inner[:, 1], inner[:, 2]), behind)
    for j, s in ((0, -1), (COLUMNS, 1)):  # the canthi go straight back
        hidden[j] = unit(inner[j] + np.array([s * 2.0, 0, -5.0])) * near
    return [FIGURES.eye + ring for ring in (hidden, inner, outer)]


def build_lids(half: HalfMesh) -> None:
    """Fill the eye hole: hidden edge, rim, lid skin out to the orbital ring."""
    border = half.loop((*cage.EYE, cage.EYE[0]))
    rings = _rims(lid_curves())
    rim = rings[RIM_OUT]
    target = np.array([half.vertices[i] for i in border])
    fold = np.where(
        side_of_ring() > 0, np.sin(np.pi * np.clip(column_of_ring() / COLUMNS, 0, 1)), 0.0
    )
    fold = np.clip(fold, 0, 1) ** 1.3
    for fraction, lift in zip(_FRACTIONS, _CREASE_MM, strict=True):
        ring = project(rim + (target - rim) * fraction, form, 10)
        g = gradient(form, ring)
        rings.append(ring + g / length(g)[:, None] * (lift * fold)[:, None])
    for k, ring in enumerate(rings):
        for j in range(RING):
            half.eye[(k, j)] = half.add(ring[j])
    for j in range(RING):
        half.eye[(ORBIT, j)] = border[j]
    for k in range(ORBIT):
        for j in range(RING):
            j2 = (j + 1) % RING
            half.quad(
                half.eye[(k, j)],
                half.eye[(k, j2)],
                half.eye[(k + 1, j2)],
                half.eye[(k + 1, j)],
                RIM if k < RIM_OUT else SKIN,
            )
