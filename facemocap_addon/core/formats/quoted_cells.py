# SPDX-License-Identifier: GPL-3.0-or-later
"""Delimited text whose cells stand between quotation marks, wholly or in part, without them."""

from __future__ import annotations

import csv
import io

import numpy as np

#: Stands for the delimiter where cells held it themselves: no file contains it.
UNIT_SEPARATOR = "\x1f"
#: Bytes of text at a time.
_PIECE = 1 << 19
_QUOTE = ord('"')


def without_quotes(data: bytes) -> bytes:
    """The same cells without quotation marks, delimited by `UNIT_SEPARATOR` where they need it.

    Raises
    ------
    csv.Error
        When a quotation mark is never closed, or closed within a cell.
    """
    line = data[: data.find(b"\n") + 1 or len(data)]
    delimiter = max((",", ";", "\t"), key=lambda sign: line.count(sign.encode()))
    plain = _stripped(data, delimiter)
    return _resolved(data, delimiter) if plain is None else plain


def _stripped(data: bytes, delimiter: str) -> bytes | None:
    """The text with its quotation marks left out; None where one of them means anything."""
    out = io.BytesIO()
    begin = 0
    while begin < len(data):
        end = data.rfind(b"\n", begin, begin + _PIECE) + 1
        if end <= begin:
            end = data.find(b"\n", begin) + 1 or len(data)
        piece = data[begin:end]
        if not _only_around_cells(piece, delimiter):
            return None
        out.write(piece.replace(b'"', b""))
        begin = end
    return out.getvalue()


def _only_around_cells(piece: bytes, delimiter: str) -> bool:
    """Whether all quotation marks of some lines stand around whole cells that need none."""
    letters = np.frombuffer(b"\n" + piece + b"\n", np.uint8)
    quotes = np.flatnonzero(letters == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    breaks = (letters == ord(delimiter)) | (letters == ord("\n")) | (letters == ord("\r"))
    if not (breaks[opening - 1].all() and breaks[closing + 1].all()):
        return False
    places = np.flatnonzero(breaks)
    return np.array_equal(np.searchsorted(places, opening), np.searchsorted(places, closing))


def _resolved(data: bytes, delimiter: str) -> bytes:
    """The same cells one by one."""
    rows = csv.reader(
        io.TextIOWrapper(io.BytesIO(data), "utf-8", "replace", newline=""),
        delimiter=delimiter,
        strict=True,
    )
    out = io.BytesIO()
    for row in rows:
        cells = UNIT_SEPARATOR.join(row).replace("\n", " ")
        out.write(cells.encode() + b"\n")
    text = out.getvalue()
    return text if data.endswith((b"\n", b"\r")) else text.removesuffix(b"\n")
