# SPDX-License-Identifier: GPL-3.0-or-later
"""What probing hands over: a character's points at rest and where each control takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import FloatArray, IntArray, frozen
from ..controls import Control, Vector
from .solvers import connected_pieces


@dataclass(frozen=True)
class Motion:
    """Where one control takes the face in one direction.

    Attributes
    ----------
    control : Control
    amount : float
        Value at which it was measured (radians, metres or a weight); its sign is the direction.
    rows : (k,) int32
        Points that move, rising.
    moved : (k, 3) float32
        Their displacements at ``amount``, metres.
    linearity : float
        1 when half the amount moves the face half as far, 0 when the two have nothing in common.
    """

    control: Control
    amount: float
    rows: IntArray
    moved: FloatArray
    linearity: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", frozen(self.rows, np.int32))
        object.__setattr__(self, "moved", frozen(self.moved, np.float32))

    @property
    def sign(self) -> int:
        """Direction of the control's value."""
        return -1 if self.amount < 0 else 1


@dataclass(frozen=True)
class Bone:
    """Where a bone begins at rest (metres) and what it hangs on."""

    at: Vector
    parent: str = ""


@dataclass(frozen=True)
class Scan:
    """Everything measured on one character.

    Attributes
    ----------
    points : (n, 3) float64
        Places at rest of all meshes' vertices, metres, in any frame.
    islands : (n,) int32
        Number of the connected piece that each belongs to.
    motions : tuple of Motion
        At most two of a control, one in each direction.
    empty : tuple of Control
        Shape keys without any difference.
    still : tuple of Control
        Properties and bones that move nothing at all.
    bones : mapping of str to Bone
        Rest places of the bones, by name.
    meshes : mapping of str to (int, int)
        First point and end of each mesh, by the object's name.
    """

    points: FloatArray
    islands: IntArray
    motions: tuple[Motion, ...]
    empty: tuple[Control, ...] = ()
    still: tuple[Control, ...] = ()
    bones: Mapping[str, Bone] = field(default_factory=dict[str, Bone])
    meshes: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", frozen(self.points, np.float64))
        object.__setattr__(self, "islands", frozen(self.islands, np.int32))


def linearity(half: FloatArray, full: FloatArray) -> float:
    """How nearly ``full`` ``(k, 3)`` is twice ``half``: 1 less the relative difference, at least 0.

    A turn is not a straight line: at 20 degrees a bone's rotation has about 0.98.
    """
    size = float(np.linalg.norm(full))
    if size == 0.0:
        return 1.0
    return max(0.0, 1.0 - float(np.linalg.norm(2.0 * half - full)) / size)


def find_islands(points: FloatArray, edges: IntArray) -> IntArray:
    """Number of the connected piece ``(n,)`` of each point; points at one place count as joined.

    Exported meshes are often cut open along texture seams: their halves lie at the same places.
    """
    count = len(points)
    span = float(np.ptp(points, axis=0).max(initial=0.0)) or 1.0
    _, first, place = np.unique(
        np.round(points / (span * 1e-6)).astype(np.int64),
        axis=0,
        return_index=True,
        return_inverse=True,
    )
    same = np.stack([np.arange(count), first[np.ravel(place)]], axis=1)
    links = np.concatenate([np.asarray(edges).reshape(-1, 2), same])
    return connected_pieces(count, links)
