# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters whose eyeballs and skull are watched as Blender evaluates them, and exact oracles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from scipy.spatial.transform import Rotation

from facemocap_addon.core.controls import Control
from facemocap_addon.core.probing.eyeballs import find_eyes
from facemocap_addon.core.probing.scan import find_islands
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.characters.bone_frames import character_frame
from facemocap_addon.gateway.characters.characters import find_characters, read_character
from facemocap_addon.gateway.files.rig_files import open_rig

FRONT = np.array([0.0, 0.0, 1.0])
COMFORT = np.radians([[-35.0, -30.0], [35.0, 25.0]])


def direction(gaze: np.ndarray) -> np.ndarray:
    """Unit vectors of azimuth to the left and elevation."""
    azimuth, elevation = gaze.T
    level = np.cos(elevation)
    return np.stack([np.sin(azimuth) * level, np.sin(elevation), np.cos(azimuth) * level], axis=1)


def captured(take: Take, times: np.ndarray) -> np.ndarray:
    """Azimuth and elevation ``(2, n, 2)`` of both eyes by scipy, less their medians."""
    out = []
    for side in ("left", "right"):
        seen = take.valid[:, take.column(f"{side}EyeYaw")]
        blink = take.values[:, take.column(f"eyeBlink{side.title()}")]

        def gaze(yaw: np.ndarray, pitch: np.ndarray) -> np.ndarray:
            x, y, z = Rotation.from_euler("XYZ", np.stack([pitch, -yaw, 0 * yaw], 1)).apply(FRONT).T
            return np.stack([np.arctan2(x, z), np.arcsin(y)], axis=1)

        columns = [
            take.values[:, take.column(f"{side}Eye{angle}")].astype(float)
            for angle in ("Yaw", "Pitch")
        ]
        at = [np.interp(times, take.times[seen], column[seen]) for column in columns]
        is_open = seen & (blink < 1 / 3)
        middle = np.median(gaze(*(column[is_open] for column in columns)), axis=0)
        out.append(gaze(*at) - middle)
    return np.array(out)


