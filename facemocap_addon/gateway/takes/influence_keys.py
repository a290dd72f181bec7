# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of a step's influence: an F-curve of the scene, read as seconds of the take and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np

from ...core.curves import INTERPOLATION, KEY_TYPE, Curve
from ...core.timebase import SceneClock
from ..writing.keys import find_channelbag, read_keys, slot_channelbag, write_curves

Keys = tuple[tuple[float, float], ...]


def read_influence(
    scene: bpy.types.Scene, path: str, clock: SceneClock, zero_frame: float
) -> Keys | None:
    """The keys of an influence as (seconds, value); None where it has none.

    Lines between keys stay what they are; any other curve is read on every frame.

    Parameters
    ----------
    scene : bpy.types.Scene
    path : str
        Of the property, from the scene.
    clock : SceneClock
    zero_frame : float
        Scene frame on which the take's first sample falls.
    """
    fcurve = _find(scene, path)
    if fcurve is None or not len(fcurve.keyframe_points):
        return None
    keys = read_keys(fcurve)
    frames = keys["frame"].astype(np.float64)
    if (keys["interpolation"][:-1] == INTERPOLATION["LINEAR"]).all() and not fcurve.modifiers:
        values = keys["value"].astype(np.float64)
    else:
        whole = np.arange(np.ceil(frames[0]), np.floor(frames[-1]) + 1.0)
        frames = np.unique(np.concatenate([frames, whole]))
        values = np.array([fcurve.evaluate(frame) for frame in frames.tolist()])
    seconds = clock.seconds(frames, zero_frame)
    values = np.clip(values, 0.0, 1.0)
    return tuple(
        (float(f"{s:.9g}"), float(f"{v:.7g}"))
        for s, v in zip(seconds.tolist(), values.tolist(), strict=True)
    )


def write_influence(
    scene: bpy.types.Scene, path: str, keys: Keys, clock: SceneClock, zero_frame: float
) -> None:
    """Key an influence; where it has just these keys, nothing is changed."""
    if read_influence(scene, path, clock, zero_frame) == keys:
        return
    data: Any = scene.animation_data or scene.animation_data_create()
    if data.action is None:
        data.action = bpy.data.actions.new(f"{scene.name} stack")
    if data.action_slot is None:
        data.action_slot = data.action.slots.new("SCENE", scene.name)
    seconds, values = np.array(keys).T
    frames = clock.frames(seconds, zero_frame)
    curve = Curve(
        path,
        0,
        frames.astype(np.float32),
        values.astype(np.float32),
        key_type=KEY_TYPE["KEYFRAME"],
        group="Face Mocap",
    )
    bag = slot_channelbag(data.action, data.action_slot)
    others = {(f.data_path, f.array_index) for f in bag.fcurves if f.data_path != path}
    write_curves(bag, [curve], others)


def move_influences(scene: bpy.types.Scene, paths: Mapping[str, str | None]) -> None:
    """Steps changed places: their keys go along; None for those that are gone."""
    found = {path: fcurve for path in paths if (fcurve := _find(scene, path)) is not None}
    bag = _bag(scene)
    for path, fcurve in found.items():
        new = paths[path]
        if new is not None:
            fcurve.data_path = new
        elif bag is not None:
            bag.fcurves.remove(fcurve)


def _bag(scene: bpy.types.Scene) -> bpy.types.ActionChannelbag | None:
    data: Any = scene.animation_data
    return find_channelbag(data.action, data.action_slot) if data and data.action else None


def _find(scene: bpy.types.Scene, path: str) -> bpy.types.FCurve | None:
    bag = _bag(scene)
    if bag is None:
        return None
    return next((f for f in bag.fcurves if f.data_path == path), None)
