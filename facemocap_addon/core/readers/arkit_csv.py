# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of tables with ARKit coefficients as columns, whoever wrote them."""

from __future__ import annotations

from pathlib import Path

from ..formats.table_takes import TableFormat, find_table, header_of, known_columns, read_table
from ..take import Take
from . import Reader, ReadOptions

_FORMAT = TableFormat("arkit_csv", 60.0)


def sniff(head: bytes) -> float:
    """A header that names coefficients; surer than Live Link Face's where no timecode is one."""
    header = header_of(head)
    if known_columns(header) < 3:
        return 0.0
    rows = head.replace(b"\r", b"\n").split(b"\n", 60)[1:]
    return 0.6 if any(row.count(b":") >= 3 for row in rows) else 0.8


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    table = find_table(data, path.name)
    del data
    return read_table(table, path, _FORMAT, options)


READER = Reader(
    _FORMAT.format, "ARKit coefficients (.csv)", (".csv", ".tsv"), sniff, read, several=True
)
