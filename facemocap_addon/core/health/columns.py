# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's channels as the measurements want them: without gaps, with noise and neutral known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..actor.range_measuring import measure_range
from ..actor.range_of_motion import is_ranged
from ..arrays import BoolArray, FloatArray
from ..cleaning.adaptive import bridged
from ..cleaning.noise import noise_level
from ..points import PICTURE, SPACE
from ..take import Take

#: Shorter takes have no range of motion.
FEWEST = 8
_UNITS = {"weight": "1", "angle": "rad", "translation": "m", SPACE: "m", PICTURE: "px"}
#: Percentiles of a channel that are told.
PERCENTILES = (1.0, 50.0, 99.0)


@dataclass(frozen=True)
class Columns:
    """The channels that are no points' coordinates and were recorded, c of them.

    Attributes
    ----------
    take : Take
    places : (c,) tuple of int
        Their columns in the take.
    names : (c,) tuple of str
    values : (n, c) float64
        Straight lines where nothing was recorded.
    valid : (n, c) bool
    noise : (c,) float64
        Standard deviation.
    p01, p50, p99 : (c,) float64
        Percentiles of what was recorded.
    neutral, extreme : (c,) float64
        What each goes from and to, see `core.actor.range_measuring`; for others than coefficients
        the median and the percentile that lies farther off.
    """

    take: Take
    places: tuple[int, ...]
    names: tuple[str, ...]
    values: FloatArray
    valid: BoolArray
    noise: FloatArray
    p01: FloatArray
    p50: FloatArray
    p99: FloatArray
    neutral: FloatArray
    extreme: FloatArray

    def place(self, name: str) -> int | None:
        """Column of a channel, None where it was not recorded."""
        return self.names.index(name) if name in self.names else None

    def has(self, *names: str) -> bool:
        """Whether all of them were recorded."""
        return all(name in self.names for name in names)

    def series(self, name: str) -> FloatArray:
        """Values ``(n,)`` of a channel; nought where it was not recorded."""
        place = self.place(name)
        return np.zeros(self.take.samples) if place is None else self.values[:, place]

    def seen(self, *names: str) -> BoolArray:
        """Samples ``(n,)`` at which all of these were recorded."""
        out = np.ones(self.take.samples, np.bool_)
        for name in names:
            place = self.place(name)
            out &= False if place is None else self.valid[:, place]
        return out

    @property
    def span(self) -> FloatArray:
        """How far each goes from its neutral ``(c,)``."""
        return np.abs(self.extreme - self.neutral)

    @property
    def spread(self) -> FloatArray:
        """How far each goes in all ``(c,)``, from its 1st to its 99th percentile."""
        return self.p99 - self.p01


def is_point(kind: str) -> bool:
    """Whether a channel is a coordinate of a point."""
    return kind in (SPACE, PICTURE)


def unit_of(kind: str) -> str:
    """The unit of a kind of channel; ``1`` for what has none."""
    return _UNITS[kind]


def columns_of(take: Take) -> Columns:
    """The columns of a take."""
    has_any: BoolArray = np.any(take.valid, axis=0)
    places = [
        place
        for place, channel in enumerate(take.channels)
        if has_any[place] and not is_point(channel.kind)
    ]
    valid = take.valid[:, places]
    values = bridged(take.values[:, places].astype(np.float64), valid)
    names = tuple(take.channels[place].name for place in places)
    low, middle, high = percentiles(values, valid)
    neutral, extreme = _ranges(take, names, low, middle, high)
    return Columns(
        take=take,
        places=tuple(places),
        names=names,
        values=values,
        valid=valid,
        noise=noise_level(values, valid),
        p01=low,
        p50=middle,
        p99=high,
        neutral=neutral,
        extreme=extreme,
    )


def percentiles(
    values: FloatArray, valid: BoolArray, which: Sequence[float] = PERCENTILES
) -> FloatArray:
    """Percentiles ``(p, c)`` of what is valid in each column; nought where nothing is."""
    out = np.zeros((len(which), values.shape[1]))
    whole = np.all(valid, axis=0) if len(values) else np.zeros(values.shape[1], np.bool_)
    if whole.any():
        out[:, whole] = np.percentile(values[:, whole], which, axis=0)
    for column in np.flatnonzero(~whole).tolist():
        there = values[valid[:, column], column]
        if len(there):
            out[:, column] = np.percentile(there, which)
    return out


def _ranges(
    take: Take, names: tuple[str, ...], low: FloatArray, middle: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Neutral and extreme ``(c,)`` of each channel."""
    channels = [take.channels[take.column(name)] for name in names]
    neutral, extreme = middle.copy(), high.copy()
    for place, channel in enumerate(channels):
        if channel.kind == "weight":
            neutral[place] = channel.neutral
        if neutral[place] - low[place] > high[place] - neutral[place]:
            extreme[place] = low[place]
    if take.samples >= FEWEST and any(is_ranged(channel) for channel in channels):
        own = measure_range(take, "", own=True).by_channel()
        for place, name in enumerate(names):
            if name in own:
                neutral[place], extreme[place] = own[name].neutral, own[name].extreme
    return neutral, extreme
