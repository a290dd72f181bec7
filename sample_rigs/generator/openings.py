# SPDX-License-Identifier: GPL-3.0-or-later
"""Nostrils and ears: rings from a hole's border inwards, closed by a small square grid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from . import cage
from .distance import Array, project, smooth_step, unit
from .form import bare
from .mesh import NOSTRIL, SKIN, HalfMesh
from .skin import coons


def close_hole(
    half: HalfMesh,
    border: Sequence[int],
    loops: Sequence[Array],
    bulge: Array,
    slots: Sequence[int],
) -> list[int]:
    """Join a border of 4 m vertices through loops of 4 m points to an (m+1) x (m+1) grid.

    Returns the loops' vertices in order. `bulge` moves the grid's inner points.
    """
    previous = list(border)
    n = len(previous)
    added: list[int] = []
    for points, slot in zip(loops, slots, strict=True):
        current = [half.add(p) for p in points]
        added += current
        for i in range(n):
            j = (i + 1) % n
            half.quad(previous[i], previous[j], current[j], current[i], slot)
        previous = current
    m = n // 4
    g = np.full((m + 1, m + 1), -1)
    for i in range(m):
        g[0, i] = previous[i]
        g[i, m] = previous[m + i]
        g[m, m - i] = previous[2 * m + i]
        g[m - i, 0] = previous[3 * m + i]
    for i in range(1, m):
        for j in range(1, m):
            g[i, j] = half.add(coons(g, half.vertices, i, j) + bulge)
    for i in range(m):
        for j in range(m):
            half.quad(g[i, j], g[i, j + 1], g[i + 1, j + 1], g[i + 1, j], slots[-1])
    return added


def build_nostril(half: HalfMesh) -> None:
    """An elliptic opening under the nose wing, its long axis running back and outwards."""
    border = half.loop((*cage.NOSTRIL, cage.NOSTRIL[0]))
    ring = np.array([half.vertices[i] for i in border])
    centre = project(np.array([[9.0, -45.0, 103.5]]), bare)[0]
    axis = unit(np.array([0.50, -0.12, -0.86]))
    side = np.array([0.86, 0.05, 0.50])
    side = unit(side - axis * (side * axis).sum())
    d = ring - centre
    a = np.unwrap(np.arctan2((d * side).sum(1), (d * axis).sum(1)))
    even = np.arange(16) * np.sign(a[-1] - a[0]) * np.pi / 8
    a = 0.3 * a + 0.7 * (even + (a - even).mean())  # against bunching
    ellipse = centre + np.outer(np.cos(a) * 4.6, axis) + np.outer(np.sin(a) * 2.9, side)
    rim = project(ellipse, bare)
    up = np.array([0.1, 1.0, -0.25])
    loops = [
        project(ring + (ellipse - ring) * 0.5, bare),
        project(centre + (ellipse - centre) * 1.22, bare),
        rim,
        centre + (rim - centre) * 0.9 + up * 1.8,
        centre + (rim - centre) * 0.7 + up * 5.0,
    ]
    slots = [SKIN, SKIN, SKIN, NOSTRIL, NOSTRIL]
    half.nostril = close_hole(half, border, loops, up, slots)


# Outline of the ear over the angle (degrees; 0 back, 90 up, 180 front): radius and how far the
# ear stands off the head, mm.
_EAR_DEG = (-180, -150, -120, -95, -75, -50, -20, 10, 40, 70, 100, 130, 155, 180)
_EAR_RADIUS = (10.5, 12, 19, 27, 25, 20.5, 19.5, 22, 26.5, 29.5, 28, 21, 14, 10.5)
_EAR_STAND = (1.0, 1.0, 2.5, 5.0, 7.5, 10, 12, 13, 12.5, 10.5, 7.5, 4.5, 2, 1.0)


def build_ear(half: HalfMesh) -> None:
    """Helix, antihelix, tragus, dish and lobe, as rings inside the outline."""
    border = half.loop((*cage.EAR, cage.EAR[0]))
    ring = np.array([half.vertices[i] for i in border])
    # local frame: back, up, out; the ear leans back by 12 degrees
    out = unit(np.array([0.93, 0.05, 0.10]))
    tilt = math.radians(-12)
    up = np.array([0.10, math.cos(tilt), math.sin(tilt)])
    up = unit(up - out * (up * out).sum())
    back = np.cross(up, out)
    back = -back if back[2] > 0 else back
    centre = np.array([68.0, -14.0, -3.0])
    d = ring - centre
    angle = np.arctan2((d * up).sum(1), (d * back).sum(1))
    key = np.radians(_EAR_DEG)
    radius = np.interp(angle, key, _EAR_RADIUS) * 0.95
    stand = np.interp(angle, key, _EAR_STAND)
    for _ in range(2):
        radius = 0.5 * radius + 0.25 * (np.roll(radius, 1) + np.roll(radius, -1))
        stand = 0.5 * stand + 0.25 * (np.roll(stand, 1) + np.roll(stand, -1))

    def place(scale: float, height: Array, b: float = 0.0, u: float = 0.0) -> Array:
        return (
            centre
            + np.outer(radius * scale * np.cos(angle) + b, back)
            + np.outer(radius * scale * np.sin(angle) + u, up)
            + np.outer(height, out)
        )

    def near(degrees: float, width: float) -> Array:
        turn = (angle - math.radians(degrees) + np.pi) % (2 * np.pi) - np.pi
        return np.exp(-((turn / width) ** 2))

    lobe = near(-92, 0.5)
    helix = smooth_step(-0.75, 0.1, np.sin(angle + 0.6))  # the rolled edge, above and behind
    antihelix = near(-5, 0.75) + 0.7 * near(55, 0.35) + 0.5 * near(-60, 0.35)
    tragus = near(-176, 0.42)
    antitragus = near(-118, 0.3)
    loops = [
        ring + (place(0.80, 0.25 * stand) - ring) * 0.75,
        place(0.90, 0.72 * stand + 0.5),
        place(1.0, stand + 0.6),
        place(1.0, stand + 2.6),
        place(0.93, stand + 3.2 + 0.5 * helix - 0.5 * lobe),
        place(0.85, stand + 1.9 - 1.2 * helix + 1.0 * lobe),
        place(0.76, stand * 0.92 - 0.6 * helix + 1.1 * antihelix + 2.2 * lobe),
        place(0.64, stand * 0.85 + 0.7 + 2.2 * antihelix + 1.6 * lobe + 2.5 * tragus, -0.8),
        place(
            0.52,
            stand * 0.75 + 0.2 + 1.5 * antihelix + 0.8 * lobe + 4.6 * tragus + 1.4 * antitragus,
            -1.6,
            -0.5,
        ),
        place(0.42, stand * 0.45 - 2.0 + 3.4 * tragus, -2.6, -1.5),
        place(0.30, stand * 0.15 - 4.5, -4.0, -2.0),
    ]
    half.ear = close_hole(half, border, loops, -out * 0.6, [SKIN] * len(loops))
