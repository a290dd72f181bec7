# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python that MediaPipe's wheel runs under, by running every one that may be it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..processes import clean_environment

#: Likely ones first: mediapipe 0.10.21 has wheels for these.
VERSIONS = ("3.11", "3.12", "3.10", "3.9")
_PROBE_S = 20.0
_PROBE = """
import importlib.util, json, sys
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "usable": sys.implementation.name == "cpython" and sys.maxsize > 2**32
        and has("venv") and has("ensurepip"),
}))
"""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter that was run and can make environments."""

    executable: str
    version: str


def find_python(versions: Sequence[str] = VERSIONS) -> Python | None:
    """A Python of one of the versions, the first that runs; None where there is none."""
    seen: set[str] = set()
    for version in versions:
        for command in _candidates(version):
            key = " ".join(command) if len(command) > 1 else os.path.realpath(command[0])
            if key in seen:
                continue
            seen.add(key)
            found = probe(command)
            if found is not None and found.version in versions:
                return found
    return None


def probe(command: Sequence[str]) -> Python | None:
    """Ask an interpreter what it is; None when it refuses or cannot make environments."""
    try:
        done = subprocess.run(
            [*command, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_S,
            env=clean_environment(),
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        facts = json.loads(done.stdout)
        usable = bool(facts["usable"])
        return Python(str(facts["executable"]), str(facts["version"])) if usable else None
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError):
        return None


def own_python() -> str:
    """The Python that this runs in; in Blender that is Blender's own."""
    return sys.executable


def _candidates(version: str) -> Iterator[list[str]]:
    """What may start that version, likely ones first."""
    name = "python.exe" if os.name == "nt" else f"python{version}"
    folders = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    for folder in (*folders, *_install_folders(version)):
        for path in (folder / name, folder / "bin" / name):
            if path.is_file():
                yield [str(path)]
    if os.name == "nt":
        yield ["py", f"-{version}"]


def _install_folders(version: str) -> Iterator[Path]:
    """Where installers and version managers put a Python."""
    try:
        home = Path.home()
    except RuntimeError:
        return
    environ = os.environ
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    if environ.get("APPDATA"):
        data = Path(environ["APPDATA"])
    squeezed = "Python" + version.replace(".", "")
    patterns = (
        (
            Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python"),
            f"cpython-{version}.*",
        ),
        (Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", f"{version}.*"),
        (home / ".pyenv" / "pyenv-win" / "versions", f"{version}.*"),
        (home / ".local" / "share" / "mise" / "installs" / "python", f"{version}*"),
        (Path(environ.get("LOCALAPPDATA") or home) / "Programs" / "Python", squeezed),
        (Path(environ.get("PROGRAMFILES") or home), squeezed),
        (Path("/Library/Frameworks/Python.framework/Versions"), version),
        (Path("/opt/homebrew/opt"), f"python@{version}"),
        (Path("/usr/local/opt"), f"python@{version}"),
    )
    for folder, pattern in patterns:
        if folder.is_dir():
            yield from sorted(folder.glob(pattern), reverse=True)
    # programs that were started from a desktop have a short PATH
    yield from (home / ".local", Path("/usr/local"), Path("/usr"), Path("/opt/homebrew"))
