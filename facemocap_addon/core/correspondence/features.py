# SPDX-License-Identifier: GPL-3.0-or-later
"""The anatomical places of a character's face at rest.

The edges of lids and lips, the profile of the nose and the chin, and what brows and cheeks do when
their controls move them are measured. Everything else is carried over from the sample head by a
map that lays these on each other, and put on the skin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..calibration.face_points import face_points
from ..calibration.openings import MOUTH, find_face_openings, interpolated, lip_sides
from ..contacts.margins import Opening
from ..controls import ControlKey
from ..probing.face_frame import FaceFrame, find_frame
from ..probing.scan import Scan
from ..rig_maps.rig_map import RigMapEntry
from .places import UPPER, OnEdge, Template, mirrored_place, template
from .profile import cut_profile, read_profile
from .skin_points import face_skin
from .surface import Skin, make_skin
from .warp import FaceWarp, fit_face_warp

#: Channels whose motion tells where brows, cheeks and nose are, and how far (eye distances) the
#: middle of what they move may be from where it is on the sample head in proportion.
MOVERS = {
    "browInnerUp": 0.05, "browOuterUpLeft": 0.05, "browOuterUpRight": 0.05,
    "browDownLeft": 0.05, "browDownRight": 0.05, "noseSneerLeft": 0.15, "noseSneerRight": 0.15,
}  # fmt: skip
#: Skin of the forehead that goes less than this part of a brow's way is only carried along.
CARRIED = 0.5
#: Points from corner to corner of an edge by which faces are laid on each other.
ON_EDGE = 9
#: How exactly edges and the profile are found (eye distances).
EDGE, PROFILE = 0.01, 0.03
#: Points from the end of an edge by which it is drawn on to the corner, and how far at most, of
#: the way to the last of them.
CORNER, FARTHEST = 3, 1.1
#: Places of both sides that are mirror images to this (eye distances) are made so.
NEARLY_EVEN = 0.05
#: What of the profile is a place by itself, and how sure it is.
PROFILE_PLACES = ("nose_tip", "nose_base", "nose_bridge", "chin")
MEASURED, IN_PROFILE, LEAST = 0.95, 0.85, 0.05
#: A place that is known to this (eye distances) by proportion is half sure.
DOUBT = 0.12
#: Points this near to the middle (eye distances) belong to no side.
_MIDDLE = 0.03
_SHARE = 0.3


@dataclass(frozen=True)
class FaceFeatures:
    """Where the anatomical places of a character's face are, and how sure that is.

    Attributes
    ----------
    places : mapping of str to (3,)
        Metres, in the axes of the armature (or of the largest mesh).
    sure : mapping of str to float
        0 to 1; above 0.8 a place was measured, below it was carried over in proportion.
    origin : (3,) metres
        Between the eyes.
    axes : (3, 3)
        Rows: left, up and front of the face.
    eye_distance_m : float
    """

    places: Mapping[str, FloatArray]
    sure: Mapping[str, float]
    origin: FloatArray
    axes: FloatArray
    eye_distance_m: float

    def to_frame(self, places: FloatArray) -> FloatArray:
        """Places ``(..., 3)`` in metres in the face's frame, in eye distances."""
        return (np.asarray(places) - self.origin) @ self.axes.T / self.eye_distance_m

    def to_metres(self, places: FloatArray) -> FloatArray:
        """Places ``(..., 3)`` of the face's frame in metres, in the character's axes."""
        return self.origin + self.eye_distance_m * np.asarray(places) @ self.axes

    def to_json(self) -> dict[str, Any]:
        """Plain values; places in micrometres' precision."""
        return {
            "places": {
                name: [*np.round(place, 6).tolist(), round(self.sure[name], 3)]
                for name, place in self.places.items()
            },
            "origin": self.origin.tolist(),
            "axes": self.axes.tolist(),
            "eye_distance_m": self.eye_distance_m,
        }


