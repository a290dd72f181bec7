# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right of a face differ more or less, or again where the tracker mirrors them.

Of each pair only the difference changes: half the sum of left and right stays. A side that is
stronger by a part e gets ``mean * (1 + e)``, the other ``mean * (1 - e)``; a side that leads by d
gets half of ``mean(t + d/2) - mean(t - d/2)`` more, which is nothing while the face holds. e
wanders slowly, and only while its region moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..contacts.captured import PARTED, PARTING, blink_range, lip_contacts
from ..take import Take
from .draws import Draws, smooth_step
from .samples import beside, course, seconds_of, with_values
from .sides import Pair, index_of, pairs_of

#: Beyond this a start delay is seen as a fault (seconds; Helwig et al. 2017).
MOST_LAG_S = 0.125
#: What trackers mirror as a rule.
RESTORED = ("brow", "eye")
#: The tracker mirrors a region whose index is no higher.
MIRRORED = 0.01
#: Regions whose sides drive the others, in that order.
_LEADING = ("mouth", "cheek", "nose")
#: The mouth's side is that of its last seconds, as far as it moves this much.
_SIDE_S, _SIDE_FLOOR = 2.0, 0.02
#: A region moves when a pair is faster than this (a second), fully from the second on.
_STILL, _MOVING = 0.06, 0.3
#: While it moves its gain follows what is wanted within about this time (seconds).
_FOLLOWS_S = 0.15
#: A blink's difference fades out this near to shut lids (seconds).
_SHUT_S = 0.03
#: A side's gain beyond this would be a droop.
_MOST_GAIN = 0.5
_BLINK = "eyeBlink"
#: The gain that gives an index is looked for up to this factor, in so many tries, as near as this.
_MOST_FACTOR, _TRIES, _NEAR = 64.0, 8, 0.005


@dataclass(frozen=True, slots=True)
class Sides:
    """What becomes of the sides.

    Attributes
    ----------
    amount : float
        Part of the captured difference that is kept: 0 mirrors, 1 keeps, up to 3.
    amounts : mapping of str to float
        The same for single regions.
    indexes : mapping of str to float
        Regions that get a difference where the tracker mirrors them, and the index that they get:
        median of ``|L - R| / (L + R)``.
    follow : float
        How much these follow the mouth's own side.
    bias : float
        Lasting part by which the left is stronger, or the right below nought.
    variation : float
        Deviation of the slow change of that part.
    every_s : float
        How slowly it changes.
    lag_s : float
        How much sooner the left moves in regions that are restored; below nought, the right.
    lags : mapping of str to float
        The same for single regions, restored or not.
    blink_lag_s : float
        How far apart the lids are in a blink.
    """

    amount: float = 1.0
    amounts: Mapping[str, float] = field(default_factory=dict[str, float])
    indexes: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(RESTORED, 0.04))
    follow: float = 0.4
    bias: float = 0.02
    variation: float = 0.03
    every_s: float = 3.0
    lag_s: float = 0.02
    lags: Mapping[str, float] = field(default_factory=dict[str, float])
    blink_lag_s: float = 0.008


@dataclass(frozen=True, slots=True)
class RegionChange:
    """Index of a region before and after, and whether it was restored."""

    region: str
    before: float
    after: float
    restored: bool


def change_sides(take: Take, sides: Sides, draws: Draws) -> tuple[Take, tuple[RegionChange, ...]]:
    """The take with its sides changed, and what was changed by how much."""
    pairs = pairs_of(take)
    if not pairs or take.samples < 2:
        return take, ()
    seconds = seconds_of(take)
    mouth_side = _mouth_side(pairs, seconds)
    closed: BoolArray | None = None
    columns: dict[str, FloatArray] = {}
    changes: list[RegionChange] = []
    for region in dict.fromkeys(pair.region for pair in pairs):
        own = [pair for pair in pairs if pair.region == region]
        before = index_of(own, [pair.half for pair in own])
        amount = sides.amounts.get(region, sides.amount)
        index = sides.indexes.get(region, 0.0)
        restored = before < min(MIRRORED, index)
        lag = sides.lags.get(region, sides.lag_s if restored else 0.0)
        if amount == 1.0 and not restored and lag == 0.0:
            continue
        if closed is None and region == "mouth":
            closed = _closed_lips(take)
        closures = {pair.stem: _closures(take, pair) for pair in own if pair.stem == _BLINK}
        work = _Region(
            pairs=own,
            amount=amount,
            side=_side(own, seconds, mouth_side, sides, draws, region),
            leads=_leads(own, seconds, lag, sides, draws, region),
            bounds=[_most(take, pair, closed) for pair in own],
            openness=[_openness(take, closures.get(pair.stem)) for pair in own],
        )
        found = work.at_index(index) if restored else work.halves(0.0)
        for place, pair in enumerate(own):
            if pair.stem == _BLINK:
                found[place] = _kept_shut(take, pair, found[place], closures[pair.stem])
            columns[pair.left] = pair.mean + found[place]
            columns[pair.right] = pair.mean - found[place]
        changes.append(RegionChange(region, before, index_of(own, found), restored))
    return with_values(take, "asymmetry", columns), tuple(changes)


