# SPDX-License-Identifier: GPL-3.0-or-later
"""The inner line of the mouth: where upper and lower lip meet at rest and part when it opens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .margins import Opening, make_opening
from .slices import MeshPoints, Slice, cut_mesh

#: Columns are this far apart and reach this far to both sides (all lengths in eye distances).
STEP, SIDE = 0.02, 0.8
#: Heights between which a mouth is looked for.
HIGH, LOW = -0.4, -2.0
#: What lies this little behind the front still is the front.
FRONT = 0.02
#: Within this height nothing seen lies this much farther back than the foremost.
AROUND, DEEP = 0.25, 0.35
#: Lips touch within this height and depth of where they are seen to part.
HEIGHT, DEPTH = 0.12, 0.12
#: Of pairs that are as near to each other as this, the foremost counts.
AS_NEAR = 0.008
#: A mouth opens at least this far, and a column belongs to it that opens this part of the most.
LEAST, PART = 0.05, 0.08


@dataclass(frozen=True)
class _Seam:
    """Upper and lower point of one column, and how far opening parts them."""

    column: float
    upper: MeshPoints
    lower: MeshPoints
    parted: float


def find_mouth(
    places: FloatArray, opened: FloatArray, triangles: IntArray, skin: BoolArray
) -> Opening | None:
    """The edges of the lips, or None where nothing parts.

    Parameters
    ----------
    places : (n, 3)
        Vertices at rest in the face's frame (x to its left, y up, z out of the face) in eye
        distances from between the eyes.
    opened : (n, 3)
        The same with the jaw wide open.
    triangles : (t, 3) int
    skin : (n,) bool
        Vertices of the skin: no teeth, no tongue.

    Notes
    -----
    Cut along upright columns. Of the points that are seen from the front at rest, the two
    neighbours that opening takes farthest from each other lie on the lips; the edges are the
    nearest pair around them.
    """
    near = skin & (places[:, 1] < HIGH) & (places[:, 1] > LOW) & (np.abs(places[:, 0]) < SIDE + 0.3)
    own = triangles[near[triangles].all(axis=1)]
    columns = np.arange(-SIDE, SIDE + 1e-9, STEP)
    seams: list[_Seam] = []
    for column, piece in zip(columns, cut_mesh(own, places[:, 0], columns), strict=True):
        seam = _seam(piece, places, opened, float(column))
        if seam is not None:
            seams.append(seam)
    if not seams:
        return None
    most = max(seam.parted for seam in seams)
    if most < LEAST:
        return None
    run = _run_around_widest([seam for seam in seams if seam.parted > PART * most])
    if len(run) < 5:
        return None
    upper = _joined([seam.upper for seam in run])
    lower = _joined([seam.lower for seam in run])
    return make_opening(upper, lower, places)


def _seam(piece: Slice, places: FloatArray, opened: FloatArray, column: float) -> _Seam | None:
    if len(piece.pieces) < 3:
        return None
    points = piece.crossings
    rest, open_ = points.at(places), points.at(opened)
    seen = np.flatnonzero(_seen_from_front(rest, piece.pieces))
    seen = seen[np.argsort(-rest[seen, 1], kind="stable")]
    # through a slit one sees the back of the head
    front = np.where(
        np.abs(rest[seen, 1][:, None] - rest[seen, 1]) < AROUND, rest[seen, 2], -np.inf
    )
    seen = seen[rest[seen, 2] > front.max(axis=1) - DEEP]
    if len(seen) < 4:
        return None
    moved = open_ - rest
    apart = np.linalg.norm(np.diff(open_[seen], axis=0), axis=1)
    apart -= np.linalg.norm(np.diff(rest[seen], axis=0), axis=1)
    best = int(np.argmax(apart))
    pair = {int(seen[best]), int(seen[best + 1])}
    # skin between two points that one triangle joins stretches, it does not part
    if apart[best] <= 0 or any(set(piece_) == pair for piece_ in piece.pieces.tolist()):
        return None
    lower, upper = sorted(pair, key=lambda number: open_[number, 1])
    near = (np.abs(rest[:, 1] - 0.5 * (rest[upper, 1] + rest[lower, 1])) < HEIGHT) & (
        rest[:, 2] > min(rest[upper, 2], rest[lower, 2]) - DEPTH
    )
    from_upper = ((moved - moved[upper]) ** 2).sum(axis=1)
    above: BoolArray = from_upper < ((moved - moved[lower]) ** 2).sum(axis=1)
    # the two that are seen belong to it, whatever the depth
    near[[upper, lower]] = True
    above[[upper, lower]] = True, False
    tops, bottoms = np.flatnonzero(near & above), np.flatnonzero(near & ~above)
    away = np.linalg.norm(rest[tops][:, None] - rest[bottoms][None], axis=2)
    close = away <= away.min() + AS_NEAR
    front = np.where(close, rest[tops, 2][:, None] + rest[bottoms, 2][None], -np.inf)
    top, bottom = divmod(int(np.argmax(front)), front.shape[1])
    upper, lower = int(tops[top]), int(bottoms[bottom])
    parted = math.dist(open_[upper].tolist(), open_[lower].tolist()) - float(away[top, bottom])
    return _Seam(column, _one(points, upper), _one(points, lower), parted)


def _seen_from_front(rest: FloatArray, pieces: IntArray) -> BoolArray:
    """Whether each point ``(c,)`` of a cut has nothing before it."""
    first, second = rest[pieces[:, 0]], rest[pieces[:, 1]]
    level = rest[:, 1][:, None]
    low, high = np.minimum(first[:, 1], second[:, 1]), np.maximum(first[:, 1], second[:, 1])
    step = np.where(np.abs(second[:, 1] - first[:, 1]) < 1e-12, 1.0, second[:, 1] - first[:, 1])
    share = np.clip((level - first[:, 1]) / step, 0.0, 1.0)
    depth = first[:, 2] + share * (second[:, 2] - first[:, 2])
    depth = np.where((level >= low) & (level <= high), depth, -np.inf)
    return rest[:, 2] >= depth.max(axis=1) - FRONT


def _run_around_widest(seams: list[_Seam]) -> list[_Seam]:
    """The neighbouring columns around the one that opens most."""
    widest = max(range(len(seams)), key=lambda n: seams[n].parted)
    first = last = widest
    while first > 0 and seams[first].column - seams[first - 1].column < 2.5 * STEP:
        first -= 1
    while last + 1 < len(seams) and seams[last + 1].column - seams[last].column < 2.5 * STEP:
        last += 1
    return seams[first : last + 1]


def _one(points: MeshPoints, number: int) -> MeshPoints:
    return MeshPoints(points.ends[[number]], points.share[[number]])


def _joined(points: list[MeshPoints]) -> MeshPoints:
    return MeshPoints(
        np.concatenate([p.ends for p in points]), np.concatenate([p.share for p in points])
    )
