# SPDX-License-Identifier: GPL-3.0-or-later
"""The sound that belongs to a take."""

from __future__ import annotations

from pathlib import Path

EXTENSIONS = (".wav", ".mov", ".mp4", ".m4a", ".aif", ".aiff")


def find_sound(take_path: Path) -> Path | None:
    """The sound or video beside a take: the same stem first, then the stem less its last word.

    Live Link Face names the CSV ``slate_take_device.csv`` and, for calibrated takes, adds
    ``_cal`` or ``_raw``; the MOV has the name without that.
    """
    try:
        beside = {file.name.lower(): file for file in take_path.parent.iterdir() if file.is_file()}
    except OSError:
        return None
    stem = take_path.name.lower().removesuffix(".take.npz").removesuffix(take_path.suffix.lower())
    for candidate in (stem, stem.removesuffix("_cal").removesuffix("_raw")):
        for extension in EXTENSIONS:
            if candidate + extension in beside:
                return beside[candidate + extension]
    return None
