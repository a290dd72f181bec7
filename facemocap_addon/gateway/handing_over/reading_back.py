# SPDX-License-Identifier: GPL-3.0-or-later
"""Exported scenes read back: by our own readers where we have them, else by Blender's importers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bpy
import numpy as np

from ...core.files import read_file
from ...core.handing_over.comparison import Precision, ReadBack, compare_bones, compare_values
from ...core.handing_over.fbx_curves import TICKS_PER_SECOND, fbx_keys
from ...core.handing_over.gltf_weights import gltf_keys
from ...core.handing_over.motion import KeyedValues, Motion, Shape
from ..scenes import scene_clock
from ..writing.keys import find_channelbag
from .exporters import call_importer
from .gltf import multiplied_clock
from .looking import deforms, read_pose
from .throwaway import only_for_now

FBX, GLTF, USD = "fbx", "gltf", "usd"
_NUMBER = re.compile(r"\.\d{3,}$")
_STRANGE = re.compile(r"\W")
#: Part by which a float32 may be off.
_FLOAT32 = 2.0**-23
#: What half floats leave of bones below others that are stretched.
_HALF_DEG, _HALF_MM = 0.06, 0.06
_NOTHING: Mapping[Shape, Shape] = MappingProxyType({})


def read_back(
    path: Path,
    kind: str,
    motion: Motion,
    scene: bpy.types.Scene,
    renamed: Mapping[Shape, Shape] = _NOTHING,
) -> ReadBack:
    """Compare an exported file with what it was to hold; the open file stays as it was.

    Values and times of FBX and glTF are read by our own readers, bones and all of USD by Blender's
    importers.

    Parameters
    ----------
    path : Path
    kind : str
        ``fbx``, ``gltf`` or ``usd``.
    motion : Motion
    scene : Scene
        Its rate is the file's.
    renamed : dict of (mesh, shape) to (mesh, shape)
        What shapes of another name are called in the file.

    Raises
    ------
    FacemocapError
        When the file cannot be read.
    """
    shapes = {renamed.get(shape, shape): values for shape, values in motion.shapes.items()}
    motion = replace(motion, shapes=shapes)
    with _imported(path, kind, motion, scene) as stage:
        if kind == FBX:
            values, seconds = fbx_keys(read_file(path), path.name)
        elif kind == GLTF:
            values, seconds = gltf_keys(path)
        else:
            values, seconds = _imported_keys(stage, motion)
        bones = compare_bones(motion, _imported_bones(stage, motion))
    read = compare_values(motion, values, precision_of(kind, motion), seconds)
    missing = (*read.missing, *bones.pop("missing"))
    return replace(read, missing=missing, **bones)


def precision_of(kind: str, motion: Motion) -> Precision:
    """What a format can hold of a motion."""
    latest = float(np.abs(motion.seconds).max(initial=0.0))
    if kind == FBX:
        # values are float32, times whole ticks, cut and not rounded
        return Precision(_FLOAT32, 1.0 / TICKS_PER_SECOND + latest * 2.0**-52)
    if kind == GLTF:
        return Precision(_FLOAT32, float(np.spacing(np.float32(latest))))
    # times are frames in double precision; Blender's curves have them as float32
    frames = float(np.abs(motion.frames).max(initial=0.0))
    time_s = float(np.spacing(np.float32(frames))) / motion.rate_hz
    # sizes of bones are half floats there
    return Precision(_FLOAT32, time_s, turn_deg=_HALF_DEG, place_mm=_HALF_MM)


@contextmanager
def _imported(
    path: Path, kind: str, motion: Motion, scene: bpy.types.Scene
) -> Iterator[bpy.types.Scene]:
    """A scene that shows what the file holds; it is gone when the block ends."""
    with only_for_now():
        stage = bpy.data.scenes.new("Face Mocap reading back")
        clock = scene_clock(scene)
        stage.render.fps, stage.render.fps_base = int(clock.fps), clock.fps_base
        if kind == FBX:
            call_importer("", bpy.ops.wm.fbx_import, stage, path, {"anim_offset": 0.0})
        elif kind == GLTF:
            # Blender's importer multiplies by fps_base where Blender itself divides
            stage.render.fps, stage.render.fps_base = multiplied_clock(motion.rate_hz)
            importer = bpy.ops.import_scene.gltf
            call_importer("io_scene_gltf2", importer, stage, path, {}, in_window=True)
        else:
            call_importer("", bpy.ops.wm.usd_import, stage, path, {"set_frame_range": False})
        stage.view_layers[0].update()
        yield stage


def _imported_bones(stage: bpy.types.Scene, motion: Motion) -> dict[str, np.ndarray]:
    """What the bones of an imported scene make of what was at rest, under their own names."""
    rigs = [obj for obj in stage.objects if obj.type == "ARMATURE"]
    if not (rigs and motion.bones):
        return {}
    rig: Any = max(rigs, key=lambda obj: len(obj.data.bones))
    layer = stage.view_layers[0]
    world: list[np.ndarray] = []
    poses: list[np.ndarray] = []
    for frame in motion.frames.tolist():
        stage.frame_set(int(frame))
        moved: Any = rig.evaluated_get(layer.depsgraph)
        world.append(np.array(moved.matrix_world))
        poses.append(read_pose(moved))
    table = np.stack(poses)
    own = {bone.name: table[:, place] for place, bone in enumerate(rig.pose.bones)}
    found, _ = deforms(rig, np.stack(world), own)
    # bones keep their numbers, only letters may be others
    names = {_STRANGE.sub("_", name): name for name in motion.bones}
    return {
        name if name in motion.bones else names.get(name, name): moved
        for name, moved in found.items()
    }


def _imported_keys(
    stage: bpy.types.Scene, motion: Motion
) -> tuple[dict[Shape, KeyedValues], np.ndarray]:
    """Keys of the shapes of an imported scene, and the times of all keys."""
    rate_hz = scene_clock(stage).rate_hz
    meshes = _by_plain_name(mesh for mesh, _ in motion.shapes)
    shapes = {_STRANGE.sub("_", name): name for _, name in motion.shapes}
    found: dict[Shape, KeyedValues] = {}
    every = [np.zeros(0)]
    for obj in stage.objects:
        every += [_keys(fcurve)[0] / rate_hz for fcurve in _curves(obj).values()]
        blocks: Any = obj.data.shape_keys if obj.type == "MESH" else None
        curves = _curves(blocks) if blocks is not None else {}
        mesh = meshes.get(_plain(obj.name), obj.name)
        for block in blocks.key_blocks if blocks is not None else ():
            path = f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].value'
            plain = str(block.name)
            name = shapes.get(_STRANGE.sub("_", plain), plain)
            if path not in curves:
                found[mesh, name] = KeyedValues(np.zeros(0), np.array([block.value]))
                continue
            frames, numbers = _keys(curves[path])
            found[mesh, name] = KeyedValues(frames / rate_hz, numbers)
            every.append(frames / rate_hz)
    return found, np.unique(np.concatenate(every))


def _curves(datablock: bpy.types.ID) -> dict[str, bpy.types.FCurve]:
    """F-curves of what plays on a datablock, by path."""
    data = datablock.animation_data
    bag = find_channelbag(data.action, data.action_slot) if data and data.action else None
    return {fcurve.data_path: fcurve for fcurve in bag.fcurves} if bag is not None else {}


def _keys(fcurve: bpy.types.FCurve) -> tuple[np.ndarray, np.ndarray]:
    """Frames and values ``(k,)``."""
    places = np.empty(len(fcurve.keyframe_points) * 2, np.float32)
    fcurve.keyframe_points.foreach_get("co", places)
    return places[::2].astype(np.float64), places[1::2].astype(np.float64)


def _by_plain_name(names: Iterable[str]) -> dict[str, str]:
    return {_plain(name): name for name in names}


def _plain(name: str) -> str:
    """An object's name without the number that Blender adds, in letters that every format takes."""
    return _STRANGE.sub("_", _NUMBER.sub("", name))
