# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of a cascade: which muscle takes along which, from when on, how much and how late."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from ..errors import FacemocapError

EXPRESSIONS = ("smile", "frown", "surprise", "disgust", "press")
#: Least and most of each number of a row.
BOUNDS = {
    "threshold": (0.0, 0.99),
    "gain": (0.0, 2.0),
    "lag_s": (0.0, 0.5),
    "release_s": (0.0, 5.0),
    "tail": (0.0, 1.0),
    "tail_s": (0.0, 10.0),
}


@dataclass(frozen=True, slots=True)
class CascadeRule:
    """A row: what a driver does to a follower.

    Attributes
    ----------
    driver, follower : str
        Channels; without their side (``mouthSmile``) each side takes along its own.
    threshold : float
        The driver takes nothing along below.
    gain : float
        What the follower is worth when the driver is 1.
    lag_s : float
        How much later.
    release_s : float
        Time in which the fast part of the release falls to a tenth.
    tail, tail_s : float
        Part of the follower that is let go slowly, and that part's own time.
    expression : str
        One of `EXPRESSIONS`, whose strength it has; none where empty.
    """

    driver: str
    follower: str
    threshold: float = 0.25
    gain: float = 0.3
    lag_s: float = 0.05
    release_s: float = 0.3
    tail: float = 0.0
    tail_s: float = 1.0
    expression: str = ""

    @staticmethod
    def from_json(data: Any) -> CascadeRule:
        """The row of a JSON object; a FacemocapError says what is wrong with it."""
        if not isinstance(data, Mapping):
            raise FacemocapError("A row is no object", 'Write {"driver": ..., "follower": ...}')
        given = dict(cast(Mapping[str, Any], data))
        names = [each.name for each in fields(CascadeRule)]
        for name, value in given.items():
            if name not in names:
                raise FacemocapError(f'A row has no field "{name}"', f"Use {', '.join(names)}")
            _check(name, value)
        if not (given.get("driver") and given.get("follower")):
            raise FacemocapError("A row lacks its driver or its follower", "Name both channels")
        return CascadeRule(**given)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _check(name: str, value: Any) -> None:
    if name in BOUNDS:
        low, high = BOUNDS[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not low <= value <= high:
            raise FacemocapError(
                f"{name} cannot be {value}", f"Give a number from {low:g} to {high:g}"
            )
    elif not isinstance(value, str):
        raise FacemocapError(f"{name} cannot be {value}", "Give a name")
    elif name == "expression" and value and value not in EXPRESSIONS:
        raise FacemocapError(
            f'There is no expression "{value}"', f"Use {', '.join(EXPRESSIONS)}, or none"
        )


def _rule(expression: str, driver: str, follower: str, *numbers: float) -> CascadeRule:
    return CascadeRule(driver, follower, *numbers, expression=expression)


#: Smile and the two stages of the brows are those of science.md; all are defaults of taste.
#: Threshold, gain, lag, release, tail, time of the tail.
USUAL_RULES = (
    _rule("smile", "mouthSmile", "cheekSquint", 0.25, 0.6, 0.05, 0.45, 0.3, 1.5),
    _rule("smile", "mouthSmile", "noseSneer", 0.3, 0.12, 0.03, 0.3),
    _rule("smile", "mouthSmile", "eyeSquint", 0.3, 0.2, 0.1, 0.45),
    _rule("frown", "browDown", "browDown", 0.1, 0.9, 0.0, 0.2, 0.4, 0.9),
    _rule("frown", "browDown", "eyeSquint", 0.3, 0.25, 0.06, 0.3),
    _rule("frown", "browDown", "noseSneer", 0.4, 0.12, 0.06, 0.3),
    _rule("surprise", "browInnerUp", "browOuterUp", 0.25, 0.6, 0.03, 0.4),
    _rule("surprise", "browOuterUp", "eyeWide", 0.35, 0.4, 0.04, 0.3),
    _rule("disgust", "noseSneer", "mouthUpperUp", 0.25, 0.4, 0.05, 0.3),
    _rule("disgust", "noseSneer", "cheekSquint", 0.25, 0.4, 0.06, 0.4),
    _rule("disgust", "noseSneer", "browDown", 0.25, 0.35, 0.08, 0.3, 0.4, 0.9),
    _rule("press", "mouthPress", "mouthRollLower", 0.3, 0.3, 0.05, 0.3),
    _rule("press", "mouthPress", "mouthShrugLower", 0.35, 0.25, 0.08, 0.4),
)
