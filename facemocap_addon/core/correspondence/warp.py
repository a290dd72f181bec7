# SPDX-License-Identifier: GPL-3.0-or-later
"""A smooth map from face to face that meets matched places as exactly as each is known.

The displacements are taken to be a smooth random field (two Matérn kernels: whole features that
shift, and details); what is most likely given the matched places is interpolated from them. Far
away the field dies out, so nothing is thrown about where nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray

#: Reach and size of each part of the field, eye distances.
PARTS = ((1.5, 0.25), (0.45, 0.06))
#: Nothing is stretched or squeezed by more than this factor.
BENDING = 3.0
#: How much less each place is believed with each try that bends too much, and the most tries.
_LOOSER, _TRIES = 1.6, 10
_LEAST = 1e-3


@dataclass(frozen=True)
class FaceWarp:
    """Displacements as sums of kernels around the matched places.

    Attributes
    ----------
    centres : (k, 3)
    pulls : (k, 3)
    inverse : (k, k)
        Of the covariance of what was observed; tells how sure a displacement is.
    """

    centres: FloatArray
    pulls: FloatArray
    inverse: FloatArray

    def at(self, places: FloatArray) -> FloatArray:
        """Where the map takes places ``(n, 3)``."""
        if not len(self.centres):
            return np.array(places, np.float64)
        return places + _kernel(places, self.centres) @ self.pulls

    def doubt(self, places: FloatArray) -> FloatArray:
        """Deviation ``(n,)`` of the displacement at places ``(n, 3)``."""
        whole = sum(size**2 for _, size in PARTS)
        if not len(self.centres):
            return np.full(len(places), np.sqrt(whole))
        near = _kernel(places, self.centres)
        known = np.einsum("nk,kl,nl->n", near, self.inverse, near)
        return np.sqrt(np.maximum(whole - known, 0.0))


def fit_face_warp(source: FloatArray, target: FloatArray, spread: FloatArray) -> FaceWarp:
    """The map that takes places ``source`` ``(k, 3)`` to ``target``.

    Parameters
    ----------
    source, target : (k, 3)
        Eye distances.
    spread : (k,)
        How exactly each pair is known; where the map would fold or tear the face, less is believed.
    """
    covariance = _kernel(source, source)
    wanted = target - source
    warp = FaceWarp(source, np.zeros_like(source), np.zeros((len(source), len(source))))
    if not len(source):
        return warp
    spread = np.maximum(np.asarray(spread, np.float64), _LEAST)
    for _ in range(_TRIES):
        inverse = np.linalg.inv(covariance + np.diag(spread**2))
        warp = FaceWarp(source, inverse @ wanted, inverse)
        if bending(warp, source) <= BENDING:
            break
        spread = spread * _LOOSER
    return warp


def bending(warp: FaceWarp, places: FloatArray, step: float = 0.02) -> float:
    """The largest factor by which the map stretches or squeezes anything at places ``(n, 3)``.

    Infinite where it turns the inside out.
    """
    if not len(places):
        return 1.0
    slopes = _slopes(warp, places, step)
    if (np.linalg.det(slopes) <= 0).any():
        return float("inf")
    sizes = np.linalg.svd(slopes, compute_uv=False)
    return float(max(sizes.max(), 1.0 / sizes.min()))


def turning(warp: FaceWarp, places: FloatArray, step: float = 0.05) -> FloatArray:
    """How the map turns what is at places ``(n, 3)``: rotations ``(n, 3, 3)``."""
    left, _, right = np.linalg.svd(_slopes(warp, places, step))
    hand = np.linalg.det(left @ right)
    left[:, :, 2] *= hand[:, None]
    return left @ right


def _slopes(warp: FaceWarp, places: FloatArray, step: float) -> FloatArray:
    columns = [
        (warp.at(places + step * axis) - warp.at(places - step * axis)) / (2 * step)
        for axis in np.eye(3)
    ]
    return np.stack(columns, axis=2)


def _kernel(places: FloatArray, centres: FloatArray) -> FloatArray:
    away = np.linalg.norm(places[:, None] - centres[None], axis=2)
    out = np.zeros_like(away)
    for reach, size in PARTS:
        scaled = away * (np.sqrt(3.0) / reach)
        out += size**2 * (1.0 + scaled) * np.exp(-scaled)
    return out
