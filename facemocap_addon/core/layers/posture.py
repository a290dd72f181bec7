# SPDX-License-Identifier: GPL-3.0-or-later
"""How a head is held: chin, turn, tilt and lean on top of a performance, eyes on their target."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..take import Take
from .draws import Draws
from .samples import seconds_of
from .turning import moved_head, turned_head


@dataclass(frozen=True, slots=True)
class Posture:
    """Offsets of the head.

    Attributes
    ----------
    chin_deg : float
        Chin up.
    turn_deg, tilt_deg : float
        To the subject's left, and to the left shoulder.
    lean_m, rise_m : float
        To the front, and up; where the head's place was recorded.
    """

    chin_deg: float = 0.0
    turn_deg: float = 0.0
    tilt_deg: float = 0.0
    lean_m: float = 0.0
    rise_m: float = 0.0

    def plus(self, other: Posture, part: float) -> Posture:
        """With a part of another one added."""
        return Posture(
            self.chin_deg + part * other.chin_deg,
            self.turn_deg + part * other.turn_deg,
            self.tilt_deg + part * other.tilt_deg,
            self.lean_m + part * other.lean_m,
            self.rise_m + part * other.rise_m,
        )


#: How a performance comes to read as these; defaults of taste.
CONTEXTS = {
    "none": Posture(),
    "confident": Posture(3.0, 0.0, 0.0, 0.01, 0.01),
    "wary": Posture(-4.0, 6.0, -2.0, -0.03, -0.005),
    "tired": Posture(-5.0, 0.0, 3.0, 0.015, -0.02),
}
#: How slowly a posture changes (s).
_EVERY_S = 6.0


def hold_posture(
    take: Take, posture: Posture, variation: float, draws: Draws, *, eyes: bool
) -> tuple[Take, float]:
    """The take with its head held so.

    Parameters
    ----------
    take : Take
    posture : Posture
    variation : float
        By which part it comes and goes, slowly.
    draws : Draws
    eyes : bool
        Eyes stay on target.

    Returns
    -------
    take : Take
    beyond : float
        Radians by which the eyes would have had to turn further than they can.
    """
    seconds = seconds_of(take)
    share = np.ones(take.samples)
    if variation:
        share = np.maximum(1.0 + variation * draws.wander("posture", seconds, _EVERY_S), 0.0)
    held = (posture.turn_deg, posture.chin_deg, posture.tilt_deg)
    turns = share[:, None] * np.array([math.radians(each) for each in held])
    out, beyond = turned_head(take, turns, "posture", eyes=eyes)
    metres = {"headZ": posture.lean_m, "headY": posture.rise_m}
    moves = {name: share * amount for name, amount in metres.items() if amount}
    return moved_head(out, moves, "posture"), beyond
