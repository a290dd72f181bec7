# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference face as points: where each of the 52 channels takes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..arrays import FloatArray
from ..resources import data_file

FILE = "face_points.json"
#: Lengths are stored in ten-thousandths of the distance between the eyes.
UNIT = 1e-4


@dataclass(frozen=True)
class FacePoints:
    """Points of the sample head's skin.

    Attributes
    ----------
    points : (p, 3) float64
        In the face's frame, eye distances, its own proportions.
    edges : mapping of str to pair of (k, 3)
        Upper and lower edge of ``left_lids``, ``right_lids`` and ``mouth``.
    sides : (p,) float64
        1 for points that go with the upper lip as the jaw opens, -1 with the lower, else between.
    moves : mapping of str to (p, 3)
        Displacements at 1, by channel.
    """

    points: FloatArray
    edges: Mapping[str, tuple[FloatArray, FloatArray]]
    sides: FloatArray
    moves: Mapping[str, FloatArray]


@cache
def face_points() -> FacePoints:
    """The reference, read once."""
    document = json.loads(data_file(FILE).read_text(encoding="utf-8"))
    points = np.reshape(document["points"], (-1, 3)) * UNIT
    moves: dict[str, FloatArray] = {}
    for name, entry in document["channels"].items():
        field = np.zeros(points.shape)
        field[entry["rows"]] = np.reshape(entry["moves"], (-1, 3)) * UNIT
        moves[name] = field
    edges = {
        name: (
            np.reshape(entry["upper"], (-1, 3)) * UNIT,
            np.reshape(entry["lower"], (-1, 3)) * UNIT,
        )
        for name, entry in document["openings"].items()
    }
    return FacePoints(points, edges, np.array(document["sides"]) * 0.01, moves)
