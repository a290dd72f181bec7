# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve: how well it went and where to look, and frames that are solved again."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import bpy
import numpy as np

from ..core.timebase import SceneClock
from ..props import FACEMOCAP_PG_solve, FACEMOCAP_PG_take, state_of
from .character_panel import chosen_character
from .entry_panel import text_colour
from .points_panel import PointsPart, chosen_points, draw_weights, need_chosen_points
from .residual_picture import TILES, residual_tiles
from .sentences import width_of

#: As many controls at their limits are listed.
MOST_HELD = 8
#: Width of a unit of Blender's interface in pixels at scale 1.
_UNIT_PX = 20.0


class _SolvedPart(PointsPart):
    """A panel that is there only with a solved take."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a solved take and a character."""
        item = chosen_points(context)
        there = item is not None and item.solve.is_solved
        return there and chosen_character(context) is not None


class FACEMOCAP_PT_solve_result(_SolvedPart, bpy.types.Panel):
    """How well the points were solved."""

    bl_idname = "FACEMOCAP_PT_solve_result"
    bl_label = "Where to Look"
    bl_order = 2

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the curve, the worst moments, and the heat map's buttons."""
        item = need_chosen_points(context)
        self.draw_curve(context, item)
        self.draw_moments(context, item)
        self.draw_heat(context)

    def draw_curve(self, context: bpy.types.Context, item: FACEMOCAP_PG_take) -> None:
        """Draw how far points are off over the take."""
        layout = self.layout
        solve = item.solve
        at = playhead(context, item)
        icons = residual_tiles(_numbers(solve.curve), at, text_colour(context))
        if not icons:
            return
        head = layout.row()
        head.label(text=f"Off over the take, up to {solve.highest_mm:.1f} mm")
        row = layout.row(align=True)
        scale = max(width_of(context) / _UNIT_PX / TILES, 1.0)
        for icon in icons:
            row.template_icon(icon_value=icon, scale=scale)

    def draw_moments(self, context: bpy.types.Context, item: FACEMOCAP_PG_take) -> None:
        """Draw a button for each of the worst moments, in their order in the take."""
        moments = sorted(item.solve.moments, key=lambda moment: moment.at_s)
        if not moments:
            return
        start = applied_start(context, item)
        grid = self.layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for moment in moments:
            where = f"{moment.at_s:.2f} s"
            if start is not None:
                where = f"Frame {round(frame_at(context, start, moment.at_s))}"
            text = f"{where}: {moment.off_mm:.1f} mm"
            grid.operator("facemocap.go_to_moment", text=text).at_s = moment.at_s

    def draw_heat(self, context: bpy.types.Context) -> None:
        """Draw what paints the distances on the face."""
        layout = self.layout
        points = state_of(context.scene).points
        column = layout.column(align=True)
        column.label(text="Heat map on the face:")
        row = column.row(align=True)
        row.operator("facemocap.show_heat_map", text="This Frame", icon="COLOR").span = "FRAME"
        row.operator("facemocap.show_heat_map", text="Whole Take").span = "TAKE"
        row = column.row(align=True)
        row.prop(points, "heat_full_mm", text="Full Colour (mm)")
        row.operator("facemocap.clear_heat_map", text="", icon="X")


class FACEMOCAP_PT_solve_limits(_SolvedPart, bpy.types.Panel):
    """Controls that the points would take farther than they go."""

    bl_idname = "FACEMOCAP_PT_solve_limits"
    bl_label = "At Their Limits"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 3

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where controls are held."""
        return super().poll(context) and bool(need_chosen_points(context).solve.held)

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw how many there are beside the title."""
        self.layout.label(text=str(len(need_chosen_points(context).solve.held)))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the controls and the part of the frames in which they are held."""
        layout = self.layout
        solve: FACEMOCAP_PG_solve = need_chosen_points(context).solve
        column = layout.column(align=True)
        for held in solve.held[:MOST_HELD]:
            split = column.split(factor=0.62)
            split.label(text=held.name)
            split.progress(factor=min(max(held.share, 0.0), 1.0), text=f"{held.share:.0%}")
        more = len(solve.held) - MOST_HELD
        if more > 0:
            column.label(text=f"and {more} more")


class FACEMOCAP_PT_refine(_SolvedPart, bpy.types.Panel):
    """Frames that are solved again with other weights."""

    bl_idname = "FACEMOCAP_PT_refine"
    bl_label = "Refine Here"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 4

    def draw(self, context: bpy.types.Context) -> None:
        """Draw range, weights and the button."""
        layout = self.layout
        scene = context.scene
        points = state_of(scene).points
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(points, "refine_range")
        if points.refine_range == "FRAMES":
            column = layout.column(align=True)
            column.prop(points, "refine_start")
            column.prop(points, "refine_end")
        elif points.refine_range == "PREVIEW" and scene.use_preview_range:
            column = layout.column(align=True)
            column.prop(scene, "frame_preview_start", text="First")
            column.prop(scene, "frame_preview_end", text="Last")
        draw_weights(layout, points.refine_weights)
        layout.operator("facemocap.refine_solve", icon="PREVIEW_RANGE")


def applied_start(context: bpy.types.Context, item: FACEMOCAP_PG_take) -> float | None:
    """Frame of the take's first sample on the chosen character; None if it does not play there."""
    character = chosen_character(context)
    if character is None or character.applied != item.name:
        return None
    state = state_of(context.scene)
    trimmed_s = state.trim_start_s if state.use_trim else 0.0
    return character.applied_start - trimmed_s * _clock(context).rate_hz


def frame_at(context: bpy.types.Context, start: float, at_s: float) -> float:
    """The scene's frame of a time of the take."""
    return float(_clock(context).frames(np.array(at_s), start))


def playhead(context: bpy.types.Context, item: FACEMOCAP_PG_take) -> float | None:
    """How far through the take the playhead is, 0 to 1; None if it is beside it."""
    start = applied_start(context, item)
    if start is None or item.duration_s <= 0:
        return None
    at_s = float(_clock(context).seconds(np.array(context.scene.frame_current), start))
    return at_s / item.duration_s if 0 <= at_s <= item.duration_s else None


def _clock(context: bpy.types.Context) -> SceneClock:
    render: Any = context.scene.render
    return SceneClock(float(render.fps), float(render.fps_base))


@lru_cache(maxsize=4)
def _numbers(curve: str) -> tuple[float, ...]:
    """Millimetres of a stored curve; nothing of what is damaged."""
    try:
        return tuple(0.01 * float(each) for each in json.loads(curve))
    except (ValueError, TypeError):
        return ()


CLASSES = (
    FACEMOCAP_PT_solve_result,
    FACEMOCAP_PT_solve_limits,
    FACEMOCAP_PT_refine,
)
