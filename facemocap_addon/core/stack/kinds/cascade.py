# SPDX-License-Identifier: GPL-3.0-or-later
"""Muscles take each other along, as far as the capture lacks it."""

from __future__ import annotations

from dataclasses import dataclass

from ...layers.cascade import add_cascade
from ...layers.cascade_rules import EXPRESSIONS, USUAL_RULES, CascadeRule
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param, record_param

_HOW = "; all gains and lags are defaults of taste"


@dataclass(frozen=True, slots=True)
class Cascade:
    """How strong, and by which table."""

    smile: float = param(
        1.0,
        label="Smile",
        what=f"A smile lifts the cheeks, deepens the fold beside the nose, narrows the eyes{_HOW}",
        low=0.0,
        high=3.0,
    )
    frown: float = param(
        1.0,
        label="Frown",
        what=f"Knit brows narrow the eyes and are let go in two stages{_HOW}",
        low=0.0,
        high=3.0,
    )
    surprise: float = param(
        1.0,
        label="Surprise",
        what=f"Raised brows raise their outer ends and widen the eyes{_HOW}",
        low=0.0,
        high=3.0,
    )
    disgust: float = param(
        1.0,
        label="Disgust",
        what=f"A wrinkled nose raises lip and cheeks and lowers the brows{_HOW}",
        low=0.0,
        high=3.0,
    )
    press: float = param(
        1.0,
        label="Lip Press",
        what=f"Pressed lips roll in and lift the chin{_HOW}",
        low=0.0,
        high=3.0,
    )
    rules: tuple[CascadeRule, ...] = record_param(
        CascadeRule,
        label="Table",
        what="Rows instead of those of the default table",
        example={"driver": "mouthSmile", "follower": "cheekSquint", "threshold": 0.25, "gain": 0.6},
    )


def apply(take: Take, params: Cascade, context: StepContext) -> Outcome:
    """Add what lacks, and say where how much."""
    del context
    if take.samples < 2:
        return Outcome(take)
    strengths = {name: getattr(params, name) for name in EXPRESSIONS}
    out, most = add_cascade(take, params.rules or USUAL_RULES, strengths)
    remarks: tuple[str, ...] = ()
    if most:
        parts = [f"{name} {value:.2f}" for name, value in sorted(most.items())]
        remarks = (f"At most more: {', '.join(parts)}.",)
    return Outcome(out, remarks, {"channels_followed": len(most)})


KIND = Kind(
    "cascade",
    "Cascade",
    "Let a smile take cheeks and eyes along, a frown the eyes, where the capture lacks it",
    Cascade,
    apply,
)
