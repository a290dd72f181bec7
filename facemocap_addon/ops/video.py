# SPDX-License-Identifier: GPL-3.0-or-later
"""Video: make a take from one, and install what that needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.progress import Job
from ..core.report import Report
from ..core.sound_files import find_sound
from ..core.take import Take
from ..core.video.tracking_environment import (
    READY,
    SIZE_TEXT,
    environment_state,
    install_tracking,
    remove_tracking,
    tracking_python,
)
from ..core.video.video_worker import VideoOptions, track_video
from ..gateway.files.take_storage import store_take
from ..props import Work, state_of, tracking_folder
from .defaults import use_preferences
from .jobs import JobOperator
from .panel_characters import list_found_characters, match_listed
from .panel_takes import list_take
from .steps import StepOperator

VIDEO_GLOB = "*.mp4;*.mov;*.m4v;*.avi;*.mkv;*.webm;*.mpg;*.mpeg;*.wmv;*.gif"


def draw_status(header: Any, _context: bpy.types.Context) -> None:
    """Draw how far the work is in the status bar."""
    progress = Work.progress()
    if progress is None:
        return
    row = header.layout.row()
    done = min(max(progress.done, 0.0), 1.0)
    # the picture of the key is wider than other icons
    row.label(text="   stops it", icon="EVENT_ESC")
    row.progress(factor=done, text=f"{done * 100:.0f} %")
    row.label(text=progress.what)


class _AskedJobOperator(JobOperator):
    """A job that is begun once a file was chosen or a question answered.

    Blender calls ``execute`` then; the work goes on in steps all the same.
    """

    _was_asked = False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Work in steps behind a window, at once for a script."""
        if self._was_asked and not bpy.app.background:
            self._was_asked = False
            return JobOperator.invoke(self, context, None)  # pyright: ignore[reportArgumentType]
        return JobOperator.execute(self, context)

    def _work(self, context: bpy.types.Context) -> Report | None:
        report = JobOperator._work(self, context)
        if report is None:
            context.workspace.status_text_set(draw_status)
            for window in context.window_manager.windows:
                for area in window.screen.areas:
                    if area.type == "PREFERENCES":
                        area.tag_redraw()
        return report


class FACEMOCAP_OT_track_video(_AskedJobOperator, bpy.types.Operator):
    """Make a take from a video of a face."""

    bl_idname = "facemocap.track_video"
    bl_label = "Track Video"
    bl_description = "Find the face in every frame of a video and make a take of what it does"

    filepath: StringProperty(
        name="File", description="Video to look at", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default=VIDEO_GLOB,
        options={"HIDDEN"},
    )
    is_mirrored: BoolProperty(
        name="Mirrored",
        description="The picture is mirrored, as webcam programs show it: turn it round first",
    )
    has_neutral: BoolProperty(
        name="Neutral Face At",
        description="Name the second at which the face is neutral, instead of having it found",
    )
    neutral_s: FloatProperty(
        name="Second",
        description="Second of the video at which the face is neutral",
        min=0.0,
        soft_max=60.0,
        subtype="TIME_ABSOLUTE",
    )
    task: StringProperty(
        name="Task File",
        description="A face_landmarker.task file, for the tracker of MediaPipe 1.x; else empty",
        subtype="FILE_PATH",
    )

    @classmethod
    def poll_more(cls, _context: bpy.types.Context) -> bool:
        """Video tracking must be installed."""
        try:
            tracking_python([tracking_folder()])
        except FacemocapError as error:
            return cls.refuse(str(error))
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Choose a video, unless one is named."""
        if self.filepath:
            return JobOperator.invoke(self, context, event)
        self._was_asked = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the settings beside the file browser."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "is_mirrored")
        row = layout.row(heading="Neutral Face At")
        row.prop(self, "has_neutral", text="")
        part = row.row()
        part.enabled = self.has_neutral
        part.prop(self, "neutral_s", text="")
        layout.prop(self, "task")

    def path(self) -> Path:
        """The chosen video."""
        if not self.filepath:
            raise FacemocapError("No video was chosen", "Choose one")
        return Path(bpy.path.abspath(self.filepath))

    def start(self, context: bpy.types.Context) -> Job[Take]:
        """Look at the video."""
        options = VideoOptions(
            mirrored=self.is_mirrored,
            neutral_s=self.neutral_s if self.has_neutral else None,
            task=Path(bpy.path.abspath(self.task)) if self.task else None,
        )
        return track_video(self.path(), tracking_python([tracking_folder()]), options)

    def finish(self, context: bpy.types.Context, result: Take) -> Report:
        """Store the take and show it."""
        scene, state = context.scene, state_of(context.scene)
        if not state.takes:
            use_preferences(context, state)
        list_take(scene, store_take(result), result, str(find_sound(self.path()) or ""))
        if not state.characters:
            list_found_characters(scene, only_one=True)
        match_listed(scene, result)
        faces = result.source.details["frames_with_face"]
        return Report(
            summary=f"{result.source.name}: a face in {faces} of {result.samples} frames",
            counts={"frames": result.samples, "frames_with_face": faces},
            warnings=result.warnings,
        )


class FACEMOCAP_OT_install_tracking(_AskedJobOperator, bpy.types.Operator):
    """Install MediaPipe in an environment of its own."""

    bl_idname = "facemocap.install_tracking"
    bl_label = "Install Video Tracking"
    bl_description = (
        f"Download MediaPipe into a folder of its own ({SIZE_TEXT}). Nothing else is changed, and "
        "Remove deletes it again"
    )
    bl_options = {"REGISTER"}

    fetch_python: BoolProperty(
        name="Fetch a Python if Needed",
        description="MediaPipe needs Python 3.9 to 3.12. Where this machine has none, let the "
        "program uv download one into its own folder",
    )

    @classmethod
    def poll_more(cls, _context: bpy.types.Context) -> bool:
        """Blender must be allowed to go online, and nothing be installed yet."""
        if environment_state(tracking_folder()) == READY:
            return cls.refuse("Video tracking is installed already")
        if not bpy.app.online_access:
            return cls.refuse("Allow online access in Blender's preferences, under System")
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        self._was_asked = True
        return context.window_manager.invoke_props_dialog(self, width=420)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the question."""
        layout: Any = self.layout
        layout.label(text=f"Download and install MediaPipe: {SIZE_TEXT}.")
        layout.label(text=f"It goes to {tracking_folder()}")
        layout.prop(self, "fetch_python")

    def start(self, context: bpy.types.Context) -> Job[Path]:
        """Install."""
        if not bpy.app.online_access:
            raise FacemocapError(
                "Blender may not go online", "Allow online access in its preferences, under System"
            )
        return install_tracking(tracking_folder(), fetch_python=self.fetch_python)

    def finish(self, context: bpy.types.Context, result: Path) -> Report:
        """Say where it is."""
        return Report(summary="Video tracking is installed", warnings=())


class FACEMOCAP_OT_remove_tracking(StepOperator, bpy.types.Operator):
    """Delete the environment of MediaPipe."""

    bl_idname = "facemocap.remove_tracking"
    bl_label = "Remove Video Tracking"
    bl_description = "Delete MediaPipe and the folder that it was installed into"
    bl_options = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def perform(self, context: bpy.types.Context) -> Report:
        """Delete it."""
        was_there = remove_tracking(tracking_folder())
        said = "Video tracking is removed" if was_there else "Nothing was installed"
        return Report(summary=said)


CLASSES = (
    FACEMOCAP_OT_track_video,
    FACEMOCAP_OT_install_tracking,
    FACEMOCAP_OT_remove_tracking,
)
