# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the sample characters: `python -m sample_rigs.generator.build [--out DIR] [--check]`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import bpy

from .base import BaseFace
from .blends import arkit_head, toon
from .bone_face import bone_face
from .export import write
from .facs import facs_controls
from .fingerprint import fingerprint

CHARACTERS = {
    "arkit_head": arkit_head,
    "bone_face": bone_face,
    "toon": toon,
    "facs_controls": facs_controls,
}
COMMITTED = Path(__file__).resolve().parent.parent
OLDEST_BLENDER = (4, 5)
"""Files are written by the oldest supported Blender, so that every later one opens them."""


def build(folder: Path, names: list[str]) -> None:
    """Write the named characters into a folder."""
    face = BaseFace.build()
    for name in names:
        write(CHARACTERS[name](face), folder)


def file_fingerprint(path: Path) -> str:
    """Fingerprint of a .blend file; its scripts stay off."""
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    return fingerprint()


def differing(names: list[str]) -> list[str]:
    """Names whose committed file does not equal a fresh build."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), names)
        return [
            name
            for name in names
            if not (COMMITTED / f"{name}.blend").exists()
            or file_fingerprint(COMMITTED / f"{name}.blend")
            != file_fingerprint(Path(folder) / f"{name}.blend")
        ]


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="sample_rigs.generator.build", description=__doc__)
    parser.add_argument("--out", type=Path, default=COMMITTED, help="folder for the .blend files")
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    parser.add_argument("--only", choices=list(CHARACTERS), action="append", help="one character")
    args = parser.parse_args(argv)
    names = args.only or list(CHARACTERS)
    if bpy.app.version[:2] != OLDEST_BLENDER:
        version = ".".join(str(n) for n in OLDEST_BLENDER)
        print(f"The sample characters are written by Blender {version}.", file=sys.stderr)
        return 2
    if not args.check:
        build(args.out.resolve(), names)
        return 0
    wrong = differing(names)
    for name in wrong:
        print(f"{name}.blend differs from what its generator builds.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # bpy 4.5 does not end by itself once a Python driver has run
