# SPDX-License-Identifier: GPL-3.0-or-later
"""The edges of the lids: where the skin ends around an eyeball, as the eyeball sees it."""

from __future__ import annotations

import math

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, in_pieces
from .margins import Opening, make_opening
from .slices import MeshPoints, Slice, cut_mesh

#: Skin counts as lid within this many radii of the eyeball's centre.
REACH = 2.0
#: ... and this many radii ahead of it: behind, angles turn round.
AHEAD = 0.05
#: Columns are this far apart, and reach this far to both sides (radians from the eyeball's centre).
STEP, SIDE = math.radians(2.5), math.radians(65.0)
#: An opening is at least this high (radians): less is a crease.
LEAST = math.radians(4.0)
#: A column belongs to the opening that is this part of the highest.
PART = 0.2
#: How far from straight ahead the middle of an opening may lie (radians).
MIDDLE = math.radians(40.0)


def find_lids(
    places: FloatArray,
    triangles: IntArray,
    skin: BoolArray,
    centre: FloatArray,
    radius: float,
) -> Opening | None:
    """The opening between the lids of one eye at rest, or None where the eye has no lids.

    Parameters
    ----------
    places : (n, 3)
        Vertices in the face's frame: x to its left, y up, z out of the face.
    triangles : (t, 3) int
    skin : (n,) bool
        Vertices of the skin: neither eyeballs nor lashes.
    centre : (3,)
        Of the eyeball.
    radius : float
        Of the eyeball.

    Notes
    -----
    Seen from the eyeball's centre the skin around it is a surface with one hole; cut along
    meridians, the hole is the longest stretch without skin.
    """
    arms = places - centre
    near = skin & (np.linalg.norm(arms, axis=1) < REACH * radius) & (arms[:, 2] > AHEAD * radius)
    own = triangles[near[triangles].all(axis=1)]
    x, y, z = in_pieces(arms)
    aside, height = np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))
    columns: FloatArray = np.arange(-SIDE, SIDE + 1e-9, STEP)
    found: list[tuple[float, MeshPoints, MeshPoints, float]] = []
    for column, piece in zip(columns, cut_mesh(own, aside, columns), strict=True):
        hole = _hole(piece, height)
        if hole is not None:
            found.append((float(column), *hole))
    run = _longest_run(found)
    if len(run) < 5:
        return None
    upper = _joined([item[1] for item in run])
    lower = _joined([item[2] for item in run])
    return make_opening(upper, lower, places)


def _hole(piece: Slice, height: FloatArray) -> tuple[MeshPoints, MeshPoints, float] | None:
    """Crossings above and below the hole of one meridian, and its height."""
    if len(piece.pieces) < 2:
        return None
    crossings = piece.crossings
    levels = height[crossings.ends]
    level = levels[:, 0] + crossings.share * (levels[:, 1] - levels[:, 0])
    ends = np.sort(level[piece.pieces], axis=1)
    order = np.argsort(ends[:, 0], kind="stable")
    reached = np.maximum.accumulate(ends[order, 1])
    gaps = ends[order[1:], 0] - reached[:-1]
    middles = 0.5 * (ends[order[1:], 0] + reached[:-1])
    gaps = np.where(np.abs(middles) < MIDDLE, gaps, 0.0)
    best = int(np.argmax(gaps))
    if gaps[best] < LEAST:
        return None
    below = int(np.flatnonzero(level == reached[best])[0])
    above = int(np.flatnonzero(level == ends[order[best + 1], 0])[0])
    return _one(crossings, above), _one(crossings, below), float(gaps[best])


def _one(points: MeshPoints, number: int) -> MeshPoints:
    return MeshPoints(points.ends[[number]], points.share[[number]])


def _joined(points: list[MeshPoints]) -> MeshPoints:
    return MeshPoints(
        np.concatenate([p.ends for p in points]), np.concatenate([p.share for p in points])
    )


def _longest_run(
    found: list[tuple[float, MeshPoints, MeshPoints, float]],
) -> list[tuple[float, MeshPoints, MeshPoints, float]]:
    """The neighbouring columns that hold most of the hole."""
    highest = max([item[3] for item in found], default=0.0)
    found = [item for item in found if item[3] > PART * highest]
    runs: list[list[tuple[float, MeshPoints, MeshPoints, float]]] = []
    for item in found:
        if runs and item[0] - runs[-1][-1][0] < 1.5 * STEP:
            runs[-1].append(item)
        else:
            runs.append([item])
    return max(runs, key=_size) if runs else []


def _size(run: list[tuple[float, MeshPoints, MeshPoints, float]]) -> float:
    return math.fsum(float(item[3]) for item in run)
