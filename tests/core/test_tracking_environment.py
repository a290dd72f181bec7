# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment for video tracking: made for real with a package of three lines, no network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.processes import clean_environment, run_lines
from facemocap_addon.core.progress import Progress, run_job
from facemocap_addon.core.video import tracking_environment, tracking_pythons
from facemocap_addon.core.video.tracking_environment import (
    ABSENT,
    MARKER,
    READY,
    UNFINISHED,
    default_folder,
    environment_python,
    environment_state,
    install_tracking,
    plan_install,
    remove_tracking,
    tracking_python,
)
from facemocap_addon.core.video.tracking_pythons import VERSIONS, Python, find_python, probe
from facemocap_addon.core.video.video_files import mirror_hint
from facemocap_addon.core.video.video_worker import VideoOptions, track_video

posix = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for a program")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A wheel with one module."""
    path = tmp_path / "facemocap_tiny-1.0-py3-none-any.whl"
    info = "facemocap_tiny-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("facemocap_tiny.py", "VALUE = 7\n")
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: facemocap-tiny\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def a_python() -> Python:
    found = find_python()
    if found is None:
        pytest.skip(f"no Python {', '.join(VERSIONS)} on this machine")
    return found


@pytest.fixture(autouse=True)
def _own_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FACEMOCAP_TRACKING_PYTHON", raising=False)
    monkeypatch.setenv("FACEMOCAP_TRACKING", str(tmp_path / "usual"))


def test_an_environment_is_made_used_and_removed(tmp_path: Path, tiny: Path, a_python: Python):
    folder = tmp_path / "deep" / "env"
    assert environment_state(folder) == ABSENT
    said: list[Progress] = []
    job = install_tracking(folder, requirements=[str(tiny)], check="import facemocap_tiny")
    python = run_job(job, said.append)
    assert environment_state(folder) == READY
    assert python == environment_python(folder)
    done = subprocess.run(
        [python, "-c", "import facemocap_tiny, sys; print(facemocap_tiny.VALUE, sys.prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["7", str(folder)]
    parts = [each.done for each in said]
    assert parts == sorted(parts)
    assert parts[0] == 0.0
    assert parts[-1] <= 1.0
    assert any("MediaPipe" in each.what for each in said)
    with pytest.raises(FacemocapError, match="installed already"):
        run_job(install_tracking(folder))
    assert tracking_python([folder]) == python
    assert remove_tracking(folder)
    assert environment_state(folder) == ABSENT
    assert not remove_tracking(folder)


def test_stopping_the_installation_leaves_nothing(tmp_path: Path, tiny: Path, a_python: Python):
    folder = tmp_path / "env"
    job = install_tracking(folder, requirements=[str(tiny)])
    for progress in job:
        if progress.done > 0 or "environment" in progress.what:
            break
    assert environment_state(folder) == UNFINISHED
    job.close()
    assert not folder.exists()


def test_a_failing_installation_says_why_and_leaves_nothing(tmp_path: Path, a_python: Python):
    folder = tmp_path / "env"
    missing = str(tmp_path / "none-1.0-py3-none-any.whl")
    with pytest.raises(FacemocapError, match=r"Installing MediaPipe failed: .*none-1") as caught:
        run_job(install_tracking(folder, requirements=[missing]))
    assert "network" in str(caught.value)
    assert not folder.exists()


def test_what_a_killed_installation_left_is_begun_anew(
    tmp_path: Path, tiny: Path, a_python: Python
):
    folder = tmp_path / "env"
    (folder / "bin").mkdir(parents=True)
    (folder / MARKER).write_text('{"state": "installing"}', encoding="utf-8")
    (folder / "bin" / "half").write_text("", encoding="utf-8")
    assert environment_state(folder) == UNFINISHED
    run_job(install_tracking(folder, requirements=[str(tiny)], check="import facemocap_tiny"))
    assert environment_state(folder) == READY
    assert not (folder / "bin" / "half").exists()


def test_nobody_elses_folder_is_deleted(tmp_path: Path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years", encoding="utf-8")
    with pytest.raises(FacemocapError, match="holds something else"):
        remove_tracking(folder)
    assert (folder / "chapter.txt").exists()


def test_without_a_python_the_person_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tracking_environment, "find_python", lambda: None)
    with pytest.raises(FacemocapError, match=r"no Python 3\.9 to 3\.12") as caught:
        run_job(install_tracking(tmp_path / "env"))
    assert "python.org" in caught.value.todo
    assert not (tmp_path / "env").exists()


def test_the_plans(tmp_path: Path):
    folder = tmp_path / "env"
    target = str(environment_python(folder))
    steps = plan_install(folder, Python("/usr/bin/python3.11", "3.11"), None)
    assert steps[0].command == ("/usr/bin/python3.11", "-m", "venv", str(folder))
    assert steps[1].command[0] == target
    assert steps[1].command[-1] == "mediapipe==0.10.21"
    fetched = plan_install(folder, None, "/opt/uv")
    assert [step.command[0] for step in fetched] == ["/opt/uv", "/opt/uv"]
    assert "3.11" in fetched[0].command
    assert fetched[1].command[-1] == "mediapipe==0.10.21"
    assert target in fetched[1].command
    # no uv either: it comes from the package index, into the same folder
    alone = plan_install(folder, None, None)
    assert alone[0].command[:3] == (sys.executable, "-m", "venv")
    assert alone[1].command[-1] == "uv"
    assert all(str(folder) in " ".join(step.command) for step in alone)
    for plan in (steps, fetched, alone):
        assert sum(step.share for step in plan) <= 0.9 + 1e-9


@posix
def test_uv_fetches_a_python_with_the_persons_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_python: Python
):
    """A stand-in for uv: makes the environment with a Python that the machine has."""
    uv = tmp_path / "uv"
    uv.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/calls\n'
        f'case "$1" in venv) for last; do :; done; {a_python.executable} -m venv --without-pip '
        '"$last";; esac\n',
        encoding="utf-8",
    )
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(tracking_environment, "find_python", lambda: None)
    folder = tmp_path / "env"
    run_job(install_tracking(folder, fetch_python=True, check="import json"))
    assert environment_state(folder) == READY
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert calls[0].startswith("venv ")
    assert calls[1].startswith("pip install ")


