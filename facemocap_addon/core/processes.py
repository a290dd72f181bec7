# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs as jobs: what they print comes out line by line, and stopping stops them."""

from __future__ import annotations

import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .errors import FacemocapError

#: Seconds without a line after which the caller gets its turn.
_TURN_S = 0.02
#: Seconds that a program has to end in its own way.
_PATIENCE_S = 5.0
_LAST_BYTES = 4000
#: What leads another Python astray.
_MISLEADING = (
    "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYENV_VERSION",
    "VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON",
    "PIP_DRY_RUN", "PIP_NO_DEPS", "PIP_REQUIRE_VIRTUALENV",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its status and the last that it wrote to standard error."""

    status: int
    errors: str


#: Yields a line of standard output, or None when there was none for a moment.
Lines = Generator[str | None, None, Ended]


def clean_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for another Python: without what this one was started with."""
    source = os.environ if environ is None else environ
    kept = {name: value for name, value in source.items() if name not in _MISLEADING}
    return {**kept, "PIP_USER": "0", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def run_lines(command: Sequence[str], environ: Mapping[str, str]) -> Lines:
    """Run a program; closing the generator ends it.

    Raises
    ------
    FacemocapError
        When it cannot be started.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [*command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(environ),
                # Ctrl-C on a terminal is for us; we end the program
                start_new_session=os.name != "nt",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as problem:
            raise FacemocapError(
                f'"{command[0]}" cannot be started: {problem.strerror or problem}',
                "Install video tracking again",
            ) from problem
        waiting: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(process, waiting), daemon=True)
        reader.start()
        try:
            while True:
                try:
                    line = waiting.get(timeout=_TURN_S)
                except queue.Empty:
                    yield None
                    continue
                if line is None:
                    break
                yield line
            status = process.wait()
        finally:
            _end(process)
            reader.join(_PATIENCE_S)
            if process.stdout is not None:
                with suppress(OSError):
                    process.stdout.close()
        size = errors.seek(0, os.SEEK_END)
        errors.seek(max(size - _LAST_BYTES, 0))
        return Ended(status, errors.read().decode("utf-8", "replace"))


def _read(process: subprocess.Popen[bytes], waiting: queue.Queue[str | None]) -> None:
    """Hand on what the program prints, then None."""
    assert process.stdout is not None, "asked for"
    with suppress(OSError, ValueError):
        for line in process.stdout:
            waiting.put(line.decode("utf-8", "replace").rstrip())
    waiting.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program, politely first."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
