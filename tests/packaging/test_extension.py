# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's zip: what is in it, and a life from installation to removal in real Blender."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from devtools import extension

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip without wheels, built and validated by Blender's own builder."""
    return extension.build(None, tmp_path_factory.mktemp("dist"))


def run_in_blender(script: str, user_folder: Path, *arguments: str | Path) -> None:
    """Run a script of this folder in a process and a user folder of its own."""
    user_folder.mkdir(exist_ok=True)
    variables = {**os.environ, "BLENDER_USER_RESOURCES": str(user_folder)}
    variables["PYTHONPATH"] = str(HERE)
    done = subprocess.run(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        env=variables,
        cwd=user_folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zip_holds_the_addon_and_nothing_else(package: Path):
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        manifest = tomllib.loads(archive.read("blender_manifest.toml").decode())
    tops = {name.split("/")[0] for name in names}
    assert tops == {"blender_manifest.toml", "__init__.py", "LICENSE", "facemocap_addon"}
    assert "facemocap_addon/data/arkit52.json" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert package.name == f"facemocap-{manifest['version']}.zip"


def test_a_zip_of_the_repository_has_the_same_files(repo: Path, tmp_path: Path, package: Path):
    """What a download of the repository gives can be installed too, without caches and tests."""
    source = tmp_path / "source"
    caches = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "out", "*.blend")
    shutil.copytree(repo, source, ignore=caches)
    (source / "out").mkdir()
    (source / "out" / "picture.png").write_bytes(b"x")
    extension.run_builder(["build", "--source-dir", str(source), "--output-dir", str(tmp_path)])
    (made,) = tmp_path.glob("*.zip")
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(package) as own:
        assert sorted(archive.namelist()) == sorted(own.namelist())


def test_installed_used_and_removed_it_leaves_nothing(
    package: Path, tmp_path: Path, sample_rigs: Path
):
    take = sample_rigs / "sample_take.csv"
    run_in_blender("extension_life.py", tmp_path / "user", package, take)


def test_registered_twice_it_leaves_nothing(repo: Path, tmp_path: Path):
    run_in_blender("register_twice.py", tmp_path / "user", repo)
