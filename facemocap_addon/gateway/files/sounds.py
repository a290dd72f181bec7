# SPDX-License-Identifier: GPL-3.0-or-later
"""The take's sound in the sequencer, at the frame the take begins on."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...core.errors import FacemocapError


def add_sound(scene: bpy.types.Scene, path: Path, start_frame: float) -> None:
    """Put a WAV, or the sound of a MOV, into the scene's sequencer and play it in sync.

    The same file at the same frame is not added twice.

    Raises
    ------
    FacemocapError
        When Blender cannot read a sound from the file.
    """
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    frame = round(start_frame)
    for strip in strips:
        here = strip.type == "SOUND" and strip.frame_start == frame
        if here and Path(bpy.path.abspath(strip.sound.filepath)) == path:
            return
    channel = 1 + max((strip.channel for strip in strips), default=0)
    try:
        strips.new_sound(name=path.stem, filepath=str(path), channel=channel, frame_start=frame)
    except RuntimeError as problem:
        raise FacemocapError(
            f'"{path.name}" holds no sound that Blender can read', "Export the sound as WAV"
        ) from problem
    scene.sync_mode = "AUDIO_SYNC"
