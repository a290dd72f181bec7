# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions move more or less; blinks and closed lips stay what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...actor.range_contacts import BLINKS, LIPS, Straight, kept_lids, kept_lips
from ...actor.range_measuring import measure_range
from ...actor.range_of_motion import is_ranged
from ...head_turns import HEAD
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import ByRegion, param

#: Regions that the gain of all leaves alone: they are turns, not expressions.
APART = ("gaze", "head")
GAINS = (0.1, 3.0)
#: What an extreme may become, and bounds of the gain that this may take.
EXTREMES = (0.5, 2.0)
GAIN_OF_EXTREME = (0.5, 2.0)
_FAR = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Range:
    """How much more, or up to what."""

    gain: float = param(
        1.0,
        label="Gain",
        what="Factor of all coefficients but those of the gaze",
        low=GAINS[0],
        high=GAINS[1],
    )
    regions: ByRegion = param(  # noqa: RUF009
        (),
        label="Gain by Region",
        what="Factors of single regions, of gaze and head too, instead of the one of all",
        low=GAINS[0],
        high=GAINS[1],
    )
    extremes: ByRegion = param(  # noqa: RUF009
        (),
        label="Extreme by Region",
        what="What the largest values of single regions in this take become, instead of a factor; "
        "left and right share their factor",
        low=EXTREMES[0],
        high=EXTREMES[1],
    )


def apply(take: Take, params: Range, context: StepContext) -> Outcome:
    """Coefficients times their factors about zero; lips and lids bent as calibrations bend them."""
    del context
    if not take.samples:
        return Outcome(take)
    gains = _gains(take, params)
    if not gains:
        return Outcome(take)
    values = take.values.astype(np.float64)
    ranges = {
        channel.name: Straight(0.0, gains[channel.name], gains[channel.name])
        for channel in take.channels
        if is_ranged(channel) and channel.name in gains
    }
    bent = (*LIPS, *BLINKS)
    for name, gain in gains.items():
        if name not in ranges or name not in bent:
            values[:, take.column(name)] *= gain
    remarks: list[str] = []
    for kept in (kept_lips(take, _of(ranges, LIPS)), kept_lids(take, _of(ranges, BLINKS))):
        remarks += kept.warnings
        for name, column in kept.columns.items():
            values[:, take.column(name)] = column
    out = np.where(take.valid, np.clip(values, -_FAR, _FAR), take.values)
    return Outcome(take.changed("range", values=out), tuple(remarks))


def _gains(take: Take, params: Range) -> dict[str, float]:
    """Factor of each channel that has one other than 1; all lips have one where one of them has."""
    by_region, extremes = dict(params.regions), dict(params.extremes)
    measured = _measured(take) if extremes else {}
    gains: dict[str, float] = {}
    for channel in take.channels:
        if not take.has(channel.name) or not (channel.kind == "weight" or channel.name in HEAD):
            continue
        usual = 1.0 if channel.region in APART else params.gain
        gain = by_region.get(channel.region, usual)
        if channel.region in extremes and channel.name in measured:
            wanted = extremes[channel.region] / measured[channel.name]
            gain = float(np.clip(wanted, *GAIN_OF_EXTREME))
        gains[channel.name] = gain
    if all(gain == 1.0 for gain in gains.values()):
        return {}
    return {
        name: gain
        for name, gain in gains.items()
        if gain != 1.0 or (name in LIPS and any(gains.get(lip, 1.0) != 1.0 for lip in LIPS))
    }


def _measured(take: Take) -> dict[str, float]:
    """The largest value of each coefficient that moves; of both sides where they have partners."""
    if not any(is_ranged(channel) and take.has(channel.name) for channel in take.channels):
        return {}
    own = {e.channel: e for e in measure_range(take, take.label, own=True).ranges}
    highest = {name: entry.extreme for name, entry in own.items()}
    partner = {channel.name: channel.partner for channel in take.channels}
    both = {name: max(value, highest.get(partner[name], value)) for name, value in highest.items()}
    return {name: value for name, value in both.items() if value >= 0.1}


def _of(ranges: Mapping[str, Straight], names: tuple[str, ...]) -> dict[str, Straight]:
    return {name: straight for name, straight in ranges.items() if name in names}


KIND = Kind(
    "range",
    "Range",
    "Let regions of the face move more or less; blinks and closed lips stay what they are",
    Range,
    apply,
)
