# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of MediaPipe FaceLandmarker scores in a table, a column or a row for each category."""

from __future__ import annotations

from pathlib import Path

from ..formats.mediapipe import RATE_HZ, say_unseen
from ..formats.score_rows import header_is_scores, read_scores, wide_table
from ..formats.table_takes import TableFormat, find_table, header_of, known_columns, read_table
from ..take import Take
from . import Reader, ReadOptions

_FORMAT = TableFormat("mediapipe_csv", RATE_HZ, still=True)


def sniff(head: bytes) -> float:
    """A header that names coefficients and MediaPipe's ``_neutral``, or a category and a score."""
    header = header_of(head)
    if header_is_scores(header):
        return 0.9 if b"eyeBlink" in head or b"browDown" in head else 0.0
    return 0.85 if "_neutral" in header and known_columns(header) >= 3 else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    cells = None
    if header_is_scores(header_of(data[:4096])):
        rows = read_scores(data, path.name)
        del data
        table, cells = wide_table(rows, path.name)
        del rows
    else:
        table = find_table(data, path.name)
        del data
    return say_unseen(read_table(table, path, _FORMAT, options, cells))


READER = Reader(
    _FORMAT.format, "MediaPipe face landmarker (.csv)", (".csv",), sniff, read, several=True
)
