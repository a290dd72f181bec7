# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right differ more or less, or again where the tracker mirrors them."""

from __future__ import annotations

from dataclasses import dataclass

from ...layers.asymmetry import MOST_LAG_S, RESTORED, Sides, change_sides
from ...layers.draws import Draws
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import ByRegion, param


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """How much, where, and whose side."""

    amount: float = param(
        1.0,
        label="Captured",
        what="Part of the captured difference of left and right that is kept; 0 mirrors the face",
        low=0.0,
        high=3.0,
    )
    regions: ByRegion = param(  # noqa: RUF009
        (),
        label="By Region",
        what="Parts of single regions, instead of the one of all",
        low=0.0,
        high=3.0,
    )
    index: float = param(
        0.04,
        label="Index",
        what="How much eyes and brows are to differ where the tracker gave both sides alike, as a "
        "part of both; 0.02 to 0.06 is what faces do",
        low=0.0,
        high=0.2,
    )
    indexes: ByRegion = param(  # noqa: RUF009
        (),
        label="Index by Region",
        what="The same for single regions, for the mouth too where it is named here",
        low=0.0,
        high=0.2,
    )
    follow: float = param(
        0.4,
        label="Follow Mouth",
        what="How much they follow the stronger side of the mouth; 0.3 to 0.5 is a default of "
        "taste",
        low=0.0,
        high=1.0,
    )
    bias: float = param(
        0.02,
        label="Left Side",
        what="How much stronger the left always is, or the right below 0; studies disagree, so "
        "this is a default of taste",
        low=-0.2,
        high=0.2,
    )
    variation: float = param(
        0.03,
        label="Variation",
        what="How much that changes over time; a default of taste",
        low=0.0,
        high=0.2,
    )
    variation_s: float = param(
        3.0,
        label="Variation Time",
        what="How slowly it changes; a default of taste",
        unit="s",
        low=0.5,
        high=60.0,
    )
    lag_s: float = param(
        0.02,
        label="Lead",
        what="How much sooner the left moves where sides are restored, or the right below 0",
        unit="s",
        low=-MOST_LAG_S,
        high=MOST_LAG_S,
    )
    lags: ByRegion = param(  # noqa: RUF009
        (),
        label="Lead by Region",
        what="Leads of single regions, restored or not",
        unit="s",
        low=-MOST_LAG_S,
        high=MOST_LAG_S,
    )
    blink_lag_s: float = param(
        0.008,
        label="Blink Lead",
        what="How far apart the lids are in a blink; shut lids stay shut",
        unit="s",
        low=0.0,
        high=0.03,
    )
    seed: int = param(0, label="Seed", what="Another number gives another variation")


def apply(take: Take, params: Asymmetry, context: StepContext) -> Outcome:
    """Change the sides and say by how much."""
    sides = Sides(
        amount=params.amount,
        amounts=dict(params.regions),
        indexes={**dict.fromkeys(RESTORED, params.index), **dict(params.indexes)},
        follow=params.follow,
        bias=params.bias,
        variation=params.variation,
        every_s=params.variation_s,
        lag_s=params.lag_s,
        lags=dict(params.lags),
        blink_lag_s=params.blink_lag_s,
    )
    out, changes = change_sides(take, sides, Draws(context.seed, params.seed))
    remarks = tuple(
        f"{change.region.capitalize()}: sides differ by {change.after:.3f}, "
        f"captured {change.before:.3f}."
        for change in changes
    )
    return Outcome(out, remarks, {"regions_restored": sum(change.restored for change in changes)})


KIND = Kind(
    "asymmetry",
    "Asymmetry",
    "Let left and right of the face differ more or less, and again where the tracker mirrors them",
    Asymmetry,
    apply,
)
