# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured of lids and lips before and after they were brought together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from .face_contacts import MOUTH

#: A gap that is this much (per cent) larger than wanted counts as cut by limits.
MISSED = 0.5


@dataclass(frozen=True)
class ContactReport:
    """What was measured of one opening, over the frames that the take wants closed.

    Attributes
    ----------
    frames : int
        How many these are.
    before, after : float
        Largest gap among them, in per cent, without and with the correction.
    mean_before, mean_after : float
    missed : int
        Frames in which limits leave the opening wider than wanted.
    scale : float
        Mean amount of the closing channel that shuts the opening here; 1 is what the channel's own
        full value does.
    """

    frames: int = 0
    before: float = 0.0
    after: float = 0.0
    mean_before: float = 0.0
    mean_after: float = 0.0
    missed: int = 0
    scale: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Plain values, gaps in per cent."""
        return {
            "frames": self.frames,
            "before": {"largest": round(self.before, 3), "mean": round(self.mean_before, 3)},
            "after": {"largest": round(self.after, 3), "mean": round(self.mean_after, 3)},
            "frames_cut_by_limits": self.missed,
            "mean_amount": round(self.scale, 3),
        }


class Tally:
    """Collects what was measured, part by part."""

    def __init__(self) -> None:
        self._rows: dict[str, list[FloatArray]] = {}

    def add(
        self,
        name: str,
        before: FloatArray,
        after: FloatArray,
        wanted: FloatArray,
        amounts: FloatArray | None,
    ) -> None:
        """Gaps ``(f,)`` of one opening in frames that are shut."""
        amounts = np.ones(len(after)) if amounts is None else amounts
        table = np.stack([before, after, wanted, amounts])
        self._rows.setdefault(name, []).append(table)

    def reports(self) -> Mapping[str, ContactReport]:
        """One report for each opening."""
        out: dict[str, ContactReport] = {}
        for name, tables in sorted(self._rows.items()):
            before, after, wanted, amounts = np.concatenate(tables, axis=1)
            if not len(after):
                out[name] = ContactReport()
                continue
            cut: BoolArray = after > wanted + MISSED
            out[name] = ContactReport(
                frames=len(after),
                before=float(before.max()),
                after=float(after.max()),
                mean_before=float(before.mean()),
                mean_after=float(after.mean()),
                missed=int(cut.sum()),
                scale=float(amounts.mean()),
            )
        return out


def contact_measures(reports: Mapping[str, ContactReport]) -> dict[str, Any]:
    """``lid_gap_percent`` and ``lip_gap_percent`` of a report, as far as they were measured."""
    lids = {
        name.removesuffix("_lids"): report.to_json()
        for name, report in reports.items()
        if name != MOUTH
    }
    lips = [report.to_json() for name, report in reports.items() if name == MOUTH]
    return ({"lid_gap_percent": lids} if lids else {}) | (
        {"lip_gap_percent": lips[0]} if lips else {}
    )


def told_contacts(reports: Mapping[str, ContactReport]) -> list[str]:
    """Sentences about openings that limits keep from closing."""
    out: list[str] = []
    for name, report in reports.items():
        if report.missed:
            what = "The lips" if name == MOUTH else f"The {name.replace('_', ' ')}"
            out.append(
                f"{what} stay open by up to {report.after:.1f} % in "
                f"{report.missed} {'frame' if report.missed == 1 else 'frames'}: "
                "the sliders end there (widening their range would close them)."
            )
    return out
