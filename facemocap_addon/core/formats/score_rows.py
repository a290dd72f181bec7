# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables with a row for each score, made into tables with a column for each category."""

from __future__ import annotations

import csv
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray, IntArray
from ..errors import FacemocapError
from .coefficient_takes import check_filled
from .delimited import Cells, Layout, cell_numbers, find_layout, plain_text, read_cells
from .quoted_cells import UNIT_SEPARATOR
from .sample_times import clock_unit
from .table_takes import Table, sort_columns

_CATEGORY = frozenset(("categoryname", "category", "blendshape", "blendshapename", "label", "name"))
_SCORE = frozenset(("score", "value", "weight"))
_MOST_CATEGORIES = 256
_PIECE = 1 << 13


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def header_is_scores(header: tuple[str, ...]) -> bool:
    """Whether a table has a name and a score in each row."""
    letters = {_letters(name) for name in header}
    return len(header) <= 12 and bool(letters & _CATEGORY) and bool(letters & _SCORE)


class Scores(NamedTuple):
    """Scores as the file has them, one a row; their categories, then the clocks, are texts."""

    clocks: tuple[str, ...]
    cells: Cells


def read_scores(data: bytes, name: str) -> Scores:
    """Read the rows of a table with a name and a score in each.

    Raises
    ------
    FacemocapError
        When a cell is damaged.
    """
    try:
        text = plain_text(data)
    except csv.Error as problem:
        raise FacemocapError(
            f'"{name}" has a damaged cell: {problem}', "Export it again"
        ) from problem
    layout = find_layout(text)
    letters = [_letters(cell) for cell in layout.header]
    category = next(k for k, each in enumerate(letters) if each in _CATEGORY)
    score = next(k for k, each in enumerate(letters) if each in _SCORE)
    keys = [
        k
        for k, cell in enumerate(layout.header)
        if k not in (category, score) and letters[k] != "index"
        and (clock_unit(cell) or letters[k].startswith("face"))
    ]  # fmt: skip
    cells = read_cells(text, layout, (score,), (category, *keys))
    return Scores(tuple(layout.header[k] for k in keys), cells)


def wide_table(rows: Scores, name: str) -> tuple[Table, Cells]:
    """The table with a row for each sample; rows that follow each other under one clock are one.

    Raises
    ------
    FacemocapError
        When the rows do not say which sample they belong to, or name too many categories.
    """
    clocks, cells = rows
    names, which = _names(cells.texts[0])
    if len(names) > _MOST_CATEGORIES or not len(names):
        raise FacemocapError(
            f'"{name}" has {len(names)} categories where a face has some fifty', "Export it again"
        )
    new = np.zeros(len(which), np.bool_)
    new[:1] = True
    for column in cells.texts[1:]:
        new[1:] |= column[1:] != column[:-1]
    if not clocks:
        # a category that comes again begins the next sample
        new |= which == which[0]
    firsts = np.flatnonzero(new)
    check_filled(name, len(firsts), len(names), len(which))
    scores = np.full((len(firsts), len(names)), np.nan, np.float32)
    scores[np.cumsum(new, dtype=np.int32) - 1, which] = np.where(
        cells.missing[:, 0], np.nan, cells.numbers[:, 0]
    )
    words = {key: each[firsts] for key, each in zip(clocks, cells.texts[1:], strict=True)}
    return _joined(words, names, scores, cells.lines[firsts], name)


def _joined(
    words: dict[str, NDArray[np.bytes_]],
    names: NDArray[np.bytes_],
    scores: FloatArray,
    lines: IntArray,
    name: str,
) -> tuple[Table, Cells]:
    """The table of clocks and categories, and its cells."""
    header = (*words, *(each.decode("utf-8", "replace") for each in names.tolist()))
    table = sort_columns(b"", Layout(UNIT_SEPARATOR, ".", header, 0), name)
    clocks = [*words.values()]

    def numbers_of(column: int) -> FloatArray:
        own = column - len(clocks)
        return scores[:, own] if own >= 0 else cell_numbers(clocks[column]).astype(np.float32)

    def texts_of(column: int) -> NDArray[np.bytes_]:
        own = column - len(clocks)
        return clocks[column] if own < 0 else scores[:, own].astype(bytes)

    numbers = np.stack([numbers_of(column) for column in table.channels], axis=1)
    missing = np.isnan(numbers)
    numbers[missing] = 0
    cells = Cells(
        numbers,
        missing,
        tuple(texts_of(column) for column in table.texts),
        np.full(len(lines), len(header)),
        lines,
        {},
        np.zeros(len(table.channels), np.int64),
        ended=True,
    )
    return table, cells


def _names(cells: NDArray[np.bytes_]) -> tuple[NDArray[np.bytes_], IntArray]:
    """Different texts, sorted, and which of them each cell is.

    Some at a time: to sort all of them takes long, and several times their memory.
    """
    places: dict[bytes, int] = {}
    which = np.zeros(len(cells), np.int32)
    for begin in range(0, len(cells), _PIECE):
        own, inverse = np.unique(cells[begin : begin + _PIECE], return_inverse=True)
        known = [places.setdefault(each, len(places)) for each in own.tolist()]
        which[begin : begin + _PIECE] = np.array(known, np.int32)[inverse]
    names = np.array([*places], cells.dtype)
    order = np.argsort(names)
    return names[order], np.argsort(order).astype(np.int32)[which]
