# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a cleaned take is from the raw one, by region of the face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..take import Take
from ..take_sampling import sample_channels
from .regions import REGIONS

#: What a number of each kind of channel is measured in; coefficients have no unit.
UNITS = {"angle": "rad", "translation": "m", "point": "m", "pixel": "px"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One region, its channels of one kind.

    Attributes
    ----------
    region, kind : str
        One of `REGIONS`; kind of channel.
    rms : float
        Root mean square over all samples that were recorded; radians, metres or pixels where the
        kind has a unit.
    most : float
        Largest difference, the same unit.
    channel : str
        Where that is, ...
    at_s : float
        ... and when: seconds after the raw take's first sample.
    """

    region: str
    kind: str
    rms: float
    most: float
    channel: str
    at_s: float

    @property
    def unit(self) -> str:
        """Unit of ``rms`` and ``most``."""
        return UNITS.get(self.kind, "")

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


def differences(raw: Take, cleaned: Take) -> tuple[Difference, ...]:
    """By region, top to bottom of the face; regions that are as recorded are left out.

    A cleaned take of other times is looked at at the times of the raw one. Samples that were not
    recorded have nothing that they differ from.
    """
    if cleaned is raw or not raw.samples:
        return ()
    width = len(raw.channels)
    if cleaned.names[:width] == raw.names and np.array_equal(raw.times, cleaned.times):
        there = raw.valid & cleaned.valid[:, :width]
        now = cleaned.values[:, :width]
    else:
        there, now = raw.valid, sample_channels(cleaned, raw.names, raw.times)
    off = np.where(there, np.abs(now - raw.values), 0.0).astype(np.float64)
    most, squares = off.max(axis=0), np.einsum("nc,nc->c", off, off)
    counts = there.sum(axis=0)
    out: list[Difference] = []
    for region in REGIONS:
        for kind in dict.fromkeys(c.kind for c in raw.channels if c.region == region):
            places = [
                place
                for place, channel in enumerate(raw.channels)
                if channel.region == region and channel.kind == kind
            ]
            if not most[places].any():
                continue
            column = max(places, key=most.__getitem__)
            row = int(off[:, column].argmax())
            total = math.fsum(squares[places].tolist())
            out.append(
                Difference(
                    region=region,
                    kind=kind,
                    rms=_short(math.sqrt(total / int(counts[places].sum()))),
                    most=_short(float(most[column])),
                    channel=raw.names[column],
                    at_s=round(float(raw.times[row] - raw.times[0]), 4),
                )
            )
    return tuple(out)


def difference_from_json(data: dict[str, Any]) -> Difference:
    """What `Difference.to_json` gave."""
    return Difference(**data)


def _short(number: float) -> float:
    return float(f"{number:.6g}")
