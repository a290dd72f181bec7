# SPDX-License-Identifier: GPL-3.0-or-later
"""Face bones by their names: jaw, eyes, lids, brows, lips, cheeks, nose, tongue, neck and head.

Directions come from the rest axes (`Control.axis`), never from fixed letters: a jaw opens about
whichever local axes lie across the face. Amounts are in ``data/face_bones.json``; lids close by
the angle between the upper and the lower lid bone where both start at the eye.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .arrays import FloatArray
from .controls import Control
from .resources import data_file
from .rig_map import RigMapEntry, Source
from .side_names import split_side

#: Shares of the head's rotation from the lowest neck bone up to the head, by number of bones.
#: Two bones: 0.35 / 0.65, a common animator's split; the sum is always one.
HEAD_SHARES = {1: (1.0,), 2: (0.35, 0.65), 3: (0.2, 0.3, 0.5)}
#: Closing angle of lids (degrees, both together) where the rest pose does not tell.
LID_DEGREES = 44.0
#: Distance between the eyes where there are no eye bones to tell (a human face in metres).
EYE_DISTANCE = 0.063


@dataclass(frozen=True, slots=True)
class BoneRoles:
    """Names of the bones that were used, and of all that belong to the face."""

    used: frozenset[str]
    face_bones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Bone:
    """One bone's six controls and where it lies."""

    name: str
    parent: str
    at: FloatArray
    tail: FloatArray
    turn: dict[int, Control]
    move: dict[int, Control]

    @property
    def constrained(self) -> bool:
        return any(c.constrained for c in (*self.turn.values(), *self.move.values()))


@cache
def _roles() -> list[dict[str, Any]]:
    return json.loads(data_file("face_bones.json").read_text(encoding="utf-8"))["roles"]


def match_bones(
    controls: Sequence[Control], on_shapes: set[str]
) -> tuple[list[RigMapEntry], BoneRoles]:
    """Entries for the bones whose role a name tells.

    Parameters
    ----------
    controls : sequence of Control
        Bone controls that are free to be keyed.
    on_shapes : set of str
        Channels that shape keys or properties express already; bones (but for eyes, neck and
        head) do not repeat them.
    """
    bones = _gather(controls)
    cast = _cast(bones)
    amounts = _Amounts(cast)
    gains: dict[Control, dict[str, float]] = {}
    for (role, side), bone in cast.items():
        for motion in _motions(role):
            channel = _sided(motion["channel"], side)
            if channel in on_shapes and role != "eye":
                continue
            # lids that follow the eye by a constraint must not follow it twice
            if channel.startswith("eyeLook") and role != "eye" and bone.constrained:
                continue
            _add_motion(gains, bone, motion, channel, side, amounts)
    _add_head(gains, bones, cast)
    entries = [
        RigMapEntry(
            control=control.key,
            sources=tuple(Source(channel, gain) for channel, gain in parts.items()),
            limits=control.range,
            confidence=0.8,
            how="name",
        )
        for control, parts in gains.items()
    ]
    used = frozenset(control.name for control in gains)
    return entries, BoneRoles(used, _face_bones(bones, cast))


def _gather(controls: Sequence[Control]) -> dict[str, _Bone]:
    bones: dict[str, _Bone] = {}
    for control in controls:
        if control.axis is None or control.at is None or control.tail is None:
            continue
        # of two armatures with equal bone names the first one counts
        bone = bones.setdefault(
            control.name,
            _Bone(
                control.name, control.parent, np.array(control.at), np.array(control.tail), {}, {}
            ),
        )
        (bone.turn if control.is_rotation else bone.move).setdefault(control.index, control)
    return bones


def _cast(bones: dict[str, _Bone]) -> dict[tuple[str, str], _Bone]:
    """Which bone plays which role on which side; names that stand earlier in the list win."""
    cast: dict[tuple[str, str], tuple[int, _Bone]] = {}
    for bone in bones.values():
        base, side = split_side(bone.name)
        words = [word for word in base.split(" ") if not word.isdigit()]
        for role in _roles():
            sided = role.get("sided", False)
            if sided != (side != "C"):
                continue
            rank = _rank(" ".join(words), role["names"])
            place = (role["role"], side)
            if rank is not None and (place not in cast or rank < cast[place][0]):
                cast[place] = (rank, bone)
                break
    return {place: bone for place, (_, bone) in cast.items()}


def _rank(words: str, names: Sequence[str]) -> int | None:
    """Place of a bone's words in a list of names; a prefix before the name counts as worse."""
    for rank, name in enumerate(names):
        if words == name:
            return rank
    for rank, name in enumerate(names):
        if words.endswith(f" {name}") and words.partition(" ")[0] in _PREFIXES:
            return len(names) + rank
    return None


#: Words that rigs put before every bone's name.
_PREFIXES = {
    "def",
    "org",
    "bip",
    "char",
    "mixamorig",
    "cc",
    "face",
    "facial",
    "bone",
    "j",
    "b",
    "c",
}


def _motions(role: str) -> list[dict[str, Any]]:
    return next(entry["motions"] for entry in _roles() if entry["role"] == role)