def features_from_json(data: Any) -> FaceFeatures:
    """What `FaceFeatures.to_json` wrote."""
    return FaceFeatures(
        places={str(name): np.array(row[:3], float) for name, row in data["places"].items()},
        sure={str(name): float(row[3]) for name, row in data["places"].items()},
        origin=np.array(data["origin"], float),
        axes=np.array(data["axes"], float),
        eye_distance_m=float(data["eye_distance_m"]),
    )


@dataclass(frozen=True)
class FoundFace:
    """A character's places, the skin that points are put on, and the points of each mesh."""

    features: FaceFeatures
    skin: Skin
    meshes: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Anchors:
    """What is found on every face alike, by name, in the face's frame.

    Attributes
    ----------
    profile : mapping of str to (3,)
    movers : mapping of str to (3,)
        Middle of what a channel moves, by channel and side: ``browInnerUp_L``.
    """

    profile: Mapping[str, FloatArray]
    movers: Mapping[str, FloatArray]


def find_features(
    scan: Scan,
    triangles: IntArray,
    entries: Iterable[RigMapEntry],
    openings: Mapping[str, Opening] | None = None,
) -> FoundFace:
    """The places of a character's face.

    Parameters
    ----------
    scan : Scan
    triangles : (t, 3) int
        Of all meshes, by the scan's points.
    entries : iterable of RigMapEntry
        What each control is: those of the probing, or of a rig map.
    openings : mapping of str to Opening, optional
        Edges of lids and lips by the scan's points; found if they are not given.
    """
    measured = _measure(scan, triangles, entries, openings)
    frame, skin, openings = measured.frame, measured.skin, measured.openings
    known = template()
    anchors = measured.anchors
    warp = _carry_over(known, openings, frame, anchors)
    places, sure = _carried(known, warp, skin)
    for name, place in anchors.profile.items():
        if name in PROFILE_PLACES:
            places[name], sure[name] = place, IN_PROFILE
    for name, where in known.on_edge.items():
        if where.opening in openings:
            places[name] = edge_place(openings[where.opening], where, frame.plain)
            sure[name] = MEASURED
    _even_corners(known, places)
    for side, centre in zip("LR", frame.centres, strict=True):
        places[f"eye_centre_{side}"] = centre
        sure[f"eye_centre_{side}"] = 1.0 if frame.found_eyes else _SHARE
    features = FaceFeatures({}, sure, frame.origin, frame.axes, frame.eye_distance_m)
    metres = {name: features.to_metres(place) for name, place in places.items()}
    features = replace(features, places=metres)
    return FoundFace(features, skin, scan.meshes)


def find_face(
    scan: Scan, triangles: IntArray, entries: Iterable[RigMapEntry]
) -> tuple[FaceFrame, Anchors]:
    """The frame of a face and what is found on every face alike."""
    measured = _measure(scan, triangles, entries, None)
    return measured.frame, measured.anchors


@dataclass(frozen=True)
class _MeasuredFace:
    frame: FaceFrame
    openings: Mapping[str, Opening]
    skin: Skin
    anchors: Anchors


def _measure(
    scan: Scan,
    triangles: IntArray,
    entries: Iterable[RigMapEntry],
    openings: Mapping[str, Opening] | None,
) -> _MeasuredFace:
    frame = find_frame(scan)
    fields = channel_fields(scan, frame, entries, (*MOVERS, "jawOpen"))
    opened = fields.get("jawOpen")
    if openings is None:
        turned = None if opened is None else opened @ frame.axes * frame.eye_distance_m
        openings = find_face_openings(scan, frame, triangles, turned)
    rows = face_skin(scan, frame)
    mouth = openings.get(MOUTH)
    lips = np.zeros(len(frame.plain))
    if mouth is not None and opened is not None:
        lips = lip_sides(frame.plain, opened, mouth)
    balls = frame.balls[0] | frame.balls[1]
    skin = make_skin(frame.plain, triangles, rows, balls, openings, lips)
    return _MeasuredFace(frame, openings, skin, find_anchors(frame, skin, rows, fields))


