# SPDX-License-Identifier: GPL-3.0-or-later
"""How the head is held, eyes on their target."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...formats.head_pose import HEAD_ANGLES
from ...layers.draws import Draws
from ...layers.posture import CONTEXTS, Posture, hold_posture
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param

NO_HEAD = "The head was not recorded, so it does not move; after a step Still Head it would."
#: Less (radians) is not worth a word.
_LEAST_TOLD = math.radians(0.5)


@dataclass(frozen=True, slots=True)
class PostureParams:
    """Offsets of the head."""

    context: str = param(
        "none",
        label="Context",
        what="What the performance is to read as; its offsets are defaults of taste",
        choices=tuple(CONTEXTS),
    )
    amount: float = param(1.0, label="Amount", what="How much of that", low=0.0, high=3.0)
    chin_deg: float = param(
        0.0,
        label="Chin Up",
        what="More to that, down below 0",
        unit="degrees",
        low=-30.0,
        high=30.0,
    )
    turn_deg: float = param(
        0.0,
        label="Turn",
        what="More to the subject's left, to the right below 0",
        unit="degrees",
        low=-45.0,
        high=45.0,
    )
    tilt_deg: float = param(
        0.0,
        label="Tilt",
        what="More to the left shoulder, to the right one below 0",
        unit="degrees",
        low=-30.0,
        high=30.0,
    )
    lean_m: float = param(
        0.0,
        label="Lean In",
        what="How far the head comes to the front, where its place was recorded",
        unit="m",
        low=-0.3,
        high=0.3,
    )
    rise_m: float = param(
        0.0,
        label="Rise",
        what="How far the head rises, where its place was recorded",
        unit="m",
        low=-0.3,
        high=0.3,
    )
    on_target: bool = param(
        True, label="Eyes on Target", what="Eyes turn back, so that they look where they looked"
    )
    variation: float = param(
        0.15,
        label="Variation",
        what="By which part it slowly comes and goes; a default of taste",
        low=0.0,
        high=1.0,
    )
    seed: int = param(0, label="Seed", what="Another number gives another variation")


def apply(take: Take, params: PostureParams, context: StepContext) -> Outcome:
    """Hold the head so; say where the eyes cannot stay on target."""
    own = Posture(params.chin_deg, params.turn_deg, params.tilt_deg, params.lean_m, params.rise_m)
    posture = own.plus(CONTEXTS[params.context], params.amount)
    if posture == Posture() or not take.samples:
        return Outcome(take)
    draws = Draws(context.seed, params.seed)
    out, beyond = hold_posture(take, posture, params.variation, draws, eyes=params.on_target)
    remarks: list[str] = [] if all(map(take.has, HEAD_ANGLES)) else [NO_HEAD]
    if beyond > _LEAST_TOLD:
        remarks.append(f"Eyes miss their target by up to {math.degrees(beyond):.0f} degrees.")
    return Outcome(out, tuple(remarks))


KIND = Kind(
    "posture",
    "Posture",
    "Hold the head otherwise, with the eyes where they looked: confident, wary, tired",
    PostureParams,
    apply,
)
