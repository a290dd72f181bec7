# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the points of an actor's face are on a character's mesh; plain data, kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray, frozen
from ..errors import FacemocapError
from ..rotations import from_vector, to_matrix
from .similarity import ActorToCharacter, transform_from_json

SCHEMA = 1
NOWHERE = -1


@dataclass(frozen=True)
class Placement:
    """Every point of a set on the character's skin.

    Attributes
    ----------
    names : tuple of str, length p
        Of the points.
    places : tuple of str, length p
        Which anatomical place each is; empty for one that only its neighbours tell.
    how : tuple of str, length p
        ``name``, ``set``, ``hand`` or ``nearest``; empty for points that were not placed.
    meshes : tuple of str
        The character's mesh objects.
    mesh : (p,) int32
        By its place in ``meshes``; -1 for points that were not placed.
    vertices : (p, 3) int32
        Corners of the triangle, by the mesh's own numbers.
    weights : (p, 3) float64
        Their shares, which sum to 1.
    moved_mm : (p,) float64
        How far the point went from where turning, moving and one scale alone bring it.
    confidence : (p,) float64
        0 to 1.
    actor : ActorToCharacter or None
        From the actor's frame to the axes of the armature (or of the largest mesh), metres; None
        when too little was recognised.
    findings : tuple of str
        What a person should know, in sentences.
    turns : (p, 3) float64
        How the skin there lies otherwise than the actor's, as rotation vectors in the character's
        axes: a brow slides back over a round forehead and straight up over a flat one.
    """

    names: tuple[str, ...]
    places: tuple[str, ...]
    how: tuple[str, ...]
    meshes: tuple[str, ...]
    mesh: IntArray
    vertices: IntArray
    weights: FloatArray
    moved_mm: FloatArray
    confidence: FloatArray
    actor: ActorToCharacter | None
    findings: tuple[str, ...] = ()
    turns: FloatArray = field(default_factory=lambda: np.zeros((0, 3)))

    def __post_init__(self) -> None:
        fill = object.__setattr__
        for name in ("mesh", "vertices"):
            fill(self, name, frozen(getattr(self, name), np.int32))
        if len(self.turns) != len(self.names):
            fill(self, "turns", np.zeros((len(self.names), 3)))
        for name in ("weights", "moved_mm", "confidence", "turns"):
            fill(self, name, frozen(getattr(self, name), np.float64))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def placed(self) -> BoolArray:
        """Which points ``(p,)`` have a place on the character."""
        return self.mesh != NOWHERE

    def rows(self, meshes: Mapping[str, tuple[int, int]]) -> IntArray:
        """Corners ``(p, 3)`` by the points of a scan, whose parts ``meshes`` names.

        Raises
        ------
        FacemocapError
            When the character no longer has one of the meshes, or a mesh lost vertices.
        """
        out = np.zeros((len(self), 3), np.int64)
        for number in {int(each) for each in self.mesh[self.placed]}:
            name = self.meshes[number]
            own = self.mesh == number
            start, stop = meshes.get(name, (0, 0))
            if self.vertices[own].max() >= stop - start:
                raise FacemocapError(
                    f'Points are placed on "{name}", which is another mesh now',
                    "Place the points on the character again",
                )
            out[own] = self.vertices[own] + start
        return out

    def at(self, points: FloatArray, meshes: Mapping[str, tuple[int, int]]) -> FloatArray:
        """Places ``(p, 3)`` for points ``(n, 3)`` of a scan; NaN for what was not placed."""
        corners = np.asarray(points, np.float64)[self.rows(meshes)]
        found = np.einsum("pk,pkd->pd", self.weights, corners)
        return np.where(self.placed[:, None], found, np.nan)

    def displacements(self, moved: FloatArray) -> FloatArray:
        """Displacements ``(n, p, 3)`` of the actor's points as they are on the character's skin.

        In the axes and the size of the character. Turned point by point as the skin lies there
        (Noh and Neumann 2001, "Expression cloning").
        """
        if self.actor is None:
            return np.array(moved, np.float64)
        turned = to_matrix(from_vector(self.turns))
        return np.einsum("pij,npj->npi", turned, self.actor.displacements(moved))

    def renamed(self, names: Mapping[str, str]) -> Placement:
        """The same for objects that have other names now."""
        return replace(self, meshes=tuple(names.get(mesh, mesh) for mesh in self.meshes))

    def to_json(self) -> dict[str, Any]:
        """Plain values; `placement_from_json` makes an equal placement of them."""
        points = [
            {
                "name": name,
                "place": self.places[row],
                "how": self.how[row],
                "part": int(self.mesh[row]),
                "vertices": self.vertices[row].tolist(),
                "weights": self.weights[row].tolist(),
                "moved_mm": float(self.moved_mm[row]),
                "confidence": float(self.confidence[row]),
                "turn": self.turns[row].tolist(),
            }
            for row, name in enumerate(self.names)
        ]
        return {
            "schema": SCHEMA,
            "owners": list(self.meshes),
            "points": points,
            "actor": None if self.actor is None else self.actor.to_json(),
            "findings": list(self.findings),
        }


def placement_from_json(data: Any) -> Placement:
    """What `Placement.to_json` wrote.

    Raises
    ------
    FacemocapError
        When it is damaged or of another Face Mocap.
    """
    try:
        if int(data["schema"]) != SCHEMA:
            raise ValueError("another schema")
        points: list[Any] = list(data["points"])
        meshes = tuple(str(name) for name in data["owners"])
        placement = Placement(
            names=tuple(str(point["name"]) for point in points),
            places=tuple(str(point["place"]) for point in points),
            how=tuple(str(point["how"]) for point in points),
            meshes=meshes,
            mesh=np.array([int(point["part"]) for point in points], np.int32),
            vertices=np.array([point["vertices"] for point in points], np.int32).reshape(-1, 3),
            weights=np.array([point["weights"] for point in points], np.float64).reshape(-1, 3),
            moved_mm=np.array([float(point["moved_mm"]) for point in points]),
            confidence=np.array([float(point["confidence"]) for point in points]),
            actor=None if data["actor"] is None else transform_from_json(data["actor"]),
            findings=tuple(str(text) for text in data["findings"]),
            turns=np.array([point["turn"] for point in points], np.float64).reshape(-1, 3),
        )
        if len(placement.vertices) != len(points) or len(placement.weights) != len(points):
            raise ValueError("three corners each")
        if points and placement.mesh.max() >= len(meshes):
            raise ValueError("a mesh that is not there")
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise FacemocapError(
            "The placement of points on this character cannot be read",
            "Place the points on the character again",
        ) from problem
    return placement
