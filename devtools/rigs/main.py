# SPDX-License-Identifier: GPL-3.0-or-later
"""The sheet itself: a process for each rig file, then everything on one picture and one page."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.files import replace_file, unwritable
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take
from facemocap_addon.core.telling import telling_frames
from facemocap_addon.core.timebase import SceneClock

from ..environments import ROOT
from .one_file import SHOWN
from .outcome import Shown, read_shown

SAMPLES_FOLDER = ROOT / "sample_rigs"
ENDINGS = (".blend", ".glb", ".gltf", ".vrm", ".fbx")
FPS = 30
#: The calmest frame and the first nine kinds of moment that the take shows.
MOMENTS = 10
HEIGHT_PX, SAMPLES = 320, 8

#: Files by whose bones an animator works, though they have shapes: names as the shell matches them.
BY_BONES = ("*rigify*",)

Moments = list[tuple[int, str]]


class Rig(NamedTuple):
    """A character file, and what of it is driven where it has both: shapes or bones."""

    path: Path
    drive: str = "shapes"

    def folder(self, out: Path) -> Path:
        """Where its results are."""
        name = self.path.name.replace(".", "_")
        return out / "rigs" / (name if self.drive == "shapes" else f"{name}_{self.drive}")


class Sheet(NamedTuple):
    """Where the results are, and what was shown."""

    picture: Path
    page: Path
    data: Path
    shown: list[Shown]


def main(arguments: Sequence[str]) -> int:
    """Make the sheet; 0, 1 when a character failed, 2 when the take or the folder is no good."""
    parser = argparse.ArgumentParser(
        prog="python dev.py rigs",
        description="Put one take on every character and show them side by side: a row for each "
        "character, a column for each telling frame of the take. Scripts in the .blend files run.",
    )
    parser.add_argument(
        "--take",
        type=Path,
        default=SAMPLES_FOLDER / "sample_take.csv",
        help="a recording (default: the sample take, which shows every kind of moment)",
    )
    parser.add_argument(
        "--rigs",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="characters, or folders of them (default: the sample characters, and the real ones "
        "in ../shared/rigs or $FACEMOCAP_SHARED/rigs)",
    )
    parser.add_argument(
        "--bones",
        nargs="*",
        default=BY_BONES,
        metavar="NAME",
        help="files whose bones are driven although they have shapes: names, * stands for anything "
        f"(default: {' '.join(BY_BONES)})",
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "out" / "rigs", help="folder for the results"
    )
    parser.add_argument("--moments", type=int, default=MOMENTS, help="columns of the sheet")
    parser.add_argument("--height", type=int, default=HEIGHT_PX, help="of a still, in pixels")
    options = parser.parse_args(arguments)
    try:
        rigs = [
            Rig(path, "bones" if any(fnmatch(path.name, n) for n in options.bones) else "shapes")
            for path in find_rigs(options.rigs or default_places())
        ]
        sheet = make_sheet(options.take, rigs, options.out, options.moments, options.height)
    except FacemocapError as error:
        print(f"facemocap: {error}", file=sys.stderr)
        return 2
    for path in (sheet.picture, sheet.page, sheet.data):
        print(f"  {path}")
    return 1 if any(each.error for each in sheet.shown) else 0


def default_places() -> list[Path]:
    """The sample characters, and the folder of real ones where there is one."""
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared") / "rigs"
    return [SAMPLES_FOLDER, shared] if shared.is_dir() else [SAMPLES_FOLDER]


def find_rigs(places: Sequence[Path]) -> list[Path]:
    """Character files, folders taken apart, each file once.

    Raises
    ------
    FacemocapError
        When one does not exist or two have the same name.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise FacemocapError(f'"{place}" does not exist', "Check the path")
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        found += [p for p in inside if p == place or p.suffix.lower() in ENDINGS]
    found = list(dict.fromkeys(path.resolve() for path in found))
    names = [path.name for path in found]
    if double := sorted({name for name in names if names.count(name) > 1}):
        raise FacemocapError(f'Two characters are called "{double[0]}"', "Rename one of the files")
    return found


