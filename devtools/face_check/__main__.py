# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the face check."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .stills import SWEEPS, render_stills

TRACK = Path(__file__).with_name("track.py")
LEAST_CORRELATION = 0.9


def shortfalls(report: dict[str, Any]) -> list[str]:
    """What the tracker's report lacks, as sentences without a period."""
    out: list[str] = []
    for rig, seen in report.items():
        if seen["faces"] < seen["stills"]:
            out.append(f"{rig}: a face in {seen['faces']} of {seen['stills']} stills only")
        for sweep in SWEEPS:
            r = abs(seen.get(sweep, {}).get("correlation", 0.0))
            if r < LEAST_CORRELATION:
                out.append(f"{rig}: {sweep} correlates by {r:.2f} with what was seen")
    return out


def check(track_python: Path, folder: Path, steps: int, size_px: int) -> dict[str, Any]:
    """Render, measure, and return the tracker's report."""
    manifest = render_stills(folder, steps, size_px)
    done = subprocess.run(
        [track_python, TRACK, manifest], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout)


def main(argv: list[str] | None = None) -> int:
    """Exit status 0 when the tracker sees what was set, else 1."""
    parser = argparse.ArgumentParser(prog="devtools.face_check", description=__doc__)
    parser.add_argument(
        "--track-python", type=Path, required=True, help="Python of an environment with mediapipe"
    )
    parser.add_argument("--out", type=Path, help="folder that keeps the stills")
    parser.add_argument("--steps", type=int, default=9, help="stills of each sweep")
    parser.add_argument("--size", type=int, default=320, help="pixels of a still's side")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (args.out or Path(scratch)).resolve()
        report = check(args.track_python, folder, args.steps, args.size)
    print(json.dumps(report, indent=1))
    missing = shortfalls(report)
    for sentence in missing:
        print(f"{sentence}.", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # bpy 4.5 does not end by itself once a Python driver was met
