# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of points: where each marker or landmark is on the character, found or put by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..core.correspondence.placement import Placement
from ..core.correspondence.placing import ByHand
from ..core.errors import FacemocapError
from ..core.measured import Measured
from ..core.progress import Job, part_of_job
from ..core.report import Report
from ..core.take import Take
from ..gateway.characters.characters import CharacterObjects
from ..gateway.files.take_storage import load_take
from ..gateway.measuring.measuring import store_measurement
from ..gateway.points.point_places import forget_by_hand, points_by_hand, put_by_hand
from ..gateway.points.point_solving import place_on_character
from ..gateway.points.skin_picking import active_vertex
from ..gateway.points.solved_takes import kept_solve
from ..props import (
    FACEMOCAP_PG_character,
    FACEMOCAP_PG_scene,
    FACEMOCAP_PG_tracked_point,
    solve_settings,
    state_of,
)
from .jobs import JobOperator
from .panel_characters import chosen, match_character
from .panel_points import (
    chosen_picked,
    holder_of,
    is_of_points,
    measured_first,
    need_points,
    points_digest,
    show_rows,
)
from .steps import active_take, need_take, redraw_views


def listed_point(context: bpy.types.Context) -> FACEMOCAP_PG_tracked_point | None:
    """The chosen point, if the list is of the chosen take and character."""
    scene = context.scene
    state = state_of(scene)
    rows, found = state.points, chosen_picked(scene)
    if found is None or rows.rows_object != holder_of(found[1]):
        return None
    if not rows.rows_points or rows.rows_points != points_digest(state):
        return None
    return rows.rows[rows.active_row] if rows.active_row < len(rows.rows) else None


def point_refusal(context: bpy.types.Context) -> str:
    """Why a button that needs a listed point is grey; nothing if it is not."""
    if not is_of_points(active_take(state_of(context.scene))):
        return "The take has no points in space: choose one of markers or landmarks"
    if listed_point(context) is None:
        return "Find the places of the points first"
    return ""


class _PlacingOperator(JobOperator):
    """Finds the places of all points, with what a person says of some of them now."""

    needs = ("take", "character")

    def given(self, context: bpy.types.Context, picked: CharacterObjects) -> ByHand:
        """What is said of points now, beside what the character keeps."""
        return {}

    def forgotten(self, context: bpy.types.Context, picked: CharacterObjects) -> list[str]:
        """Points of which what was said before is forgotten."""
        return []

    def start(self, context: bpy.types.Context) -> Job[_Placed]:
        """Find the places."""
        scene = context.scene
        item, picked = chosen(scene)
        points = need_points(state_of(scene))
        given, forgotten = self.given(context, picked), self.forgotten(context, picked)
        return _place(scene, item, picked, points, (given, forgotten))

    def finish(self, context: bpy.types.Context, result: _Placed) -> Report:
        """Keep what was said, and list the points."""
        scene = context.scene
        item, picked = chosen(scene)
        if result.measured is not None:
            store_measurement(picked, result.measured)
            match_character(scene, item, load_take(need_take(state_of(scene)).text), complete=True)
        if result.forgotten:
            forget_by_hand(picked, result.forgotten)
        if result.given:
            put_by_hand(picked, result.given)
        show_rows(scene, picked, result.points, result.placement)
        redraw_views(context)
        placed = int(result.placement.placed.sum())
        return Report(
            summary=f"{self.told(result)}{placed} of {len(result.placement)} points are on "
            f"{item.name}",
            counts={"points": len(result.placement), "placed": placed},
            warnings=result.placement.findings,
        )

    def told(self, result: _Placed) -> str:
        """What was done, before the count of placed points."""
        return ""


@dataclass(frozen=True)
class _Placed:
    points: Take
    placement: Placement
    given: ByHand
    forgotten: list[str]
    measured: Measured | None


def _place(
    scene: bpy.types.Scene,
    item: FACEMOCAP_PG_character,
    picked: CharacterObjects,
    points: Take,
    said: tuple[ByHand, list[str]],
) -> Job[_Placed]:
    given, forgotten = said
    measured, is_new = yield from part_of_job(measured_first(item, picked, scene), 0.0, 0.6)
    state = state_of(scene)
    kept = {n: each for n, each in points_by_hand(picked).items() if n not in forgotten}
    job = place_on_character(
        picked,
        scene,
        points,
        solve_settings(state.points),
        measured=measured,
        by_hand={**kept, **given},
        like=kept_solve(load_take(need_take(state).text)),
    )
    placement = yield from part_of_job(job, 0.6, 0.4)
    return _Placed(points, placement, given, forgotten, measured if is_new else None)