def make_sheet(
    take_path: Path,
    rigs: Sequence[Rig],
    out: Path,
    moments: int = MOMENTS,
    height_px: int = HEIGHT_PX,
) -> Sheet:
    """Make everything; progress goes to standard output, errors of single rigs to the page.

    Raises
    ------
    FacemocapError
        When the take cannot be read or the folder not be written.
    """
    take = read_take(take_path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise unwritable(out, problem) from problem
    found = telling_frames(take, SceneClock.of_rate(FPS), 1.0, moments)
    print(f"{take.source.name} onto {len(rigs)} files: {', '.join(n for _, n in found)}")
    shown: dict[Rig, list[Shown]] = {}
    for rig, each, seconds in _run_processes(take_path, rigs, out, found, height_px):
        shown[rig] = each
        for one in each:
            print(f"  {_one_line(one)} ({seconds:.0f} s)", flush=True)
    return _assemble(take, found, {rig: shown[rig] for rig in rigs}, out)


def _one_line(shown: Shown) -> str:
    if shown.error:
        return f"{shown.name}: {shown.error}"
    return f"{shown.name}: {shown.coverage[0]} of {shown.coverage[1]} channels"


def _assemble(take: Take, moments: Moments, by_rig: Mapping[Rig, list[Shown]], out: Path) -> Sheet:
    # bpy is loaded here only, so that it does not compete with the renders
    from ..demo.png import png_bytes
    from ..demo.sheet import compose_sheet
    from .page import sheet_facts, write_page

    columns = [(name, f"{(frame - 1) / FPS:.2f} s") for frame, name in moments]
    shown = [each for found in by_rig.values() for each in found]
    rows = [
        (_label(each, found), [rig.folder(out) / still for still in each.stills])
        for rig, found in by_rig.items()
        for each in found
        if each.stills
    ]
    sheet = Sheet(out / "contact_sheet.png", out / "sheet.html", out / "sheet.json", shown)
    # one that a former run left shows something else
    sheet.picture.unlink(missing_ok=True)
    if rows:
        replace_file(sheet.picture, png_bytes(compose_sheet(rows, columns)))
    facts = sheet_facts(take, moments, FPS, shown)
    replace_file(sheet.data, facts.encode())
    page = write_page(take, shown, sheet.picture.read_bytes() if rows else b"")
    replace_file(sheet.page, page.encode())
    return sheet


def _label(one: Shown, found: Sequence[Shown]) -> str:
    """A character by its file, and by its own name where the file has several."""
    return one.name if len(found) == 1 else f"{one.name}: {one.facts['character']}"


def _run_processes(
    take: Path, rigs: Sequence[Rig], out: Path, moments: Moments, height_px: int
) -> Iterator[tuple[Rig, list[Shown], float]]:
    """Each file in a process of its own, as many at a time as there are cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    at_once = max(1, min(len(rigs), cores or 1))
    waiting = list(rigs)
    running: dict[Rig, tuple[subprocess.Popen[bytes], float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                rig = waiting.pop(0)
                folder = rig.folder(out)
                folder.mkdir(parents=True, exist_ok=True)
                command = [
                    *(sys.executable, "-m", "devtools.rigs.one_file"),
                    *(str(take.resolve()), str(rig.path), str(folder.resolve())),
                    *("--frames", *(str(frame) for frame, _ in moments)),
                    *("--fps", str(FPS), "--height", str(height_px), "--samples", str(SAMPLES)),
                    *("--threads", str(max(1, (cores or 1) // at_once)), "--drive", rig.drive),
                ]
                with (folder / "log.txt").open("wb") as log:
                    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
                running[rig] = process, time.perf_counter()
            time.sleep(0.05)
            for rig in [rig for rig, (process, _) in running.items() if process.poll() is not None]:
                process, started = running.pop(rig)
                seconds = time.perf_counter() - started
                yield rig, _outcome(rig, rig.folder(out), process.returncode), seconds
    finally:
        for process, _ in running.values():
            process.kill()
            process.wait()


def _outcome(rig: Rig, folder: Path, status: int) -> list[Shown]:
    if status == 0:
        return read_shown(folder / SHOWN)
    log = folder / "log.txt"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    why = f"its process ended with status {status}: {lines[-1] if lines else 'no word'} ({log})"
    return [Shown(rig.path.name, {"status": "failed", "error": why}, drive=rig.drive)]
