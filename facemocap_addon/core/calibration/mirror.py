# SPDX-License-Identifier: GPL-3.0-or-later
"""Which levers of one side do on the other what these do: told by where they are and what moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..arrays import FloatArray, IntArray
from ..probing.face_frame import FaceFrame
from ..probing.scan import Bone
from .levers import Lever

#: Mirrored places that differ by no more than this (eye distances, over all features) are the same.
SAME = 0.12


def mirror_groups(
    levers: Sequence[Lever], groups: IntArray, frame: FaceFrame, bones: Mapping[str, Bone]
) -> IntArray:
    """Number of each group's partner ``(g,)``; its own where it lies in the middle or has none.

    Parameters
    ----------
    levers : sequence of Lever, length m
    groups : (m,) int
        Group of each lever, from 0 to g - 1.
    frame : FaceFrame
    bones : mapping of str to Bone
    """
    count = int(groups.max()) + 1 if len(groups) else 0
    own = np.stack([_features(levers, groups, number, frame, bones) for number in range(count)])
    kinds = [levers[int(np.argmax(groups == number))].control for number in range(count)]
    turns = np.array([control.is_rotation for control in kinds])
    image = own * np.array([-1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0])
    away = np.linalg.norm(image[:, None] - own[None], axis=2)
    away[turns[:, None] != turns[None]] = np.inf
    nearest = np.argmin(away, axis=1)
    partners = np.arange(count)
    for number, other in enumerate(nearest):
        if away[number, other] < SAME and nearest[other] == number:
            partners[number] = other
    return partners


def _features(
    levers: Sequence[Lever],
    groups: IntArray,
    number: int,
    frame: FaceFrame,
    bones: Mapping[str, Bone],
) -> FloatArray:
    """Where a group begins, the middle of what it moves, and how far that reaches ``(7,)``."""
    own = [lever for lever, group in zip(levers, groups, strict=True) if group == number]
    energy = np.zeros(len(frame.plain))
    for lever in own:
        energy[lever.rows] += (lever.slope.astype(np.float64) ** 2).sum(axis=1) / lever.reach_m**2
    share = energy / max(float(energy.sum()), 1e-30)
    middle = share @ frame.plain
    reach = float(np.sqrt(share @ ((frame.plain - middle) ** 2).sum(axis=1)))
    bone = bones.get(own[0].control.name)
    at = middle
    if bone is not None:
        at = (np.array(bone.at) - frame.origin) @ frame.axes.T / frame.eye_distance_m
    return np.array([*at, *middle, reach])
