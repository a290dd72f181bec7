# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found wrong with markers and what was done about it, as plain records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

#: Kinds of findings.
SWAP, SLIP, SPIKE, GAP, STUCK = "swap", "slip", "spike", "gap", "stuck"
_WORDS = {SWAP: "swapped", SLIP: "slipped", SPIKE: "jumped", GAP: "was hidden", STUCK: "is stuck"}


@dataclass(frozen=True, slots=True)
class Repair:
    """One finding.

    Attributes
    ----------
    marker : str
    kind : str
        ``swap``, ``slip``, ``spike``, ``gap`` or ``stuck``.
    first, last : int
        Rows of the take that it concerns, both included.
    done : str
        What was done, one clause: ``filled from 36 markers``.
    sure : float
        How sure that is, 0 to 1.
    other : str
        The marker that it was swapped with.
    size_m : float
        Step of a slip or jump, distance between swapped markers; of a gap the expected error.
    """

    marker: str
    kind: str
    first: int
    last: int
    done: str
    sure: float
    other: str = ""
    size_m: float = 0.0

    def sentence(self) -> str:
        """The finding in words."""
        rows = f"frame {self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        other = f' with "{self.other}"' if self.other else ""
        size = f" (about {1000 * self.size_m:.2g} mm)" if self.size_m else ""
        return f'"{self.marker}" {_WORDS[self.kind]}{other} at {rows}: {self.done}{size}.'

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class RepairReport:
    """All findings of a take, and what else a person should know."""

    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()

    def of_kind(self, kind: str) -> tuple[Repair, ...]:
        """The findings of one kind."""
        return tuple(repair for repair in self.repairs if repair.kind == kind)

    def counts(self) -> dict[str, int]:
        """How many findings there are of each kind."""
        return dict(Counter(repair.kind for repair in self.repairs))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "repairs": [repair.to_json() for repair in self.repairs],
            "notes": list(self.notes),
        }
