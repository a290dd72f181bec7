# SPDX-License-Identifier: GPL-3.0-or-later
"""What each control does, in words and numbers; and what is wrong with some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..channels import arkit_names, arkit_schema, match_name
from ..controls import KINDS, ControlKey, Vector
from ..rig_maps.side_names import split_side
from .descriptor import EYES, INSIDE, NODES, Describer
from .face_frame import EYE_DISTANCE_MM, FaceFrame
from .recognition import Atom
from .reference import candidates, reference_motions, side_of
from .scan import Motion

#: Motions this alike (cosine) and this near in size are the same.
SAME, SAME_SIZE = 0.9995, 0.02
#: Part of a motion's own energy from which the eyeballs or the tongue are what it moves.
MOSTLY = 0.5
#: Likeness (cosine) of the skin's motion from which a channel gives a control its region.
RESEMBLES = 0.5
#: Likeness at which a name's own channel is plainly not, and its mirror partner plainly is, meant.
UNLIKE, LIKE = -0.3, 0.5


@dataclass(frozen=True)
class Signature:
    """One direction of one control.

    Attributes
    ----------
    control : ControlKey
    name : str
    sign : int
        Direction of the control's value.
    region : str
        brow, eye, eyeball, nose, cheek, jaw, lips, tongue, head or other.
    side : str
        The character's ``L`` or ``R``, or ``C``.
    direction : Vector
        Mean direction in the face's frame (left, up, front), unit length.
    size_mm : float
        Largest displacement on a face whose eyes are 63 mm apart.
    mean_mm : float
        Mean displacement of the points that move.
    linearity : float
        1 for a straight line.
    points : int
        Points that move.
    """

    control: ControlKey
    name: str
    sign: int
    region: str
    side: str
    direction: Vector
    size_mm: float
    mean_mm: float
    linearity: float
    points: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document."""
        return {
            "control": control_to_json(self.control),
            "name": self.name,
            "sign": int(self.sign),
            "region": self.region,
            "side": self.side,
            "direction": [float(number) for number in self.direction],
            "size_mm": float(self.size_mm),
            "mean_mm": float(self.mean_mm),
            "linearity": float(self.linearity),
            "points": int(self.points),
        }

    @classmethod
    def from_json(cls, data: Any) -> Signature:
        """The signature that `to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            When a part is missing or does not fit.
        """
        return cls(
            control=control_from_json(data["control"]),
            name=str(data["name"]),
            sign=int(data["sign"]),
            region=str(data["region"]),
            side=str(data["side"]),
            direction=vector_from_json(data["direction"]),
            size_mm=float(data["size_mm"]),
            mean_mm=float(data["mean_mm"]),
            linearity=float(data["linearity"]),
            points=int(data["points"]),
        )


def control_to_json(key: ControlKey) -> dict[str, Any]:
    """A control's identity as plain values, as rig maps write it."""
    return asdict(key)


def control_from_json(data: Any) -> ControlKey:
    """The identity that `control_to_json` wrote; errors as `Signature.from_json`."""
    if data["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {data['kind']!r}")
    return ControlKey(
        str(data["kind"]), str(data["owner"]), str(data["path"]), int(data.get("index", 0))
    )


def vector_from_json(data: Any) -> Vector:
    """Three numbers; errors as `Signature.from_json`."""
    x, y, z = data
    return (float(x), float(y), float(z))


def sign_motion(motion: Motion, descriptor: FloatArray, frame: FaceFrame) -> Signature:
    """The signature of one motion.

    Its region is that of the channel it resembles; where it resembles none, its middle's place.
    """
    moved = frame.turned(motion.moved)
    size = np.linalg.norm(moved, axis=1)
    mean = moved.mean(axis=0)
    length = float(np.linalg.norm(mean))
    direction = mean / length if length > 1e-9 else np.zeros(3)
    return Signature(
        control=motion.control.key,
        name=motion.control.name,
        sign=motion.sign,
        region=_region(motion, descriptor, frame),
        side=side_of(descriptor),
        direction=(
            round(float(direction[0]), 4),
            round(float(direction[1]), 4),
            round(float(direction[2]), 4),
        ),
        size_mm=round(float(size.max()) * EYE_DISTANCE_MM, 3),
        mean_mm=round(float(size.mean()) * EYE_DISTANCE_MM, 3),
        linearity=round(motion.linearity, 4),
        points=len(motion.rows),
    )


