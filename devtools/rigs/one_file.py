# SPDX-License-Identifier: GPL-3.0-or-later
"""One rig file of the sheet, in a process of its own: keyed by the command line, then pictured."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import bpy

from facemocap_addon.cli.main import main as facemocap
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.files.stills import render_stills
from facemocap_addon.gateway.writing.records import Performance, performances

from .alone import play_alone
from .kept import is_kept, keying_digest, picture_digest
from .outcome import Shown, read_shown, write_shown
from .paint import make_readable

SHOWN = "shown.json"


class Wanted(NamedTuple):
    """What of every character is wanted."""

    take: Path
    fps: str
    frames: Sequence[int]
    height_px: int
    samples: int
    threads: int = 0
    drive: str = "shapes"


def main() -> int:
    """Do what the sheet asks for; the outcome goes to a file in the folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("take", type=Path)
    parser.add_argument("rig", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=int, nargs="+", required=True)
    parser.add_argument("--fps", required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--drive", default="shapes")
    read = parser.parse_args()
    size = (read.height, read.samples, read.threads)
    show_file(Wanted(read.take, read.fps, read.frames, *size, read.drive), read.rig, read.folder)
    return 0


def show_file(wanted: Wanted, rig: Path, folder: Path) -> list[Shown]:
    """Put the take on all characters of a file and picture each; what is up to date stays."""
    folder.mkdir(parents=True, exist_ok=True)
    words = retarget_words(wanted.fps, wanted.drive)
    keying = keying_digest(wanted.take, rig, words, bpy.app.version_string)
    report, mark = folder / "report.json", folder / "keyed.digest"
    if not is_kept(mark, keying):
        mark.unlink(missing_ok=True)
        facemocap(
            [
                *("retarget", str(wanted.take), "--rig", str(rig)),
                *("--out", str(folder / "keyed"), "--report", str(report), "--overwrite", *words),
            ]
        )
        mark.write_text(keying, encoding="utf-8")
    size = (*wanted.frames, wanted.height_px, wanted.samples)
    picturing = picture_digest(keying, map(str, size))
    mark = folder / "pictured.digest"
    if not is_kept(mark, picturing):
        mark.unlink(missing_ok=True)
        write_shown(_picture(wanted, rig, folder, report), folder / SHOWN)
        mark.write_text(picturing, encoding="utf-8")
    return read_shown(folder / SHOWN)


def retarget_words(fps: str, drive: str = "shapes") -> list[str]:
    """Options of `facemocap retarget` that put the take's first sample on frame 1 everywhere."""
    words = ["--fps", fps, "--start", "1", "--all-characters", "--enable-scripts", "--no-cache"]
    return words if drive == "shapes" else [*words, "--drive", drive]


def _picture(wanted: Wanted, rig: Path, folder: Path, report: Path) -> list[Shown]:
    entries: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["rigs"]
    shown: list[Shown] = []
    for entry in entries:
        if entry["status"] != "done":
            shown.append(Shown(rig.name, entry, drive=wanted.drive))
            continue
        # opened for each: what is changed for a picture must not be on the next
        scene: Any = open_rig(Path(entry["output"]), enable_scripts=True)
        performance = _performance_of(entry)
        picked = performance.picked(scene)
        notes = [*play_alone(performance, picked), *make_readable(picked.meshes)]
        if wanted.threads:
            scene.render.threads_mode = "FIXED"
            scene.render.threads = wanted.threads
        # other view transforms take the colour out of plain materials
        scene.view_settings.view_transform = "Standard"
        pictures = render_stills(
            scene,
            picked,
            wanted.frames,
            folder,
            f"{rig.stem}_{len(shown)}",
            size_px=wanted.height_px,
            width_px=wanted.height_px * 3 // 4,
            samples=wanted.samples,
        )
        stills = tuple(path.name for path in pictures)
        shown.append(Shown(rig.name, entry, stills, tuple(notes), wanted.drive))
    return shown


def _performance_of(entry: dict[str, Any]) -> Performance:
    return next(each for each in performances() if each.action.name == entry["action"])


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
