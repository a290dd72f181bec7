# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points of a character are the skin of its face."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray
from ..probing.face_frame import FaceFrame
from ..probing.scan import Scan


def face_skin(scan: Scan, frame: FaceFrame) -> BoolArray:
    """Points ``(n,)`` of the piece of which most lies within the face and moves in expressions."""
    moves = np.zeros(len(scan.points), np.bool_)
    for motion in scan.motions:
        if frame.is_local(motion):
            moves[motion.rows] = True
    moves &= frame.face & ~(frame.balls[0] | frame.balls[1] | frame.covers)
    if not moves.any():
        moves = frame.face
    within = np.bincount(scan.islands[moves], minlength=int(scan.islands.max()) + 1)
    return scan.islands == int(np.argmax(within))
