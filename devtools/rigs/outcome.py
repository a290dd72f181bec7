# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of one character on the sheet; it travels between processes as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Shown:
    """One character of a rig file, or the file itself where it failed.

    ``facts`` are the product's own report of it (`facemocap retarget --report`), ``stills`` file
    names in the order of the moments, ``notes`` what was changed for the pictures only, ``drive``
    what was driven first where the character has both: its shapes or its bones.
    """

    file: str
    facts: dict[str, Any]
    stills: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drive: str = "shapes"

    @property
    def name(self) -> str:
        """The file's name without its ending, and what was driven where that was asked for."""
        stem = Path(self.file).stem
        return stem if self.drive == "shapes" else f"{stem} ({self.drive})"

    @property
    def error(self) -> str:
        """Why there are no stills; empty where there are."""
        return str(self.facts.get("error") or "")

    @property
    def coverage(self) -> tuple[int, int]:
        """How many of the take's recorded channels drive something, and of how many."""
        matched = len(self.facts.get("channels_matched", ()))
        return matched, matched + len(self.facts.get("channels_unmatched", ()))

    def gap(self, name: str) -> dict[str, Any]:
        """``lid_gap_percent`` (by side) or ``lip_gap_percent`` of the report; may be empty."""
        return dict(self.facts.get("measures", {}).get(name) or {})


def write_shown(shown: list[Shown], path: Path) -> None:
    """Hand them to another process."""
    path.write_text(json.dumps([asdict(each) for each in shown]), encoding="utf-8")


def read_shown(path: Path) -> list[Shown]:
    """What another process wrote."""
    return [
        Shown(**item | {"stills": tuple(item["stills"]), "notes": tuple(item["notes"])})
        for item in json.loads(path.read_text(encoding="utf-8"))
    ]
