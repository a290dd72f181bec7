# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, repair and find the virtual environments that dev.py works in.

A marker file says what an environment was made for. It is written as "installing" before pip starts
and as "ready" afterwards, so that an interrupted installation is seen and begun anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from .blenders import Blender, Version, find_release, supported_here
from .pythons import Python, clean_environment, find_python

ROOT = Path(__file__).resolve().parent.parent
MARKER = "facemocap.json"
DEFAULT_FOLDER = ".venv"
TRACK_FOLDER = ".venv-track"


class SetupError(Exception):
    """An environment cannot be made; the message says what to do."""


class NoPythonError(SetupError):
    """The machine has no Python that the wanted Blender runs under."""


class Environment(NamedTuple):
    """A ready virtual environment and the Blender release in it ("" for none)."""

    folder: Path
    release: str

    @property
    def bin(self) -> Path:
        """Folder of the programs."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.bin / ("python.exe" if os.name == "nt" else "python")

    def variables(self) -> dict[str, str]:
        """Return the environment variables for work in here."""
        variables = clean_environment()
        variables["VIRTUAL_ENV"] = str(self.folder)
        variables["PATH"] = f"{self.bin}{os.pathsep}{variables.get('PATH', '')}"
        variables["PYTHONPATH"] = str(ROOT)
        return variables


class _Plan(NamedTuple):
    """What an environment is to hold."""

    folder: Path
    release: str
    pythons: tuple[Version, ...]
    extras: str
    pins: tuple[str, ...]
    purpose: str

    def marker(self) -> dict[str, str]:
        wanted = "\n".join([_read_requirements(), self.extras, *self.pins])
        digest = hashlib.sha256(wanted.encode()).hexdigest()
        return {"root": str(ROOT), "release": self.release, "requirements": digest}


def ensure_blender(release: str | None = None) -> Environment:
    """Return the environment for a Blender release, made on first use; None: the newest."""
    return _ensure(_plan_blender(release))


def ensure_tracking() -> Environment:
    """Return the environment with MediaPipe, made on first use."""
    plan = _Plan(
        folder=ROOT / TRACK_FOLDER,
        release="",
        pythons=((3, 11), (3, 12)),
        extras="track",
        pins=(),
        purpose="video tracking",
    )
    return _ensure(plan)


def _plan_blender(release: str | None) -> _Plan:
    default = ROOT / DEFAULT_FOLDER
    marker = _read_marker(default)
    present = find_release(marker.get("release", ""))
    if release is None:
        return _make_plan(default, present or _find_newest())
    blender = find_release(release)
    if blender is None:
        known = ", ".join(each.release for each in supported_here())
        message = f"Blender {release} is not supported on this machine. Choose one of {known}."
        raise SetupError(message)
    own = ROOT / f"{DEFAULT_FOLDER}-{release}"
    is_default = present == blender or (
        present is None and not own.is_dir() and blender == _find_newest()
    )
    return _make_plan(default if is_default else own, blender)


def _make_plan(folder: Path, blender: Blender) -> _Plan:
    return _Plan(
        folder=folder,
        release=blender.release,
        pythons=(blender.python,),
        extras="blender,test,bench",
        pins=(blender.requirement,),
        purpose=f"Blender {blender.release}",
    )


def _find_newest() -> Blender:
    """Return the newest supported release that the machine has a Python for."""
    releases = supported_here()
    python = find_python(dict.fromkeys(blender.python for blender in releases))
    if python is None:
        raise NoPythonError(_advise_python(tuple({blender.python for blender in releases})))
    return next(blender for blender in releases if blender.python == python.version)


def _advise_python(versions: tuple[Version, ...]) -> str:
    names = " or ".join(f"{major}.{minor}" for major, minor in sorted(versions, reverse=True))
    return (
        f"This machine has no usable Python {names} (64-bit, from python.org, your system's "
        f"packages, pyenv or uv): install one and run dev.py again."
    )


def _ensure(plan: _Plan) -> Environment:
    environment = Environment(plan.folder, plan.release)
    marker = _read_marker(plan.folder)
    runs = environment.python.exists()
    wanted = plan.marker()
    if runs and marker == {**wanted, "state": "ready"}:
        return environment
    outdated = runs and marker == {**marker, **wanted, "requirements": marker.get("requirements")}
    pip = [str(environment.python), "-m", "pip"]
    if outdated and marker["state"] == "ready" and _succeeds([*pip, "--version"]):
        _say(f"Updating {plan.folder.name}: pyproject.toml asks for something else now.")
    else:
        python = find_python(plan.pythons)
        if python is None:
            raise NoPythonError(_advise_python(plan.pythons))
        pip = _create(environment, python, plan.purpose)
    _write_marker(plan.folder, {**wanted, "state": "installing"})
    _install(pip, plan)
    _write_marker(plan.folder, {**wanted, "state": "ready"})
    return environment


def _create(environment: Environment, python: Python, purpose: str) -> list[str]:
    """Make an empty environment and return the command that is its pip."""
    major, minor = python.version
    _say(f"Making {environment.folder.name} for {purpose} with Python {major}.{minor} (once).")
    command = [python.executable, "-m", "venv", "--clear"]
    if python.has_venv:
        pip = [str(environment.python), "-m", "pip"]
    elif python.has_pip:
        command.append("--without-pip")
        pip = [python.executable, "-m", "pip", "--python", str(environment.python)]
    else:
        message = (
            f"Python {major}.{minor} at {python.executable} can neither make environments nor run "
            f"pip: install python{major}.{minor}-venv (Debian, Ubuntu) or another "
            f"Python {major}.{minor} and run dev.py again."
        )
        raise SetupError(message)
    command.append(str(environment.folder))
    if subprocess.call(command, env=clean_environment(), stdout=sys.stderr) != 0:
        message = f"{python.executable} could not make {environment.folder}; it said why above."
        raise SetupError(message)
    return pip


def _install(pip: list[str], plan: _Plan) -> None:
    _say("Installing packages; the first time this downloads several hundred megabytes.")
    command = [*pip, "install", "--no-input", "--disable-pip-version-check"]
    if not sys.stderr.isatty():
        command += ["--quiet", "--progress-bar", "off"]
    command += ["--editable", f"{ROOT}[{plan.extras}]", *plan.pins]
    if subprocess.call(command, env=clean_environment(), stdout=sys.stderr) != 0:
        message = (
            f"pip could not install what {plan.purpose} needs; it said why above. "
            "Check the network connection and run dev.py again."
        )
        raise SetupError(message)


def _read_requirements() -> str:
    """Return the parts of pyproject.toml that decide what is installed."""
    kept: list[str] = []
    inside = False
    for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            inside = line.startswith(("[project", "[build-system"))
        if inside:
            kept.append(line)
    return "\n".join(kept)


def _read_marker(folder: Path) -> dict[str, Any]:
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return marker if isinstance(marker, dict) else {}


def _write_marker(folder: Path, marker: dict[str, str]) -> None:
    (folder / MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
