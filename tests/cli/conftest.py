# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line called in this process and in one of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from facemocap_addon.cli.output import _flush_everything


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON: fails when anything else was printed there."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The only line on standard error, in the form that every failure has."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("facemocap: ")
        assert lines[0].endswith(".")
        assert not lines[0].endswith("..")
        assert ". " in lines[0], "what happened and what to do are two sentences"
        return lines[0]


@pytest.fixture(autouse=True)
def _earlier_lines_are_out() -> None:
    """Keep what Blender printed for an earlier test out of what this one captures."""
    _flush_everything()


@pytest.fixture
def facemocap(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    from facemocap_addon.cli.main import main

    def call(*arguments: object) -> Outcome:
        # what the test itself made Blender print may still wait in the C library's buffer
        _flush_everything()
        capfd.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call


@pytest.fixture
def facemocap_process(repo: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start ``python -m facemocap_addon``."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        words: Sequence[str] = [str(argument) for argument in arguments]
        return subprocess.Popen(
            [sys.executable, "-m", "facemocap_addon", *words],
            cwd=repo,
            text=True,
            encoding="utf-8",
            # a shell's background job has SIGINT ignored, and so would its children
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    return start


@pytest.fixture
def run_process(
    facemocap_process: Callable[..., subprocess.Popen[str]],
) -> Callable[..., Outcome]:
    def run(*arguments: object) -> Outcome:
        process = facemocap_process(*arguments)
        out, err = process.communicate(timeout=240)
        return Outcome(process.returncode, out, err)

    return run


@pytest.fixture(scope="session")
def sample_take(sample_rigs: Path) -> Path:
    return sample_rigs / "sample_take.csv"


@pytest.fixture
def short_take(tmp_path: Path, sample_take: Path) -> Path:
    """The first second of the sample take, to be quick."""
    lines = sample_take.read_text(encoding="utf-8").splitlines(keepends=True)
    path = tmp_path / "short.csv"
    path.write_text("".join(lines[:61]), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def arkit_head(sample_rigs: Path) -> Path:
    return sample_rigs / "arkit_head.blend"


def _files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def files_in() -> Callable[[Path], set[str]]:
    """All files of a folder, hidden ones too."""
    return _files


def _open_blend(path: Path) -> Any:
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    return bpy.context.scene


@pytest.fixture
def open_blend() -> Callable[[Path], Any]:
    """Open a .blend; its scene."""
    return _open_blend


@pytest.fixture
def only_action() -> Callable[[Path], Any]:
    """Open a .blend that has one Action; the Action."""

    def find(path: Path) -> Any:
        import bpy

        _open_blend(path)
        (action,) = bpy.data.actions
        return action

    return find


@pytest.fixture
def make_rig() -> Callable[..., Path]:
    """Make a .blend with one small character per name, in collections of those names."""

    def make(path: Path, *names: str, shapes: tuple[str, ...] = ("jawOpen", "tongueOut")) -> Path:
        import bpy

        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        for place, name in enumerate(names):
            mesh = bpy.data.meshes.new(name)
            mesh.from_pydata([(place, 0, 0), (place + 1, 0, 0), (place, 1, 0)], [], [(0, 1, 2)])
            body = bpy.data.objects.new(name, mesh)
            collection = bpy.data.collections.new(name)
            bpy.context.scene.collection.children.link(collection)
            collection.objects.link(body)
            if shapes:
                body.shape_key_add(name="Basis")
            for shape in shapes:
                body.shape_key_add(name=shape).data[0].co.z += 0.1
        bpy.context.preferences.filepaths.save_version = 0
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
        return path

    return make
