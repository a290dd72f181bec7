# SPDX-License-Identifier: GPL-3.0-or-later
"""Writer of Live Link Face CSV, for programs that read nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from ..errors import FacemocapError
from ..files import unfinished
from ..take import Take

#: The app's column order; right before left at the jaw and the mouth is the app's own.
COLUMNS = tuple(
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft "
    "eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight "
    "eyeSquintRight eyeWideRight jawForward jawRight jawLeft jawOpen mouthClose mouthFunnel "
    "mouthPucker mouthRight mouthLeft mouthSmileLeft mouthSmileRight mouthFrownLeft "
    "mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight "
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft "
    "mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight "
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff "
    "cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut headYaw headPitch "
    "headRoll leftEyeYaw leftEyePitch leftEyeRoll rightEyeYaw rightEyePitch rightEyeRoll".split()
)
_DECIMALS = 10
_DAY_S = 86_400


def write_live_link_csv(take: Take, path: Path) -> list[str]:
    """Write a take as Live Link Face CSV, whole or not at all.

    Every sample is a row at the take's own time, in thousandths of a 60th of a second. Samples
    without a single value become rows with count 0. A value that is missing from a row with
    others is an empty cell; columns the take has no channel for, and angles that were not
    recorded, are zeros, as the app writes them.

    Parameters
    ----------
    take : Take
    path : Path

    Returns
    -------
    list of str
        Channels left out because the format has no column for them.

    Raises
    ------
    FacemocapError
        When the file cannot be written, or samples are too close for the format's timecode.
    """
    names = take.names
    known = [column for column in COLUMNS if column in names]
    where = [names.index(column) for column in known]
    values = np.zeros((take.samples, len(COLUMNS)), np.float32)
    shown = np.ones((take.samples, len(COLUMNS)), np.bool_)
    targets = [COLUMNS.index(column) for column in known]
    valid = take.valid[:, where]
    values[:, targets] = np.where(valid, take.values[:, where], np.float32(0))
    silent = [column in take.not_recorded for column in known]
    shown[:, targets] = valid | np.array(silent, np.bool_)
    tracked = np.any(valid, axis=1).tolist()

    head = ["Timecode", "BlendShapeCount", *(name[0].upper() + name[1:] for name in COLUMNS)]
    timecodes = _timecodes(take)
    row_format = ",".join([f"%.{_DECIMALS}f"] * len(COLUMNS))
    plain = np.all(_is_exact(values) & shown, axis=1).tolist()
    with unfinished(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as out:
        out.write(",".join(head) + "\n")
        for row, timecode in enumerate(timecodes):
            if not tracked[row]:
                out.write(f"{timecode},0\n")
                continue
            if plain[row]:
                cells = row_format % tuple(values[row].tolist())
            else:
                cells = ",".join(
                    _cell(value) if there else ""
                    for value, there in zip(values[row], shown[row].tolist(), strict=True)
                )
            out.write(f"{timecode},{len(COLUMNS)},{cells}\n")
    return [name for name in names if name not in COLUMNS]


def _timecodes(take: Take) -> list[str]:
    """Timecodes of all samples, on a base of 60, or of 30 where none would pass frame 29.

    Readers tell the base by that, so a take of half a second would double its length otherwise.
    """
    ticks = _ticks(take, 60)
    base = 60
    if int((ticks // 1000 % 60).max(initial=0)) < 30:
        base = 30
        ticks = _ticks(take, 30)
    if (np.diff(ticks) <= 0).any():
        raise FacemocapError(
            f'"{take.source.name}" has samples less than a thousandth of a frame apart',
            "Write it as .take.npz, which keeps every time",
        )
    ticks %= _DAY_S * base * 1000
    timecodes: list[str] = []
    for tick in ticks.tolist():
        frames, part = divmod(tick, 1000)
        seconds, frame = divmod(frames, base)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        timecodes.append(f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}.{part:03d}")
    return timecodes


def _ticks(take: Take, base: int) -> NDArray[np.int64]:
    """Thousandths of a frame; rounded from the first sample on, so that steps stay true."""
    if not take.samples:
        return np.zeros(0, np.int64)
    per_second = base * 1000
    start = round(take.timebase.start_s * per_second)
    elapsed = np.rint((take.times - take.times[0]) * per_second).astype(np.int64)
    return start + elapsed


def _is_exact(values: FloatArray) -> NDArray[np.bool_]:
    """Whether ten decimals read back as the same float32."""
    scale = 10.0**_DECIMALS
    return (np.rint(values.astype(np.float64) * scale) / scale).astype(np.float32) == values


def _cell(value: np.float32) -> str:
    """Ten decimals, or as many as it takes to read back the same float32."""
    text = f"{float(value):.{_DECIMALS}f}"
    if np.float32(float(text)) == value:
        return text
    return np.format_float_positional(value, unique=True, trim="-")
