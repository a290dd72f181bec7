# SPDX-License-Identifier: GPL-3.0-or-later
"""A second, independent reading of Live Link Face files: csv, own arithmetic, np.interp."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Recording:
    """Seconds since the first row, and per column the values that were recorded."""

    seconds: np.ndarray
    columns: dict[str, np.ndarray]
    tracked: np.ndarray

    def at(self, name: str, seconds: np.ndarray) -> np.ndarray:
        """Value of a column, linear between what was recorded and held beyond."""
        return np.interp(seconds, self.seconds[self.tracked], self.columns[name][self.tracked])


def read_recording(path: Path) -> Recording:
    """Rows of a well-formed file; rows with a count of 0 are times without values."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if row]
    header, rows = rows[0], rows[1:]
    stamps = [row[0].split(":") for row in rows]
    base = 60 if max(float(stamp[3]) for stamp in stamps) >= 30 else 30
    seconds = np.array(
        [int(h) * 3600 + int(m) * 60 + int(s) + float(f) / base for h, m, s, f in stamps]
    )
    steps = np.diff(seconds)
    seconds[1:] += 86400.0 * np.cumsum(steps < -43200)
    tracked = np.array([row[1] != "0" for row in rows])
    columns = {
        name: np.array(
            [float(row[place]) if ok else 0.0 for row, ok in zip(rows, tracked, strict=True)]
        )
        for place, name in enumerate(header)
        if place > 1
    }
    return Recording(seconds - seconds[0], columns, tracked)
