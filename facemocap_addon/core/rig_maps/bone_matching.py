# SPDX-License-Identifier: GPL-3.0-or-later
"""Face bones by their names: jaw, eyes, lids, brows, lips, cheeks, nose, tongue, neck and head.

Directions come from the rest axes (`Control.axis`), never from fixed letters: a jaw opens about
whichever local axes lie across the face. Amounts are in ``data/face_bones.json``; lids close by
the angle between the upper and the lower lid bone where both start at the eye.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..controls import Control
from ..gaze.gaze_limits import with_comfortable_limits
from .bone_amounts import Amounts
from .bone_roles import Bone, Cast, cast_roles, face_roles, gather_bones, motions_of, rank_name
from .rig_map import RigMapEntry, Source
from .side_names import split_side

#: Shares of the head's rotation from the lowest neck bone up to the head, by number of bones.
#: Two bones: 0.35 / 0.65, a common animator's split; the sum is always one.
HEAD_SHARES = {1: (1.0,), 2: (0.35, 0.65), 3: (0.2, 0.3, 0.5)}
#: A target lies this far ahead of the eye's own bones, and these no farther aside, in distances
#: between the eyes.
AHEAD_OF_EYE, BEHIND_TARGET = 0.5, 0.25


@dataclass(frozen=True, slots=True)
class BoneRoles:
    """Names of the bones that were used, and of all that belong to the face."""

    used: frozenset[str]
    face_bones: tuple[str, ...]


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
    bones = gather_bones(controls)
    cast = cast_roles(bones)
    amounts = Amounts(cast, _eye_centres(cast, bones))
    gains: dict[Control, dict[str, float]] = {}
    for (role, side), members in cast.items():
        if role == "eye":
            bone = members[0]
            _add_eye(gains, bone, side, _ahead_of_eye(bone, side, bones, amounts))
            continue
        for motion in motions_of(role):
            channel = _sided(motion["channel"], side)
            if channel in on_shapes or not _is_wanted(motion, side, cast):
                continue
            for bone in members:
                # lids that follow the eye by a constraint must not follow it twice
                if not (channel.startswith("eyeLook") and bone.constrained):
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
    return with_comfortable_limits(entries), BoneRoles(used, _face_bones(bones, cast))


def _is_wanted(motion: Mapping[str, Any], side: str, cast: Cast) -> bool:
    """Whether a motion is meant for a character with these roles."""

    def is_cast(role: str) -> bool:
        return (role, side) in cast or (role, "C") in cast

    better, needed = motion.get("unless", ""), motion.get("beside", "")
    return not is_cast(better) and (not needed or is_cast(needed))


def _sided(channel: str, side: str) -> str:
    word = "Left" if side == "L" else "Right"
    return channel.replace("~", word.lower() if channel.startswith("~") else word)


def _add_motion(
    gains: dict[Control, dict[str, float]],
    bone: Bone,
    motion: dict[str, Any],
    channel: str,
    side: str,
    amounts: Amounts,
) -> None:
    turning = "turn" in motion
    direction = np.array(motion["turn" if turning else "move"], np.float64)
    # the table describes the left side; a mirrored turn keeps its part across the face
    if side == "R" and motion.get("mirror", True):
        direction = direction * ([1, -1, -1] if turning else [-1, 1, 1])
    if not turning:
        direction = direction / np.linalg.norm(direction)
        _spread(gains, bone.move, channel, direction * amounts.length(motion, bone))
        return
    turn = direction * amounts.radians(motion, side)
    arm = amounts.arm(motion, bone, side)
    if arm is None:
        _spread(gains, bone.turn, channel, turn)
    else:
        _spread(gains, bone.move, channel, np.cross(turn, arm))


def _add_eye(gains: dict[Control, dict[str, float]], bone: Bone, side: str, ahead: float) -> None:
    """The captured angles on an eye's bone, or on the target that it looks at.

    ``ahead`` is how far ahead of the eye the target lies; nought for the eye's own bone.
    """
    axes = bone.move if ahead else bone.turn
    for motion in motions_of("eye"):
        direction = np.array(motion["move" if ahead else "turn"], np.float64)
        _spread(gains, axes, _sided(motion["channel"], side), direction * (ahead or 1.0))


def _eye_centres(cast: Cast, bones: dict[str, Bone]) -> dict[str, FloatArray]:
    """Where each eye is, by its side: its own bone, or the bones behind a target."""
    amounts = Amounts(cast, {})
    centres: dict[str, FloatArray] = {}
    for side in "LR":
        for bone in cast.get(("eye", side), ()):
            ahead = _ahead_of_eye(bone, side, bones, amounts)
            centres[side] = bone.at - np.array([0.0, 0.0, ahead])
    return centres


def _ahead_of_eye(bone: Bone, side: str, bones: dict[str, Bone], amounts: Amounts) -> float:
    """How far ahead of the eye a bone of that name lies: nought where it is the eye's own.

    A target has the eye's own bones straight behind it, well inside the head.
    """
    behind = 0.0
    for other in bones.values():
        base, own_side = split_side(other.name)
        if own_side != side or "eye" not in base.split(" "):
            continue
        aside = np.linalg.norm((bone.at - other.at)[:2])
        if aside < BEHIND_TARGET * amounts.eye_distance:
            behind = max(behind, float(bone.at[2] - other.at[2]))
    return behind if behind > AHEAD_OF_EYE * amounts.eye_distance else 0.0


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
    bones: dict[str, Bone],
    cast: Cast,
) -> None:
    """The head's rotation, shared over the neck chain in parts that add up to the whole."""
    head = next(iter(cast.get(("head", "C"), ())), None)
    chain = _neck_chain(head, bones) if head else list(cast.get(("neck", "C"), ()))[:1]
    if not chain:
        return
    chain = chain[-3:]
    for bone, share in zip(chain, HEAD_SHARES[len(chain)], strict=True):
        # signs: see rotations.head_vectors
        _spread(gains, bone.turn, "headYaw", np.array([0.0, share, 0.0]))
        _spread(gains, bone.turn, "headPitch", np.array([-share, 0.0, 0.0]))
        _spread(gains, bone.turn, "headRoll", np.array([0.0, 0.0, -share]))


def _neck_chain(head: Bone, bones: dict[str, Bone]) -> list[Bone]:
    """Neck bones from the lowest up to the head."""
    chain = [head]
    while (parent := bones.get(chain[0].parent)) is not None:
        if "neck" not in split_side(parent.name)[0].split(" "):
            break
        chain.insert(0, parent)
    return chain


def _face_bones(bones: dict[str, Bone], cast: Cast) -> tuple[str, ...]:
    """The head bone and all below it; every bone of a rig that has no head bone."""
    head = next(iter(cast.get(("head", "C"), ())), None)
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
    words = split_side(name)[0]
    names = next(role["names"] for role in face_roles() if role["role"] == "head")
    return "neck" in words.split(" ") or rank_name(words, names) is not None
