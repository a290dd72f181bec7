# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of Live Link Face CSV, the recordings of Epic's iPhone app, and of its many imitations.

Columns go by their header, times by the timecode (`live_link_time`), the unit of angles by the
values (`angle_units`). Rows without a face and rows that are missing become invalid samples.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import Channel, canonical_channel
from ..errors import FacemocapError
from ..formats.angle_units import find_angle_unit
from ..formats.cut_rows import is_last_cell_cut, refuse_hollow
from ..formats.delimited import Cells, Layout, find_layout, plain_text, read_cells
from ..formats.live_link_lookalikes import read_millisecond_times
from ..formats.live_link_notes import read_take_notes
from ..formats.live_link_time import read_row_times
from ..sampling import with_gaps
from ..take import Take, TakeSource
from ..timebase import Timebase
from . import Reader, ReadOptions

FORMAT = "live_link_face_csv"
_TIMECODE = "timecode"
_COUNT = "blendshapecount"
_HEAD = ("headYaw", "headPitch", "headRoll")
_EYES = tuple(f"{side}Eye{axis}" for side in ("left", "right") for axis in ("Yaw", "Pitch", "Roll"))
#: Rows of an unexpected length, as a share of all, up to which a file counts as whole.
_RAGGED_SHARE = 0.1
_EXPORT_AGAIN = "Export or copy the take again"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which column is what."""

    timecode: int
    count: int | None
    columns: tuple[int, ...]
    channels: tuple[Channel, ...]
    warnings: tuple[str, ...]


def sniff(head: bytes) -> float:
    """A header with a timecode and a blend shape count, in either spelling, or cut within it."""
    header = [name.lower() for name in find_layout(_first_line(head)).header]
    line = ",".join(header)
    if b"\n" not in head and len(line) >= 6 and f"{_TIMECODE},{_COUNT},".startswith(line):
        return 0.5
    if _TIMECODE not in header:
        return 0.0
    if _COUNT in header:
        return 1.0
    return 0.7 if sum(canonical_channel(name) is not None for name in header) >= 3 else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes; ``take.json`` beside ``path`` is used where present."""
    name = path.name
    try:
        text = plain_text(data)
    except csv.Error as problem:
        raise FacemocapError(f'"{name}" has a damaged cell: {problem}', _EXPORT_AGAIN) from problem
    del data
    layout = find_layout(text)
    plan = _plan(layout, name, whole=b"\n" in text)
    refuse_hollow(text, layout, len(plan.columns), name)
    texts = (plan.timecode,) if plan.count is None else (plan.timecode, plan.count)
    cells = read_cells(text, layout, plan.columns, texts)
    tracked, row_warnings = _check_rows(text, layout, plan, cells, name)

    notes = read_take_notes(path, len(cells.counts))
    clock = read_millisecond_times(cells.texts[0]) or read_row_times(
        cells.texts[0],
        cells.lines,
        name,
        notes.target_hz,
        notes.duration_s,
        given_hz=options.rate_hz,
    )
    valid = ~cells.missing
    numbers, channels = cells.numbers, plan.channels
    # from here on what is not valid is zero
    valid[~tracked] = False
    numbers[~tracked] = 0
    words = _word_columns(plan, cells)
    if words:
        kept = [column for column in range(len(channels)) if column not in words]
        numbers, valid = numbers[:, kept], valid[:, kept]
        channels = tuple(channels[column] for column in kept)
    if not valid.any():
        raise FacemocapError(
            f'"{name}" has no face in any of its {len(tracked)} rows',
            "Record again with the face in view",
        )
    names = tuple(channel.name for channel in channels)
    assumptions = _to_radians(channels, names, numbers, valid)
    not_recorded = _not_recorded(names, numbers)
    valid[:, [names.index(silent) for silent in not_recorded]] = False
    times, exists, gaps = with_gaps(clock.times, clock.step_s)
    warnings = [*plan.warnings, *row_warnings, *notes.warnings, *clock.warnings]
    warnings += [
        f'The column "{plan.channels[column].original}" holds no numbers and was left out.'
        for column in words
    ]
    warnings += _told(tracked, not_recorded, gaps, len(times) - len(tracked))
    warnings += _told_unreadable(plan, cells, words)
    measured_hz = 1 / clock.step_s
    if notes.target_hz and abs(notes.target_hz - measured_hz) > 0.02 * notes.target_hz:
        warnings.append(
            f"take.json says {notes.target_hz:g} frames a second, the timecodes {measured_hz:.2f}."
        )
    return Take(
        times=times,
        channels=channels,
        values=_spread(numbers, exists),
        valid=_spread(valid, exists),
        timebase=Timebase(clock.rate, clock.start_timecode, clock.start_s),
        source=TakeSource(name, FORMAT, {"rows": len(tracked), **notes.details}),
        not_recorded=not_recorded,
        assumptions=(*clock.assumptions, *assumptions),
        warnings=tuple(warnings),
    )


