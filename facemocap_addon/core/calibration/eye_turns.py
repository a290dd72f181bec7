# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyeballs that turn, as displacements of their points."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..probing.face_frame import FaceFrame


def eye_field(turns: FloatArray, frame: FaceFrame) -> FloatArray:
    """Displacements ``(n, 3)`` in metres under two rotation vectors ``(6,)``, left eye first."""
    field = np.zeros((len(frame.plain), 3))
    for place, ball in enumerate(frame.balls):
        vector = turns[3 * place : 3 * place + 3]
        angle = float(np.linalg.norm(vector))
        if not ball.any() or angle == 0.0:
            continue
        arms = frame.plain[ball] - frame.centres[place]
        axis = vector / angle
        # Rodrigues' formula
        cross = np.array(
            [[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]]
        )
        turn = np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
        field[ball] = arms @ turn.T
    return field @ frame.axes * frame.eye_distance_m
