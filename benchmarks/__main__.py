# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the benchmarks: python -m benchmarks [NAME ...] [--json FILE]."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import benchmarks

from . import Measurement


def main(arguments: list[str] | None = None) -> int:
    """Run, print tables, write JSON; 1 when a promised ratio is missed."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_")
    )
    parser = argparse.ArgumentParser(prog="python dev.py bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"among {', '.join(names)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"no benchmark named {', '.join(unknown)}")
    document: dict[str, Any] = {
        "schema": 1,
        "machine": {
            "system": platform.system(),
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "benchmarks": {},
    }
    missed = 0
    for name in options.names or names:
        module = importlib.import_module(f"benchmarks.{name}")
        measurements: list[Measurement] = module.measure()
        rows = [row(measurement, measurements[0]) for measurement in measurements]
        document["benchmarks"][name] = rows
        missed += sum(entry["kept"] is False for entry in rows)
        print("\n".join(table(name, rows)), flush=True)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


def row(measurement: Measurement, ours: Measurement) -> dict[str, Any]:
    """A measurement with its ratio and whether the promise is kept (None without one)."""
    ratio = None
    alone = measurement.most_seconds is not None or measurement.most_bytes is not None
    if measurement is not ours and not alone and measurement.seconds and ours.seconds is not None:
        ratio = ours.seconds / measurement.seconds
    promises = (
        (ratio, measurement.at_most),
        (measurement.seconds, measurement.most_seconds),
        (measurement.peak_bytes, measurement.most_bytes),
    )
    met = [found <= most for found, most in promises if found is not None and most is not None]
    kept = all(met) if met else None
    return {**asdict(measurement), "ratio": ratio, "kept": kept}


def table(name: str, rows: list[dict[str, Any]]) -> list[str]:
    """Lines of text for one benchmark."""
    width = max(len(entry["name"]) for entry in rows)
    promises = [_promise(entry) for entry in rows]
    wide = max(map(len, promises), default=0)
    lines = ["", f"{name:<{width + 2}}  seconds   peak MB  ours/this  promised"]
    for entry, promise in zip(rows, promises, strict=True):
        seconds = "-" if entry["seconds"] is None else f"{entry['seconds']:.3f}"
        peak = "-" if entry["peak_bytes"] is None else f"{entry['peak_bytes'] / 1e6:.0f}"
        ratio = "" if entry["ratio"] is None else f"{entry['ratio']:.3g}"
        verdict = {None: "", True: "kept", False: "MISSED"}[entry["kept"]]
        lines.append(
            f"  {entry['name']:<{width}}  {seconds:>7}  {peak:>8}  {ratio:>9}  "
            f"{promise:<{max(wide, 8)}} {verdict} {entry['note']}".rstrip()
        )
    return lines


def _promise(entry: dict[str, Any]) -> str:
    """What is promised of a row, in the order of the columns."""
    parts = [
        "" if entry["most_seconds"] is None else f"<= {entry['most_seconds']:.3g} s",
        "" if entry["most_bytes"] is None else f"<= {entry['most_bytes'] / 1e6:.0f} MB",
        "" if entry["at_most"] is None else f"<= {entry['at_most']:g}",
    ]
    return ", ".join(filter(None, parts))


if __name__ == "__main__":
    sys.exit(main())
