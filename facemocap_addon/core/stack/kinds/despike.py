# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples that jump away and back are taken out, and the curve goes on over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...cleaning.adaptive import bridged
from ...cleaning.gaps import bridge_runs
from ...cleaning.samples import samples_of
from ...cleaning.spikes import LONGEST_S, find_spikes
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param


@dataclass(frozen=True, slots=True)
class Despike:
    """What counts as a spike."""

    sensitivity: float = param(
        1.0,
        label="Sensitivity",
        what="At 1 a spike is 5.5 times the channel's noise and 0.05 at least; at 2 half of that",
        low=0.1,
        high=10.0,
    )
    longest_s: float = param(
        LONGEST_S,
        label="Longest",
        what="Longest glitch that is taken out; lips may close and part again in little more",
        unit="s",
        low=0.0,
        high=0.2,
    )


def apply(take: Take, params: Despike, context: StepContext) -> Take | Outcome:
    """Find the spikes and lead the curves over them."""
    del context
    if take.samples < 8:
        return Outcome(take, counts={"spikes": 0})
    samples = samples_of(take)
    found = find_spikes(samples, sensitivity=params.sensitivity, longest_s=params.longest_s)
    counts = {"spikes": int(found.sum()), "channels": int(found.any(axis=0).sum())}
    if not found.any():
        return Outcome(take, counts=counts)
    there = take.valid & ~found
    mended = bridge_runs(take.times, bridged(samples.values, there), there, found)
    out = np.where(found, mended.astype(np.float32), take.values)
    return Outcome(take.changed("despike", values=out), counts=counts)


KIND = Kind(
    "despike",
    "Despike",
    "Take out samples that jump away and back; blinks stay",
    Despike,
    apply,
)
