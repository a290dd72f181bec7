# SPDX-License-Identifier: GPL-3.0-or-later
"""The actor's neutral face fitted to the character's, and each of its points put on the skin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..errors import FacemocapError
from ..stabilise.solvers import rotation_vectors
from .features import FoundFace, place_sides
from .naming import HAND, NEAREST, SET, Meant, identify, is_of_set
from .placement import NOWHERE, Placement
from .places import mirrored_place
from .remarks import Remarks
from .similarity import ActorToCharacter, fit_similarity
from .warp import FaceWarp, fit_face_warp, turning

#: What a person says of a point: a vertex of a mesh, an anatomical place, or to leave it out.
ByHand = Mapping[str, "tuple[str, int] | str | None"]
#: Fewest points that have to be recognised.
FEWEST = 4
#: A point whose name is this far (eye distances) from where the others have it is named wrong.
WRONG = 0.7
#: A point without a name that is farther than this from the skin is not of the face.
FAR = 0.4
#: Left and right are exchanged when that leaves less than this part of the distances.
SWAPPED = 0.6
#: Points that are wanted at mirrored places to this (eye distances), and found there to this, are
#: evened out.
EVEN, NEARLY_EVEN = 0.003, 0.05
MIRROR = np.array([-1.0, 1.0, 1.0])
#: Distances (eye distances) by which a place is half as sure.
_AWAY, _OFF = 0.3, 0.2


@dataclass(frozen=True)
class _Fit:
    """How the actor's points lie in the character's frame, before and after warping.

    ``turns`` ``(p, 3)`` are rotation vectors of the warping there.
    """

    transform: ActorToCharacter
    fitted: FloatArray
    warped: FloatArray
    doubt: FloatArray
    wrong: BoolArray
    turns: FloatArray


def place_points(
    names: Sequence[str], neutral: FloatArray, face: FoundFace, by_hand: ByHand | None = None
) -> Placement:
    """Put the points of an actor's face on a character.

    Parameters
    ----------
    names : sequence of str, length p
    neutral : (p, 3)
        The actor's neutral face in metres, x to the actor's left, y up, z ahead; NaN for points
        that are not there.
    face : FoundFace
        The character's.
    by_hand : mapping of str to (mesh, vertex), place or None, optional
        What a person said of points, by name: it always wins.

    Raises
    ------
    FacemocapError
        When what a person said names a mesh, a vertex or a place that there is not.
    """
    by_hand = by_hand or {}
    neutral = np.asarray(neutral, np.float64)
    pinned = _pinned(names, face, by_hand)
    said = {name: place for name, place in by_hand.items() if isinstance(place, str)}
    left_out = {name for name, place in by_hand.items() if place is None}
    there = np.isfinite(neutral).all(axis=1)
    there &= np.array([name not in left_out for name in names], np.bool_)
    meant = {row: each for row, each in identify(names, neutral, said).items() if there[row]}
    for row in pinned:
        meant.pop(row, None)
    remarks = Remarks(names)
    meant = _unswapped(meant, neutral, face, remarks)
    fit = _fit(neutral, meant, pinned, there, face, remarks)
    eyes = [r for r, n in enumerate(names) if there[r] and is_of_set(n) and r not in meant]
    eyes = [row for row in eyes if row not in pinned]
    remarks.on_eyes(eyes)
    out = _Places(len(names))
    if fit is not None:
        ready = there.copy()
        ready[[*eyes, *pinned]] = False
        _put_on_skin(out, np.flatnonzero(ready), meant, fit, face)
        remarks.one_side(fit.fitted[out.row >= 0])
        remarks.wrong(np.flatnonzero(fit.wrong))
    for row, vertex in pinned.items():
        out.pin(row, vertex, fit, face)
    missing = [r for r in range(len(names)) if out.row[r] < 0 and names[r] not in left_out]
    remarks.missing([row for row in missing if row not in eyes], there)
    return out.finished(names, meant, fit, face, remarks)


class _Places:
    """What is found of each point, while it is being found."""

    def __init__(self, count: int) -> None:
        self.row = np.full(count, -1, np.int64)
        self.corners = np.zeros((count, 3), np.int64)
        self.shares = np.zeros((count, 3))
        self.moved = np.zeros(count)
        self.confidence = np.zeros(count)
        self.how = [""] * count

    def pin(self, row: int, vertex: int, fit: _Fit | None, face: FoundFace) -> None:
        """Put a point on a vertex."""
        self.row[row], self.corners[row] = vertex, vertex
        self.shares[row], self.confidence[row], self.how[row] = (1.0, 0.0, 0.0), 1.0, HAND
        if fit is not None:
            away = math.dist(face.skin.places[vertex].tolist(), fit.fitted[row].tolist())
            self.moved[row] = away if math.isfinite(away) else 0.0

    def finished(
        self,
        names: Sequence[str],
        meant: Mapping[int, Meant],
        fit: _Fit | None,
        face: FoundFace,
        remarks: Remarks,
    ) -> Placement:
        """The placement, by the meshes' own numbers."""
        meshes = dict(face.meshes)
        starts = np.array([start for start, _ in meshes.values()])
        order = np.argsort(starts, kind="stable")
        found = order[np.searchsorted(starts[order], self.corners[:, 0], side="right") - 1]
        placed = self.row >= 0
        features = face.features
        actor, turns = None, np.zeros((len(names), 3))
        if fit is not None:
            turns = fit.turns @ features.axes
            actor = fit.transform.then(features.axes, features.origin, features.eye_distance_m)
        return Placement(
            names=tuple(names),
            places=tuple(meant[row].place if row in meant else "" for row in range(len(names))),
            how=tuple(self.how),
            meshes=tuple(meshes),
            mesh=np.where(placed, found, NOWHERE),
            vertices=np.where(placed[:, None], self.corners - starts[found][:, None], 0),
            weights=self.shares,
            moved_mm=self.moved * features.eye_distance_m * 1000.0,
            confidence=np.where(placed, self.confidence, 0.0),
            actor=actor,
            findings=tuple(remarks.sentences),
            turns=turns,
        )


