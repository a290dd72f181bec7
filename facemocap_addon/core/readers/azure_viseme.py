# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of Azure Speech viseme animations: chunks as the service sends them, and app wrappers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError
from ..formats.coefficient_takes import (
    drop_silent_angles,
    finished_take,
    say_unchanging,
    schema_columns,
)
from ..formats.json_takes import Facts, JsonFormat, find_facts, read_facts
from ..formats.json_text import json_keys, json_text, json_texts, parse_json, without_collector
from ..formats.json_values import as_dict, as_list, is_holder, is_number, numbers_of
from ..formats.live_link_order import COEFFICIENTS
from ..formats.sample_times import read_clock
from ..take import Take, TakeSource
from . import Reader, ReadOptions

_FORMAT = JsonFormat("azure_viseme_json", 60.0)
RATE_HZ = 60.0
#: The service's order: that of Unreal's own enumeration, and three rolls.
NAMES = (*COEFFICIENTS, "headRoll", "leftEyeRoll", "rightEyeRoll")
_ROLLS = frozenset(("headRoll", "leftEyeRoll", "rightEyeRoll"))
_MOST_FRAMES = 1 << 40


def sniff(head: bytes) -> float:
    """Chunks with a frame index and rows, or frames with three rolls and no other angle."""
    keys = json_keys(head)
    if {"FrameIndex", "BlendShapes"} <= keys:
        return 0.97
    words = keys | json_texts(head)
    return 0.9 if words >= _ROLLS and not words & {"headYaw", "leftEyeYaw", "HeadYaw"} else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    with without_collector():
        text = json_text(data)
        del data
        may_have_chunks = "FrameIndex" in text and "BlendShapes" in text
        document = parse_json(text, path.name)
        del text
        chunks = _read_chunks(document, path.name) if may_have_chunks else None
        found = chunks or find_facts(document, path.name, options)
        del document
    if isinstance(found, Facts):
        return read_facts(found, path, _FORMAT, options)
    return _take(found, path.name, options)


class _Chunks(NamedTuple):
    """Rows ``(n, 55)`` of all chunks, the frame of each, and how many chunks there are."""

    table: FloatArray
    frames: list[int]
    number: int


def _read_chunks(document: Any, name: str) -> _Chunks | None:
    """All chunks of a document, None where there are none.

    Raises
    ------
    FacemocapError
        When a row has not as many values as the service writes.
    """
    chunks = list(_chunks(document, name))
    if not chunks:
        return None
    rows: list[Any] = []
    index: list[int] = []
    for first, block in chunks:
        for row in block:
            if len(as_list(row)) != len(NAMES):
                raise FacemocapError(
                    f'"{name}" has {len(as_list(row))} values in frame {len(rows) + 1} '
                    f"where Azure writes {len(NAMES)}",
                    "Save the animation as the service sends it",
                )
            rows.append(row)
        index += range(first, first + len(block))
    if not rows:
        raise FacemocapError(
            f'"{name}" holds no frame of an animation',
            'Ask the service for visemes of the type "FacialExpression"',
        )
    return _Chunks(numbers_of(rows, as_list, len(NAMES)), index, len(chunks))


def _take(chunks: _Chunks, name: str, options: ReadOptions) -> Take:
    table = chunks.table
    there = np.isfinite(table)
    table[~there] = 0
    columns = schema_columns(NAMES, table, there)
    columns.assumptions.append("The three rolls are taken for radians: the service names no unit.")
    silent = drop_silent_angles(columns)
    say_unchanging(columns)
    places = [f"frame {frame}" for frame in chunks.frames]
    numbers = np.array(chunks.frames, np.float64)
    rate_hz, named = options.rate_or(RATE_HZ, "the service")
    clock = read_clock(numbers, "FrameIndex", places, name, rate_hz=rate_hz, named=named)
    details = {"frames": len(table), "chunks": chunks.number}
    return finished_take(
        columns, clock, TakeSource(name, _FORMAT.format, details), not_recorded=silent
    )


def _chunks(document: Any, name: str) -> Iterator[tuple[int, list[Any]]]:
    """First frame and rows of each chunk, in the order of the file."""
    todo: list[Any] = [document]
    number = 0
    while todo:
        value = todo.pop()
        if type(value) is str and value.lstrip().startswith("{") and "BlendShapes" in value:
            # an event holds its animation as a text of its own
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                raise FacemocapError(
                    f'"{name}" holds a damaged animation (chunk {number + 1})',
                    "Save the events again",
                ) from None
        entries = as_dict(value)
        rows, first = entries.get("BlendShapes"), entries.get("FrameIndex")
        if type(rows) is list and type(first) is int and 0 <= first < _MOST_FRAMES:
            number += 1
            yield first, as_list(rows)
            continue
        items = as_list(value)
        inner = [] if items and is_number(items[0]) else [*entries.values(), *items]
        todo += [each for each in reversed(inner) if is_holder(each) or type(each) is str]


READER = Reader(_FORMAT.format, "Azure Speech visemes (.json)", (".json",), sniff, read)
