# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions larger or smaller, quicker between holds, on twos."""

from __future__ import annotations

from dataclasses import dataclass

from ...layers.style import Style, apply_style
from ...take import Take
from ..kind import Kind, StepContext
from ..params import ByRegion, param


@dataclass(frozen=True, slots=True)
class StyleParams:
    """How much, how quick, how often."""

    amount: float = param(
        1.0,
        label="Exaggerate",
        what="Factor of faint expressions, full ones stay; below 1 all are smaller. Blinks and "
        "touching lips stay",
        low=0.0,
        high=3.0,
    )
    regions: ByRegion = param(  # noqa: RUF009
        (),
        label="By Region",
        what="Factors of single regions, instead of the one of all",
        low=0.0,
        high=3.0,
    )
    snap: float = param(
        0.0,
        label="Snap",
        what="How much quicker expressions go from hold to hold; speech keeps its timing",
        low=0.0,
        high=1.0,
    )
    snap_s: float = param(
        0.12,
        label="Snap Reach",
        what="How near holds are looked for to either side; a default of taste",
        unit="s",
        low=0.02,
        high=1.0,
    )
    hold_frames: int = param(
        1,
        label="On",
        what="Frames of the take for which each pose is held: 1 is on ones, 2 on twos; resample "
        "to the scene's rate before",
        unit="frames",
        low=1,
        high=8,
    )


def apply(take: Take, params: StyleParams, context: StepContext) -> Take:
    """The take in that style."""
    del context
    style = Style(
        amount=params.amount,
        amounts=dict(params.regions),
        snap=params.snap,
        snap_s=params.snap_s,
        hold_frames=params.hold_frames,
    )
    return apply_style(take, style)


KIND = Kind(
    "style",
    "Style",
    "Draw expressions larger or smaller, quicker between holds, or on twos",
    StyleParams,
    apply,
)
