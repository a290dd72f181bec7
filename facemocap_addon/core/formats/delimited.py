# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows and cells of delimited text (CSV, TSV, Excel's re-saves), read at the speed of numpy.

The text is taken in pieces that fit the processor's cache: one comparison finds all separators of
a piece, `parse_numbers` makes numbers of all its cells at once. Only the columns that a reader
asks for become anything.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray, FloatArray, IntArray
from .digits import PAD, parse_numbers
from .quoted_cells import UNIT_SEPARATOR, without_quotes

#: Bytes of text per piece; the arrays made of one stay within a processor's second cache.
PIECE_BYTES = 1 << 19
#: Rows that room is made for, by those that were read so far.
_ROOM = 1.1
#: Characters kept of a text cell.
TEXT_WIDTH = 40
_NEWLINE = 10
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a delimited text is built.

    Attributes
    ----------
    delimiter, decimal : str
        One character each.
    header : tuple of str
        Cells of the first line, stripped.
    body : int
        Offset of the second line.
    """

    delimiter: str
    decimal: str
    header: tuple[str, ...]
    body: int


@dataclass(frozen=True, slots=True)
class Cells:
    """What `read_cells` found; rows without any content are left out.

    Attributes
    ----------
    numbers : (n, k) float32 or float64
        Values of the columns asked for, 0.0 where missing.
    missing : (n, k) bool
        Cells that are absent, empty or no finite number.
    texts : tuple of (n,) bytes
        Cells of the text columns asked for, without blanks around them.
    counts : (n,) int
        Cells per row.
    lines : (n,) int
        Line number in the file, the header's being 1.
    unreadable : dict of column to (line, text)
        The first cell of each column that holds neither a number nor a known word for a missing
        one.
    unreadable_counts : (k,) int
        How many there are in each column.
    ended : bool
        Whether the last row ends with a line end.
    """

    numbers: FloatArray
    missing: BoolArray
    texts: tuple[NDArray[np.bytes_], ...]
    counts: IntArray
    lines: IntArray
    unreadable: dict[int, tuple[int, str]]
    unreadable_counts: IntArray
    ended: bool


def plain_text(data: bytes) -> bytes:
    """The same rows without byte order mark, in UTF-8, with newlines, quoted cells resolved.

    Returns ``data`` itself where there is nothing to do. Lines that end in CR LF or CR CR LF keep
    their carriage returns: they are blanks to `read_cells`.

    Raises
    ------
    csv.Error
        When a quotation mark is never closed, or closed within a cell.
    """
    if data.startswith(_UTF16):
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    if b'"' in data:
        data = without_quotes(data)
    return data


def find_layout(text: bytes) -> Layout:
    """Delimiter, decimal sign and header of what `plain_text` returned.

    The delimiter is the one the header has most of. The decimal sign is a comma where commas
    occur below a header that is not delimited by them.
    """
    end = text.find(b"\n")
    end = len(text) if end < 0 else end
    line = text[:end].decode("utf-8", "replace")
    delimiter = max((UNIT_SEPARATOR, ",", ";", "\t"), key=line.count)
    decimal = "," if delimiter != "," and text.find(b",", end) >= 0 else "."
    header = tuple(cell.strip() for cell in line.strip("\r").split(delimiter))
    return Layout(delimiter, decimal, header, min(end + 1, len(text)))


def read_cells(
    text: bytes,
    layout: Layout,
    numbers: Sequence[int],
    texts: Sequence[int] = (),
    dtype: type[np.float32] | type[np.float64] = np.float32,
) -> Cells:
    """Read chosen columns of what `plain_text` returned.

    Parameters
    ----------
    text : bytes
        The whole file.
    layout : Layout
        As `find_layout` found it.
    numbers, texts : sequence of int
        Columns wanted as numbers and as text, counted from 0. Rows may be shorter.
    dtype : type
        Of the numbers: each is what ``dtype(float(cell))`` gives.
    """
    # filled piece by piece: pieces put together at the end would be there twice
    numbers_read = np.zeros((0, len(numbers)), dtype)
    missing_read = np.zeros((0, len(numbers)), np.bool_)
    counts, lines = np.zeros(0, np.int32), np.zeros(0, np.int32)
    end = 0
    words: list[NDArray[np.bytes_]] = [np.zeros(0, "S1") for _ in texts]
    unreadable: dict[int, tuple[int, str]] = {}
    unreadable_counts = np.zeros(len(numbers), np.int64)
    for piece in _pieces(text, layout):
        starts, ends = piece.cells(numbers)
        values, missing, strange = parse_numbers(
            piece.text, starts, ends, layout.decimal, trim=piece.has_blanks
        )
        begin, end = end, end + len(piece.counts)
        if end > len(lines):
            # as many as there will be if the rest of the text is like what was read
            room = int(end * (len(text) - layout.body) / (piece.end - layout.body) * _ROOM) + 1
            numbers_read, missing_read = _longer(numbers_read, room), _longer(missing_read, room)
            counts, lines = _longer(counts, room), _longer(lines, room)
            words = [_longer(cells, room) for cells in words]
        own, gone = numbers_read[begin:end].reshape(-1), missing_read[begin:end].reshape(-1)
        with np.errstate(over="ignore"):
            own[:] = values
        gone[:] = missing
        too_large = ~np.isfinite(own)
        if too_large.any():
            gone |= too_large
            own[too_large] = 0
        counts[begin:end], lines[begin:end] = piece.counts, piece.lines
        for k, column in enumerate(texts):
            cells = piece.words(column)
            if cells.itemsize > words[k].itemsize:
                words[k] = words[k].astype(cells.dtype)
            words[k][begin:end] = cells
        if strange:
            rows, slots = np.divmod(strange, len(numbers))
            unreadable_counts += np.bincount(slots, minlength=len(numbers))
            for at in np.unique(slots, return_index=True)[1].tolist():
                cell = piece.text[starts[strange[at]] : ends[strange[at]]][:TEXT_WIDTH].strip()
                found_at = (int(piece.lines[rows[at]]), cell.decode("utf-8", "replace"))
                unreadable.setdefault(numbers[int(slots[at])], found_at)
    return Cells(
        numbers_read[:end],
        missing_read[:end],
        tuple(cells[:end] for cells in words),
        counts[:end],
        lines[:end],
        unreadable,
        unreadable_counts,
        text.endswith((b"\n", b"\r")),
    )


def _longer(array: NDArray[Any], rows: int) -> NDArray[Any]:
    """The same rows and noughts behind them, which take no memory until something is written."""
    out = np.zeros((rows, *array.shape[1:]), array.dtype)
    out[: len(array)] = array
    return out


def cell_numbers(cells: NDArray[np.bytes_]) -> FloatArray:
    """Cells of a text column as float64 ``(n,)``, NaN for what is no finite number."""
    try:
        out = cells.astype(np.float64)
    except ValueError:
        out = np.array([_number_of(cell) for cell in cells.tolist()])
    out[~np.isfinite(out)] = np.nan
    return out


def _number_of(cell: bytes) -> float:
    try:
        return float(cell.replace(b",", b"."))
    except ValueError:
        return np.nan


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some whole lines: where their cells end, and which of those ends are a row's last.

    ``end`` is where they end in the whole text.
    """

    text: bytes
    separators: IntArray
    firsts: IntArray
    counts: IntArray
    begins: IntArray
    lines: IntArray
    has_blanks: bool
    end: int

    def cells(self, columns: Sequence[int]) -> tuple[IntArray, IntArray]:
        """Starts and ends of cells, row by row; the start past the end where a row is too short."""
        wanted = np.asarray(columns, np.int64)
        rows = len(self.counts)
        if not (rows and len(wanted)):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        low, high = int(wanted[0]), int(wanted[-1]) + 1
        if low > 0 and np.array_equal(wanted, np.arange(low, high)):
            width = int(self.counts[0])
            if (
                high <= width
                and len(self.separators) == rows * width
                and (self.counts == width).all()
            ):
                block = self.separators.reshape(-1, width)[:, low - 1 : high]
            else:
                block = self._ends_of(np.arange(low - 1, high))
            return block[:, :-1].ravel() + 1, block[:, 1:].ravel()
        starts = self._ends_of(wanted - 1) + 1
        starts[:, wanted == 0] = self.begins[:, None]
        return starts.ravel(), self._ends_of(wanted).ravel()

    def _ends_of(self, columns: IntArray) -> IntArray:
        """Where cells end, those a row does not have where the row ends; (rows, columns)."""
        lasts = self.firsts + self.counts - 1
        return self.separators[np.minimum(self.firsts[:, None] + columns, lasts[:, None])]

    def words(self, column: int) -> NDArray[np.bytes_]:
        """Cells of one column as byte strings of at most `TEXT_WIDTH` characters."""
        starts, ends = self.cells([column])
        lengths = np.minimum(ends - starts, TEXT_WIDTH)
        width = max(1, int(lengths.max(initial=0)))
        windows: NDArray[Any] = np.ndarray(
            (len(self.text) - width + 1,),
            f"S{width}",
            np.frombuffer(self.text, np.uint8),
            strides=(1,),
        )
        cells = windows[starts]
        if (lengths != width).any():
            cells.view(np.uint8).reshape(-1, width)[np.arange(width) >= lengths[:, None]] = 0
        if not self.has_blanks:
            return cells
        return np.array([cell.strip() for cell in cells.tolist()], cells.dtype)