@dataclass(frozen=True)
class _Region:
    """The pairs of a region and all that their differences are made of, ``(n,)`` each."""

    pairs: Sequence[Pair]
    amount: float
    side: FloatArray
    leads: Sequence[FloatArray]
    bounds: Sequence[FloatArray]
    openness: Sequence[FloatArray]

    def halves(self, gain: float) -> list[FloatArray]:
        """Half differences when one side is stronger by ``gain`` times what was drawn."""
        part = np.clip(gain * self.side, -_MOST_GAIN, _MOST_GAIN)
        out: list[FloatArray] = []
        for pair, lead, most, openness in zip(
            self.pairs, self.leads, self.bounds, self.openness, strict=True
        ):
            wanted = self.amount * pair.half + part * pair.mean + lead
            wanted = pair.half + openness * (np.clip(wanted, -most, most) - pair.half)
            out.append(np.where(pair.there, wanted, pair.half))
        return out

    def at_index(self, index: float) -> list[FloatArray]:
        """Half differences of the gain that gives the index, as far as any does."""
        low, high = 0.0, 1.0
        least, most = 0.0, index_of(self.pairs, self.halves(high))
        while most < index and high < _MOST_FACTOR:
            low, least, high = high, most, 2.0 * high
            most = index_of(self.pairs, self.halves(high))
        found = self.halves(high)
        for _ in range(_TRIES):
            # the index grows nearly in proportion to the gain
            share = (index - least) / max(most - least, 1e-12)
            gain = low + float(np.clip(share, 0.05, 0.95)) * (high - low)
            found = self.halves(gain)
            now = index_of(self.pairs, found)
            if abs(now - index) < _NEAR * index:
                break
            if now < index:
                low, least = gain, now
            else:
                high, most = gain, now
        return found


# ---------------------------------------------------------------- whose side


def _mouth_side(pairs: Sequence[Pair], seconds: FloatArray) -> FloatArray:
    """How much stronger the mouth's left is ``(n,)``, as a part, slowly."""
    for region in _LEADING:
        own = [pair for pair in pairs if pair.region == region]
        if not own:
            continue
        mean, half = (_calm(sum_of(each), seconds) for each in _parts(own))
        return np.clip(half / (np.maximum(mean, 0.0) + _SIDE_FLOOR * len(own)), -1.0, 1.0)
    return np.zeros(len(seconds))


def _parts(own: Sequence[Pair]) -> tuple[list[FloatArray], list[FloatArray]]:
    return [pair.mean for pair in own], [pair.half for pair in own]


def sum_of(columns: Sequence[FloatArray]) -> FloatArray:
    """Sum ``(n,)`` in the order given, whatever the build of NumPy."""
    out = np.zeros(len(columns[0]))
    for column in columns:
        out = out + column
    return out


def _calm(values: FloatArray, seconds: FloatArray) -> FloatArray:
    """Mean ``(n,)`` of the seconds around each sample, by the integral of the curve."""
    area = np.concatenate([[0.0], np.cumsum(0.5 * (values[1:] + values[:-1]) * np.diff(seconds))])
    low = np.maximum(seconds - 0.5 * _SIDE_S, 0.0)
    high = np.minimum(seconds + 0.5 * _SIDE_S, seconds[-1])
    return (np.interp(high, seconds, area) - np.interp(low, seconds, area)) / (high - low)


def _side(
    own: Sequence[Pair],
    seconds: FloatArray,
    mouth_side: FloatArray,
    sides: Sides,
    draws: Draws,
    region: str,
) -> FloatArray:
    """By which part the left is stronger ``(n,)`` at gain 1; it rests while the region holds."""
    slow = draws.wander(f"side {region}", seconds, sides.every_s)
    wanted = sides.bias + sides.follow * mouth_side + sides.variation * slow
    speed = np.zeros(len(seconds))
    for pair in own:
        speed = np.maximum(speed, _speed(pair.mean, seconds))
    moving = smooth_step((speed - _STILL) / (_MOVING - _STILL))
    share = moving[1:] * np.minimum(np.diff(seconds) / _FOLLOWS_S, 1.0)
    now = float(wanted[0])
    out = [now]
    for part, goal in zip(share.tolist(), wanted[1:].tolist(), strict=True):
        now += part * (goal - now)
        out.append(now)
    return np.array(out)


