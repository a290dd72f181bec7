# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that every test may ask for, and an orderly end of the process under Blender 4.5."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Blender reads its user folder when bpy is imported: tests never see a person's own settings.
_user_folder = tempfile.mkdtemp(prefix="facemocap-user-")
os.environ["BLENDER_USER_RESOURCES"] = _user_folder
# Measurements of characters are kept by the person's account: tests have a folder of their own.
os.environ["FACEMOCAP_CACHE"] = str(Path(_user_folder) / "measured")

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false", "no")


@pytest.fixture(scope="session")
def repo() -> Path:
    """Root folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def sample_rigs(repo: Path) -> Path:
    """Folder of the generated characters and the synthetic take."""
    return repo / "sample_rigs"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real takes and rigs, $FACEMOCAP_SHARED or shared/ beside the checkout."""
    folder = Path(os.environ.get("FACEMOCAP_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        reason = f"no folder of real takes and rigs at {folder} (FACEMOCAP_SHARED names another)"
        if _is_ci():
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def tracking_python(repo: Path) -> Path:
    """A Python with MediaPipe: $FACEMOCAP_TRACKING_PYTHON, or that of `python dev.py faces`."""
    folder = repo / ".venv-track"
    own = folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"
    python = Path(os.environ.get("FACEMOCAP_TRACKING_PYTHON") or own)
    if not python.is_file():
        pytest.skip("no Python with MediaPipe (FACEMOCAP_TRACKING_PYTHON, or dev.py faces)")
    return python


@pytest.fixture
def blank_scene() -> Any:
    """Return the scene of an empty file with factory settings; one per test that asks for it."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    return bpy.context.scene


class _PlainRoot:
    """Keeps pytest from importing the root folder, which is a package for Blender's sake only."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_PlainRoot(), "facemocap-plain-root")


class _Outcome:
    """Exit status of the session, kept until pytest has printed everything."""

    status: int | None = None


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _Outcome.status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_user_folder, ignore_errors=True)
    bpy = sys.modules.get("bpy")
    app = getattr(bpy, "app", None)
    if app is None or app.version >= (5, 0, 0) or hasattr(config, "workerinput"):
        return
    if _Outcome.status is None:
        return
    # The bpy 4.5 package hangs at exit once a Python driver has been evaluated.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_Outcome.status)
