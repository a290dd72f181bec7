# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a bone's own limit constraints let it go."""

from __future__ import annotations

from typing import Any

import bpy

Range = tuple[float, float]
#: What a bone's rotation and place accept without a constraint: half a turn, ten units.
TURN_RANGE: Range = (-3.1416, 3.1416)
PLACE_RANGE: Range = (-10.0, 10.0)
_SPACES = {"LOCAL", "LOCAL_OWNER_ORIENT"}


def bone_range(pose: bpy.types.PoseBone, channel: str, index: int) -> Range:
    """Lowest and highest value of one component of a bone's ``rotation`` or ``location``.

    Limits in the bone's own axes count, at full influence and where rest lies within them.
    """
    turns = channel == "rotation"
    low, high = TURN_RANGE if turns else PLACE_RANGE
    kind = "LIMIT_ROTATION" if turns else "LIMIT_LOCATION"
    for constraint in pose.constraints:
        if constraint.type != kind or constraint.mute or constraint.influence < 1:
            continue
        if constraint.owner_space in _SPACES:
            bottom, top = _ends(constraint, "xyz"[index])
            if bottom <= 0 <= top:
                low, high = max(low, bottom), min(high, top)
    return low, high


def _ends(constraint: Any, axis: str) -> Range:
    """Limits about or along one axis, endless where none is set."""
    low, high = float(getattr(constraint, f"min_{axis}")), float(getattr(constraint, f"max_{axis}"))
    if constraint.type == "LIMIT_ROTATION":
        return (low, high) if getattr(constraint, f"use_limit_{axis}") else (-1e9, 1e9)
    return (
        low if getattr(constraint, f"use_min_{axis}") else -1e9,
        high if getattr(constraint, f"use_max_{axis}") else 1e9,
    )
