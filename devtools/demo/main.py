# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo itself: as many characters at a time as the machine has cores, then sheet and report."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.files import replace_file, unwritable
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

from ..environments import ROOT
from .outcome import RigOutcome

RIGS = ("arkit_head", "bone_face", "facs_controls", "toon")
STILLS = 8
HEIGHT_PX = 360
SMALL_PX = 1280


class Results(NamedTuple):
    """Where the demo's files are."""

    blends: list[Path]
    stills: Path
    sheet: Path
    small_sheet: Path
    report: Path


def main(arguments: Sequence[str]) -> int:
    """Run the demo; 0, or 2 when the take or the folder is no good."""
    parser = argparse.ArgumentParser(
        prog="python dev.py demo", description="Put a take on the four sample characters."
    )
    parser.add_argument(
        "--take",
        type=Path,
        default=ROOT / "sample_rigs" / "sample_take.csv",
        help="a recording (default: the sample take, which is synthetic)",
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "out" / "demo", help="folder for the results"
    )
    options = parser.parse_args(arguments)
    try:
        results = run_demo(options.take, options.out)
    except FacemocapError as error:
        print(f"facemocap: {error}", file=sys.stderr)
        return 2
    for name, paths in (
        ("characters", results.blends),
        ("stills", [results.stills]),
        ("contact sheet", [results.sheet]),
        ("report", [results.report]),
    ):
        for place, path in enumerate(paths):
            print(f"  {name if place == 0 else '':14} {_for_people(path)}")
    return 0


def run_demo(
    take_path: Path,
    out: Path,
    rigs: Sequence[str] = RIGS,
    stills: int = STILLS,
    height_px: int = HEIGHT_PX,
) -> Results:
    """Make everything; progress goes to standard output.

    Raises
    ------
    FacemocapError
        When the take cannot be read, the folder not be written, or a character fails.
    """
    started = time.perf_counter()
    take = read_take(take_path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise unwritable(out, problem) from problem
    print(
        f"{take.source.name}: {take.duration_s:.1f} s, {len(take.recorded)} channels, "
        f"onto {len(rigs)} characters",
        flush=True,
    )
    outcomes: dict[str, RigOutcome] = {}
    for outcome in _run_processes(take_path, out, rigs, stills, height_px):
        outcomes[outcome.rig] = outcome
        keying = outcome.seconds["match"] + outcome.seconds["key"]
        print(
            f"  {outcome.rig:14} {outcome.keys:6,} keys in {keying:.2f} s, "
            f"{len(outcome.stills)} stills in {outcome.seconds['render']:.0f} s",
            flush=True,
        )
    in_order = [outcomes[rig] for rig in rigs]
    results = _assemble(take, in_order, out, started)
    print(f"Done in {time.perf_counter() - started:.0f} s.")
    return results


def _assemble(take: Take, outcomes: Sequence[RigOutcome], out: Path, started: float) -> Results:
    # bpy is loaded here only, so that it does not compete with the renders
    from facemocap_addon.gateway.files.stills import write_jpeg

    from .png import png_bytes, small_png_bytes
    from .report import write_report
    from .sheet import compose_sheet, shrink

    columns = [(name, f"{seconds:.2f} s") for _, name, seconds in outcomes[0].moments]
    rows = [(each.rig, [out / still for still in each.stills]) for each in outcomes]
    sheet = compose_sheet(rows, columns)
    results = Results(
        blends=[out / each.blend for each in outcomes],
        stills=out / "stills",
        sheet=out / "contact_sheet.png",
        small_sheet=out / "contact_sheet_small.png",
        report=out / "report.html",
    )
    replace_file(results.sheet, png_bytes(sheet))
    small = shrink(sheet, min(SMALL_PX, sheet.shape[1]))
    replace_file(results.small_sheet, small_png_bytes(small))
    with tempfile.TemporaryDirectory(prefix="facemocap-") as name:

        def jpeg(path: Path) -> bytes:
            copy = Path(name) / f"{path.stem}.jpg"
            write_jpeg(path, copy)
            return copy.read_bytes()

        pictures = {still: jpeg(out / still) for each in outcomes for still in each.stills}
        html = write_report(
            take, outcomes, pictures, jpeg(results.sheet), time.perf_counter() - started
        )
    replace_file(results.report, html.encode())
    return results


def _run_processes(
    take: Path, out: Path, rigs: Sequence[str], stills: int, height_px: int
) -> Iterator[RigOutcome]:
    """Each rig in a process of its own; measured faster than one after the other.

    Opening, keying and the start of each render use one core, so two processes with half the
    cores each leave none idle.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    at_once = max(1, min(len(rigs), cores or 1))
    threads = max(1, (cores or 1) // at_once)
    waiting, running = list(rigs), dict[str, subprocess.Popen[bytes]]()
    with tempfile.TemporaryDirectory(prefix="facemocap-") as name:
        folder = Path(name)
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    rig = waiting.pop(0)
                    command = [
                        *(sys.executable, "-m", "devtools.demo.one_rig"),
                        *map(str, (take, ROOT / "sample_rigs" / f"{rig}.blend", out)),
                        str(folder / f"{rig}.json"),
                        *("--stills", str(stills), "--height", str(height_px)),
                        *("--threads", str(threads)),
                    ]
                    with (folder / f"{rig}.log").open("wb") as log:
                        running[rig] = subprocess.Popen(command, stdout=log, stderr=log)
                time.sleep(0.02)
                for rig in [rig for rig, process in running.items() if process.poll() is not None]:
                    status = running.pop(rig).returncode
                    if status != 0:
                        raise _failure(rig, status, folder / f"{rig}.log")
                    yield RigOutcome.read(folder / f"{rig}.json")
        finally:
            for process in running.values():
                process.kill()
                process.wait()


def _failure(rig: str, status: int, log: Path) -> FacemocapError:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    print("\n".join(lines[-30:]), file=sys.stderr)
    return FacemocapError(
        f"The character {rig} failed (status {status})", "See the lines above for the reason"
    )


def _for_people(path: Path) -> Path:
    """A path as short as it can be said from where the person is."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
