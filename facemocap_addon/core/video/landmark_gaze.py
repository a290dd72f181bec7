# SPDX-License-Identifier: GPL-3.0-or-later
"""Where eyes look, from the landmarks of their irises: a line of sight met by the eyeball."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..gaze.gaze_angles import LOOK_RAD, to_direction, to_gaze
from .landmark_basis import EYES, LandmarkBasis
from .landmark_solve import eye_opening

#: Below this part of its usual opening an eye hides where it looks.
OPEN_SHARE = 0.55
_FARTHEST = 0.95


def find_gaze(
    points: FloatArray, views: FloatArray, side: str, neutral: FloatArray, basis: LandmarkBasis
) -> tuple[FloatArray, BoolArray]:
    """Directions ``(n, 3)`` of an eye in the head's frame, and in which frames it can be told.

    Parameters
    ----------
    points : (n, 478, 3)
        Landmarks in the head's frame, metres.
    views : (n, 3)
        Unit vectors from the head to the camera, in the head's frame.
    side : str
    neutral : (478, 3)
        The person's own face, for the usual opening of the eye.
    basis : LandmarkBasis
        Where the middle of the eyeball is from the corners of the eye.
    """
    eye = EYES[side]
    corners = [eye["outer"], eye["inner"]]
    middle: FloatArray = np.mean(basis.neutral[corners], axis=0)
    own = basis.centres[0 if side == "left" else 1]
    pupil: FloatArray = basis.neutral[eye["iris"]] - own
    radius = float(np.linalg.norm(pupil))
    centre: FloatArray = np.mean(points[:, corners], axis=1) + (own - middle)
    off: FloatArray = points[:, eye["iris"]] - centre
    # MediaPipe's depth of the iris is a guess: the line of sight through it meets the eyeball
    along = np.sum(off * views, axis=1, keepdims=True)
    aside = off - along * views
    far = np.linalg.norm(aside, axis=1, keepdims=True)
    aside *= np.minimum(1.0, _FARTHEST * radius / np.maximum(far, 1e-12))
    depth = np.sqrt(np.maximum(radius**2 - np.sum(aside**2, axis=1, keepdims=True), 0.0))
    usual = float(eye_opening(neutral[None], side)[0])
    return (aside + depth * views) / radius, eye_opening(points, side) >= OPEN_SHARE * usual


def conjugate(
    left: FloatArray, right: FloatArray, told: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Directions of both eyes, less what they differ by all the time, half from each.

    The corners of a person's eyes are not where those of the sample head are; eyes move together.
    """
    gazes = to_gaze(left), to_gaze(right)
    if not told.any():
        return left, right
    half = np.median((gazes[0] - gazes[1])[told], axis=0) / 2
    return to_direction(gazes[0] - half), to_direction(gazes[1] + half)


def look_coefficients(direction: FloatArray, side: str) -> dict[str, FloatArray]:
    """The four coefficients ``(n,)`` of an eye that looks along directions ``(n, 3)``."""
    azimuth, elevation = to_gaze(direction).T
    outward = azimuth if side == "left" else -azimuth
    ways = {"Out": outward, "In": -outward, "Up": elevation, "Down": -elevation}
    return {
        f"eyeLook{way}{side.title()}": np.clip(angle / LOOK_RAD[way], 0.0, 1.0)
        for way, angle in ways.items()
    }
