# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed distances of simple bodies, their smooth union, and projection on to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Field = Callable[[Array], Array]
Triple = Sequence[float]


def length(v: Array) -> Array:
    """Euclidean length along the last axis."""
    return np.sqrt((v * v).sum(-1))


def unit(v: Array) -> Array:
    """Vectors of length one along the last axis."""
    return v / length(v)[..., None]


def ellipsoid(p: Array, centre: ArrayLike, radii: ArrayLike) -> Array:
    """Approximate distance to an ellipsoid (exact on its surface)."""
    q = p - np.asarray(centre, float)
    r = np.asarray(radii, float)
    k0 = length(q / r)
    k1 = np.maximum(length(q / (r * r)), 1e-9)
    return k0 * (k0 - 1.0) / k1


def round_cone(p: Array, start: Triple, end: Triple, r_start: float, r_end: float) -> Array:
    """Distance to a capsule whose radius runs from r_start to r_end."""
    a = np.asarray(start, float)
    axis = np.asarray(end, float) - a
    t = np.clip(((p - a) * axis).sum(-1) / (axis * axis).sum(), 0, 1)
    return length(p - a - t[:, None] * axis) - (r_start + (r_end - r_start) * t)


def smooth_min(a: Array, b: Array, k: float) -> Array:
    """Cubic smooth union of two distances; k is the width of the blend in mm."""
    h = np.maximum(k - np.abs(a - b), 0) / k
    return np.minimum(a, b) - h * h * h * k / 6.0


def smooth_max(a: Array, b: Array, k: float) -> Array:
    """Cubic smooth intersection of two distances."""
    return -smooth_min(-a, -b, k)


def smooth_step(a: ArrayLike, b: ArrayLike, x: ArrayLike) -> Array:
    """Hermite ramp: 0 at a, 1 at b (a may be larger than b)."""
    lo = np.asarray(a, float)
    t = np.clip((np.asarray(x, float) - lo) / (np.asarray(b, float) - lo), 0, 1)
    return t * t * (3 - 2 * t)


def bell(d: ArrayLike) -> Array:
    """Smooth compact kernel: 1 at 0, 0 from 1 on."""
    t = np.clip(1 - np.asarray(d, float) ** 2, 0, 1)
    return t * t * (3 - 2 * t) * 0.5 + 0.5 * t**3


def spot(p: Array, centre: ArrayLike, radius: ArrayLike) -> Array:
    """`bell` of the distance from a centre, the radius given for all axes or for each."""
    return bell(length((p - np.asarray(centre, float)) / np.asarray(radius, float)))


def gradient(f: Field, p: Array, step: float = 0.25) -> Array:
    """Central-difference gradient of a field."""
    g = np.empty_like(p)
    for axis in range(3):
        offset = np.zeros(3)
        offset[axis] = step
        g[:, axis] = (f(p + offset) - f(p - offset)) / (2 * step)
    return g


def project(p: Array, f: Field, rounds: int = 12) -> Array:
    """Pull points on to f = 0 along its gradient (damped Newton steps)."""
    p = p.copy()
    for _ in range(rounds):
        d = f(p)
        g = gradient(f, p)
        p -= g * (np.clip(d, -8, 8) / np.maximum((g * g).sum(1), 0.2))[:, None]
    return p


def cast_from_front(x: ArrayLike, y: ArrayLike, f: Field) -> Array:
    """Depth z of the first surface point met looking from the front (sphere tracing)."""
    x = np.asarray(x, float)
    y = np.asarray(y, float)
    z = np.full_like(x, 135.0)
    for _ in range(90):
        d = f(np.stack([x, y, z], 1))
        z = np.maximum(z - np.clip(d, -2, 20) * 0.7, 20.0)
    return z


def rotate_x(p: Array, centre: ArrayLike, angle_rad: ArrayLike) -> Array:
    """Turn points about the transverse axis through `centre`; + lifts what lies in front."""
    pivot, angle = np.asarray(centre, float), np.asarray(angle_rad, float)
    q = p - pivot
    c, s = np.cos(angle), np.sin(angle)
    out = q.copy()
    out[:, 1] = q[:, 1] * c + q[:, 2] * s
    out[:, 2] = q[:, 2] * c - q[:, 1] * s
    return out + pivot


def rotate_y(p: Array, centre: ArrayLike, angle_rad: ArrayLike) -> Array:
    """Turn points about the upright axis through `centre`; + turns the front to the left (+x)."""
    pivot, angle = np.asarray(centre, float), np.asarray(angle_rad, float)
    q = p - pivot
    c, s = np.cos(angle), np.sin(angle)
    out = q.copy()
    out[:, 0] = q[:, 0] * c + q[:, 2] * s
    out[:, 2] = q[:, 2] * c - q[:, 0] * s
    return out + pivot