def _first_line(head: bytes) -> bytes:
    """The first line of a file's beginning, without quotation marks."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    head = plain_text(head.replace(b'"', b""))
    return head.split(b"\n", 1)[0]


def _plan(layout: Layout, name: str, *, whole: bool) -> _Plan:
    """Find the columns by their names."""
    header = [cell.lower() for cell in layout.header]
    if not whole:
        if len(header) >= 20:
            raise FacemocapError(f'"{name}" has a header and no rows', "Record the take again")
        raise FacemocapError(f'"{name}" is cut off within its header', _EXPORT_AGAIN)
    if _TIMECODE not in header:
        raise FacemocapError(f'"{name}" has a damaged header', _EXPORT_AGAIN)
    timecode = header.index(_TIMECODE)
    count = header.index(_COUNT) if _COUNT in header else None
    channels: dict[str, tuple[int, Channel]] = {}
    twice: list[str] = []
    for column, cell in enumerate(layout.header):
        if column in (timecode, count) or not cell:
            continue
        channel = canonical_channel(cell) or Channel(cell)
        if channel.name in channels:
            twice.append(cell)
        else:
            channels[channel.name] = (column, channel)
    if not any(channel.region != "other" for _column, channel in channels.values()):
        raise FacemocapError(
            f'"{name}" has timecodes but no column that names a face channel',
            "Export it with the header that Live Link Face writes",
        )
    warnings = [f'The column "{cell}" occurs twice; the first one is used.' for cell in twice]
    return _Plan(
        timecode,
        count,
        tuple(column for column, _channel in channels.values()),
        tuple(channel for _column, channel in channels.values()),
        tuple(warnings),
    )


def _check_rows(
    text: bytes, layout: Layout, plan: _Plan, cells: Cells, name: str
) -> tuple[BoolArray, list[str]]:
    """Which rows hold a tracked face; errors for files that are cut, ragged or all but empty."""
    rows = len(cells.counts)
    if rows == 0:
        raise FacemocapError(f'"{name}" has a header and no rows', "Record the take again")
    tracked = np.ones(rows, np.bool_)
    if plan.count is not None:
        counts = cells.texts[1]
        tracked &= ~np.isin(counts, np.array([b"0", b"0.0", b"-0"]))
        # a row that ends after its timecode has no count and no face either
        tracked &= (counts != b"") | ~cells.missing.all(axis=1)
    needed = max(plan.columns) + 1
    short = tracked & (cells.counts < needed)
    # the app's rows without a face end after the count
    cut = bool(short[-1]) or (plan.count is not None and cells.counts[-1] <= plan.count)
    if not cells.ended and (cut or is_last_cell_cut(text, layout)):
        todo = _EXPORT_AGAIN
        if rows > 2:
            todo += ", or delete its last line to use the rest"
        raise FacemocapError(
            f'"{name}" is cut off in line {int(cells.lines[-1])}: {rows - 1} rows are complete',
            todo,
        )
    if rows == 1:
        raise FacemocapError(f'"{name}" has only one row', "Record a take of at least two frames")
    ragged = short.copy()
    width = len(layout.header)
    if (cells.counts > width).any():
        beyond = read_cells(text, layout, (), (width,)).texts[0]
        ragged |= beyond != b""
    if not ragged.any():
        return tracked, []
    worst = int(np.flatnonzero(ragged)[0])
    found, line = int(cells.counts[worst]), int(cells.lines[worst])
    if float(ragged.mean()) > _RAGGED_SHARE:
        raise FacemocapError(
            f'"{name}" has {found} cells in line {line} where its header has {width}', _EXPORT_AGAIN
        )
    tracked &= ~ragged
    number = int(ragged.sum())
    warning = (
        f"{_rows(number)} with another number of cells than the header "
        f"(first in line {line}) {_count_as(number)} as not tracked."
    )
    return tracked, [warning]


def _to_radians(
    channels: tuple[Channel, ...], names: tuple[str, ...], values: FloatArray, valid: BoolArray
) -> tuple[str, ...]:
    """Make radians of all angles, in place, and say what was taken for granted about their unit."""
    angles = tuple(index for index, channel in enumerate(channels) if channel.kind == "angle")
    if not any(values[:, index].any() for index in angles):
        return ()
    unit = find_angle_unit(names, values, valid, angles)
    if unit.radians != 1.0:
        columns = list(angles)
        values[:, columns] = values[:, columns].astype(np.float64) * unit.radians
    return (unit.reason,)


def _not_recorded(names: tuple[str, ...], values: FloatArray) -> tuple[str, ...]:
    """Head or eye angles that are zero throughout: the app writes zeros when they are off."""
    silent: list[str] = []
    for group in (_HEAD, _EYES):
        columns = [names.index(name) for name in group if name in names]
        if not any(values[:, column].any() for column in columns):
            silent += [names[column] for column in columns]
    return tuple(silent)


def _told(tracked: BoolArray, not_recorded: tuple[str, ...], gaps: int, inserted: int) -> list[str]:
    """What the animator should know about the samples."""
    told: list[str] = []
    if "headYaw" in not_recorded or "headPitch" in not_recorded:
        told.append(
            "Head rotation was not recorded: its columns are all zero "
            '(turn on "Stream Head Rotation" in the app).'
        )
    if "leftEyeYaw" in not_recorded or "rightEyeYaw" in not_recorded:
        told.append("Eye rotation was not recorded: its columns are all zero.")
    if gaps:
        told.append(
            f"{gaps} {'gap' if gaps == 1 else 'gaps'} in the timecode, "
            f"{inserted} {'sample is' if inserted == 1 else 'samples are'} missing."
        )
    lost = int((~tracked).sum())
    if lost:
        told.append(f"No face was tracked in {_rows(lost).lower()}.")
    return told


def _word_columns(plan: _Plan, cells: Cells) -> list[int]:
    """Columns of words, such as the name of an emotion: no channel of a schema and no number."""
    none = np.all(cells.missing, axis=0).tolist()
    return [
        column
        for column, channel in enumerate(plan.channels)
        if channel.region == "other" and none[column] and cells.unreadable_counts[column]
    ]


def _told_unreadable(plan: _Plan, cells: Cells, words: list[int]) -> list[str]:
    """Cells that should hold a number and do not, the columns of words apart."""
    kept = [
        column for column in np.flatnonzero(cells.unreadable_counts).tolist() if column not in words
    ]
    if not kept:
        return []
    number = int(cells.unreadable_counts[kept].sum())
    line, shown = min(cells.unreadable[plan.columns[column]] for column in kept)
    warning = (
        f"{number} {'cell holds' if number == 1 else 'cells hold'} no number "
        f'(first in line {line}: "{shown}") and {_count_as(number)} as not tracked.'
    )
    return [warning]


def _rows(number: int) -> str:
    return f"{number} {'row' if number == 1 else 'rows'}"


def _count_as(number: int) -> str:
    return "counts" if number == 1 else "count"


def _spread(samples: Any, exists: BoolArray) -> Any:
    """Rows of ``samples`` at the true places of ``exists``, zeros elsewhere."""
    if exists.all():
        return samples
    out = np.zeros((len(exists), samples.shape[1]), samples.dtype)
    out[exists] = samples
    return out


READER = Reader(FORMAT, "Live Link Face (.csv)", (".csv",), sniff, read)
