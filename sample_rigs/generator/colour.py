# SPDX-License-Identifier: GPL-3.0-or-later
"""Vertex colours of the skin (linear): lip tint, warm cheeks, nose and ears, dark nostrils."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .base import BaseFace
from .distance import Array, spot
from .figures import RING
from .lips import CONTACT, INNER
from .styles import Style

SKIN = (0.71, 0.405, 0.285)
_LIP = (0.50, 0.155, 0.135)
_WARM = (0.66, 0.25, 0.18)
_DARK_RED = (0.25, 0.05, 0.05)
_NOSTRIL = (0.16, 0.045, 0.035)
_RIM = (0.60, 0.27, 0.21)
_SOCKET = (0.52, 0.23, 0.17)
_SHADOW = (0.50, 0.26, 0.19)


def skin_colours(face: BaseFace, style: Style) -> Array:
    """Colour of every vertex of the head, (n, 3)."""
    f, head = face.fields, face.head
    p = head.vertices.copy()
    p[:, 0] = np.abs(p[:, 0])
    colour = np.tile(np.array(SKIN), (len(p), 1))

    def mix(weight: ArrayLike, towards: ArrayLike) -> None:
        nonlocal colour
        w = np.asarray(weight, float)[:, None]
        colour = colour * (1 - w) + np.asarray(towards) * w

    mix(0.28 * spot(p, (43, -32, 72), 30), (0.66, 0.24, 0.17))
    mix(0.32 * spot(p, (0, -36, 118), 20), _WARM)
    mix(0.20 * spot(p, (0, -100, 92), 24), (0.66, 0.28, 0.20))
    mix(0.22 * spot(p, (31, 4, 84), 26), _SOCKET)
    mix(0.20 * spot(p, (31, -13, 80), (20, 8, 20)), _SHADOW)
    ear = np.zeros(len(p))
    for i in head.half.ear:
        ear[head.both(i)] = 1
    mix(0.30 * ear, _WARM)
    lips = np.interp(f.ring, [-1, 4, 5, 8, 10, 11, 12, 13, 14], [0, 0, 1, 1, 1, 0.9, 0.6, 0.12, 0])
    mix(lips * (f.ring >= INNER), _LIP)
    mix(0.5 * (f.ring == CONTACT), _DARK_RED)
    mix(1.0 * f.bag, _DARK_RED)
    rim = np.zeros(len(p))
    for k, strength in ((0, 1), (1, 0.9), (2, 0.45)):
        for j in range(RING):
            rim[head.both(head.half.eye[(k, j)])] = strength
    mix(rim, _RIM)
    nostril = np.zeros(len(p))
    for n, i in enumerate(head.half.nostril):  # loops of 16, from outside inwards
        nostril[head.both(i)] = (0, 0.15, 0.45, 0.9, 1)[min(n // 16, 4)]
    mix(nostril, _NOSTRIL)
    return np.clip(colour * np.array(style.skin), 0, 1)
