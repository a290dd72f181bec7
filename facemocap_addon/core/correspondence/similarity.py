# SPDX-License-Identifier: GPL-3.0-or-later
"""The actor's face laid on the character's by turning, moving and one scale: robust fitting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray

#: Faces differ: a place is not expected nearer than this (eye distances), however exact its name.
DIFFER = 0.12
#: Beyond this many deviations a place counts for nothing (Tukey's biweight).
TUKEY = 4.685
ROUNDS = 15
#: Places that lie on a line (their second extent is this part of the first) tell no rotation.
ON_A_LINE = 0.05
_MAD = 1.4826


@dataclass(frozen=True)
class ActorToCharacter:
    """From the actor's frame to the character's, both in metres: ``scale * rotation @ x + shift``.

    Attributes
    ----------
    scale : float
    rotation : (3, 3)
    shift : (3,)
    """

    scale: float
    rotation: FloatArray
    shift: FloatArray

    def places(self, places: FloatArray) -> FloatArray:
        """Places ``(..., 3)`` of the actor in the character's axes."""
        return self.displacements(places) + self.shift

    def displacements(self, moved: FloatArray) -> FloatArray:
        """Displacements ``(..., 3)`` of the actor in the character's axes and size."""
        return self.scale * (np.asarray(moved, np.float64) @ self.rotation.T)

    def then(self, axes: FloatArray, origin: FloatArray, unit: float) -> ActorToCharacter:
        """Followed by ``origin + unit * x @ axes``."""
        return ActorToCharacter(
            unit * self.scale, axes.T @ self.rotation, origin + unit * self.shift @ axes
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "scale": self.scale,
            "rotation": self.rotation.tolist(),
            "shift": self.shift.tolist(),
        }


def transform_from_json(data: Any) -> ActorToCharacter:
    """What `ActorToCharacter.to_json` wrote."""
    rotation = np.reshape(np.array(data["rotation"], float), (3, 3))
    shift = np.reshape(np.array(data["shift"], float), 3)
    return ActorToCharacter(float(data["scale"]), rotation, shift)


def fit_similarity(
    source: FloatArray, target: FloatArray, spread: FloatArray
) -> tuple[ActorToCharacter, FloatArray]:
    """The similarity that takes most of ``source`` near ``target``, and what is left of each.

    Parameters
    ----------
    source : (k, 3)
        Metres, upright and facing ahead as docs/formats.md says; that is kept where the places
        cannot tell a rotation: fewer than four, or on a line.
    target : (k, 3)
        In the face's frame, eye distances.
    spread : (k,)
        How exactly each is known, eye distances.

    Returns
    -------
    transform : ActorToCharacter
        To the face's frame.
    left : (k,)
        Distances that are left, eye distances.
    """
    known = np.hypot(spread, DIFFER)
    trust = 1.0 / known**2
    turns = len(source) >= 4 and not _on_a_line(source)
    weights = trust
    transform = _weighted(source, target, weights, turns)
    for _ in range(ROUNDS):
        left = np.linalg.norm(transform.places(source) - target, axis=1)
        scaled = left / known
        width = TUKEY * max(_MAD * float(np.median(scaled)), 0.5)
        share = np.clip(1.0 - (scaled / width) ** 2, 0.0, None) ** 2
        weights = trust * share
        if (weights > 0).sum() < min(4, len(source)):
            break
        transform = _weighted(source, target, weights, turns)
    return transform, np.linalg.norm(transform.places(source) - target, axis=1)


def _weighted(
    source: FloatArray, target: FloatArray, weights: FloatArray, turns: bool
) -> ActorToCharacter:
    share = weights / weights.sum()
    own, other = share @ source, share @ target
    centred, wanted = source - own, target - other
    rotation = np.eye(3)
    if turns:
        product = (wanted * share[:, None]).T @ centred
        left, _, right = np.linalg.svd(product)
        hand = np.sign(np.linalg.det(left) * np.linalg.det(right))
        rotation = left @ np.diag([1.0, 1.0, hand]) @ right
    turned = centred @ rotation.T
    size = float(share @ (turned**2).sum(axis=1))
    common = float(share @ (turned * wanted).sum(axis=1))
    # one place, or nonsense, tells no size: an adult's eyes are 63 mm apart
    scale = common / size if size > 1e-12 and common > 0 else 1.0 / 0.063
    return ActorToCharacter(scale, rotation, other - scale * rotation @ own)


def _on_a_line(places: FloatArray) -> bool:
    extents = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return bool(extents[1] < ON_A_LINE * extents[0])
