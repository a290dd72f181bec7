# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of .pts files: the 68 landmarks of one picture, and those beside it that are its video.

Files in the same folder whose names differ only in the number at the end are the frames of one
video; the number is the frame's.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError
from ..files import read_file
from ..formats.coefficient_takes import Columns, check_size, finished_take
from ..formats.landmarks68 import NUMBER, landmark_channels
from ..formats.sample_times import count_samples, read_clock
from ..points import PICTURE, point_values
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "pts_68"
_AGAIN = "Export the landmarks again"
_RATE_HZ = 30.0
_LARGEST = 64 * 1024
_MOST_FILES = 200_000
_HEAD = re.compile(
    rb"\s*(?:version\s*:\s*[\d.]+\s*)?n_points\s*:\s*(\d{1,6})\s*\{([^{}]*)", re.IGNORECASE
)
_SIGN = re.compile(rb"(?:version\s*:\s*[\d.]+\s+)?n_points\s*:\s*\d", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*?)(\d{1,12})(\.[^.]*)?", re.DOTALL)


def sniff(head: bytes) -> float:
    """The number of points and, before it, at most the version."""
    return 0.95 if _SIGN.match(head.removeprefix(b"\xef\xbb\xbf").lstrip()) else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes and the files beside it."""
    frames, paths = _sequence(path)
    check_size(path.name, len(paths), 2 * NUMBER)
    positions = np.zeros((len(paths), NUMBER, 2))
    for place, each in enumerate(paths):
        positions[place] = _points(data if each == path else _small(each), each.name)
    channels = landmark_channels(
        range(NUMBER), PICTURE, [f"{k} {axis}" for k in range(NUMBER) for axis in "xy"]
    )
    values, valid = point_values(positions, np.ones(positions.shape[:2], np.bool_))
    columns = Columns(channels, values, valid)
    columns.assumptions.append("Points are kept as written; most such files count pixels from 1.")
    rate_hz, named = options.rate_or(_RATE_HZ)
    names = [each.name for each in paths]
    if len(paths) == 1:
        clock = count_samples(1, rate_hz, "The file holds one sample", named=named)
    else:
        columns.assumptions.append(
            f"{len(paths)} files are the frames of one video, {names[0]} to {names[-1]}."
        )
        clock = read_clock(frames, "frame", names, path.name, rate_hz=rate_hz, named=named)
    source = TakeSource(path.name, FORMAT, {"files": len(paths)})
    return finished_take(columns, clock, source, still=True)


def _sequence(path: Path) -> tuple[FloatArray, list[Path]]:
    """Frame numbers and files of the video that a file is a frame of, in their order."""
    own = _NUMBERED.fullmatch(path.name)
    if own is None or not path.is_file():
        return np.zeros(1), [path]
    found: dict[int, Path] = {}
    for each in sorted(path.parent.iterdir()):
        other = _NUMBERED.fullmatch(each.name)
        if other is None or (other.group(1), other.group(3)) != (own.group(1), own.group(3)):
            continue
        if each == path or each.is_file():
            # 7 and 007 would be one frame: the file that was named counts
            number = int(other.group(2))
            found[number] = path if found.get(number) == path else each
        if len(found) > _MOST_FILES:
            raise FacemocapError(
                f'More than {_MOST_FILES} files stand beside "{path.name}"',
                "Keep the frames of one take in a folder of their own",
            )
    numbers = sorted(found)
    return np.array(numbers, np.float64), [found[number] for number in numbers]


def _small(path: Path) -> bytes:
    """A file beside the one that was named."""
    if path.stat().st_size > _LARGEST:
        raise FacemocapError(
            f'"{path.name}" is too large for the landmarks of one picture', "Move it elsewhere"
        )
    return read_file(path)


def _points(data: bytes, name: str) -> FloatArray:
    """The points ``(68, 2)`` of one file.

    Raises
    ------
    FacemocapError
        When it is damaged or has another number of points.
    """
    if len(data) > _LARGEST:
        raise FacemocapError(f'"{name}" is too large for the landmarks of one picture', _AGAIN)
    found = _HEAD.match(data.removeprefix(b"\xef\xbb\xbf"))
    if found is None:
        raise FacemocapError(f'"{name}" has a damaged header', _AGAIN)
    if b"}" not in data:
        raise FacemocapError(f'"{name}" is cut off: its last bracket is missing', _AGAIN)
    promised = int(found.group(1))
    if promised != NUMBER:
        raise FacemocapError(
            f'"{name}" has {promised} points where {NUMBER} are read',
            "Export the 68 landmarks of the 300-W annotation",
        )
    lines = [line.split() for line in found.group(2).splitlines() if line.strip()]
    if len(lines) != NUMBER or any(len(line) != 2 for line in lines):
        raise FacemocapError(
            f'"{name}" has {len(lines)} lines of points where its header says {promised}'
            if len(lines) != NUMBER
            else f'"{name}" has a line that is no point of two numbers',
            _AGAIN,
        )
    try:
        return np.array([[float(cell) for cell in line] for line in lines])
    except ValueError:
        raise FacemocapError(f'"{name}" has a point that is no number', _AGAIN) from None


READER = Reader(FORMAT, "68 landmarks (.pts)", (".pts",), sniff, read)
