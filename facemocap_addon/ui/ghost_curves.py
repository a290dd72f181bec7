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
from ..core.normalised_view import ShownScale, shown_scale
from ..props import Ghosts, state_of

#: Colour of raw curves: light, and seen through.
COLOUR = (1.0, 1.0, 1.0, 0.35)
#: No more curves than these are drawn: of many nobody sees one.
MOST_CURVES = 200
#: Curves of rotations are shown in degrees.
_TURNS = ("rotation_euler", "delta_rotation_euler")
#: The interpolation of a key as `foreach_get` tells it.
_keyframe: Any = bpy.types.Keyframe
_BEZIER: int = _keyframe.bl_rna.properties["interpolation"].enum_items["BEZIER"].value


#: What operators are called that move keys; meanwhile a normalised view keeps its scale.
_MOVING = ("TRANSFORM_OT", "GRAPH_OT")
_NO_CURVE = ShownScale()


class _Handler:
    """The draw handler, while there is one."""

    held: Any = None


class _Scales:
    """Scales of a normalised view as they were drawn last, by the F-curve's address."""

    seen: dict[int, ShownScale] = {}
    frame: int | None = None


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
    _Scales.seen.clear()


def draw_ghosts(context: Any) -> None:
    """Draw the raw curve of each F-curve that is shown."""
    scene, space = context.scene, context.space_data
    # drivers have other axes
    if scene is None or space is None or space.mode != "FCURVES":
        return
    if not state_of(scene).show_ghosts:
        return
    region = context.region
    curves = context.visible_fcurves or ()
    if space.use_normalization:
        holds = not space.use_auto_normalization or _keeps_scale(context)
        lines = [
            in_region(frames, scale.of(values), region)
            for frames, values, scale in normalised_ghosts(curves, scene, holds=holds)
        ]
    else:
        lines = [
            in_region(frames, values * factor, region)
            for frames, values, factor in shown_ghosts(curves)
        ]
    _draw_lines([line for line in lines if len(line) > 1])


def _keeps_scale(context: Any) -> bool:
    """Whether the scales of the last drawing are still those of the view.

    Blender keeps them while keys are moved. Where only the frame has changed nobody has moved any,
    and reading the keys of many curves takes its time.
    """
    frame = context.scene.frame_current
    went, _Scales.frame = _Scales.frame not in (None, frame), frame
    window = context.window
    moves = window is not None and any(
        each.bl_idname.startswith(_MOVING) for each in window.modal_operators
    )
    return went or moves


def normalised_ghosts(
    fcurves: Any, scene: Any, *, holds: bool
) -> Iterator[tuple[FloatArray, FloatArray, ShownScale]]:
    """Frames, values and scale of ghosts in a normalised view: a ghost has its F-curve's scale.

    With ``holds`` curves that were drawn before keep their scale.
    """
    preview = None
    if scene.use_preview_range:
        preview = float(scene.frame_preview_start), float(scene.frame_preview_end)
    for fcurve, (frames, values, _factor) in _with_ghosts(fcurves):
        address = fcurve.as_pointer()
        scale = _Scales.seen.get(address) if holds else None
        if scale is None:
            scale = _Scales.seen[address] = scale_of(fcurve, preview)
        yield frames, values, scale


def scale_of(fcurve: Any, preview: tuple[float, float] | None) -> ShownScale:
    """The scale of an F-curve in a normalised view."""
    points = fcurve.keyframe_points
    count = len(points)
    keys, left, right = (np.empty(2 * count, np.float32) for _ in range(3))
    points.foreach_get("co", keys)
    kinds = np.empty(count, np.int32)
    points.foreach_get("interpolation", kinds)
    is_bezier = kinds == _BEZIER
    if is_bezier.any():
        points.foreach_get("handle_left", left)
        points.foreach_get("handle_right", right)
    keys, left, right = (each.reshape(-1, 2) for each in (keys, left, right))
    return shown_scale(keys, left, right, is_bezier, preview) or _NO_CURVE


def shown_ghosts(fcurves: Any) -> Iterator[tuple[FloatArray, FloatArray, float]]:
    """Frames, values and the factor of what the editor shows, for F-curves that have a ghost."""
    for _fcurve, ghost in _with_ghosts(fcurves):
        yield ghost


def _with_ghosts(fcurves: Any) -> Iterator[tuple[Any, tuple[FloatArray, FloatArray, float]]]:
    """F-curves that have a ghost, with frames, values and the factor of an ordinary view."""
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
            yield fcurve, (line[0], line[1], 180.0 / math.pi if turns else 1.0)


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
