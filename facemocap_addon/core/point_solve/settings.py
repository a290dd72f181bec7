# SPDX-License-Identifier: GPL-3.0-or-later
"""How points are solved onto a character: what a person may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from ..errors import FacemocapError

#: Parts of the face that can be emphasised; what numbers may be.
PARTS = ("brows", "eyes", "nose and cheeks", "mouth and jaw")
_LIMITS = {"smoothness": (0.0, 10.0), "sparsity": (0.0, 20.0), "trust_mm": (0.0, 20.0)}


@dataclass(frozen=True, slots=True)
class SolveSettings:
    """How points are solved onto a character.

    Attributes
    ----------
    neutral_s : float or None
        Seconds after the first sample at which the actor's face is at rest; found if not given.
    stable : tuple of str
        Points that move with the skull alone; found if empty.
    repair : bool
        Swapped, jumping, slipped and hidden points are mended first.
    fit_range : bool
        Where the actor goes farther than the character can, the motion of that part of the face is
        made smaller as a whole, instead of being cut off at its peaks.
    adjust_head : bool
        The head's motion is found again together with the face's.
    smoothness : float
        1 for the usual one; below 0.25 every frame is solved by itself.
    sparsity : float
        How unlikely many small values are; 0 leaves the work to as many controls as it takes.
    trust_mm : float
        How far points may be from where the character can take them without saying much; 0 finds
        it from the take.
    emphasis : mapping of str to float
        How much more (above 1) or less the points of a part of the face count, by the names of
        `PARTS`.
    """

    neutral_s: float | None = None
    stable: tuple[str, ...] = ()
    repair: bool = True
    fit_range: bool = True
    adjust_head: bool = True
    smoothness: float = 1.0
    sparsity: float = 0.0
    trust_mm: float = 0.0
    emphasis: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        for part, factor in self.emphasis.items():
            if part not in PARTS or not 0 <= factor <= 100:
                raise FacemocapError(
                    f'The emphasis on "{part}" is {factor:g}',
                    f"Give a number from 0 to 100 to one of {', '.join(PARTS)}",
                )
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise FacemocapError(
                    f"The solve's {name.replace('_', ' ')} is {value:g}",
                    f"Give a number from {low:g} to {high:g}",
                )
        if self.neutral_s is not None and not np.isfinite(self.neutral_s):
            raise FacemocapError(
                "The time of the neutral face is no number", "Give seconds from the take's start"
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {**asdict(self), "stable": list(self.stable), "emphasis": dict(self.emphasis)}


def settings_from_json(data: Mapping[str, Any]) -> SolveSettings:
    """What `SolveSettings.to_json` wrote; what is missing is as usual.

    Raises
    ------
    FacemocapError
        When a setting is unknown or no such number.
    """
    known = {each.name for each in fields(SolveSettings)}
    if unknown := sorted(set(data) - known):
        raise FacemocapError(
            f'The solve has no setting "{unknown[0]}"', f"Choose among {', '.join(sorted(known))}"
        )
    given = dict(data)
    try:
        if "stable" in given:
            given["stable"] = tuple(str(name) for name in given["stable"])
        for name in _LIMITS:
            if name in given:
                given[name] = float(given[name])
        for name in ("repair", "fit_range", "adjust_head"):
            if name in given and not isinstance(given[name], bool):
                raise TypeError(name)
        if "emphasis" in given:
            given["emphasis"] = {str(k): float(v) for k, v in dict(given["emphasis"]).items()}
        if given.get("neutral_s") is not None:
            given["neutral_s"] = float(given["neutral_s"])
    except (TypeError, ValueError) as problem:
        raise FacemocapError(
            f"A setting of the solve cannot be read: {problem}", "Mend it or leave it out"
        ) from problem
    return SolveSettings(**given)
