# SPDX-License-Identifier: GPL-3.0-or-later
"""Rest axes of bones in the character's own frame: x to its left, y up, z out of the face."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.rig_maps.side_names import split_side


def character_frame(armature: bpy.types.Object) -> np.ndarray:
    """Rows: the character's left, up and front as unit vectors of armature space.

    Read from the rest pose and not from the world, so that a character that stands turned, lies
    down or came in through a format with another up axis is understood all the same: left is where
    bones with a left name lie from their right partners, up is where the head lies from the root.
    Both are taken to the nearest axis of the armature.
    """
    bones = armature.data.bones
    up = _nearest_axis(_root_to_head(bones), np.array([0.0, 0.0, 1.0]), np.zeros(3))
    left = _nearest_axis(_right_to_left(bones), np.array([1.0, 0.0, 0.0]), up)
    return np.stack([left, up, np.cross(left, up)])


def bone_axes(armature: bpy.types.Object, frame: np.ndarray) -> dict[str, np.ndarray]:
    """Per bone ``(5, 3)`` in the frame: its x, y and z axes, then its head and tail.

    Places are in the armature's own units, as a pose bone's location is.
    """
    out: dict[str, np.ndarray] = {}
    for bone in armature.data.bones:
        rest = np.array(bone.matrix_local.to_3x3())
        rest /= np.linalg.norm(rest, axis=0)
        out[bone.name] = np.concatenate(
            [
                (frame @ rest).T,
                (frame @ np.array(bone.head_local))[None],
                (frame @ np.array(bone.tail_local))[None],
            ]
        )
    return out


def _root_to_head(bones: bpy.types.ArmatureBones) -> np.ndarray:
    heads = [b for b in bones if split_side(b.name)[0].split(" ")[-1] == "head"]
    if not heads:
        return np.zeros(3)
    head = heads[0]
    root = head
    while root.parent is not None:
        root = root.parent
    rise = np.array(head.head_local) - np.array(root.head_local)
    if np.linalg.norm(rise) < 1e-3 * max(head.length, 1e-6):
        rise = np.array(head.tail_local) - np.array(head.head_local)
    return rise


def _right_to_left(bones: bpy.types.ArmatureBones) -> np.ndarray:
    places: dict[str, dict[str, np.ndarray]] = {}
    for bone in bones:
        base, side = split_side(bone.name)
        if side != "C":
            places.setdefault(base, {})[side] = np.array(bone.head_local)
    steps = [pair["L"] - pair["R"] for pair in places.values() if len(pair) == 2]
    return np.sum(steps, axis=0) if steps else np.zeros(3)


def _nearest_axis(direction: np.ndarray, default: np.ndarray, not_along: np.ndarray) -> np.ndarray:
    """The signed coordinate axis nearest to ``direction`` and across the axis ``not_along``."""
    direction = direction * (1 - np.abs(not_along))
    default = default * (1 - np.abs(not_along))
    if np.linalg.norm(direction) < 1e-9:
        direction = default if np.linalg.norm(default) > 0 else np.roll(not_along, 1)
    axis = np.zeros(3)
    largest = int(np.argmax(np.abs(direction)))
    axis[largest] = np.sign(direction[largest])
    return axis
