# SPDX-License-Identifier: GPL-3.0-or-later
"""The profile of a face: bridge, tip and base of the nose, outlines of the lips, chin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..contacts.slices import cut_mesh

#: Heights of the profile (eye distances) between which it is looked at, and its steps.
TOP, BOTTOM, STEP = 1.2, -2.6, 0.01
#: The cut lies this little beside the middle: exactly there meshes have their vertices.
BESIDE = 1e-4
#: The tip of the nose lies between these shares of the way from the eyes to the mouth.
NOSE = (0.2, 0.85)
#: The chin stands out at most this far below the mouth.
CHIN = 1.0
#: A hollow or a bulge is at least this deep (eye distances).
LEAST = 0.004


@dataclass(frozen=True)
class Profile:
    """The foremost points of the middle of a face: depth at even heights, from top to bottom.

    Attributes
    ----------
    heights, depths : (k,) float64
        Eye distances, in the face's own proportions; depth is NaN where there is no skin.
    """

    heights: FloatArray
    depths: FloatArray

    def between(self, high: float, low: float) -> IntArray:
        """Rows between two heights that have skin."""
        inside = (self.heights <= high) & (self.heights >= low) & np.isfinite(self.depths)
        return np.flatnonzero(inside)

    def at(self, row: int) -> FloatArray:
        """Place ``(3,)`` of a row."""
        return np.array([0.0, self.heights[row], self.depths[row]])


def cut_profile(places: FloatArray, triangles: IntArray, skin: BoolArray) -> Profile:
    """The profile of a face's skin.

    Parameters
    ----------
    places : (n, 3)
        In the face's frame, eye distances.
    triangles : (t, 3) int
    skin : (n,) bool
    """
    own = triangles[skin[triangles].all(axis=1)]
    heights = np.arange(TOP, BOTTOM - 1e-9, -STEP)
    depths = np.full(len(heights), -np.inf)
    for beside in (-BESIDE, BESIDE):
        piece = cut_mesh(own, places[:, 0], np.array([beside]))[0]
        if not len(piece.pieces):
            continue
        ends = piece.crossings.at(places)[piece.pieces]
        high, low = ends[..., 1].max(axis=1), ends[..., 1].min(axis=1)
        for first, last, pair in zip(high, low, ends, strict=True):
            rows = np.flatnonzero((heights <= first) & (heights >= last))
            order = np.argsort(pair[:, 1])
            crossed: FloatArray = np.empty(len(rows))
            crossed[:] = np.interp(heights[rows], pair[order, 1], pair[order, 2])
            depths[rows] = np.maximum(depths[rows], crossed)
    # far behind the face it is the back of the head, seen through a gap
    front = float(np.max(depths, initial=-np.inf))
    depths[depths < front - 1.5] = np.nan
    return Profile(heights, depths)


def read_profile(profile: Profile, mouth: float | None, level: float) -> dict[str, FloatArray]:
    """What stands out and what lies in of a profile, by name; only what is there.

    Parameters
    ----------
    profile : Profile
    mouth : float or None
        Height of the line between the lips, where it was found.
    level : float
        About where the mouth is otherwise.
    """
    line = level if mouth is None else mouth
    found: dict[str, FloatArray] = {}
    rows = profile.between(NOSE[0] * line, NOSE[1] * line)
    if not len(rows):
        return found
    tip = int(rows[np.argmax(profile.depths[rows])])
    if tip in (rows[0], rows[-1]):
        return found
    found["nose_tip"] = profile.at(tip)
    bridge = _hollow(profile, 0.45, float(profile.heights[tip]) * 0.6)
    if bridge is not None:
        found["nose_bridge"] = profile.at(bridge)
    lip = _bulge(profile, line + 0.24, line + 0.02)
    if lip is not None:
        found["lip_upper"] = profile.at(lip)
        base = _corner(profile, tip, lip)
        # a lip that is hollow is deepest below the nose's base
        base = base if base is None else _corner(profile, tip, base) or base
        if base is not None:
            found["nose_base"] = profile.at(base)
    _below(profile, line, found)
    return found


def _below(profile: Profile, line: float, found: dict[str, FloatArray]) -> None:
    lip = _bulge(profile, line - 0.02, line - 0.28)
    if lip is not None:
        found["lip_lower"] = profile.at(lip)
    fold = _hollow(profile, line - 0.1, line - 0.55)
    if fold is None:
        return
    found["lip_below"] = profile.at(fold)
    rows = profile.between(float(profile.heights[fold]) - 0.03, line - CHIN)
    if not len(rows):
        return
    chin = int(rows[np.argmax(profile.depths[rows])])
    # a chin that falls away from the lip has nothing that stands out
    if chin not in (rows[0], rows[-1]):
        found["chin"] = profile.at(chin)


def _hollow(profile: Profile, high: float, low: float) -> int | None:
    """Row of the deepest place between two heights that lies behind both its ends."""
    rows = profile.between(high, low)
    if len(rows) < 5:
        return None
    depth = profile.depths[rows]
    # in a straight slope there is no hollow: judged against the line from end to end
    chord = _straight(depth)
    best = int(np.argmax(chord - depth))
    if chord[best] - depth[best] < LEAST:
        return None
    return int(rows[best])


def _bulge(profile: Profile, high: float, low: float) -> int | None:
    """Row of the place that stands out farthest from the line between two heights."""
    rows = profile.between(high, low)
    if len(rows) < 5:
        return None
    depth = profile.depths[rows]
    chord = _straight(depth)
    best = int(np.argmax(depth - chord))
    if depth[best] - chord[best] < LEAST:
        return None
    return int(rows[best])


def _straight(depth: FloatArray) -> FloatArray:
    """The straight line ``(k,)`` from the first depth to the last."""
    return depth[0] + (depth[-1] - depth[0]) * np.arange(len(depth)) / (len(depth) - 1)


def _corner(profile: Profile, tip: int, lip: int) -> int | None:
    """Row farthest behind the straight line from the tip of the nose to the upper lip."""
    rows = np.arange(tip, lip + 1)
    if len(rows) < 5 or not np.isfinite(profile.depths[rows]).all():
        return None
    start, end = profile.at(tip)[1:], profile.at(lip)[1:]
    along = (end - start) / max(float(np.linalg.norm(end - start)), 1e-9)
    arms = np.stack([profile.heights[rows], profile.depths[rows]], axis=1) - start
    behind = arms @ np.array([-along[1], along[0]])
    best = int(np.argmax(behind))
    return int(rows[best]) if behind[best] > LEAST else None
