# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of blinks as stacks keep them: plain records, each of one blink and one thing.

.. code-block:: json

    {"op": "move", "at_s": 12.43, "side": "B", "value": 0.1}

``at_s`` is the blink's ``apex_s`` as found when it was edited, on the take's clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from ...errors import FacemocapError

SIDES = ("B", "L", "R")


@dataclass(frozen=True, slots=True)
class Op:
    """What an edit does.

    Attributes
    ----------
    label, what : str
        For panels: a name, and one sentence without its period.
    value : (float, float) or None
        Least and most of its value; None where it has none.
    default : float or None
        The value that is meant where none is given; None where one must be.
    unit : str
        ``s``, or empty for factors and shares.
    goes : bool
        Whether it may have ``to_s``.
    """

    label: str
    what: str
    value: tuple[float, float] | None = None
    default: float | None = None
    unit: str = ""
    goes: bool = False


OPS: Mapping[str, Op] = {
    "move": Op("Move", "Later by so much, or to a time", (-60.0, 60.0), None, "s", True),
    "closing": Op("Closing", "Factor of the time in which the lid closes", (0.25, 4.0)),
    "opening": Op("Opening", "Factor of the time in which the lid reopens", (0.25, 4.0)),
    "duration": Op("Duration", "Factor of all times of the blink", (0.25, 4.0)),
    "hold": Op("Hold", "How long the eye stays closed", (0.0, 10.0), None, "s"),
    "amplitude": Op("Amplitude", "Factor of how far the lid closes", (0.0, 3.0)),
    "close": Op("Close Fully", "As far as the eye closes in a full blink of this take"),
    "partial": Op("Make Partial", "This part of a full blink", (0.05, 1.0), 0.5),
    "lag": Op("Lag", "How much later the right eye closes than the left", (-0.25, 0.25), None, "s"),
    "soften": Op("Soften", "Slower and rounder", (0.0, 1.0), 0.5),
    "hesitate": Op("Hesitate", "The closing waits on its way", (0.0, 0.5), 0.08, "s"),
    "tension": Op("Lid Tension", "The last of the reopening comes late", (0.0, 1.0), 0.5),
    "merge": Op("Merge", "One longer blink of this one and the next"),
    "delete": Op("Delete", "The eye stays open"),
    "copy": Op("Copy", "The same blink once more, at another time", None, None, "", True),
    "insert": Op(
        "Insert", "A blink like the others of the take, of this closure", (0.05, 1.0), 1.0
    ),
}
#: Those that name a time where no blink is.
CREATING = ("insert",)
#: No take is longer than this (seconds).
_MOST_S = 1e6


@dataclass(frozen=True, slots=True)
class BlinkEdit:
    """One edit of one blink.

    Attributes
    ----------
    op : str
        One of `OPS`.
    at_s : float
        Apex of the blink as found; of a blink that is inserted, where it shall be.
    side : str
        The blink's own ``side``.
    eye : str
        ``B`` for all eyes of the blink, ``L`` or ``R`` for one of them.
    value : float or None
        As the op has it.
    to_s : float or None
        Where the apex goes, instead of a value; for moves and copies.
    reorder : bool
        Whether a move may pass other blinks.
    """

    op: str
    at_s: float
    side: str = "B"
    eye: str = "B"
    value: float | None = None
    to_s: float | None = None
    reorder: bool = False

    def __post_init__(self) -> None:
        if self.op not in OPS:
            raise FacemocapError(f'There is no edit "{self.op}" of blinks', f"Use {', '.join(OPS)}")
        for name in ("side", "eye"):
            if getattr(self, name) not in SIDES:
                raise FacemocapError(f'{name} cannot be "{getattr(self, name)}"', "Use B, L or R")
        _check_time("at_s", self.at_s)
        op = OPS[self.op]
        if self.to_s is not None:
            if not op.goes:
                raise FacemocapError(f"{self.op} has no to_s", "Leave it out")
            _check_time("to_s", self.to_s)
        if self.value is not None:
            if op.value is None:
                raise FacemocapError(f"{self.op} has no value", "Leave it out")
            low, high = op.value
            if not low <= self.value <= high:
                unit = f" {op.unit}" if op.unit else ""
                raise FacemocapError(
                    f"value of {self.op} cannot be {self.value:g}",
                    f"Give a number from {low:g} to {high:g}{unit}",
                )
        if op.goes and (self.value is None) == (self.to_s is None):
            both = "value or to_s" if op.value else "to_s"
            raise FacemocapError(f"{self.op} does not say where to", f"Give {both}")
        if op.value and op.default is None and not op.goes and self.value is None:
            raise FacemocapError(f"{self.op} has no value", "Give one")

    @property
    def amount(self) -> float:
        """Its value, or the one that is meant where none is given."""
        if self.value is not None:
            return self.value
        return OPS[self.op].default or 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values; what has its default is left out, but for the side."""
        out: dict[str, Any] = {"op": self.op, "at_s": self.at_s, "side": self.side}
        if self.eye != "B":
            out["eye"] = self.eye
        if self.value is not None:
            out["value"] = self.value
        if self.to_s is not None:
            out["to_s"] = self.to_s
        if self.reorder:
            out["reorder"] = True
        return out

    @staticmethod
    def from_json(data: Any) -> BlinkEdit:
        """The edit of a JSON object.

        Raises
        ------
        FacemocapError
            Naming what is wrong with it.
        """
        if not isinstance(data, Mapping):
            raise FacemocapError("An edit is no object", 'Write {"op": "move", "at_s": 1.5, ...}')
        given = dict(cast(Mapping[str, Any], data))
        known = [each.name for each in fields(BlinkEdit)]
        for name in given:
            if name not in known:
                raise FacemocapError(
                    f'An edit has an unknown field "{name}"', f"Use {', '.join(known)}"
                )
        if "op" not in given or "at_s" not in given:
            raise FacemocapError("An edit lacks op or at_s", "Give both")
        for name in ("op", "side", "eye"):
            if name in given and not isinstance(given[name], str):
                raise FacemocapError(f"{name} is no text", "Write it in quotes")
        for name in ("at_s", "value", "to_s"):
            value = given.get(name)
            if name in given and not (value is None and name != "at_s"):
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    raise FacemocapError(f"{name} is no number", "Give a number")
                given[name] = float(value)
        if not isinstance(given.get("reorder", False), bool):
            raise FacemocapError("reorder is neither true nor false", "Write true or false")
        return BlinkEdit(**given)


def _check_time(name: str, seconds: float) -> None:
    if not math.isfinite(seconds) or abs(seconds) > _MOST_S:
        raise FacemocapError(f"{name} cannot be {seconds:g}", "Give seconds on the take's clock")
