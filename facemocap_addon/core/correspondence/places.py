# SPDX-License-Identifier: GPL-3.0-or-later
"""The anatomical places of a face, and where each lies on the sample head.

A place is called ``nose_tip`` or, on a side of the face, ``brow_inner_L``. The 68 landmarks
(``lm68_30``) and MediaPipe's 478 (``mp_001``) are places too. ``data/face_places.json`` says of
which of MediaPipe's landmarks each place is the middle, ``data/landmark_basis.npz`` where these
lie.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..formats.landmarks68 import MIRRORED, NUMBER, space_name
from ..resources import data_file
from ..video.landmark_basis import LANDMARKS, MESH, landmark_basis

FILE, ANCHORS = "face_places.json", "face_anchors.json"
#: Lengths in the file of anchors are ten-thousandths of the distance between the eyes.
UNIT = 1e-4
UPPER, LOWER = "upper", "lower"


@dataclass(frozen=True)
class OnEdge:
    """A place on the edge of an opening: of the lids, of the lips.

    ``share`` goes from 0 at the corner on the face's right to 1 at that on its left.
    """

    opening: str
    edge: str
    share: float


@dataclass(frozen=True)
class Template:
    """Where places lie on the sample head.

    Attributes
    ----------
    places : mapping of str to (3,)
        In the face's frame, in eye distances from between the eyes.
    spread : mapping of str to float
        How exactly people and trackers hit a place (a deviation in eye distances).
    on_edge : mapping of str to OnEdge
        Places that are found on the edges of lids and lips.
    anchors : mapping of str to (3,)
        The sample head's own profile and middles of motion, found as on any character.
    inner_lips : mapping of str to int
        Landmarks on the inner edges of the lips: 1 on the upper lip, -1 on the lower one.
    """

    places: Mapping[str, FloatArray]
    spread: Mapping[str, float]
    on_edge: Mapping[str, OnEdge]
    anchors: Mapping[str, FloatArray]
    inner_lips: Mapping[str, int]


def mediapipe_name(landmark: int) -> str:
    """Name of one of MediaPipe's landmarks: ``mp_001``."""
    return f"mp_{landmark:03d}"


def mirrored_place(name: str) -> str:
    """The place on the other side of the face; itself for one in the middle."""
    if name.endswith(("_L", "_R")):
        return name[:-1] + ("R" if name.endswith("L") else "L")
    kind, _, number = name.partition("_")
    if kind == "lm68" and number.isdigit() and int(number) < NUMBER:
        return space_name(MIRRORED[int(number)])
    if kind == "mp" and number.isdigit() and int(number) < LANDMARKS:
        return mediapipe_name(int(landmark_basis().partners[int(number)]))
    return name


@cache
def template() -> Template:
    """The sample head's places, read once."""
    document = json.loads(data_file(FILE).read_text(encoding="utf-8"))
    basis = landmark_basis()
    apart = math.dist(basis.centres[0].tolist(), basis.centres[1].tolist())
    measured = json.loads(data_file(ANCHORS).read_text(encoding="utf-8"))
    seen: FloatArray = (basis.neutral - 0.5 * (basis.centres[0] + basis.centres[1])) / apart
    seen = seen + np.array(measured["shift"]) * UNIT
    places: dict[str, FloatArray] = {}
    spread: dict[str, float] = {}
    on_edge: dict[str, OnEdge] = {}
    for name, entry in document["places"].items():
        for own, landmarks in _both_sides(name, entry["landmarks"]):
            places[own] = _middle(seen, landmarks)
            spread[own] = float(entry["spread"])
    for number, entry in enumerate(document["lm68"]):
        places[space_name(number)] = _middle(seen, entry["landmarks"])
        spread[space_name(number)] = float(entry["spread"])
    outline = set(document["mediapipe"]["outline"])
    for number in range(MESH):
        name = mediapipe_name(number)
        places[name] = seen[number]
        kind = "outline_spread" if number in outline else "spread"
        spread[name] = float(document["mediapipe"][kind])
    for name, entry in document["edges"].items():
        for own in {name, mirrored_place(name)}:
            on_edge[own] = _on_edge(entry, mirrored=own != name)
    anchors = {
        name: np.array(place, np.float64) * UNIT for name, place in measured["anchors"].items()
    }
    inner = {
        mediapipe_name(number): side
        for edge, side in (("upper_lip", 1), ("lower_lip", -1))
        for number in document["mediapipe"][edge]
    }
    return Template(places, spread, on_edge, anchors, inner)


def _middle(seen: FloatArray, landmarks: list[int]) -> FloatArray:
    return np.mean(seen[landmarks], axis=0)


def _both_sides(name: str, landmarks: list[int]) -> list[tuple[str, list[int]]]:
    """A place with its landmarks, and for one on the left that on the right too."""
    if not name.endswith("_L"):
        return [(name, landmarks)]
    partners = landmark_basis().partners
    return [(name, landmarks), (mirrored_place(name), [int(partners[k]) for k in landmarks])]


def _on_edge(entry: list[Any], *, mirrored: bool) -> OnEdge:
    opening, edge, share = str(entry[0]), str(entry[1]), float(entry[2])
    if not mirrored:
        return OnEdge(opening, edge, share)
    return OnEdge(opening.replace("left", "right"), edge, 1.0 - share)