def _sided(channel: str, side: str) -> str:
    return channel.replace("~", "Left" if side == "L" else "Right")


class _Amounts:
    """Sizes of motions on this character."""

    def __init__(self, cast: dict[tuple[str, str], _Bone]) -> None:
        self._cast = cast
        left, right = cast.get(("eye", "L")), cast.get(("eye", "R"))
        between = float(np.linalg.norm(left.at - right.at)) if left and right else 0.0
        self.eye_distance = between if between > 1e-4 else EYE_DISTANCE

    def radians(self, motion: dict[str, Any], side: str) -> float:
        if motion["amount"] == "lid":
            return self._lid_rad(side) * motion["share"]
        return math.radians(motion["amount"])

    def length(self, motion: dict[str, Any], bone: _Bone) -> float:
        if motion["amount"] == "jaw drop":
            return self._jaw_drop(bone) * motion["share"]
        return motion["amount"] * self.eye_distance

    def _lid_rad(self, side: str) -> float:
        """Angle between the lids of one eye, about the axis across the face."""
        upper, lower = self._cast.get(("lid_upper", side)), self._cast.get(("lid_lower", side))
        if upper and lower:
            near = np.linalg.norm(upper.at - lower.at) < 0.1 * self.eye_distance
            rise = [math.atan2(*(b.tail - b.at)[1:3]) for b in (upper, lower)]
            if near and 0.1 < rise[0] - rise[1] < 1.5:
                return rise[0] - rise[1]
        return math.radians(LID_DEGREES)

    def _jaw_drop(self, lip: _Bone) -> float:
        """How far a wide open jaw takes the lips apart."""
        jaw = self._cast.get(("jaw", "C"))
        if jaw is None:
            return 0.0
        opening = next(m["amount"] for m in _motions("jaw") if m["channel"] == "jawOpen")
        return float(np.linalg.norm((lip.at - jaw.at)[1:])) * math.radians(opening)


def _add_motion(
    gains: dict[Control, dict[str, float]],
    bone: _Bone,
    motion: dict[str, Any],
    channel: str,
    side: str,
    amounts: _Amounts,
) -> None:
    turning = "turn" in motion
    direction = np.array(motion["turn" if turning else "move"], np.float64)
    # the table describes the left side; a mirrored turn keeps its part across the face
    if side == "R" and motion.get("mirror", True):
        direction = direction * ([1, -1, -1] if turning else [-1, 1, 1])
    size = amounts.radians(motion, side) if turning else amounts.length(motion, bone)
    if not turning:
        direction = direction / np.linalg.norm(direction)
    _spread(gains, bone.turn if turning else bone.move, channel, direction * size)


def _spread(
    gains: dict[Control, dict[str, float]],
    axes: dict[int, Control],
    channel: str,
    vector: FloatArray,
) -> None:
    """Share a vector of the character's frame out over a bone's local axes."""
    for control in axes.values():
        gain = round(float(np.dot(np.array(control.axis), vector)), 6)
        if abs(gain) > 2e-5:
            parts = gains.setdefault(control, {})
            parts[channel] = parts.get(channel, 0.0) + gain


def _add_head(
    gains: dict[Control, dict[str, float]],
    bones: dict[str, _Bone],
    cast: dict[tuple[str, str], _Bone],
) -> None:
    """The head's rotation, shared over the neck chain in parts that add up to the whole."""
    head = cast.get(("head", "C"))
    chain = _neck_chain(head, bones) if head else [b for b in [cast.get(("neck", "C"))] if b]
    if not chain:
        return
    chain = chain[-3:]
    for bone, share in zip(chain, HEAD_SHARES[len(chain)], strict=True):
        # signs: see rotations.head_vectors
        _spread(gains, bone.turn, "headYaw", np.array([0.0, share, 0.0]))
        _spread(gains, bone.turn, "headPitch", np.array([-share, 0.0, 0.0]))
        _spread(gains, bone.turn, "headRoll", np.array([0.0, 0.0, -share]))


def _neck_chain(head: _Bone, bones: dict[str, _Bone]) -> list[_Bone]:
    """Neck bones from the lowest up to the head."""
    chain = [head]
    while (parent := bones.get(chain[0].parent)) is not None:
        if "neck" not in split_side(parent.name)[0].split(" "):
            break
        chain.insert(0, parent)
    return chain


def _face_bones(bones: dict[str, _Bone], cast: dict[tuple[str, str], _Bone]) -> tuple[str, ...]:
    """The head bone and all below it; every bone of a rig that has no head bone."""
    head = cast.get(("head", "C"))
    if head is None:
        return tuple(bones)
    inside: list[str] = []
    for name in bones:
        at: str | None = name
        while at in bones:
            if at == head.name:
                inside.append(name)
                break
            at = bones[at].parent
    return tuple(inside)


def is_head_bone(name: str) -> bool:
    """Whether a bone turns the head as a whole: the head itself or part of the neck."""
    words = split_side(name)[0].split(" ")
    return "neck" in words or any(
        _rank(" ".join(w for w in words if not w.isdigit()), role["names"]) is not None
        for role in _roles()
        if role["role"] == "head"
    )
