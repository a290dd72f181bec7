# SPDX-License-Identifier: GPL-3.0-or-later
"""A take as cleaning sees it: numbers, what is missing, how noisy it is, who plays which part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..take import Take
from .noise import noise_level
from .roles import Roles, roles_of


@dataclass(frozen=True)
class Samples:
    """Samples of many channels.

    Attributes
    ----------
    times : (n,) float64
        Seconds.
    values : (n, c) float64
    valid : (n, c) bool
        Where False the values mean nothing.
    noise : (c,) float64
        Standard deviation of each channel's noise.
    roles : Roles
    trust : (n, c) float64 or None
        Between 0 and 1: how much each value counts beside its neighbours.
    """

    times: FloatArray
    values: FloatArray
    valid: BoolArray
    noise: FloatArray
    roles: Roles
    trust: FloatArray | None = None

    @cached_property
    def rate(self) -> float:
        """Samples a second; 1 where there are fewer than two."""
        return 1.0 / float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1.0


def samples_of(take: Take) -> Samples:
    """The samples of a take, their noise measured."""
    values = take.values.astype(np.float64)
    trust = take.confidence
    if trust is not None:
        trust = np.clip(trust.astype(np.float64), 0.0, 1.0)
    return Samples(
        take.times,
        values,
        take.valid,
        noise_level(values, take.valid),
        roles_of(take.channels),
        trust,
    )