def _pinned(names: Sequence[str], face: FoundFace, by_hand: ByHand) -> dict[int, int]:
    """Points that a person put on a vertex: its number among all, by the points' rows."""
    out: dict[int, int] = {}
    for row, name in enumerate(names):
        given = by_hand.get(name)
        if given is None:
            continue
        if isinstance(given, str):
            if given not in face.features.places:
                raise FacemocapError(
                    f'"{name}" is put on "{given}", which is no place of the face',
                    "Name a place such as nose_tip or brow_inner_L",
                )
            continue
        start, stop = face.meshes.get(given[0], (0, 0))
        if not 0 <= given[1] < stop - start:
            raise FacemocapError(
                f'"{name}" is put on vertex {given[1]} of "{given[0]}", which is not there',
                "Pick a vertex of the character's face again",
            )
        out[row] = start + given[1]
    return out


def _targets(meant: Mapping[int, Meant], face: FoundFace) -> tuple[FloatArray, FloatArray]:
    """Places ``(k, 3)`` in the face's frame, and how exactly each is known ``(k,)``."""
    features = face.features
    places = np.array([features.places[each.place] for each in meant.values()]).reshape(-1, 3)
    sure = np.array([features.sure[each.place] for each in meant.values()])
    spread = np.array([each.spread for each in meant.values()])
    return features.to_frame(places), np.hypot(spread, 0.1 * (1.0 - sure))


def _unswapped(
    meant: dict[int, Meant], neutral: FloatArray, face: FoundFace, remarks: Remarks
) -> dict[int, Meant]:
    """What points are, with sides exchanged where they are exchanged in the names."""
    sided = [row for row, each in meant.items() if mirrored_place(each.place) != each.place]
    if len(sided) < FEWEST or len(meant) < FEWEST:
        return meant
    other = {
        row: each if each.how == HAND else Meant(mirrored_place(each.place), each.how, each.spread)
        for row, each in meant.items()
    }
    left: list[float] = []
    for each in (meant, other):
        target, spread = _targets(each, face)
        off = fit_similarity(neutral[list(each)], target, spread)[1]
        left.append(float(np.median(off)))
    if left[1] > SWAPPED * left[0]:
        return meant
    remarks.swapped()
    return other


