# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of a take made steady: the head's motion separated and smoothed, markers repaired.

`separate_head` fits the head's motion on points that move with the skull alone, in which outliers
and slipping markers have no say; `smooth_head` takes the noise out of it without delay;
`repair_points` finds and mends swapped, jumping, slipped and hidden markers and tells all of it.
The take's own points are never altered. Places are in metres.
"""

from __future__ import annotations

from .head import HeadMotion, separate_head
from .records import GAP, SLIP, SPIKE, STUCK, SWAP, Repair, RepairReport
from .repair import Repaired, repair_points
from .smoothing import smooth_head
from .stable import find_stable

__all__ = [
    "GAP",
    "SLIP",
    "SPIKE",
    "STUCK",
    "SWAP",
    "HeadMotion",
    "Repair",
    "RepairReport",
    "Repaired",
    "find_stable",
    "repair_points",
    "separate_head",
    "smooth_head",
]
