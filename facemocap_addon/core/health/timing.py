# SPDX-License-Identifier: GPL-3.0-or-later
"""When samples were taken: the rate, frames that are missing, repeated or frozen, and gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..inspection import find_gaps
from ..sampling import DROP_STEPS, usual_step
from ..stabilise.runs import runs_of
from ..take import Take
from .columns import Columns

#: A hole in all channels up to this long (seconds) is dropped frames; a longer one is a gap.
LONGEST_DROP_S = 0.1
#: All channels the same for this long (seconds): the face was lost and the recorder went on.
FROZEN_S = 0.25
#: So many channels must move in a take before equal samples say anything.
_FEWEST_MOVING = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without samples.

    Attributes
    ----------
    start_s, end_s : float
        From the first missing sample to the next that is there, on the take's clock.
    samples : int
        How many are missing.
    channels : tuple of str
        Names; empty for all.
    """

    start_s: float
    end_s: float
    samples: int
    channels: tuple[str, ...] = ()

    @property
    def is_drop(self) -> bool:
        """Whether these are dropped frames: short, and nothing was recorded."""
        return not self.channels and self.end_s - self.start_s <= LONGEST_DROP_S + 1e-6

    def to_json(self) -> dict[str, Any]:
        """Plain values, as `inspection.find_gaps` has them."""
        return {
            "start_s": self.start_s,
            "end_s": self.end_s,
            "samples": self.samples,
            "channels": list(self.channels) or "all",
        }


@dataclass(frozen=True, slots=True)
class Timing:
    """How a take was sampled.

    Attributes
    ----------
    samples : int
    duration_s, rate_hz, nominal_hz : float
        The rate found, and the one that the recording claims.
    jitter_s : float
        Standard deviation of the steps that are no gaps.
    drops, gaps : tuple of Gap
    repeated_s : tuple of float
        Times of samples that repeat the one before in all channels, frozen stretches left out.
    frozen_s : tuple of (float, float)
        Stretches in which nothing changes.
    recorded_share : float
        Of all samples of recorded channels, dropped frames counted.
    """

    samples: int
    duration_s: float
    rate_hz: float
    nominal_hz: float
    jitter_s: float
    drops: tuple[Gap, ...]
    gaps: tuple[Gap, ...]
    repeated_s: tuple[float, ...]
    frozen_s: tuple[tuple[float, float], ...]
    recorded_share: float

    @property
    def frames_dropped(self) -> int:
        """Frames in all drops."""
        return sum(drop.samples for drop in self.drops)

    @property
    def repeated_share(self) -> float:
        """Part of the samples that repeat the one before."""
        return len(self.repeated_s) / self.samples if self.samples else 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "samples": self.samples,
            "duration_s": self.duration_s,
            "rate_hz": self.rate_hz,
            "nominal_hz": self.nominal_hz,
            "jitter_s": self.jitter_s,
            "frames_dropped": self.frames_dropped,
            "drops": [drop.to_json() for drop in self.drops],
            "gaps": [gap.to_json() for gap in self.gaps],
            "repeated": len(self.repeated_s),
            "repeated_s": list(self.repeated_s),
            "frozen_s": [list(stretch) for stretch in self.frozen_s],
            "recorded_share": self.recorded_share,
        }


def measure_timing(columns: Columns) -> Timing:
    """How a take was sampled."""
    take = columns.take
    steps = np.diff(take.times)
    step = usual_step(take.times) if take.samples > 1 else 1.0 / float(take.timebase.rate)
    usual = steps[steps <= DROP_STEPS * step]
    holes = sorted(
        [*_untimed(take.times, step), *_unseen(take)], key=lambda gap: (gap.start_s, gap.end_s)
    )
    repeated, frozen = _equal_samples(columns)
    has_any: BoolArray = np.any(take.valid, axis=0)
    seen = take.valid[:, has_any]
    absent = sum(gap.samples for gap in holes if gap.channels == ())
    known = float(seen.mean()) if seen.size else 0.0
    unseen_rows = int((~np.any(seen, axis=1)).sum()) if seen.size else 0
    share = known * take.samples / max(take.samples + absent - unseen_rows, 1)
    return Timing(
        samples=take.samples,
        duration_s=take.duration_s,
        rate_hz=1.0 / step,
        nominal_hz=float(take.timebase.rate),
        jitter_s=float(np.std(usual)) if len(usual) else 0.0,
        drops=tuple(gap for gap in holes if gap.is_drop),
        gaps=tuple(gap for gap in holes if not gap.is_drop),
        repeated_s=repeated,
        frozen_s=frozen,
        recorded_share=share,
    )


def _untimed(times: FloatArray, step: float) -> list[Gap]:
    """Holes in the times themselves."""
    steps = np.diff(times)
    return [
        Gap(
            float(times[place] + step),
            float(times[place + 1]),
            max(1, round(min(float(steps[place]) / step, 1e9)) - 1),
        )
        for place in np.flatnonzero(steps > DROP_STEPS * step).tolist()
    ]


def _unseen(take: Take) -> list[Gap]:
    """Holes in the samples that are there."""
    return [
        Gap(
            gap["start_s"],
            gap["end_s"],
            gap["samples"],
            () if gap["channels"] == "all" else tuple(gap["channels"]),
        )
        for gap in find_gaps(take)
    ]


def _equal_samples(
    columns: Columns,
) -> tuple[tuple[float, ...], tuple[tuple[float, float], ...]]:
    """Times of samples that repeat the one before, and longer stretches of such."""
    times = columns.take.times
    if len(times) < 3:
        return (), ()
    moving = np.ptp(columns.values, axis=0) > 0
    if int(moving.sum()) < _FEWEST_MOVING:
        return (), ()
    values, valid = columns.values[:, moving], columns.valid[:, moving]
    same = np.concatenate([[False], (values[1:] == values[:-1]).all(axis=1)])
    # a line over a gap is not what was recorded
    there = valid.all(axis=1)
    same[1:] &= there[1:] & there[:-1]
    frozen: list[tuple[float, float]] = []
    for first, last in runs_of(same):
        if float(times[last] - times[first - 1]) >= FROZEN_S:
            frozen.append((float(times[first - 1]), float(times[last])))
            same[first : last + 1] = False
    return tuple(times[same].tolist()), tuple(frozen)
