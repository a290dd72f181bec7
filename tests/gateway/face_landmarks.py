# SPDX-License-Identifier: GPL-3.0-or-later
"""A posed face by its landmarks: some thirty vertices of the evaluated mesh, picked beforehand.

Shares no code with the program: it poses bones with its own arithmetic and reads what Blender
evaluates. Lengths are in distances between the eyes; x is the character's left, y up, z out of the
face.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Quaternion, Vector

#: Largest difference (metres) between where a landmark was picked and where it is.
PICKED = 1e-3


@dataclass(frozen=True)
class Pose:
    """What a pose does to the landmarks.

    Attributes
    ----------
    rest, moved : mapping of str to (3,)
        Places at rest and displacements.
    turns : mapping of str to (3,)
        Rotation vector of each eyeball, degrees.
    """

    rest: Mapping[str, np.ndarray]
    moved: Mapping[str, np.ndarray]
    turns: Mapping[str, np.ndarray]

    def gap(self, side: str, of: str = "lid", moved: bool = True) -> float:
        """How far the upper of two landmarks is above the lower one."""
        upper, lower = f"{of}_upper{side}", f"{of}_lower{side}"
        out = self.rest[upper][1] - self.rest[lower][1]
        if moved:
            out += self.moved[upper][1] - self.moved[lower][1]
        return float(out)


class Face:
    """The landmarks of one character in the open file."""

    def __init__(self, landmarks: Path) -> None:
        document = json.loads(landmarks.read_text(encoding="utf-8"))
        self._unit = float(document["eye_distance"])
        self._points: dict[str, dict[str, Any]] = document["points"]
        self._balls = {
            side: (ball["mesh"], _numbers(ball["vertices"]))
            for side, ball in document["eyeballs"].items()
        }
        self._rest, self._rest_balls = self._look()
        for name, point in self._points.items():
            at = np.array(point["at"])
            now = self._to_metres(self._rest[name])
            assert np.abs(now - at).max() < PICKED, f"{name} is not where it was picked"

    def measure(self) -> Pose:
        """What the pose of this moment does."""
        places, balls = self._look()
        return Pose(
            rest=self._rest,
            moved={name: places[name] - self._rest[name] for name in places},
            turns={side: _turn_deg(self._rest_balls[side], balls[side]) for side in balls},
        )

    def _look(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        meshes: dict[str, np.ndarray] = {}
        for name in {p["mesh"] for p in self._points.values()} | {
            m for m, _ in self._balls.values()
        }:
            obj = bpy.data.objects[name]
            moved = obj.evaluated_get(graph)
            flat = np.empty(len(moved.data.vertices) * 3, np.float32)
            moved.data.vertices.foreach_get("co", flat)
            matrix = np.array(moved.matrix_world)
            world = flat.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
            meshes[name] = world[:, [0, 2, 1]] * [1, 1, -1] / self._unit
        places = {n: meshes[p["mesh"]][p["vertex"]] for n, p in self._points.items()}
        return places, {side: meshes[mesh][rows] for side, (mesh, rows) in self._balls.items()}

    def _to_metres(self, place: np.ndarray) -> np.ndarray:
        return (place * [1, 1, -1] * self._unit)[[0, 2, 1]]


def lay_to_rest(scene: bpy.types.Scene) -> None:
    """Stop what plays on armatures and lay their bones to rest."""
    for armature in (obj for obj in scene.objects if obj.type == "ARMATURE"):
        playing = armature.animation_data
        if playing is not None:
            playing.action = None
            for track in playing.nla_tracks:
                track.mute = True
        set_bones(armature, {})


def set_bones(armature: bpy.types.Object, values: Mapping[tuple[str, str, int], float]) -> None:
    """Pose bones by components (bone, ``location`` or ``rotation``, 0 to 2); all others at rest.

    A rotation is a rotation vector (radians) in the bone's own rest axes.
    """
    parts: dict[tuple[str, str], list[float]] = {}
    for (name, path, index), value in values.items():
        parts.setdefault((name, path), [0.0, 0.0, 0.0])[index] += value
    for bone in armature.pose.bones:
        bone.location = parts.get((bone.name, "location"), (0.0, 0.0, 0.0))
        vector = Vector(parts.get((bone.name, "rotation"), (0.0, 0.0, 0.0)))
        turn = Quaternion(vector, vector.length) if vector.length > 0 else Quaternion()
        if bone.rotation_mode == "QUATERNION":
            bone.rotation_quaternion = turn
        elif bone.rotation_mode == "AXIS_ANGLE":
            axis, angle = turn.to_axis_angle()
            bone.rotation_axis_angle = (angle, *axis)
        else:
            bone.rotation_euler = turn.to_euler(bone.rotation_mode)


def _turn_deg(rest: np.ndarray, now: np.ndarray) -> np.ndarray:
    """Rotation vector of the best rigid motion from one cloud of points to another (Kabsch)."""
    one, two = rest - rest.mean(axis=0), now - now.mean(axis=0)
    left, _, right = np.linalg.svd(one.T @ two)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    matrix = right.T @ flip @ left.T
    angle = math.acos(max(-1.0, min(1.0, (np.trace(matrix) - 1) / 2)))
    axis = np.array(
        [matrix[2, 1] - matrix[1, 2], matrix[0, 2] - matrix[2, 0], matrix[1, 0] - matrix[0, 1]]
    )
    length = float(np.linalg.norm(axis))
    return np.degrees(angle) * axis / length if length > 1e-12 else np.zeros(3)


def _numbers(ranges: Sequence[Sequence[int]]) -> np.ndarray:
    return np.concatenate([np.arange(first, last + 1) for first, last in ranges])
