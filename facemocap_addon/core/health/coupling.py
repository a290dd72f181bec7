# SPDX-License-Identifier: GPL-3.0-or-later
"""Left beside right: how alike the two sides are, and pairs that a tracker makes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..stack.regions import REGIONS
from .columns import Columns

#: A side moves from this span on.
MOVES = 0.1
#: Where both sides together reach this, their asymmetry is measured.
TOGETHER = 0.1
#: A pair is coupled from this correlation on, up to this asymmetry index.
CORRELATION, ASYMMETRY = 0.999, 0.01
#: Lags up to this (seconds) are looked for.
_LAG_S = 0.15
_FEWEST = 30


@dataclass(frozen=True, slots=True)
class Pair:
    """A channel of the left side and its partner of the right.

    Attributes
    ----------
    left, right, region : str
    correlation : float or None
        None where one of them does not move.
    asymmetry : float or None
        Asymmetry index: the median of |L - R| / (L + R) where L + R is 0.1 and more.
    bias : float or None
        The median of (L - R) / (L + R): above 0 the left side does more.
    lag_s : float or None
        How much later the right side moves.
    coupled : bool
        Both are one and the same but for rounding.
    """

    left: str
    right: str
    region: str
    correlation: float | None
    asymmetry: float | None
    bias: float | None
    lag_s: float | None
    coupled: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "left": self.left,
            "right": self.right,
            "region": self.region,
            "correlation": self.correlation,
            "asymmetry": self.asymmetry,
            "bias": self.bias,
            "lag_s": self.lag_s,
            "coupled": self.coupled,
        }


@dataclass(frozen=True, slots=True)
class RegionPairs:
    """The pairs of one region together.

    Attributes
    ----------
    region : str
    pairs, moving, coupled : int
        How many there are, of how many both sides move, and how many of these are coupled.
    asymmetry, bias : float or None
        As of a pair, over all samples of all pairs.
    """

    region: str
    pairs: int
    moving: int
    coupled: int
    asymmetry: float | None
    bias: float | None

    @property
    def is_coupled(self) -> bool:
        """Whether all pairs that move are coupled."""
        return self.moving > 0 and self.coupled == self.moving

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "region": self.region,
            "pairs": self.pairs,
            "moving": self.moving,
            "coupled": self.coupled,
            "is_coupled": self.is_coupled,
            "asymmetry": self.asymmetry,
            "bias": self.bias,
        }


def measure_pairs(columns: Columns) -> tuple[tuple[Pair, ...], tuple[RegionPairs, ...]]:
    """All pairs of coefficients that were recorded, and each region's.

    eyeLookIn and eyeLookOut are left out: eyes that turn together move them apart.
    """
    pairs: list[Pair] = []
    pooled: dict[str, list[FloatArray]] = {}
    for place in columns.places:
        channel = columns.take.channels[place]
        if channel.kind != "weight" or channel.side != "L":
            continue
        if channel.name.startswith(("eyeLookIn", "eyeLookOut")):
            continue
        if not columns.has(channel.name, channel.partner):
            continue
        index = _indices(columns, channel.name, channel.partner)
        pooled.setdefault(channel.region, []).append(index)
        pairs.append(_pair(columns, channel.name, channel.partner, channel.region, index))
    regions: list[RegionPairs] = []
    for region in REGIONS:
        own = [pair for pair in pairs if pair.region == region]
        if own:
            index = np.concatenate(pooled[region])
            regions.append(
                RegionPairs(
                    region=region,
                    pairs=len(own),
                    moving=sum(pair.correlation is not None for pair in own),
                    coupled=sum(pair.coupled for pair in own),
                    asymmetry=_median(np.abs(index)),
                    bias=_median(index),
                )
            )
    return tuple(pairs), tuple(regions)


def correlation(one: FloatArray, other: FloatArray) -> float | None:
    """Pearson's; None where one of two ``(n,)`` does not change."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else None


def _pair(columns: Columns, left: str, right: str, region: str, index: FloatArray) -> Pair:
    seen = columns.seen(left, right)
    one, other = columns.series(left), columns.series(right)
    spans = [columns.span[columns.names.index(name)] for name in (left, right)]
    alike = lag = None
    if min(spans) >= MOVES and int(seen.sum()) >= _FEWEST:
        alike = correlation(one[seen], other[seen])
        lag = _lag(one, other, seen, columns.take.rate_hz)
    asymmetry = _median(np.abs(index))
    coupled = (
        alike is not None
        and alike >= CORRELATION
        and asymmetry is not None
        and asymmetry <= ASYMMETRY
    )
    return Pair(left, right, region, alike, asymmetry, _median(index), lag, coupled)


def _indices(columns: Columns, left: str, right: str) -> FloatArray:
    """(L - R) / (L + R) ``(m,)`` of the samples in which they do something."""
    one = np.maximum(columns.series(left), 0.0)
    other = np.maximum(columns.series(right), 0.0)
    used = columns.seen(left, right) & (one + other >= TOGETHER)
    return (one[used] - other[used]) / (one[used] + other[used])


def _median(index: FloatArray) -> float | None:
    return float(np.median(index)) if len(index) >= _FEWEST else None


def _lag(one: FloatArray, other: FloatArray, seen: BoolArray, rate: float) -> float | None:
    """How much later the second of two courses ``(n,)`` moves, between samples, in seconds."""
    both = seen[1:] & seen[:-1]
    a, b = np.where(both, np.diff(one), 0.0), np.where(both, np.diff(other), 0.0)
    most = min(round(_LAG_S * rate), len(a) // 4)
    if most < 1:
        return None
    lags = range(-most, most + 1)
    sums = [
        float(
            (a[max(-lag, 0) : len(a) - max(lag, 0)] * b[max(lag, 0) : len(b) + min(lag, 0)]).sum()
        )
        for lag in lags
    ]
    best = int(np.argmax(sums))
    if best in (0, len(sums) - 1) or sums[best] <= 0:
        return None
    left, top, right = sums[best - 1 : best + 2]
    bend = left - 2.0 * top + right
    return (lags[best] + (0.5 * (left - right) / bend if bend else 0.0)) / rate
