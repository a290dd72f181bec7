# SPDX-License-Identifier: GPL-3.0-or-later
"""Choices that the panel and the preferences offer."""

from __future__ import annotations

KEYS_MODES = (
    ("WHOLE_FRAMES", "Whole Frames", "One key on every frame of the scene: easy to edit"),
    ("CAPTURE_TIMES", "Capture Times", "A key where each sample was recorded, between frames too"),
)
FACE_LAYERS = (
    ("REPLACE", "Replace", "The take alone moves the face; older animation stays below it"),
    ("COMBINE", "Combine", "The take adds to what already moves the face"),
)
HEAD_LAYERS = (
    ("COMBINE", "Combine", "The head's turns add to the body's animation"),
    ("REPLACE", "Replace", "The take alone moves head and neck; older animation stays below it"),
)
START_MODES = (
    ("SCENE_START", "Scene Start", "The take begins on the scene's first frame"),
    ("CURRENT_FRAME", "Current Frame", "The take begins where the playhead is"),
    ("FRAME", "Frame", "The take begins on the frame that you give"),
    ("TIMECODE", "Timecode", "The take's own timecode decides, counted from the scene's start"),
)
SHOW_ROWS = (
    ("ALL", "All", "Every channel, and the controls that nothing drives"),
    ("MATCHED", "Matched", "Channels that drive something"),
    ("UNMATCHED", "Unmatched", "Channels of the take that drive nothing"),
    ("CONTROLS", "Unused", "Controls of the character that nothing drives"),
)
