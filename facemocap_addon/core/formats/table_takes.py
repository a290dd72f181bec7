# SPDX-License-Identifier: GPL-3.0-or-later
"""A take out of a table with a column a coefficient: what all CSV formats have in common.

Columns go by their names. Rows of several faces are parted by their number, rows that the writer
flags as lost become invalid, columns of words are left out.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..channels import canonical_channel
from ..errors import FacemocapError
from ..take import Take, TakeSource
from .coefficient_takes import (
    angles_to_radians,
    check_size,
    drop_silent_angles,
    finished_take,
    is_coefficient,
    say_unchanging,
    schema_columns,
    weights_from_percent,
)
from .cut_rows import count_sign, is_last_cell_cut, refuse_hollow
from .delimited import Cells, Layout, find_layout, plain_text, read_cells
from .live_link_time import read_row_times
from .read_options import ReadOptions, choose_face
from .sample_times import (
    SampleTimes,
    clock_of_texts,
    clock_unit,
    coarse_rate,
    count_samples,
    nominal_rate,
    read_clock,
)

_EXPORT_AGAIN = "Export or copy the file again"
_RAGGED_SHARE = 0.1
_FACE = re.compile(r"faceid|faceindex|face|faceno|facenumber|personid|subjectid")
_FLAG = re.compile(
    r"istracked|tracked|tracking|hasface|facedetected|detected|success|isvalid|valid|facefound|"
    r"trackingstatus|facetracked"
)
_NO_CHANNEL = re.compile(
    r"confidence|score|rate|fps|width|height|input|filename|image|imagepath|video|numfaces|faces"
)
#: Columns of points, boxes and other geometry that dumps carry beside their coefficients.
_GEOMETRY = re.compile(
    r"(?:\w+[_.])?[xyz][_.]?\d+|(?:\w*[_.])?\d+[_.]?[xyz]?|[a-z]*\d+[_.][xyz]|facerect\w*|"
    r"(?:landmark|mesh|transform|matrix)\w*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TableFormat:
    """What is known of a format: its identifier and the rate where a file tells none."""

    format: str
    rate_hz: float
    still: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A delimited text and what its columns are."""

    text: bytes
    layout: Layout
    clocks: tuple[int, ...]
    face: int | None
    flag: int | None
    channels: tuple[int, ...]
    skipped: tuple[int, ...]

    @property
    def texts(self) -> tuple[int, ...]:
        """Columns that are read as text."""
        return tuple(c for c in (*self.clocks, self.face, self.flag) if c is not None)


