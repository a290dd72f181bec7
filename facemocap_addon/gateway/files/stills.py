# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered stills of a character, the scene left as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..characters.characters import CharacterObjects
from .face_view import FaceView, find_face_view

#: A scene's own camera is used where the face would fill this part of the picture's height ...
LEAST_HIGH = 0.3
#: ... and is in the picture this far up and down from its middle, in parts of its own picture.
INNER = 0.3


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

    ``size_px`` is the height, and the width unless ``width_px`` says otherwise. A scene whose
    camera does not show the face gets one in front of it and two lights while it renders.
    """
    paths: list[Path] = []
    size = (size_px if width_px is None else width_px, size_px)
    with (
        _render_settings(scene, size, samples),
        _studio(scene, picked, frames, size) as studio,
    ):
        for frame in frames:
            scene.frame_set(frame)
            studio.follow(frame)
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


@dataclass(frozen=True)
class _Studio:
    """Moves a camera and lamps that were made for the pictures along with the face."""

    made: list[bpy.types.Object]
    places: list[Matrix]
    view: FaceView

    def follow(self, frame: int) -> None:
        """Put them before the face as it is at a frame."""
        for obj, place in zip(self.made, self.places, strict=True):
            obj.matrix_world = Matrix.Translation(self.view.middles[frame].tolist()) @ place


@contextmanager
def _studio(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    frames: Sequence[int],
    size: tuple[int, int],
) -> Iterator[_Studio]:
    """The scene's camera where it shows the face; else one, with lamps, that is deleted again."""
    view = find_face_view(scene, picked, frames)
    own = scene.camera
    if own is not None and _shows(scene, own, view, size):
        yield _Studio([], [], view)
        return
    made, places = _make_studio(view, size)
    for obj in made:
        scene.collection.objects.link(obj)
    scene.camera = made[0]
    world = None if scene.world else _grey_world()
    scene.world = world or scene.world
    try:
        yield _Studio(made, places, view)
    finally:
        scene.camera = own
        if world is not None:
            bpy.data.worlds.remove(world)
        data: list[Any] = [obj.data for obj in made]
        for obj in made:
            bpy.data.objects.remove(obj)
        bpy.data.batch_remove(data)


def _shows(scene: bpy.types.Scene, camera: Any, view: FaceView, size: tuple[int, int]) -> bool:
    """Whether a camera has the face in its picture at all frames, and not from afar."""
    graph = scene.view_layers[0].depsgraph
    arm = (INNER * view.height_m * view.up).tolist()
    for frame, middle in view.middles.items():
        scene.frame_set(frame)
        lens = camera.calc_matrix_camera(graph, x=size[0], y=size[1])
        seen = lens @ camera.matrix_world.inverted()
        place = Vector(middle.tolist())
        ends = [seen @ (place + Vector(arm) * way).to_4d() for way in (-1, 1)]
        if any(end.w <= 0 or max(abs(end.x), abs(end.y)) > end.w for end in ends):
            return False
        low, high = (Vector((end.x * size[0], end.y * size[1])) / end.w for end in ends)
        # a picture is two units high
        if (high - low).length / (2 * size[1]) < LEAST_HIGH * 2 * INNER:
            return False
    return True


def _make_studio(
    view: FaceView, size: tuple[int, int]
) -> tuple[list[bpy.types.Object], list[Matrix]]:
    """A camera and two lamps, not in the scene yet, and their places about the face's middle."""
    high, front, up = view.height_m, view.front, view.up
    camera = bpy.data.cameras.new("Face Mocap still")
    camera.lens = 85.0
    # the larger side of the picture is as wide as the sensor
    away = high * max(size) / size[1] * camera.lens / camera.sensor_width
    camera.clip_start, camera.clip_end = 0.05 * away, 100 * away
    made: list[bpy.types.Object] = [bpy.data.objects.new("Face Mocap still", camera)]
    places = [_looking(front * away, up)]
    side = np.cross(front, up)
    for name, aside, above, watts in (("key", -1.6, 1.4, 6.0), ("fill", 1.8, 0.2, 1.5)):
        light = bpy.data.lights.new(f"Face Mocap {name}", "AREA")
        light.size = 1.2 * high
        light.energy = watts * (high / 0.25) ** 2
        made.append(bpy.data.objects.new(f"Face Mocap {name}", light))
        places.append(_looking((front * 2.4 + side * aside + up * above) * high, up))
    return made, places


def _grey_world() -> bpy.types.World:
    """A plain background that also fills the shadows, for scenes without a world."""
    world = bpy.data.worlds.new("Face Mocap still")
    if world.node_tree is None:
        world.use_nodes = True
    for node in world.node_tree.nodes:
        if node.type == "BACKGROUND":
            node.inputs["Color"].default_value = (0.18, 0.2, 0.22, 1.0)
    return world


def _looking(at: np.ndarray, up: np.ndarray) -> Matrix:
    """Place of what stands at ``at`` and looks at the origin, its own up as near ``up`` as can."""
    back = at / np.linalg.norm(at)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    place = np.eye(4)
    place[:3] = np.stack([right, np.cross(back, right), back, at], axis=1)
    return Matrix(place.tolist())
