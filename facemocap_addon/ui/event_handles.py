# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles of events in the Timeline, the Dope Sheet and the Graph Editor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from ..core.arrays import FloatArray
from ..core.events.listing.handles import APEX, HALF_PX, Handle, row_share
from ..props import handles_in, state_of
from .character_panel import chosen_character
from .eye_strip import EYES

Colour = tuple[float, float, float]
#: Of blinks of both eyes, of the left and of the right one; of darts, contacts and transitions.
BLINKS: tuple[Colour, ...] = ((0.95, 0.78, 0.30), EYES["L"], EYES["R"])
OTHERS: tuple[Colour, ...] = ((0.45, 0.85, 0.55), (0.90, 0.50, 0.78), (0.70, 0.66, 0.95))
#: What is chosen.
_CHOSEN: Colour = (1.0, 1.0, 1.0)
#: Half the width of a handle and of an edge, pixels; how strongly they and the line below show.
_APEX_PX, _EDGE_PX, _LINE_PX = 3.5, 1.0, 0.5
_STRONG, _EDGE, _LINE = 0.95, 0.8, 0.22


class _Handlers:
    """The draw handlers, while there are some: the kind of space and the handle."""

    held: list[tuple[Any, Any]] = []


def show_event_handles(present: Callable[[], bpy.types.Context]) -> None:
    """Draw handles from now on; ``present`` gives the context of each drawing."""
    if _Handlers.held:
        return
    for space in (bpy.types.SpaceDopeSheetEditor, bpy.types.SpaceGraphEditor):
        added = space.draw_handler_add(
            lambda: draw_event_handles(present()), (), "WINDOW", "POST_PIXEL"
        )
        _Handlers.held.append((space, added))


def hide_event_handles() -> None:
    """Draw them no longer."""
    while _Handlers.held:
        space, added = _Handlers.held.pop()
        space.draw_handler_remove(added, "WINDOW")


def draw_event_handles(context: Any) -> None:
    """Draw the handles of the chosen character's events."""
    scene, region = context.scene, context.region
    if scene is None or region is None or not state_of(scene).characters:
        return
    item = chosen_character(context)
    if item is None or not item.applied:
        return
    scale = context.preferences.system.ui_scale
    handles = handles_in(item, region, scale)
    if handles:
        colours = [colour_of(item, handle) for handle in handles]
        _draw(handles, colours, scale, row_share(region.height, scale))


def colour_of(item: Any, handle: Handle) -> Colour:
    """The colour of a handle: that of its side, or of its kind; white where it is selected."""
    row = item.events.rows[handle.number]
    if row.selected:
        return _CHOSEN
    return BLINKS[min(row.side, 2)] if row.kind == 0 else OTHERS[min(row.kind - 1, 2)]


def quads(
    handles: Sequence[Handle], colours: Sequence[Colour], scale: float, share: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Corners ``(6 q, 2)`` of two triangles for each rectangle, and their colours ``(6 q, 4)``.

    ``share`` is how high handles are, as a part of the usual (`row_share`).
    """
    boxes: list[tuple[float, float, float, float]] = []
    tints: list[tuple[float, float, float, float]] = []
    for handle, colour in zip(handles, colours, strict=True):
        half = HALF_PX * scale * share
        is_apex = handle.part == APEX
        wide = (_APEX_PX if is_apex else _EDGE_PX) * scale
        x, y = handle.x, handle.y
        if is_apex:
            boxes.append((x - _LINE_PX * scale, 0.0, x + _LINE_PX * scale, y - half))
            tints.append((*colour, _LINE))
        boxes.append((x - wide, y - half, x + wide, y + half))
        tints.append((*colour, _STRONG if is_apex else _EDGE))
    box = np.array(boxes, np.float32)
    corners = box[:, [0, 1, 2, 1, 2, 3, 0, 1, 2, 3, 0, 3]].reshape(-1, 2)
    return corners, np.repeat(np.array(tints, np.float32), 6, axis=0)


def _draw(handles: Sequence[Handle], colours: Sequence[Colour], scale: float, share: float) -> None:
    corners, tints = quads(handles, colours, scale, share)
    shader = gpu.shader.from_builtin("FLAT_COLOR")
    flat: Any = {"pos": np.pad(corners, ((0, 0), (0, 1))), "color": tints}
    batch = batch_for_shader(shader, "TRIS", flat)
    gpu.state.blend_set("ALPHA")
    shader.bind()
    batch.draw(shader)
    gpu.state.blend_set("NONE")
