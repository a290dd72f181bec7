# SPDX-License-Identifier: GPL-3.0-or-later
"""A face with a few shape keys that plays a short take, for tests of the stack in the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.take import make_take
from facemocap_addon.core.take_file import write_take_file

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

SHAPES = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "browInnerUp")
KINDS_WITH_SLIDERS = kinds()


def ready_face(folder: Path, *, apply: bool = True, noise: float = 0.0) -> Any:
    """The panel's character, in a scene of 30 frames a second; the take has 60."""
    scene = bpy.context.scene
    scene.render.fps = 30
    make_face("face")
    path = folder / "waves.take.npz"
    write_take_file(make_waves(noise), path)
    bpy.ops.facemocap.import_take(filepath=str(path))
    if apply:
        bpy.ops.facemocap.apply_take()
    return scene.facemocap.characters[0]


def make_face(name: str) -> Any:
    """A mesh whose shape keys have the names of channels."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    face = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(face)
    face.shape_key_add(name="Basis")
    for shape in SHAPES:
        face.shape_key_add(name=shape, from_mix=False).data[0].co.z += 0.1
    return face


def make_waves(noise: float) -> Any:
    """Two seconds in which every shape moves in its own way, with noise of a deviation."""
    rng = np.random.default_rng(2)
    times = np.arange(121) / 60.0
    schema = arkit_schema()
    columns = [
        0.45 + 0.4 * np.sin(2 * np.pi * (0.5 + 0.2 * n) * times + n) for n in range(len(SHAPES))
    ]
    columns = [column + rng.normal(0.0, noise, len(times)) for column in columns]
    channels = [schema[shape] for shape in SHAPES]
    return make_take(times, channels, np.stack(columns, axis=1), rate=60, name="waves.csv")


def keys(name: str = "face") -> bytes:
    """Coordinates of all keys that play on a face."""
    data = bpy.data.objects[name].data.shape_keys.animation_data
    if data is None or data.action is None:
        return b""
    out: list[bytes] = []
    for layer in data.action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(data.action_slot)
            for fcurve in bag.fcurves if bag else ():
                co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
                fcurve.keyframe_points.foreach_get("co", co)
                out.append(fcurve.data_path.encode() + co.tobytes())
    return b"".join(out)
