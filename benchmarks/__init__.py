# SPDX-License-Identifier: GPL-3.0-or-later
"""Timings beside what a user would use instead: python dev.py bench.

Every module in this package that has a function ``measure() -> list[Measurement]`` is a benchmark;
``python -m benchmarks`` runs them all, prints a table for each and, with ``--json FILE``, writes
one document. The first measurement of a module is ours; the ratios are ours over the others.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Measurement:
    """One way to do the job.

    Attributes
    ----------
    name : str
        What was timed, as the table shows it.
    seconds : float or None
        Median over the runs; None where it could not be run, ``note`` says why.
    peak_bytes : int or None
        Memory the job adds to its process at most.
    at_most : float or None
        The ratio ours / this that the project promises.
    note : str
    most_seconds, most_bytes : float or None
        What the project promises of this one itself.
    """

    name: str
    seconds: float | None
    peak_bytes: int | None = None
    at_most: float | None = None
    note: str = ""
    most_seconds: float | None = None
    most_bytes: float | None = None


def time_in_turn(jobs: dict[str, Callable[[], object]], runs: int = 7) -> dict[str, float]:
    """Median seconds of each job; they take turns, so that a busy machine slows all alike."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(runs):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def time_prepared(
    jobs: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]], runs: int = 9
) -> dict[str, float]:
    """As `time_in_turn` for jobs ``(prepare, run)``: only ``run(prepare())`` is timed."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(runs + 1):
        for name, (prepare, run) in jobs.items():
            prepared = prepare()
            began = time.perf_counter()
            run(prepared)
            if turn:
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


# Linux keeps the peak of a process and forgets it on request.
_PEAK = """
from pathlib import Path
from typing import Any
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
{setup}
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
result = {job}
print(status("VmHWM") - before)
"""


def peak_memory(setup: str, job: str) -> int | None:
    """Bytes that an expression adds to the peak of a fresh process; None where that is unknown.

    ``setup`` should run the job once on something small: imports are not what is measured.
    """
    script = _PEAK.format(setup=setup, job=job)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None