def header_of(head: bytes) -> tuple[str, ...]:
    """Names of the columns of a file's first line; empty where it is no table."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    head = head.removeprefix(b"\xef\xbb\xbf")
    line = re.split(rb"[\r\n]", head.lstrip(b"\r\n"), maxsplit=1)[0]
    if b"\0" in line or line[:1] in (b"{", b"[", b"<"):
        return ()
    return find_layout(line.replace(b'"', b"")).header


def known_columns(header: tuple[str, ...]) -> int:
    """How many columns are coefficients."""
    return sum(is_coefficient(name) for name in header[:3000] if name)


def read_table(
    table: Table, path: Path, kind: TableFormat, options: ReadOptions, cells: Cells | None = None
) -> Take:
    """The take in a table of coefficients; its cells are read here unless they are given.

    Raises
    ------
    FacemocapError
        When it is cut off, ragged, out of the order of time, or holds no face.
    """
    name = path.name
    header = table.layout.header
    if cells is None:
        check_size(name, count_sign(table.text, "\n"), len(table.channels))
        refuse_hollow(table.text, table.layout, len(table.channels), name)
        cells = read_cells(table.text, table.layout, table.channels, table.texts)
    rows = len(cells.counts)
    if rows == 0:
        raise FacemocapError(f'"{name}" has a header and no rows', "Record the take again")
    whole, warnings = whole_rows(cells, table, name)
    words = {header[c]: text for c, text in zip(table.texts, cells.texts, strict=True)}

    ids = words[header[table.face]] if table.face is not None else np.full(rows, b"0")
    chosen, faces, told = one_face(ids, options, name)
    warnings += told
    found = [
        k
        for k in range(len(table.channels))
        if not (cells.missing[:, k].all() and _is_extra(header[table.channels[k]]))
    ]
    columns = schema_columns(
        [header[table.channels[k]] for k in found],
        cells.numbers[np.ix_(chosen, found)],
        ~cells.missing[np.ix_(chosen, found)] & whole[chosen, None],
    )
    columns.warnings += [*warnings, *_unreadable(cells, table, found)]
    if table.flag is not None:
        columns.valid &= ~is_zero(words[header[table.flag]][chosen])[:, None]
    weights_from_percent(columns)
    angles_to_radians(columns)
    silent = drop_silent_angles(columns)
    say_unchanging(columns)
    if table.skipped:
        columns.warnings.append(f"{len(table.skipped)} columns were not read (points, boxes).")
    clocks = {header[c]: words[header[c]][chosen] for c in table.clocks}
    clock = _times(clocks, cells.lines[chosen], name, kind.rate_hz, options)
    details: dict[str, Any] = {"rows": rows}
    if len(faces) > 1:
        details["faces"] = faces
    return finished_take(
        columns,
        clock,
        TakeSource(name, kind.format, details),
        not_recorded=silent,
        still=kind.still,
    )


def find_table(data: bytes, name: str) -> Table:
    """The columns of a file by their names.

    Raises
    ------
    FacemocapError
        When a cell is damaged, or no column names a coefficient.
    """
    try:
        text = plain_text(data)
    except csv.Error as problem:
        raise FacemocapError(f'"{name}" has a damaged cell: {problem}', _EXPORT_AGAIN) from problem
    return sort_columns(text, find_layout(text), name)


def sort_columns(text: bytes, layout: Layout, name: str) -> Table:
    """What each column of a layout is.

    Raises
    ------
    FacemocapError
        When no column names a coefficient.
    """
    clocks: list[int] = []
    channels: list[int] = []
    skipped: list[int] = []
    face = flag = None
    for column, cell in enumerate(layout.header):
        letters = re.sub(r"[\W_]+", "", cell).lower()
        if not letters:
            continue
        if canonical_channel(cell) is not None:
            channels.append(column)
        elif clock_unit(cell) is not None:
            clocks.append(column)
        elif face is None and _FACE.fullmatch(letters):
            face = column
        elif flag is None and _FLAG.fullmatch(letters):
            flag = column
        elif _GEOMETRY.fullmatch(cell):
            skipped.append(column)
        elif not _NO_CHANNEL.fullmatch(letters):
            channels.append(column)
    if not any(is_coefficient(layout.header[column]) for column in channels):
        raise FacemocapError(
            f'"{name}" has a damaged header: no column names a face coefficient', _EXPORT_AGAIN
        )
    return Table(text, layout, tuple(clocks), face, flag, tuple(channels), tuple(skipped))


def _is_extra(name: str) -> bool:
    return canonical_channel(name) is None


def whole_rows(cells: Cells, table: Table, name: str) -> tuple[BoolArray, list[str]]:
    """Which rows have all their cells; errors for files that are cut or ragged."""
    needed = max(table.channels) + 1
    short = cells.counts < needed
    rows = len(short)
    if not cells.ended and (short[-1] or is_last_cell_cut(table.text, table.layout)):
        raise FacemocapError(
            f'"{name}" is cut off in line {int(cells.lines[-1])}: {rows - 1} rows are complete',
            _EXPORT_AGAIN + (", or delete its last line to use the rest" if rows > 2 else ""),
        )
    uneven = short | (cells.counts > len(table.layout.header) + 1)
    if not uneven.any():
        return np.ones(rows, np.bool_), []
    first = int(np.flatnonzero(uneven)[0])
    line, found = int(cells.lines[first]), int(cells.counts[first])
    if float(uneven.mean()) > _RAGGED_SHARE:
        raise FacemocapError(
            f'"{name}" has {found} cells in line {line} where its header has '
            f"{len(table.layout.header)}",
            _EXPORT_AGAIN,
        )
    number = int(uneven.sum())
    warning = (
        f"{number} {'row' if number == 1 else 'rows'} with another number of cells than the header "
        f"(first in line {line}) {'counts' if number == 1 else 'count'} as not tracked."
    )
    return ~uneven, [warning]


def one_face(
    faces: np.ndarray, options: ReadOptions, name: str
) -> tuple[IntArray, dict[str, int], list[str]]:
    """Rows of the face asked for, else of the one that is there most often.

    Parameters
    ----------
    faces : (n,) bytes
        The number, or the name, of each row's face; names count from 0 in their order.
    options : ReadOptions
    name : str
        The file's name, for messages.

    Returns
    -------
    tuple of (m,) int, dict of str to int, list of str
        Rows; rows of each face; what is said of it.
    """
    names, which, counts = np.unique(faces, return_inverse=True, return_counts=True)
    numbers = _face_numbers(names.tolist())
    rows_of = dict(zip(numbers, counts.tolist(), strict=True))
    chosen = choose_face(rows_of, options, name)
    if len(names) == 1:
        return np.arange(len(faces)), {}, []
    listed = {str(number): rows_of[number] for number in sorted(rows_of)}
    how = "the one in most rows" if options.face is None else "the one asked for"
    told = f"The file holds {len(names)} faces; {how} is read ({chosen})."
    return np.flatnonzero(which == numbers.index(chosen)), listed, [told]


def _face_numbers(names: list[bytes]) -> list[int]:
    """A number for each face: its own where all have one, else its place."""
    try:
        own = [float(each) for each in names]
    except ValueError:
        own = []
    numbers = [int(each) for each in own if abs(each) < 1e9 and each == int(each)]
    return numbers if len(set(numbers)) == len(names) else list(range(len(names)))


def is_zero(flags: np.ndarray) -> BoolArray:
    """Which cells ``(n,)`` of a flag say no."""
    lower = np.char.lower(flags)
    return np.isin(lower, np.array([b"0", b"0.0", b"false", b"no", b"none"]))


def _unreadable(cells: Cells, table: Table, found: list[int]) -> list[str]:
    """What is said of cells and columns that hold words."""
    header = table.layout.header
    kept = set(found)
    told = [
        f'The column "{header[column]}" holds no numbers and was left out.'
        for k, column in enumerate(table.channels)
        if k not in kept and cells.unreadable_counts[k]
    ]
    number = sum(int(cells.unreadable_counts[k]) for k in found)
    if number:
        columns = [table.channels[k] for k in found if cells.unreadable_counts[k]]
        line, shown = min(cells.unreadable[column] for column in columns)
        told.append(
            f"{number} {'cell holds' if number == 1 else 'cells hold'} no number "
            f'(first in line {line}: "{shown}") and count as not tracked.'
        )
    return told


def _times(
    clocks: dict[str, np.ndarray],
    lines: IntArray,
    name: str,
    usual_hz: float,
    options: ReadOptions,
) -> SampleTimes:
    """Times of rows from the best of their clocks: one that moves, times before frame numbers."""
    numbers: dict[str, FloatArray] = {}
    number = len(lines)
    rate_hz, named = options.rate_or(usual_hz)
    for key, cells in clocks.items():
        texts = [cell.decode("utf-8", "replace") for cell in cells.tolist()]
        if number > 1 and all(text.count(":") + text.count(";") == 3 for text in texts):
            codes = read_row_times(cells, lines, name, given_hz=options.rate_hz)
            rows = np.arange(number)
            return SampleTimes(
                codes.times, rows, codes.step_s, codes.rate, True, codes.assumptions, codes.warnings
            )
        read = clock_of_texts([text.replace(",", ".") for text in texts])
        if read is not None and np.isfinite(read).any():
            numbers[key] = read
    kinds = {key: (clock_unit(key) or ("time", ""))[0] for key in numbers}
    moving = {key: each for key, each in numbers.items() if np.ptp(each[np.isfinite(each)]) > 0}
    times = [key for key in moving if kinds[key] == "time"]
    frames = [key for key in moving if kinds[key] == "frame"]
    coarse = [key for key in times if _is_coarse(moving[key])]
    fine = [key for key in times if key not in coarse]
    if fine:
        return read_clock(moving[fine[0]], fine[0], lines, name, rate_hz=rate_hz, named=named)
    if frames:
        key = frames[0]
        if coarse and not named:
            measured = coarse_rate(moving[key], moving[coarse[0]])
            if measured is not None and 5 <= measured <= 240:
                return read_clock(
                    moving[key], key, lines, name, rate_hz=float(nominal_rate(measured)),
                    named=f'"{coarse[0]}"',
                )  # fmt: skip
        return read_clock(moving[key], key, lines, name, rate_hz=rate_hz, named=named)
    if coarse:
        return read_clock(moving[coarse[0]], coarse[0], lines, name, rate_hz=rate_hz, named=named)
    return count_samples(number, rate_hz, "The file has no times", named=named)


def _is_coarse(clock: FloatArray) -> bool:
    """Whether a clock has the same second in many rows."""
    steps = np.diff(clock)
    return bool((steps == 0).mean() > 0.5) if len(steps) else False
