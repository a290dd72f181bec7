# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding, and the words that findings are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: Spoils the performance; looks wrong in places; good to know.
FAULT, WARNING, NOTE = "fault", "warning", "note"
_RANK = {FAULT: 0, WARNING: 1, NOTE: 2}
#: Times and names that a finding carries, and that a sentence tells.
MOST_TIMES, _TIMES_TOLD, _NAMES_TOLD = 200, 3, 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about a take, or two.

    Attributes
    ----------
    code : str
        What it is about, for programs: ``spikes``, ``gaps``, ...
    severity : str
        ``fault``, ``warning`` or ``note``.
    weight : float
        How bad it is among those of its severity.
    text : str
    times_s : tuple of float
        Moments to look at, on the take's clock; the first 200.
    channels : tuple of str
    """

    code: str
    severity: str
    weight: float
    text: str
    times_s: tuple[float, ...] = ()
    channels: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "code": self.code,
            "severity": self.severity,
            "text": self.text,
            "times_s": list(self.times_s[:MOST_TIMES]),
            "channels": list(self.channels),
        }


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """In the order in which they should be read."""
    return tuple(sorted(findings, key=lambda f: (_RANK[f.severity], -f.weight, f.code, f.text)))


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "spike"), counted(3, "spike")
    ('1 spike', '3 spikes')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def named(names: Sequence[str]) -> str:
    """Names in a row; the first of many."""
    names = list(dict.fromkeys(names))
    if len(names) > _NAMES_TOLD:
        return f"{', '.join(names[: _NAMES_TOLD - 1])} and {len(names) - _NAMES_TOLD + 1} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def at(times_s: Sequence[float]) -> str:
    """Moments in words.

    >>> at([1.5]), at([1.5, 2.0]), at([1, 2, 3, 4, 5])
    ('at 1.50 s', 'at 1.50 and 2.00 s', 'at 1.00, 2.00, 3.00 s and later')
    """
    told = [f"{time:.2f}" for time in times_s[:_TIMES_TOLD]]
    if len(times_s) > _TIMES_TOLD:
        return f"at {', '.join(told)} s and later"
    return "at " + " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told) + " s"


def share(part: float) -> str:
    """A part in per cent that is never rounded to none or all.

    >>> share(0.5), share(0.0001), share(0.9999)
    ('50 %', '0.1 %', '99.9 %')
    """
    if 0 < part < 0.01:
        return f"{max(100 * part, 0.1):.1f} %"
    if 0.99 < part < 1:
        return f"{min(100 * part, 99.9):.1f} %"
    return f"{100 * part:.0f} %"
