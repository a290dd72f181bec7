# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of MediaPipe's face landmarker, whatever file its results are in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..take import Take

#: What is said of the head's pose.
MATRIX_FRAME = "the camera"
RATE_HZ = 30.0
#: Coefficients that the landmarker has and hardly ever moves (measured on a take of 1002 frames).
_UNSEEN = ("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "jawForward", "noseSneerLeft",
           "noseSneerRight")  # fmt: skip
_MOVES = 0.02
#: A face may well keep its cheeks still for this many samples.
_ENOUGH = 60


def say_unseen(take: Take) -> Take:
    """The take, with a warning of the coefficients that MediaPipe left lying."""
    unseen = [
        name
        for name in _UNSEEN
        if take.samples >= _ENOUGH
        and take.has(name)
        and float(np.max(take.values[take.valid[:, take.column(name)], take.column(name)])) < _MOVES
    ]
    if not unseen:
        return take
    warning = (
        f"MediaPipe hardly sees {', '.join(unseen)}: "
        f"they stay below {_MOVES:g} and should not be scaled up."
    )
    return replace(take, warnings=(*take.warnings, warning))
