# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients of frames that `json_frames` found, as names and an array."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .coefficient_takes import check_filled, check_size
from .json_beside import is_flag, is_rate
from .json_frames import Frames, follow
from .json_values import as_dict, as_list, is_number, number_of, squeezed
from .sample_times import clock_unit

#: Rows made into an array at a time: lists of Python numbers are eight times its size.
_PIECE = 2048
#: Entries of a frame that say something about it and are no channel.
_NO_CHANNEL = re.compile(
    r"confidence|score|faceid|face|subject|headindex|displayname|index|timestamp|id"
)


def coefficient_table(frames: Frames, name: str) -> tuple[list[str], FloatArray]:
    """Names in the order of their first frames, and values ``(n, c)``, NaN where missing.

    Raises
    ------
    FacemocapError
        When there are more channels than a face has.
    """
    place = frames.place
    if place.kind == "row":
        width = len(place.names)
        check_size(name, len(frames.frames), width)
        rows = [follow(frame, place.path) for frame in frames.frames]
        check_filled(name, len(rows), width, sum(len(as_list(row)) for row in rows))
        none: list[Any] = [None] * width

        def row_cells(row: Any) -> Sequence[Any]:
            return as_list(row) if len(as_list(row)) == width else none

        return list(place.names), numbers_of(rows, row_cells, width)
    found = [_mapping(frame, frames) for frame in frames.frames]
    names: dict[str, None] = {}
    seen: dict[str, None] = {}
    for entries in found:
        if entries.keys() <= seen.keys():
            continue
        for key, value in entries.items():
            if key not in seen:
                seen[key] = None
                if place.kind != "mapping" or _may_be_channel(key, value):
                    names[key] = None
        check_size(name, len(found), len(seen))
    check_filled(name, len(found), len(names), sum(map(len, found)))
    return list(names), numbers_of(
        found, lambda entries: [entries.get(key) for key in names], len(names)
    )


def _mapping(frame: Any, frames: Frames) -> dict[str, Any]:
    """A frame's coefficients by name, none where it has none."""
    place = frames.place
    value = follow(frame, place.path)
    first, second = place.keys
    if place.kind == "pairs":
        items = [as_dict(item) for item in as_list(value)]
        return {item[first]: item.get(second) for item in items if type(item.get(first)) is str}
    entries = as_dict(value)
    if place.kind == "mapping":
        return entries
    texts, numbers = as_list(entries.get(first)), as_list(entries.get(second))
    if len(texts) != len(numbers):
        return {}
    return {key: number for key, number in zip(texts, numbers, strict=True) if type(key) is str}


def _may_be_channel(key: str, value: Any) -> bool:
    """Whether an entry of a mapping is a channel: a number that is no clock, flag or index."""
    if not (is_number(value) or value is None):
        return type(value) is str and not math.isnan(number_of(value))
    return not (
        clock_unit(key) is not None
        or is_flag(key)
        or is_rate(key)
        or _NO_CHANNEL.fullmatch(squeezed(key))
    )


def numbers_of(
    rows: Sequence[Any], cells: Callable[[Any], Sequence[Any]], width: int
) -> FloatArray:
    """Numbers ``(n, width)`` of the cells of each row, NaN for what is none."""
    out = np.full((len(rows), width), np.nan)
    for begin in range(0, len(rows), _PIECE):
        piece = [cells(row) for row in rows[begin : begin + _PIECE]]
        numbers: Any
        try:
            numbers = np.array(piece, np.float64)
        except (ValueError, TypeError, OverflowError):
            numbers = None
        if numbers is None or numbers.shape != (len(piece), width):
            numbers = np.array([[number_of(cell) for cell in row] for row in piece], np.float64)
        out[begin : begin + len(piece)] = numbers.reshape(len(piece), width)
    out[~np.isfinite(out)] = np.nan
    return out


def frames_of_several_faces(frames: Frames) -> int:
    """In how many frames there is more than one face."""
    path = frames.place.path
    number = 0
    for at, step in enumerate(path):
        if not isinstance(step, str):
            faces = (as_list(follow(frame, path[:at])) for frame in frames.frames)
            number = max(number, sum(len(each) > 1 for each in faces))
    return number
