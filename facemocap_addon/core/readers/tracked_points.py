# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of tables of tracked points: three columns a point, whatever program wrote them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..errors import FacemocapError
from ..formats.cut_rows import count_sign, refuse_hollow
from ..formats.delimited import Cells, Layout, find_layout, plain_text, read_cells
from ..formats.marker_clocks import numbers_of, row_times
from ..formats.marker_tables import check_not_cut, uneven_rows, unreadable_cells
from ..formats.marker_takes import Markers, check_points, finished_markers
from ..formats.point_columns import PointColumns, find_point_columns
from ..formats.read_options import ReadOptions
from ..formats.sample_times import clock_unit
from ..formats.table_takes import header_of, known_columns
from ..take import Take, TakeSource
from . import Reader

FORMAT = "tracked_points"
_EXPORT_AGAIN = "Export or copy it again"
_FEWEST_POINTS = 3
#: Columns that make a table one of coefficients, which has a reader of its own.
_FEWEST_COEFFICIENTS = 3
#: What video is tracked at where a table tells neither time nor rate.
_VIDEO_HZ = 30.0
#: Columns of a face tracker, whose points have a reader of their own.
_TRACKER = re.compile(r"AU\d\d(?:_[rc])?|Success3D|gaze_0_x")
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class _Table:
    """A table and what its columns are.

    Attributes
    ----------
    points : PointColumns
    wanted : list of int
        Columns of the points, each once, ascending.
    frame, time : int or None
    rest : list of str
        Names of columns that nobody reads.
    """

    text: bytes
    layout: Layout
    points: PointColumns
    wanted: list[int]
    frame: int | None
    time: int | None
    rest: list[str]

    @property
    def width(self) -> int:
        """Cells that a row needs to have all points."""
        return self.wanted[-1] + 1


def sniff(head: bytes) -> float:
    """A header with the coordinates of three points or more; a tracker's own reader is surer."""
    header = header_of(head)
    points = find_point_columns(header)
    coordinates = {column for axes in points.columns for column in axes}
    rest = tuple(cell for column, cell in enumerate(header) if column not in coordinates)
    if (
        len(points.names) < _FEWEST_POINTS
        or known_columns(rest) >= _FEWEST_COEFFICIENTS
        or any(_TRACKER.fullmatch(cell) for cell in header)
    ):
        return 0.0
    # "x_Mouth_L" would pass for a coefficient
    return 0.85 if known_columns(header) >= _FEWEST_COEFFICIENTS else 0.4


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    table = _find_table(data, name)
    del data
    points = len(table.points.names)
    check_points(name, count_sign(table.text, "\n"), points)
    refuse_hollow(table.text, table.layout, table.width, name)
    clocks = [column for column in (table.frame, table.time) if column is not None]
    cells = read_cells(table.text, table.layout, table.wanted, clocks)
    rows = len(cells.counts)
    if rows == 0:
        raise FacemocapError(f'"{name}" has a header and no rows', "Record the take again")
    check_not_cut(cells, cells.lines, table.text, table.layout, table.width, name)
    warnings = uneven_rows(cells, cells.lines, len(table.layout.header), table.width, name)
    warnings += unreadable_cells(cells, 0)
    if table.rest:
        shown = ", ".join(f'"{each}"' for each in table.rest[:_SHOWN])
        more = f" and {len(table.rest) - _SHOWN} more" if len(table.rest) > _SHOWN else ""
        warnings.append(f"Not read, as no coordinates of points: {shown}{more}.")
    positions, valid = _places(cells, table)
    markers = Markers(
        list(table.points.names), positions, valid, unit=table.points.unit, warnings=warnings
    )
    words = iter(cells.texts)
    frames, seconds = (
        np.full(rows, np.nan) if column is None else numbers_of(next(words), table.layout.decimal)
        for column in (table.frame, table.time)
    )
    header = table.layout.header
    keys = tuple("" if column is None else header[column] for column in (table.frame, table.time))
    clock = row_times(
        frames, seconds, cells.lines, name, 0.0, options, keys=(keys[0], keys[1]),
        usual_hz=_VIDEO_HZ,
    )  # fmt: skip
    details: dict[str, object] = {"rows": rows, "points": points}
    return finished_markers(markers, clock, TakeSource(name, FORMAT, details))


def _find_table(data: bytes, name: str) -> _Table:
    """Find the columns by their names."""
    try:
        text = plain_text(data)
    except csv.Error as problem:
        raise FacemocapError(f'"{name}" has a damaged cell: {problem}', _EXPORT_AGAIN) from problem
    layout = find_layout(text)
    points = find_point_columns(layout.header)
    if len(points.names) < _FEWEST_POINTS:
        raise FacemocapError(
            f'"{name}" has a damaged header: it names fewer than {_FEWEST_POINTS} points',
            _EXPORT_AGAIN,
        )
    wanted = sorted(column for axes in points.columns for column in axes)
    taken = set(wanted)
    clocks: dict[str, int] = {}
    rest: list[str] = []
    for column, cell in enumerate(layout.header):
        if column in taken or not cell:
            continue
        kind = clock_unit(cell)
        if kind is not None and kind[0] not in clocks:
            clocks[kind[0]] = column
        else:
            rest.append(cell)
    return _Table(text, layout, points, wanted, clocks.get("frame"), clocks.get("time"), rest)


def _places(cells: Cells, table: _Table) -> tuple[FloatArray, BoolArray]:
    """Places ``(n, p, 3)`` and which are whole ``(n, p)``."""
    shape = (len(cells.counts), len(table.points.names), 3)
    order = [column for axes in table.points.columns for column in axes]
    if order == table.wanted:
        numbers, missing = cells.numbers, cells.missing
    else:
        at = {column: k for k, column in enumerate(table.wanted)}
        places = [at[column] for column in order]
        numbers, missing = cells.numbers[:, places], cells.missing[:, places]
    there: BoolArray = np.all(~missing.reshape(shape), axis=2)
    return numbers.reshape(shape), there


READER = Reader(FORMAT, "Tracked points (.csv)", (".csv", ".tsv", ".txt"), sniff, read)
