# SPDX-License-Identifier: GPL-3.0-or-later
"""From landmarks on the picture to landmarks in the head's own frame, and the head's pose.

A tracker of landmarks gives places on the picture and a depth in the same unit. A picture of a face
near the camera is not that of one far away: what is nearer is drawn larger. The size of the face
tells how far it is, for an assumed lens, and so each landmark is put back to its own depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray, IntArray
from ..rotations import from_vector, to_matrix
from .landmark_basis import MESH, LandmarkBasis

#: Focal length of the lens, of the picture's longer side: 58 degrees across. Phones and webcams
#: have 0.7 to 1.1; the pose errs by little, the distance in proportion.
FOCAL = 0.9
#: How much a landmark's depth counts beside its place on the picture.
DEPTH_WEIGHT = 0.1
#: A landmark that moves by less over all shapes (metres, root of the sum of squares) is still.
STILL_M = 0.0008
_ROUNDS = 4
#: Landmarks with less than this part of the largest weight are not fitted.
LEAST_WEIGHT = 0.1
#: Frames that are fitted in one go.
_AT_ONCE = 128
#: Residuals beyond this many deviations count for nothing (Tukey's biweight).
_TUKEY = 4.685
_MAD = 1.4826


@dataclass(frozen=True)
class Poses:
    """Where the head is in each frame, and its landmarks less that.

    Attributes
    ----------
    turns : (n, 3, 3) float64
        From the head's frame to the camera's: x to the picture's right, y up, z to the camera.
    places : (n, 3) float64
        The head's origin from the camera, metres.
    points : (n, p, 3) float64
        Landmarks in the head's frame, metres.
    residual : (n,) float64
        Root mean square distance of the points that were fitted, metres.
    """

    turns: FloatArray
    places: FloatArray
    points: FloatArray
    residual: FloatArray


def to_camera(landmarks_px: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Landmarks ``(n, p, 3)`` of a picture from its middle: x right, y up, z to the camera."""
    middle = np.array([size[0] / 2, size[1] / 2, 0.0])
    return (np.asarray(landmarks_px, np.float64) - middle) * np.array([1.0, -1.0, -1.0])


