# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on a character the face is, before any direction is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .eyeballs import find_eyes
from .scan import Motion

#: A shape that moves more than this part of all points changes the person, not the expression.
WHOLE = 0.6
#: The face reaches this many eye distances from between the eyes.
REACH = 2.2


@dataclass(frozen=True)
class FacePoints:
    """Which points ``(n,)`` belong to the face, and about how large it is in metres."""

    rows: BoolArray
    size_m: float


def moving_points(count: int, motions: Sequence[Motion]) -> BoolArray:
    """Points that some local motion takes along."""
    out = np.zeros(count, np.bool_)
    for motion in motions:
        if len(motion.rows) < WHOLE * count:
            out[motion.rows] = True
    return out


def find_face_points(
    points: FloatArray, islands: IntArray, motions: Sequence[Motion], pivots: FloatArray
) -> FacePoints:
    """The face by its eyeballs; without any by what shapes move; without these everything."""
    moves = moving_points(len(points), motions)
    eyes = find_eyes(points, islands, moves if moves.any() else None, pivots)
    if eyes is not None:
        apart = float(np.linalg.norm(eyes[0].centre - eyes[1].centre))
        middle = 0.5 * (eyes[0].centre + eyes[1].centre)
        return FacePoints(np.linalg.norm(points - middle, axis=1) < REACH * apart, 2.0 * apart)
    if moves.any():
        return FacePoints(moves, float(np.ptp(points[moves], axis=0).max()))
    return FacePoints(np.ones(len(points), np.bool_), 0.1 * float(np.ptp(points, axis=0).max()))
