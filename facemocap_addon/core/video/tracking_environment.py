# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of MediaPipe: where it is, how it is made, whether it is ready.

A folder of its own with a virtual environment in it. The marker file says ``ready`` only once all
is installed; what a killed installation left behind is begun anew. Nothing is downloaded unless
`install_tracking` is called, which whoever calls it has to ask the person for.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import FacemocapError
from ..files import replace_file, unwritable
from ..processes import Ended, clean_environment, run_lines
from ..progress import Job, Progress
from .tracking_pythons import VERSIONS, Python, find_python, own_python

#: The last release whose wheel carries the models of the face mesh.
REQUIREMENTS = ("mediapipe==0.10.21",)
#: What the person is told before anything is downloaded.
SIZE_TEXT = "about 250 MB to download, 1 GB on the disk"
#: Names an interpreter that has MediaPipe, or a folder for the environment.
PYTHON_VARIABLE, FOLDER_VARIABLE = "FACEMOCAP_TRACKING_PYTHON", "FACEMOCAP_TRACKING"
NAME, MARKER = "video_tracking", "facemocap.json"
READY, UNFINISHED, ABSENT = "ready", "unfinished", "absent"
_CHECK = "import mediapipe.python.solutions.face_mesh, cv2"
#: pip prints about so many lines for MediaPipe and what it needs.
_USUAL_LINES = 100
_PYTHONS = f"Python {VERSIONS[-1]} to {VERSIONS[1]}"


@dataclass(frozen=True, slots=True)
class Step:
    """A program to run: what it does in a person's words, and its share of the time."""

    what: str
    command: tuple[str, ...]
    share: float


