# SPDX-License-Identifier: GPL-3.0-or-later
"""The distance between the edges of an opening, in any number of poses."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from .margins import Opening


def separations(opening: Opening, places: FloatArray, up: FloatArray) -> FloatArray:
    """How far the upper edge lies above the lower one at the points of the middle half.

    Parameters
    ----------
    opening : Opening
    places : (..., m, 3)
        The opening's vertices in each pose.
    up : (3,)
        Unit vector: up on the face.

    Returns
    -------
    (..., k)
        In the unit of ``places``; negative where the edges lap over each other.
    """
    part = middle_half(len(opening.upper))
    return (opening.upper.at(places) - opening.lower.at(places))[..., part, :] @ up


def gap(separated: FloatArray) -> FloatArray:
    """Mean open distance ``(...)`` of separations ``(..., k)``; lapping edges count as touching."""
    return np.maximum(separated, 0.0).mean(axis=-1)


def overlap(separated: FloatArray) -> FloatArray:
    """Mean distance ``(...)`` by which edges lap over each other."""
    return np.maximum(-separated, 0.0).mean(axis=-1)


def width(opening: Opening, places: FloatArray) -> float:
    """Distance between the corners."""
    middle = 0.5 * (opening.upper.at(places) + opening.lower.at(places))
    ends: FloatArray = middle[-1] - middle[0]
    return float(np.linalg.norm(ends))


def middle_half(count: int) -> slice:
    """The middle half of points from corner to corner."""
    quarter = count // 4
    return slice(quarter, count - quarter)
