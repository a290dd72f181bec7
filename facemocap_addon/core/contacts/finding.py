# SPDX-License-Identifier: GPL-3.0-or-later
"""The openings of a face from its mesh: lids around eyeballs, lips that part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..probing.eyeballs import Ball, find_balls
from ..probing.solvers import connected_pieces
from .face_contacts import LEFT_LIDS, MOUTH, RIGHT_LIDS, FaceContacts
from .lids import REACH, find_lids
from .margins import Opening
from .mouth import find_mouth

#: The face reaches this many eye distances from between the eyes.
FACE = 2.2
#: Distances and radii that differ by less than this part are the same.
SAME_DISTANCE = 0.03


@dataclass(frozen=True)
class FaceShape:
    """A character's mesh, at rest and in poses that tell where its face moves.

    Attributes
    ----------
    points : (n, 3) float64
        Vertices of all meshes at rest, metres, in the axes of the armature (or of the largest
        mesh).
    triangles : (t, 3) int
    islands : (n,) int
        Number of the connected piece of each; points at one place count as joined.
    meshes : mapping of str to (int, int)
        First point and end of each mesh, by the object's name.
    opened : (n, 3) float64 or None
        The points with the jaw wide open; None where nothing opens it.
    moves : (n,) bool
        Points that some expression moves.
    """

    points: FloatArray
    triangles: IntArray
    islands: IntArray
    meshes: Mapping[str, tuple[int, int]]
    opened: FloatArray | None
    moves: BoolArray


def find_openings(
    shape: FaceShape, up: FloatArray, front: FloatArray, eye_distance_m: float
) -> FaceContacts | None:
    """Where lids and lips are; None on a character without eyeballs.

    Parameters
    ----------
    shape : FaceShape
    up, front : (3,) float
        Directions of the face, as probing found them.
    eye_distance_m : float
        Likewise.
    """
    eyes = _eyes(shape, eye_distance_m)
    if eyes is None:
        return None
    middle = 0.5 * (eyes[0].centre + eyes[1].centre)
    apart = float(np.linalg.norm(eyes[0].centre - eyes[1].centre))
    axes = np.stack([np.cross(up, front), up, front])
    places = (shape.points - middle) @ axes.T / apart
    pieces = connected_pieces(
        len(places), np.concatenate([shape.triangles[:, :2], shape.triangles[:, 1:]])
    )
    skin = _skin(shape, np.linalg.norm(places, axis=1) < FACE)
    found: dict[str, Opening] = {}
    for ball in eyes:
        centre = (ball.centre - middle) @ axes.T / apart
        radius = ball.radius / apart
        whole = skin & _reaches_beyond(pieces, places, centre, radius)
        opening = find_lids(places, shape.triangles, whole, centre, radius)
        # a lid may be a piece of its own, cut off along a texture seam
        opening = opening or find_lids(places, shape.triangles, skin, centre, radius)
        if opening is not None:
            found[LEFT_LIDS if centre[0] > 0 else RIGHT_LIDS] = opening
    if shape.opened is not None:
        opened = (shape.opened - middle) @ axes.T / apart
        mouth = find_mouth(places, opened, shape.triangles, skin)
        if mouth is not None:
            found[MOUTH] = mouth
    return _gathered(shape, axes[1], apart, dict(sorted(found.items())))


def _eyes(shape: FaceShape, distance_m: float) -> tuple[Ball, Ball] | None:
    """The pair of eyeballs that lies as far apart as probing found the eyes to be."""
    balls = find_balls(shape.points, shape.islands)
    pairs = [
        (one, two)
        for place, one in enumerate(balls)
        for two in balls[place + 1 :]
        if abs(np.linalg.norm(one.centre - two.centre) / distance_m - 1.0) < SAME_DISTANCE
        and abs(one.radius - two.radius) < SAME_DISTANCE * one.radius
    ]
    # an iris or a pupil has the eyeball's centre and is smaller
    return max(pairs, key=lambda pair: len(pair[0].rows), default=None)


def _skin(shape: FaceShape, face: BoolArray) -> BoolArray:
    """Points of the largest piece of the face that expressions move."""
    count = int(shape.islands.max(initial=-1)) + 1
    within = np.bincount(shape.islands[face & shape.moves], minlength=count)
    return shape.islands == int(np.argmax(within))


def _reaches_beyond(
    pieces: IntArray, places: FloatArray, centre: FloatArray, radius: float
) -> BoolArray:
    """Points of pieces that are not all close to the eye, as corneas, tears and lashes are."""
    away = np.linalg.norm(places - centre, axis=1) > REACH * radius
    return np.bincount(pieces, away)[pieces] > 0


def _gathered(
    shape: FaceShape, up: FloatArray, eye_distance_m: float, found: dict[str, Opening]
) -> FaceContacts:
    """The openings over the few vertices that they need."""
    rows = np.unique(np.concatenate([np.empty(0, np.int64), *(o.vertices for o in found.values())]))
    numbers = np.zeros(len(shape.points), np.int64)
    numbers[rows] = np.arange(len(rows))
    starts = np.array([start for start, _ in shape.meshes.values()])
    mesh = np.searchsorted(starts, rows, side="right") - 1
    return FaceContacts(
        meshes=tuple(shape.meshes),
        vertices=np.stack([mesh, rows - starts[mesh]], axis=1),
        rest=shape.points[rows],
        openings={name: opening.renumbered(numbers) for name, opening in found.items()},
        up=up,
        eye_distance_m=eye_distance_m,
    )
