# SPDX-License-Identifier: GPL-3.0-or-later
"""The mouth patch: sealed lips over a bag that holds teeth and tongue.

Rings k: 0-4 the mouth bag (0 deepest), 5 inner lip, 6 contact back, 7 contact front, 8-11 the
red of the lip, 12 its border, 13-16 skin, 17 the border of the skin's hole. Columns j of the
left half: 0 top middle, COLUMNS the corner, RING bottom middle. Both lips share the places of
the contact rings, so the mouth at rest is shut exactly.
"""

from __future__ import annotations

import numpy as np

from . import cage
from .distance import Array, cast_from_front
from .figures import COLUMNS, FIGURES, RING
from .form import bare
from .mesh import MOUTH, RIM, SKIN, HalfMesh

BAG, INNER, CONTACT_BACK, CONTACT, RED, BORDER = 4, 5, 6, 7, 8, 12
"""Rings: the last of the bag, inner lip, contact (back, front), first red, border of the red."""

_RED_V = (0.16, 0.36, 0.60, 0.82, 1.0)
_SKIN_S = (0.14, 0.32, 0.53, 0.76)
LAST = BORDER + 1 + len(_SKIN_S)

# Mouth bag: half width, half height, depth z of the middle, and how its sides curve back.
_BAG = (
    (13, 8, 42, 0.0),
    (26, 16, 52, 0.01),
    (29.5, 18, 70, 0.02),
    (29, 16.5, 84, 0.028),
    (26.5, 11, 90.5, 0.026),
)

# Bulge of the lips over v: 0 at the slit, 1 at the border of the red, beyond it on the skin.
_PROFILE_V = (0, 0.12, 0.3, 0.5, 0.75, 1.0, 1.35, 1.9)
_PROFILE_UPPER = (0.05, 0.52, 0.90, 1.0, 0.80, 0.50, 0.18, 0.0)
_PROFILE_LOWER = (0.05, 0.50, 0.86, 1.0, 0.86, 0.42, 0.06, 0.0)


def lip_curves(u: Array) -> tuple[Array, Array, Array]:
    """Heights (mm) of the slit, the upper and the lower border over u = |x| / half width."""
    u = np.clip(u, 0, 1)
    y0 = FIGURES.mouth_y
    dip = 0.6 * np.exp(-((u / 0.16) ** 2))
    slit = y0 - dip + 0.45 * np.exp(-(((u - 0.34) / 0.2) ** 2)) + FIGURES.corner_dy * u**2
    end = FIGURES.corner_y
    upper = y0 + 7.4 - 1.7 * np.exp(-((u / 0.13) ** 2))  # Cupid's bow
    upper = end + (upper - end) * np.clip(1 - u**1.6, 0, 1) ** 0.95
    lower = end + (y0 - 9.3 - end) * np.clip(1 - u**2.3, 0, 1) ** 0.85
    return slit, upper, lower


class _LipShape:
    """Columns of the left half mouth and the bulge of the lips over them."""

    def __init__(self) -> None:
        t = np.linspace(0, 1, COLUMNS + 1)
        u = np.sin(t * np.pi / 2) * 0.55 + t * 0.45
        self.u = np.concatenate([u, u[:-1][::-1]])
        self.side = np.array([1] * COLUMNS + [0] + [-1] * COLUMNS)
        self.slit, upper, lower = lip_curves(self.u)
        self.border = np.where(self.side > 0, upper, np.where(self.side < 0, lower, self.slit))
        self.x = self.u * FIGURES.mouth_x
        # at the corner the red runs out: its border passes just outside
        self.border_x = self.x + 1.6 * np.clip((self.u - 0.8) / 0.2, 0, 1) ** 2
        self.high_u = 4.2 * (1 - self.u**2.2) + 0.2
        self.high_l = 5.2 * (1 - self.u**2.0) + 0.2
        tubercle = 1 + 0.10 * np.exp(-((self.u / 0.14) ** 2))
        pads = 1 - 0.08 * np.exp(-((self.u / 0.12) ** 2))
        self.high = np.where(self.side >= 0, self.high_u, self.high_l)
        self.high = self.high * np.where(self.side > 0, tubercle, pads)

    def bulge(self, v: Array | float) -> Array:
        """Height (mm) of the lips over the face at v."""
        upper = np.interp(v, _PROFILE_V, _PROFILE_UPPER)
        lower = np.interp(v, _PROFILE_V, _PROFILE_LOWER)
        return np.where(self.side >= 0, upper, lower) * self.high


def _inner_rings(shape: _LipShape) -> dict[int, Array]:
    z = cast_from_front(shape.x, shape.slit, bare)
    front = np.stack([shape.x, shape.slit, z + 0.03 * (shape.high_u + shape.high_l)], 1)
    back = front.copy()
    back[:, 2] -= 5.0 - 2.5 * shape.u
    back[:, 0] *= 0.985
    inner = back.copy()
    inner[:, 2] -= 3.2
    inner[:, 1] += shape.side * 3.5 * (1 - shape.u**4)
    inner[:, 0] *= 0.99
    rings = {CONTACT: front, CONTACT_BACK: back, INNER: inner}
    a = np.linspace(0, np.pi, RING + 1)
    for k, (half_x, half_y, depth, curve) in enumerate(_BAG):
        x = half_x * np.abs(np.sin(a)) ** 0.8
        y = -69.5 + half_y * np.sign(np.cos(a)) * np.abs(np.cos(a)) ** 0.8
        rings[k] = np.stack([x, y, depth - curve * x * x], 1)
    return rings


def _outer_rings(shape: _LipShape, target: Array) -> dict[int, Array]:
    rings: dict[int, Array] = {}
    for i, v in enumerate(_RED_V):
        y = shape.slit + (shape.border - shape.slit) * v
        x = shape.x + (shape.border_x - shape.x) * v
        rings[RED + i] = np.stack([x, y, cast_from_front(x, y, bare) + shape.bulge(v)], 1)
    start = rings[BORDER][:, :2]
    for i, s in enumerate(_SKIN_S):
        xy = start + (target[:, :2] - start) * s
        away = np.sqrt(((xy - start) ** 2).sum(1))
        v = 1 + away / np.maximum(np.abs(shape.border - shape.slit), 3.5)
        z = cast_from_front(xy[:, 0], xy[:, 1], bare) + shape.bulge(v)
        rings[BORDER + 1 + i] = np.stack([xy[:, 0], xy[:, 1], z], 1)
    return rings


def build_mouth(half: HalfMesh) -> None:
    """Fill the mouth hole: skin, lips, and the bag behind them."""
    outer = [*half.loop(cage.MOUTH), half.corner[cage.MOUTH[-1]]]
    shape = _LipShape()
    target = np.array([half.vertices[i] for i in outer])
    rings = _inner_rings(shape) | _outer_rings(shape, target)
    for k in range(LAST):
        for j in range(RING + 1):
            p = rings[k][j].copy()
            if j in (0, RING):
                p[0] = 0
            half.mouth[(k, j)] = half.add(p)
    for j in range(RING + 1):
        half.mouth[(LAST, j)] = outer[j]
    m = half.mouth
    for k in range(LAST):
        slot = MOUTH if k <= BAG else (RIM if k < BORDER else SKIN)
        for j in range(RING):
            half.quad(m[(k, j)], m[(k, j + 1)], m[(k + 1, j + 1)], m[(k + 1, j)], slot)
    for j in range(COLUMNS):  # the bag's back wall joins its roof and floor
        half.quad(m[(0, j)], m[(0, j + 1)], m[(0, RING - j - 1)], m[(0, RING - j)], MOUTH)
