# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of the bare head: a signed-distance sculpture of blended bodies.

Changing the look of the face means changing these numbers: centres, radii and, as the last
argument of each smooth union, the width in mm over which a body melts into the rest.
"""

from __future__ import annotations

import numpy as np

from .distance import Array, ellipsoid, round_cone, smooth_max, smooth_min
from .figures import FIGURES


def _skull_and_face(p: Array) -> Array:
    d = ellipsoid(p, (0, 30, -4), (75, 84, 96))
    d = smooth_min(d, ellipsoid(p, (0, 36, 40), (62, 52, 55.5)), 30)  # forehead
    d = smooth_min(d, ellipsoid(p, (0, -30, 34), (56, 74, 58)), 28)  # face block
    jaw = round_cone(p, (40, -67, 16), (7, -100, 74), 11, 12)
    jaw = smooth_min(jaw, round_cone(p, (52, -24, 12), (40, -67, 16), 13, 11), 18)
    d = smooth_min(d, jaw, 34)
    d = smooth_min(d, ellipsoid(p, (45, -22, 55), (14.5, 10, 18)), 26)  # cheekbone
    d = smooth_min(d, ellipsoid(p, (34, -38, 68), (15, 16, 15)), 26)  # cheek pad
    d = smooth_min(d, ellipsoid(p, (0, -66, 66), (31, 27, 33)), 26)  # muzzle
    return smooth_min(d, ellipsoid(p, (0, -99.5, 80.5), (16, 12, 15.5)), 20)  # chin


def _neck(p: Array) -> Array:
    d = round_cone(p, (0, -60, -18), (0, -170, -26), 46, 47)
    d = smooth_min(d, round_cone(p, (56, -48, -20), (12, -185, 24), 9, 8), 22)  # side muscle
    return smooth_min(d, round_cone(p, (0, -150, -40), (95, -205, -36), 26, 26), 40)


def _brow(p: Array) -> Array:
    d = round_cone(p, (6, 15.5, 88), (33, 19.5, 83), 8, 7)
    return smooth_min(d, round_cone(p, (33, 19.5, 83), (50, 11, 66), 7, 6), 8)


def _nose(p: Array) -> Array:
    d = round_cone(p, (0, 6, 88), (0, -33, 110.5), 6.5, 8.6)  # bridge
    d = smooth_min(d, round_cone(p, (0, 2, 80), (0, -36, 92), 7, 14.5), 12)
    d = smooth_min(d, ellipsoid(p, (0, -34.5, 111), (9, 8, 9)), 6)  # tip
    d = smooth_min(d, ellipsoid(p, (11.2, -38.0, 102), (6.6, 7.0, 10)), 7)  # wings
    return smooth_min(d, round_cone(p, (0, -38, 112), (0, -47, 101), 4, 4), 5)  # septum


def bare(p: Array) -> Array:
    """Signed distance (about, mm) of the head without eyelids, lips and ears."""
    p = p.copy()
    p[:, 0] = np.abs(p[:, 0])
    d = smooth_min(_skull_and_face(p), _neck(p), 30)
    socket = ellipsoid(p, (33, -3, 96), (19.5, 14.5, 16.5))
    d = smooth_max(d, -socket, 13)
    d = smooth_min(d, _brow(p), 14)
    d = smooth_min(d, _nose(p), 12)
    philtrum = round_cone(p, (0, -50, 106.5), (0, -60, 107.5), 2.2, 3.0)
    return smooth_max(d, -philtrum, 7)


def form(p: Array) -> Array:
    """Signed distance (about, mm) of the head with the bulges of its lids."""
    q = p.copy()
    q[:, 0] = np.abs(q[:, 0])
    lids = ellipsoid(q, FIGURES.eye, (FIGURES.lid_rx, FIGURES.lid_r, FIGURES.lid_r))
    return smooth_min(bare(p), lids, 2.6)
