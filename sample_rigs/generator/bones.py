# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones common to the characters: neck, head, eyes.

Every bone's local X is the character's transverse axis and points to the character's left, so
a positive turn about X pitches down what lies in front: a nod, a look down, a jaw that opens,
an upper lid that closes. Local Y runs along the bone. Bones that point forward (eyes, lids,
jaw) have local Z pointing down; bones that point up (neck, head) have it pointing forward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .distance import Array, smooth_step
from .eyeball import eye_centre
from .styles import Style, warp

SIDES = ((1, ".L"), (-1, ".R"))
NECK_BASE = (0.0, -150.0, -34.0)
HEAD_PIVOT = (0.0, -45.0, -12.0)
"""Where the skull rests on the neck, a little below and behind the ears' openings."""
CROWN = (0.0, 70.0, -12.0)
EYE_BONE_MM = 24.0


@dataclass(frozen=True)
class Bone:
    """A bone in millimetres of the base face."""

    name: str
    head: Array
    tail: Array
    parent: str | None = None
    mode: str = "QUATERNION"
    follows: str | None = None
    """A bone whose local rotation it copies in part ..."""
    follow_share: float = 0.0
    """... and how much of it."""
    adds_pitch: bool = False
    """Whether it adds only the other's turn about X to its own, instead of copying."""
    deform: bool = True


def bone(
    name: str,
    head: Sequence[float] | Array,
    tail: Sequence[float] | Array,
    parent: str | None = None,
    mode: str = "QUATERNION",
) -> Bone:
    """A bone from any two triples."""
    return Bone(name, np.array(head, float), np.array(tail, float), parent, mode)


def in_style(b: Bone, style: Style) -> Bone:
    """A bone at its place in a style; its length and direction stay."""
    head = warp(b.head[None], style)[0]
    return Bone(
        b.name,
        head,
        head + b.tail - b.head,
        b.parent,
        b.mode,
        b.follows,
        b.follow_share,
        b.adds_pitch,
        b.deform,
    )


def neck_and_head(neck: str = "neck", head: str = "head") -> list[Bone]:
    """The two bones of the head's pose."""
    return [bone(neck, NECK_BASE, HEAD_PIVOT), bone(head, HEAD_PIVOT, CROWN, neck)]


def eyes(head: str = "head", mode: str = "QUATERNION") -> list[Bone]:
    """Eye bones at the eyeballs' centres, pointing forward."""
    out: list[Bone] = []
    for side, suffix in SIDES:
        c = eye_centre(side)
        out.append(bone("eye" + suffix, c, c + np.array([0, 0, EYE_BONE_MM]), head, mode))
    return out


def head_share(v: Array) -> Array:
    """Share of the head bone against the neck's, from a plane that rises towards the nape."""
    level = v[:, 1] + 0.35 * v[:, 2]
    return smooth_step(-158, -98, level)


def split_neck(v: Array, neck: str = "neck", head: str = "head") -> dict[str, Array]:
    """Weights of neck and head for vertices of the base face."""
    share = head_share(v)
    return {neck: 1 - share, head: share}
