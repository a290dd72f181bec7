# SPDX-License-Identifier: GPL-3.0-or-later
"""Teeth with gums, and the tongue."""

from __future__ import annotations

import math

import numpy as np

from .distance import Array, smooth_step
from .figures import FIGURES
from .jaw import part_keys
from .mesh import Part

_SIDES = 10
"""Vertices round a tooth and round the gum."""

# Widths along the arch, heights and depths (mm) of six teeth from the midline outwards.
_UPPER = ((8.2, 6.6, 7.4, 6.8, 6.8, 9.5), (10.2, 9.2, 10, 8.2, 7.6, 7), (5, 5, 6.2, 7, 7.6, 9))
_LOWER = ((5.4, 5.8, 6.6, 6.8, 7, 10), (8.6, 8.6, 9.4, 8, 7.2, 6.6), (5, 5, 6.2, 7, 7.6, 9))


class _Arch:
    """Dental arch: place and heading over the arc length from the midline."""

    def __init__(self, half_width: float, front_z: float) -> None:
        s = np.linspace(0, 1.0, 400) * math.pi / 2
        self.x = half_width * np.sin(s)
        self.z = front_z - 40.0 * (1 - np.cos(s)) ** 1.15
        steps = np.hypot(np.diff(self.x), np.diff(self.z))
        self.arc = np.concatenate([[0], np.cumsum(steps)])

    def at(self, t: float) -> tuple[float, float, float]:
        """x, z and heading (radians) at t mm from the midline, signed like x."""
        a = abs(t)
        x, z = (float(np.interp(a, self.arc, c)) for c in (self.x, self.z))
        x2, z2 = (float(np.interp(a + 0.5, self.arc, c)) for c in (self.x, self.z))
        heading = math.atan2(z2 - z, x2 - x)
        return (x, z, heading) if t >= 0 else (-x, z, -heading)


def _rounded(c: float) -> float:
    """Cosine bent towards a square: the section of a tooth."""
    return math.copysign(abs(c) ** 0.55, c)


def _add_tooth(
    part: Part, place: tuple[float, float, float], base: float, up: int, size: tuple[float, ...]
) -> None:
    x, z, heading = place
    width, height, depth = size
    ca, sa = math.cos(heading), math.sin(heading)
    rows: list[list[int]] = []
    for v in (-1, -0.9, -0.5, 0, 0.5, 1):  # biting edge to root
        across = width * 0.495 * np.interp(v, [-1, -0.9, -0.5, 0, 1], [0.86, 0.97, 1, 0.98, 0.84])
        thick = depth * 0.5 * np.interp(v, [-1, -0.9, -0.4, 0.3, 1], [0.28, 0.45, 0.68, 0.9, 1])
        row: list[int] = []
        for n in range(_SIDES):
            a = 2 * math.pi * n / _SIDES
            lx, lz = _rounded(math.cos(a)) * across, _rounded(math.sin(a)) * thick
            y = base + up * (v + 1) / 2 * height
            row.append(part.add([x + lx * ca - lz * sa, y, z + lx * sa + lz * ca]))
        rows.append(row)
    part.tube(rows)
    part.face(rows[0])
    part.face(rows[-1])


def build_teeth(upper: bool) -> Part:
    """Twelve teeth and the gum of one jaw; the lower ones carry the jaw's shapes."""
    part = Part("teeth_upper" if upper else "teeth_lower", ("teeth", "gum"), rigid=True)
    widths, heights, depths = _UPPER if upper else _LOWER
    arch = _Arch(24.5 if upper else 23.0, 87.0 if upper else 84.6)
    base = FIGURES.mouth_y + (-2.2 if upper else -1.6)  # the biting edge
    up = 1 if upper else -1
    for side in (1, -1):
        t = 0.0
        for size in zip(widths, heights, depths, strict=True):
            _add_tooth(part, arch.at(side * (t + size[0] / 2)), base, up, size)
            t += size[0]
    end = sum(widths)
    rows: list[list[int]] = []
    for t in np.linspace(-end, end, 33):
        x, z, a = arch.at(float(t))
        h = np.interp(abs(t), [0, end], [heights[0], heights[-1]])
        row: list[int] = []
        for n in range(_SIDES):
            turn = 2 * math.pi * n / _SIDES
            lz = math.cos(turn) * 3.9
            y = base + up * (h + 1.4 + 4.2 * math.sin(turn))
            row.append(part.add([x - lz * math.sin(a), y, z + lz * math.cos(a)]))
        rows.append(row)
    part.tube(rows, 1)
    part.face(rows[0], 1)
    part.face(rows[-1], 1)
    part.finish()
    if not upper:
        part.keys = part_keys(part.vertices, np.ones(len(part.vertices)))
    return part


_TONGUE_RINGS, _TONGUE_SIDES = 16, 16


def tongue_place(vertices: Array) -> Array:
    """Place along the tongue of its vertices: 0 root, 1 tip."""
    return np.repeat(
        np.sin(0.5 * np.pi * np.arange(_TONGUE_RINGS + 1) / _TONGUE_RINGS), _TONGUE_SIDES
    )[: len(vertices)]


def build_tongue() -> Part:
    """A flat round-tipped body on the mouth's floor, with the jaw's shapes and tongueOut."""
    part = Part("tongue", ("tongue",))
    y0 = FIGURES.mouth_y - 6.0
    rows: list[list[int]] = []
    for i in range(_TONGUE_RINGS + 1):
        s = math.sin(0.5 * math.pi * i / _TONGUE_RINGS)  # denser towards the tip
        taper = math.sqrt(max(1 - max(0.0, (s - 0.62) / 0.38) ** 2.6, 0.0))
        half_width = 17.5 * (0.75 * taper + 0.25 * taper**2) + 0.2
        thick = 6.2 * max(taper, 0.05) * (1 - 0.25 * s)
        y = y0 + 4.5 * math.sin(s * math.pi) - 1.2 * s
        row: list[int] = []
        for n in range(_TONGUE_SIDES):
            a = 2 * math.pi * n / _TONGUE_SIDES
            cx, cy = math.cos(a), math.sin(a)
            dx = half_width * math.copysign(abs(cx) ** 0.8, cx)
            dy = thick * math.copysign(abs(cy) ** 0.8, cy)
            if cy > 0:  # groove down the middle
                dy -= 1.3 * math.exp(-((dx / 3.5) ** 2)) * taper
            row.append(part.add([dx, y + dy, 42 + 40 * s]))
        rows.append(row)
    part.tube(rows)
    part.face(rows[0])
    part.face(rows[-1])
    part.finish()
    s = tongue_place(part.vertices)
    part.keys = part_keys(part.vertices, 0.80 * smooth_step(-0.2, 0.6, s))
    reach = 34 * s**1.5
    rise = 3.5 * smooth_step(0.1, 0.6, s) - 6 * s**4
    part.keys["tongueOut"] = part.keys["tongueOut"] + np.stack([0 * s, rise, reach], 1)
    return part
