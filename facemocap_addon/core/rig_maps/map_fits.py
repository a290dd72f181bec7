# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map's fits on a take: what is found together, and what edits by hand leave to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import arkit_names
from ..controls import ControlKey
from ..take import Take
from ..take_sampling import sample_channels, valid_at_samples
from .composite_fit import fit_composites, reference_gram
from .rig_map import Fit, RigMap


@dataclass(frozen=True)
class TakeFit:
    """One fit on one take; channels that the take lacks are at rest.

    Attributes
    ----------
    targets : tuple of tuple of ControlKey, length k
        What is to be found.
    looks : (k, c) float64
    held : tuple of ControlKey, length h
        Controls that a person has taken over: their share of the face counts as given.
    held_looks : (h, c) float64
    """

    take: Take
    channels: tuple[str, ...]
    targets: tuple[tuple[ControlKey, ...], ...]
    looks: FloatArray
    held: tuple[ControlKey, ...]
    held_looks: FloatArray
    sum_at_most_one: tuple[int, ...]
    less: tuple[tuple[str, str], ...]

    def solve(
        self, times_s: FloatArray, given: Mapping[ControlKey, FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Shares ``(n, k)`` of the targets, and what they leave over ``(n,)`` in mm.

        ``given`` has the values ``(n,)`` of held controls.
        """
        wanted = sample_channels(self.take, self.channels, times_s)
        for name, off in self.less:
            if name in self.channels:
                place = self.channels.index(name)
                less = sample_channels(self.take, [off], times_s)[:, 0]
                wanted[:, place] = np.maximum(wanted[:, place] - less, 0.0)
        for control, look in zip(self.held, self.held_looks, strict=True):
            wanted -= given[control][:, None] * look
        gram = reference_gram(self.channels)
        mix = fit_composites(wanted, self.looks, gram, self.sum_at_most_one)
        left = np.einsum("nk,kc->nc", mix, self.looks) - wanted
        return mix, np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", left, gram, left), 0.0))

    def known_at_samples(self) -> BoolArray:
        """Whether each of the take's samples ``(n,)`` has all that goes into the fit."""
        names = [*self.channels, *(off for _, off in self.less)]
        recorded = [name for name in names if self.take.has(name)]
        return np.all(valid_at_samples(self.take, recorded), axis=1)


def fits_on(take: Take, rig_map: RigMap) -> list[TakeFit]:
    """The map's fits that have something to find and something to go by."""
    by_hand = {entry.control: entry.how == "hand" for entry in rig_map.entries}
    fits = (_fit_on(take, fit, by_hand) for fit in rig_map.fits)
    return [fit for fit in fits if fit is not None]


def _fit_on(take: Take, fit: Fit, by_hand: Mapping[ControlKey, bool]) -> TakeFit | None:
    present = [tuple(c for c in target if c in by_hand) for target in fit.targets]
    free = [tuple(c for c in target if not by_hand[c]) for target in present]
    open_ones = [number for number, target in enumerate(free) if target]
    held = [number for number, target in enumerate(present) if target and not free[number]]
    columns = [place for place, name in enumerate(fit.channels) if name in arkit_names()]
    if not open_ones or not any(take.has(fit.channels[place]) for place in columns):
        return None
    looks = np.array(fit.looks, np.float64).reshape(len(fit.targets), -1)[:, columns]
    return TakeFit(
        take=take,
        channels=tuple(fit.channels[place] for place in columns),
        targets=tuple(free[number] for number in open_ones),
        looks=looks[open_ones],
        held=tuple(present[number][0] for number in held),
        held_looks=looks[held],
        sum_at_most_one=tuple(open_ones.index(n) for n in fit.sum_at_most_one if n in open_ones),
        less=fit.less,
    )
