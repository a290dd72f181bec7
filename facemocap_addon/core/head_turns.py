# SPDX-License-Identifier: GPL-3.0-or-later
"""The head's rotation in a take at any time, as a rotation vector that never jumps."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .rotations import (
    continuous_head_angles,
    continuous_vectors,
    head_vectors,
    nearest_vectors,
)
from .take import Take
from .take_sampling import valid_at_samples

HEAD = ("headYaw", "headPitch", "headRoll")


def head_turns(take: Take, times_s: FloatArray) -> FloatArray:
    """Rotation vectors ``(n, 3)`` of the head at ``times_s``, in the character's frame.

    The recorded angles, made continuous, are interpolated as all channels are (linear between
    samples and over gaps, held beyond the ends) and then turned into one rotation
    (`rotations.head_vectors`). Past half a turn the vector goes on growing, so that shares of it
    do not flip; which way it came is told by the take's own samples, whatever ``times_s`` are.

    Parameters
    ----------
    take : Take
        Angles that it lacks are nought; where one of them is missing, so is the rotation.
    times_s : (n,) float
        Seconds on the take's clock.
    """
    times = np.asarray(times_s, np.float64)
    names = [name for name in HEAD if take.has(name)]
    there = valid_at_samples(take, names).all(axis=1)
    if not names or not there.any():
        return np.zeros((len(times), 3))
    angles = np.zeros((int(there.sum()), 3))
    for name in names:
        angles[:, HEAD.index(name)] = take.values[there, take.column(name)]
    angles = continuous_head_angles(angles)
    knots = take.times[there]
    at_samples = continuous_vectors(head_vectors(*angles.T))
    vectors = head_vectors(*_interpolated(times, knots, angles).T)
    return nearest_vectors(vectors, _interpolated(times, knots, at_samples))


def _interpolated(times: FloatArray, knots: FloatArray, values: FloatArray) -> FloatArray:
    out = np.empty((len(times), values.shape[1]))
    for column in range(values.shape[1]):
        out[:, column] = np.interp(times, knots, values[:, column])
    return out
