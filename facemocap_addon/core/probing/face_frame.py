# SPDX-License-Identifier: GPL-3.0-or-later
"""The face's own frame, found without names: x to its left, y up, z out of the face.

Lengths are in distances between the eyes and the origin lies midway between them; the mouth is
brought to the same height on every face, so that faces of other proportions lie on one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..controls import SHAPE_KEY
from ..errors import FacemocapError
from .eyeballs import Ball, find_eyes
from .scan import Motion, Scan
from .solvers import nearest_distances
from .whereabouts import REACH, moving_points

#: Height of the mouth in the frame, in eye distances below the eyes.
MOUTH = -1.05
#: Distance between the eyes (mm) of the face that sizes are told for.
EYE_DISTANCE_MM = 63.0
#: A direction this near to an axis (cosine) is taken for that axis: models stand straight.
STRAIGHT = 0.9
#: Size of a cell (eye distances) when a face's reach is measured.
CELL = 0.1
#: Fewest vertices of a face.
FEWEST = 8
#: A motion of more than this part of the face turns the head.
HEAD = 0.75


@dataclass(frozen=True)
class FaceFrame:
    """Where the face is and how it is turned.

    Attributes
    ----------
    origin : (3,) metres
    axes : (3, 3)
        Rows: left, up, front.
    eye_distance_m : float
    plain : (n, 3)
        All points in the frame, in the face's own proportions.
    places : (n, 3)
        The same with the mouth at its common height.
    face : (n,) bool
        Points of the face.
    balls : pair of (n,) bool
        Points of the left and of the right eyeball; none where no eyeballs were found.
    covers : (n,) bool
        Points of pieces that lie close on an eyeball and are none: corneas, tear lines.
    centres : (2, 3)
        Centres of the eyeballs in the frame.
    found_eyes : bool
        Whether the frame rests on eyeballs; otherwise on symmetry and motion alone.
    """

    origin: FloatArray
    axes: FloatArray
    eye_distance_m: float
    plain: FloatArray
    places: FloatArray
    face: BoolArray
    balls: tuple[BoolArray, BoolArray]
    covers: BoolArray
    centres: FloatArray
    found_eyes: bool

    def turned(self, moved: FloatArray) -> FloatArray:
        """Displacements ``(k, 3)`` in metres as the frame has them, in eye distances."""
        return np.asarray(moved, np.float64) @ self.axes.T / self.eye_distance_m

    def is_local(self, motion: Motion) -> bool:
        """Whether a motion moves part of the face and not the whole head."""
        inside = self.face[motion.rows].sum()
        return bool(0 < inside < HEAD * self.face.sum())


def find_frame(scan: Scan) -> FaceFrame:
    """The frame of the face on which ``scan`` was made.

    Raises
    ------
    FacemocapError
        When there are too few points for a face, or some are nowhere.
    """
    points, islands = scan.points, scan.islands
    if not np.isfinite(points).all():
        raise FacemocapError(
            "Some vertices of the character are nowhere (not a number)",
            "Mend the mesh or the modifier that moves them",
        )
    moves = moving_points(len(points), scan.motions)
    pivots = np.array([bone.at for bone in scan.bones.values()]).reshape(-1, 3)
    local = moving_points(len(points), [m for m in scan.motions if m.control.kind == SHAPE_KEY])
    eyes = find_eyes(points, islands, local if local.any() else None, pivots)
    if eyes is None:
        middle, across, apart = _without_eyes(points[moves] if moves.any() else points)
    else:
        middle = 0.5 * (eyes[0].centre + eyes[1].centre)
        apart = float(np.linalg.norm(eyes[0].centre - eyes[1].centre))
        across = (eyes[0].centre - eyes[1].centre) / apart
    face = np.linalg.norm(points - middle, axis=1) < REACH * apart
    if face.sum() < FEWEST:
        raise FacemocapError(
            "The character has too few vertices for a face", "Choose one with a modelled face"
        )
    centre = _motion_centre(points, face, scan.motions, middle)
    axes = _directions(across, (points[face] - middle) / apart, middle - centre)
    if eyes is None:
        # the middle of what moves lies below the eyes
        middle = middle + 0.3 * apart * axes[1]
    places = (points - middle) @ axes.T / apart
    balls, covers, centres = _balls(points, islands, eyes, middle, axes, apart)
    plain = places.copy()
    level = _mouth_level(places, face, scan.motions)
    below = places[:, 1] < 0
    places[below, 1] *= MOUTH / level
    return FaceFrame(
        middle, axes, apart, plain, places, face, balls, covers, centres, eyes is not None
    )


def _directions(across: FloatArray, near: FloatArray, above: FloatArray) -> FloatArray:
    """Rows left, up and front, from the line through the eyes and what lies around them.

    Parameters
    ----------
    across : (3,)
        Unit vector along the line, either way.
    near : (k, 3)
        Points of the face from between the eyes, eye distances.
    above : (3,)
        From the motions' middle to between the eyes.

    Notes
    -----
    Ahead of the eyes lies nothing but the nose: of all directions across the line, front is that
    in which the face reaches least far.
    """
    largest = int(np.argmax(np.abs(across)))
    if abs(across[largest]) > STRAIGHT:
        first: FloatArray = np.eye(3)[(largest + 1) % 3]
        second: FloatArray = np.eye(3)[(largest + 2) % 3]
        steps = 4
    else:
        first = _unit(_cross(across, np.eye(3)[int(np.argmin(np.abs(across)))]))
        second = _unit(_cross(across, first))
        steps = 72
    turns = np.arange(steps) * 2 * np.pi / steps
    directions = np.round(np.cos(turns), 12)[:, None] * first
    directions += np.round(np.sin(turns), 12)[:, None] * second
    # cells instead of points: meshes are dense where the face moves
    cells = np.unique(np.round(near / CELL).astype(int), axis=0) * CELL
    reach = np.percentile(cells @ directions.T, 97, axis=0)
    front = directions[int(np.argmin(reach))]
    up = _unit(_cross(front, across))
    if abs(across[largest]) > STRAIGHT:
        up = np.round(up)
    if up @ above < 0:
        up = -up
    return np.stack([_unit(_cross(up, front)), up, front])


def _cross(one: FloatArray, two: FloatArray) -> FloatArray:
    return one[[1, 2, 0]] * two[[2, 0, 1]] - one[[2, 0, 1]] * two[[1, 2, 0]]


def _unit(vector: FloatArray) -> FloatArray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _motion_centre(
    points: FloatArray, face: BoolArray, motions: Sequence[Motion], middle: FloatArray
) -> FloatArray:
    """Centre of what moves on the face: below the eyes, for most of it is the mouth."""
    weight = _mobility(len(points), face, motions)
    if weight.sum() == 0:
        return points.mean(axis=0) if len(points) else middle
    return (points * weight[:, None]).sum(axis=0) / weight.sum()


def _mobility(count: int, face: BoolArray, motions: Sequence[Motion]) -> FloatArray:
    """How much each point is moved, every local motion counting alike."""
    weight = np.zeros(count)
    whole = face.sum()
    for motion in motions:
        if not 0 < face[motion.rows].sum() < HEAD * whole:
            continue
        size = np.linalg.norm(motion.moved, axis=1)
        share = (size / size.max()) ** 2
        weight[motion.rows] += share / share.sum()
    return weight * face


def _mouth_level(places: FloatArray, face: BoolArray, motions: Sequence[Motion]) -> float:
    """Height of the mouth: where the middle of the lower face moves most."""
    strip = face & (np.abs(places[:, 0]) < 0.6) & (places[:, 1] < -0.5) & (places[:, 1] > -1.9)
    weight = _mobility(len(places), strip, motions)
    if weight.sum() == 0:
        return MOUTH
    order = np.argsort(places[:, 1], kind="stable")
    summed = np.cumsum(weight[order])
    level = float(places[order, 1][np.searchsorted(summed, 0.5 * summed[-1])])
    return min(max(level, 1.5 * MOUTH), 0.6 * MOUTH)


def _balls(
    points: FloatArray,
    islands: IntArray,
    eyes: tuple[Ball, Ball] | None,
    middle: FloatArray,
    axes: FloatArray,
    apart: float,
) -> tuple[tuple[BoolArray, BoolArray], BoolArray, FloatArray]:
    """Points of the left and right eyeball, of what lies close on them, and their centres."""
    none = np.zeros(len(points), np.bool_)
    if eyes is None:
        return (none, none), none, np.array([[0.5, 0, 0], [-0.5, 0, 0]])
    found = sorted(eyes, key=lambda ball: -float((ball.centre - middle) @ axes[0]))
    count = np.bincount(islands)
    middles = np.stack([np.bincount(islands, points[:, axis]) / count for axis in range(3)], axis=1)
    masks: list[BoolArray] = []
    covers = none
    for ball in found:
        near = np.linalg.norm(points - ball.centre, axis=1) < 1.3 * ball.radius
        inside = np.bincount(islands[near], minlength=len(count))
        close = inside > 0.95 * count
        around = np.linalg.norm(middles - ball.centre, axis=1) < 0.78 * ball.radius
        masks.append((close & around)[islands])
        covers = covers | (close & ~around)[islands]
    centres = np.stack([(ball.centre - middle) @ axes.T / apart for ball in found])
    return (masks[0], masks[1]), covers, centres


def _without_eyes(points: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Middle, line across and eye distance from the symmetry of what moves."""
    middle = 0.5 * (points.min(axis=0) + points.max(axis=0))
    extent = np.ptp(points, axis=0)
    some = points[:: max(1, len(points) // 1500)]
    errors: list[float] = []
    for axis in range(3):
        images = some.copy()
        images[:, axis] = 2 * middle[axis] - images[:, axis]
        errors.append(float(np.mean(nearest_distances(points, images))))
    across = np.zeros(3)
    across[int(np.argmin(errors))] = 1.0
    # eyes lie a little less than half a face's width apart
    return middle, across, 0.45 * max(float(extent @ across), 1e-9)
