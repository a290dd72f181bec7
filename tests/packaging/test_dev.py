# SPDX-License-Identifier: GPL-3.0-or-later
"""The door: help, refusals, the search for a Python, and advice about missing libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devtools import door, environments, libraries, pythons


def run_dev(repo: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(repo / "dev.py"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("--help",), ("help",)])
def test_help_names_every_command_from_any_folder(repo: Path, tmp_path: Path, arguments: tuple):
    done = run_dev(repo, tmp_path, *arguments)
    assert done.returncode == 0
    for name, command in door.COMMANDS.items():
        assert name in done.stdout
        assert command.help in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tset",), "there is no command 'tset'"),
        (("--blender", "4.2", "test"), "--blender takes one of"),
        (("test", "--blender"), "--blender takes one of"),
        (("samples", "--blender=5.0"), "samples always runs under Blender 4.5"),
        (("lint", "everything"), "lint takes no argument but --fix"),
    ],
)
def test_nonsense_is_refused(repo: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str):
    done = run_dev(repo, tmp_path, *arguments)
    assert done.returncode == door.STATUS_USAGE
    assert sentence in done.stderr
    assert done.stdout == ""


def test_the_release_may_stand_anywhere():
    for words in (["--blender", "5.0", "test", "-k", "x"], ["test", "-k", "x", "--blender=5.0"]):
        assert door._split_release(words) == ("5.0", ["test", "-k", "x"])
    assert door._split_release(["test"]) == (None, ["test"])


def test_this_python_is_found():
    python = pythons.find_python([(sys.version_info[0], sys.version_info[1])])
    assert python is not None
    assert python.version == sys.version_info[:2]
    assert pythons.find_python([(3, 2)]) is None


@pytest.mark.skipif(os.name == "nt", reason="pyenv's shims are shell scripts")
def test_a_shim_that_refuses_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Pyenv puts python3.13 on the PATH for every version it has, and most refuse to run."""
    version = (sys.version_info[0], sys.version_info[1])
    name = f"python{version[0]}.{version[1]}"
    shim = tmp_path / "shims" / name
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    real = tmp_path / "versions" / f"{version[0]}.{version[1]}.7" / "bin" / name
    real.parent.mkdir(parents=True)
    real.symlink_to(sys.executable)
    monkeypatch.setenv("PATH", str(shim.parent))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    paths = list(pythons._list_paths(version))
    assert paths.index(shim) < paths.index(real)
    assert pythons.probe([str(shim)]) is None
    assert pythons.probe([str(real)]) is not None


def test_settings_of_pip_are_kept_and_what_leads_astray_is_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://example.org/simple")
    monkeypatch.setenv("PIP_USER", "1")
    for name in ("PIP_TARGET", "PYTHONPATH", "PYTHONHOME", "PYENV_VERSION"):
        monkeypatch.setenv(name, "elsewhere")
    variables = pythons.clean_environment()
    assert variables["PIP_INDEX_URL"] == "https://example.org/simple"
    assert variables["PIP_USER"] == "0"
    assert not {"PIP_TARGET", "PYTHONPATH", "PYTHONHOME", "PYENV_VERSION"} & variables.keys()


def test_only_requirements_make_an_environment_outdated():
    requirements = environments._read_requirements()
    assert "[build-system]" in requirements
    assert "numpy" in requirements
    assert "hypothesis" in requirements
    assert "[tool" not in requirements


def test_missing_libraries_are_named_with_their_packages():
    message = (
        "ImportError: libXxf86vm.so.1: cannot open shared object file: No such file or directory"
    )
    assert libraries.find_missing(message, None) == ["libXxf86vm.so.1"]
    assert libraries.find_missing("ImportError: no module named bpy", None) == []
    advice = libraries.explain_missing(["libXxf86vm.so.1", "libGL.so.1", "libodd.so.3"])
    assert "apt install libgl1 libxxf86vm1" in advice
    assert "dnf install libXxf86vm libglvnd-glx" in advice
    assert "pacman -S libglvnd libxxf86vm" in advice
    assert "brings libodd.so.3" in advice
