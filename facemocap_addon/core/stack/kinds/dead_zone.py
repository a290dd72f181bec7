# SPDX-License-Identifier: GPL-3.0-or-later
"""Small motions around neutral are held; larger ones stay exactly as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...actor.range_contacts import LIPS
from ...arrays import FloatArray
from ...contacts.captured import lip_contacts
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import ByRegion, param

AROUND = ("rest", "zero")
#: From this many widths on a motion is as it was.
FREE = 3.0
#: The rest lies in the middle of the narrowest stretch that holds this part of the samples.
AT_REST = 0.4


@dataclass(frozen=True, slots=True)
class DeadZone:
    """How small, and around what."""

    width: float = param(
        0.02,
        label="Width",
        what="Coefficients that differ from neutral by no more are held there; three times as far "
        "off they are as recorded",
        low=0.0,
        high=0.3,
    )
    regions: ByRegion = param(  # noqa: RUF009
        (),
        label="By Region",
        what="Widths of single regions, instead of the one of all",
        low=0.0,
        high=0.3,
    )
    angle_deg: float = param(
        0.0,
        label="Angles",
        what="Width for the angles of head and eyes",
        unit="degrees",
        low=0.0,
        high=10.0,
    )
    around: str = param(
        "rest",
        label="Around",
        what="What small motions are held at: where each channel rests in this take, or zero",
        choices=AROUND,
    )


def apply(take: Take, params: DeadZone, context: StepContext) -> Outcome:
    """Each coefficient, and angle if asked for, through its dead zone."""
    del context
    widths = _widths(take, params)
    values = np.array(take.values)
    held = 0
    for column, width in widths.items():
        valid = take.valid[:, column]
        own = take.values[valid, column].astype(np.float64)
        rest = resting_value(own) if params.around == "rest" else take.channels[column].neutral
        values[valid, column] = dead_zone(own, rest, width).astype(np.float32)
        held += int((np.abs(own - rest) <= width).sum())
    out, remarks = _with_same_lips(take, values)
    return Outcome(out if held else take, remarks, {"samples_held": held})


def _widths(take: Take, params: DeadZone) -> dict[int, float]:
    """Width of each column that has one and was recorded."""
    by_region = dict(params.regions)
    widths: dict[int, float] = {}
    for column, channel in enumerate(take.channels):
        width = 0.0
        if channel.kind == "weight":
            width = by_region.get(channel.region, params.width)
        elif channel.kind == "angle":
            width = math.radians(params.angle_deg)
        if width > 0.0 and take.valid[:, column].any():
            widths[column] = width
    return widths


def _with_same_lips(take: Take, values: FloatArray) -> tuple[Take, tuple[str, ...]]:
    """The take with new values ``(n, c)``, as far as the lips are closed when they were."""
    contacts = lip_contacts(take)
    out = take.changed("dead zone", values=values)
    if lip_contacts(out) == contacts:
        return out, ()
    # what tells them is how far the jaw opens beyond mouthClose: that stays as recorded
    if take.has("mouthClose"):
        jaw, close = take.column("jawOpen"), take.column("mouthClose")
        both = take.valid[:, jaw] & take.valid[:, close]
        gap = take.values[both, jaw].astype(np.float64) - take.values[both, close]
        values[both, close] = values[both, jaw] - gap
        out = take.changed("dead zone", values=values)
        if lip_contacts(out) == contacts:
            return out, ()
    lips = [take.column(name) for name in LIPS if name in take.names]
    values[:, lips] = take.values[:, lips]
    out = take.changed("dead zone", values=values)
    return out, ("Jaw and lips stay as recorded: held, other lips would be closed.",)


def dead_zone(values: FloatArray, rest: float, width: float) -> FloatArray:
    """Values ``(n,)``: ``rest`` within ``width`` of it, unchanged from `FREE` widths on.

    Between the two they go smoothly from one to the other, and never turn round.
    """
    off = values - rest
    share = np.clip((np.abs(off) / width - 1.0) / (FREE - 1.0), 0.0, 1.0)
    share = share * share * (3.0 - 2.0 * share)
    # where the share is 1 the value itself, to the bit
    return np.where(share == 1.0, values, rest + off * share)


def resting_value(values: FloatArray) -> float:
    """Middle of the narrowest stretch that holds `AT_REST` of the values ``(n,)``."""
    ordered = np.sort(values)
    number = max(math.ceil(AT_REST * len(ordered)), 1)
    spans = ordered[number - 1 :] - ordered[: len(ordered) - number + 1]
    first = int(np.argmin(spans))
    return float(np.median(ordered[first : first + number]))


KIND = Kind(
    "dead_zone",
    "Dead Zone",
    "Hold small motions around neutral, so that a face at rest is still",
    DeadZone,
    apply,
)
