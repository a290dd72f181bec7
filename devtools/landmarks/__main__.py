# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the landmark basis."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from facemocap_addon.core.resources import data_file
from facemocap_addon.core.video.landmark_basis import FILE, basis_bytes

from .build import build_basis, make_hits, read_hits, write_hits
from .stills import MANIFEST, render_stills

LOOK = Path(__file__).with_name("look.py")


def see(track_python: Path, folder: Path, size_px: int, samples: int) -> dict[str, Any]:
    """Landmarks of all stills; stills that are there already are not rendered again."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        render_stills(folder, size_px, samples)
    done = subprocess.run(
        [track_python, LOOK, manifest],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def main(argv: list[str] | None = None) -> int:
    """Make the hits unless they are to be used as they are, then the basis."""
    parser = argparse.ArgumentParser(prog="devtools.landmarks", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--track-python", type=Path, help="Python of an environment with mediapipe")
    what.add_argument("--from-hits", action="store_true", help="use the stored hits")
    parser.add_argument("--stills", type=Path, help="folder that keeps the stills")
    parser.add_argument("--size", type=int, default=384, help="pixels of a still's side")
    parser.add_argument("--samples", type=int, default=12, help="samples of a pixel")
    args = parser.parse_args(argv)
    if args.track_python:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (args.stills or Path(scratch)).resolve()
            seen = see(args.track_python, folder, args.size, args.samples)
        write_hits(make_hits(seen, args.size))
    basis = build_basis(read_hits())
    path = data_file(FILE)
    path.write_bytes(basis_bytes(basis))
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    for name, gain, likeness in zip(basis.names, basis.gains, basis.likeness, strict=True):
        print(f"  {name:20} seen {gain:5.2f}  like {likeness:5.2f}")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # bpy 4.5 does not end by itself once a Python driver was met
