# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a camera sees a character's face: found by its eyeballs, and followed through a take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...core.errors import FacemocapError
from ...core.probing.face_frame import find_frame
from ...core.probing.scan import Bone, Scan, find_islands
from ...core.probing.whereabouts import REACH, WHOLE
from ..characters.characters import CharacterObjects

#: A picture of a face reaches from below the chin to above the brow: this many times as high as the
#: head is wide at the eyes, and within these limits in distances between the eyes.
HIGH, LEAST, MOST = 1.75, 3.4, 4.2
#: Its middle lies this part of its height below the eyes.
BELOW = 0.1
#: Points by which a head's turn is told.
TRACKED = 1500
#: Words in the names of vertex groups that hold a face, where it has neither shapes nor eyeballs.
_WORDS = ("head", "jaw", "lid", "lip", "brow", "face")


@dataclass(frozen=True)
class FaceView:
    """Where the picture of a face is, in the world.

    Attributes
    ----------
    middles : mapping of int to (3,) metres
        Middle of the picture at each frame.
    front, up : (3,)
        Unit vectors: out of the face and up, the mean over the frames.
    height_m : float
        How high the picture is.
    """

    middles: Mapping[int, np.ndarray]
    front: np.ndarray
    up: np.ndarray
    height_m: float


def find_face_view(
    scene: bpy.types.Scene, picked: CharacterObjects, frames: Iterable[int]
) -> FaceView:
    """Where the face is at some frames; the scene is left at one of them."""
    rest = _Rest.of(picked)
    middle, axes, height = _frame_of(rest, picked)
    rows = np.flatnonzero(np.linalg.norm(rest.points - middle, axis=1) < 0.5 * height)
    rows = rows[:: max(1, len(rows) // TRACKED)]
    middles: dict[int, np.ndarray] = {}
    turns = np.zeros((3, 3))
    for frame in dict.fromkeys(frames):
        scene.frame_set(frame)
        turn, shift = _motion(rest, rows, scene)
        middles[frame] = turn @ middle + shift
        turns += turn
    if not middles:
        turns = np.eye(3)
    left, _, right = np.linalg.svd(turns)
    turn = left @ right
    return FaceView(middles, turn @ axes[1], turn @ axes[0], height)


@dataclass(frozen=True)
class _Rest:
    """The meshes' vertices at rest in the world, all in one array."""

    meshes: list[Any]
    starts: np.ndarray
    points: np.ndarray

    @classmethod
    def of(cls, picked: CharacterObjects) -> _Rest:
        meshes: list[Any] = [m for m in picked.meshes if not m.hide_render] or list(picked.meshes)
        parts = [np.empty((0, 3))]
        parts += [_in_world(mesh.data.vertices, np.array(mesh.matrix_world)) for mesh in meshes]
        starts = np.cumsum([0, *(len(part) for part in parts[1:])])
        return cls(meshes, starts, np.concatenate(parts))

    def islands(self) -> np.ndarray:
        """Number of the connected piece of each point."""
        parts = [np.empty((0, 2), np.int32)]
        for mesh, start in zip(self.meshes, self.starts, strict=False):
            ends = np.empty(len(mesh.data.edges) * 2, np.int32)
            mesh.data.edges.foreach_get("vertices", ends)
            parts.append(ends.reshape(-1, 2) + start)
        return find_islands(self.points, np.concatenate(parts))

    def shaped(self) -> np.ndarray:
        """Points that shape keys move, but for those keys that change the whole person."""
        moved = np.zeros(len(self.points), np.bool_)
        for mesh, start in zip(self.meshes, self.starts, strict=False):
            keys = mesh.data.shape_keys
            if keys is None:
                continue
            own = moved[start : start + len(mesh.data.vertices)]
            rest = _places(keys.reference_key.data)
            least = 1e-4 * float(np.ptp(rest, axis=0).max(initial=0.0))
            for block in keys.key_blocks:
                away = np.abs(_places(block.data) - rest).max(axis=1) > least
                if away.sum() < WHOLE * len(self.points):
                    own |= away
        return moved

    def named(self) -> np.ndarray:
        """Points that hang on bones with the name of a part of a face."""
        moved = np.zeros(len(self.points), np.bool_)
        for mesh, start in zip(self.meshes, self.starts, strict=False):
            groups = {
                g.index for g in mesh.vertex_groups if any(w in g.name.lower() for w in _WORDS)
            }
            if groups:
                for vertex in mesh.data.vertices:
                    moved[start + vertex.index] = any(g.group in groups for g in vertex.groups)
        return moved


def _frame_of(rest: _Rest, picked: CharacterObjects) -> tuple[np.ndarray, np.ndarray, float]:
    """Middle of a picture of the face at rest, its rows up and front, and its height."""
    found = _by_eyes(rest, picked)
    if found is not None:
        return found
    shaped = rest.shaped()
    moves = shaped if shaped.any() else rest.named()
    cloud = rest.points[moves] if moves.any() else rest.points
    if not len(cloud):
        cloud = np.array([[-0.1, 0.0, 1.6], [0.1, 0.1, 1.8]])
    low, high = np.percentile(cloud, 2, axis=0), np.percentile(cloud, 98, axis=0)
    height = max(1.75 * float(high[2] - low[2]), 1e-3)
    return 0.5 * (low + high), np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]]), height


