# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks: smooth warps of space applied to every pose of every part.

Near the eyes a warp is an exact similarity, so lids still slide on round eyeballs; points that
coincide (sealed lips, shut lids) still coincide. Teeth and eyeballs stay rigid under any warp.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .distance import Array, bell, length, smooth_step, spot
from .figures import FIGURES, MIRROR
from .mesh import Keys

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Style:
    """One look: its warp, its eyes, its colours."""

    name: str
    eye_scale: float = 1.0
    eye_move: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Displacement (mm) of the left eye's centre on top of the warp."""
    skin: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factor on the skin's colour."""
    colours: dict[str, Colour] = field(default_factory=dict)
    """Base colours of materials that differ from `materials`."""
    brow_thickness: float = 1.0
    lash_scale: float = 1.0


PLAIN = Style("plain")
TOON = Style(
    "toon",
    eye_scale=1.36,
    eye_move=(2.2, -1.5, -1.5),
    skin=(1.08, 1.06, 1.05),
    colours={
        "hair": (0.32, 0.10, 0.03),
        "eye_iris": (0.06, 0.17, 0.05),
        "eye_iris_in": (0.16, 0.26, 0.07),
    },
    brow_thickness=1.25,
    lash_scale=1.15,
)
LEAN = Style(
    "lean",
    eye_scale=0.96,
    eye_move=(-0.8, 0.0, 0.0),
    skin=(0.55, 0.50, 0.47),
    colours={
        "hair": (0.012, 0.010, 0.009),
        "eye_iris": (0.10, 0.045, 0.018),
        "eye_iris_in": (0.18, 0.09, 0.035),
    },
)
BROAD = Style(
    "broad",
    eye_scale=0.98,
    eye_move=(0.6, 0.0, 0.0),
    skin=(0.92, 0.90, 0.90),
    colours={
        "hair": (0.15, 0.085, 0.042),
        "eye_iris": (0.09, 0.14, 0.10),
        "eye_iris_in": (0.17, 0.16, 0.07),
    },
    brow_thickness=1.35,
    lash_scale=0.8,
)


def _toon(p: Array) -> Array:
    x, y, z = p.T
    d = np.zeros_like(p)
    d[:, 1] += np.where(y < 0, 15.0 * smooth_step(-10, -118, y), 0)  # short face
    d[:, 0] += x * (0.07 * bell((y + 38) / 48) - 0.08 * smooth_step(-66, -110, y))
    top = smooth_step(-10, 110, y)
    d[:, 0] += x * 0.10 * top
    d[:, 1] += 8.0 * top
    neck = smooth_step(-100, -150, y)
    d[:, 0] -= x * 0.16 * neck
    d[:, 2] -= (z + 20) * 0.18 * neck
    d[:, 1] += 14.0 * smooth_step(-118, -170, y)  # short neck
    nose = spot(p, (0, -36, 98), (32, 34, 46))
    d += nose[:, None] * (p - np.array([0, -40, 90.0])) * np.array([-0.18, -0.24, -0.32])
    mouth = spot(p, (0, -70, 92), (46, 32, 46))
    d[:, 0] -= mouth * x * 0.08
    d[:, 2] -= 3.0 * mouth
    for s in (1, -1):
        d += spot(p, (s * 44, -58, 64), 44)[:, None] * np.array([s * 3.0, -1.0, 4.5])
    return d + spot(p, (0, -104, 86), 38)[:, None] * np.array([0, 1.5, -4.0])


def _lean(p: Array) -> Array:
    x, y, _ = p.T
    d = np.zeros_like(p)
    d[:, 0] -= x * (0.06 + 0.05 * smooth_step(-20, -80, y))
    d[:, 1] -= 7.0 * smooth_step(-8, -115, y)
    for s in (1, -1):
        d += spot(p, (s * 46, -58, 66), 32)[:, None] * np.array([-s * 4.5, 0, -2.0])
        d += spot(p, (s * 53, -20, 56), 24)[:, None] * np.array([s * 1.5, 0.5, 1.0])
    d += spot(p, (0, -12, 98), (14, 22, 24))[:, None] * np.array([0, 0, 2.6])
    d += spot(p, (0, -104, 86), 28)[:, None] * np.array([0, -1.5, 2.5])
    d[:, 0] -= x * 0.04 * smooth_step(-100, -140, y)
    return d


def _broad(p: Array) -> Array:
    x, y, _ = p.T
    d = np.zeros_like(p)
    d[:, 0] += x * (0.03 + 0.075 * smooth_step(-25, -85, y))  # wide jaw
    d[:, 1] += 3.0 * smooth_step(-60, -115, y)
    d[:, 0] += x * 0.10 * smooth_step(-100, -140, y)
    nose = spot(p, (0, -36, 100), (30, 26, 40))
    d += nose[:, None] * (p - np.array([0, -36, 96.0])) * np.array([0.16, 0.04, 0.02])
    d += spot(p, (0, -102, 84), (34, 20, 30))[:, None] * np.array([0, 0, 2.5])
    d += spot(p, (0, 17, 92), (46, 15, 30))[:, None] * np.array([0, -1.0, 2.0])  # brow ridge
    return d


_WARPS = {"toon": _toon, "lean": _lean, "broad": _broad}

# The similarity round each eye holds exactly up to the first radius (mm) and is gone at the
# second; it gives way where the other eye's begins.
_EYE_EXACT_MM, _EYE_END_MM, _OTHER_EYE_MM = 20.5, 52.0, 40.0


def warp(p: Array, style: Style) -> Array:
    """Move points of the base face to their place in a style."""
    if style.name not in _WARPS:
        return np.asarray(p, float)
    field_of = _WARPS[style.name]
    d = field_of(p)
    out = d.copy()
    centres = (FIGURES.eye, FIGURES.eye * MIRROR)
    for side, centre, other in zip((1, -1), centres, centres[::-1], strict=True):
        near = 1 - smooth_step(_EYE_EXACT_MM, _EYE_END_MM, length(p - centre))
        near *= smooth_step(_EYE_EXACT_MM, _OTHER_EYE_MM, length(p - other))
        move = field_of(centre[None])[0] + np.array(style.eye_move) * [side, 1, 1]
        local = move + (style.eye_scale - 1) * (p - centre)
        out += near[:, None] * (local - d)
    return p + out


def _closest_motion(rest: Array, moved: Array) -> Array:
    """`rest` turned and shifted, without deformation, to lie closest to `moved` (Kabsch)."""
    c0, c1 = rest.mean(0), moved.mean(0)
    u, _, vt = np.linalg.svd((rest - c0).T @ (moved - c1))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (rest - c0) @ (u @ flip @ vt) + c1


def restyle(v: Array, keys: Keys, style: Style, rigid: bool = False) -> tuple[Array, Keys]:
    """A mesh and its shapes in a style, pose by pose."""
    if style.name not in _WARPS:
        return v, keys
    rest = warp(v, style)

    def pose(d: Array) -> Array:
        moved = warp(v + d, style)
        return _closest_motion(rest, moved) if rigid else moved

    out = {name: pose(d) - rest for name, d in keys.items()}
    if "mouthClose" in keys:  # it must seal on top of jawOpen, so that pose is warped
        opened = v + keys.get("jawOpen", 0.0)
        out["mouthClose"] = warp(opened + keys["mouthClose"], style) - warp(opened, style)
    return rest, out
