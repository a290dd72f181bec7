# SPDX-License-Identifier: GPL-3.0-or-later
"""The points that move with the head alone: told by name, or found by their constant distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from .distances import usual_distances

#: Fewer points do not tell a head's motion and who is off.
LEAST = 4
#: A distance that changes by this many times the steadiest ones' change is not constant.
_LOOSE = 1.6
#: Part of the largest entry that a point of the steady set has.
_MEMBER = 0.45


def named_columns(names: Sequence[str], wanted: Sequence[str]) -> IntArray:
    """Columns of the points that a person chose.

    Raises
    ------
    FacemocapError
        When one of them is not in the take, or they are fewer than four.
    """
    chosen = list(dict.fromkeys(wanted))
    unknown = [name for name in chosen if name not in names]
    if unknown:
        raise FacemocapError(
            f'The take has no point "{unknown[0]}"', "Choose stable points that the take has"
        )
    if len(chosen) < LEAST:
        raise FacemocapError(
            f"{len(chosen)} stable points are too few to tell the head's motion",
            "Choose at least four, well apart: forehead, nose bridge, temples, ears",
        )
    return np.array([list(names).index(name) for name in chosen], np.intp)


def find_stable(places: FloatArray, valid: BoolArray) -> IntArray:
    """Columns of the points whose mutual distances stay constant over the take.

    Parameters
    ----------
    places : (n, p, 3) float64
        Metres.
    valid : (n, p) bool

    Raises
    ------
    FacemocapError
        When there are fewer than four.
    """
    # a tracker may begin late: frames without any point say nothing of one
    tracked = valid[valid.any(axis=1)]
    seen = np.flatnonzero(tracked.mean(axis=0) >= 0.5) if len(tracked) else np.empty(0, np.intp)
    if len(seen) < LEAST:
        raise FacemocapError(
            f"{len(seen)} points are tracked in half of the take or more, too few to tell the "
            "head's motion",
            "Record or label at least four points on forehead, nose bridge, temples or ears",
        )
    if len(places) < 2:
        return seen
    usual, _noise, change = usual_distances(places[:, seen], valid[:, seen])
    # far pairs tell turns, near pairs are constant on any skin: change counts by the distance
    size = np.nanmedian(usual)
    weighed = change * np.sqrt(size / np.maximum(usual, 0.2 * size))
    np.fill_diagonal(weighed, np.nan)
    weighed = np.where(np.isfinite(weighed), weighed, np.inf)
    rank = min(max(LEAST - 1, len(seen) // 4), len(seen) - 1) - 1
    steady = np.sort(weighed, axis=1)[:, rank]
    level = _LOOSE * float(np.quantile(steady, 0.1)) + 1e-6 * float(size)
    alike = np.exp(-((weighed / level) ** 2))
    vector = np.ones(len(seen))
    for _ in range(60):
        vector = alike @ vector
        vector /= max(float(vector.max()), 1e-300)
    members = np.flatnonzero(vector >= _MEMBER)
    if len(members) < LEAST:
        raise FacemocapError(
            f"{len(members)} points keep their distances over the take, too few to tell the "
            "head's motion",
            "Name at least four points that move with the skull alone",
        )
    return seen[members]
