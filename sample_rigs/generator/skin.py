# SPDX-License-Identifier: GPL-3.0-or-later
"""From cage to skin: subdivided, projected on to the form and relaxed; its holes stay open."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from . import cage
from .distance import Array, project, spot
from .figures import MIRROR, SUBDIVISIONS
from .form import form
from .mesh import HalfMesh, Indices, face_edges

# The rim of the nostril wing, from beside the septum round to the cheek, where the form itself
# is too coarse a guide.
_NOSE_WING = {
    ("T1", "T2"): ((8.6, -45.0, 111.5), (13.8, -45.2, 107.5), (17.0, -44.8, 101.5)),
    ("T2", "M2"): ((17.0, -45.5, 96), (16.3, -47, 97), (15.8, -48.5, 98)),
}


def catmull_rom(p0: Array, p1: Array, p2: Array, p3: Array, t: Array) -> Array:
    """Points of the Catmull-Rom curve between p1 and p2."""
    t = t[:, None]
    return 0.5 * (
        2 * p1
        + (-p0 + p2) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (-p0 + 3 * p1 - 3 * p2 + p3) * t**3
    )


def coons(rows: Indices, vertices: list[Array], i: int, j: int) -> Array:
    """Inner point of the Coons patch whose border vertices stand in a square index grid."""
    m = len(rows) - 1
    w, u = i / m, j / m
    v = vertices
    return (
        (1 - w) * v[rows[0, j]]
        + w * v[rows[m, j]]
        + (1 - u) * v[rows[i, 0]]
        + u * v[rows[i, m]]
        - (1 - u) * (1 - w) * v[rows[0, 0]]
        - u * (1 - w) * v[rows[0, m]]
        - (1 - u) * w * v[rows[m, 0]]
        - u * w * v[rows[m, m]]
    )


def _curved_edges(points: dict[str, Array]) -> dict[tuple[str, str], Array]:
    """Inner points of the cage edges that belong to a round loop."""
    ts = np.arange(1, SUBDIVISIONS) / SUBDIVISIONS
    curves: dict[tuple[str, str], Array] = {}
    for ring in (cage.EYE, cage.EAR):
        n = len(ring)
        for i in range(n):
            a, b, c, d = (points[ring[(i + k) % n]] for k in (-1, 0, 1, 2))
            curves[(ring[i], ring[(i + 1) % n])] = catmull_rom(a, b, c, d, ts)
    for loop in cage.HALF_LOOPS:
        chain = [points[name] for name in loop]
        chain = [chain[1] * MIRROR, *chain, chain[-2] * MIRROR]
        for i in range(len(loop) - 1):
            a, b, c, d = chain[i : i + 4]
            curves[(loop[i], loop[i + 1])] = catmull_rom(a, b, c, d, ts)
    for pair, typed in _NOSE_WING.items():
        curves[pair] = np.array(typed)
    return curves


def _fill(half: HalfMesh, sides: tuple[list[int], list[int], list[int], list[int]]) -> None:
    """Fill the quad between four cage edges (top, bottom, left, right) by a Coons patch."""
    s = SUBDIVISIONS
    g = np.zeros((s + 1, s + 1), int)
    g[0], g[s], g[:, 0], g[:, s] = sides
    for i in range(1, s):
        for j in range(1, s):
            g[i, j] = half.add(coons(g, half.vertices, i, j))
    for i in range(s):
        for j in range(s):
            half.quad(g[i, j], g[i, j + 1], g[i + 1, j + 1], g[i + 1, j])


def _snapped_cage(half: HalfMesh) -> dict[str, Array]:
    """Cage points on the form, each with its vertex."""
    typed = cage.points()
    on_form = project(np.array(list(typed.values())), form, 14)
    points: dict[str, Array] = {}
    for (name, at), p in zip(typed.items(), on_form, strict=True):
        points[name] = p * np.array([0.0 if at[0] == 0 else 1.0, 1, 1])
        half.corner[name] = half.add(points[name])
    return points


def build_skin() -> HalfMesh:
    """Left half of the skin, relaxed on the form."""
    half = HalfMesh()
    points = _snapped_cage(half)
    curves = _curved_edges(points)
    curves |= {(b, a): inner[::-1] for (a, b), inner in curves.items()}
    ts = np.arange(1, SUBDIVISIONS) / SUBDIVISIONS

    def make_edge(a: str, b: str) -> list[int]:
        if (a, b) not in half.edges and (b, a) not in half.edges:
            straight = points[a] + (points[b] - points[a]) * ts[:, None]
            inner = [half.add(p) for p in curves.get((a, b), straight)]
            half.edges[(a, b)] = [half.corner[a], *inner, half.corner[b]]
        return half.edge(a, b)

    for loop in cage.HOLE_LOOPS:
        for a, b in pairwise(loop):
            make_edge(a, b)
    for a, b, c, d in cage.quads():
        _fill(half, (make_edge(a, b), make_edge(d, c), make_edge(a, d), make_edge(b, c)))
    _relax(half)
    return half


def _neighbour_mean(p: Array, pairs: Indices, weight_ab: Array, weight_ba: Array) -> Array:
    a, b = pairs.T
    n = len(p)
    total = np.bincount(a, weight_ab, n) + np.bincount(b, weight_ba, n)
    out = np.empty_like(p)
    for axis in range(3):
        out[:, axis] = np.bincount(a, p[b, axis] * weight_ab, n) + np.bincount(
            b, p[a, axis] * weight_ba, n
        )
    return out / np.maximum(total, 1)[:, None]


def _relax(half: HalfMesh, rounds: int = 14) -> None:
    """Alternate tangential smoothing and projection; the holes' borders stay put."""
    p = half.array()
    ring_edges = [
        np.sort(np.array(list(pairwise(e))), 1)
        for ring in (cage.EYE, cage.EAR)
        for e in (half.edge(a, b) for a, b in pairwise((*ring, ring[0])))
    ]
    pairs = np.unique(np.concatenate([face_edges(half.faces), *ring_edges]), axis=0)
    middle = np.abs(p[:, 0]) < 1e-6
    fixed = np.zeros(len(p), bool)
    fixed[[half.corner[name] for name in (*cage.PINNED, *cage.COLLAR)]] = True
    for loop in (*cage.HOLE_LOOPS, cage.COLLAR):
        fixed[half.loop(loop)] = True
    p = project(p, form, 6)
    p[middle, 0] = 0
    a, b = pairs.T
    # a midline point's side neighbour counts twice (its mirror image)
    weight_ab = np.where(middle[a] & ~middle[b], 2.0, 1.0)
    weight_ba = np.where(middle[b] & ~middle[a], 2.0, 1.0)
    for _ in range(rounds):
        q = p + 0.5 * (_neighbour_mean(p, pairs, weight_ab, weight_ba) - p)
        q[fixed] = p[fixed]
        q[middle, 0] = 0
        p = project(q, form, 3)
        p[:, 0] = np.where(middle, 0, np.maximum(p[:, 0], 0.15))
    p = project(p, form, 5)
    p[middle, 0] = 0
    _straighten_collar(half, p)
    _smooth_hollows(p, pairs, middle)
    half.vertices = list(p)


def _straighten_collar(half: HalfMesh, p: Array) -> None:
    for a, b in zip(cage.COLLAR, cage.COLLAR[1:], strict=False):
        e = half.edge(a, b)
        azimuth = np.arctan2(p[e, 0], p[e, 2] + 24)
        p[e, 1] = -161 - 19 * np.cos(azimuth)


def _smooth_hollows(p: Array, pairs: Indices, middle: NDArray[np.bool_]) -> None:
    """Plain smoothing where the form is sharper than the mesh.

    That is behind the jaw and, in fewer rounds, in the valley beside the nose.
    """
    jaw = 0.5 * spot(p, (61, -52, -12), (22, 30, 26))
    nose = 0.5 * spot(p, (15.5, -17, 87), (8, 17, 13))
    jaw[middle] = nose[middle] = 0
    ones = np.ones(len(pairs))
    for r in range(24):
        w = np.maximum(jaw, nose) if r < 10 else np.where(nose > 0, 0, jaw)
        p += w[:, None] * (_neighbour_mean(p, pairs, ones, ones) - p)
