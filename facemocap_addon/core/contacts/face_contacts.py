# SPDX-License-Identifier: GPL-3.0-or-later
"""The openings of one character's face, as they are kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray, frozen
from .gaps import gap, separations, width
from .margins import Opening, opening_from_json

#: Names of the openings.
LEFT_LIDS, RIGHT_LIDS, MOUTH = "left_lids", "right_lids", "mouth"


@dataclass(frozen=True)
class FaceContacts:
    """Where lids and lips are, on which vertices.

    Attributes
    ----------
    meshes : tuple of str
        The character's mesh objects.
    vertices : (m, 2) int32
        Mesh, by its place in ``meshes``, and vertex of each point that the openings use.
    rest : (m, 3) float64
        Their places at rest, in metres and in the axes of the armature (or of the largest mesh).
    openings : mapping of str to Opening
        Some of ``left_lids``, ``right_lids`` and ``mouth``; points by their row in ``vertices``.
    up : (3,) float64
        Unit vector: up on the face, in the same axes.
    eye_distance_m : float
    """

    meshes: tuple[str, ...]
    vertices: IntArray
    rest: FloatArray
    openings: Mapping[str, Opening]
    up: FloatArray
    eye_distance_m: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "vertices", frozen(self.vertices, np.int32))
        object.__setattr__(self, "rest", frozen(self.rest, np.float64))
        object.__setattr__(self, "up", frozen(self.up, np.float64))

    def unit_m(self, name: str) -> float:
        """What a gap is told in per cent of: lids' own distance at rest, the mouth's width."""
        opening = self.openings[name]
        if name == MOUTH:
            return width(opening, self.rest)
        return float(gap(separations(opening, self.rest, self.up)))

    def separations(self, name: str, places: FloatArray) -> FloatArray:
        """Separations ``(..., k)`` in per cent of `unit_m` at places ``(..., m, 3)``."""
        return 100.0 * separations(self.openings[name], places, self.up) / self.unit_m(name)

    def renamed(self, names: Mapping[str, str]) -> FaceContacts:
        """The same for objects that have other names now."""
        return replace(self, meshes=tuple(names.get(mesh, mesh) for mesh in self.meshes))

    def to_json(self) -> dict[str, Any]:
        """Plain values; places in tenths of a micrometre."""
        return {
            "owners": list(self.meshes),
            "vertices": self.vertices.tolist(),
            "rest": np.round(self.rest, 7).tolist(),
            "openings": {name: opening.to_json() for name, opening in self.openings.items()},
            "up": self.up.tolist(),
            "eye_distance_m": self.eye_distance_m,
        }


def contacts_from_json(data: Any) -> FaceContacts:
    """What `FaceContacts.to_json` wrote."""
    return FaceContacts(
        meshes=tuple(map(str, data["owners"])),
        vertices=np.reshape(data["vertices"], (-1, 2)),
        rest=np.reshape(np.asarray(data["rest"], np.float64), (-1, 3)),
        openings={name: opening_from_json(item) for name, item in data["openings"].items()},
        up=np.asarray(data["up"], np.float64),
        eye_distance_m=float(data["eye_distance_m"]),
    )
