# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of the tables that NVIDIA's Audio2Face microservice writes."""

from __future__ import annotations

from pathlib import Path

from ..formats.table_takes import TableFormat, find_table, header_of, known_columns, read_table
from ..take import Take
from . import Reader, ReadOptions

_FORMAT = TableFormat("audio2face_csv", 30.0)


def sniff(head: bytes) -> float:
    """Columns called ``blendShapes.`` and a coefficient."""
    header = header_of(head)
    own = sum(name.startswith("blendShapes.") for name in header)
    return 0.95 if own >= 3 and known_columns(header) >= 3 else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    table = find_table(data, path.name)
    del data
    return read_table(table, path, _FORMAT, options)


READER = Reader(_FORMAT.format, "Audio2Face (.csv)", (".csv",), sniff, read)
