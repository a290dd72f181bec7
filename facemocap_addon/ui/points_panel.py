# SPDX-License-Identifier: GPL-3.0-or-later
"""Points: markers and landmarks onto the character's own controls, and how that is done."""

from __future__ import annotations

from typing import Any

import bpy

from ..props import (
    EMPHASIS,
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_take,
    FACEMOCAP_PG_weights,
    Work,
    state_of,
)
from .character_panel import chosen_character
from .sentences import draw_fact, draw_sentences
from .take_panel import SidebarPanel


def chosen_points(context: bpy.types.Context) -> FACEMOCAP_PG_take | None:
    """The chosen take, if it has points or was solved from points."""
    state = state_of(context.scene)
    if not state.takes:
        return None
    item = state.takes[min(state.active_take, len(state.takes) - 1)]
    return item if item.point_count or item.solve.is_solved else None


def need_chosen_points(context: bpy.types.Context) -> FACEMOCAP_PG_take:
    """The chosen take of points; polls made sure that there is one."""
    item = chosen_points(context)
    assert item is not None, "the panel's poll"
    return item


class PointsPart(SidebarPanel):
    """A panel that is there only with a take of points and a character."""

    bl_parent_id = "FACEMOCAP_PT_points"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a take of points and a character."""
        return chosen_points(context) is not None and chosen_character(context) is not None


class FACEMOCAP_PT_points(SidebarPanel, bpy.types.Panel):
    """The chosen take's points onto the characters."""

    bl_idname = "FACEMOCAP_PT_points"
    bl_label = "Points"
    # after Character, before Apply: the order of registration decides
    bl_order = 1

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a take of points."""
        return chosen_points(context) is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the button, and what it made of the take."""
        layout = self.layout
        item = need_chosen_points(context)
        state = state_of(context.scene)
        progress = Work.progress()
        if progress is not None:
            layout.progress(factor=min(max(progress.done, 0.0), 1.0), text=progress.what)
        picked = [each for each in state.characters if each.is_picked]
        row = layout.row()
        row.scale_y = 1.3
        row.operator("facemocap.solve_points", text=_words(item, picked), icon="CON_FOLLOWTRACK")
        if not item.solve.is_solved:
            text = f"{item.point_count} points: solve them, then apply what was found."
            draw_sentences(layout, context, text)
            return
        solve = item.solve
        column = layout.column(align=True)
        column.scale_y = 0.85
        draw_fact(column, "Solved On", solve.character)
        draw_fact(column, "Explained", f"{max(solve.explained, 0.0):.0%} of the motion")
        draw_fact(column, "Off", f"{solve.mean_mm:.2f} mm")
        draw_fact(column, "Face at Rest", f"{solve.nothing_mm:.2f} mm off")
        if solve.repairs:
            draw_fact(column, "Repairs", str(solve.repairs))
        if solve.refined:
            draw_fact(column, "Refined", f"{solve.refined} parts")
        character = chosen_character(context)
        if character is not None and character.name != solve.character:
            text = f"Solve for {character.name} too: here it plays by its coefficients."
            draw_sentences(layout, context, text)


class FACEMOCAP_PT_solve_settings(PointsPart, bpy.types.Panel):
    """How points are solved."""

    bl_idname = "FACEMOCAP_PT_solve_settings"
    bl_label = "Solve Settings"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 0

    def draw(self, context: bpy.types.Context) -> None:
        """Draw neutral face, switches and weights."""
        layout = self.layout
        points = state_of(context.scene).points
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.row().prop(points, "neutral_mode", expand=True)
        if points.neutral_mode == "MARKED":
            layout.prop(points, "neutral_s")
        layout.operator("facemocap.mark_neutral", icon="TIME")
        column = layout.column(heading="Points")
        column.prop(points, "use_repair")
        column = layout.column(heading="Motion")
        column.prop(points, "fit_range")
        column.prop(points, "adjust_head")
        draw_weights(layout, points.weights)


def draw_weights(layout: Any, weights: FACEMOCAP_PG_weights) -> None:
    """Draw how closely the points are followed, and what counts more."""
    column = layout.column(align=True)
    column.prop(weights, "smoothness")
    column.prop(weights, "sparsity")
    column = layout.column(align=True)
    # names within the fields: beside them they would be cut off
    column.use_property_split = False
    column.label(text="Emphasis")
    for name in EMPHASIS:
        column.prop(weights, name)


def _words(item: FACEMOCAP_PG_take, picked: list[FACEMOCAP_PG_character]) -> str:
    """What the button says: whom the points are solved for."""
    again = " Again" if item.solve.is_solved else ""
    if not picked:
        return f"Solve{again}" if again else "Solve Points"
    whom = picked[0].name if len(picked) == 1 else f"{len(picked)} Characters"
    return f"Solve{again} for {whom}"


CLASSES = (FACEMOCAP_PT_points, FACEMOCAP_PT_solve_settings)
