# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each control of a character turns its eyeballs: what is measured, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray, IntArray
from ..controls import ControlKey, Vector
from ..probing.eyeballs import Ball

#: Pieces within this many radii of an eyeball's centre, and centred this near, belong to it.
AROUND, CENTRED = 1.3, 0.78
#: Points that are this flat (thickness over breadth) count as a disc.
FLAT = 1e-4


@dataclass(frozen=True, slots=True)
class EyeTurn:
    """What one control does to the eyeballs.

    Attributes
    ----------
    control : ControlKey
    amount : float
        Value at which it was measured: radians, the armature's lengths, or a weight.
    left, right : Vector
        Rotation vector of each eyeball at ``amount``: radians, in the character's frame.
    shift_left, shift_right : float
        How far each eyeball's middle goes, in its radii.
    """

    control: ControlKey
    amount: float
    left: Vector
    right: Vector
    shift_left: float = 0.0
    shift_right: float = 0.0

    def turn(self, side: str) -> FloatArray:
        """Rotation vector ``(3,)`` of the ``left`` or ``right`` eyeball per unit of the control."""
        return np.array(self.left if side == "left" else self.right) / self.amount

    def shift(self, side: str) -> float:
        """How far that eyeball's middle goes at ``amount``."""
        return self.shift_left if side == "left" else self.shift_right

    @property
    def moves(self) -> bool:
        """Whether the control is a bone's place and not its rotation."""
        return self.control.path.endswith(".location")

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "kind": self.control.kind,
            "owner": self.control.owner,
            "path": self.control.path,
            "index": self.control.index,
            "amount": self.amount,
            "left": list(self.left),
            "right": list(self.right),
            "shift": [self.shift_left, self.shift_right],
        }

    @classmethod
    def from_json(cls, data: Any) -> EyeTurn:
        """The turn that `to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            When a part is missing or does not fit.
        """
        left, right = data["shift"]
        key = ControlKey(
            str(data["kind"]), str(data["owner"]), str(data["path"]), int(data["index"])
        )
        if not float(data["amount"]):
            raise ValueError("a turn needs an amount that is not nought")
        return cls(
            key,
            float(data["amount"]),
            _vector(data["left"]),
            _vector(data["right"]),
            float(left),
            float(right),
        )


def turns_to_json(turns: Sequence[EyeTurn]) -> dict[str, Any]:
    """A part of a measurement; `turns_from_json` makes equal turns of it."""
    return {"turns": [turn.to_json() for turn in turns]}


def turns_from_json(data: Any) -> tuple[EyeTurn, ...]:
    """The turns that `turns_to_json` wrote; errors as `EyeTurn.from_json`."""
    return tuple(EyeTurn.from_json(item) for item in data["turns"])


def fit_turn(rest: FloatArray, now: FloatArray) -> tuple[FloatArray, float]:
    """Rotation vector ``(3,)`` and shift of the middle that take points ``rest`` to ``now``.

    Parameters
    ----------
    rest, now : (k, 3)
        The same points in both poses.

    Notes
    -----
    The rotational part of the linear map that fits best: under half of a shape key all points lie
    half way on their chords, and this finds half of the turn whatever the points' spread.
    """
    arms, ends = rest - rest.mean(axis=0), now - now.mean(axis=0)
    left, _, right = np.linalg.svd(np.linalg.pinv(arms, rcond=FLAT) @ ends)
    flip = np.ones(3)
    flip[2] = np.sign(np.linalg.det(left) * np.linalg.det(right)) or 1.0
    matrix = (left * flip @ right).T
    # of small turns the skew part tells more than the trace
    skew = 0.5 * np.array(
        [
            matrix[2, 1] - matrix[1, 2],
            matrix[0, 2] - matrix[2, 0],
            matrix[1, 0] - matrix[0, 1],
        ]
    )
    sine = float(np.linalg.norm(skew))
    angle = float(np.arctan2(sine, 0.5 * (np.trace(matrix) - 1.0)))
    vector = skew * (angle / sine if sine > 1e-12 else 1.0)
    return vector, float(np.linalg.norm(now.mean(axis=0) - rest.mean(axis=0)))


def eyeball_points(
    points: FloatArray, islands: IntArray, eyes: tuple[Ball, Ball], left: FloatArray
) -> tuple[IntArray, IntArray]:
    """Points of the left and of the right eyeball, all pieces within it taken together.

    Parameters
    ----------
    points : (n, 3)
    islands : (n,) int
        Piece that each belongs to.
    eyes : pair of Ball
        In no particular order.
    left : (3,)
        Direction to the character's left.
    """
    count = np.bincount(islands)
    middles = np.stack([np.bincount(islands, points[:, axis]) / count for axis in range(3)], axis=1)
    found: list[IntArray] = []
    for ball in sorted(eyes, key=lambda each: -float(each.centre @ left)):
        near = np.linalg.norm(points - ball.centre, axis=1) < AROUND * ball.radius
        inside = np.bincount(islands[near], minlength=len(count)) > 0.95 * count
        around = np.linalg.norm(middles - ball.centre, axis=1) < CENTRED * ball.radius
        found.append(np.flatnonzero((inside & around)[islands]))
    return found[0], found[1]


def _vector(numbers: Any) -> Vector:
    x, y, z = (float(number) for number in numbers)
    return (x, y, z)
