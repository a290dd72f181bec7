# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables with a row for each score, made into tables with a column for each category."""

from __future__ import annotations

import csv
import re
from math import isnan

import numpy as np

from ..errors import FacemocapError
from .coefficient_takes import check_filled
from .delimited import find_layout, plain_text, read_cells
from .sample_times import clock_unit

_CATEGORY = frozenset(("categoryname", "category", "blendshape", "blendshapename", "label", "name"))
_SCORE = frozenset(("score", "value", "weight"))
_MOST_CATEGORIES = 256


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def header_is_scores(header: tuple[str, ...]) -> bool:
    """Whether a table has a name and a score in each row."""
    letters = {_letters(name) for name in header}
    return len(header) <= 12 and bool(letters & _CATEGORY) and bool(letters & _SCORE)


def wide_table(data: bytes, name: str) -> bytes:
    """The table with a row for each sample; rows that follow each other under one clock are one.

    Raises
    ------
    FacemocapError
        When the rows do not say which sample they belong to, or name too many categories.
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
    cells = read_cells(text, layout, (score,), (category, *keys), np.float64)
    names, which = np.unique(cells.texts[0], return_inverse=True)
    if len(names) > _MOST_CATEGORIES or not len(names):
        raise FacemocapError(
            f'"{name}" has {len(names)} categories where a face has some fifty', "Export it again"
        )
    new = np.zeros(len(which), np.bool_)
    new[:1] = True
    for column in cells.texts[1:]:
        new[1:] |= column[1:] != column[:-1]
    if not keys:
        # a category that comes again begins the next sample
        new |= which == which[0]
    sample = np.cumsum(new) - 1
    firsts = np.flatnonzero(new)
    check_filled(name, len(firsts), len(names), len(which))
    table = np.full((len(firsts), len(names)), np.nan)
    table[sample, which] = np.where(cells.missing[:, 0], np.nan, cells.numbers[:, 0])
    head = [*(layout.header[k] for k in keys), *(each.decode("utf-8", "replace") for each in names)]
    lines = ["\x1f".join(head)]
    starts = [column[firsts].tolist() for column in cells.texts[1:]]
    for row, numbers in enumerate(table.tolist()):
        clock = [column[row].decode("utf-8", "replace") for column in starts]
        lines.append("\x1f".join([*clock, *("" if isnan(x) else repr(x) for x in numbers)]))
    return ("\n".join(lines) + "\n").encode()
