# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a scene cuts: markers that change the camera, and picture strips of the sequencer."""

from __future__ import annotations

from typing import Any

import bpy

_PICTURES = {"MOVIE", "IMAGE", "SCENE", "MOVIECLIP", "META"}


def scene_cuts(scene: bpy.types.Scene) -> list[float]:
    """Scene frames of all cuts, in order; the first picture of a strip is the cut."""
    frames = {float(marker.frame) for marker in scene.timeline_markers if marker.camera}
    editor: Any = scene.sequence_editor
    if editor is not None:
        # Blender 4.5 has both names, later ones the new one alone
        strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        frames |= {float(s.frame_final_start) for s in strips if s.type in _PICTURES}
    return sorted(frames)
