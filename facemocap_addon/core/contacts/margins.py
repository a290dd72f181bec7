# SPDX-License-Identifier: GPL-3.0-or-later
"""An opening of the face: its two edges, and the distance between them in any pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray
from .slices import MeshPoints

#: Points on each edge, from corner to corner.
POINTS = 17


@dataclass(frozen=True)
class Opening:
    """Two edges that can touch, such as those of the lids.

    Attributes
    ----------
    upper, lower : MeshPoints, length k
        Points from one corner to the other, those of one number above each other at rest.
    """

    upper: MeshPoints
    lower: MeshPoints

    @property
    def vertices(self) -> IntArray:
        """Numbers of the vertices that it needs, rising."""
        return np.unique(np.concatenate([self.upper.ends, self.lower.ends]))

    def renumbered(self, numbers: IntArray) -> Opening:
        """The same opening where vertex ``n`` has number ``numbers[n]``."""
        return Opening(self.upper.renumbered(numbers), self.lower.renumbered(numbers))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            name: {"ends": edge.ends.tolist(), "share": edge.share.tolist()}
            for name, edge in (("upper", self.upper), ("lower", self.lower))
        }


def opening_from_json(data: Any) -> Opening:
    """The opening that `Opening.to_json` wrote."""
    edges = [
        MeshPoints(
            np.array(data[name]["ends"], np.int32).reshape(-1, 2),
            np.array(data[name]["share"], np.float64),
        )
        for name in ("upper", "lower")
    ]
    return Opening(*edges)


def make_opening(upper: MeshPoints, lower: MeshPoints, places: FloatArray) -> Opening:
    """An opening from edges of any number of points: `POINTS` of them at even distances.

    Parameters
    ----------
    upper, lower : MeshPoints, length c
        From corner to corner.
    places : (n, 3)
        Vertices at rest.
    """
    across: FloatArray = 0.5 * (upper.at(places) + lower.at(places))[:, 0]
    steps = np.arange(POINTS) / (POINTS - 1)
    wanted = across[0] + steps * (across[-1] - across[0])
    chosen = np.unique(np.argmin(np.abs(across - wanted[:, None]), axis=1))
    return Opening(
        MeshPoints(upper.ends[chosen], upper.share[chosen]),
        MeshPoints(lower.ends[chosen], lower.share[chosen]),
    )
