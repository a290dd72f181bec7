# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ten minutes of Live Link Face CSV at 60 fps, against csv + float and pandas."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from facemocap_addon.core.readers import read_take
from sample_rigs.generator.performance import synthesise, write_live_link_csv

from . import Measurement, peak_memory, time_in_turn

DURATION_S = 600.0


def measure() -> list[Measurement]:
    """Time and peak memory of each way to get the numbers of the file."""
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as folder:
        path = Path(folder) / "take.csv"
        write_live_link_csv(synthesise(DURATION_S), path)
        small = Path(folder) / "small.csv"
        write_live_link_csv(synthesise(2.0), small)
        return _measure(path, small)


def _measure(path: Path, small: Path) -> list[Measurement]:
    jobs: dict[str, Callable[[], object]] = {
        "read_take": lambda: read_take(path),
        "csv + float": lambda: read_with_csv(path),
    }
    setup = "from facemocap_addon.core.readers import read_take"
    ours = peak_memory(f"{setup}; read_take({str(small)!r})", f"read_take({str(path)!r})")
    peaks = {"read_take": ours}
    has_pandas = importlib.util.find_spec("pandas") is not None
    if has_pandas:
        pandas: Any = importlib.import_module("pandas")
        jobs["pandas.read_csv"] = lambda: pandas.read_csv(path)
        setup = f"import pandas; pandas.read_csv({str(small)!r})"
        peaks["pandas.read_csv"] = peak_memory(setup, f"pandas.read_csv({str(path)!r})")
    seconds = time_in_turn(jobs)
    size = f"{path.stat().st_size / 1e6:.0f} MB file"
    return [
        Measurement("read_take", seconds["read_take"], peaks["read_take"], note=size),
        Measurement("csv + float", seconds["csv + float"], at_most=1.0),
        Measurement(
            "pandas.read_csv",
            seconds.get("pandas.read_csv"),
            peaks.get("pandas.read_csv"),
            at_most=2.0,
            note="" if has_pandas else "not installed (extra: bench)",
        ),
    ]


def read_with_csv(path: Path) -> np.ndarray:
    """What a script would do: every cell through float, rows without a face left out."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        return np.array([[float(cell) for cell in row[2:]] for row in rows if row[1] != "0"])
