# SPDX-License-Identifier: GPL-3.0-or-later
"""What each region of the face does: how far it moves, and how long its expressions take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..stack.regions import REGIONS
from .columns import Columns
from .pulses import Pulse, find_pulses

#: An expression rises and falls by this much at least (coefficients, radians, metres), and by so
#: many deviations of the noise.
LEAST = {"weight": 0.1, "angle": math.radians(3.0), "translation": 0.01}
SURE = 8.0
#: A channel of which this much is used moves.
MOVES = 0.1


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and outer tenths of durations, in seconds."""

    median: float
    p10: float
    p90: float

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return {"median": self.median, "p10": self.p10, "p90": self.p90}


@dataclass(frozen=True, slots=True)
class RegionHealth:
    """One region of the face.

    Attributes
    ----------
    region : str
    kind : str
        What it is measured by: its coefficients where it has any, else angles, else places.
    channels, moving : int
        How many there are, and how many of them move.
    span : float
        The largest range of motion of a channel.
    activity : float
        Root mean square over time of how far the region is from its neutral.
    noise : float
        Median of the channels'.
    events : tuple of Pulse
        Expressions: rises and falls of the region's distance from its neutral.
    """

    region: str
    kind: str
    channels: int
    moving: int
    span: float
    activity: float
    noise: float
    events: tuple[Pulse, ...]

    @property
    def timing(self) -> dict[str, Spread]:
        """Onset, apex and offset durations; empty without events."""
        if not self.events:
            return {}
        return {
            "onset_s": spread([event.onset_s for event in self.events]),
            "apex_s": spread([event.apex_s for event in self.events]),
            "offset_s": spread([event.offset_s for event in self.events]),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "region": self.region,
            "kind": self.kind,
            "channels": self.channels,
            "moving": self.moving,
            "span": self.span,
            "activity": self.activity,
            "noise": self.noise,
            "timing": {name: each.to_json() for name, each in self.timing.items()},
            "events": [event.to_json() for event in self.events],
        }


def spread(durations: Sequence[float]) -> Spread:
    """Of one duration or more."""
    low, middle, high = np.percentile(np.array(durations, np.float64), [10, 50, 90]).tolist()
    return Spread(middle, low, high)


def measure_regions(columns: Columns) -> tuple[RegionHealth, ...]:
    """The regions that were recorded, top to bottom."""
    found: list[tuple[str, str, list[int]]] = []
    for region in REGIONS:
        for kind in LEAST:
            places = _places(columns, region, kind)
            if places:
                found.append((region, kind, places))
                break
    if not found or not columns.take.samples:
        return ()
    courses = np.stack([_distance(columns, places) for _, _, places in found], axis=1)
    valid = np.stack([columns.valid[:, places].any(axis=1) for _, _, places in found], axis=1)
    least = np.array([_least(columns, kind, places) for _, kind, places in found])
    events = find_pulses(courses, valid, columns.take.times, least)
    return tuple(
        RegionHealth(
            region=region,
            kind=kind,
            channels=len(places),
            moving=int((columns.span[places] >= MOVES * _whole(kind)).sum()),
            span=float(columns.span[places].max()),
            activity=_activity(courses[:, number], valid[:, number]),
            noise=float(np.median(columns.noise[places])),
            events=events[number],
        )
        for number, (region, kind, places) in enumerate(found)
    )


def _places(columns: Columns, region: str, kind: str) -> list[int]:
    channels = [columns.take.channels[place] for place in columns.places]
    return [i for i, c in enumerate(channels) if c.region == region and c.kind == kind]


def _whole(kind: str) -> float:
    """What counts as 1 of a kind."""
    return LEAST[kind] / LEAST["weight"]


def _distance(columns: Columns, places: list[int]) -> FloatArray:
    """How far a region is from its neutral ``(n,)``: root of the sum of squares."""
    off = columns.values[:, places] - columns.neutral[places]
    return np.sqrt((off * off).sum(axis=1))


def _least(columns: Columns, kind: str, places: list[int]) -> float:
    # of many noisy channels the distance has about the noise of one
    return max(LEAST[kind], SURE * float(columns.noise[places].max()))


def _activity(course: FloatArray, valid: BoolArray) -> float:
    return math.sqrt(float(np.mean(course[valid] ** 2))) if valid.any() else 0.0
