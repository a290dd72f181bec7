# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one take gives way to another: the frame and the length at which it is seen least.

Over a seam the values go from one take to the other by a weight of two parabolas, the shape whose
bend is smallest for its length. A channel's seam is as short as keeps its second difference within
what both takes have there anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: What "there" is: this far around a seam (seconds).
AROUND_S = 5.0
#: The second difference within a seam is at most this percentile of both takes' own.
PERCENTILE = 99.0
#: Half-lengths of seams, in samples, from the shortest to the longest, this factor apart.
_SHORTEST, _FACTOR = 2, 1.35
#: What a place costs beside differences: being in the middle of something, being far from what was
#: asked for, missing samples, channels that bend beyond what is allowed, and by how much.
_BUSY, _FAR, _MISSING, _OVER, _BENT = 20.0, 0.3, 50.0, 30.0, 5.0
#: A difference of velocity counts over this time (seconds).
_VELOCITY_S = 0.08


@dataclass(frozen=True, slots=True)
class Seam:
    """A seam as it was made.

    Attributes
    ----------
    stretch : int
        Number of the stretch in the recipe, from 0.
    end : str
        ``start`` or ``end`` of the stretch.
    asked_s, at_s : float
        Seconds after the base's first sample: where it was asked for, where it lies.
    first, last : int
        Samples between which values are of neither take alone.
    bend : float
        Largest second difference within it, as a part of what is allowed; of the worst channel.
    worst : str
        That channel.
    over : tuple of str
        Channels that bend more than is allowed.
    is_busy : bool
        It lies in a blink or a contact, because there was no other place.
    """

    stretch: int
    end: str
    asked_s: float
    at_s: float
    first: int
    last: int
    bend: float
    worst: str
    over: tuple[str, ...]
    is_busy: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "stretch": self.stretch + 1,
            "end": self.end,
            "asked_s": round(self.asked_s, 6),
            "at_s": round(self.at_s, 6),
            "first_sample": self.first,
            "last_sample": self.last,
            "bend": round(self.bend, 4),
            "worst": self.worst,
            "over": list(self.over),
            "in_an_event": self.is_busy,
        }


@dataclass(frozen=True)
class Sides:
    """Both takes on the same samples, channels of one stretch.

    Attributes
    ----------
    before, after : (n, c) float64
    known : (n, c) bool
        Where both have values.
    swing : (c,) float64
        Range of each channel.
    is_busy : (n,) bool
    step_s : float
    """

    before: FloatArray
    after: FloatArray
    known: BoolArray
    swing: FloatArray
    is_busy: BoolArray
    step_s: float


@dataclass(frozen=True)
class Place:
    """Where a seam lies: its middle, half-lengths ``(c,)`` and bends ``(c,)``."""

    middle: int
    halves: IntArray
    bends: FloatArray
    is_busy: bool


def ramp(half: int) -> FloatArray:
    """Weights ``(2 half + 1,)`` of the later take, 0 at the first and 1 at the last."""
    share = np.arange(2 * half + 1) / (2.0 * half)
    return np.where(share < 0.5, 2.0 * share**2, 1.0 - 2.0 * (1.0 - share) ** 2)


def find_seam(sides: Sides, asked: int, low: int, high: int, longest: int) -> Place:
    """The best place for a seam with its middle from ``low`` to ``high``.

    Parameters
    ----------
    sides : Sides
    asked : int
        Sample at which it was asked for.
    low, high : int
        First and last sample that its middle may have.
    longest : int
        Largest half-length, in samples; it never reaches beyond the samples.
    """
    count = len(sides.before)
    middles = np.arange(low, high + 1)
    allowed = _allowed(sides, asked)
    halves = _halves(longest)
    bends = np.full((len(halves), len(middles), sides.before.shape[1]), np.inf)
    for row, half in enumerate(halves.tolist()):
        fits = (middles - half >= 1) & (middles + half <= count - 2)
        if fits.any():
            bends[row, fits] = _bends(sides, middles[fits], half) / allowed
    # the shortest that stays within what is allowed, else the one that bends least
    good = bends <= 1.0
    choice = np.where(good.any(axis=0), good.argmax(axis=0), bends.argmin(axis=0))
    least = np.take_along_axis(bends, choice[None], axis=0)[0]
    cost = _costs(sides, middles, asked, halves[choice], least)
    best = int(cost.argmin())
    middle, own = int(middles[best]), halves[choice[best]]
    reach = int(own.max(initial=1))
    inside = slice(max(middle - reach, 0), middle + reach + 1)
    return Place(middle, own, least[best], bool(sides.is_busy[inside].any()))


