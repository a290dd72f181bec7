# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of tracked points: rows that are cut off, longer, shorter, or hold words."""

from __future__ import annotations

import numpy as np

from ..arrays import IntArray
from ..errors import FacemocapError
from .cut_rows import is_last_cell_cut
from .delimited import Cells, Layout

_EXPORT_AGAIN = "Export or copy it again"
#: Rows that are too long, as a share, from which the table is refused.
_RAGGED_SHARE = 0.1
_TAIL_BYTES = 16_384


def check_not_cut(
    cells: Cells, lines: IntArray, text: bytes, layout: Layout, width: int, name: str
) -> None:
    """Refuse a table whose last row is not whole.

    Parameters
    ----------
    cells : Cells
        One row at least.
    lines : (n,) int
        Their lines in the file.
    width : int
        Cells that a whole row has.

    Raises
    ------
    FacemocapError
    """
    rows = len(cells.counts)
    # lines of the header may have as many cells as rows and end in no number
    tail = text[max(layout.body, len(text) - _TAIL_BYTES) :]
    if not cells.ended and (cells.counts[-1] < width or is_last_cell_cut(tail, layout)):
        raise FacemocapError(
            f'"{name}" is cut off in line {int(lines[-1])}: {rows - 1} samples are complete',
            _EXPORT_AGAIN + (", or delete its last line to use the rest" if rows > 2 else ""),
        )


def uneven_rows(cells: Cells, lines: IntArray, longest: int, width: int, name: str) -> list[str]:
    """What is said of rows with fewer cells than ``width`` or more than ``longest``.

    Short rows lack the points at their end; of long ones nobody knows what is where.

    Raises
    ------
    FacemocapError
        When many rows are long.
    """
    # a delimiter at the end of the line is no cell
    long = cells.counts > longest + 1
    if float(long.mean()) > _RAGGED_SHARE:
        at = int(np.argmax(long))
        raise FacemocapError(
            f'"{name}" has {int(cells.counts[at])} cells in line {int(lines[at])} where its header '
            f"has {longest}",
            _EXPORT_AGAIN,
        )
    return [
        f"{int(which.sum())} {'row is' if which.sum() == 1 else 'rows are'} {word} than the header "
        f"(first in line {int(lines[np.argmax(which)])}): {then}."
        for which, word, then in (
            (cells.counts < width, "shorter", "the points at the end count as missing"),
            (long, "longer", "what is too much was not read"),
        )
        if which.any()
    ]


def unreadable_cells(cells: Cells, offset: int) -> list[str]:
    """What is said of cells of points that hold words; ``offset`` is added to their lines."""
    number = int(cells.unreadable_counts.sum())
    if not number:
        return []
    line, shown = min(cells.unreadable.values())
    text = (
        f"{number} {'cell holds' if number == 1 else 'cells hold'} no number (first in line "
        f'{line + offset}: "{shown}") and {"counts" if number == 1 else "count"} as missing.'
    )
    return [text]