def channel_fields(
    scan: Scan, frame: FaceFrame, entries: Iterable[RigMapEntry], channels: Sequence[str]
) -> dict[str, FloatArray]:
    """Displacements ``(n, 3)`` at 1 of channels that controls express, in the face's frame."""
    motions: dict[tuple[ControlKey, int], list[int]] = {}
    for number, motion in enumerate(scan.motions):
        motions.setdefault((motion.control.key, motion.sign), []).append(number)
    out: dict[str, FloatArray] = {}
    for entry in entries:
        for source in entry.sources:
            if source.channel not in channels or not source.gain:
                continue
            for number in motions.get((entry.control, 1 if source.gain > 0 else -1), ()):
                motion = scan.motions[number]
                field = out.setdefault(source.channel, np.zeros((len(scan.points), 3)))
                field[motion.rows] += frame.turned(motion.moved) * (source.gain / motion.amount)
    return out


def find_anchors(
    frame: FaceFrame, skin: Skin, rows: BoolArray, fields: Mapping[str, FloatArray]
) -> Anchors:
    """Profile and middles of motion of a face."""
    mouth = skin.gaps.get(MOUTH)
    line = None if mouth is None else float(np.interp(0.0, mouth.columns, mouth.heights))
    level = -1.05
    below = frame.plain[:, 1] < -0.5
    if below.any():
        level *= float(np.median(frame.plain[below, 1] / frame.places[below, 1]))
    triangles = skin.triangles
    profile = read_profile(cut_profile(frame.plain, triangles, rows), line, level)
    movers: dict[str, FloatArray] = {}
    used = np.unique(triangles)
    weight = _areas(frame.plain, triangles)[used]
    for channel, field in fields.items():
        if channel not in MOVERS:
            continue
        for side, sign in (("L", 1.0), ("R", -1.0)):
            if channel.endswith("Right" if side == "L" else "Left"):
                continue
            own = sign * frame.plain[used, 0] > _MIDDLE
            size = own * (field[used] ** 2).sum(axis=1)
            least = CARRIED**2 if channel.startswith("brow") else 0.0
            share = weight * np.maximum(size - least * size.max(initial=0.0), 0.0)
            if share.sum() > 0:
                movers[f"{channel}_{side}"] = share @ frame.plain[used] / share.sum()
    return Anchors(profile, movers)


def edge_place(opening: Opening, where: OnEdge, places: FloatArray) -> FloatArray:
    """A place on an edge ``(3,)``; a corner lies between both edges."""
    edges = opening.upper.at(places), opening.lower.at(places)
    across = 0.5 * (edges[0] + edges[1])
    order = np.argsort(across[:, 0], kind="stable")
    if where.share in (0.0, 1.0):
        inwards = order if where.share == 0.0 else order[::-1]
        return _corner(across[inwards], np.linalg.norm(edges[0] - edges[1], axis=1)[inwards])
    columns = across[order, 0]
    at = np.array([columns[0] + where.share * (columns[-1] - columns[0])])
    edge = edges[0] if where.edge == UPPER else edges[1]
    return interpolated(at, columns, edge[order])[0]


def _corner(across: FloatArray, gaps: FloatArray) -> FloatArray:
    """Where two edges would meet: they are found only as far as they are well apart."""
    inner = min(CORNER, len(across) - 1)
    closes = float(gaps[inner] - gaps[0])
    if closes <= 0:
        return across[0]
    share = min(float(gaps[0]) / closes, FARTHEST)
    return across[0] + share * (across[0] - across[inner])


def _even_corners(known: Template, places: dict[str, FloatArray]) -> None:
    """Corners that are nearly mirror images made so: drawing edges on doubles their noise."""
    mirror = np.array([-1.0, 1.0, 1.0])
    for name, where in known.on_edge.items():
        other = mirrored_place(name)
        if where.share in (0.0, 1.0) and other != name:
            image = places[other] * mirror
            if np.linalg.norm(places[name] - image) < NEARLY_EVEN:
                places[name] = 0.5 * (places[name] + image)
                places[other] = places[name] * mirror