def _pieces(text: bytes, layout: Layout) -> Iterator[_Piece]:
    """The lines below the header, a few hundred kilobytes at a time."""
    view = memoryview(text)
    begin, line = layout.body, 2
    while begin < len(text):
        end = text.rfind(b"\n", begin, begin + PIECE_BYTES) + 1
        if end <= begin:
            end = text.find(b"\n", begin) + 1 or len(text)
        last = b"" if text[end - 1] == _NEWLINE else b"\n"
        piece = b"".join((bytes(PAD), view[begin:end], last, bytes(TEXT_WIDTH)))
        cut, lines = _cut(piece, layout.delimiter, line, end)
        yield cut
        line += lines
        begin = end


def _cut(piece: bytes, delimiter: str, line: int, end: int) -> tuple[_Piece, int]:
    """Cells of some whole lines, and how many lines they are."""
    buffer = np.frombuffer(piece, np.uint8)
    is_end = buffer == ord(delimiter)
    is_end |= buffer == _NEWLINE
    separators = np.flatnonzero(is_end)
    row_ends = np.flatnonzero(buffer.take(separators) == _NEWLINE)
    firsts = np.concatenate(([0], row_ends[:-1] + 1))
    counts = row_ends - firsts + 1
    begins = np.concatenate(([PAD], separators[row_ends[:-1]] + 1))
    lines = np.arange(line, line + len(row_ends))
    # rows of nothing but separators and blanks are no rows
    sizes = separators[row_ends] - begins
    strip = (delimiter + " \t\r\n").encode()
    empty = [
        row
        for row in np.flatnonzero(sizes <= counts + 1).tolist()
        if not piece[begins[row] : begins[row] + sizes[row]].strip(strip)
    ]
    if empty:
        firsts, counts, begins, lines = (
            np.delete(array, empty) for array in (firsts, counts, begins, lines)
        )
    has_blanks = any(blank in piece for blank in (b" ", b"\r", b"\t"))
    cut = _Piece(piece, separators, firsts, counts, begins, lines, has_blanks, end)
    return cut, len(row_ends)
