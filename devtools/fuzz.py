# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage recordings in many ways and see that every reader reads or refuses: python dev.py fuzz.

A damaged file must give a sound take or a FacemocapError, soon and in bounded memory. Anything else
is a finding; its file is kept in out/fuzz for a closer look. The same seed damages the same way.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import importlib.util
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import (
    HEAD_BYTES,
    ReadOptions,
    readers,
    sniff_reader,
)
from facemocap_addon.core.take_file import take_bytes

from . import made_landmarks, made_markers, made_recordings, made_scenes
from .environments import ROOT
from .fuzz_cases import Finding, Seed, Tally, run_case
from .mutations import damage
from .scene_fuzz import FORMAT, fuzz_scenes, scene_seeds

LONGEST_TEXT = 64 * 1024
LARGEST_SEED = 2 * 1024 * 1024
#: Files of one kind of finding that are kept.
MOST_KEPT = 20
NO_READER = "(no reader)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz every reader, print a line for each, and return 1 when there are findings."""
    parser = argparse.ArgumentParser(prog="python dev.py fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="cases for each reader")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other damage")
    parser.add_argument("--reader", help="only the reader of this format")
    options = parser.parse_args(arguments)
    seeds = collect_seeds(find_seed_folders())
    tallies, findings = fuzz(seeds, options.count, options.seed, options.reader)
    if options.reader in (None, FORMAT) and importlib.util.find_spec("bpy"):
        with tempfile.TemporaryDirectory(prefix="facemocap-fuzz-") as folder:
            scenes = scene_seeds(_scene_folders())
            tallies[FORMAT], more = fuzz_scenes(scenes, options.count, options.seed, Path(folder))
        findings += more
    for name, tally in tallies.items():
        bad = sum(finding.format == name for finding in findings)
        print(
            f"{name:24} {tally.seeds:3} seeds  {tally.read:5} read  {tally.refused:5} refused  "
            f"{bad:3} findings  slowest {tally.slowest_s:.2f} s"
        )
    unfed = [] if options.reader else find_unfed_readers(seeds)
    for name in unfed:
        print(f"{name:24}  no recording to damage")
    alike: dict[tuple[str, str], list[Finding]] = collections.defaultdict(list)
    for finding in findings:
        alike[finding.format, finding.kind].append(finding)
    for number, group in enumerate(alike.values()):
        first = group[0]
        kept = [_keep(each, f"{number:03}_{k:02}") for k, each in enumerate(group[:MOST_KEPT])]
        print(f"\n{first.format}: {first.seed} after {', '.join(first.mutations)}")
        print(f"  {first.reason}\n  kept as {kept[0]}")
        if len(group) > 1:
            print(
                f"  and {len(group) - 1} more of the kind, of which {len(kept) - 1} are beside it"
            )
    return 1 if findings or unfed else 0


def find_seed_folders() -> list[Path]:
    """Return the folders with recordings: the project's own and, where there is one, shared/."""
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    return [folder for folder in (ROOT / "sample_rigs", shared / "takes") if folder.is_dir()]


def _scene_folders() -> list[Path]:
    """Return where scenes of other programs are."""
    shared = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    return [folder for folder in (shared / "takes", shared / "rigs") if folder.is_dir()]


def collect_seeds(folders: Sequence[Path]) -> list[Seed]:
    """Return every file that may be a recording, long text shortened, and takes of our own.

    Formats of which nobody may have a recording are made up.
    """
    seeds: list[Seed] = []
    unwanted = {".blend", ".md", ".py", ".pyc", ".mp4", ".png"}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix.lower() not in unwanted:
                data = path.read_bytes()
                seeds += _make_seeds(path, data)
    return seeds + [Seed("made_up", data, name) for name, data in made_up().items()]


def made_up() -> dict[str, bytes]:
    """A made-up recording of each format, by its name."""
    made = (made_recordings, made_landmarks, made_markers, made_scenes)
    return {name: data for each in made for name, data in each.samples().items()}


def _make_seeds(path: Path, data: bytes) -> Iterator[Seed]:
    if b"\0" not in data[:4096] and len(data) > LONGEST_TEXT:
        data = data[: data.rindex(b"\n", 0, LONGEST_TEXT) + 1] if b"\n" in data else data
    if len(data) > LARGEST_SEED:
        return
    reader = sniff_reader(data[:HEAD_BYTES])
    yield Seed(path.name, data, reader.format if reader else NO_READER)
    if reader is None:
        return
    with contextlib.suppress(FacemocapError):
        own = take_bytes(reader.read(data, path, ReadOptions()))
        own_reader = sniff_reader(own[:HEAD_BYTES])
        if own_reader is not None and own_reader is not reader:
            yield Seed(f"{path.stem}.take.npz", own, own_reader.format)


def find_unfed_readers(seeds: Sequence[Seed]) -> list[str]:
    """Return the formats that have no recording to damage."""
    fed = {seed.format for seed in seeds}
    return [reader.format for reader in readers() if reader.format not in fed]


def fuzz(
    seeds: Sequence[Seed], count: int, seed: int = 0, only: str | None = None
) -> tuple[dict[str, Tally], list[Finding]]:
    """Run ``count`` cases for each format among the seeds."""
    by_format: dict[str, list[Seed]] = collections.defaultdict(list)
    for each in seeds:
        if only in (None, each.format):
            by_format[each.format].append(each)
    tallies: dict[str, Tally] = {}
    findings: list[Finding] = []
    folder = Path(tempfile.mkdtemp(prefix="facemocap-fuzz-"))
    try:
        for name, group in sorted(by_format.items()):
            rng = random.Random(f"{seed} {name}")
            outcomes = collections.Counter[str]()
            slowest_s = 0.0
            for number in range(count):
                chosen = group[number % len(group)]
                data, mutations = damage(chosen.data, rng)
                began = time.perf_counter()
                outcome = run_case(folder / chosen.name, data)
                slowest_s = max(slowest_s, time.perf_counter() - began)
                outcomes[outcome] += 1
                if outcome not in ("read", "refused"):
                    findings.append(Finding(name, chosen.name, mutations, outcome, data))
            tallies[name] = Tally(len(group), outcomes["read"], outcomes["refused"], slowest_s)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tallies, findings


def _keep(finding: Finding, number: str) -> Path:
    folder = ROOT / "out" / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{number}_{finding.seed}"
    path.write_bytes(finding.data)
    return path


if __name__ == "__main__":
    sys.exit(main())
