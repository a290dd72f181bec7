# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of TRC files: a line of names and values, a line of marker names, then places by tabs.

Columns go by the names above them: the number of markers in the header may be wrong.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..arrays import BoolArray
from ..errors import FacemocapError
from ..formats.cut_rows import count_sign, refuse_hollow
from ..formats.delimited import Layout, plain_text, read_cells
from ..formats.marker_clocks import numbers_of, row_times
from ..formats.marker_tables import check_not_cut, uneven_rows, unreadable_cells
from ..formats.marker_takes import Markers, check_points, finished_markers, is_rate
from ..formats.read_options import ReadOptions
from ..take import Take, TakeSource
from . import Reader

FORMAT = "trc"
_EXPORT_AGAIN = "Export or copy it again"
_MARK = b"PathFileType"
#: Lines before the names, at most.
_HEADER_LINES = 20
_AXIS = re.compile(r"[XYZxyz]\s*\d*")


@dataclass(frozen=True, slots=True)
class _Table:
    """Where places are.

    Attributes
    ----------
    values : dict of str to str
        The header's values by their lower-case names.
    names : list of str
    columns : list of int
        First column of each marker.
    layout : Layout
    before : int
        Lines above the first row.
    """

    values: dict[str, str]
    names: list[str]
    columns: list[int]
    layout: Layout
    before: int


def sniff(head: bytes) -> float:
    """The word that TRC files begin with."""
    try:
        text = plain_text(head[:4096].replace(b'"', b""))
    except csv.Error:
        return 0.0
    return 0.95 if text.lstrip().startswith(_MARK) else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    text = plain_text(data.replace(b'"', b""))
    del data
    table = _find_table(text, name)
    points, width = len(table.names), max(table.columns) + 3
    check_points(name, count_sign(text, "\n", table.layout.body), points)
    refuse_hollow(text, table.layout, width, name)
    wanted = [column + k for column in table.columns for k in range(3)]
    cells = read_cells(text, table.layout, wanted, (0, 1))
    rows = len(cells.counts)
    if rows == 0:
        raise FacemocapError(f'"{name}" has a header and no samples', _EXPORT_AGAIN)
    # read_cells counts the line above the first row as the first
    lines = cells.lines + table.before - 1
    check_not_cut(cells, lines, text, table.layout, width, name)
    warnings = uneven_rows(cells, lines, max(width, len(table.layout.header)), width, name)
    warnings += unreadable_cells(cells, table.before - 1)
    told = table.values.get("nummarkers", "")
    if told.isdigit() and int(told) != points:
        warnings.append(f"The header says {told} markers and names {points}: these are read.")
    there: BoolArray = np.all(~cells.missing.reshape(rows, points, 3), axis=2)
    markers = Markers(
        table.names,
        cells.numbers.reshape(rows, points, 3),
        there,
        unit=table.values.get("units", ""),
        warnings=warnings,
    )
    frames, seconds = (numbers_of(each, table.layout.decimal) for each in cells.texts)
    clock = row_times(frames, seconds, lines, name, _rate(table), options)
    details: dict[str, object] = {"points": points}
    if table.values.get("units"):
        details["unit"] = table.values["units"]
    return finished_markers(markers, clock, TakeSource(name, FORMAT, details))


def _rate(table: _Table) -> float:
    """Samples a second, by the header; 0 where it names none."""
    for key in ("datarate", "camerarate"):
        try:
            rate = float(table.values.get(key, "").replace(",", "."))
        except ValueError:
            continue
        if is_rate(rate):
            return rate
    return 0.0


def _find_table(text: bytes, name: str) -> _Table:
    """Header values, marker names, and where the rows begin."""
    lines = _first_lines(text)
    rows = [
        [cell.strip() for cell in line.decode("utf-8", "replace").split("\t")] for line in lines
    ]
    place = next((k for k, row in enumerate(rows) if row[0].lower().startswith("frame")), None)
    if place is None:
        if len(lines) < _HEADER_LINES:
            raise FacemocapError(
                f'"{name}" is cut off in its header: it names no markers (Frame#)', _EXPORT_AGAIN
            )
        raise FacemocapError(
            f'"{name}" has a damaged header: no line of it begins with Frame#', _EXPORT_AGAIN
        )
    values: dict[str, str] = {}
    for keys, cells in pairwise(rows[:place]):
        if "datarate" in (key.lower() for key in keys):
            pairs = zip(keys, cells, strict=False)
            values = {key.lower(): cell for key, cell in pairs if key}
    below = rows[place + 1] if place + 1 < len(rows) else []
    has_axes = any(cell for cell in below) and all(_AXIS.fullmatch(cell) for cell in below if cell)
    names, columns = _names(rows[place], below if has_axes else [])
    if not names:
        raise FacemocapError(f'"{name}" names no markers', _EXPORT_AGAIN)
    before = place + 1 + has_axes
    body = sum(len(line) + 1 for line in lines[:before])
    body = min(body, len(text))
    decimal = "," if text.find(b",", body) >= 0 > text.find(b".", body) else "."
    return _Table(values, names, columns, Layout("\t", decimal, tuple(rows[place]), body), before)


def _first_lines(text: bytes) -> list[bytes]:
    """As many lines as a header has, without a copy of all that follows."""
    end = 0
    for _ in range(_HEADER_LINES):
        end = text.find(b"\n", end) + 1
        if not end:
            return text.split(b"\n")
    return text[: end - 1].split(b"\n")


def _names(row: list[str], below: list[str]) -> tuple[list[str], list[int]]:
    """Names of the markers and their first columns.

    A name stands above its X; where names stand side by side they go by their order.
    """
    named = [k for k, cell in enumerate(row) if cell and k >= 2]
    columns = [k for k, cell in enumerate(below) if cell[:1] in ("X", "x")]
    if not columns or len(columns) < len(named):
        apart = all(b - a >= 3 for a, b in pairwise(named))
        columns = named if apart else [2 + 3 * k for k in range(len(named))]
        return [row[k] for k in named], columns
    if set(named) <= set(columns):
        return [row[k] if k < len(row) else "" for k in columns], columns
    names = [row[k] for k in named]
    return names + [""] * (len(columns) - len(names)), columns


READER = Reader(FORMAT, "TRC markers (.trc)", (".trc",), sniff, read)