def test_the_interpreter_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(FacemocapError, match="not installed") as caught:
        tracking_python()
    assert "facemocap track --install" in caught.value.todo
    monkeypatch.setenv("FACEMOCAP_TRACKING_PYTHON", str(tmp_path / "none"))
    with pytest.raises(FacemocapError, match="does not exist"):
        tracking_python()
    monkeypatch.setenv("FACEMOCAP_TRACKING_PYTHON", sys.executable)
    assert tracking_python() == Path(sys.executable)


def test_folders_of_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    home = Path.home()
    assert default_folder({"XDG_DATA_HOME": "/data"}, "linux") == Path(
        "/data/facemocap/video_tracking"
    )
    assert default_folder({"XDG_DATA_HOME": "here"}, "linux").is_relative_to(home)
    assert default_folder({}, "darwin").is_relative_to(home / "Library")
    assert default_folder({"LOCALAPPDATA": "/l"}, "win32") == Path("/l/facemocap/video_tracking")
    assert default_folder({"FACEMOCAP_TRACKING": "/x"}, "linux") == Path("/x")
    assert environment_python(Path("e"), "nt") == Path("e/Scripts/python.exe")


@posix
def test_what_is_no_python_is_passed_over(tmp_path: Path):
    fake = tmp_path / "python3.11"
    for text in (
        "#!/bin/sh\nexit 3\n",
        "#!/bin/sh\necho no json\n",
        "#!/bin/sh\necho '{}'\n",
        "junk",
    ):
        fake.write_text(text, encoding="utf-8")
        fake.chmod(0o755)
        assert probe([str(fake)]) is None
    assert probe([str(tmp_path / "missing")]) is None
    assert probe([tracking_pythons.own_python()]) is not None


def test_a_program_is_ended_with_its_job():
    code = "import time\nprint('on', flush=True)\nwhile True: time.sleep(1)"
    lines = run_lines([sys.executable, "-c", code], clean_environment())
    line = next(lines)
    while line is None:
        line = next(lines)
    assert line == "on"
    lines.close()
    with pytest.raises(StopIteration):
        next(lines)
    with pytest.raises(FacemocapError, match="cannot be started"):
        next(run_lines(["/no/such/program"], clean_environment()))


def test_what_leads_other_pythons_astray_is_left_out():
    given = {
        "PYTHONPATH": "/blender",
        "PYTHONHOME": "/blender",
        "PATH": "/bin",
        "PIP_INDEX_URL": "u",
    }
    kept = clean_environment(given)
    assert "PYTHONPATH" not in kept
    assert "PYTHONHOME" not in kept
    assert kept["PATH"] == "/bin"
    assert kept["PIP_INDEX_URL"] == "u"


def test_a_worker_that_breaks_is_explained(tmp_path: Path):
    video = tmp_path / "v.mp4"
    video.write_bytes(b"x")
    # this Python has no MediaPipe
    with pytest.raises(FacemocapError, match="lacks MediaPipe") as caught:
        run_job(track_video(video, Path(sys.executable)))
    assert "install it again" in caught.value.todo
    with pytest.raises(FacemocapError, match=r'The video "none.mp4" does not exist'):
        run_job(track_video(Path("none.mp4"), Path(sys.executable)))
    with pytest.raises(FacemocapError, match=r"The task file .* does not exist"):
        run_job(track_video(video, Path(sys.executable), VideoOptions(task=tmp_path / "n.task")))


def movie(matrix: tuple[int, int, int, int], extra: bytes = b"") -> bytes:
    """An MP4 file with one track that is shown by a matrix, and no picture."""
    import struct

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", len(content) + 8, kind) + content

    a, b, c, d = (each << 16 for each in matrix)
    header = bytes(40) + struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30) + bytes(8)
    return box(b"ftyp", b"isom" * 2) + box(b"moov", box(b"trak", box(b"tkhd", header)) + extra)


@pytest.mark.parametrize(
    ("matrix", "is_mirrored"),
    [
        ((1, 0, 0, 1), False),
        ((-1, 0, 0, 1), True),
        ((0, 1, -1, 0), False),  # turned by a quarter, as phones do
        ((0, 1, 1, 0), True),
        ((-1, 0, 0, -1), False),
    ],
)
def test_a_file_says_that_it_is_mirrored(tmp_path: Path, matrix: Any, is_mirrored: bool):
    path = tmp_path / "v.mp4"
    path.write_bytes(movie(matrix))
    hint = mirror_hint(path)
    assert (hint is not None) == is_mirrored
    if hint:
        assert "looks mirrored" in hint


def test_programs_that_mirror_are_known(tmp_path: Path):
    path = tmp_path / "v.mov"
    path.write_bytes(movie((1, 0, 0, 1), b"\0\0\0\x13udtaPhoto Booth"))
    assert "Photo Booth" in (mirror_hint(path) or "")
    for data in (b"", b"RIFF", b"\0\0\0\x08moov", bytes(100), movie((1, 0, 0, 1))[:50]):
        path.write_bytes(data)
        assert mirror_hint(path) is None