def default_folder(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """Where the environment goes outside of Blender: the user's folder for data of programs."""
    environ = os.environ if environ is None else environ
    if environ.get(FOLDER_VARIABLE):
        return Path(environ[FOLDER_VARIABLE])
    try:
        home = Path.home()
    except RuntimeError:
        raise FacemocapError(
            "This user account has no home folder", f"Name a folder in {FOLDER_VARIABLE}"
        ) from None
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        given = environ.get("XDG_DATA_HOME", "")
        base = Path(given) if given.startswith("/") else home / ".local" / "share"
    return base / "facemocap" / NAME


def addon_folder(path_of: Callable[..., str], package: str) -> Path:
    """Where the environment goes in Blender: the add-on's own user folder.

    ``path_of`` is ``bpy.utils.extension_path_user``. An add-on that is not installed as an
    extension has none; then it is `default_folder`.
    """
    try:
        return Path(path_of(package, path=NAME, create=False))
    except ValueError:
        return default_folder()


def environment_python(folder: Path, platform: str = os.name) -> Path:
    """The interpreter of the environment in a folder, whether or not it is there."""
    return folder / "Scripts" / "python.exe" if platform == "nt" else folder / "bin" / "python"


def environment_state(folder: Path) -> str:
    """`READY`, `UNFINISHED` or `ABSENT`."""
    if not folder.is_dir():
        return ABSENT
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        is_ready = marker["state"] == READY
    except (OSError, ValueError, KeyError, TypeError):
        return UNFINISHED
    return READY if is_ready and environment_python(folder).exists() else UNFINISHED


def tracking_python(folders: Sequence[Path] = ()) -> Path:
    """The interpreter to track with: the one that is named, else the first ready environment.

    Parameters
    ----------
    folders : sequence of Path
        Looked into before the default one.

    Raises
    ------
    FacemocapError
        When there is none.
    """
    named = os.environ.get(PYTHON_VARIABLE, "").strip()
    if named:
        if not Path(named).is_file():
            raise FacemocapError(
                f'{PYTHON_VARIABLE} names "{named}", which does not exist', "Correct or unset it"
            )
        return Path(named)
    for folder in (*folders, default_folder()):
        if environment_state(folder) == READY:
            return environment_python(folder)
    raise FacemocapError(
        "Video tracking is not installed",
        "Install it in the add-on's preferences or with `facemocap track --install`",
    )


def plan_install(
    folder: Path,
    python: Python | None,
    uv: str | None,
    requirements: Sequence[str] = REQUIREMENTS,
) -> list[Step]:
    """The programs that make the environment.

    Parameters
    ----------
    folder : Path
    python : Python or None
        What the environment is made with; None lets uv fetch one.
    uv : str or None
        Where uv is; None has it installed beside the environment by this Python's own pip.
    requirements : sequence of str
    """
    target = str(environment_python(folder))
    install = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check")
    quiet = ("--progress-bar", "off")
    if python is not None:
        return [
            Step("Making the environment", (python.executable, "-m", "venv", str(folder)), 0.1),
            Step("Installing MediaPipe", (target, *install, *quiet, *requirements), 0.8),
        ]
    steps: list[Step] = []
    if uv is None:
        helper = folder / "uv"
        steps = [
            Step("Preparing uv", (own_python(), "-m", "venv", str(helper)), 0.05),
            Step(
                "Installing uv",
                (str(environment_python(helper)), *install, *quiet, "uv"),
                0.05,
            ),
        ]
        uv = str(environment_python(helper).with_name("uv.exe" if os.name == "nt" else "uv"))
    version = VERSIONS[0]
    made = (uv, "venv", "--allow-existing", "--python", version, str(folder))
    return [
        *steps,
        Step(f"Fetching Python {version}", made, 0.2),
        Step(
            "Installing MediaPipe", (uv, "pip", "install", "--python", target, *requirements), 0.6
        ),
    ]


def install_tracking(
    folder: Path,
    *,
    fetch_python: bool = False,
    requirements: Sequence[str] = REQUIREMENTS,
    check: str = _CHECK,
) -> Job[Path]:
    """Make the environment; its interpreter. Stopping it takes away what was made.

    Parameters
    ----------
    folder : Path
    fetch_python : bool
        Whether uv may download a Python where this machine has none that fits.
    requirements : sequence of str
    check : str
        What must run in the finished environment.

    Raises
    ------
    FacemocapError
    """
    if environment_state(folder) == READY:
        raise FacemocapError("Video tracking is installed already", "Remove it first")
    yield Progress(0.0, f"Looking for {_PYTHONS}")
    python = find_python()
    if python is None and not fetch_python:
        raise FacemocapError(
            f"This machine has no {_PYTHONS}, which MediaPipe needs",
            "Install one from python.org, or allow it to be fetched",
        )
    remove_tracking(folder)
    is_done = False
    try:
        try:
            folder.mkdir(parents=True)
            _mark(folder, "installing", requirements)
        except OSError as problem:
            raise unwritable(folder, problem) from problem
        steps = plan_install(folder, python, shutil.which("uv"), requirements)
        target = environment_python(folder)
        steps.append(Step("Checking", (str(target), "-I", "-c", check), 0.1))
        begin = 0.0
        for step in steps:
            yield from _run(step, begin)
            begin += step.share
        _mark(folder, READY, requirements)
        is_done = True
    finally:
        if not is_done:
            shutil.rmtree(folder, ignore_errors=True)
    return target


def remove_tracking(folder: Path) -> bool:
    """Delete the environment; whether there was one.

    Raises
    ------
    FacemocapError
        When the folder is something else, or cannot be deleted.
    """
    if not folder.exists():
        return False
    holds_ours = (folder / MARKER).is_file() or not any(folder.iterdir())
    if not holds_ours:
        raise FacemocapError(
            f'"{folder}" holds something else than video tracking', "Choose another folder"
        )
    # without the marker's word nothing takes a half deleted environment for a whole one
    with suppress(OSError):
        _mark(folder, "removing", ())
    try:
        shutil.rmtree(folder)
    except OSError as problem:
        raise FacemocapError(
            f'"{folder}" cannot be deleted: {problem.strerror or problem}',
            "Close what uses it and try again",
        ) from problem
    return True


def _run(step: Step, begin: float) -> Job[None]:
    """One program; its lines say how far it is."""
    count = 0
    said = step.what
    lines = run_lines(step.command, clean_environment())
    try:
        while True:
            yield Progress(begin + step.share * min(count / _USUAL_LINES, 1.0), said)
            line = next(lines)
            if line:
                count += 1
                said = f"{step.what}: {line.strip()[:60]}"
    except StopIteration as end:
        ended: Ended = end.value
    finally:
        lines.close()
    if ended.status != 0:
        reasons = [line.strip() for line in ended.errors.splitlines() if line.strip()]
        last = reasons[-1][:200] if reasons else f"status {ended.status}"
        raise FacemocapError(
            f"{step.what} failed: {last}", "Check the network connection and try again"
        )


def _mark(folder: Path, state: str, requirements: Sequence[str]) -> None:
    text = json.dumps({"state": state, "requirements": [*requirements]}) + "\n"
    replace_file(folder / MARKER, text.encode())
