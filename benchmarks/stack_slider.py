# SPDX-License-Identifier: GPL-3.0-or-later
"""Dragging sliders of the stack in the panel: from the property to the keys of the character.

Promised: 50 ms for the last step's slider and 200 ms for the first one's, on a minute of 60 fps
with 52 channels on a character with as many shape keys. As in a window: what lasts is run around
the playhead while the slider is dragged, and in earnest when it rests.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy as blender

import facemocap_addon
from facemocap_addon.core.take import Take
from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.ops import stack_following
from facemocap_addon.props import StackEdits

from . import Measurement
from .stack import MINUTE_S, noisy_take

#: What an add-on registers is not in bpy's stubs.
bpy: Any = blender

DRAGS = 11
#: Steps from top to bottom; what a person would put around repair and denoising.
KINDS = ("despike", "gap_fill", "denoise", "neutral", "dead_zone", "range")
#: Sliders that are dragged: step, parameter, from, to; whether it is the last step.
SLIDERS = (
    (5, "gain", 0.8, 1.2, 0.050),
    (4, "width", 0.01, 0.05, None),
    (2, "strength", 0.5, 2.0, None),
    (0, "sensitivity", 0.8, 1.5, 0.200),
)


def measure() -> list[Measurement]:
    """Median seconds of one step of the mouse."""
    take = noisy_take(MINUTE_S)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        StackEdits.leave(stack_following.edited)
        StackEdits.follow(stack_following.dragged)
        item = _ready(take)
        bpy.context.scene.frame_set(1800)
        note = f"{take.samples} samples, {len(KINDS)} steps"
        rows: list[Measurement] = []
        for at, name, low, high, most in SLIDERS:
            item.stack.active = at
            group = getattr(item.stack.params, KINDS[at])
            seconds = _drag(lambda v, g=group, n=name: setattr(g, n, v), low, high)
            which = f"step {at + 1} of {len(KINDS)}, {KINDS[at]}: {name}"
            rows.append(Measurement(which, seconds, most_seconds=most, note=note))
            began = time.perf_counter()
            stack_following.finish()
            if not at:
                rows.append(Measurement("all steps in earnest", time.perf_counter() - began))
        seconds = _drag(lambda v: setattr(item.stack.rows[5], "influence", v), 0.2, 0.9)
        rows.append(Measurement("last step's influence", seconds, most_seconds=0.050))
        return rows
    finally:
        StackEdits.leave(stack_following.dragged)
        StackEdits.follow(stack_following.edited)
        facemocap_addon.unregister()


def _ready(take: Take) -> Any:
    """A character with 52 shape keys that plays the take through all steps."""
    scene = bpy.context.scene
    scene.render.fps = 60
    mesh = bpy.data.meshes.new("face")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    face = bpy.data.objects.new("face", mesh)
    scene.collection.objects.link(face)
    face.shape_key_add(name="Basis")
    for name in take.names:
        face.shape_key_add(name=name).data[0].co.z = 1.0
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as folder:
        path = Path(folder) / "minute.take.npz"
        write_take_file(take, path)
        bpy.ops.facemocap.import_take(filepath=str(path))
    state = scene.facemocap
    if not len(state.characters):
        face.select_set(True)
        bpy.context.view_layer.objects.active = face
        bpy.ops.facemocap.pick_character()
    bpy.ops.facemocap.apply_take()
    for kind in KINDS:
        item = state.characters[0]
        item.stack.active = max(len(item.stack.rows) - 1, 0)
        bpy.ops.facemocap.add_step(kind=kind)
    return state.characters[0]


def _drag(move: Callable[[float], None], low: float, high: float) -> float:
    """Median seconds for each place of the slider."""
    taken: list[float] = []
    for number in range(DRAGS):
        value = low + (high - low) * (number + 0.5) / DRAGS
        began = time.perf_counter()
        move(value)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