def find_poses(
    camera_px: FloatArray, reference: FloatArray, weights: FloatArray, focal_px: float
) -> Poses:
    """Fit a rigid reference to the landmarks of every frame.

    Parameters
    ----------
    camera_px : (n, p, 3)
        What `to_camera` gives.
    reference : (p, 3) or (n, p, 3)
        The face in its own frame, metres.
    weights : (p,)
        How still each point is; those far below the stillest are not fitted.
    focal_px : float
    """
    fitted = np.flatnonzero(weights > LEAST_WEIGHT * weights.max())
    whole = np.broadcast_to(reference, camera_px.shape)
    parts = [
        _fit_part(camera_px[part], whole[part], fitted, weights[fitted], focal_px)
        for part in (slice(k, k + _AT_ONCE) for k in range(0, len(camera_px), _AT_ONCE))
    ]
    return Poses(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _fit_part(
    camera_px: FloatArray,
    reference: FloatArray,
    fitted: IntArray,
    weights: FloatArray,
    focal_px: float,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Parts of `Poses` for some frames: their arrays stay in the processor's cache."""
    seen, still = camera_px[:, fitted], reference[:, fitted]
    trust = np.broadcast_to(weights, still.shape[:2])
    # px a metre, as if all points were at one depth
    scale, turns, places = fit_similar(still, seen, trust)
    away, places = focal_px / scale, places / scale[:, None]
    share, distance = trust, np.zeros(trust.shape)
    for _ in range(_ROUNDS):
        metric = put_back(seen, away, focal_px)
        turns, places, larger = _step(still, metric, share, turns, places)
        away, places = away / larger, places / larger[:, None]
        off = _put(still, turns, places) - put_back(seen, away, focal_px)
        distance = np.hypot(off[:, :, 0], off[:, :, 1])
        share = trust * _tukey(distance)
    square = np.sum(share * distance**2, axis=1)
    residual = np.sqrt(square / np.maximum(np.sum(share, axis=1), 1e-9))
    metric = put_back(camera_px, away, focal_px)
    points = np.matmul(metric - places[:, None], turns)
    return turns, places - away[:, None] * np.array([0.0, 0.0, 1.0]), points, residual


def _step(
    still: FloatArray,
    metric: FloatArray,
    share: FloatArray,
    turns: FloatArray,
    places: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Better turns ``(n, 3, 3)``, places ``(n, 3)`` and sizes ``(n,)``: a step of Gauss-Newton.

    Depth counts by `DEPTH_WEIGHT`: it is the tracker's guess and changes with the expression.
    """
    turned = np.matmul(still, turns.transpose(0, 2, 1))
    off = metric - turned - places[:, None]
    x, y, z = turned.transpose(2, 0, 1)
    none, one = np.zeros_like(x), np.ones_like(x)
    # columns: turn about x, y, z, movement along x, y, z, size
    rows = [
        np.stack([none, z, -y, one, none, none, x], axis=2),
        np.stack([-z, none, x, none, one, none, y], axis=2),
        np.stack([y, -x, none, none, none, one, z], axis=2),
    ]
    square = np.zeros((len(still), 7, 7))
    pull = np.zeros((len(still), 7))
    for axis, (row, weight) in enumerate(zip(rows, (1.0, 1.0, DEPTH_WEIGHT), strict=True)):
        counted = row * (weight * share)[:, :, None]
        square += np.matmul(counted.transpose(0, 2, 1), row)
        pull += np.matmul(off[:, None, :, axis], counted)[:, 0]
    square += 1e-9 * np.eye(7)
    change = np.linalg.solve(square, pull[:, :, None])[:, :, 0]
    turn = to_matrix(from_vector(change[:, :3]))
    return np.matmul(turn, turns), places + change[:, 3:6], 1.0 + change[:, 6]


def still_weights(basis: LandmarkBasis) -> FloatArray:
    """How still each landmark ``(478,)`` is: 1 where no shape moves it, 0 for the irises."""
    moved = np.sqrt((basis.moves**2).sum(axis=(0, 2)))
    out = 1.0 / (1.0 + (moved / STILL_M) ** 2)
    out[MESH:] = 0.0
    return out


def put_back(camera_px: FloatArray, away_m: FloatArray, focal_px: float) -> FloatArray:
    """Metres ``(n, p, 3)`` from the point of the view's axis that is ``away_m`` from the camera."""
    depth = camera_px[:, :, 2] * (away_m / focal_px)[:, None]
    aside = camera_px[:, :, :2] * ((away_m[:, None] - depth) / focal_px)[:, :, None]
    return np.concatenate([aside, depth[:, :, None]], axis=2)


def fit_similar(
    points: FloatArray, goal: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scales ``(n,)``, rotations ``(n, 3, 3)`` and places that bring points to their goals.

    Least squares (Umeyama 1991), every frame by itself.

    Parameters
    ----------
    points, goal : (n, p, 3)
    weights : (n, p)
    """
    share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    own = np.einsum("np,npi->ni", share, points)
    other = np.einsum("np,npi->ni", share, goal)
    centred, wanted = points - own[:, None], goal - other[:, None]
    product = np.matmul((wanted * share[:, :, None]).transpose(0, 2, 1), centred)
    left, values, right = np.linalg.svd(product)
    hand = np.sign(np.linalg.det(left) * np.linalg.det(right))
    flips = np.stack([np.ones_like(hand), np.ones_like(hand), hand], axis=1)
    turns = np.matmul(left * flips[:, None, :], right)
    spread = np.einsum("np,npi,npi->n", share, centred, centred)
    scale = (values * flips).sum(axis=1) / np.maximum(spread, 1e-300)
    return scale, turns, other - scale[:, None] * np.einsum("nij,nj->ni", turns, own)


def _put(points: FloatArray, turns: FloatArray, places: FloatArray) -> FloatArray:
    return np.matmul(points, turns.transpose(0, 2, 1)) + places[:, None]


def _tukey(off: FloatArray) -> FloatArray:
    """Shares ``(n, p)`` of residuals: those far beyond the usual one count for nothing."""
    usual = _MAD * np.median(off, axis=1, keepdims=True)
    ratio = np.minimum(off / np.maximum(_TUKEY * usual, 1e-12), 1.0)
    return (1.0 - ratio**2) ** 2
