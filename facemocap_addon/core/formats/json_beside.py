# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside the coefficients in frames of JSON: clocks, rates, flags, matrices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from .json_frames import Frames, Path, follow
from .json_text import Point, Points
from .json_values import as_dict, as_list, is_holder, is_number, number_of, numbers_of, squeezed
from .sample_times import clock_of_texts, clock_unit

_FLAGS = frozenset((
    "istracked", "tracked", "tracking", "hasface", "facedetected", "detected", "success",
    "isvalid", "valid", "facefound", "found", "trackingstatus", "isfacetracked", "facetracked",
))  # fmt: skip
_FAILURES = frozenset(("failed", "lost", "noface", "isfailed"))
_RATES = frozenset((
    "fps", "framerate", "exportfps", "samplerate", "samplingrate", "framespersecond", "hz",
    "videofps", "targetfps", "capturefps", "rate", "framefrequency", "videoframerate",
))  # fmt: skip
_MATRIX = re.compile(r"transform|matri", re.IGNORECASE)
#: Where a matrix's own object keeps its numbers.
_NUMBERS = frozenset(("data", "packeddata", "values", "elements", "columns", "m", "matrix"))
_ABOUT_A_FRAME = re.compile(r"confidence|faceid|subject|id|uuid|index|headindex")
_NO = (False, 0, 0.0, "0", "false", "False")


@dataclass(frozen=True, slots=True)
class Clock:
    """Times or frame numbers as the file has them: the name, and a number a frame (NaN: none)."""

    key: str
    values: FloatArray
    kind: str


@dataclass(frozen=True, slots=True)
class Matrices:
    """4x4 matrices, a frame each.

    Attributes
    ----------
    key : str
        Their name in the file.
    values : (n, 4, 4) float64
        Translations in the last column; the identity where missing.
    there : (n,) bool
    """

    key: str
    values: FloatArray
    there: BoolArray


def is_flag(key: str) -> bool:
    """Whether a name says that a face was there, or was not."""
    letters = squeezed(key)
    return letters in _FLAGS or letters in _FAILURES


def is_rate(key: str) -> bool:
    """Whether a name is that of a number of samples a second."""
    return squeezed(key) in _RATES


def tracked_frames(frames: Frames) -> BoolArray:
    """False for frames whose writer says that there was no face."""
    out = np.ones(len(frames.frames), np.bool_)
    for _frame, key, path in _keys_on_the_way(frames):
        if is_flag(key):
            values = [follow(frame, (*path, key)) for frame in frames.frames]
            no = np.array([value in _NO for value in values])
            said = np.array([value is not None for value in values])
            out &= ~(said & (~no if squeezed(key) in _FAILURES else no))
    return out


def clock_of(frames: Frames) -> Clock | None:
    """The best clock of the frames: one that moves before one that stands, times before numbers."""
    found: list[Clock] = []
    number = len(frames.frames)
    for _frame, key, path in _keys_on_the_way(frames):
        if clock_unit(key) is not None:
            found += _clock(key, [follow(frame, (*path, key)) for frame in frames.frames])
    for entries in frames.around[:2]:
        for key, value in entries.items():
            items = as_list(value)
            if len(items) == number and clock_unit(key) is not None:
                found += _clock(key, items)
    if frames.place.kind == "row" and not frames.place.path:
        for column, key in enumerate(frames.place.names):
            if clock_unit(key) is not None:
                cells = [(as_list(row)[column : column + 1] or [None])[0] for row in frames.frames]
                found += _clock(key, cells)
    if frames.labels is not None:
        whole = all(label.strip().isdecimal() for label in frames.labels)
        found += _clock("frame" if whole else "time", list(frames.labels))
    moving = [each for each in found if np.nanmax(each.values) > np.nanmin(each.values)]
    found = moving or found
    return next((each for each in found if each.kind == "time"), found[0] if found else None)


def _clock(key: str, values: list[Any]) -> list[Clock]:
    """A clock, or nothing where the values are none."""
    kind = (clock_unit(key) or ("time", ""))[0]
    if any(type(value) is str for value in values):
        texts = [value if type(value) is str else _text(value) for value in values]
        read = clock_of_texts(texts)
        return [] if read is None or not np.isfinite(read).any() else [Clock(key, read, kind)]
    numbers = np.array([number_of(value) for value in values])
    numbers[~np.isfinite(numbers)] = np.nan
    return [Clock(key, numbers, kind)] if np.isfinite(numbers).any() else []