def _region(motion: Motion, descriptor: FloatArray, frame: FaceFrame) -> str:
    inside = frame.face[motion.rows]
    if not inside.any():
        return "other"
    if not frame.is_local(motion):
        return "head"
    energy = descriptor**2
    total = float(energy.sum())
    if total == 0.0:
        return "other"
    if energy[EYES].sum() > MOSTLY * total:
        return "eyeball"
    if energy[INSIDE].sum() > MOSTLY * total:
        return "tongue"
    near = _nearest_channel(descriptor)
    if near:
        region = arkit_schema()[near].region
        return {"mouth": "lips", "gaze": "eye"}.get(region, region)
    size = (frame.turned(motion.moved) ** 2).sum(axis=1) * inside
    places = frame.places[motion.rows]
    aside = float((size * np.abs(places[:, 0])).sum() / size.sum())
    return _place(aside, float((size * places[:, 1]).sum() / size.sum()))


def _nearest_channel(descriptor: FloatArray) -> str:
    """The channel whose motion of the skin is most like this one; "" when none is."""
    names, sides, table = _skin_table()
    own = descriptor[: 3 * NODES]
    like = np.abs(np.einsum("cl,l->c", table, own)) / max(float(np.linalg.norm(own)), 1e-12)
    like[sides != side_of(descriptor)] = 0.0
    best = int(np.argmax(like))
    return names[best] if like[best] > RESEMBLES else ""


@cache
def _skin_table() -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Channels, sides, and the skin's motion as unit vectors ``(c, 3 * NODES)``.

    Without tongueOut, under which the skin moves as the jaw opens a little.
    """
    chosen = [choice for choice in candidates() if choice.name != "tongueOut"]
    table = np.stack([choice.descriptor[: 3 * NODES] for choice in chosen])
    return (
        tuple(choice.sources[0].channel for choice in chosen),
        np.array([choice.side for choice in chosen]),
        table / np.linalg.norm(table, axis=1, keepdims=True),
    )


def _place(aside: float, height: float) -> str:
    """Region by where the motion's middle lies, eye distances."""
    if height > 0.22:
        return "brow"
    if height > -0.25:
        return "eye" if aside > 0.2 else "nose"
    if height < -1.4:
        return "jaw"
    if height > -0.75:
        return "nose" if aside < 0.32 else "cheek"
    return "lips" if aside < 0.45 else "cheek"


def find_duplicates(atoms: Sequence[Atom]) -> list[tuple[ControlKey, ControlKey]]:
    """Pairs of controls that move the same points the same way, the later first."""
    if not atoms:
        return []
    table = np.stack([atom.descriptor for atom in atoms])
    length = np.linalg.norm(table, axis=1)
    cosine = np.einsum("al,bl->ab", table, table)
    cosine /= np.maximum(length[:, None] * length, 1e-12)
    size = length[:, None] / np.maximum(length, 1e-12)
    same = (cosine > SAME) & (np.abs(size - 1) < SAME_SIZE) & (length > 0)[:, None]
    found: list[tuple[ControlKey, ControlKey]] = []
    for later in range(len(atoms)):
        for first in np.flatnonzero(same[later, :later]):
            one, two = atoms[later], atoms[int(first)]
            if one.owners == two.owners and _same_points(one, two):
                found.append((one.motions[0].control.key, two.motions[0].control.key))
                break
    return found


def _same_points(one: Atom, two: Atom) -> bool:
    """Whether two atoms move equal points by equal amounts, the grid's blur aside."""
    for first, second in zip(one.motions, two.motions, strict=False):
        rows = np.union1d(first.rows, second.rows)
        fields: FloatArray = np.zeros((2, len(rows), 3))
        for field, motion in zip(fields, (first, second), strict=True):
            field[np.searchsorted(rows, motion.rows)] = motion.moved
        apart: FloatArray = fields[0] - fields[1]
        difference = float(np.linalg.norm(apart))
        if difference > 2 * SAME_SIZE * np.linalg.norm(fields[0]):
            return False
    return len(one.motions) == len(two.motions)


def find_wrong_sides(atoms: Sequence[Atom], describer: Describer) -> list[tuple[ControlKey, str]]:
    """Controls whose name says one side and whose motion is on the other, with the sentence."""
    reference, known = reference_motions()
    mask = known.copy()
    mask[: 3 * NODES] &= np.repeat(describer.covered, 3)
    words = {"L": "left", "R": "right"}
    found: list[tuple[ControlKey, str]] = []
    for atom in atoms:
        key = atom.motions[0].control.key
        named = split_side(atom.name)[1]
        if atom.sign < 0:
            continue
        if named != "C" and atom.side not in ("C", named):
            text = f'"{atom.name}" is named {words[named]} and moves the {words[atom.side]} side'
            found.append((key, text))
            continue
        channel = match_name(atom.name, arkit_names())
        partner = arkit_schema()[channel].partner if channel else ""
        if not channel or partner == channel or atom.side != "C":
            continue
        own = atom.descriptor * mask
        like = [_cosine(own, reference[name] * mask) for name in (channel, partner)]
        if like[0] < UNLIKE and like[1] > LIKE:
            found.append((key, f'"{atom.name}" moves the face the way of {partner}'))
    return found


def _cosine(one: FloatArray, two: FloatArray) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / size if size else 0.0
