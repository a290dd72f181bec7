# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps beyond repair that a take may want: sides, neutral and dead zone, each with its reason.

What changes how a face looks, and not what went wrong with it, is put into the stack switched off:
a person sees the reason and switches it on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..actor.range_of_motion import is_ranged
from ..channels import arkit_schema
from ..health.columns import Columns
from ..health.sides import HEAD, MIRRORED, measure_sides
from ..health.wording import counted, share
from .kinds.dead_zone import resting_value
from .regions import REGIONS
from .stack import Mask, Step, make_step

#: Head and eyes disagree by so much; the step is on where that is this sure.
_AGAINST, _CERTAIN = -0.45, 0.975
#: A face rests off nought where so many channels do by so much.
_OFF, _MANY_OFF = 0.1, 5
#: A channel that moves by no more than this, and by more than that, only flickers.
_FLICKER, _LEAST_FLICKER = 0.03, 0.004
#: How far apart the 1st and the 99th percentile of noise lie, in its deviations.
_SPREAD = 4.653
#: A region has a dead zone suggested where so many of its channels flicker.
_MANY_FLICKER = 3
#: Widths are rounded up to this.
_WIDTH = 0.005
#: Shorter takes (seconds) say nothing of a rest.
_LONG_S = 3.0

Suggested = tuple[Step, str]


def suggested_sides(columns: Columns) -> Suggested | None:
    """The head's sides exchanged, where it is sure that the eyes' are others.

    Whichever of the two the recorder mirrored: afterwards they agree.
    """
    for evidence in measure_sides(columns).evidence:
        if evidence.name != HEAD or evidence.says != MIRRORED:
            continue
        if evidence.agreement <= _AGAINST:
            certain = evidence.sure >= _CERTAIN
            why = (
                "The eyes turn with the head instead of against it (agreement "
                f"{evidence.agreement:+.2f}, {share(evidence.sure)} sure): the head is turned to "
                "the other side. If it is the face that is mirrored, swap all regions but the head."
            )
            if not certain:
                why += " Swap Sides is switched off: look first."
            return make_step("swap_sides", enabled=certain, mask=Mask(regions=("head",))), why
    return None


def suggested_neutral(columns: Columns) -> Suggested | None:
    """The neutral taken off, where the face rests off nought; switched off."""
    if columns.take.duration_s < _LONG_S:
        return None
    off = {
        name: float(columns.neutral[number])
        for number, name in enumerate(columns.names)
        if _is_expression(columns, number) and columns.neutral[number] >= _OFF
    }
    if len(off) < _MANY_OFF:
        return None
    most = max(off, key=lambda name: off[name])
    why = (
        f"At rest {counted(len(off), 'channel')} are off nought by {_OFF:g} and more, {most} most "
        f"({off[most]:.2f}). Neutral is switched off: switch it on if this face should rest at "
        "nought."
    )
    return _off(make_step("neutral")), why


def suggested_dead_zone(columns: Columns) -> Suggested | None:
    """A dead zone for regions of channels that only flicker, by more than noise; switched off."""
    take = columns.take
    if take.duration_s < _LONG_S:
        return None
    widths: dict[str, list[float]] = {}
    for number, place in enumerate(columns.places):
        spread, noise = float(columns.spread[number]), _SPREAD * float(columns.noise[number])
        flickers = noise < spread <= _FLICKER and spread**2 - noise**2 >= _LEAST_FLICKER**2
        if flickers and _is_expression(columns, number):
            values = columns.values[columns.valid[:, number], number]
            far = float(np.percentile(np.abs(values - resting_value(values)), 99.0))
            widths.setdefault(take.channels[place].region, []).append(far)
    own = {region: found for region, found in widths.items() if len(found) >= _MANY_FLICKER}
    if not own:
        return None
    names = [region for region in REGIONS if region in own]
    zones = {name: round(float(np.ceil(max(own[name]) / _WIDTH)) * _WIDTH, 4) for name in names}
    count = sum(len(found) for found in own.values())
    why = (
        f"{counted(count, 'channel')} of {', '.join(names)} only flicker, by {_FLICKER:g} at most. "
        "Dead Zone is switched off: switch it on to hold them still."
    )
    return _off(make_step("dead_zone", width=0.0, regions=zones)), why


def _is_expression(columns: Columns, number: int) -> bool:
    """Whether a column is a coefficient that rests at nought."""
    channel = columns.take.channels[columns.places[number]]
    return is_ranged(channel) and channel.name in arkit_schema()


def _off(step: Step) -> Step:
    return replace(step, enabled=False)
