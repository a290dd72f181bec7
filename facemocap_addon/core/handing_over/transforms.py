# SPDX-License-Identifier: GPL-3.0-or-later
"""Transforms as places, turns and sizes, which is all that files and keys hold of them."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..rotations import to_matrix

#: Axes that are this far from square are sheared.
_SQUARE = 1e-6
_SMALL = 1e-12


def split_transforms(matrices: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Places ``(n, 3)``, unit quaternions ``(n, 4)`` and sizes ``(n, 3)`` of ``(n, 4, 4)``.

    A mirrored transform has negative sizes. Of a sheared one the nearest turn is taken, and the
    sizes along its axes: shear is lost.
    """
    part = np.asarray(matrices, np.float64)[:, :3, :3]
    mirrored = np.where(np.linalg.det(part) < 0, -1.0, 1.0)
    sizes: FloatArray = np.sqrt((part**2).sum(axis=1)) * mirrored[:, None]
    turned = part / np.where(np.abs(sizes) < _SMALL, 1.0, sizes)[:, None, :]
    apart: FloatArray = np.abs(np.swapaxes(turned, 1, 2) @ turned - np.eye(3)).max(axis=(1, 2))
    crooked = apart > _SQUARE
    if crooked.any():
        left, _, right = np.linalg.svd(part[crooked] * mirrored[crooked][:, None, None])
        turned[crooked] = left @ right
        along = np.swapaxes(turned[crooked], 1, 2) @ part[crooked]
        sizes[crooked] = np.diagonal(along, axis1=1, axis2=2)
    return np.array(matrices[:, :3, 3], np.float64), _quaternions(turned), sizes


def join_transforms(places: FloatArray, turns: FloatArray, sizes: FloatArray) -> FloatArray:
    """Matrices ``(n, 4, 4)`` of places, unit quaternions and sizes."""
    out = np.zeros((len(places), 4, 4))
    out[:, :3, :3] = to_matrix(turns) * sizes[:, None, :]
    out[:, :3, 3] = places
    out[:, 3, 3] = 1.0
    return out


def _quaternions(turns: FloatArray) -> FloatArray:
    """Unit quaternions ``(n, 4)``, w first, of turns ``(n, 3, 3)``."""
    xx, yy, zz = turns[:, 0, 0], turns[:, 1, 1], turns[:, 2, 2]
    # four times the square of each part; the largest divides
    squares = np.stack(
        [1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], axis=1
    )
    off = {
        (0, 1): turns[:, 2, 1] - turns[:, 1, 2],
        (0, 2): turns[:, 0, 2] - turns[:, 2, 0],
        (0, 3): turns[:, 1, 0] - turns[:, 0, 1],
        (1, 2): turns[:, 1, 0] + turns[:, 0, 1],
        (1, 3): turns[:, 0, 2] + turns[:, 2, 0],
        (2, 3): turns[:, 2, 1] + turns[:, 1, 2],
    }
    products = np.zeros((len(turns), 4, 4))
    for place in range(4):
        products[:, place, place] = squares[:, place]
    for (one, two), values in off.items():
        products[:, one, two] = products[:, two, one] = values
    best = np.argmax(squares, axis=1)
    out = products[np.arange(len(turns)), best]
    return out / np.sqrt((out**2).sum(axis=1, keepdims=True))
