# SPDX-License-Identifier: GPL-3.0-or-later
"""Weighted rigid fits of many frames at once."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray


def fit_rigid(
    model: FloatArray, observed: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Rotations and translations with ``observed = rotation model + translation``.

    Parameters
    ----------
    model : (p, 3) or (n, p, 3) float64
    observed : (n, p, 3) float64
        Finite everywhere; what has no weight may be anything.
    weights : (n, p) float64

    Returns
    -------
    rotations : (n, 3, 3) float64
        Never mirrored. Identity where no point has weight.
    translations : (n, 3) float64
    """
    total = np.maximum(weights.sum(axis=1), 1e-300)
    share = weights / total[:, None]
    if model.ndim == 2:
        middle = share @ model
        moment = np.einsum("np,pi,npj->nij", share, model, observed, optimize=True)
    else:
        middle = np.einsum("np,npi->ni", share, model)
        moment = np.einsum("npi,npj->nij", model * share[:, :, None], observed)
    centre = np.einsum("np,npi->ni", share, observed)
    moment -= middle[:, :, None] * centre[:, None, :]
    left, _sizes, right = np.linalg.svd(moment)
    turn = np.swapaxes(right, 1, 2) @ np.swapaxes(left, 1, 2)
    mirrored = np.linalg.det(turn) < 0
    # the least certain axis is turned round, which is the best rotation there is
    right[mirrored, 2] *= -1
    rotations = np.swapaxes(right, 1, 2) @ np.swapaxes(left, 1, 2)
    rotations[weights.sum(axis=1) <= 0] = np.eye(3)
    return rotations, centre - np.einsum("nij,nj->ni", rotations, middle)


def distances_to(
    model: FloatArray, observed: FloatArray, rotations: FloatArray, translations: FloatArray
) -> FloatArray:
    """How far each point ``(n, p)`` lies from where the rigid motion puts it."""
    placed = model @ np.swapaxes(rotations, 1, 2) + translations[:, None]
    return np.linalg.norm(observed - placed, axis=2)


def breadth(model: FloatArray, weights: FloatArray) -> FloatArray:
    """Deviation of the points ``(n,)`` from the line that passes them best: 0 when collinear.

    ``model`` is ``(p, 3)``, ``weights`` ``(n, p)``.
    """
    share = weights / np.maximum(weights.sum(axis=1), 1e-300)[:, None]
    middle = share @ model
    moment = np.einsum("np,pi,pj->nij", share, model, model, optimize=True)
    moment -= middle[:, :, None] * middle[:, None, :]
    return np.sqrt(np.maximum(np.linalg.eigvalsh(moment)[:, 1], 0.0))


def turn_covariance(
    model: FloatArray, weights: FloatArray, noise_m: float
) -> tuple[FloatArray, FloatArray]:
    """How uncertain the fitted motion is.

    Parameters
    ----------
    model : (p, 3) float64
    weights : (n, p) float64
        One for a point with the usual noise.
    noise_m : float
        Deviation of one coordinate.

    Returns
    -------
    turn : (n, 3, 3) float64
        Covariance of the rotation vector in the head's own axes, radians squared.
    place : (n,) float64
        Variance of each coordinate of the points' middle, square metres.
    """
    total = np.maximum(weights.sum(axis=1), 1e-12)
    middle = (weights @ model) / total[:, None]
    moment = np.einsum("np,pi,pj->nij", weights, model, model, optimize=True)
    moment -= total[:, None, None] * middle[:, :, None] * middle[:, None, :]
    trace = np.trace(moment, axis1=1, axis2=2)
    stiff = trace[:, None, None] * np.eye(3) - moment
    floor = 1e-9 * np.maximum(trace, 1e-12)
    stiff += floor[:, None, None] * np.eye(3)
    return noise_m**2 * np.linalg.inv(stiff), noise_m**2 / total
