# SPDX-License-Identifier: GPL-3.0-or-later
"""Choices that the panel and the preferences offer."""

from __future__ import annotations

KEYS_MODES = (
    ("WHOLE_FRAMES", "Whole Frames", "One key on every frame of the scene: easy to edit"),
    ("CAPTURE_TIMES", "Capture Times", "A key where each sample was recorded, between frames too"),
)
HAND_EDITS = (
    ("ADD", "Add", "Keep what was changed by hand, on top of the new result"),
    ("KEEP", "Keep as They Are", "Keep curves as they stand where they were changed by hand"),
    ("DISCARD", "Discard", "Take everything back that was changed by hand on the take's curves"),
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
    ("MARK", "Marked Moment", "A moment of the take, such as a clap, falls on a frame you give"),
)
DRIVES = (
    (
        "SHAPES",
        "Shape Keys",
        "Shape keys and properties carry the face, bones what these cannot express",
    ),
    (
        "BONES",
        "Bones",
        "Bones carry the face as far as its own shape keys go; fitting them once takes a while",
    ),
)
#: What a line of the channel list is; numbered as files have stored it.
ROW_KINDS = (
    ("MATCHED", "Matched", "A channel that drives something", 0),
    ("UNMATCHED", "Unmatched", "A channel that drives nothing", 1),
    ("CONTROLS", "Unused", "A control that nothing drives", 2),
    ("UNCERTAIN", "Uncertain", "A channel whose control wants a look", 3),
)
#: The three lists, and the kinds of lines that each shows.
TABS = (
    ("MATCHED", "Matched", "Channels that drive something"),
    (
        "UNCERTAIN",
        "Uncertain",
        "Channels whose control is not sure, and what a measurement guesses: have a look",
    ),
    (
        "UNMATCHED",
        "Unmatched",
        "Channels of the take that drive nothing, and controls that nothing drives",
    ),
)
TAB_ROWS = {
    "MATCHED": ("MATCHED",),
    "UNCERTAIN": ("UNCERTAIN",),
    "UNMATCHED": ("UNMATCHED", "CONTROLS"),
}
REGIONS = (
    ("ALL", "All Regions", "The whole face"),
    ("brow", "Brows", "Channels and controls of the brows"),
    ("eye", "Eyelids", "Channels and controls of the lids"),
    ("gaze", "Gaze", "Channels and controls of the eyeballs"),
    ("nose", "Nose", "Channels and controls of the nose"),
    ("cheek", "Cheeks", "Channels and controls of the cheeks"),
    ("jaw", "Jaw", "Channels and controls of the jaw"),
    ("mouth", "Mouth", "Channels and controls of the lips"),
    ("tongue", "Tongue", "Channels and controls of the tongue"),
    ("head", "Head", "Channels and controls of head and neck"),
    ("other", "Other", "What no region is known of; measuring the character tells more"),
)
RESPONSES = (
    ("STRAIGHT", "Straight", "As much as the channel says"),
    ("SOFT_START", "Soft Start", "Little at first, then more and more"),
    ("SOFT_END", "Soft End", "Much at first, then less and less"),
    ("S_CURVE", "S-Curve", "Small movements become smaller, large ones larger"),
    ("HOLD_START", "Hold at Start", "Nothing until a fifth of the way, then all of it"),
    ("HOLD_END", "Hold at End", "All of it after four fifths of the way, then nothing more"),
    ("CUSTOM", "Own Points", "A curve through points that you set"),
)
