# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a character's eyes are and look, frame by frame, as Blender evaluates its meshes.

Whatever turns the eyes is seen: bones, shapes, constraints, edits by hand, the body below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ...core.controls import BONE
from ...core.errors import FacemocapError
from ...core.gaze.eye_turns import eyeball_points, fit_turn
from ...core.gaze.gaze_angles import to_gaze
from ...core.head_turns import HEAD
from ...core.probing.eyeballs import find_eyes
from ...core.probing.scan import find_islands
from ...core.rig_maps.bone_matching import is_head_bone
from ...core.rig_maps.rig_map import RigMap
from ...core.rotations import from_vector, to_matrix
from ..characters.bone_frames import character_frame
from ..characters.characters import CharacterObjects, read_character
from ..measuring.measuring import stored_measurement
from ..probing.probe_copy import Ruler, standin
from ..takes.character_takes import reading_stage


@dataclass(frozen=True)
class Ball:
    """One eyeball at rest: rows of each mesh's vertices, their places, and its centre (metres)."""

    rows: tuple[tuple[bpy.types.Object, np.ndarray], ...]
    places: np.ndarray
    centre: np.ndarray


@dataclass(frozen=True)
class Eyes:
    """Both eyeballs at rest, left first, and the face's axes (rows: left, up, front)."""

    balls: tuple[Ball, Ball]
    frame: np.ndarray


@dataclass(frozen=True)
class SeenEyes:
    """Eyes on ``n`` frames, in the world and in Blender's units.

    Attributes
    ----------
    frames : (n,)
    centres : (2, n, 3)
        Left eye first.
    directions : (2, n, 3)
        Unit vectors.
    head : (n, 3, 3)
        Rows: the head's left, up and front.
    carrier : (n, 4, 4)
        What a child of the head hangs on.
    targets : (n, 3) or None
        Where the target was.
    """

    frames: np.ndarray
    centres: np.ndarray
    directions: np.ndarray
    head: np.ndarray
    carrier: np.ndarray
    targets: np.ndarray | None

    def in_head(self, directions: np.ndarray) -> np.ndarray:
        """Degrees to the left and up ``(..., n, 2)`` of directions ``(..., n, 3)`` of the world."""
        local = (self.head @ directions[..., None])[..., 0]
        return np.degrees(to_gaze(local.reshape(-1, 3))).reshape(*local.shape[:-1], 2)

    def gaze(self) -> np.ndarray:
        """Where each eye looks in the head ``(2, n, 2)``, degrees to the left and up."""
        return self.in_head(self.directions)


def find_eyes_of(picked: CharacterObjects, scene: bpy.types.Scene) -> Eyes:
    """The character's eyeballs at rest. Nothing of the file is changed.

    Raises
    ------
    FacemocapError
        When it has none.
    """
    controls = read_character(picked, scene).controls
    with standin(picked, scene, controls) as copy:
        ruler = Ruler(copy)
        points = ruler.points()
        islands = find_islands(points, ruler.edges())
        pivots = np.array(list(ruler.bone_heads().values())).reshape(-1, 3)
        eyes = find_eyes(points, islands, None, pivots)
        if eyes is None:
            raise FacemocapError(
                f'"{picked.name}" has no eyeballs that could be found',
                "Aim its eyes by hand, or choose all meshes of the character",
            )
        frame = _axes(picked)
        rows = eyeball_points(points, islands, eyes, frame[0])
        parts = [(mesh, ruler.part(copy.copies[mesh])) for mesh in picked.meshes]
    ordered = sorted(eyes, key=lambda ball: -float(ball.centre @ frame[0]))
    one, two = (
        Ball(
            tuple(
                (mesh, own[(own >= part.start) & (own < part.stop)] - part.start)
                for mesh, part in parts
            ),
            points[own],
            ball.centre,
        )
        for own, ball in zip(rows, ordered, strict=True)
    )
    return Eyes((one, two), frame)


def _axes(picked: CharacterObjects) -> np.ndarray:
    """The face's left, up and front ``(3, 3)`` in the character's own axes."""
    if picked.armature is not None:
        return character_frame(picked.armature)
    measured = stored_measurement(picked)
    if measured is None:
        raise FacemocapError(
            f'It is not known which way "{picked.name}" looks', "Measure the character first"
        )
    up, front = np.array(measured.probe.up), np.array(measured.probe.front)
    return np.stack([np.cross(up, front), up, front])


