# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading: ten minutes of Live Link Face CSV against csv and pandas; large files of each kind.

Large files are real recordings repeated (`_large_takes`). Each is read in a process of its own
that has read a small file before, three times; the least counts. Their seconds are those of the
processor, so that a busy machine does no harm (reading has one thread), and their megabytes what
the process grows by at most, the bytes of the file counted. Promised are, of 100 MB, 2 seconds and
three times the file for delimited text, 6 seconds for packets and Maya scenes; for JSON 1.5 times
the seconds and 1.3 times the memory that json.load takes of the same file.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from facemocap_addon.core.readers import read_take
from sample_rigs.generator.performance import synthesise, write_live_link_csv

from . import ROOT, Measurement, _large_takes, peak_memory, time_in_turn

DURATION_S = 600.0
RUNS = 3
TEXT_BYTES, JSON_BYTES = 100_000_000, 60_000_000
DELIMITED_S, DELIMITED_TIMES, PACKETS_S = 2.0, 3.0, 6.0
JSON_TIME, JSON_MEMORY = 1.5, 1.3
DELIMITED: dict[str, _large_takes.Maker] = {
    "Live Link Face CSV": _large_takes.live_link_csv,
    "the same, all quoted": _large_takes.quoted,
    "OpenFace CSV": _large_takes.openface,
    "tracked points, 17 digits": _large_takes.tracked_points,
    "tracked points, 2/3 NA": _large_takes.lost_points,
    "ARKit CSV, repr and nan": _large_takes.long_numbers,
    "Face Cap text": _large_takes.face_cap,
    "TRC": _large_takes.trc,
}
PACKETS: dict[str, _large_takes.Maker] = {
    "iFacialMocap, Facemotion3D": _large_takes.packets,
    "Live Link Face packets": _large_takes.udp_tape,
    "Maya ASCII": _large_takes.maya,
}
JSON: dict[str, _large_takes.Maker] = {
    "ARKit JSON": _large_takes.json_records,
    "ARKit JSON, a line a frame": _large_takes.json_lines,
    "MediaPipe JSON": _large_takes.mediapipe,
    "MediaPipe JSON, landmarks": _large_takes.mediapipe_landmarks,
    "Audio2Face JSON": _large_takes.audio2face,
    "Audio2Face JSON, stream": _large_takes.audio2face_stream,
    "Azure JSON, frames": _large_takes.azure_frames,
    "Azure JSON, chunks": _large_takes.azure_chunks,
}
#: Reads a file in one way and prints seconds of the processor and bytes that the process grew by.
_ONCE = """
import gc, json, sys, time
from pathlib import Path
how, path, small = sys.argv[1:]
if how == "read_take":
    from facemocap_addon.core.readers import read_take as job
elif how == "json.load":
    def job(path):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
else:
    def job(path):
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]
kept = job(small)
gc.collect()
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
peak = Path("/proc/self/clear_refs")
if peak.exists():
    peak.write_text("5")
    before = status("VmRSS")
began = time.process_time()
result = job(path)
seconds = time.process_time() - began
print(json.dumps([seconds, status("VmHWM") - before if peak.exists() else None]))
"""


def measure() -> list[Measurement]:
    """Time and peak memory of each way to get the numbers of the file."""
    with tempfile.TemporaryDirectory(prefix="facemocap-bench-") as folder:
        path = Path(folder) / "take.csv"
        write_live_link_csv(synthesise(DURATION_S), path)
        small = Path(folder) / "small.csv"
        write_live_link_csv(synthesise(2.0), small)
        rows = _measure(path, small)
        path.unlink()
        return [*rows, *_measure_large(Path(folder))]


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


def _measure_large(folder: Path) -> list[Measurement]:
    """Seconds and memory of each kind of large file, and what is promised of it."""
    rows: list[Measurement] = []
    for name, make in (DELIMITED | PACKETS).items():
        path = folder / "take"
        small = folder / "small"
        _large_takes.write(small, make, 200_000)
        _large_takes.write(path, make, TEXT_BYTES)
        size = path.stat().st_size
        seconds, peak = _least("read_take", path, small)
        part = size / TEXT_BYTES
        delimited = name in DELIMITED
        rows.append(
            Measurement(
                name, seconds, peak, note=f"{size / 1e6:.0f} MB, {_times(peak, size)} of it",
                most_seconds=(DELIMITED_S if delimited else PACKETS_S) * part,
                most_bytes=DELIMITED_TIMES * size if delimited else None,
            )
        )  # fmt: skip
        path.unlink()
    for name, make in JSON.items():
        path = folder / "take.json"
        small = folder / "small"
        _large_takes.write(small, make, 200_000)
        _large_takes.write(path, make, JSON_BYTES)
        size = path.stat().st_size
        plain = "json.loads" if make is _large_takes.json_lines else "json.load"
        theirs, their_peak = _least(plain, path, small)
        seconds, peak = _least("read_take", path, small)
        note = (
            f"{size / 1e6:.0f} MB; {plain} {theirs:.2f} s, {_times(their_peak, size)} of it: "
            f"{seconds / theirs:.2f} of its time"
        )
        if peak and their_peak:
            note += f", {peak / their_peak:.2f} of its memory"
        most = JSON_MEMORY * their_peak if their_peak else None
        rows.append(
            Measurement(
                name, seconds, peak, note=note, most_seconds=JSON_TIME * theirs, most_bytes=most
            )
        )
        path.unlink()
    return rows


def _times(peak: int | None, size: int) -> str:
    """Memory as a multiple of the file."""
    return "-" if peak is None else f"{peak / size:.2f} times"


def _least(how: str, path: Path, small: Path) -> tuple[float, int | None]:
    """Seconds and bytes of a file read in processes of their own: the least of `RUNS`."""
    found: list[tuple[float, int | None]] = []
    for _ in range(RUNS):
        command = [sys.executable, "-c", _ONCE, how, str(path), str(small)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found.append(tuple(json.loads(done.stdout)))
    peaks = [peak for _seconds, peak in found if peak is not None]
    return min(seconds for seconds, _peak in found), min(peaks) if peaks else None
