# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered stills of a character, the scene left as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    width_px: int | None = None,
    samples: int = 8,
) -> list[Path]:
    """Render frames with Cycles on the CPU; ``folder/stem_FRAME.png`` each, in the frames' order.

    ``size_px`` is the height, and the width unless ``width_px`` says otherwise. A scene without a
    camera gets one in front of the face and two lights while it renders.
    """
    paths: list[Path] = []
    size = (size_px if width_px is None else width_px, size_px)
    with _studio(scene, picked), _render_settings(scene, size, samples):
        for frame in frames:
            scene.frame_set(frame)
            path = folder / f"{stem}_{frame:04d}.png"
            scene.render.filepath = str(path)
            bpy.ops.render.render(write_still=True, scene=scene.name)
            paths.append(path)
    return paths


@contextmanager
def _render_settings(scene: bpy.types.Scene, size: tuple[int, int], samples: int) -> Iterator[None]:
    render, cycles = scene.render, scene.cycles
    still = render.image_settings
    wanted: list[tuple[bpy.types.bpy_struct, str, object]] = [
        (render, "engine", "CYCLES"),
        (render, "filepath", render.filepath),
        (render, "resolution_x", size[0]),
        (render, "resolution_y", size[1]),
        (render, "resolution_percentage", 100),
        (render, "use_border", False),
        (render, "use_compositing", False),
        (render, "use_sequencer", False),
        (render, "use_persistent_data", True),
        (still, "file_format", "PNG"),
        (still, "color_mode", "RGB"),
        (still, "color_depth", "8"),
        (cycles, "device", "CPU"),
        (cycles, "samples", samples),
        (cycles, "use_adaptive_sampling", False),
        # with so few samples a quarter second of denoising is worth more than twice the samples
        (cycles, "use_denoising", True),
        (cycles, "denoising_prefilter", "FAST"),
    ]
    if hasattr(still, "media_type"):
        wanted.insert(9, (still, "media_type", "IMAGE"))  # Blender 5: a film has no PNG
    before = [getattr(holder, name) for holder, name, _ in wanted]
    place = (scene.frame_current, scene.frame_subframe)
    try:
        for holder, name, value in wanted:
            setattr(holder, name, value)
        yield
    finally:
        for (holder, name, _), value in zip(wanted, before, strict=True):
            setattr(holder, name, value)
        scene.frame_set(place[0], subframe=place[1])


def read_still(path: Path) -> np.ndarray:
    """A picture's pixels, ``(height, width, 4)`` uint8 with alpha, the top row first."""
    image = bpy.data.images.load(str(path))
    try:
        pixels = _load_pixels(image)
    finally:
        bpy.data.images.remove(image)
    return np.round(pixels[::-1] * 255).astype(np.uint8)


def _load_pixels(image: bpy.types.Image) -> np.ndarray:
    """``(height, width, channels)`` float32, the bottom row first."""
    size: Any = image.size
    width, height = size
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    return pixels.reshape(height, width, -1)


def write_jpeg(still: Path, path: Path, quality: int = 88) -> None:
    """A picture as JPEG, for pages that carry their pictures with them."""
    image = bpy.data.images.load(str(still))
    try:
        # reading a pixel loads the picture; one that was never loaded is copied as it is
        _load_pixels(image)
        image.file_format = "JPEG"
        image.save(filepath=str(path), quality=quality)
    finally:
        bpy.data.images.remove(image)


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
        at = centre + (front * 2.4 + side * (-2 * aside) + Vector((0, 0, up * 2))) * height
        lamp.matrix_world = _looking(at, centre)
        made.append(lamp)
    for obj in made:
        scene.collection.objects.link(obj)
    scene.camera = made[0]
    world = None if scene.world else _grey_world()
    scene.world = world or scene.world
    try:
        yield
    finally:
        scene.camera = None
        if world is not None:
            bpy.data.worlds.remove(world)
        data: list[Any] = [obj.data for obj in made]
        for obj in made:
            bpy.data.objects.remove(obj)
        bpy.data.batch_remove(data)


def _grey_world() -> bpy.types.World:
    """A plain background that also fills the shadows, for scenes without a world."""
    world = bpy.data.worlds.new("Face Mocap still")
    if world.node_tree is None:
        world.use_nodes = True
    for node in world.node_tree.nodes:
        if node.type == "BACKGROUND":
            node.inputs["Color"].default_value = (0.18, 0.2, 0.22, 1.0)
    return world


def _looking(at: Vector, target: Vector) -> Matrix:
    return Matrix.Translation(at[:]) @ (target - at).to_track_quat("-Z", "Y").to_matrix().to_4x4()


def _face_place(picked: CharacterObjects) -> tuple[Any, float, Any]:
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
