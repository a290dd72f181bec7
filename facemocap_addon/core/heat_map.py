# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers known at some points of a skin, spread over it smoothly, and the colours that show them.

Distances go along the skin, so that what is wrong with the upper lip does not colour the lower
one that lies on it. Between the points goes an inverse distance weighting with bounded reach
(Franke and Nielson 1980, "Smooth interpolation of large sets of scattered data"): exact at every
point, never beyond what the points around say, and nothing where no point is near.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray
from .skin_distances import SkinDistances

#: A point reaches this many times as far as its nearest neighbours are away; so many of them count.
REACH, NEIGHBOURS = 3.0, 3
#: Where points lie much denser or sparser than usual, their reach is kept within these parts of it.
LEAST, MOST = 0.4, 2.5
#: None reaches farther than this part of all that the points cover.
WIDEST = 0.5
#: A single point has no neighbours that tell its reach: metres.
ALONE = 0.03
#: Over the last part of the reach a value fades out.
FADE = 0.6
#: Points at one go, for the memory's sake.
AT_ONCE = 32
#: From nothing to the full value: sRGB colours at parts of the way.
RAMP = (
    (0.0, (0.33, 0.40, 0.47)),
    (0.35, (0.92, 0.83, 0.42)),
    (0.7, (0.90, 0.42, 0.16)),
    (1.0, (0.62, 0.04, 0.14)),
)


def spread_over_skin(
    points: FloatArray,
    triangles: IntArray,
    corners: IntArray,
    shares: FloatArray,
    values: FloatArray,
) -> FloatArray:
    """Values at the vertices of a skin.

    Parameters
    ----------
    points : (n, 3)
        Places of the vertices in metres; borders that meet are joined.
    triangles : (t, 3) int
    corners : (p, 3) int
        Of the triangle that each of the known points is on.
    shares : (p, 3)
        Where on it.
    values : (p,)
        NaN for points of which nothing is known.

    Returns
    -------
    (n,) float64
        Nought where no point is near along the skin.
    """
    known = np.isfinite(values)
    corners, shares, values = corners[known], shares[known], values[known]
    if not len(values):
        return np.zeros(len(points))
    at = np.einsum("pk,pkd->pd", shares, points[corners])
    # where points lie closer to each other than vertices, each still reaches those around it
    spokes: Any = np.sqrt(((points[corners] - at[:, None]) ** 2).sum(axis=2))
    reach = np.maximum(reaches(at), REACH * spokes.max(axis=1))
    skin = SkinDistances(points, triangles, corners, at)
    first = skin.joined
    total, weight = np.zeros(first), np.zeros(first)
    cover = np.zeros(first)
    for start in range(0, len(at), AT_ONCE):
        own = slice(start, min(start + AT_ONCE, len(at)))
        away, far = skin.of_points(own, float(reach[own].max())), reach[own, None]
        near = np.clip(1.0 - away / far, 0.0, 1.0)
        # a place right on a point has its value: the floor only keeps the numbers finite
        share = (near / np.maximum(away / far, 1e-4)) ** 2
        total += (share * values[own, None]).sum(axis=0)
        weight += share.sum(axis=0)
        cover = np.maximum(cover, near.max(axis=0))
    shown = np.clip(cover / FADE, 0.0, 1.0)
    shown = shown * shown * (3.0 - 2.0 * shown)
    mean = np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), 0.0)
    return (mean * shown)[skin.node]


def reaches(at: FloatArray) -> FloatArray:
    """How far each of some points ``(p, 3)`` speaks for the skin about it ``(p,)``."""
    if len(at) < 2:
        return np.full(len(at), ALONE)
    apart: Any = np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=2))
    nearest = np.sort(apart, axis=1)[:, 1 : NEIGHBOURS + 1].mean(axis=1)
    usual = float(np.median(nearest)) or 1.0
    widest = WIDEST * float(np.linalg.norm(np.ptp(at, axis=0)))
    return np.minimum(REACH * np.clip(nearest, LEAST * usual, MOST * usual), widest)


def heat_colours(values: FloatArray, full: float) -> FloatArray:
    """Linear RGBA colours ``(n, 4)`` of values ``(n,)``; the hottest from ``full`` on."""
    stops = np.array([stop for stop, _ in RAMP])
    colours = np.array([colour for _, colour in RAMP])
    part = np.clip(np.asarray(values, np.float64) / full, 0.0, 1.0)
    srgb = np.stack([np.interp(part, stops, colours[:, band]) for band in range(3)], axis=1)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.concatenate([linear, np.ones((len(linear), 1))], axis=1)


def off_at(away_mm: FloatArray, valid: BoolArray, row: int | None) -> FloatArray:
    """How far each point ``(p,)`` is off at a row of ``(n, p)``; without one the root mean square.

    NaN for points that were not seen.
    """
    if row is not None:
        return np.where(valid[row], away_mm[row], np.nan)
    count = valid.sum(axis=0)
    mean = np.where(valid, away_mm**2, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, np.sqrt(mean), np.nan)
