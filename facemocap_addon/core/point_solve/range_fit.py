# SPDX-License-Identifier: GPL-3.0-or-later
"""Actors go farther than characters can: motion made smaller by parts of the face, not cut off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..solver import FAST, Settings, Terms, make_problem, solve
from .unknowns import Unknowns

#: Parts of the face that are made smaller as one, by the regions of channels.
PARTS = {
    "brow": "brows", "eye": "eyes", "gaze": "eyes", "nose": "nose and cheeks",
    "cheek": "nose and cheeks", "mouth": "mouth and jaw", "jaw": "mouth and jaw",
    "tongue": "mouth and jaw",
}  # fmt: skip
#: Sizes that are tried, and the part of the motion that limits may cut off.
SIZES, CUT = (1.0, 0.92, 0.84, 0.77, 0.71, 0.65, 0.6, 0.55, 0.5), 0.03
#: How far values may go where nothing is cut off.
BEYOND = 4.0
#: Points that move less than this (mm) tell nothing of a range.
MOVES_MM = 2.0
#: Frames that are looked at.
FRAMES = 600


def range_gains(
    unknowns: Unknowns,
    observed: FloatArray,
    valid: BoolArray,
    weights: FloatArray,
    noise_mm: float,
) -> dict[str, float]:
    """By how much the motion of each part of the face has to be made smaller; 1 for not at all.

    Parameters
    ----------
    unknowns : Unknowns
    observed : (n, 3 p) float64
        Displacements in mm.
    valid : (n, p) bool
    weights : (p,) float64
    noise_mm : float

    Returns
    -------
    dict of str to float
        By the names in `PARTS`.
    """
    parts = _parts(unknowns)
    names = sorted(set(parts))
    if not len(observed) or not len(unknowns):
        return dict.fromkeys(names, 1.0)
    rows = np.unique(np.linspace(0, len(observed) - 1, FRAMES).round().astype(int))
    seen, share = valid[rows], _shares(unknowns)
    wanted = observed[rows].reshape(len(rows), -1, 3)
    far = np.sqrt((wanted**2).sum(axis=2)).max(axis=0, initial=0.0)
    counted = seen * (weights * (far > MOVES_MM))

    def missed(size: float, beyond: float) -> FloatArray:
        """Part of the motion of each part of the face that is not brought about."""
        problem = make_problem(
            unknowns.basis,
            weights=weights,
            low=unknowns.low,
            high=unknowns.high * beyond,
            terms=Terms(noise=noise_mm),
        )
        scaled = size * wanted
        flat = scaled.reshape(len(rows), -1)
        found = solve(problem, flat, seen, Settings(FAST)).values
        left = (flat - found @ unknowns.basis.T).reshape(scaled.shape)
        lost = ((left**2).sum(axis=2) * counted).sum(axis=0) @ share
        whole = ((scaled**2).sum(axis=2) * counted).sum(axis=0) @ share
        return lost / np.maximum(whole, 1e-12)

    free = missed(1.0, BEYOND)
    out = dict.fromkeys(names, SIZES[-1])
    open_parts = set(names)
    for size in SIZES:
        cut = missed(size, 1.0) - free
        for place, name in enumerate(names):
            if name in open_parts and cut[place] <= CUT:
                out[name] = size
                open_parts.discard(name)
        if not open_parts:
            break
    return out


def point_gains(unknowns: Unknowns, gains: Mapping[str, float]) -> FloatArray:
    """What the parts' gains make of each point ``(p,)``, by what moves it."""
    share = _shares(unknowns)
    own = np.array([gains.get(name, 1.0) for name in sorted(set(_parts(unknowns)))])
    total = share.sum(axis=1)
    return np.where(total > 0, (share @ own) / np.where(total > 0, total, 1.0), 1.0)


def _shares(unknowns: Unknowns) -> FloatArray:
    """How much each point ``(p,)`` belongs to each part of the face, ``(p, parts)``, 1 in all."""
    moved = (unknowns.basis.reshape(-1, 3, len(unknowns)) ** 2).sum(axis=1)
    parts = _parts(unknowns)
    names = sorted(set(parts))
    out = np.zeros((len(moved), len(names)))
    for column, part in enumerate(parts):
        out[:, names.index(part)] += moved[:, column]
    return out / np.maximum(out.sum(axis=1, keepdims=True), 1e-12)


def _parts(unknowns: Unknowns) -> list[str]:
    return [PARTS.get(channel.region, "face") for channel in unknowns.channels]
