# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference motions on another face, point by point.

Every point of the face is taken to the reference head by a map that lays lids on lids and lips on
lips; what the reference does there is taken back by the inverse map. So a lid closes the opening
that this face has, and a pucker narrows the mouth that it has, whatever its proportions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..contacts.margins import Opening
from ..probing.descriptor import EYE_WEIGHT, EYES, INSIDE, INSIDE_WEIGHT, Describer
from ..probing.reference import reference_motions
from ..probing.scan import Scan
from .eye_turns import eye_field
from .face_points import FacePoints
from .neighbours import nearest_places
from .openings import MOUTH, Edges, edges_in, interpolated, lip_sides
from .warp import Warp, fit_warp

#: Points of the reference between which a motion is interpolated, and how far they reach.
NEIGHBOURS, REACH = 8, 0.06
#: A point farther than this (eye distances) from every point of the reference is not of its kind.
FAR = 0.3
#: Weight of points that are of no kind: they should rather stay where they are.
FAR_WEIGHT = 0.3
#: Where the eyes look is seen before anything else.
GAZE_WEIGHT = 3.0
#: What lies behind the lips, this far (eye distances) from every point of the reference, is no lip.
DEEP = 0.08
#: Edge of the cells (eye distances) whose points share a weight.
CELL = 0.1


@dataclass(frozen=True)
class Transfer:
    """The reference on one face.

    Attributes
    ----------
    fields : dict of str to (n, 3)
        Displacements in metres at 1, by channel.
    weights : (n,) float64
        What each point counts.
    with_tongue : (n,) float64
        The same for tongueOut; for all others the tongue goes wherever the jaw takes it.
    evenly : (n,) float64
        What each point would count, were none left out.
    """

    fields: dict[str, FloatArray]
    weights: FloatArray
    with_tongue: FloatArray
    evenly: FloatArray


def transfer(
    reference: FacePoints,
    scan: Scan,
    describer: Describer,
    openings: Mapping[str, Opening],
    opened: FloatArray,
    channels: Sequence[str],
) -> Transfer:
    """What channels do on a face.

    Parameters
    ----------
    reference : FacePoints
    scan : Scan
    describer : Describer
    openings : mapping of str to Opening
        The face's own; those that are missing are left to proportion.
    opened : (n, 3)
        Displacements of the points by which the jaw opens, metres.
    channels : sequence of str
    """
    frame = describer.frame
    there, back = _warps(reference, edges_in(openings, frame), describer)
    canonical = there.at(frame.plain)
    sides = lip_sides(frame.plain, frame.turned(opened), openings.get(MOUTH))
    near, away, shares = _neighbours(canonical, sides, reference)
    skin = _skin(scan, describer, away) & frame.face
    reached = skin & (away < FAR)
    anchor = back.at(canonical)
    motions, _ = reference_motions()
    tongue = _tongue(scan, describer)
    fields: dict[str, FloatArray] = {}
    for channel in channels:
        field = np.zeros((len(canonical), 3))
        wanted = np.einsum("nk,nkd->nd", shares, reference.moves[channel][near])
        moving = np.flatnonzero(reached & (np.abs(wanted).max(axis=1) > 1e-5))
        field[moving] = back.at(canonical[moving] + wanted[moving]) - anchor[moving]
        field = field @ frame.axes * frame.eye_distance_m
        field += eye_field(motions[channel][EYES] / EYE_WEIGHT, frame)
        if channel == "tongueOut" and tongue is not None:
            out = motions[channel][INSIDE] / INSIDE_WEIGHT
            field[tongue.rows] = tongue.ramp[:, None] * (out @ frame.axes) * frame.eye_distance_m
        fields[channel] = field
    evenly = _evenly(canonical)
    weights = np.where(skin, evenly, 0.0)
    weights[skin & ~reached] *= FAR_WEIGHT
    for ball in frame.balls:
        weights[ball] = GAZE_WEIGHT * evenly[ball]
    inside = weights.copy()
    if tongue is not None:
        inside[tongue.rows] = evenly[tongue.rows]
    return Transfer(fields, weights, inside, evenly)


