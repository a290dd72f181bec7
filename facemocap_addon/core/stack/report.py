# SPDX-License-Identifier: GPL-3.0-or-later
"""What each step of a stack did, in plain values; equal runs give equal reports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..take import Take
from ..take_sampling import sample_channels


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step.

    Attributes
    ----------
    number : int
        Its place in the stack, from 1 on.
    kind : str
    done : bool
        False for a step that is off or has no influence.
    remarks : tuple of str
        Whole sentences.
    counts : mapping of str to int
        What the kind counted.
    filled, lost : int
        Samples of channels that became valid, and that were valid before. 0 where times change.
    rms_change : mapping of str to float
        Root mean square of the change by kind of channel (weight, angle in radians, translation
        and point in metres, pixel), over samples that are valid before and after.
    """

    number: int
    kind: str
    done: bool = True
    remarks: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    filled: int = 0
    lost: int = 0
    rms_change: Mapping[str, float] = field(default_factory=dict[str, float])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "step": self.number,
            "kind": self.kind,
            "done": self.done,
            "remarks": list(self.remarks),
            "counts": dict(self.counts),
            "samples_filled": self.filled,
            "samples_lost": self.lost,
            "rms_change": dict(self.rms_change),
        }


def count_validity(before: Take, after: Take) -> tuple[int, int]:
    """Samples of channels that became valid, and that no longer are; nought where times differ."""
    if before is after or len(before.times) != len(after.times):
        return 0, 0
    now = after.valid[:, : len(before.channels)]
    return int((now & ~before.valid).sum()), int((before.valid & ~now).sum())


def rms_change(before: Take, after: Take) -> dict[str, float]:
    """Root mean square of the change by kind of channel.

    Where times differ, ``after`` is looked at at the times of ``before``.
    """
    if before is after:
        return {}
    names = before.names
    if before.times is after.times or np.array_equal(before.times, after.times):
        width = len(names)
        there = before.valid & after.valid[:, :width]
        now = after.values[:, :width]
    else:
        there = before.valid
        now = sample_channels(after, names, before.times)
    counts, squares = there.sum(axis=0), np.zeros(len(names))
    # most steps leave most channels as they are
    moved = (now != before.values).any(axis=0)
    change = now[:, moved].astype(np.float64) - before.values[:, moved]
    change = np.where(there[:, moved], change, 0.0)
    squares[moved] = (change * change).sum(axis=0)
    out: dict[str, float] = {}
    for kind in sorted({channel.kind for channel in before.channels}):
        places = [i for i, channel in enumerate(before.channels) if channel.kind == kind]
        number = int(counts[places].sum())
        if number:
            total = math.fsum(squares[places].tolist())
            out[kind] = float(f"{math.sqrt(total / number):.6g}")
    return out