def _fit(
    neutral: FloatArray,
    meant: Mapping[int, Meant],
    pinned: Mapping[int, int],
    there: BoolArray,
    face: FoundFace,
    remarks: Remarks,
) -> _Fit | None:
    pins = [row for row in pinned if there[row]]
    rows = np.array([*meant, *pins], np.int64)
    if not len(rows):
        remarks.nothing_known()
        return None
    target, spread = _targets(meant, face)
    target = np.concatenate([target, face.skin.places[[pinned[row] for row in pins]]])
    spread = np.concatenate([spread, np.full(len(pins), 0.02)])
    if len(rows) < FEWEST:
        remarks.too_few(len(rows))
    transform, left = fit_similarity(neutral[rows], target, spread)
    fitted = transform.places(neutral)
    how = [meant[row].how if row in meant else HAND for row in rows.tolist()]
    # what is far from where all others have it bends nothing, whoever says so
    bad = (left > WRONG) & np.array([each != SET for each in how], np.bool_)
    by_hand = np.array([each == HAND for each in how], np.bool_)
    wrong = np.zeros(len(neutral), np.bool_)
    wrong[rows[bad & ~by_hand]] = True
    good = ~bad
    warp: FaceWarp = fit_face_warp(fitted[rows[good]], target[good], spread[good])
    warped, doubt = np.full(fitted.shape, np.nan), np.full(len(fitted), np.inf)
    warped[there], doubt[there] = warp.at(fitted[there]), warp.doubt(fitted[there])
    warped[rows[bad | by_hand]] = target[bad | by_hand]
    turns = np.zeros(fitted.shape)
    turns[there] = rotation_vectors(turning(warp, fitted[there]))
    return _Fit(transform, fitted, warped, doubt, wrong, turns)


def _put_on_skin(
    out: _Places, rows: IntArray, meant: Mapping[int, Meant], fit: _Fit, face: FoundFace
) -> None:
    wanted = fit.warped[rows]
    sides = _sides(rows, meant, wanted, face)
    triangles, shares, found = face.skin.nearest(wanted, sides, outwards=True)
    evened = _evened(rows, meant, wanted, found)
    if evened is not None:
        triangles, shares, found = face.skin.nearest(evened, sides)
    for number, row in enumerate(rows.tolist()):
        known = meant.get(row)
        off = math.dist(found[number].tolist(), wanted[number].tolist())
        if known is None and off > FAR:
            continue
        corners = face.skin.triangles[triangles[number]]
        out.row[row], out.corners[row], out.shares[row] = row, corners, shares[number]
        out.moved[row] = math.dist(found[number].tolist(), fit.fitted[row].tolist())
        out.how[row] = NEAREST if known is None else known.how
        sure = 1.0 / (1.0 + (off / _OFF) ** 2)
        if known is None:
            sure *= 0.9 / (1.0 + (float(fit.doubt[row]) / 0.1) ** 2)
        else:
            sure *= _agreement(known, found[number], face) * (0.3 if fit.wrong[row] else 1.0)
        out.confidence[row] = sure


def _evened(
    rows: IntArray, meant: Mapping[int, Meant], wanted: FloatArray, found: FloatArray
) -> FloatArray | None:
    """Places ``(p, 3)`` found on both sides of a face made mirror images, or None for none.

    A symmetric face is often cut into triangles that are not: only points that are wanted at
    mirrored places, and were nearly found there, are evened out.
    """
    number = {meant[row].place: k for k, row in enumerate(rows.tolist()) if row in meant}
    out = found.copy()
    for place, one in number.items():
        other = number.get(mirrored_place(place))
        if other is None or np.linalg.norm(wanted[one] - wanted[other] * MIRROR) > EVEN:
            continue
        image = found[other] * MIRROR
        if np.linalg.norm(found[one] - image) < NEARLY_EVEN:
            out[one] = 0.5 * (found[one] + image)
    return None if (out == found).all() else out


def _agreement(known: Meant, found: FloatArray, face: FoundFace) -> float:
    """How well a point lies on the place that it is, 0 to 1."""
    features = face.features
    place = features.to_frame(features.places[known.place])
    away = math.dist(place.tolist(), found.tolist())
    told = 1.0 if known.how in (HAND, SET) else 0.95
    return told / (1.0 + (away / (_AWAY + known.spread)) ** 2)


def _sides(
    rows: IntArray, meant: Mapping[int, Meant], wanted: FloatArray, face: FoundFace
) -> dict[str, IntArray]:
    """On which side of the lids' and the lips' line each point has to be."""
    names = [meant[row].place if row in meant else "" for row in rows.tolist()]
    named = place_sides(names)
    out: dict[str, IntArray] = {}
    for opening, gap in face.skin.gaps.items():
        own = np.where(gap.covers(wanted), np.sign(gap.above(wanted)), 0.0).astype(np.int64)
        by_name = named.get(opening, np.zeros(len(rows), np.int64))
        known = np.array([bool(name) for name in names], np.bool_)
        out[opening] = np.where(known, by_name, own)
    return out
