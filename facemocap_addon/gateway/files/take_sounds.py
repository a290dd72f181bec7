# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound of a take as samples: WAV as it is, that of a video by Blender's audio library."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import FacemocapError
from ...core.events.lips.sound import Sound, read_sound

#: No recording that a person edits lasts longer (seconds); its sound would not fit into memory.
_MOST_S = 6 * 3600.0


def take_sound(path: Path, start_s: float = 0.0) -> Sound:
    """The sound of a WAV file, or of a video or another file that Blender can play.

    Parameters
    ----------
    path : Path
    start_s : float
        When it begins, seconds after the take's first sample.

    Raises
    ------
    FacemocapError
        When the file cannot be read or has no sound.
    """
    if _is_wave(path):
        return read_sound(path, start_s)
    # bpy brings it along; it is no module of its own
    aud: Any = importlib.import_module("aud")
    try:
        opened = aud.Sound(str(path.resolve()))
        rate, _tracks = opened.specs
        length = opened.length
        if not rate > 0 or length > _MOST_S * rate:
            raise ValueError("no rate, or endless")
        data = np.asarray(opened.data(), np.float32)
    except (aud.error, ValueError, MemoryError) as problem:
        raise FacemocapError(
            f"{path.name} holds no sound that Blender can read", "Give its sound as a WAV file"
        ) from problem
    data = data.reshape(len(data), -1)
    if not data.size:
        raise FacemocapError(f"The sound of {path.name} is empty", "Give its sound as a WAV file")
    return Sound(data.mean(axis=1, dtype=np.float64), float(rate), start_s)


def _is_wave(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"RIFF", b"RIFX", b"RF64") and file.read(8)[4:] == b"WAVE"
    except OSError as problem:
        raise FacemocapError(
            f"The sound {path.name} cannot be opened", "Give its sound as a WAV file"
        ) from problem
