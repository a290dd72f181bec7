# SPDX-License-Identifier: GPL-3.0-or-later
"""Actor: the range of motion of a face, measured on the chosen take, saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import BoolProperty, StringProperty

from ..core.actor.range_measuring import measure_range
from ..core.actor.range_of_motion import RangeOfMotion, read_range_of_motion, write_range_of_motion
from ..core.errors import FacemocapError
from ..core.report import Report
from ..gateway.files.take_storage import load_take
from ..props import FACEMOCAP_PG_scene, state_of, store_range, stored_range
from .panel_characters import chosen
from .panel_points import seconds_now
from .steps import StepOperator, need_take

#: Times that a person typed are stored as float32.
_DECIMALS = 5


class ActorFile(StepOperator):
    """File browser for what belongs to an actor; ``ending`` is that of a new file's name."""

    filename_ext: ClassVar[str] = ".json"
    ending: ClassVar[str] = ".json"

    filepath: StringProperty(
        name="File", description="JSON file", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default="*.json",
        options={"HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser on a file named after the actor."""
        if not self.filepath:
            name = bpy.path.clean_name(state_of(context.scene).actor.actor)
            self.filepath = f"{name}{self.ending}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def path(self) -> Path:
        """The chosen file."""
        if not self.filepath:
            raise FacemocapError("No file was chosen", "Choose a JSON file")
        return Path(bpy.path.abspath(bpy.path.ensure_ext(self.filepath, self.filename_ext)))


class FACEMOCAP_OT_measure_range(StepOperator, bpy.types.Operator):
    """Measure what the actor's face goes from and to in the chosen take."""

    bl_idname = "facemocap.measure_range"
    bl_label = "Measure Range"
    bl_description = (
        "Measure each channel's neutral and extreme on the chosen take. Apply Take then brings "
        "every take to this range, as long as Use Range is on"
    )
    needs = ("take",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Measure, and keep it in this file."""
        state = state_of(context.scene)
        actor = state.actor
        take = load_take(need_take(state).text)
        neutral_s = round(float(actor.neutral_s), _DECIMALS) if actor.use_neutral else None
        name = actor.actor.strip() or "Actor"
        rom = measure_range(take, name, neutral_s=neutral_s, own=actor.is_own)
        store_range(state, rom)
        return Report(
            summary=f"{len(rom.ranges)} channels of {rom.actor} measured on {take.label}",
            counts={"channels": len(rom.ranges)},
            warnings=rom.warnings,
        )


class FACEMOCAP_OT_mark_range_neutral(StepOperator, bpy.types.Operator):
    """Say that the actor's face is at rest at the current frame."""

    bl_idname = "facemocap.mark_range_neutral"
    bl_label = "Set From Current Frame"
    bl_description = "The actor's face is at rest at the scene's current frame"
    needs = ("take", "character")

    def perform(self, context: bpy.types.Context) -> Report:
        """Take the time over."""
        scene = context.scene
        state = state_of(scene)
        _, picked = chosen(scene)
        at_s = seconds_now(scene, picked, load_take(need_take(state).text))
        state.actor.use_neutral = True
        state.actor.neutral_s = at_s
        return Report(summary=f"The face is at rest {at_s:.2f} s after the take's start")


class _RangeOperator(StepOperator):
    """What needs a range."""

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a range."""
        if not state_of(context.scene).actor.range_json:
            return cls.refuse("Measure the actor's range first, or load one")
        return True


class FACEMOCAP_OT_clear_range(_RangeOperator, bpy.types.Operator):
    """Forget the actor's range."""

    bl_idname = "facemocap.clear_range"
    bl_label = "Clear Range"
    bl_description = "Forget the actor's range: takes play as they were recorded"

    def perform(self, context: bpy.types.Context) -> Report:
        """Forget it."""
        store_range(state_of(context.scene), None)
        return Report(summary="Takes play as they were recorded")


class FACEMOCAP_OT_save_range(_RangeOperator, ActorFile, bpy.types.Operator):
    """Save the actor's range as a file."""

    bl_idname = "facemocap.save_range"
    bl_label = "Save Range"
    bl_description = "Save the actor's range as a JSON file, for other scenes and the command line"
    # nothing in the file changes, so there is nothing to undo
    bl_options = {"REGISTER"}
    ending = ".range.json"

    check_existing: BoolProperty(
        name="Check Existing",
        description="Warn before an existing file is replaced",
        default=True,
        options={"HIDDEN"},
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Write it."""
        path = self.path()
        write_range_of_motion(need_range(state_of(context.scene)), path)
        return Report(summary=f"Saved {path.name}")


class FACEMOCAP_OT_load_range(ActorFile, bpy.types.Operator):
    """Load an actor's range from a file."""

    bl_idname = "facemocap.load_range"
    bl_label = "Load Range"
    bl_description = "Load an actor's range from a JSON file, in place of the one here"
    ending = ".range.json"

    def perform(self, context: bpy.types.Context) -> Report:
        """Read it and keep it in this file."""
        path = self.path()
        rom = read_range_of_motion(path)
        store_range(state_of(context.scene), rom)
        return Report(
            summary=f"{path.name}: {len(rom.ranges)} channels of {rom.actor}",
            counts={"channels": len(rom.ranges)},
        )


def need_range(state: FACEMOCAP_PG_scene) -> RangeOfMotion:
    """The actor's range; without one, a sentence."""
    rom = stored_range(state)
    if rom is None:
        raise FacemocapError("The actor has no range yet", "Measure it on a take, or load one")
    return rom


CLASSES = (
    FACEMOCAP_OT_measure_range,
    FACEMOCAP_OT_mark_range_neutral,
    FACEMOCAP_OT_clear_range,
    FACEMOCAP_OT_save_range,
    FACEMOCAP_OT_load_range,
)
