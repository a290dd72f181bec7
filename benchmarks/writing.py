# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing 3,600 frames of 52 shape keys, against keyframe_insert and a bare foreach_set."""

from __future__ import annotations

import time

import bpy
import numpy as np

from facemocap_addon.core.curves import INTERPOLATION, KEY_TYPE, Curve
from facemocap_addon.gateway.writing.keys import slot_channelbag, write_curves

from . import Measurement, time_prepared

FRAMES, SHAPES = 3600, 52
#: keyframe_insert grows with the square of the length: it is run once.
PATHS = tuple(f'key_blocks["shape {number}"].value' for number in range(SHAPES))


def measure() -> list[Measurement]:
    """Seconds to put the same arrays into F-curves: coordinates, interpolation, key type."""
    frames = np.arange(1, FRAMES + 1, dtype=np.float32)
    values = np.random.default_rng(1).random((FRAMES, SHAPES), np.float32)
    curves = [Curve(path, 0, frames, values[:, n]) for n, path in enumerate(PATHS)]
    flat = [np.stack([frames, values[:, n]], axis=1).ravel() for n in range(SHAPES)]
    seconds = time_prepared(
        {
            "write_curves": (_empty_bag, lambda bag: write_curves(bag, curves)),
            "bare foreach_set": (_empty_bag, lambda bag: _write_bare(bag, flat)),
        }
    )
    began = time.perf_counter()
    _insert_keys(values)
    inserted = time.perf_counter() - began
    return [
        Measurement("write_curves", seconds["write_curves"], note=f"{FRAMES} x {SHAPES} keys"),
        Measurement("bare foreach_set", seconds["bare foreach_set"], at_most=1.3),
        Measurement("keyframe_insert", inserted, at_most=1 / 50, note="one run"),
    ]


def _shape_keys() -> bpy.types.Key:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    mesh = bpy.data.meshes.new("face")
    mesh.from_pydata([(0, 0, 0)], [], [])
    face = bpy.data.objects.new("face", mesh)
    bpy.context.scene.collection.objects.link(face)
    face.shape_key_add(name="Basis")
    for number in range(SHAPES):
        face.shape_key_add(name=f"shape {number}")
    assert mesh.shape_keys is not None
    return mesh.shape_keys


def _empty_bag() -> bpy.types.ActionChannelbag:
    keys = _shape_keys()
    action = bpy.data.actions.new("take")
    slot = action.slots.new("KEY", keys.name)
    data = keys.animation_data_create()
    data.action = action
    data.action_slot = slot
    return slot_channelbag(action, slot)


def _write_bare(bag: bpy.types.ActionChannelbag, flat: list[np.ndarray]) -> None:
    """The least that Blender asks for."""
    linear = np.full(FRAMES, INTERPOLATION["LINEAR"], np.int32)
    generated = np.full(FRAMES, KEY_TYPE["GENERATED"], np.int32)
    for path, co in zip(PATHS, flat, strict=True):
        fcurve = bag.fcurves.new(path)
        points = fcurve.keyframe_points
        points.add(FRAMES)
        points.foreach_set("co", co)
        points.foreach_set("interpolation", linear)
        points.foreach_set("type", generated)
        fcurve.update()


def _insert_keys(values: np.ndarray) -> None:
    keys = _shape_keys()
    blocks = list(keys.key_blocks)[1:]
    for frame in range(FRAMES):
        for block, value in zip(blocks, values[frame], strict=True):
            block.value = value
            block.keyframe_insert("value", frame=frame + 1)
