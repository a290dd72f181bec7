# SPDX-License-Identifier: GPL-3.0-or-later
"""Short hair: a polar shell over the skull.

Its edge follows a hairline and dips under the skin.
"""

from __future__ import annotations

import numpy as np

from .distance import Array, gradient, length, smooth_step, spot, unit
from .form import bare
from .mesh import Part

_COLUMNS, _ROWS = 132, 40
_ORIGIN = np.array([0, -8.0, -10.0])

# Height (mm) of the hairline over the azimuth (degrees, 0 front, 180 back).
_LINE_DEG = (0, 12, 24, 35, 44, 56, 66, 72, 78, 84, 96, 110, 122, 138, 160, 180)
_LINE_MM = (66, 68, 69, 66, 55, 43, 25, 2, -4, 3, 9, 5, -12, -42, -58, -60)

# Cover of the scalp (mm) over the distance from the shell's edge: the edge itself is sunk.
_EDGE_MM = (0, 1.2, 4.0, 9.0, 18.0)
_EDGE_COVER = (-2.4, 0.5, 1.6, 2.9, 4.0)

_EAR, _EAR_RADII = (72.0, 2.0, 8.0), (24.0, 40.0, 36.0)


def above_hairline(p: Array) -> Array:
    """Height above the hairline (mm) of points on the scalp."""
    azimuth = np.degrees(np.arctan2(np.abs(p[:, 0]), p[:, 2]))
    return p[:, 1] - np.interp(azimuth, _LINE_DEG, _LINE_MM)


def _ray(elevation: Array, azimuth: Array) -> Array:
    """Scalp points met from outside along rays towards the origin."""
    flat = np.cos(elevation)
    d = np.stack([flat * np.sin(azimuth), np.sin(elevation), flat * np.cos(azimuth)], 1)
    t = np.full(len(d), 165.0)
    for _ in range(110):
        t = t - 0.8 * np.clip(bare(_ORIGIN + d * t[:, None]), -10, 30)
    return _ORIGIN + d * t[:, None]


def _edge(azimuth: Array) -> Array:
    """Elevation of the hairline for every azimuth, by bisection on the scalp."""
    low, high = np.full(len(azimuth), -1.2), np.full(len(azimuth), 1.5)
    for _ in range(24):
        middle = 0.5 * (low + high)
        below = above_hairline(_ray(middle, azimuth)) < -5.0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    e = 0.5 * (low + high)
    for _ in range(6):
        e = 0.5 * e + 0.25 * (np.roll(e, 1) + np.roll(e, -1))
    front = smooth_step(1.0, 0.6, np.abs((azimuth + np.pi) % (2 * np.pi) - np.pi))
    return e + 0.008 * front * np.sin(34 * azimuth)  # tips of locks


def _thickness(p: Array, height: Array, from_edge: Array) -> Array:
    """Distance of the shell from the scalp: locks along the combing and a parting."""
    x, y, z = p.T
    top = smooth_step(30, 100, y)
    front = smooth_step(10, 85, z)
    full = 4.0 + 9.0 * top + 8.0 * front * smooth_step(55, 90, y)
    xs = x + 0.16 * (z - 80) - 6
    locks = 1.5 * np.sin(0.19 * xs + 0.9 * np.sin(0.04 * z))
    locks += 0.9 * np.sin(0.41 * xs + 1.3 + 0.02 * z)
    sweep = 2.5 * smooth_step(-50, 10, xs) * front
    full += (locks + sweep) * top * smooth_step(0, 20, height)
    full -= 6.5 * np.exp(-(((x - 37) / 4.5) ** 2)) * smooth_step(-20, 30, z) * top  # parting
    cover = np.interp(from_edge, _EDGE_MM, _EDGE_COVER)
    cover += (full - 4.0) * smooth_step(2, 24, from_edge)
    ear = spot(np.stack([np.abs(x), y, z], 1), _EAR, _EAR_RADII) ** 0.5
    return cover * (1 - ear) + np.minimum(cover, 0.3) * ear  # cropped behind the ear


def build_hair() -> Part:
    """The shell; it carries no shapes."""
    part = Part("hair", ("hair",))
    turn = np.arange(_COLUMNS) * 2 * np.pi / _COLUMNS
    edge = _edge(turn)
    v = np.linspace(0, 1, _ROWS + 1)[:-1] ** 1.45
    elevation = edge[None] + (np.pi / 2 - edge[None]) * v[:, None]
    azimuth = np.broadcast_to(turn, elevation.shape)
    p = _ray(np.append(elevation.ravel(), np.pi / 2), np.append(azimuth.ravel(), 0))
    normal = unit(gradient(bare, p))
    height = above_hairline(p)
    height[-1] = 60
    grid = p[:-1].reshape(_ROWS, _COLUMNS, 3)
    along = np.cumsum(length(np.diff(grid, axis=0)), 0)
    from_edge = np.concatenate([np.zeros(_COLUMNS), along.ravel(), [60.0]])
    top = smooth_step(30, 100, p[:, 1]) * smooth_step(10, 85, p[:, 2])
    q = p + normal * _thickness(p, height, from_edge)[:, None]
    q += np.array([0, 3.0, 3.0]) * (top * smooth_step(2, 25, from_edge))[:, None]
    rows = [[part.add(r) for r in row] for row in q[:-1].reshape(_ROWS, _COLUMNS, 3)]
    pole = part.add(q[-1])
    part.tube(rows)
    for j in range(_COLUMNS):
        part.face((rows[-1][j], rows[-1][(j + 1) % _COLUMNS], pole))
    return part.finish()