def _speed(values: FloatArray, seconds: FloatArray) -> FloatArray:
    """Speed ``(n,)`` over two samples to either side: noise of single samples is no motion."""
    rows = np.arange(len(values))
    before, after = np.maximum(rows - 2, 0), np.minimum(rows + 2, len(values) - 1)
    return np.abs(values[after] - values[before]) / (seconds[after] - seconds[before])


# ---------------------------------------------------------------- who leads


def _leads(
    own: Sequence[Pair], seconds: FloatArray, lag: float, sides: Sides, draws: Draws, region: str
) -> list[FloatArray]:
    """What a lead of the left adds to its half ``(n,)``, for each pair."""
    slow = draws.wander(f"lag {region}", seconds, sides.every_s)
    out: list[FloatArray] = []
    for pair in own:
        own_lag = lag
        if pair.stem == _BLINK and region not in sides.lags:
            own_lag = np.copysign(sides.blink_lag_s, lag) if lag else 0.0
        if own_lag == 0.0:
            out.append(np.zeros(len(seconds)))
            continue
        # a third of it comes and goes
        by = np.clip(own_lag * (1.0 + slow / 3.0), -MOST_LAG_S, MOST_LAG_S)
        sooner = np.interp(seconds + 0.5 * by, seconds, pair.mean)
        later = np.interp(seconds - 0.5 * by, seconds, pair.mean)
        out.append(0.5 * (sooner - later))
    return out


# ---------------------------------------------------------------- what must stay


def _most(take: Take, pair: Pair, closed: BoolArray | None) -> FloatArray:
    """How large half of a pair's difference may be ``(n,)``: both sides stay within their range."""
    low, high = take.channels[take.column(pair.left)].range
    least, top = pair.mean - np.abs(pair.half), pair.mean + np.abs(pair.half)
    upper = np.maximum(top, high)
    if pair.left in PARTING and closed is not None:
        # lips that touch stay together on both sides
        upper = np.where(closed, np.maximum(top, 0.99 * PARTED), upper)
    return np.minimum(pair.mean - np.minimum(least, low), upper - pair.mean)


def _closed_lips(take: Take) -> BoolArray:
    closed = np.zeros(take.samples, np.bool_)
    for contact in lip_contacts(take):
        closed[contact.first : contact.last + 1] = True
    return closed


def _openness(take: Take, closures: Sequence[FloatArray] | None) -> FloatArray:
    """0 where a blink has shut an eye, 1 a little beside it, ``(n,)``; 1 for other pairs."""
    if not closures:
        return np.ones(take.samples)
    return beside(take.times, np.maximum.reduce(closures) >= 1.0, _SHUT_S)


def _closures(take: Take, pair: Pair) -> list[FloatArray]:
    """How far each eye is shut ``(n,)``, as far as it blinks; see `contacts.captured`."""
    ranges = [(name, blink_range(take, name)) for name in (pair.left, pair.right)]
    return [own.closure(course(take, name)) for name, own in ranges if own is not None]


def _kept_shut(
    take: Take, pair: Pair, half: FloatArray, before: Sequence[FloatArray]
) -> FloatArray:
    """Half differences with which every lid that was shut still is.

    What shut means is told from the take's own blinks, so it is looked at afterwards.
    """
    if not before:
        return half
    for level in (1.0, 0.5):
        kept = half
        if level < 1.0:
            openness = beside(take.times, np.maximum.reduce(before) >= level, _SHUT_S)
            kept = pair.half + openness * (half - pair.half)
        after = _closures(_only(take, pair, kept), pair)
        if len(before) == len(after) and all(map(_still_shut, before, after)):
            return kept
    return pair.half


def _only(take: Take, pair: Pair, half: FloatArray) -> Take:
    """A take of nothing but a pair with another half difference."""
    columns = [take.column(name) for name in (pair.left, pair.right)]
    return replace(
        take,
        channels=tuple(take.channels[column] for column in columns),
        values=np.stack([pair.mean + half, pair.mean - half], axis=1),
        valid=take.valid[:, columns],
        confidence=None,
    )


def _still_shut(before: FloatArray, after: FloatArray) -> bool:
    return bool((after[before >= 1.0] >= 1.0).all())
