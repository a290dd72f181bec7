# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of one character, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import FacemocapError
from ..core.health.examine import Health
from ..core.take import Take


@dataclass(frozen=True)
class CharacterOutcome:
    """One character of a rig file.

    Attributes
    ----------
    name : str
        Empty where not even that is known.
    facts : mapping
        What the report says of it; empty where it failed.
    error : FacemocapError or None
    is_bug : bool
        The error is the program's own.
    examined : (Health, Take) or None
        Its health, and the take that was examined, where a report is written.
    """

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: FacemocapError | None = None
    is_bug: bool = False
    examined: tuple[Health, Take] | None = None
