# SPDX-License-Identifier: GPL-3.0-or-later
"""Take from what is in the file already: an animated character, tracks of a movie clip."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.progress import Job, part_of_job
from ..core.report import Report
from ..core.rig_maps.working_map import working_map
from ..core.take import Take
from ..gateway.characters.characters import CharacterObjects, read_character
from ..gateway.files.clip_tracks import clip_names, find_clip, take_from_clip
from ..gateway.files.take_storage import store_take
from ..gateway.measuring.measuring import measure_for, stored_measurement
from ..gateway.points.mesh_points import points_from_character
from ..gateway.takes.character_takes import take_from_character
from ..props import state_of, stored_map
from .jobs import JobOperator
from .panel_characters import chosen, match_listed
from .panel_takes import list_take
from .steps import StepOperator


class FACEMOCAP_OT_take_from_character(StepOperator, bpy.types.Operator):
    """Read the face animation of the chosen character as a take for other characters."""

    bl_idname = "facemocap.take_from_character"
    bl_label = "Take from Character"
    bl_description = (
        "Read the face animation of the chosen character, as it is seen, frame by frame, and store "
        "it as a take for other characters. The character stays as it is"
    )
    needs = ("character",)

    use_range: BoolProperty(
        name="Only Some Frames",
        description="Read a part of the animation instead of all of it",
        default=False,
    )
    frame_start: IntProperty(name="First", description="First frame to read", default=1)
    frame_end: IntProperty(name="Last", description="Last frame to read", default=250)

    def perform(self, context: bpy.types.Context) -> Report:
        """Follow the character's rig map backwards and list the take."""
        scene = context.scene
        item, picked = chosen(scene)
        rig_map = stored_map(item) if item.is_edited else None
        if rig_map is None:
            # the map of the list has only what the chosen take recorded
            controls = read_character(picked, scene).controls
            measured = stored_measurement(picked)
            rig_map = working_map(
                controls, None, picked.name, measured, bones_first=item.drive == "BONES"
            )
        frames = (self.frame_start, self.frame_end) if self.use_range else None
        take = take_from_character(picked, scene, rig_map, frames)
        return _listed(scene, take, f'"{picked.name}"')


class FACEMOCAP_OT_points_from_character(JobOperator, bpy.types.Operator):
    """Read how the skin of the chosen character's face moves, for characters of other names."""

    bl_idname = "facemocap.points_from_character"
    bl_label = "Points from Character"
    bl_description = (
        "Read how the skin of the chosen character's face moves, frame by frame, as a take of "
        "points: solved onto another character, it carries the animation to one that shares no "
        "names with it. The character stays as it is"
    )
    needs = ("character",)

    def start(self, context: bpy.types.Context) -> Job[tuple[Take, str]]:
        """Measure the character where that is not done yet, and read its face."""
        _, picked = chosen(context.scene)
        return _points(context.scene, picked)

    def finish(self, context: bpy.types.Context, result: tuple[Take, str]) -> Report:
        """List the take."""
        take, name = result
        return _listed(context.scene, take, f'the face of "{name}"')


def _points(scene: bpy.types.Scene, picked: CharacterObjects) -> Job[tuple[Take, str]]:
    job = measure_for(picked, scene, all_bones=False)
    measured = yield from part_of_job(job, 0.0, 0.5)
    job = points_from_character(picked, scene, measured)
    return (yield from part_of_job(job, 0.5, 0.5)), picked.name


class FACEMOCAP_OT_take_from_clip(StepOperator, bpy.types.Operator):
    """Read the motion tracks of a movie clip as a take of points."""

    bl_idname = "facemocap.take_from_clip"
    bl_label = "Take from Clip Tracks"
    bl_description = (
        "Read the motion tracks of a movie clip as a take of points: in the picture, and in space "
        "where the clip was solved. The clip stays as it is"
    )

    clip: StringProperty(
        name="Clip",
        description="Movie clip whose tracks are read",
        options={"SKIP_SAVE"},
        search=lambda _self, _context, _text: clip_names(),
    )

    @classmethod
    def poll_more(cls, _context: bpy.types.Context) -> bool:
        """There must be a clip."""
        if not clip_names():
            return cls.refuse("There is no movie clip in this file; open one and track it first")
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask which clip where several could be meant."""
        if not self.clip:
            try:
                self.clip = find_clip("", _open_clip(context)).name
            except FacemocapError:
                return context.window_manager.invoke_props_dialog(self)
        return self.execute(context)

    def perform(self, context: bpy.types.Context) -> Report:
        """Read the tracks and list the take."""
        clip = find_clip(self.clip, _open_clip(context))
        return _listed(context.scene, take_from_clip(clip, context.scene), f'"{clip.name}"')


def _open_clip(context: bpy.types.Context) -> bpy.types.MovieClip | None:
    """The clip that the editor shows, else the scene's own."""
    space: Any = context.space_data
    if space is not None and space.type == "CLIP_EDITOR" and space.clip is not None:
        return space.clip
    return context.scene.active_clip


def _listed(scene: bpy.types.Scene, take: Take, source: str) -> Report:
    """Store a take, choose it, and match it with the characters of the list."""
    state = state_of(scene)
    before = len(state.takes)
    item = list_take(scene, store_take(take), take)
    match_listed(scene, take)
    known = " (it was in the list)" if len(state.takes) == before else ""
    what = f"{take.samples} frames and {len(take.recorded)} channels"
    return Report(
        summary=f"Took {what} from {source}{known}",
        counts={"samples": take.samples, "channels": len(take.recorded)},
        warnings=tuple(item.warnings.splitlines()),
    )


CLASSES = (
    FACEMOCAP_OT_take_from_character,
    FACEMOCAP_OT_points_from_character,
    FACEMOCAP_OT_take_from_clip,
)
