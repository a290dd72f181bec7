# SPDX-License-Identifier: GPL-3.0-or-later
"""Each channel: its range, its noise, and whether it is dead, cut off or full of spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel
from ..cleaning.noise import ORDER, noise_level
from ..cleaning.roles import roles_of
from ..cleaning.samples import Samples
from ..cleaning.spikes import find_spikes
from ..points import PICTURE, points_of
from ..stabilise.runs import runs_of
from ..take import Take
from .columns import FEWEST, Columns, is_point, percentiles, unit_of

NOT_RECORDED, DEAD, LIVE = "not recorded", "dead", "live"
#: A channel is cut off where it stays at one highest value for so many samples and seconds.
CUT_SAMPLES, CUT_S = 3, 0.04
#: Away from the end of its range it must be so often, and so high; and other values seldom repeat.
_OWN_RUNS, _OWN_HEIGHT, _OWN_REPEATS = 3, 0.2, 0.1
#: The end of the range itself is reached this near.
_AT_END = 1e-4
#: Fourth differences change their sign this often in noise; fewer than these say nothing.
_WHITE, _FEWEST_TURNS = 0.68, 30
#: Places in metres count this much more than coefficients when spikes are looked for.
_TRANSLATION = 5.0
#: A point's spike is at least this far off (metres, pixels), so many times what is usual, and so
#: many times what its neighbours lie apart.
_POINT_LEAST, _POINT_TIMES, _POINT_APART = (2e-3, 3.0), 8.0, 1.5


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """One channel.

    Attributes
    ----------
    name, region, kind, side, unit : str
    state : str
        ``live``, ``dead`` (never changes) or ``not recorded``.
    valid_share : float
        Of the samples.
    low, high, p01, p50, p99 : float
        Smallest and largest value, and percentiles.
    neutral, extreme : float
        What it goes from and to.
    noise : float
        Standard deviation.
    is_white : bool
        Whether that is noise, and not motion too fast for the rate.
    spikes_s : tuple of float
        Times of samples that jump away and back.
    cut_off : tuple of (float, float)
        Stretches at its highest (or lowest) value, from and to in seconds.
    cut_off_at : float or None
        That value.
    cut_off_share : float
        Part of the recorded samples in these stretches.
    """

    name: str
    region: str
    kind: str
    side: str
    unit: str
    state: str
    valid_share: float
    low: float = 0.0
    high: float = 0.0
    p01: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    neutral: float = 0.0
    extreme: float = 0.0
    noise: float = 0.0
    is_white: bool = False
    spikes_s: tuple[float, ...] = ()
    cut_off: tuple[tuple[float, float], ...] = ()
    cut_off_at: float | None = None
    cut_off_share: float = 0.0

    @property
    def span(self) -> float:
        """The range of motion: from neutral to extreme."""
        return abs(self.extreme - self.neutral)

    def to_json(self) -> dict[str, Any]:
        """Plain values; figures are None where nothing was recorded."""
        told: dict[str, Any] = {
            "name": self.name,
            "region": self.region,
            "kind": self.kind,
            "side": self.side,
            "unit": self.unit,
            "state": self.state,
            "valid_share": self.valid_share,
        }
        there = self.state != NOT_RECORDED
        for key in ("low", "high", "p01", "p50", "p99", "neutral", "extreme", "span", "noise"):
            told[key] = float(getattr(self, key)) if there else None
        return told | {
            "spikes": len(self.spikes_s),
            "spikes_s": list(self.spikes_s),
            "cut_off_at": self.cut_off_at,
            "cut_off_share": self.cut_off_share,
            "cut_off_s": [list(stretch) for stretch in self.cut_off],
        }


def measure_channels(columns: Columns) -> tuple[ChannelHealth, ...]:
    """All channels of a take, in its order."""
    take = columns.take
    done = {place: number for number, place in enumerate(columns.places)}
    spikes = _spikes(columns)
    white = are_white(columns.values, columns.valid)
    point_places = [i for i, channel in enumerate(take.channels) if is_point(channel.kind)]
    points = _measure_points(take, point_places)
    out: list[ChannelHealth] = []
    for place, channel in enumerate(take.channels):
        if place in points:
            out.append(points[place])
            continue
        number = done.get(place)
        if number is None:
            out.append(_described(channel, NOT_RECORDED, 0.0))
            continue
        valid = columns.valid[:, number]
        there = columns.values[valid, number]
        bottom, top = float(there.min()), float(there.max())
        dead = top == bottom and len(there) >= FEWEST
        spiky = spikes[:, number]
        switch = _is_switch(there)
        stretches, cut_at = ([], None) if switch else _cut_off(columns, number, channel)
        inside = sum(last - first + 1 for first, last in stretches)
        out.append(
            _described(
                channel,
                DEAD if dead else LIVE,
                float(valid.mean()),
                low=bottom,
                high=top,
                p01=float(columns.p01[number]),
                p50=float(columns.p50[number]),
                p99=float(columns.p99[number]),
                neutral=float(columns.neutral[number]),
                extreme=float(columns.extreme[number]),
                noise=float(columns.noise[number]),
                is_white=bool(white[number]),
                spikes_s=() if switch else tuple(take.times[spiky].tolist()),
                cut_off=tuple(
                    (float(take.times[first]), float(take.times[last])) for first, last in stretches
                ),
                cut_off_at=cut_at,
                cut_off_share=inside / len(there),
            )
        )
    return tuple(out)


def _described(channel: Channel, state: str, share: float, **figures: Any) -> ChannelHealth:
    return ChannelHealth(
        channel.name,
        channel.region,
        channel.kind,
        channel.side,
        unit_of(channel.kind),
        state,
        share,
        **figures,
    )


def _spikes(columns: Columns) -> BoolArray:
    """Which samples ``(n, c)`` jump away and back."""
    take = columns.take
    out = np.zeros(columns.valid.shape, np.bool_)
    if not columns.names or take.samples < 2:
        return out
    channels = [take.channels[place] for place in columns.places]
    moving = np.flatnonzero(np.ptp(columns.values, axis=0) > 0)
    if not len(moving):
        return out
    scale = np.array([_TRANSLATION if c.kind == "translation" else 1.0 for c in channels])[moving]
    trust = take.confidence
    if trust is not None:
        trust = np.clip(trust[:, columns.places].astype(np.float64), 0.0, 1.0)[:, moving]
    out[:, moving] = find_spikes(
        Samples(
            times=take.times,
            values=columns.values[:, moving] * scale,
            valid=columns.valid[:, moving],
            noise=columns.noise[moving] * scale,
            roles=roles_of([channels[place] for place in moving.tolist()]),
            trust=trust,
        )
    )
    return out


def are_white(values: FloatArray, valid: BoolArray) -> BoolArray:
    """Whether the noise of columns ``(n, c)`` is noise.

    Fourth differences of white noise change their sign from one to the next in 80 % of all cases,
    those of motion much less often.
    """
    out = np.zeros(values.shape[1], np.bool_)
    if len(values) <= ORDER + 1:
        return out
    ups = np.diff(values, ORDER, axis=0)
    used = (ups[1:] != 0) & (ups[:-1] != 0)
    for shift in range(ORDER + 2):
        used &= valid[shift : len(valid) - ORDER - 1 + shift]
    turns = ((ups[1:] > 0) != (ups[:-1] > 0)) & used
    count = used.sum(axis=0)
    return (count >= _FEWEST_TURNS) & (turns.sum(axis=0) >= _WHITE * count)


def _is_switch(values: FloatArray) -> bool:
    """Whether a channel ``(m,)`` is only ever on or off (or next to that)."""
    low, high = float(values.min()), float(values.max())
    return bool(((values == low) | (values == high)).all())


def _cut_off(
    columns: Columns, number: int, channel: Channel
) -> tuple[list[tuple[int, int]], float | None]:
    """Stretches (first, last sample) in which a channel stays at an end, and that end."""
    values, valid = columns.values[:, number], columns.valid[:, number]
    ends = (1.0, -1.0) if channel.range[0] < 0 else (1.0,)
    for sign in ends:
        series = np.where(valid, sign * values, -np.inf)
        top = float(series.max())
        limit = channel.range[1] if sign > 0 else -channel.range[0]
        at_limit = channel.kind == "weight" and abs(top - limit) <= _AT_END
        at_top = series >= (limit - _AT_END if at_limit else top)
        if int(at_top.sum()) < CUT_SAMPLES:
            continue
        found = [run for run in runs_of(at_top) if _is_long(columns.take, run)]
        if not found:
            continue
        if at_limit or _is_own_end(series, at_top, found, top, limit):
            return found, sign * top
    return [], None


def _is_long(take: Take, run: tuple[int, int]) -> bool:
    first, last = run
    long_s = float(take.times[last] - take.times[first])
    return last - first + 1 >= CUT_SAMPLES and long_s >= CUT_S - 1e-6


def _is_own_end(
    series: FloatArray, at_top: BoolArray, runs: list[tuple[int, int]], top: float, limit: float
) -> bool:
    """Whether a highest value inside the range is where the tracker cuts, not coarse values."""
    if len(runs) < _OWN_RUNS or top < _OWN_HEIGHT * limit:
        return False
    upper = ~at_top & (series > 0.5 * top)
    both = upper[1:] & upper[:-1]
    repeats = (series[1:] == series[:-1])[both]
    return len(repeats) > 0 and float(repeats.mean()) < _OWN_REPEATS


# ---------------------------------------------------------------- points


def _measure_points(take: Take, places: list[int]) -> dict[int, ChannelHealth]:
    """Coordinates of points, by their columns."""
    if not places:
        return {}
    spikes = _point_spikes(take)
    out: dict[int, ChannelHealth] = {}
    for place in places:
        channel, valid = take.channels[place], take.valid[:, place : place + 1]
        if not valid.any():
            out[place] = _described(channel, NOT_RECORDED, 0.0)
            continue
        values = take.values[:, place : place + 1].astype(np.float64)
        there = values[valid]
        bottom, top = float(there.min()), float(there.max())
        low, middle, high = percentiles(values, valid)[:, 0].tolist()
        point = channel.name.rpartition(".")[0]
        out[place] = _described(
            channel,
            DEAD if top == bottom and len(there) >= FEWEST else LIVE,
            float(valid.mean()),
            low=bottom,
            high=top,
            p01=low,
            p50=middle,
            p99=high,
            neutral=middle,
            extreme=high if high - middle >= middle - low else low,
            noise=float(noise_level(values, valid)[0]),
            is_white=bool(are_white(values, valid)[0]),
            spikes_s=tuple(take.times[spikes.get(point, [])].tolist()),
        )
    return out


def _point_spikes(take: Take) -> dict[str, list[int]]:
    """Samples in which a point jumps away and back, by its name."""
    out: dict[str, list[int]] = {}
    for kind, least in zip(("point", PICTURE), _POINT_LEAST, strict=True):
        points = points_of(take, kind)
        if take.samples < 5:
            continue
        for number, name in enumerate(points.names):
            rows = np.flatnonzero(points.valid[:, number])
            if len(rows) < 5:
                continue
            series = points.positions[rows, number]
            near = rows[2:] - rows[:-2] == 2
            off = np.sqrt(((series[1:-1] - 0.5 * (series[2:] + series[:-2])) ** 2).sum(axis=1))
            apart = np.sqrt(((series[2:] - series[:-2]) ** 2).sum(axis=1))
            limit = max(least, _POINT_TIMES * float(np.median(off)))
            found = near & (off > limit) & (off > _POINT_APART * apart)
            if found.any():
                out[name] = rows[1:-1][found].tolist()
    return out