def _warps(
    reference: FacePoints, edges: Mapping[str, Edges], describer: Describer
) -> tuple[Warp, Warp]:
    """The map from the face to the reference, and back."""
    shared = [name for name in reference.edges if name in edges]
    own = [_even(edges[name]) for name in shared]
    other = [_even(reference.edges[name]) for name in shared]
    source = np.concatenate(own) if own else np.zeros((0, 3))
    target = np.concatenate(other) if other else np.zeros((0, 3))
    stretch = 1.0
    level = float(np.mean([e[:, 1].mean() for e in reference.edges["mouth"]]))
    if "mouth" in edges:
        stretch = level / float(np.mean([e[:, 1].mean() for e in edges["mouth"]]))
    else:
        frame = describer.frame
        below = frame.plain[:, 1] < -0.5
        if below.any():
            stretch = float(np.median(frame.places[below, 1] / frame.plain[below, 1]))
    return fit_warp(source, target, stretch), fit_warp(target, source, 1.0 / stretch)


def _even(edges: Edges, count: int = 9) -> FloatArray:
    """Points of both edges, ``count`` each, evenly spaced from corner to corner."""
    across = 0.5 * (edges[0] + edges[1])[:, 0]
    order = np.argsort(across, kind="stable")
    steps = np.linspace(across[order[0]], across[order[-1]], count)
    upper, lower = (interpolated(steps, across[order], edge[order]) for edge in edges)
    return np.concatenate([upper, lower])


def _neighbours(
    canonical: FloatArray, sides: FloatArray, reference: FacePoints
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Nearest points of the reference ``(n, k)``, the nearest one's distance, and their shares.

    Upper and lower lip touch and share nothing.
    """
    away, near = nearest_places(reference.points, canonical, NEIGHBOURS)
    shares = np.exp(-0.5 * (away / REACH) ** 2) + 1e-9 / np.maximum(away, 1e-6)
    shares = shares * (1e-6 + np.clip(1.0 + sides[:, None] * reference.sides[near], 0.0, 1.0))
    return near, away[:, 0], shares / shares.sum(axis=1, keepdims=True)


def _skin(scan: Scan, describer: Describer, away: FloatArray) -> BoolArray:
    """Points of pieces that expressions move; no eyes, nothing that lies within the mouth."""
    frame = describer.frame
    moves = np.zeros(len(scan.points), np.bool_)
    for motion in scan.motions:
        if frame.is_local(motion):
            moves[motion.rows] = True
    count = int(scan.islands.max()) + 1
    whole = np.bincount(scan.islands, minlength=count)
    living = np.bincount(scan.islands, moves, minlength=count) > 0.02 * whole
    within = np.bincount(scan.islands, describer.inside, minlength=count) > 0.5 * whole
    # the corners of the mouth lie as deep as what is within, and are skin like the reference's
    deep = describer.inside & (away > DEEP)
    eyes = frame.balls[0] | frame.balls[1] | frame.covers
    return (living & ~within)[scan.islands] & ~deep & ~eyes


@dataclass(frozen=True)
class _Tongue:
    rows: IntArray
    ramp: FloatArray


def _tongue(scan: Scan, describer: Describer) -> _Tongue | None:
    """The piece inside the mouth that controls move by itself; its root stays, its tip goes."""
    frame = describer.frame
    inside = np.bincount(scan.islands, describer.inside, minlength=int(scan.islands.max()) + 1)
    size = np.bincount(scan.islands, minlength=len(inside))
    mostly = inside > 0.5 * size
    best: tuple[int, int] | None = None
    for number in np.flatnonzero(mostly):
        own = sum(1 for motion in scan.motions if (scan.islands[motion.rows] == number).all())
        if own and (best is None or own > best[0]):
            best = (own, int(number))
    if best is None:
        return None
    rows = np.flatnonzero(scan.islands == best[1])
    depth = frame.plain[rows, 2]
    root, tip = float(depth.min()), float(depth.max())
    return _Tongue(rows, (depth - root) / max(tip - root, 1e-9))


def _evenly(places: FloatArray) -> FloatArray:
    """Weights ``(n,)`` by which dense parts of a mesh count little more than others."""
    cells = np.floor(places / CELL).astype(np.int64)
    _, number, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    return 1.0 / np.sqrt(count[np.ravel(number)])