def place_sides(names: Sequence[str]) -> dict[str, IntArray]:
    """For each opening, which of some places lie above it (1), below it (-1) or beside it (0)."""
    known = template()
    points = face_points()
    out: dict[str, IntArray] = {}
    for name, edges in points.edges.items():
        middle = 0.5 * (edges[0] + edges[1])
        order = np.argsort(middle[:, 0], kind="stable")
        columns = middle[order, 0]
        sides = np.zeros(len(names), np.int64)
        for row, place in enumerate(names):
            where = known.on_edge.get(place)
            at = known.places.get(place)
            if where is not None and where.opening == name and 0.0 < where.share < 1.0:
                sides[row] = 1 if where.edge == UPPER else -1
            elif place in known.inner_lips and name == MOUTH:
                sides[row] = known.inner_lips[place]
            elif where is None and at is not None and columns[0] < at[0] < columns[-1]:
                line = interpolated(at[:1], columns, middle[order])[0, 1]
                sides[row] = 1 if at[1] > line else -1
        out[name] = sides
    return out


def _areas(places: FloatArray, triangles: IntArray) -> FloatArray:
    """Area ``(n,)`` that each point stands for."""
    corners = places[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    each = np.linalg.norm(normals, axis=1) / 6.0
    return np.bincount(triangles.ravel(), np.repeat(each, 3), minlength=len(places))


def _carry_over(
    known: Template, openings: Mapping[str, Opening], frame: FaceFrame, anchors: Anchors
) -> FaceWarp:
    """The map from the sample head to this face."""
    source: list[FloatArray] = []
    target: list[FloatArray] = []
    spread: list[float] = []
    for name, edges in face_points().edges.items():
        if name not in openings:
            continue
        opening = openings[name]
        own = opening.upper.at(frame.plain), opening.lower.at(frame.plain)
        source += [*_evenly(edges)]
        target += [*_evenly(own)]
        spread += [EDGE] * (2 * ON_EDGE)
    both = {**anchors.profile, **anchors.movers}
    for name, place in both.items():
        if name in known.anchors:
            source.append(known.anchors[name])
            target.append(place)
            spread.append(PROFILE if name in anchors.profile else MOVERS[name[:-2]])
    for name, own in zip("LR", frame.centres, strict=True):
        source.append(np.array([0.5 if name == "L" else -0.5, 0.0, 0.0]))
        target.append(own)
        spread.append(EDGE if frame.found_eyes else 10 * EDGE)
    return fit_face_warp(np.array(source), np.array(target), np.array(spread))


def _evenly(edges: tuple[FloatArray, FloatArray]) -> FloatArray:
    across = 0.5 * (edges[0] + edges[1])[:, 0]
    order = np.argsort(across, kind="stable")
    steps = np.linspace(across[order[0]], across[order[-1]], ON_EDGE)
    return np.concatenate([interpolated(steps, across[order], edge[order]) for edge in edges])


def _carried(
    known: Template, warp: FaceWarp, skin: Skin
) -> tuple[dict[str, FloatArray], dict[str, float]]:
    """All places in proportion, on the skin, and how sure each is."""
    names = list(known.places)
    at = np.array([known.places[name] for name in names])
    wanted = warp.at(at)
    sides = {name: side for name, side in place_sides(names).items() if name in skin.sides}
    _, _, found = skin.nearest(wanted, sides, outwards=True)
    doubt = np.hypot(warp.doubt(at), np.linalg.norm(found - wanted, axis=1))
    sure = np.clip(0.8 / (1.0 + (doubt / DOUBT) ** 2), LEAST, 0.8)
    found = _evened(names, found)
    return dict(zip(names, found, strict=True)), dict(zip(names, sure.tolist(), strict=True))


def _evened(names: Sequence[str], found: FloatArray) -> FloatArray:
    """Places ``(n, 3)`` with nearly mirrored ones made so.

    On a fold of the skin the nearest place jumps, on one side before the other.
    """
    rows = {name: row for row, name in enumerate(names)}
    partner = [rows.get(mirrored_place(name), row) for row, name in enumerate(names)]
    image = found[partner] * [-1.0, 1.0, 1.0]
    near = np.linalg.norm(found - image, axis=1) < NEARLY_EVEN
    near &= np.array(partner) != np.arange(len(names))
    return np.where(near[:, None], 0.5 * (found + image), found)
