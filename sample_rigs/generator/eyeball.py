# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyeballs: sclera, a recessed iris with its pupil, and a clear bulging cornea before it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .distance import Array, rotate_x
from .figures import FIGURES, MIRROR
from .mesh import Keys, Part

_SEGMENTS = 32
_WHITE, _LIMBUS, _IRIS, _IRIS_IN, _PUPIL, _CORNEA = range(6)
MATERIALS = ("eye_white", "eye_limbus", "eye_iris", "eye_iris_in", "eye_pupil", "eye_cornea")

# Rings of the iris from the pupil outwards: radius, depth z (both mm from the eyeball's centre),
# slot of the strip that leads to the ring.
_IRIS_RINGS = (
    (1.2, 10.75, _PUPIL),
    (2.5, 10.75, _PUPIL),
    (2.6, 11.0, _PUPIL),
    (3.7, 11.15, _IRIS_IN),
    (5.0, 11.3, _IRIS),
    (5.8, 11.45, _IRIS),
)
_SCLERA_DEG = (30.5, 36, 46, 58, 72, 88, 105, 122, 140, 160)


def _cornea_sphere() -> tuple[float, float, float]:
    """Radius of the cornea's sphere, its centre's z, and the z of the limbus."""
    limb_z = float(np.sqrt(FIGURES.sclera_r**2 - FIGURES.iris_r**2))
    height = FIGURES.eye_r - limb_z
    radius = (FIGURES.iris_r**2 + height**2) / (2 * height)
    return radius, FIGURES.eye_r - radius, limb_z


def eye_centre(side: int) -> Array:
    """Centre of an eyeball; side 1 is the left."""
    return FIGURES.eye if side > 0 else FIGURES.eye * MIRROR


def build_eye(side: int) -> Part:
    """One eyeball, straight ahead; side 1 is the character's left."""
    part = Part("eye_L" if side > 0 else "eye_R", MATERIALS, rigid=True)
    centre = eye_centre(side)
    turn = np.arange(_SEGMENTS) * 2 * np.pi / _SEGMENTS
    around = np.stack([side * np.cos(turn), np.sin(turn)], 1)

    def ring(radius: float, z: float) -> list[int]:
        return [part.add(centre + np.array([radius * c, radius * s, z])) for c, s in around]

    def fan(pole: int, row: list[int], slot: int, outward: bool) -> None:
        for i in range(_SEGMENTS):
            a, b = row[i], row[(i + 1) % _SEGMENTS]
            part.face((pole, a, b) if outward == (side > 0) else (pole, b, a), slot)

    def strip(inner: list[int], outer: list[int], slot: int) -> None:
        for i in range(_SEGMENTS):
            j = (i + 1) % _SEGMENTS
            quad = (inner[i], outer[i], outer[j], inner[j])
            part.face(quad if side > 0 else quad[::-1], slot)

    row = ring(*_IRIS_RINGS[0][:2])
    fan(part.add(centre + np.array([0, 0, _IRIS_RINGS[0][1]])), row, _PUPIL, True)
    for radius, z, slot in _IRIS_RINGS[1:]:
        following = ring(radius, z)
        strip(row, following, slot)
        row = following
    corneal_r, corneal_z, limb_z = _cornea_sphere()
    limb = ring(FIGURES.iris_r, limb_z)
    strip(row, limb, _LIMBUS)
    row = limb
    for degrees in _SCLERA_DEG:
        a = np.radians(degrees)
        following = ring(FIGURES.sclera_r * np.sin(a), FIGURES.sclera_r * np.cos(a))
        strip(row, following, _LIMBUS if degrees == _SCLERA_DEG[0] else _WHITE)
        row = following
    fan(part.add(centre - np.array([0, 0, FIGURES.sclera_r])), row, _WHITE, False)

    apex = part.add(centre + np.array([0, 0, FIGURES.eye_r]))
    edge = np.arcsin(FIGURES.iris_r / corneal_r)
    rows = []
    for t in (0.2, 0.45, 0.72, 1.0):
        a = edge * t
        rows.append(ring(corneal_r * np.sin(a), corneal_z + corneal_r * np.cos(a)))
    fan(apex, rows[0], _CORNEA, True)
    for a, b in pairwise(rows):
        strip(a, b, _CORNEA)
    return part.finish()


def pitch_key(part: Part, centre: Array, degrees: float) -> Array:
    """Displacement of an eyeball that looks up (+) or down (-)."""
    return rotate_x(part.vertices, centre, np.radians(degrees)) - part.vertices


def look_keys(part: Part, side: int, up_deg: float, down_deg: float) -> Keys:
    """Shapes lookUp and lookDown of an eyeball, for characters without eye bones."""
    centre = eye_centre(side)
    return {
        "lookUp": pitch_key(part, centre, up_deg),
        "lookDown": pitch_key(part, centre, -down_deg),
    }
