# SPDX-License-Identifier: GPL-3.0-or-later
"""Take: import a recording, take it out of the list, put its sound into the sequencer."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import CollectionProperty, FloatProperty, IntProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.formats.read_options import ReadOptions
from ..core.readers import readers
from ..core.report import Report
from ..core.sound_files import find_sound
from ..gateway.files.sounds import add_sound
from ..gateway.files.sources import read_source
from ..gateway.files.take_storage import load_take, store_take
from ..props import state_of
from .defaults import use_preferences
from .panel_characters import list_found_characters, match_listed
from .panel_takes import list_take
from .placing import sound_frame
from .steps import StepOperator, active_character, need_take


class FACEMOCAP_OT_import_take(StepOperator, bpy.types.Operator):
    """Read a recorded face performance and store it in this file, unaltered."""

    bl_idname = "facemocap.import_take"
    bl_label = "Import Take"
    bl_description = "Read a recorded face performance and store it in this file, unaltered"

    filepath: StringProperty(
        name="File", description="Recording to read", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    directory: StringProperty(
        name="Folder",
        description="Folder of the recordings to read",
        subtype="DIR_PATH",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    files: CollectionProperty(
        type=bpy.types.OperatorFileListElement,
        name="Files",
        description="Names of the recordings to read",
        options={"SKIP_SAVE", "HIDDEN"},
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default=";".join(
            ["*.fbx", *(f"*{ending}" for reader in readers() for ending in reader.extensions)]
        ),
        options={"HIDDEN"},
    )
    face: IntProperty(
        name="Face",
        description="Which person of a file that holds several, by the file's own number; "
        "-1 takes who is there most",
        default=-1,
        min=-1,
        soft_max=10,
    )
    rate_hz: FloatProperty(
        name="Rate",
        description="Samples a second of a file that has no times, in hertz; "
        "0 takes what is usual in the format",
        default=0.0,
        min=0.0,
        max=1000.0,
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser, unless files were dropped."""
        if self.paths():
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def perform(self, context: bpy.types.Context) -> Report:
        """Read every file before anything is stored."""
        scene, state = context.scene, state_of(context.scene)
        options = ReadOptions(
            face=self.face if self.face >= 0 else None, rate_hz=self.rate_hz or None
        )
        takes = [(path, read_source(path, options)) for path in self.paths()]
        if not takes:
            raise FacemocapError("No file was chosen", "Choose a recording")
        if not state.takes:
            use_preferences(context, state)
        for path, take in takes:
            sound = find_sound(path)
            item = list_take(scene, store_take(take), take, str(sound or ""))
        found = [] if state.characters else list_found_characters(scene, only_one=True)
        match_listed(scene, take)
        character = active_character(state)
        names = ", ".join(path.name for path, _ in takes)
        then = f'; found the character "{character.name}"' if found and character else ""
        return Report(
            summary=f"Imported {names}{then}",
            counts={"takes": len(takes)},
            warnings=tuple(item.warnings.splitlines()),
        )

    def paths(self) -> list[Path]:
        """The chosen files: several from the browser or a drop, one from a script."""
        names = [file.name for file in self.files if file.name]
        if names and self.directory:
            return [Path(bpy.path.abspath(self.directory)) / name for name in names]
        return [Path(bpy.path.abspath(self.filepath))] if self.filepath else []


class FACEMOCAP_OT_forget_take(StepOperator, bpy.types.Operator):
    """Take a recording off the list."""

    bl_idname = "facemocap.forget_take"
    bl_label = "Forget Take"
    bl_description = (
        "Take this recording off the list. "
        "Unless a character uses it, it is gone from the file once you save"
    )
    needs = ("take",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Drop the panel's hold on the stored take; an Action that uses it keeps it."""
        state = state_of(context.scene)
        item = need_take(state)
        name = item.name
        item.text.use_fake_user = False
        state.takes.remove(min(state.active_take, len(state.takes) - 1))
        state.active_take = max(0, min(state.active_take, len(state.takes) - 1))
        return Report(summary=f"{name} is off the list")


class FACEMOCAP_OT_add_sound(StepOperator, bpy.types.Operator):
    """Put a take's sound into the sequencer."""

    bl_idname = "facemocap.add_sound"
    bl_label = "Add Sound"
    bl_description = (
        "Put the sound beside the recording into the sequencer, on the frame where the take begins"
    )
    needs = ("take",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a sound."""
        if not need_take(state_of(context.scene)).sound_path:
            return cls.refuse("No WAV or MOV of the same name lies beside the recording")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Place the sound where the take goes."""
        scene = context.scene
        item = need_take(state_of(scene))
        path = Path(bpy.path.abspath(item.sound_path))
        frame = sound_frame(scene, load_take(item.text))
        add_sound(scene, path, frame)
        return Report(summary=f"{path.name} begins on frame {frame:g}")


CLASSES = (FACEMOCAP_OT_import_take, FACEMOCAP_OT_forget_take, FACEMOCAP_OT_add_sound)
