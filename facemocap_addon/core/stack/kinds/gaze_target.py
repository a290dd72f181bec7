# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze target: eyes look where they are aimed."""

from __future__ import annotations

from dataclasses import dataclass

from ...events.gaze.aims import GazeAim, aim_eyes
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param, record_param


@dataclass(frozen=True, slots=True)
class GazeTarget:
    """Where the eyes are aimed."""

    lids: bool = param(
        True, label="Lids Follow", what="Lids go with the gaze as far as they do in this take"
    )
    aims: tuple[GazeAim, ...] = record_param(
        GazeAim,
        label="Aims",
        what="Where each eye looks in the head, from moment to moment",
        example={"at_s": 1.25, "left": [4.0, -2.0], "right": [7.5, -2.0]},
    )


def apply(take: Take, params: GazeTarget, context: StepContext) -> Outcome:
    """Aim the eyes."""
    del context
    out, samples = aim_eyes(take, params.aims, lids=params.lids)
    said = ()
    if params.aims and not samples:
        said = ("No gaze was recorded that could be aimed, or not at the time of the aims.",)
    return Outcome(out, said, {"aimed": samples})


KIND = Kind(
    "gaze_target",
    "Gaze Target",
    "Aim the eyes at a target object; the target is chosen in the Gaze panel",
    GazeTarget,
    apply,
)
