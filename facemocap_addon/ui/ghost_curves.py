# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw take's curves in the Graph Editor, faint, below those that play.

Blender's own ghost curves are taken of what is seen at one moment and stay as they are; these
belong to the performance, follow the channels that are shown, and go with undo and another file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..core.arrays import FloatArray
from ..props import Ghosts, state_of

#: Colour of raw curves: light, and seen through.
COLOUR = (1.0, 1.0, 1.0, 0.35)
#: No more curves than these are drawn: of many nobody sees one.
MOST_CURVES = 200
#: Curves of rotations are shown in degrees.
_TURNS = ("rotation_euler", "delta_rotation_euler")


class _Handler:
    """The draw handler, while there is one."""

    held: Any = None


def show_ghost_curves(present: Callable[[], bpy.types.Context]) -> None:
    """Draw raw curves from now on; ``present`` gives the context of each drawing."""
    if _Handler.held is None:
        _Handler.held = bpy.types.SpaceGraphEditor.draw_handler_add(
            lambda: draw_ghosts(present()), (), "WINDOW", "POST_PIXEL"
        )


def hide_ghost_curves() -> None:
    """Draw them no longer."""
    if _Handler.held is not None:
        bpy.types.SpaceGraphEditor.draw_handler_remove(_Handler.held, "WINDOW")
        _Handler.held = None


def draw_ghosts(context: Any) -> None:
    """Draw the raw curve of each F-curve that is shown."""
    scene, space = context.scene, context.space_data
    # drivers and normalised views have other axes
    if scene is None or space is None or space.mode != "FCURVES" or space.use_normalization:
        return
    if not state_of(scene).show_ghosts:
        return
    region = context.region
    lines = [
        in_region(frames, values * scale, region)
        for frames, values, scale in shown_ghosts(context.visible_fcurves or ())
    ]
    _draw_lines([line for line in lines if len(line) > 1])


def shown_ghosts(fcurves: Any) -> Iterator[tuple[FloatArray, FloatArray, float]]:
    """Frames, values and the factor of what the editor shows, for F-curves that have a ghost."""
    slots: dict[int, int] = {}
    seen: set[int] = set()
    for number, fcurve in enumerate(fcurves):
        if number >= MOST_CURVES:
            return
        action = fcurve.id_data
        if action.as_pointer() not in seen:
            seen.add(action.as_pointer())
            slots |= _slots_of(action)
        place = fcurve.data_path, fcurve.array_index
        line = Ghosts.of_slot(action.name, slots.get(fcurve.as_pointer(), 0)).get(place)
        if line is not None:
            turns = fcurve.data_path.rpartition(".")[2] in _TURNS
            yield line[0], line[1], 180.0 / math.pi if turns else 1.0


def _slots_of(action: Any) -> dict[int, int]:
    """Handle of the slot of each F-curve of an Action, by the F-curve's address."""
    return {
        fcurve.as_pointer(): bag.slot_handle
        for layer in action.layers
        for strip in layer.strips
        if strip.type == "KEYFRAME"
        for bag in strip.channelbags
        for fcurve in bag.fcurves
    }


def in_region(frames: FloatArray, values: FloatArray, region: Any) -> FloatArray:
    """Pixels ``(m, 2)`` of a curve, cut to what is seen and one key beyond."""
    view = region.view2d
    left, bottom = view.region_to_view(0, 0)
    right, top = view.region_to_view(region.width, region.height)
    first = max(int(np.searchsorted(frames, left)) - 1, 0)
    last = int(np.searchsorted(frames, right, "right")) + 1
    seen = slice(first, last)
    x = (frames[seen] - left) / max(right - left, 1e-9) * region.width
    y = (values[seen] - bottom) / max(top - bottom, 1e-9) * region.height
    return np.stack([x, y], axis=1).astype(np.float32)


def _draw_lines(lines: list[FloatArray]) -> None:
    if not lines:
        return
    # each line as pairs of points, so that one call draws them all
    points = np.concatenate([np.repeat(line, 2, axis=0)[1:-1] for line in lines])
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    flat: Any = {"pos": np.pad(points, ((0, 0), (0, 1)))}
    batch = batch_for_shader(shader, "LINES", flat)
    gpu.state.blend_set("ALPHA")
    shader.bind()
    viewport = gpu.state.viewport_get()
    shader.uniform_float("viewportSize", viewport[2:])
    shader.uniform_float("lineWidth", 1.5)
    shader.uniform_float("color", COLOUR)
    batch.draw(shader)
    gpu.state.blend_set("NONE")
