# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a Python of a given version on this machine by running every one that may be it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .blenders import Version

PROBE_TIMEOUT_S = 30

_PROBE = """
import importlib.util, json, sys, sysconfig
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:2]),
    "venv": has("venv") and has("ensurepip"),
    "pip": has("pip"),
    "usable": sys.implementation.name == "cpython" and sys.maxsize > 2**32
        and not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))
"""


class Python(NamedTuple):
    """An interpreter that was run: where it is and what it can do."""

    executable: str
    version: Version
    has_venv: bool
    has_pip: bool


def clean_environment() -> dict[str, str]:
    """Return the environment without what leads another Python astray; pip's settings stay."""
    drop = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYENV_VERSION"}
    drop |= {"VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    drop |= {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_NO_DEPS"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    return {**kept, "PIP_USER": "0", "PYTHONNOUSERSITE": "1"}


def probe(command: list[str]) -> Python | None:
    """Run an interpreter and ask what it is; None when it refuses or cannot load Blender."""
    try:
        done = subprocess.run(
            [*command, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_TIMEOUT_S,
            env=clean_environment(),
            check=True,
        )
        facts = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    if not facts["usable"]:
        return None
    major, minor = facts["version"]
    return Python(facts["executable"], (major, minor), facts["venv"], facts["pip"])


def find_python(wanted: Iterable[Version]) -> Python | None:
    """Return a Python of a wanted version: earlier versions first, those that can install first."""
    last_resort: Python | None = None
    for version in wanted:
        with_pip: Python | None = None
        for python in _probe_all(version):
            if python.has_venv:
                return python
            if python.has_pip:
                with_pip = with_pip or python
            last_resort = last_resort or python
        if with_pip is not None:
            return with_pip
    return last_resort


def _probe_all(version: Version) -> Iterator[Python]:
    seen: set[str] = set()
    for command in _list_commands(version):
        key = os.path.realpath(command[0]) if len(command) == 1 else " ".join(command)
        if key in seen:
            continue
        seen.add(key)
        python = probe(command)
        if python is not None and python.version == version:
            yield python


def _list_commands(version: Version) -> Iterator[list[str]]:
    """Yield what may start that version, likely ones first."""
    if sys.version_info[:2] == version:
        yield [sys.executable]
    for path in _list_paths(version):
        if path.is_file():
            yield [str(path)]
    if os.name == "nt":
        yield ["py", f"-{version[0]}.{version[1]}"]


def _list_paths(version: Version) -> Iterator[Path]:
    dotted = f"{version[0]}.{version[1]}"
    on_path = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
    exact = [f"python{dotted}.exe", "python.exe"] if os.name == "nt" else [f"python{dotted}"]
    for folder in on_path:
        yield from (folder / name for name in exact)
    for folder in _list_install_folders(dotted):
        for name in exact:
            yield folder / name
            yield folder / "bin" / name
    if os.name != "nt":
        for folder in on_path:
            yield from (folder / name for name in ("python3", "python"))


def _list_install_folders(dotted: str) -> Iterator[Path]:
    """Yield where version managers and installers put that Python, newest patch release first."""
    home = Path.home()
    environ = os.environ
    managers = [
        (Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", f"{dotted}*"),
        (home / ".pyenv" / "pyenv-win" / "versions", f"{dotted}*"),
        (Path(environ.get("UV_PYTHON_INSTALL_DIR") or _uv_folder(home)), f"cpython-{dotted}*"),
        (home / ".asdf" / "installs" / "python", f"{dotted}*"),
        (home / ".local" / "share" / "mise" / "installs" / "python", f"{dotted}*"),
        (Path(environ.get("LOCALAPPDATA") or home) / "Programs" / "Python", _windows(dotted)),
        (Path(environ.get("PROGRAMFILES") or home), _windows(dotted)),
        (Path("/Library/Frameworks/Python.framework/Versions"), dotted),
        (Path("/opt/homebrew/opt"), f"python@{dotted}"),
        (Path("/usr/local/opt"), f"python@{dotted}"),
        (Path("/home/linuxbrew/.linuxbrew/opt"), f"python@{dotted}"),
    ]
    for folder, pattern in managers:
        if folder.is_dir():
            yield from sorted(folder.glob(pattern), key=_patch_number, reverse=True)
    for folder in (home / ".local", Path("/usr/local"), Path("/usr"), Path("/opt/homebrew")):
        yield folder


def _uv_folder(home: Path) -> Path:
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or home) / "uv" / "python"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "uv" / "python"


def _windows(dotted: str) -> str:
    return "Python" + dotted.replace(".", "")


def _patch_number(folder: Path) -> list[int]:
    """Sort 3.13.10 after 3.13.9."""
    digits = "".join(letter if letter.isdigit() else " " for letter in folder.name)
    return [int(number) for number in digits.split()[:3]]
