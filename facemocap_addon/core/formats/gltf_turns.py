# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns of the head and the eyes in glTF files, where nodes are named so.

A node's turn counts from its rest: the pose of a skin's joint, no turn for others. It is seen from
the file's own axes (Y up, the face looks along +Z), unless the eyeLook weights of the same file say
that the face looks elsewhere: exporters leave whole scenes turned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..rotations import to_matrix
from .eye_axes import predicted_eyes
from .gltf_animation import ROTATION, Curve
from .gltf_file import Gltf
from .head_pose import EYE_ANGLES, HEAD_ANGLES, eye_from_matrices, head_from_matrices
from .json_values import as_list, is_row

_EYE = re.compile(
    r"(?:^|[\W_])(?:(l|left|r|right)[\W_]*eye(?:ball)?|eye(?:ball)?[\W_]*(l|left|r|right))(?:[\W_]|$)"
)
_HEAD = re.compile(r"(?:^|[\W_])head(?:[\W_]|$)")
#: Face Cap's node that carries the whole head.
_FACE_CAP_HEAD = "grp_transform"
_NOT_EYES = re.compile(r"brow|lid|lash|blink|target|socket|look|end|top|nub")
_LEAST_AGREEMENT = 0.8


@dataclass(frozen=True)
class Turns:
    """Angles of the schema, and what was assumed.

    Attributes
    ----------
    channels : tuple of str, length k
    originals : tuple of str, length k
        The nodes' names.
    values : (n, k) float64
        Radians.
    assumptions : tuple of str
    """

    channels: tuple[str, ...]
    originals: tuple[str, ...]
    values: FloatArray
    assumptions: tuple[str, ...]


def part_of(name: str) -> str:
    """``head``, ``left``, ``right`` or nothing: which part of a face a node's name says it is.

    >>> part_of("grp_eyeLeft"), part_of("mixamorig:Head"), part_of("eyebrow_L")
    ('left', 'head', '')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    if _NOT_EYES.search(spaced):
        return ""
    eye = _EYE.search(spaced)
    if eye:
        return "left" if (eye.group(1) or eye.group(2)).startswith("l") else "right"
    return "head" if _HEAD.search(spaced) or spaced == _FACE_CAP_HEAD else ""


def face_turns(
    gltf: Gltf, curves: list[Curve], times_s: FloatArray, weights: Mapping[str, FloatArray]
) -> Turns | None:
    """Head and eye angles of the curves that turn such nodes; None where there are none.

    Parameters
    ----------
    gltf : Gltf
    curves : list of Curve
    times_s : (n,)
    weights : mapping of canonical name to (n,)
        Coefficients of the same take.
    """
    nodes = gltf.entries("nodes")
    found: dict[str, Curve] = {}
    for curve in curves:
        name = nodes[curve.node].get("name")
        part = part_of(name) if curve.path == ROTATION and isinstance(name, str) else ""
        if part:
            found.setdefault(part, curve)
    if not found:
        return None
    rest = _Rest(gltf, {curve.node for curve in curves if curve.path == ROTATION})
    world = {part: rest.turned(curve, times_s) for part, curve in found.items()}
    axes, told = _face_axes(world, weights)
    channels: list[str] = []
    originals: list[str] = []
    values: list[FloatArray] = []
    for part, matrices in world.items():
        seen = axes.T @ matrices @ axes
        if part == "head":
            names, angles = HEAD_ANGLES, head_from_matrices(seen)
        else:
            names = tuple(name for name in EYE_ANGLES if name.startswith(part))
            angles = eye_from_matrices(seen)
        channels += names
        originals += [str(nodes[found[part].node]["name"])] * len(names)
        values.append(angles)
    said = (
        "The face looks where the eyeLook weights say that its eyes do."
        if told
        else "The face is taken to look along +Z, Y up, as glTF has it."
    )
    return Turns(tuple(channels), tuple(originals), np.concatenate(values, axis=1), (said,))


class _Rest:
    """How the nodes stand at rest."""

    def __init__(self, gltf: Gltf, animated: set[int]) -> None:
        self._nodes = gltf.entries("nodes")
        joints = {
            joint for skin in gltf.entries("skins") for joint in as_list(skin.get("joints"))
            if isinstance(joint, int)
        }  # fmt: skip
        self._loose = animated - joints
        self._parents: dict[int, int] = {}
        for number, node in enumerate(self._nodes):
            for child in as_list(node.get("children")):
                if isinstance(child, int):
                    self._parents.setdefault(child, number)

    def turned(self, curve: Curve, times_s: FloatArray) -> FloatArray:
        """Turns ``(n, 3, 3)`` from rest, seen from the file's axes."""
        parent = np.eye(3)
        at, left = self._parents.get(curve.node), len(self._nodes)
        while at is not None and left:
            parent = self._own(at) @ parent
            at, left = self._parents.get(at), left - 1
        now = to_matrix(np.roll(curve.at(times_s), 1, axis=1))
        return parent @ now @ self._own(curve.node).T @ parent.T

    def _own(self, number: int) -> FloatArray:
        """A node's rotation ``(3, 3)`` at rest."""
        node: dict[str, Any] = self._nodes[number]
        turn, matrix = node.get("rotation"), node.get("matrix")
        if number in self._loose:
            return np.eye(3)
        if is_row(turn, 4) and None not in as_list(turn):
            return _rotation(np.array(turn, np.float64))
        if is_row(matrix, 16) and None not in as_list(matrix):
            table = np.array(matrix, np.float64).reshape(4, 4).T[:3, :3]
            length = np.linalg.norm(table, axis=0)
            if np.isfinite(length).all() and (length > 0).all():
                return table / length
        return np.eye(3)


def _rotation(xyzw: FloatArray) -> FloatArray:
    length = float(np.linalg.norm(xyzw))
    if not np.isfinite(length) or length < 1e-6:
        return np.eye(3)
    return to_matrix(np.roll(xyzw / length, 1)[None])[0]


def _face_axes(
    world: Mapping[str, FloatArray], weights: Mapping[str, FloatArray]
) -> tuple[FloatArray, bool]:
    """Columns are the face's left, up and front in the file's axes; whether the eyes told them."""
    predicted = predicted_eyes(weights)
    if predicted is None or not {"left", "right"} <= set(world):
        return np.eye(3), False
    pitch, yaw = predicted
    wanted = np.stack([-yaw, pitch], axis=2)
    best, agreement = np.eye(3), -1.0
    for axes in _upright_frames():
        angles = [eye_from_matrices(axes.T @ world[side] @ axes) for side in ("left", "right")]
        found = np.stack(angles, axis=1)
        size = float(np.linalg.norm(found) * np.linalg.norm(wanted))
        score = float((found * wanted).sum()) / size if size > 1e-9 else 0.0
        # the file's own axes come first: a tie leaves them
        if score > agreement + 1e-9:
            best, agreement = axes, score
    return (best, True) if agreement >= _LEAST_AGREEMENT else (np.eye(3), False)


def _upright_frames() -> list[FloatArray]:
    """The 24 right-angled frames, glTF's own first."""
    frames: list[FloatArray] = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            frame = np.zeros((3, 3))
            frame[list(order), range(3)] = signs
            if np.linalg.det(frame) > 0:
                frames.append(frame)
    return frames
