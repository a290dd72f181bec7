# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation did: what operators say, the command line prints and tests assert."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Report:
    """Outcome of one operation on one character.

    Attributes
    ----------
    summary : str
        One sentence for the status bar.
    counts : dict of str to int
        keys, curves, channels_matched, controls_clipped, ...
    measures : dict of str to float or dict
        Figures before and after, units in their names.
    warnings : tuple of str
        Whole sentences: what the animator should know.
    """

    summary: str
    counts: dict[str, int] = field(default_factory=dict[str, int])
    measures: dict[str, Any] = field(default_factory=dict[str, Any])
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "summary": self.summary,
            "counts": dict(self.counts),
            "measures": dict(self.measures),
            "warnings": list(self.warnings),
        }
