# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyeballs without names: the pair of round pieces that are equal, apart, and mirror each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .solvers import nearest_distances

#: Fewest points of an eyeball.
FEWEST = 24
#: Largest deviation from a sphere, in radii: a cornea bulges, an iris is hollow.
ROUGHEST = 0.16
#: Length of the mean direction from the centre to the points: a shell that is open at the back has
#: a half, an arc of lashes nearly one.
ONE_WAY = 0.75
#: How much two eyeballs' radii may differ.
UNEQUAL = 0.06


@dataclass(frozen=True)
class Ball:
    """A round piece: centre (3,) and radius in metres, and which points belong to it."""

    centre: FloatArray
    radius: float
    rough: float
    rows: IntArray


def fit_sphere(points: FloatArray) -> tuple[FloatArray, float, float]:
    """Centre ``(3,)``, radius, and root mean square deviation in radii, by least squares."""
    middle = points.mean(axis=0)
    local = points - middle
    system = np.concatenate([2 * local, np.ones((len(local), 1))], axis=1)
    solved = np.linalg.lstsq(system, (local**2).sum(axis=1), rcond=None)[0]
    radius = float(np.sqrt(max(solved[3] + solved[:3] @ solved[:3], 1e-30)))
    away = np.linalg.norm(local - solved[:3], axis=1)
    return middle + solved[:3], radius, float(np.sqrt(np.mean((away - radius) ** 2))) / radius


def find_balls(points: FloatArray, islands: IntArray) -> list[Ball]:
    """All round pieces, also shells that are open at the back."""
    order = np.argsort(islands, kind="stable")
    pieces = np.split(order, np.flatnonzero(np.diff(islands[order])) + 1)
    found: list[Ball] = []
    for rows in pieces:
        if len(rows) < FEWEST:
            continue
        own = points[rows]
        extent = np.sort(np.ptp(own, axis=0))
        if extent[0] < 0.2 * extent[2]:
            continue
        centre, radius, rough = fit_sphere(own)
        arms = (own - centre) / max(radius, 1e-12)
        if float(np.linalg.norm(arms.mean(axis=0))) > ONE_WAY:
            continue
        if rough < ROUGHEST and extent[2] > 1.2 * radius and extent[2] < 2.6 * radius:
            found.append(Ball(centre, radius, rough, rows))
    return found


def find_eyes(
    points: FloatArray,
    islands: IntArray,
    moves: BoolArray | None = None,
    pivots: FloatArray | None = None,
) -> tuple[Ball, Ball] | None:
    """The two eyeballs in no particular order, or None.

    Parameters
    ----------
    points : (n, 3) metres
    islands : (n,) int
    moves : (n,) bool, optional
        Points that some control of the face moves: the eyes lie among them.
    pivots : (b, 3), optional
        Where bones begin: an eye that is turned by a bone has one at its centre.

    Notes
    -----
    Of all pairs of equal round pieces the one counts whose middle plane mirrors most of the points
    between and around them onto points again; buttons, earrings and snaps have none or are small.
    """
    balls = find_balls(points, islands)
    best: tuple[float, Ball, Ball] | None = None
    for place, one in enumerate(balls):
        for two in balls[place + 1 :]:
            apart = float(np.linalg.norm(one.centre - two.centre))
            mean = 0.5 * (one.radius + two.radius)
            if abs(one.radius - two.radius) > UNEQUAL * mean:
                continue
            # human eyes lie 5.2 radii apart, large drawn ones touch each other almost
            if not 1.9 < apart / mean < 8.0 or abs(len(one.rows) - len(two.rows)) > 0.1 * len(
                one.rows
            ):
                continue
            score = _mirrored(points, one, two, apart)
            score *= float(np.exp(-max(one.rough, two.rough) / 0.05))
            score *= mean ** (1 / 3)
            if moves is not None:
                score *= 0.2 + _moving_near(points, moves, one, two)
            if pivots is not None and len(pivots):
                score *= 1.0 if _has_pivot(pivots, one) and _has_pivot(pivots, two) else 0.3
            if best is None or score > best[0] * 1.001:
                best = (score, one, two)
    return best[1:] if best else None


def _mirrored(points: FloatArray, one: Ball, two: Ball, apart: float) -> float:
    """Share of the points nearby whose mirror image lies close to a point."""
    middle = 0.5 * (one.centre + two.centre)
    across = (one.centre - two.centre) / apart
    near = points[np.linalg.norm(points - middle, axis=1) < 2.0 * apart]
    near = near[:: max(1, len(near) // 1500)]
    images = near - 2.0 * ((near - middle) @ across)[:, None] * across
    away = nearest_distances(points, images)
    return float(np.mean(away < 0.05 * apart)) * min(1.0, len(near) / 300)


def _has_pivot(pivots: FloatArray, ball: Ball) -> bool:
    return float(np.linalg.norm(pivots - ball.centre, axis=1).min()) < 0.3 * ball.radius


def _moving_near(points: FloatArray, moves: BoolArray, one: Ball, two: Ball) -> float:
    """Share of the points around both balls that some control moves; the lesser of the two."""
    shares: list[float] = []
    for ball in (one, two):
        near = np.linalg.norm(points - ball.centre, axis=1) < 1.5 * ball.radius
        shares.append(float(np.mean(moves[near])) if near.any() else 0.0)
    return min(shares)
