# SPDX-License-Identifier: GPL-3.0-or-later
"""What a solve left: go to its worst moments, and see on the face how far points are off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy.props import EnumProperty, FloatProperty

from ..core.errors import FacemocapError
from ..core.heat_map import off_at
from ..core.progress import Job, Progress, part_of_job
from ..core.report import Report
from ..core.take import Take
from ..gateway.characters.characters import CharacterObjects
from ..gateway.files.take_storage import load_take
from ..gateway.points.solved_takes import earlier_solve
from ..gateway.probing.heat_map import (
    HeatMap,
    has_heat_map,
    make_heat_map,
    remove_heat_map,
    write_heat_map,
)
from ..gateway.scenes import scene_clock
from ..props import FACEMOCAP_PG_character, state_of
from .jobs import JobOperator
from .panel_characters import chosen, picked_objects
from .panel_points import first_frame, measured_first, seconds_now
from .steps import StepOperator, active_take, need_take, redraw_views

SPANS = (
    ("FRAME", "This Frame", "How far the points are off at the current frame"),
    ("TAKE", "Whole Take", "How far the points are off over the whole take, as root mean square"),
)


def solved_refusal(context: bpy.types.Context) -> str:
    """Why a button that needs a solved take is grey; nothing if it is not."""
    item = active_take(state_of(context.scene))
    if item is None or not item.solve.is_solved:
        return "Solve the points first, or choose a solved take"
    return ""


class FACEMOCAP_OT_go_to_moment(StepOperator, bpy.types.Operator):
    """Go to the frame of a moment of the take."""

    bl_idname = "facemocap.go_to_moment"
    bl_label = "Go to Frame"
    bl_description = (
        "Go to the frame of this moment of the take, by where the take begins on the chosen "
        "character"
    )
    needs = ("take", "character")

    at_s: FloatProperty(
        name="Time", description="Seconds after the take's first sample", min=0.0, unit="TIME"
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Set the current frame."""
        scene = context.scene
        _, picked = chosen(scene)
        take = load_take(need_take(state_of(scene)).text)
        start = first_frame(scene, picked, take)
        frame = float(scene_clock(scene).frames(np.array(self.at_s), start))
        scene.frame_set(round(frame))
        return Report(summary=f"Frame {round(frame)} is {self.at_s:.2f} s after the take's start")


