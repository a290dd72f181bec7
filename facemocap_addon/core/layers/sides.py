# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right of a face: its pairs, and how far they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..take import Take
from .samples import course, seen

#: Left and right are compared where they come to this together.
LEAST_SUM = 0.1
#: Lags are looked for up to this (seconds).
_MOST_LAG_S = 0.125


@dataclass(frozen=True)
class Pair:
    """A coefficient of the left and its partner, which mean the same on both sides.

    Attributes
    ----------
    left, right : str
    region : str
    mean, half : (n,) float64
        Half their sum, and half of left less right.
    there : (n,) bool
        Both recorded.
    """

    left: str
    right: str
    region: str
    mean: FloatArray
    half: FloatArray
    there: BoolArray

    @property
    def stem(self) -> str:
        """Name without its side."""
        return self.left.removesuffix("Left")


@dataclass(frozen=True, slots=True)
class RegionSides:
    """How the sides of a region differ.

    Attributes
    ----------
    region : str
    index : float
        Median of ``|L - R| / (L + R)`` where L + R is 0.1 and more; nought without such samples.
    lean : float
        Mean of ``L - R`` over that of ``L + R`` there: above nought, the left is stronger.
    correlation : float
        Median of the pairs' correlations of left and right; 1 where nothing moves.
    lag_s : float
        How much later the right moves, median of the pairs.
    """

    region: str
    index: float
    lean: float
    correlation: float
    lag_s: float


def pairs_of(take: Take) -> tuple[Pair, ...]:
    """The pairs of a take that were recorded; not those of the gaze, which are no mirror images."""
    found: list[Pair] = []
    for channel in take.channels:
        partner = channel.partner
        if channel.kind != "weight" or channel.side != "L" or channel.region == "gaze":
            continue
        if not (take.has(channel.name) and take.has(partner)) or partner == channel.name:
            continue
        left, right = course(take, channel.name), course(take, partner)
        found.append(
            Pair(
                left=channel.name,
                right=partner,
                region=channel.region,
                mean=0.5 * (left + right),
                half=0.5 * (left - right),
                there=seen(take, channel.name, partner),
            )
        )
    return tuple(found)


def measure_sides(take: Take) -> tuple[RegionSides, ...]:
    """How the sides of each region differ, in the order of their channels."""
    pairs = pairs_of(take)
    regions = list(dict.fromkeys(pair.region for pair in pairs))
    return tuple(
        _measured(take, region, [pair for pair in pairs if pair.region == region])
        for region in regions
    )


def index_of(pairs: Sequence[Pair], halves: Sequence[FloatArray]) -> float:
    """Median of ``|L - R| / (L + R)`` of pairs with other half differences ``(n,)``."""
    parts: list[FloatArray] = []
    for pair, half in zip(pairs, halves, strict=True):
        strong = pair.there & (pair.mean >= 0.5 * LEAST_SUM)
        parts.append(np.abs(half[strong]) / pair.mean[strong])
    whole = np.concatenate(parts) if parts else np.empty(0)
    return float(np.median(whole)) if len(whole) else 0.0


def _measured(take: Take, region: str, pairs: Sequence[Pair]) -> RegionSides:
    sums = differences = 0.0
    alike: list[float] = []
    lags: list[float] = []
    for pair in pairs:
        strong = pair.there & (pair.mean >= 0.5 * LEAST_SUM)
        sums += float(pair.mean[strong].sum())
        differences += float(pair.half[strong].sum())
        left, right = (pair.mean + sign * pair.half for sign in (1.0, -1.0))
        there = pair.there
        spread = float(np.std(left[there])) * float(np.std(right[there])) if there.any() else 0.0
        if spread > 1e-12:
            off = (left[there] - left[there].mean()) * (right[there] - right[there].mean())
            alike.append(float(off.mean()) / spread)
            lags.append(lag_between(take.times, left, right))
    return RegionSides(
        region=region,
        index=index_of(pairs, [pair.half for pair in pairs]),
        lean=differences / sums if sums else 0.0,
        correlation=float(np.median(alike)) if alike else 1.0,
        lag_s=float(np.median(lags)) if lags else 0.0,
    )


def lag_between(times: FloatArray, first: FloatArray, second: FloatArray) -> float:
    """How much later ``second`` moves (seconds), by the best fit of their speeds.

    Looked for up to 125 ms, between samples by the parabola through the best three.
    """
    if len(times) < 8:
        return 0.0
    step = float(np.median(np.diff(times)))
    even = np.arange(times[0], times[-1], step)
    one, two = (np.diff(np.interp(even, times, each)) for each in (first, second))
    reach = min(max(round(_MOST_LAG_S / step), 1), (len(one) - 1) // 2)
    inner = slice(reach, len(one) - reach)
    fits = np.array(
        [float((one[inner] * two[reach + k : len(two) - reach + k]).sum())
         for k in range(-reach, reach + 1)]
    )  # fmt: skip
    best = int(np.argmax(fits))
    if fits[best] <= 0.0:
        return 0.0
    away = float(best - reach)
    if 0 < best < len(fits) - 1:
        low, top, high = fits[best - 1 : best + 2].tolist()
        bend = low - 2.0 * top + high
        away += 0.5 * (low - high) / bend if bend < 0.0 else 0.0
    return away * step
