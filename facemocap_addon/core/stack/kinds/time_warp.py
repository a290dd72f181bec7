# SPDX-License-Identifier: GPL-3.0-or-later
"""The performance is stretched and squeezed in time, so that moments fall where they shall."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...rig_maps.response import respond
from ...take import Take
from ..kind import Kind, StepContext
from ..moving import moved
from ..params import Pairs, param

#: Moments must be this far apart (seconds), before and after.
LEAST_APART_S = 1e-3
#: Before the first and after the last moment the speed returns to 1 within this time (seconds).
EASE_S = 0.5


@dataclass(frozen=True, slots=True)
class TimeWarp:
    """Which moments go where; the samples keep their times."""

    pairs: Pairs = param(  # noqa: RUF009
        (),
        label="Moments",
        what="Pairs [from, to]: what was recorded at the first time plays at the second, both in "
        "seconds from the take's first sample",
        unit="s",
        low=-36000.0,
        high=36000.0,
    )

    def __post_init__(self) -> None:
        for before, after in itertools.pairwise(self.pairs):
            if min(after[0] - before[0], after[1] - before[1]) < LEAST_APART_S:
                raise ValueError(
                    f"The moments [{before[0]:g}, {before[1]:g}] and [{after[0]:g}, {after[1]:g}] "
                    "do not follow each other in both times"
                )


def apply(take: Take, params: TimeWarp, context: StepContext) -> Take:
    """Values from the time that the warp takes to each sample's own."""
    del context
    if not take.samples or not params.pairs:
        return take
    start = float(take.times[0])
    at = start + recorded_at(params.pairs, take.times - start)
    return moved(take, np.arange(len(take.channels)), at)


def recorded_at(pairs: Pairs, seconds: FloatArray) -> FloatArray:
    """When what plays at ``seconds`` ``(n,)`` was recorded: a monotone smooth curve.

    It passes through the pairs; outside them, after a short ease, it only shifts.
    """
    points = [(to, origin) for origin, to in pairs]
    (first_to, first), (last_to, last) = points[0], points[-1]
    for ease in (EASE_S, 2.0 * EASE_S):
        points.insert(0, (first_to - ease, first - ease))
        points.append((last_to + ease, last + ease))
    return np.maximum.accumulate(respond(tuple(points), seconds))


KIND = Kind(
    "time_warp",
    "Time Warp",
    "Stretch and squeeze the performance in time, so that moments fall where they shall",
    TimeWarp,
    apply,
)
