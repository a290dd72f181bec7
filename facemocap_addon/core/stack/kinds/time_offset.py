# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions play later or sooner than they were recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...take import Take
from ..kind import Kind, StepContext
from ..moving import moved
from ..params import ByRegion, param


@dataclass(frozen=True, slots=True)
class TimeOffset:
    """By how much; the samples keep their times."""

    offset_s: float = param(
        0.0,
        label="Offset",
        what="How much later the performance plays; sooner where it is negative",
        unit="s",
        low=-60.0,
        high=60.0,
    )
    regions: ByRegion = param(  # noqa: RUF009
        (),
        label="By Region",
        what="Offsets of single regions, instead of the one of all",
        unit="s",
        low=-60.0,
        high=60.0,
    )


def apply(take: Take, params: TimeOffset, context: StepContext) -> Take:
    """Each channel by the offset of its region; beyond the ends the end sample holds."""
    del context
    if not take.samples:
        return take
    by_region = dict(params.regions)
    offsets = np.array(
        [by_region.get(c.region, params.offset_s) for c in take.channels], np.float64
    )
    out = take
    for offset in sorted(set(offsets.tolist()) - {0.0}):
        out = moved(out, np.flatnonzero(offsets == offset), take.times - offset)
    return out


KIND = Kind(
    "time_offset",
    "Time Offset",
    "Let the performance, or some regions of it, play later or sooner",
    TimeOffset,
    apply,
)