class FACEMOCAP_OT_place_points(_PlacingOperator, bpy.types.Operator):
    """Find where the points of the take are on the character."""

    bl_idname = "facemocap.place_points"
    bl_label = "Find Places"
    bl_description = (
        "Find where the points of the take are on the chosen character: by their names, by the "
        "set that they belong to, by the points around them, and where you put them"
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """The take must have points."""
        if not is_of_points(active_take(state_of(context.scene))):
            return cls.refuse("The take has no points in space: choose one of markers or landmarks")
        return True


class FACEMOCAP_OT_put_point(_PlacingOperator, bpy.types.Operator):
    """Put a point on a vertex."""

    bl_idname = "facemocap.put_point"
    bl_label = "Put Point"
    bl_description = "Put a point on a vertex of the character, and find the other places anew"

    point: StringProperty(
        name="Point",
        description="Name of the point; the chosen one if empty",
        options={"SKIP_SAVE"},
    )
    mesh: StringProperty(
        name="Mesh", description="Name of the mesh that it is put on", options={"SKIP_SAVE"}
    )
    vertex: IntProperty(
        name="Vertex",
        description="Number of the vertex that it is put on",
        default=-1,
        min=-1,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a point."""
        why = point_refusal(context)
        return cls.refuse(why) if why else True

    def given(self, context: bpy.types.Context, picked: CharacterObjects) -> ByHand:
        """The vertex."""
        return {_name(context, self.point): _vertex(picked, self.mesh, self.vertex)}

    def told(self, result: _Placed) -> str:
        """Which point."""
        return f"{', '.join(result.given)} is put by hand; "


class FACEMOCAP_OT_put_on_vertex(_PlacingOperator, bpy.types.Operator):
    """Put the chosen point on the active vertex of Edit Mode."""

    bl_idname = "facemocap.put_on_vertex"
    bl_label = "Put on Active Vertex"
    bl_description = "Put the chosen point on the vertex that is active in Edit Mode"

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """A vertex of the character must be active."""
        why = point_refusal(context)
        if why:
            return cls.refuse(why)
        found = chosen_picked(context.scene)
        if found is None or active_vertex(found[1], context.edit_object) is None:
            return cls.refuse("Select one vertex of the character's face in Edit Mode first")
        return True

    def given(self, context: bpy.types.Context, picked: CharacterObjects) -> ByHand:
        """The active vertex."""
        found = active_vertex(picked, context.edit_object)
        if found is None:
            raise FacemocapError("No vertex is active", "Select one of the face in Edit Mode")
        return {_name(context, ""): found}

    def told(self, result: _Placed) -> str:
        """Which point."""
        return f"{', '.join(result.given)} is put by hand; "


class FACEMOCAP_OT_leave_out_point(_PlacingOperator, bpy.types.Operator):
    """Leave the chosen point out of the solve."""

    bl_idname = "facemocap.leave_out_point"
    bl_label = "Leave Out"
    bl_description = (
        "Leave the chosen point out of the solve: it is not of the face, or was tracked badly"
    )

    point: StringProperty(
        name="Point",
        description="Name of the point; the chosen one if empty",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a point that is not left out yet."""
        why = point_refusal(context)
        if why:
            return cls.refuse(why)
        row = listed_point(context)
        if row is not None and row.how == "LEFT_OUT":
            return cls.refuse(f"{row.name} is left out already")
        return True

    def given(self, context: bpy.types.Context, picked: CharacterObjects) -> ByHand:
        """Nowhere."""
        return {_name(context, self.point): None}

    def told(self, result: _Placed) -> str:
        """Which point."""
        return f"{', '.join(result.given)} is left out; "


class FACEMOCAP_OT_forget_point(_PlacingOperator, bpy.types.Operator):
    """Find the place of a point by itself again."""

    bl_idname = "facemocap.forget_point"
    bl_label = "Forget by Hand"
    bl_description = "Forget what you said of the chosen point, and find its place again"

    every: BoolProperty(
        name="All",
        description="Forget what you said of all points",
        default=False,
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the button under the mouse does."""
        which = "all points" if properties.every else "the chosen point"
        return f"Forget what you said of {which}, and find the place again"

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must have been said of a point."""
        why = point_refusal(context)
        if why:
            return cls.refuse(why)
        if not any(row.how in ("HAND", "LEFT_OUT") for row in _rows(context)):
            return cls.refuse("No point was put by hand or left out")
        return True

    def forgotten(self, context: bpy.types.Context, picked: CharacterObjects) -> list[str]:
        """The chosen point, or all."""
        known = points_by_hand(picked)
        names = list(known) if self.every else [_name(context, "")]
        if not any(name in known for name in names):
            raise FacemocapError(
                f'"{names[0]}" was not put by hand' if names else "No point was put by hand",
                "Choose a point with a hand or a cross in the list",
            )
        return names

    def told(self, result: _Placed) -> str:
        """Which points."""
        many = len(result.forgotten)
        return f"{result.forgotten[0] if many == 1 else f'{many} points'}: place found again; "


def _rows(context: bpy.types.Context) -> Any:
    state: FACEMOCAP_PG_scene = state_of(context.scene)
    return state.points.rows


def _name(context: bpy.types.Context, name: str) -> str:
    """The point of a name, else the chosen one.

    Raises
    ------
    FacemocapError
        When the list has none.
    """
    row = listed_point(context)
    if row is None:
        raise FacemocapError("No point is chosen", "Find the places of the points first")
    if name and name not in _rows(context):
        raise FacemocapError(f'The take has no point "{name}"', "Choose one of the list")
    return name or row.name


def _vertex(picked: CharacterObjects, mesh: str, vertex: int) -> tuple[str, int]:
    for obj in picked.meshes:
        if obj.name == mesh and 0 <= vertex < len(obj.data.vertices):
            return mesh, vertex
    raise FacemocapError(
        f'"{picked.name}" has no vertex {vertex} of a mesh "{mesh}"', "Name one of its meshes"
    )


CLASSES = (
    FACEMOCAP_OT_place_points,
    FACEMOCAP_OT_put_point,
    FACEMOCAP_OT_put_on_vertex,
    FACEMOCAP_OT_leave_out_point,
    FACEMOCAP_OT_forget_point,
)
