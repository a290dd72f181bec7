# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of dev.py: pick the environment, start the work in it, hand back its status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .blenders import OLDEST, supported_here
from .environments import (
    ROOT,
    Environment,
    NoPythonError,
    SetupError,
    ensure_blender,
    ensure_tracking,
)
from .libraries import explain_missing, find_missing

STATUS_USAGE = 2
STATUS_NO_PYTHON = 69  # EX_UNAVAILABLE: a version matrix skips this pair
STATUS_INTERRUPTED = 130
NO_TESTS_COLLECTED = 5
#: Tests use at most so many processes: each holds a Blender.
MOST_PROCESSES = 8

Arguments = list[str]

_IMPORT_BPY = "import bpy"
_LOCATE_BPY = """
import importlib.util
spec = importlib.util.find_spec("bpy")
print(spec.origin if spec and spec.origin else "")
"""


class Command(NamedTuple):
    """One word after dev.py."""

    help: str
    run: Callable[[str | None, Arguments], int]
    release: str | None = None  # the only Blender release that this command works with


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    try:
        release, rest = _split_release(list(arguments))
        if not rest or rest[0] in ("-h", "--help", "help"):
            print(_write_help())
            return 0
        name, *passed_on = rest
        if name not in COMMANDS:
            print(f"dev.py: there is no command {name!r}.\n\n{_write_help()}", file=sys.stderr)
            return STATUS_USAGE
        command = COMMANDS[name]
        if command.release and release not in (None, command.release):
            raise UsageError(f"{name} always runs under Blender {command.release}")
        return command.run(command.release or release, passed_on)
    except UsageError as error:
        print(f"dev.py: {error}.", file=sys.stderr)
        return STATUS_USAGE
    except NoPythonError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return STATUS_NO_PYTHON
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev.py: stopped.", file=sys.stderr)
        return STATUS_INTERRUPTED


class UsageError(Exception):
    """The command line makes no sense."""


def _split_release(arguments: Arguments) -> tuple[str | None, Arguments]:
    """Take --blender X out of the arguments, wherever it stands."""
    release: str | None = None
    rest: Arguments = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--blender":
            release = next(waiting, "")
        elif argument.startswith("--blender="):
            release = argument.partition("=")[2]
        else:
            rest.append(argument)
    if release is not None and release not in {blender.release for blender in supported_here()}:
        known = ", ".join(blender.release for blender in supported_here())
        raise UsageError(f"--blender takes one of {known}")
    return release, rest


def _write_help() -> str:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:{width}}  {each.help}" for name, each in COMMANDS.items())
    releases = "|".join(blender.release for blender in supported_here())
    return (
        f"usage: python dev.py [--blender {releases}] COMMAND [ARGUMENTS]\n\n{commands}\n\n"
        "Further arguments go to the command. The first one makes an environment in .venv with "
        "the newest\nsupported Blender that this machine has a Python for; --blender picks "
        "another one."
    )


def _start(environment: Environment, command: Sequence[str], folder: Path | None = None) -> int:
    """Run a command in an environment and return its status; Ctrl-C reaches both."""
    process = subprocess.Popen(
        [str(environment.python), *command], env=environment.variables(), cwd=folder
    )
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue  # the child got it too and ends in its own way
        return 128 - status if status < 0 else status


def _start_with_bpy(
    environment: Environment, command: Sequence[str], folder: Path | None = None
) -> int:
    """Run a command that needs Blender; when it fails because bpy cannot load, say why."""
    status = _start(environment, command, folder)
    if status not in (0, STATUS_INTERRUPTED):
        _explain_bpy(environment)
    return status


def _explain_bpy(environment: Environment) -> None:
    """Name the missing system libraries, or say what importing bpy said."""

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(environment.python), "-c", code],
            env=environment.variables(),
            capture_output=True,
            text=True,
            check=False,
        )

    done = run(_IMPORT_BPY)
    if done.returncode == 0:
        return
    origin = run(_LOCATE_BPY).stdout.strip()
    missing = find_missing(done.stderr, Path(origin) if origin else None)
    reason = explain_missing(missing) if missing else done.stderr.strip()
    print(f"\ndev.py: Blender's Python package does not load.\n{reason}", file=sys.stderr)


