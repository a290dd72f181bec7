# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the extension's zips with Blender's own builder: python dev.py build.

The wheels are named in a staged copy of the manifest only; the one in the repository stays as it
is, so that a zip of the repository installs as well (without scipy).
"""

from __future__ import annotations

import argparse
import importlib.util
import platform as machine
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .environments import ROOT
from .wheels import HASHES, WheelError, check_wheel, fetch_wheels

DIST = ROOT / "dist"
PACKAGE = "facemocap_addon"
SINGLE_FILES = ("blender_manifest.toml", "__init__.py", "LICENSE")


class BuildError(Exception):
    """Blender's builder refused."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the command line asks for and print where it is."""
    parser = argparse.ArgumentParser(prog="python dev.py build", description=__doc__)
    parser.add_argument(
        "--platform", choices=[*HASHES, "all"], help="kind of machine (default: this one's)"
    )
    parser.add_argument(
        "--without-wheels", action="store_true", help="one small zip for all, without scipy"
    )
    parser.add_argument("--out", type=Path, default=DIST, help="folder for the zips")
    options = parser.parse_args(arguments)
    platforms: list[str | None] = [options.platform or name_own_platform()]
    if options.platform == "all":
        platforms = list(HASHES)
    if options.without_wheels:
        platforms = [None]
    try:
        for each in platforms:
            if each is not None and each not in HASHES:
                raise BuildError(f"there is no scipy for {each}: use --without-wheels")
            package = build(each, options.out)
            print(f"{package}  {package.stat().st_size / 1e6:.1f} MB")
    except (BuildError, WheelError) as error:
        print(f"dev.py build: {error}", file=sys.stderr)
        return 1
    return 0


def build(platform: str | None, out: Path, wheels: Sequence[Path] | None = None) -> Path:
    """Build and validate one zip; without a platform it carries no wheels."""
    if platform is None:
        wheels = []
    elif wheels is None:
        wheels = fetch_wheels(platform)
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="facemocap-build-") as folder:
        stage = Path(folder) / "stage"
        made = Path(folder) / "made"
        made.mkdir()
        stage_sources(stage, platform, wheels)
        command = ["build", "--source-dir", str(stage), "--output-dir", str(made)]
        run_builder([*command, *(["--split-platforms"] if platform else [])])
        (package,) = made.glob("*.zip")
        run_builder(["validate", str(package)])
        return Path(shutil.move(package, out / package.name))


def stage_sources(stage: Path, platform: str | None, wheels: Sequence[Path]) -> None:
    """Copy what goes into a zip to a new folder and name the wheels in its manifest."""
    stage.mkdir(parents=True)
    for name in SINGLE_FILES:
        shutil.copy2(ROOT / name, stage / name)
    unwanted = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(ROOT / PACKAGE, stage / PACKAGE, ignore=unwanted)
    if platform is None:
        return
    (stage / "wheels").mkdir()
    for wheel in wheels:
        check_wheel(wheel, platform)
        shutil.copy2(wheel, stage / "wheels" / wheel.name)
    manifest = stage / "blender_manifest.toml"
    names = ", ".join(f'"./wheels/{wheel.name}"' for wheel in wheels)
    added = f'platforms = ["{platform}"]\nwheels = [{names}]\n\n[permissions]'
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("[permissions]", added, 1), encoding="utf-8")


def run_builder(arguments: Sequence[str]) -> None:
    """Run Blender's extension tool; what it prints is shown only when it refuses."""
    done = subprocess.run(
        [sys.executable, str(find_builder()), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BuildError(f"Blender's builder refuses.\n{done.stdout}{done.stderr}".strip())


def find_builder() -> Path:
    """Return Blender's extension tool inside the bpy package; bpy itself is not loaded."""
    spec = importlib.util.find_spec("bpy")
    if spec is None or spec.origin is None:
        raise BuildError("this Python has no bpy package: use python dev.py build")
    pattern = "*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
    found = sorted(Path(spec.origin).parent.glob(pattern))
    if not found:
        raise BuildError("the bpy package holds no extension builder")
    return found[-1]


def name_own_platform() -> str:
    """Return Blender's name for this machine."""
    system = {"Darwin": "macos"}.get(machine.system(), machine.system().lower())
    processor = machine.machine().lower()
    processor = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(processor, processor)
    return f"{system}-{processor}"


if __name__ == "__main__":
    sys.exit(main())
