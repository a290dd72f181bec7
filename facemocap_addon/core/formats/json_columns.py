# SPDX-License-Identifier: GPL-3.0-or-later
"""Coefficients of frames that `json_frames` found, as names and an array."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from .coefficient_takes import check_filled, check_size
from .json_beside import is_flag, is_rate
from .json_frames import Frames, Place, follow
from .json_values import (
    PIECE,
    as_dict,
    as_list,
    is_number,
    number_of,
    numbers_of,
    rows_to_numbers,
    squeezed,
)
from .sample_times import clock_unit

#: Arrangements of names that are told apart.
_MOST_LAYOUTS = 32
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
    return _Gathered(frames, name).table()


@dataclass(slots=True)
class _Run:
    """Frames that have the same names in the same order, one after another."""

    begin: int
    layout: int
    rows: list[Sequence[Any]]
    numbers: FloatArray | None = None


class _Gathered:
    """Values of frames, as arrays while their names stand in the order of the frame before."""

    def __init__(self, frames: Frames, name: str) -> None:
        self._frames = frames
        self._names: dict[str, int] = {}
        self._seen: set[str] = set()
        self._layouts: list[list[Any]] = []
        self._runs: list[_Run] = []
        #: Whether names stand in so many orders, or so strangely, that each frame is looked up.
        self._many = False
        number, cells = len(frames.frames), 0
        for row, frame in enumerate(frames.frames):
            keys, values = _raw_cells(frame, frames.place)
            cells += len(keys)
            if self._many:
                self._learn(*_named(keys, values), name)
                continue
            run = self._runs[-1] if self._runs else None
            if run is None or keys != self._layouts[run.layout]:
                layout = self._layout(keys, values, name)
                if self._many:
                    continue
                self._close()
                self._runs.append(_Run(row, layout, [values]))
            elif len(run.rows) == PIECE:
                self._close()
                self._runs.append(_Run(row, run.layout, [values]))
            else:
                run.rows.append(values)
        check_filled(name, number, len(self._names), cells)

    def table(self) -> tuple[list[str], FloatArray]:
        """Names, and values ``(n, c)``, NaN where missing."""
        names, frames = list(self._names), self._frames
        if self._many:
            # what was gathered would be there twice
            self._runs.clear()

            def named_cells(frame: Any) -> Sequence[Any]:
                entries = dict(zip(*_named(*_raw_cells(frame, frames.place)), strict=True))
                return [entries.get(key) for key in names]

            return names, numbers_of(frames.frames, named_cells, len(names))
        self._close()
        out = np.full((len(frames.frames), len(names)), np.nan, np.float32)
        for run in self._runs:
            keys = self._layouts[run.layout]
            own = [at for at, key in enumerate(keys) if key in self._names]
            if run.numbers is not None and own:
                rows = slice(run.begin, run.begin + len(run.numbers))
                places = [self._names[keys[at]] for at in own]
                if places == [*range(len(keys))]:
                    out[rows, : len(keys)] = run.numbers
                else:
                    out[rows, places] = run.numbers[:, own]
        return names, out

    def _layout(self, keys: list[Any], values: list[Any], name: str) -> int:
        """Which arrangement of names this is; names that are new are learnt."""
        known = next((at for at, each in enumerate(self._layouts) if each == keys), None)
        if known is not None:
            return known
        self._layouts.append(keys)
        few = len(self._layouts) <= _MOST_LAYOUTS
        plain = set(map(type, keys)) <= {str} and len(set(keys)) == len(keys)
        self._many = not (few and plain)
        self._learn(*_named(keys, values), name)
        return len(self._layouts) - 1

    def _learn(self, keys: list[str], values: list[Any], name: str) -> None:
        """Columns for names that are new."""
        if self._seen.issuperset(keys):
            return
        for key, value in zip(keys, values, strict=True):
            if key not in self._seen:
                self._seen.add(key)
                if self._frames.place.kind != "mapping" or _may_be_channel(key, value):
                    self._names[key] = len(self._names)
        check_size(name, len(self._frames.frames), len(self._seen))

    def _close(self) -> None:
        """Make an array of the last run."""
        if self._runs:
            run = self._runs[-1]
            width = len(self._layouts[run.layout])
            run.numbers, run.rows = rows_to_numbers(run.rows, width), []


def _raw_cells(frame: Any, place: Place) -> tuple[list[Any], list[Any]]:
    """What stands for names and values in a frame, none where it has none."""
    value = follow(frame, place.path)
    if place.kind == "mapping":
        entries = as_dict(value)
        return list(entries), list(entries.values())
    first, second = place.keys
    if place.kind == "pairs":
        items = as_list(value)
        try:
            return [item[first] for item in items], [item[second] for item in items]
        except (KeyError, TypeError, IndexError):
            some = [as_dict(item) for item in items]
            return [item.get(first) for item in some], [item.get(second) for item in some]
    keys, values = as_list(as_dict(value).get(first)), as_list(as_dict(value).get(second))
    return (keys, values) if len(keys) == len(values) else ([], [])


def _named(keys: list[Any], values: list[Any]) -> tuple[list[str], list[Any]]:
    """The last value of each name; what has no text for its name is left out."""
    found = {key: each for key, each in zip(keys, values, strict=True) if type(key) is str}
    return list(found), list(found.values())


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


def frames_of_several_faces(frames: Frames) -> int:
    """In how many frames there is more than one face."""
    path = frames.place.path
    number = 0
    for at, step in enumerate(path):
        if not isinstance(step, str):
            faces = (as_list(follow(frame, path[:at])) for frame in frames.frames)
            number = max(number, sum(len(each) > 1 for each in faces))
    return number
