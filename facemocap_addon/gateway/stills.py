# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered stills of a character, the scene left as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .characters import CharacterObjects


def render_stills(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    frames: Sequence[int],
    folder: Path,
    stem: str,
    *,
    size_px: int = 480,
    samples: int = 8,
) -> list[Path]:
    """Render frames with Cycles on the CPU; ``folder/stem_FRAME.png`` each.

    A scene without a camera gets one in front of the face and three lights while it renders.
    """
    paths: list[Path] = []
    with _studio(scene, picked), _render_settings(scene, size_px, samples):
        for frame in frames:
            scene.frame_set(frame)
            path = folder / f"{stem}_{frame:04d}.png"
            scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True, scene=scene.name)
            paths.append(path)
    return paths


_SETTINGS = (
    ("render", "engine"),
    ("render", "filepath"),
    ("render", "resolution_x"),
    ("render", "resolution_y"),
    ("render", "resolution_percentage"),
    ("render", "use_persistent_data"),
    ("render.image_settings", "file_format"),
)


@contextmanager
def _render_settings(scene: bpy.types.Scene, size_px: int, samples: int) -> Iterator[None]:
    before = [scene.path_resolve(holder) for holder, _ in _SETTINGS]
    values = [getattr(h, name) for h, (_, name) in zip(before, _SETTINGS, strict=True)]
    place = (scene.frame_current, scene.frame_subframe)
    try:
        scene.render.engine = "CYCLES"
        scene.render.image_settings.file_format = "PNG"
        scene.render.resolution_x = scene.render.resolution_y = size_px
        scene.render.resolution_percentage = 100
        scene.render.use_persistent_data = True
        cycles = scene.cycles
        former = (cycles.samples, cycles.use_denoising, cycles.device, cycles.use_adaptive_sampling)
        cycles.samples, cycles.use_denoising, cycles.device = samples, False, "CPU"
        cycles.use_adaptive_sampling = False
        yield
        (cycles.samples, cycles.use_denoising, cycles.device, cycles.use_adaptive_sampling) = former
    finally:
        for holder, (_, name), value in zip(before, _SETTINGS, values, strict=True):
            setattr(holder, name, value)
        scene.frame_set(place[0], subframe=place[1])


@contextmanager
def _studio(scene: bpy.types.Scene, picked: CharacterObjects) -> Iterator[None]:
    """A camera and lights for scenes that have none; everything made here is deleted again."""
    if scene.camera is not None:
        yield
        return
    centre, height, front = _face_place(picked)
    camera = bpy.data.cameras.new("Face Mocap still")
    camera.lens = 85.0
    made: list[bpy.types.Object] = [bpy.data.objects.new("Face Mocap still", camera)]
    made[0].matrix_world = _looking(centre + front * height * 3.6, centre)
    for name, aside, up, watts in (("key", 0.8, 0.7, 18.0), ("fill", -0.9, 0.1, 7.0)):
        light = bpy.data.lights.new(f"Face Mocap {name}", "AREA")
        light.size = 1.2 * height
        light.energy = watts * (height / 0.25) ** 2
        lamp = bpy.data.objects.new(f"Face Mocap {name}", light)
        side = front.cross(Vector((0, 0, 1)))
        at = centre + (front * 2.4 - side * aside * 2 + Vector((0, 0, up * 2))) * height
        lamp.matrix_world = _looking(at, centre)
        made.append(lamp)
    for obj in made:
        scene.collection.objects.link(obj)
    scene.camera = made[0]
    try:
        yield
    finally:
        scene.camera = None
        for obj in made:
            data = obj.data
            bpy.data.objects.remove(obj)
            (bpy.data.cameras if isinstance(data, bpy.types.Camera) else bpy.data.lights).remove(
                data
            )


def _looking(at: Vector, target: Vector) -> Matrix:
    return Matrix.Translation(at) @ (target - at).to_track_quat("-Z", "Y").to_matrix().to_4x4()


def _face_place(picked: CharacterObjects) -> tuple[Vector, float, Vector]:
    """Centre of the face, its height in metres, and the direction it looks in, in the world."""
    points = [_moving_points(mesh) for mesh in picked.meshes]
    points = [part for part in points if len(part)]
    cloud = np.concatenate(points) if points else np.array([[0, 0, 1.6], [0.1, 0.1, 1.8]])
    low, high = np.percentile(cloud, 2, axis=0), np.percentile(cloud, 98, axis=0)
    height = max(float(high[2] - low[2]) * 1.25, 1e-3)
    centre = (low + high) / 2
    return Vector(centre), height, Vector((0.0, -1.0, 0.0))


def _moving_points(mesh: bpy.types.Object) -> np.ndarray:
    """World places of the vertices that shape keys move, or that hang on bones of the head."""
    count = len(mesh.data.vertices)
    rest = np.empty(count * 3, np.float32)
    mesh.data.vertices.foreach_get("co", rest)
    rest = rest.reshape(-1, 3)
    moved = np.zeros(count, np.bool_)
    keys = mesh.data.shape_keys
    if keys is not None:
        shape = np.empty(count * 3, np.float32)
        for block in keys.key_blocks[1:]:
            block.data.foreach_get("co", shape)
            moved |= np.abs(shape.reshape(-1, 3) - rest).max(axis=1) > 1e-4
    else:
        groups = {
            g.index
            for g in mesh.vertex_groups
            if any(word in g.name.lower() for word in ("head", "jaw", "lid", "lip", "brow", "face"))
        }
        if groups:
            moved = np.array(
                [any(g.group in groups for g in vertex.groups) for vertex in mesh.data.vertices]
            )
    matrix = np.array(mesh.matrix_world)
    return rest[moved] @ matrix[:3, :3].T + matrix[:3, 3]