@dataclass
class Stage:
    """An opened character whose eyeballs' points are known at rest."""

    scene: Any
    picked: Any
    controls: tuple[Control, ...]
    frame: np.ndarray
    rest: np.ndarray
    balls: list[np.ndarray]

    def points(self) -> np.ndarray:
        """Evaluated vertices in the character's own frame."""
        graph = bpy.context.evaluated_depsgraph_get()
        parts = []
        for mesh in self.picked.meshes:
            moved = mesh.evaluated_get(graph)
            local = np.empty(3 * len(moved.data.vertices), np.float32)
            moved.data.vertices.foreach_get("co", local)
            matrix = np.array(moved.matrix_world)
            parts.append(local.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
        return np.concatenate(parts) @ self.frame.T

    def gaze(self) -> np.ndarray:
        """Where the fronts of both eyeballs look now ``(2, 3)``."""
        now = self.points()
        return np.array(
            [
                Rotation.align_vectors(
                    now[ball] - now[ball].mean(axis=0),
                    self.rest[ball] - self.rest[ball].mean(axis=0),
                )[0].apply(FRONT)
                for ball in self.balls
            ]
        )


def open_stage(path: Path) -> Stage:
    scene = open_rig(path)
    scene.render.fps, scene.render.fps_base = 24, 1.0
    picked = find_characters(scene)[0]
    armature: Any = picked.armature
    matrix = np.array(armature.matrix_world)[:3, :3]
    frame = character_frame(armature) @ (matrix / np.linalg.norm(matrix, axis=0)).T
    stage = Stage(scene, picked, read_character(picked, scene).controls, frame, np.zeros(0), [])
    # at rest: what plays is stopped
    for obj in picked.objects:
        for holder in (obj, getattr(obj.data, "shape_keys", None)):
            if holder is not None and holder.animation_data is not None:
                holder.animation_data.action = None
                for track in list(holder.animation_data.nla_tracks):
                    holder.animation_data.nla_tracks.remove(track)
    for pose in picked.armature.pose.bones:
        pose.matrix_basis.identity()
        pose.location = (0, 0, 0)
        pose.rotation_quaternion = (1, 0, 0, 0)
        pose.rotation_euler = (0, 0, 0)
    scene.frame_set(0)
    stage.rest = stage.points()
    edges, start = [], 0
    for mesh in picked.meshes:
        ends = np.empty(2 * len(mesh.data.edges), np.int32)
        mesh.data.edges.foreach_get("vertices", ends)
        edges.append(ends.reshape(-1, 2) + start)
        start += len(mesh.data.vertices)
    islands = find_islands(stage.rest, np.concatenate(edges))
    heads = np.array([frame @ np.array(armature.matrix_world @ b.head_local)
                      for b in armature.data.bones])  # fmt: skip
    eyes = find_eyes(stage.rest, islands, None, heads)
    assert eyes is not None
    stage.balls = [ball.rows for ball in sorted(eyes, key=lambda each: -each.centre[0])]
    return stage


def off_deg(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    cross = np.linalg.norm(np.cross(one, two), axis=-1)
    return np.degrees(np.arctan2(cross, np.sum(one * two, axis=-1)))


def read(shared: Path, name: str) -> Take:
    path = shared / "takes" / "livelinkface" / name
    return read_take(path)


def telling(take: Take, count: int) -> np.ndarray:
    """Frames where the eyes look farthest each way, and some others."""
    frames = np.arange(1, int(take.duration_s * 24))
    left, right = captured(take, take.times[0] + (frames - 1) / 24)
    found = {int(frames[i]) for g in (left, right) for i in (*g.argmin(0), *g.argmax(0))}
    found |= {int(frames[np.abs(left[:, 0] * left[:, 1]).argmax()])}
    return np.array(sorted(found | set(frames[:: len(frames) // count].tolist())))


def gaze_off(stage: Stage, take: Take, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees ``(2, n)`` from the eyes to the captured gaze within the range, and whether in it."""
    wanted = captured(take, take.times[0] + (frames - 1) / 24)
    held = wanted.clip(*COMFORT)
    seen = []
    for frame in frames.tolist():
        stage.scene.frame_set(frame)
        seen.append(stage.gaze())
    got = np.array(seen).transpose(1, 0, 2)
    off = np.array([off_deg(got[side], direction(held[side])) for side in (0, 1)])
    return off, (held == wanted).all(axis=2)


def head_angles(take: Take) -> np.ndarray:
    """A head that turns by 30, 60 and 20 degrees and, in its second half, right round."""
    t = take.times - take.times[0]
    swing = np.radians([30.0, 60.0, 20.0]) * np.sin(np.stack([1.3 * t, 0.9 * t, 2.1 * t], axis=1))
    swing[:, 0] += np.radians(240) * np.sin(np.clip(t - t[-1] / 2, 0, None) * np.pi / t[-1])
    return swing


def with_head(take: Take) -> Take:
    """The take with `head_angles` as a recorder writes them, wrapped at half a turn."""
    values, valid = take.values.copy(), take.valid.copy()
    columns = [take.column(name) for name in ("headYaw", "headPitch", "headRoll")]
    values[:, columns] = (head_angles(take) + np.pi) % (2 * np.pi) - np.pi
    valid[:, columns] = valid[:, [take.column("jawOpen")]]
    return replace(take, values=values, valid=valid, not_recorded=())


def head_off_deg(stage: Stage, take: Take, skull: str, frames: np.ndarray) -> float:
    """Largest difference between the skull's evaluated turn and an exact conversion."""
    seen = take.valid[:, take.column("headYaw")]
    at = np.minimum(take.times[0] + (frames - 1) / 24, take.times[-1])
    angles = [np.interp(at, take.times[seen], a[seen]) for a in head_angles(take).T]
    half = Rotation.from_euler("y", np.pi)
    wanted = half.inv() * Rotation.from_euler("YXZ", np.stack(angles, axis=1)) * half
    armature = stage.picked.armature
    rest = np.array(armature.data.bones[skull].matrix_local)[:3, :3]
    frame = character_frame(armature)
    turns = []
    for number in frames.tolist():
        stage.scene.frame_set(number)
        pose = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones[skull]
        turn = frame @ np.array(pose.matrix)[:3, :3] @ np.linalg.inv(rest) @ frame.T
        turns.append(Rotation.from_matrix(turn))
    off = Rotation.concatenate(turns).inv() * wanted
    return float(np.degrees(off.magnitude().max()))
