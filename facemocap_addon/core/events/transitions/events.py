# SPDX-License-Identifier: GPL-3.0-or-later
"""Transitions of brows, jaw, smile and cheeks, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: What moves as one, by name.
GROUPS = {
    "brow_up": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    "brow_down": ("browDownLeft", "browDownRight"),
    "cheek": ("cheekSquintLeft", "cheekSquintRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "jaw": ("jawOpen", "mouthClose"),
}


@dataclass(frozen=True, slots=True)
class Transition:
    """One coming and going of one group.

    Attributes
    ----------
    group : str
        Of `GROUPS`.
    onset_s, top_s : float
        Where 10 % and 90 % of the rise are passed.
    apex_s : float
        The highest sample.
    bottom_s, half_s, offset_s : float
        Where 90 %, 50 % and 10 % of the fall are passed.
    amplitude : float
        How far it rises, from the valley before.
    value : float
        Its highest value: the mean of both sides.
    side : str
        ``L`` or ``R`` where one side does nearly all of it, else ``B``.
    """

    group: str
    onset_s: float
    top_s: float
    apex_s: float
    bottom_s: float
    half_s: float
    offset_s: float
    amplitude: float
    value: float
    side: str

    @property
    def rise_s(self) -> float:
        """How long it takes to come, 10 to 90 %."""
        return self.top_s - self.onset_s

    @property
    def fall_s(self) -> float:
        """How long it takes to go, 90 to 10 %."""
        return self.offset_s - self.bottom_s

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "group": self.group,
            "onset_s": self.onset_s,
            "top_s": self.top_s,
            "apex_s": self.apex_s,
            "bottom_s": self.bottom_s,
            "offset_s": self.offset_s,
            "rise_s": self.rise_s,
            "fall_s": self.fall_s,
            "amplitude": self.amplitude,
            "value": self.value,
            "side": self.side,
        }