def head_bone(picked: CharacterObjects, rig_map: RigMap | None) -> str | None:
    """The bone that the skull hangs on: the last one that the map turns with the head."""
    if picked.armature is None:
        return None
    bones: Any = picked.armature.data.bones
    mapped = [
        entry.control.path.split('"')[1]
        for entry in (rig_map.entries if rig_map else ())
        if entry.control.kind == BONE and any(s.channel in HEAD for s in entry.sources)
    ]
    names = [name for name in mapped if name in bones] or [
        bone.name for bone in bones if is_head_bone(bone.name) and bone.use_deform
    ]
    return max(names, key=lambda name: len(bones[name].parent_recursive), default=None)


def see_eyes(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    eyes: Eyes,
    frames: Sequence[int],
    bone: str | None,
    target: bpy.types.Object | None = None,
) -> SeenEyes:
    """Look at the eyes on frames of the scene, which keeps its own frame and values."""
    anchor = picked.armature or max(picked.meshes, key=lambda mesh: len(mesh.data.vertices))
    centres, directions = np.empty((2, len(frames), 3)), np.empty((2, len(frames), 3))
    head, carrier = np.empty((len(frames), 3, 3)), np.empty((len(frames), 4, 4))
    targets = np.empty((len(frames), 3))
    with reading_stage(picked, scene) as stage:
        if target is not None and target.name not in stage.collection.objects:
            stage.collection.objects.link(target)
        for row, frame in enumerate(frames):
            stage.frame_set(frame)
            graph: Any = stage.view_layers[0].depsgraph
            base, rest, carrier[row] = _carried(anchor, bone, graph)
            turn = _rotation(base @ rest)
            head[row] = eyes.frame @ turn.T
            for side, ball in enumerate(eyes.balls):
                now = _places(ball, graph)
                vector, _ = fit_turn(ball.places, now)
                own = to_matrix(from_vector(vector))
                directions[side, row] = own @ eyes.frame[2]
                size = _size(now) / _size(ball.places)
                arm = ball.centre - ball.places.mean(axis=0)
                centres[side, row] = now.mean(axis=0) + size * (own @ arm)
            if target is not None:
                targets[row] = np.array(target.evaluated_get(graph).matrix_world)[:3, 3]
    seen = None if target is None else targets
    return SeenEyes(np.array(frames), centres, directions, head, carrier, seen)


def _carried(
    anchor: bpy.types.Object, bone: str | None, graph: bpy.types.Depsgraph
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """World matrix of the head bone, the inverse of its rest, and what its children hang on."""
    moved: Any = anchor.evaluated_get(graph)
    world = np.array(moved.matrix_world)
    if bone is None:
        return world, np.eye(4), world
    pose = moved.pose.bones[bone]
    now = world @ np.array(pose.matrix)
    return now, np.linalg.inv(np.array(pose.bone.matrix_local)), now


def _rotation(matrix: np.ndarray) -> np.ndarray:
    """The rotation ``(3, 3)`` that is nearest to a matrix."""
    left, _, right = np.linalg.svd(matrix[:3, :3])
    return left @ right


def _size(points: np.ndarray) -> float:
    away: Any = points - points.mean(axis=0)
    return float(np.sqrt((away * away).sum()))


def _places(ball: Ball, graph: bpy.types.Depsgraph) -> np.ndarray:
    """World places of an eyeball's vertices."""
    parts: list[np.ndarray] = []
    for mesh, rows in ball.rows:
        if not len(rows):
            continue
        moved: Any = mesh.evaluated_get(graph)
        count = len(moved.data.vertices)
        if count <= int(rows.max()):
            raise FacemocapError(
                f'"{mesh.name}" shows fewer vertices than it has',
                "Switch off modifiers that remove vertices of the eyes",
            )
        # subdivision keeps a mesh's own vertices first
        local = np.empty(count * 3, np.float32)
        moved.data.vertices.foreach_get("co", local)
        matrix = np.array(moved.matrix_world)
        parts.append(local.reshape(-1, 3)[rows] @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(parts)