def _run_module(module: str) -> Callable[[str | None, Arguments], int]:
    """Return a command that runs a module from the caller's own folder."""

    def run(release: str | None, arguments: Arguments) -> int:
        return _start_with_bpy(ensure_blender(release), ["-m", module, *arguments])

    return run


def _run_tests(release: str | None, arguments: Arguments) -> int:
    # pytest runs at the root; paths that the caller gave from elsewhere still mean the same.
    arguments = [_anchor(argument) for argument in arguments]
    environment = ensure_blender(release)
    if all(argument.startswith("-") for argument in arguments) and "-n" not in arguments:
        # the whole suite: a process for each core, the tests of a file staying together
        together = str(min(os.cpu_count() or 1, MOST_PROCESSES))
        arguments = ["-n", together, "--dist", "loadfile", *arguments]
    status = _start_with_bpy(environment, ["-m", "pytest", *arguments], ROOT)
    if status == NO_TESTS_COLLECTED:
        print("dev.py: no test was found, which counts as a failure.", file=sys.stderr)
    return status


def _anchor(argument: str) -> str:
    """Make a path (or path::test) absolute when it exists from the caller's folder."""
    path, separator, test = argument.partition("::")
    if path and not path.startswith("-") and Path(path).exists():
        return f"{Path(path).resolve()}{separator}{test}"
    return argument


def _run_lint(release: str | None, arguments: Arguments) -> int:
    fix = arguments == ["--fix"]
    if arguments and not fix:
        raise UsageError("lint takes no argument but --fix")
    environment = ensure_blender(release)
    checks = {
        "ruff check": ["-m", "ruff", "check", *(["--fix"] if fix else []), "."],
        "ruff format": ["-m", "ruff", "format", *([] if fix else ["--check"]), "."],
        "pyright": ["-m", "pyright", "--pythonpath", str(environment.python)],
    }
    failed: list[str] = []
    for name, command in checks.items():
        print(f"== {name}", flush=True)
        if _start(environment, command, ROOT) != 0:
            failed.append(name)
    if failed:
        print(f"dev.py: {', '.join(failed)} found something.", file=sys.stderr)
    return 1 if failed else 0


def _run_samples(release: str | None, arguments: Arguments) -> int:
    environment = ensure_blender(release)
    for module in ("sample_rigs.generator.build", "sample_rigs.generator.performance"):
        status = _start_with_bpy(environment, ["-m", module, *arguments])
        if status != 0:
            return status
    return 0


def _run_faces(release: str | None, arguments: Arguments) -> int:
    tracking = ensure_tracking()
    command = ["-m", "devtools.face_check", "--track-python", str(tracking.python), *arguments]
    return _start_with_bpy(ensure_blender(release), command)


def _run_landmarks(release: str | None, arguments: Arguments) -> int:
    command = ["-m", "devtools.landmarks", *arguments]
    if not {"--from-hits", "--track-python", "-h", "--help"} & {*arguments}:
        command += ["--track-python", str(ensure_tracking().python)]
    return _start_with_bpy(ensure_blender(release), command)


COMMANDS = {
    "demo": Command(
        "a take onto the four sample characters: stills, report", _run_module("devtools.demo")
    ),
    "rigs": Command(
        "a take onto every character: one sheet to look at", _run_module("devtools.rigs")
    ),
    "test": Command("all tests on real Blender; arguments go to pytest", _run_tests),
    "lint": Command("ruff and pyright; --fix mends what ruff can", _run_lint),
    "bench": Command("timings beside what a user would use instead", _run_module("benchmarks")),
    "fuzz": Command("damaged takes against every reader", _run_module("devtools.fuzz")),
    "samples": Command("rebuild the sample characters and take", _run_samples, OLDEST.release),
    "faces": Command("measure the sample faces with a face tracker", _run_faces),
    "landmarks": Command(
        "see the sample head with a face tracker: how landmarks move", _run_landmarks
    ),
    "build": Command("extension zips into dist/", _run_module("devtools.extension")),
}
