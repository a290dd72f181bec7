# SPDX-License-Identifier: GPL-3.0-or-later
"""What never stands still in a living face."""

from __future__ import annotations

from dataclasses import dataclass

from ...layers.draws import Draws
from ...layers.micro import Micro, add_micro
from ...take import Take
from ..kind import Kind, StepContext
from ..params import param

_TASTE = "; a default of taste"


@dataclass(frozen=True, slots=True)
class MicroMovement:
    """How much of each."""

    brows_mm: float = param(
        0.04,
        label="Brows",
        what=f"Tremor of the brows, as deviation; a brow moves 10 mm at 1{_TASTE}",
        unit="mm",
        low=0.0,
        high=1.0,
    )
    lids_mm: float = param(
        0.03,
        label="Lids",
        what=f"Tremor of the lids, as deviation; a lid moves 10 mm at 1{_TASTE}",
        unit="mm",
        low=0.0,
        high=1.0,
    )
    eyes_deg: float = param(
        0.12,
        label="Eyes",
        what="Small darts and drift of the eyes, as deviation; without them where the gaze step "
        "draws micro-saccades",
        unit="degrees",
        low=0.0,
        high=1.0,
    )
    head_deg: float = param(
        0.25,
        label="Head",
        what=f"Slow sway of the head, as deviation{_TASTE}",
        unit="degrees",
        low=0.0,
        high=3.0,
    )
    weight_mm: float = param(
        2.0,
        label="Weight",
        what=f"How far weight shifts the head, where its place was recorded, as deviation{_TASTE}",
        unit="mm",
        low=0.0,
        high=20.0,
    )
    stress_deg: float = param(
        0.3,
        label="Stress",
        what=f"Roll of the head on stressed syllables{_TASTE}",
        unit="degrees",
        low=0.0,
        high=3.0,
    )
    on_target: bool = param(
        True, label="Eyes on Target", what="Eyes turn against the sway of the head"
    )
    seed: int = param(0, label="Seed", what="Another number gives other motion")


def apply(take: Take, params: MicroMovement, context: StepContext) -> Take:
    """Draw and add it."""
    micro = Micro(
        brows_mm=params.brows_mm,
        lids_mm=params.lids_mm,
        eyes_deg=params.eyes_deg,
        head_deg=params.head_deg,
        weight_mm=params.weight_mm,
        stress_deg=params.stress_deg,
        on_target=params.on_target,
    )
    return add_micro(take, micro, Draws(context.seed, params.seed))


KIND = Kind(
    "micro_movement",
    "Micro-movement",
    "Add tremor of brows and lids, small darts of the eyes and sway of the head",
    MicroMovement,
    apply,
)
