# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged scenes through Blender's importer, in processes of their own.

The importer is C++: what it trips over may take its process along, and no alarm stops it. A case
goes to a worker as the name of a file; a worker that dies or is silent too long is a finding, and
the next case gets a new one.
"""

from __future__ import annotations

import collections
import contextlib
import json
import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from . import made_fbx
from .environments import ROOT
from .fuzz_cases import LIMIT_S, Finding, Seed, Tally
from .mutations import damage

FORMAT = "fbx"
#: Begins the lines that are meant for us: Blender prints on its own.
MARK = "facemocap-fuzz "
_START_S = 120.0
#: A worker stops a case itself where it can.
_GRACE_S = 3.0
#: Bytes that make Blender read the file; damaged in one case of ten only.
_MAGIC_BYTES = 27
#: The largest real scene that is damaged: each case costs as much as reading it.
_LARGEST = 1 << 20


def scene_seeds(folders: Sequence[Path]) -> list[Seed]:
    """Sound scenes: made up ones, and real ones among the folders."""
    seeds = [Seed(f"{name}.fbx", data, FORMAT) for name, data in made_fbx.samples().items()]
    for folder in folders:
        small = (path for path in sorted(folder.rglob("*.fbx")) if path.stat().st_size <= _LARGEST)
        seeds += [Seed(path.name, path.read_bytes(), FORMAT) for path in small]
    return seeds


def fuzz_scenes(
    seeds: Sequence[Seed], count: int, seed: int, folder: Path, *, export: bool = True
) -> tuple[Tally, list[Finding]]:
    """Run ``count`` cases; with ``export`` a scene that Blender exported is damaged as well."""
    rng = random.Random(f"{seed} {FORMAT}")
    outcomes = collections.Counter[str]()
    findings: list[Finding] = []
    slowest_s = 0.0
    with _Workers() as workers:
        seeds = [*seeds, *(workers.exported(folder) if export else ())]
        for number in range(count):
            chosen = seeds[number % len(seeds)]
            data, mutations = _damaged(chosen.data, rng)
            path = folder / chosen.name
            path.write_bytes(data)
            began = time.perf_counter()
            outcome = workers.run(path)
            slowest_s = max(slowest_s, time.perf_counter() - began)
            path.unlink(missing_ok=True)
            outcomes[outcome] += 1
            if outcome not in ("read", "refused"):
                findings.append(Finding(FORMAT, chosen.name, mutations, outcome, data))
    return Tally(len(seeds), outcomes["read"], outcomes["refused"], slowest_s), findings


def _damaged(data: bytes, rng: random.Random) -> tuple[bytes, list[str]]:
    """Damage that mostly leaves alone what makes it a scene."""
    damaged, mutations = damage(data, rng)
    if rng.random() < 0.9:
        damaged = data[:_MAGIC_BYTES] + damaged[_MAGIC_BYTES:]
    return damaged, mutations


class _Workers:
    """One worker at a time, and a new one when it is gone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> _Workers:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def exported(self, folder: Path) -> Iterator[Seed]:
        """A scene as Blender's own exporter writes it."""
        path = folder / "exported.fbx"
        if self._ask(f"export {path}", _START_S) == "exported":
            yield Seed(path.name, path.read_bytes(), FORMAT)

    def run(self, path: Path) -> str:
        """What came of a file."""
        answer = self._ask(f"read {path}", LIMIT_S + _GRACE_S)
        if answer is not None:
            return answer
        process = self._process
        # a process that is about to die needs a moment for it
        with contextlib.suppress(subprocess.TimeoutExpired):
            if process is not None:
                process.wait(0.5)
        status = process.poll() if process is not None else None
        self._stop()
        self._start()
        if status is None:
            return f"Blender took longer than {LIMIT_S:g} s"
        return f"Blender died: status {status}"

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devtools.scene_worker"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        self._lines = queue.Queue()
        stream = self._process.stdout
        if stream is not None:
            threading.Thread(target=_listen, args=(stream, self._lines), daemon=True).start()
        if self._answer(_START_S) != "ready":
            raise RuntimeError("Blender does not start in a process of its own")

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _ask(self, question: str, limit_s: float) -> str | None:
        process = self._process
        if process is None or process.stdin is None:
            return None
        try:
            process.stdin.write(question + "\n")
            process.stdin.flush()
        except OSError:
            return None
        return self._answer(limit_s)

    def _answer(self, limit_s: float) -> str | None:
        """The worker's next answer; None when it has gone or says nothing."""
        ends = time.perf_counter() + limit_s
        while True:
            try:
                line = self._lines.get(timeout=max(ends - time.perf_counter(), 0.01))
            except queue.Empty:
                return None
            if line is None:
                return None
            if line.startswith(MARK):
                return str(json.loads(line.removeprefix(MARK)))


def _listen(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    """Pass a worker's lines on, and None at its end."""
    for line in stream:
        lines.put(line)
    lines.put(None)
