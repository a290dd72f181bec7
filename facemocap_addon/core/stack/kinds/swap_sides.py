# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right change places, as in a mirror."""

from __future__ import annotations

from dataclasses import dataclass

from ...take import Take
from ...take_edits import mirror_take
from ..kind import Kind, StepContext


@dataclass(frozen=True, slots=True)
class SwapSides:
    """It has no parameters."""


def apply(take: Take, params: SwapSides, context: StepContext) -> Take:
    """The mirror image; half of it, by influence, makes a face the same on both sides."""
    del params, context
    return mirror_take(take) if take.channels else take


KIND = Kind(
    "swap_sides",
    "Swap Sides",
    "Exchange left and right, and turn head and eyes to the other side",
    SwapSides,
    apply,
)