def _halves(longest: int) -> IntArray:
    sizes = [_SHORTEST]
    while sizes[-1] < longest:
        sizes.append(min(max(sizes[-1] + 1, round(sizes[-1] * _FACTOR)), longest))
    return np.array(sizes, np.int64)


def _allowed(sides: Sides, asked: int) -> FloatArray:
    """What each channel's second difference may be ``(c,)``."""
    around = max(3, round(AROUND_S / sides.step_s))
    rows = slice(max(asked - around, 0), asked + around + 1)
    known = sides.known[rows]
    whole = known[2:] & known[1:-1] & known[:-2]
    bends = [np.abs(np.diff(side[rows], 2, axis=0)) for side in (sides.before, sides.after)]
    both = np.where(np.concatenate([whole, whole]), np.concatenate(bends), np.nan)
    none = ~whole.any(axis=0)
    both[:, none] = 0.0
    # one float32 step of the channel's range: less is not there to be seen
    least = np.maximum(sides.swing, 1e-6) * 2.0**-20
    return np.maximum(np.nanpercentile(both, PERCENTILE, axis=0), least)


def _bends(sides: Sides, middles: IntArray, half: int) -> FloatArray:
    """Largest second difference ``(k, c)`` of seams of one length around middles ``(k,)``."""
    rows = middles[:, None] + np.arange(-half - 1, half + 2)
    weight = np.concatenate([[0.0], ramp(half), [1.0]])[None, :, None]
    mixed = sides.before[rows] * (1.0 - weight) + sides.after[rows] * weight
    return np.abs(np.diff(mixed, 2, axis=1)).max(axis=1)


def _costs(
    sides: Sides, middles: IntArray, asked: int, halves: IntArray, bends: FloatArray
) -> FloatArray:
    """What each place costs ``(k,)``; halves and bends are ``(k, c)``."""
    swing = np.maximum(sides.swing, 1e-6)
    apart = np.abs(sides.after - sides.before)[middles] / swing
    step = sides.step_s
    speeds = [np.gradient(side, step, axis=0) / swing for side in (sides.before, sides.after)]
    drift = np.abs(speeds[1] - speeds[0])[middles] * _VELOCITY_S
    moving = (np.abs(speeds[0]) + np.abs(speeds[1]))[middles] * _VELOCITY_S
    cost = np.sqrt(((apart + drift + moving) ** 2).mean(axis=1))
    cost += _BENT * np.minimum(np.maximum(bends - 1.0, 0.0), 10.0).mean(axis=1)
    cost += _OVER * ((bends > 1.0).any(axis=1) + (bends > 1.0).mean(axis=1))
    cost += _FAR * np.abs(middles - asked) / max(len(middles), 1)
    reach = halves.max(axis=1, initial=1)
    counted = np.concatenate([[0], np.cumsum(sides.is_busy)])
    lost = np.concatenate([[0], np.cumsum((~sides.known).mean(axis=1))])
    first = np.maximum(middles - reach, 0)
    last = np.minimum(middles + reach + 1, len(sides.is_busy))
    cost += _BUSY * ((counted[last] - counted[first]) > 0)
    return cost + _MISSING * (lost[last] - lost[first]) / np.maximum(last - first, 1)