def _by_eyes(rest: _Rest, picked: CharacterObjects) -> tuple[np.ndarray, np.ndarray, float] | None:
    # a character is straight in its own axes, however it stands in the world
    armature: Any = picked.armature
    anchor = armature or max(rest.meshes, key=lambda mesh: len(mesh.data.vertices), default=None)
    if anchor is None:
        return None
    left, _, right = np.linalg.svd(np.array(anchor.matrix_world)[:3, :3])
    turn = left @ right
    bones: dict[str, Bone] = {}
    if armature is not None:
        for bone in armature.data.bones:
            at = np.array(armature.matrix_world @ bone.head_local) @ turn
            bones[bone.name] = Bone(tuple(at.tolist()))
    try:
        frame = find_frame(Scan(rest.points @ turn, rest.islands(), (), bones=bones))
    except FacemocapError:
        return None
    if not frame.found_eyes:
        return None
    middle, up, front = turn @ frame.origin, turn @ frame.axes[1], turn @ frame.axes[2]
    # without motions up may be down; who is not lying stands upright
    if up[2] < -0.5:
        up = -up
    around = (
        (np.abs(frame.plain[:, 1]) < 0.4)
        & (frame.plain[:, 2] > -1.0)
        & (np.abs(frame.plain[:, 0]) < REACH)
    )
    wide = np.ptp(np.percentile(frame.plain[around, 0], [1, 99])) if around.any() else 2.4
    height = float(np.clip(HIGH * wide, LEAST, MOST)) * frame.eye_distance_m
    return middle - BELOW * height * up, np.stack([up, front]), height


def _motion(rest: _Rest, rows: np.ndarray, scene: bpy.types.Scene) -> tuple[np.ndarray, np.ndarray]:
    """Turn and shift that take the head from rest to where it is now."""
    graph = scene.view_layers[0].depsgraph
    before: list[np.ndarray] = [np.empty((0, 3))]
    after: list[np.ndarray] = [np.empty((0, 3))]
    for mesh, start, end in zip(rest.meshes, rest.starts, rest.starts[1:], strict=False):
        own = rows[(rows >= start) & (rows < end)]
        if not len(own):
            continue
        moved: Any = mesh.evaluated_get(graph)
        # a modifier that makes vertices leaves none by which to tell
        if moved.data is None or len(moved.data.vertices) != end - start:
            continue
        now = _in_world(moved.data.vertices, np.array(moved.matrix_world))
        before.append(rest.points[own])
        after.append(now[own - start])
    one, two = np.concatenate(before), np.concatenate(after)
    if len(one) < 3:
        return np.eye(3), np.zeros(3)
    from_, to = one.mean(axis=0), two.mean(axis=0)
    left, _, right = np.linalg.svd((two - to).T @ (one - from_))
    turn = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
    return turn, to - turn @ from_


def _places(holder: Any) -> np.ndarray:
    flat = np.empty(len(holder) * 3, np.float32)
    holder.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def _in_world(vertices: Any, matrix: np.ndarray) -> np.ndarray:
    return _places(vertices) @ matrix[:3, :3].T + matrix[:3, 3]
