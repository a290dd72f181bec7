# SPDX-License-Identifier: GPL-3.0-or-later
"""How far face bones go where only their rest places are known: lids, jaw, eye distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .bone_roles import Bone, Cast, motions_of

#: Closing angle of lids (degrees, both together) where the rest pose does not tell.
LID_DEGREES = 44.0
#: Least angle of lids whose bones lie on them: such a bone is not always at the margin, and eyes
#: stand open by 33 degrees or more.
LEAST_LID_DEGREES = 36.0
#: A lid bone that begins this far from the eye (eye distances) lies on the lid and is moved.
AT_EYE = 0.1
#: Distance between the eyes where there are no eye bones to tell (a human face in metres).
EYE_DISTANCE = 0.063


class Amounts:
    """Sizes of motions on one character.

    Parameters
    ----------
    cast : Cast
    centres : dict of str to (3,)
        Centre of each eye by its side, where bones tell.
    """

    def __init__(self, cast: Cast, centres: dict[str, FloatArray]) -> None:
        self._cast = cast
        self._centres = centres
        left, right = (self._first("eye", side) for side in "LR")
        between = float(np.linalg.norm(left.at - right.at)) if left and right else 0.0
        self.eye_distance = between if between > 1e-4 else EYE_DISTANCE

    def _first(self, role: str, side: str) -> Bone | None:
        return next(iter(self._cast.get((role, side), ())), None)

    def radians(self, motion: dict[str, Any], side: str) -> float:
        """Angle of a turn at channel value 1."""
        if motion["amount"] == "lid":
            return self._lid_rad(side) * motion["share"]
        return math.radians(motion["amount"])

    def length(self, motion: dict[str, Any], bone: Bone) -> float:
        """Length of a shift at channel value 1, in the armature's units."""
        if motion["amount"] == "jaw drop":
            return self._jaw_drop(bone) * motion["share"]
        return motion["amount"] * self.eye_distance

    def arm(self, motion: dict[str, Any], bone: Bone, side: str) -> FloatArray | None:
        """From the point that a turn is about to the bone; None where the bone turns itself.

        Bones that lie on a lid, and not at the eye's centre, are moved along the lid's way.
        """
        centre = self._centres.get(side) if motion.get("about") == "eye" else None
        if centre is None:
            return None
        arm = bone.at - centre
        return arm if np.linalg.norm(arm) > AT_EYE * self.eye_distance else None

    def _lid_rad(self, side: str) -> float:
        """Angle between the lids of one eye, about the axis across the face."""
        upper, lower = self._first("lid_upper", side), self._first("lid_lower", side)
        if upper and lower:
            near = np.linalg.norm(upper.at - lower.at) < AT_EYE * self.eye_distance
            centre = self._centres.get(side)
            ends, least = [upper.tail - upper.at, lower.tail - lower.at], 0.0
            if not near and centre is not None:
                ends, near = [upper.at - centre, lower.at - centre], True
                least = math.radians(LEAST_LID_DEGREES)
            rise = [math.atan2(*end[1:3]) for end in ends]
            if near and 0.1 < rise[0] - rise[1] < 1.5:
                return max(rise[0] - rise[1], least)
        return math.radians(LID_DEGREES)

    def _jaw_drop(self, lip: Bone) -> float:
        """How far a wide open jaw takes the lips apart."""
        jaw = self._first("jaw", "C")
        if jaw is None:
            return 0.0
        opening = next(m["amount"] for m in motions_of("jaw") if m["channel"] == "jawOpen")
        return float(np.linalg.norm((lip.at - jaw.at)[1:])) * math.radians(opening)