class FACEMOCAP_OT_show_heat_map(JobOperator, bpy.types.Operator):
    """Paint on the face how far the points are off."""

    bl_idname = "facemocap.show_heat_map"
    bl_label = "Heat Map"
    bl_description = (
        "Paint on the character's meshes how far the solved points are off, as the attribute "
        "facemocap_residual in millimetres and as colours. Remove Heat Map takes all of it off"
    )
    needs = ("take", "character")

    span: EnumProperty(name="Of", description="What is painted", items=SPANS)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the button under the mouse does."""
        what = next(text for value, _, text in SPANS if value == properties.span)
        return f"{what}, painted on the character's meshes and taken off by Remove"

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """The take must be solved."""
        why = solved_refusal(context)
        return cls.refuse(why) if why else True

    def start(self, context: bpy.types.Context) -> Job[_Heat]:
        """Find out how far each point is off, and spread it over the skin."""
        scene = context.scene
        item, picked = chosen(scene)
        take = load_take(need_take(state_of(scene)).text)
        at_s = seconds_now(scene, picked, take) if self.span == "FRAME" else None
        return _heat(scene, item, picked, take, at_s)

    def finish(self, context: bpy.types.Context, result: _Heat) -> Report:
        """Paint it."""
        scene = context.scene
        _, picked = chosen(scene)
        points = state_of(scene).points
        write_heat_map(picked, result.heat, points.heat_full_mm)
        points.heat_views = _shade(context, points.heat_views)
        redraw_views(context)
        return Report(
            summary=f"{result.what}: {result.mean_mm:.2f} mm off in the mean, "
            f"{result.worst_mm:.2f} mm at {result.worst}",
            measures={"mean_mm": result.mean_mm, "worst_mm": result.worst_mm},
        )


class FACEMOCAP_OT_clear_heat_map(StepOperator, bpy.types.Operator):
    """Take the heat map off the face."""

    bl_idname = "facemocap.clear_heat_map"
    bl_label = "Remove Heat Map"
    bl_description = (
        "Take the heat map off all characters of the list; meshes and viewports are as before"
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be one."""
        if not any(has_heat_map(picked) for picked in _all_picked(context.scene)):
            return cls.refuse("No character of the list has a heat map")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Take it off."""
        points = state_of(context.scene).points
        count = sum(remove_heat_map(picked) for picked in _all_picked(context.scene))
        _unshade(context, points.heat_views)
        points.heat_views = ""
        redraw_views(context)
        return Report(summary=f"The heat map is off {count} meshes", counts={"meshes": count})


@dataclass(frozen=True)
class _Heat:
    heat: HeatMap
    what: str
    mean_mm: float
    worst_mm: float
    worst: str


def _heat(
    scene: bpy.types.Scene,
    item: FACEMOCAP_PG_character,
    picked: CharacterObjects,
    take: Take,
    at_s: float | None,
) -> Job[_Heat]:
    measured, _ = yield from part_of_job(measured_first(item, picked, scene), 0.0, 0.3)
    solved = yield from part_of_job(earlier_solve(picked, scene, take, measured), 0.3, 0.5)
    solve = solved.solve
    row = None
    if at_s is not None:
        row = int(np.argmin(np.abs(solve.times - solve.times[0] - at_s)))
    off_mm = off_at(solve.away_mm, solve.valid, row)
    off_mm = np.where(solve.placement.placed, off_mm, np.nan)
    if not np.isfinite(off_mm).any():
        raise FacemocapError("No point was seen at this frame", "Go to another frame of the take")
    yield Progress(0.85, "Spreading it over the face")
    heat = make_heat_map(picked, solve.placement, off_mm)
    worst = int(np.nanargmax(off_mm))
    return _Heat(
        heat,
        "Over the whole take" if row is None else f"At {at_s or 0.0:.2f} s of the take",
        float(np.nanmean(off_mm)),
        float(off_mm[worst]),
        solve.placement.names[worst],
    )


def _all_picked(scene: bpy.types.Scene) -> list[CharacterObjects]:
    found: list[CharacterObjects] = []
    for item in state_of(scene).characters:
        try:
            found.append(picked_objects(item, scene))
        except FacemocapError:
            continue
    return found


def _views(context: bpy.types.Context) -> list[Any]:
    """Shading of the screen's 3D viewports."""
    screen: Any = context.screen
    areas = [] if screen is None else screen.areas
    return [area.spaces.active.shading for area in areas if area.type == "VIEW_3D"]


def _shade(context: bpy.types.Context, former: str) -> str:
    """Let the viewports show colours of meshes; how they were before, as JSON."""
    views = _views(context)
    before = former or json.dumps([[view.type, view.color_type] for view in views])
    for view in views:
        view.type, view.color_type = "SOLID", "VERTEX"
    return before


def _unshade(context: bpy.types.Context, former: str) -> None:
    """Shade the viewports as they were before, those that still show colours of meshes."""
    try:
        before = json.loads(former)
    except ValueError:
        before = []
    for number, view in enumerate(_views(context)):
        if view.type == "SOLID" and view.color_type == "VERTEX":
            kind, colour = before[number] if number < len(before) else ("SOLID", "MATERIAL")
            view.color_type, view.type = colour, kind


CLASSES = (
    FACEMOCAP_OT_go_to_moment,
    FACEMOCAP_OT_show_heat_map,
    FACEMOCAP_OT_clear_heat_map,
)
