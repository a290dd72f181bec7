# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks of a performance's keys: few within a tolerance, or fewer by rule."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import FacemocapError

Mode = Literal["ERROR", "EXTREMES", "NTH", "TWOS"]
Unit = Literal["UNITS", "PERCENT", "MM"]

_UNITS: dict[str, Unit] = {"": "UNITS", "%": "PERCENT", "mm": "MM"}
_NUMBER = re.compile(r"(?P<number>[0-9.eE+-]+?)\s*(?P<unit>%|mm)?", re.IGNORECASE)
_NTH = re.compile(r"every(?P<step>[0-9]{1,4})")
#: Nobody wants a key on fewer frames than one of so many.
_MOST_STEP = 1000


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """How keys are reduced.

    Attributes
    ----------
    mode : str
        ERROR: as few as a tolerance allows. EXTREMES: turning points, and the steepest place
        between two. NTH: every ``step``-th frame. TWOS: values held for two frames.
    tolerance : float
        Largest error. With EXTREMES turning points rise and fall by more than twice of it.
    unit : str
        Of the tolerance: UNITS of the controls, PERCENT of their ranges, MM on the mesh.
    step : int
    """

    mode: Mode = "ERROR"
    tolerance: float = 0.01
    unit: Unit = "UNITS"
    step: int = 4

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tolerance) and self.tolerance > 0.0):
            raise _no_plan(f"{self.tolerance:g}")
        if not 1 <= self.step <= _MOST_STEP:
            raise _no_plan(f"every{self.step}")

    @property
    def text(self) -> str:
        """As `read_plan` reads it."""
        if self.mode == "NTH":
            return f"every{self.step}"
        if self.mode != "ERROR":
            return self.mode.lower()
        unit = next(text for text, unit in _UNITS.items() if unit == self.unit)
        return f"{self.tolerance:g}{unit}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "mode": self.mode,
            "tolerance": self.tolerance,
            "unit": self.unit,
            "step": self.step,
        }


def plan_from_json(data: dict[str, Any]) -> KeyPlan:
    """The plan that `KeyPlan.to_json` wrote."""
    return KeyPlan(data["mode"], float(data["tolerance"]), data["unit"], int(data["step"]))


def read_plan(text: str) -> KeyPlan:
    """A plan from words: ``0.01``, ``1%``, ``0.2mm``, ``extremes``, ``twos``, ``every4``.

    Raises
    ------
    FacemocapError
        When it is none of these.
    """
    words = text.strip()
    if words.lower() == "extremes":
        return KeyPlan("EXTREMES")
    if words.lower() == "twos":
        return KeyPlan("TWOS")
    if found := _NTH.fullmatch(words.lower()):
        return KeyPlan("NTH", step=max(int(found["step"]), 0))
    found = _NUMBER.fullmatch(words)
    if found is None:
        raise _no_plan(text)
    try:
        tolerance = float(found["number"])
    except ValueError as problem:
        raise _no_plan(text) from problem
    return KeyPlan("ERROR", tolerance, _UNITS[(found["unit"] or "").lower()])


def _no_plan(text: str) -> FacemocapError:
    return FacemocapError(
        f'"{text}" is no tolerance for keys',
        "Give a number above 0 such as 0.01, 1% or 0.2mm; or extremes, twos or every4",
    )
