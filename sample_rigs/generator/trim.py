# SPDX-License-Identifier: GPL-3.0-or-later
"""Brows and lashes: small meshes that ride on the skin."""

from __future__ import annotations

import numpy as np

from .distance import Array, cast_from_front, gradient, rotate_x, unit
from .figures import COLUMNS, FIGURES, MIRROR
from .form import bare
from .lids import RIM_OUT
from .mesh import HeadMesh, Indices, Keys, Part

STILL_MM = 0.05
"""A shape that moves no vertex of a part further than this is not on that part."""

# Middle line of the left brow (x, y; mm) and its half height.
_BROW = np.array(
    [(10.5, 16.0), (15, 17.6), (22, 19.4), (31, 21.0), (39, 20.6), (46, 17.6), (51.5, 13.0)]
)
_BROW_HEIGHT = np.array([1.2, 2.5, 2.9, 2.6, 2.1, 1.4, 0.4])
_BROW_STEPS = 24


def nearest(
    points: Array, targets: Array, count: int, near: float, power: float
) -> tuple[Indices, Array]:
    """Indices (n, count) of the nearest targets and inverse-distance weights that sum to 1.

    Distances are compared on a grid of 1e-6 mm, so that equal ones stay equal on any machine.
    """
    d = np.sqrt(((points[:, None] - targets[None]) ** 2).sum(-1))
    index = np.argsort(np.round(d, 6), 1, kind="stable")[:, :count]
    w = 1 / np.maximum(np.take_along_axis(d, index, 1), near) ** power
    return index, w / w.sum(1, keepdims=True)


def ride(part: Part, head: HeadMesh, keys: Keys) -> None:
    """Give a part the mean displacement of the twelve nearest skin vertices."""
    index, w = nearest(part.vertices, head.vertices, 12, 1.5, 1.5)
    for name, d in keys.items():
        moved = (d[index] * w[..., None]).sum(1)
        if np.abs(moved).max() > STILL_MM:
            part.keys[name] = moved


def build_brows(head: HeadMesh, keys: Keys, thickness: float = 1.0) -> Part:
    """Both brows as low ridges on the skin."""
    part = Part("brows", ("hair",))
    t = np.linspace(0, len(_BROW) - 1, _BROW_STEPS + 1)
    knots = np.arange(len(_BROW))
    x, y = (np.interp(t, knots, _BROW[:, i]) for i in (0, 1))
    for line in (x, y):
        for _ in range(2):
            line[1:-1] = 0.25 * line[:-2] + 0.5 * line[1:-1] + 0.25 * line[2:]
    height = np.interp(t, knots, _BROW_HEIGHT) * thickness
    along = unit(np.stack([np.gradient(x), np.gradient(y)], 1))
    offset = np.array([-1, -0.6, 0, 0.6, 1])
    px = x[:, None] - along[:, 1:] * offset * height[:, None]
    py = y[:, None] + along[:, :1] * offset * height[:, None]
    pz = cast_from_front(px.ravel(), py.ravel(), bare)
    on_skin = np.stack([px.ravel(), py.ravel(), pz], 1)
    rise = np.array([-0.7, 0.45, 0.8, 0.45, -0.7]) * np.minimum(1, height / 2.2)[:, None]
    rise[[0, -1]] = -0.7
    left = on_skin + unit(gradient(bare, on_skin)) * rise.reshape(-1, 1)
    for side in (1, -1):
        grid = left.reshape(_BROW_STEPS + 1, len(offset), 3)
        rows = [[part.add(p if side > 0 else p * MIRROR) for p in row] for row in grid]
        part.tube([r[::-1] if side > 0 else r for r in rows], closed=False)
    part.finish()
    ride(part, head, keys)
    return part


def build_lashes(head: HeadMesh, keys: Keys, scale: float = 1.0) -> tuple[Part, Indices]:
    """Upper lashes: a band along the rim and a row of points.

    Each vertex turns with its own root on the rim, so lashes keep their angle to the lid.
    Returns the part and the root vertex of the head for each of its vertices.
    """
    part = Part("lashes", ("lash",))
    n = COLUMNS
    root: list[int] = []
    sides: list[int] = []
    t = np.linspace(0, 1, n + 1)
    long = np.interp(t, [0, 0.12, 0.5, 0.85, 1], [0.2, 1.6, 3.6, 5.0, 3.4]) * scale
    curl = np.array([0, 0.28, 0])
    for side in (1, -1):
        centre = FIGURES.eye if side > 0 else FIGURES.eye * MIRROR
        left = [head.half.eye[(RIM_OUT, j)] for j in range(n + 1)]
        rim = left if side > 0 else [int(head.right[i]) for i in left]
        r = head.vertices[rim]
        radial = unit(r - centre)
        sweep = side * np.interp(t, [0, 0.5, 1], [-0.25, 0.1, 0.55])
        lash = unit(radial + np.stack([sweep, 0 * t + 0.35, 0 * t + 0.35], 1))

        def put(p: Array, j: int, rim: list[int] = rim, side: int = side) -> int:
            root.append(rim[j])
            sides.append(side)
            return part.add(p)

        above = [put(r[j] - radial[j] * 0.15 + [0, 0.35, 0], j) for j in range(n + 1)]
        below = [put(r[j] + radial[j] * 0.1 - [0, 0.15, 0], j) for j in range(n + 1)]
        band = [put(r[j] + lash[j] * long[j] * 0.35, j) for j in range(n + 1)]
        for base in (above, below):
            part.tube([base, band], closed=False)
        for j in range(1, n):
            for f in (0.0, 0.5):
                at = r[j] * (1 - f) + r[j + 1] * f
                aim = lash[j] * (1 - f) + lash[j + 1] * f
                size = long[j] * (1 - f) + long[j + 1] * f
                half = (r[j + 1] - r[j]) * 0.22
                tip = put(at + aim * size + curl * size, j)
                foot = at + aim * size * 0.3
                part.face((put(foot - half, j), put(foot + half, j), tip))
    part.finish()
    roots, side_of = np.array(root), np.array(sides)
    centres = np.where(side_of[:, None] > 0, FIGURES.eye, FIGURES.eye * MIRROR)
    rest = head.vertices[roots] - centres
    rest_angle = np.arctan2(rest[:, 1], rest[:, 2])
    off = part.vertices - head.vertices[roots]
    for name, displacement in keys.items():
        d = displacement[roots]
        if np.abs(d).max() <= STILL_MM:
            continue
        moved = rest + d
        a = np.arctan2(moved[:, 1], moved[:, 2]) - rest_angle
        a = np.where(a < 0, a * 1.35, a)  # closed lashes point down a little
        part.keys[name] = d + rotate_x(off, np.zeros(3), a) - off
    return part, roots