def _text(value: Any) -> str:
    return repr(value) if is_number(value) else ""


def rate_of(frames: Frames) -> float | None:
    """Samples a second where an object around the frames, or the first frame, names them."""
    for entries in (*frames.around, as_dict(frames.frames[0])):
        for holder in (entries, *map(as_dict, entries.values())):
            for key, value in holder.items():
                number = number_of(value)
                if is_rate(key) and 1 <= number <= 1000:
                    return number
    return None


def matrices_of(frames: Frames) -> dict[str, Matrices]:
    """4x4 matrices of the ``head``, the ``leftEye`` and the ``rightEye``."""
    out: dict[str, Matrices] = {}
    for _frame, key, path in _keys_on_the_way(frames):
        if not _MATRIX.search(key):
            continue
        letters = squeezed(key)
        eye = "eye" in letters
        what = "head" if not eye else "leftEye" if "left" in letters else "rightEye"
        if what in out or (eye and "left" not in letters and "right" not in letters):
            continue
        rows = [_sixteen(follow(frame, (*path, key))) for frame in frames.frames]
        flat = numbers_of([row or [np.nan] * 16 for row in rows], list, 16, np.float64)
        there = np.isfinite(flat).all(axis=1)
        if there.any():
            out[what] = Matrices(key, _upright(flat, there), there)
    return out


def _sixteen(value: Any) -> list[float] | None:
    """The sixteen numbers of a matrix in the order of the file, or None."""
    for _ in range(4):
        entries, items = as_dict(value), as_list(value)
        if len(entries) == 16 and all(str(k) in entries for k in range(16)):
            # how JavaScript writes a Float32Array
            items = [entries[str(k)] for k in range(16)]
        elif entries:
            inner = (v for key, v in entries.items() if squeezed(key) in _NUMBERS and is_holder(v))
            value = next(inner, None)
            continue
        if len(items) == 4 and all(len(as_list(item)) == 4 for item in items):
            items = [number for item in items for number in item]
        if len(items) == 16 and set(map(type, items)) <= {int, float}:
            return items
        value = items[0] if items else None
    return None


def _upright(flat: FloatArray, there: BoolArray) -> FloatArray:
    """Matrices with their translations in the last column, in whatever order they were.

    Elements 3, 7, 11 are zero in column order, 12 to 14 in row order; where all are, Apple's and
    MediaPipe's column order is taken.
    """
    rows = flat[there]
    by_rows = np.abs(rows[:, [3, 7, 11]]).sum() > np.abs(rows[:, [12, 13, 14]]).sum()
    matrices = np.where(there[:, None], flat, np.eye(4).ravel()).reshape(-1, 4, 4)
    return matrices if by_rows else np.swapaxes(matrices, 1, 2)


def unread_keys(frames: Frames, used: Sequence[str]) -> list[str]:
    """Entries beside the coefficients that hold something and were not read, and landmarks."""
    out: dict[str, None] = {}
    own = frames.place.path
    for frame, key, path in _keys_on_the_way(frames):
        value = follow(frame, (*path, key))
        is_channel = frames.place.kind == "mapping" and is_number(value)
        if path == own and (is_channel or frames.place.kind == "beside"):
            continue
        if key in used or clock_unit(key) is not None or is_flag(key) or is_rate(key):
            continue
        if _ABOUT_A_FRAME.fullmatch(squeezed(key)) or (*path, key) == own[: len(path) + 1]:
            continue
        if is_number(value) or isinstance(value, Points | Point) or (is_holder(value) and value):
            out[key] = None
    return list(out)


def _keys_on_the_way(frames: Frames) -> list[tuple[Any, str, Path]]:
    """(a frame that has it, key, path to its object) of all objects from frame to coefficients."""
    out: dict[tuple[Path, str], Any] = {}
    path = frames.place.path
    for frame in frames.frames[:: max(1, len(frames.frames) // 32)]:
        for length in range(len(path) + 1):
            for key in as_dict(follow(frame, path[:length])):
                out.setdefault((path[:length], key), frame)
    return [(frame, key, at) for (at, key), frame in out.items()]
