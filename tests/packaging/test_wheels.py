# SPDX-License-Identifier: GPL-3.0-or-later
"""Only unmodified wheels for the right machine get into a zip."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from devtools import extension, wheels
from devtools.blenders import SUPPORTED

OWN = extension.name_own_platform()


@pytest.mark.parametrize("platform", wheels.HASHES)
def test_each_platform_has_a_wheel_for_each_python(platform: str):
    pythons = {path.stem.split("-")[2] for path in wheels.list_wheels(platform)}
    assert pythons == {f"cp{b.python[0]}{b.python[1]}" for b in SUPPORTED}


def test_a_wheel_of_another_platform_is_refused(tmp_path: Path):
    name = wheels.list_wheels("linux-x64")[0].name
    wheel = tmp_path / name
    wheel.write_bytes(b"")
    for platform in ("windows-x64", "macos-x64", "macos-arm64"):
        with pytest.raises(wheels.WheelError, match="not a wheel for"):
            wheels.check_wheel(wheel, platform)


def test_an_altered_wheel_is_refused(tmp_path: Path):
    wheel = tmp_path / wheels.list_wheels("linux-x64")[0].name
    wheel.write_bytes(b"something else")
    with pytest.raises(wheels.WheelError, match="not the file that PyPI has"):
        wheels.check_wheel(wheel, "linux-x64")


@pytest.mark.parametrize("name", ["notes.txt", "scipy-1.17.1.tar.gz", "scipy.whl"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(wheels.WheelError, match="is not a wheel"):
        wheels.check_wheel(tmp_path / name, "linux-x64")


@pytest.mark.skipif(OWN not in wheels.HASHES, reason=f"there is no scipy for {OWN}")
def test_zip_with_wheels_is_built_and_validated(tmp_path: Path):
    if not wheels.are_cached(OWN):
        pytest.skip("the wheels are not cached: python dev.py build fetches them")
    cached = wheels.list_wheels(OWN)
    package = extension.build(OWN, tmp_path, cached)
    assert package.name.endswith(f"-{OWN.replace('-', '_')}.zip")
    with zipfile.ZipFile(package) as archive:
        inside = {Path(name).name for name in archive.namelist() if name.endswith(".whl")}
        assert inside == {wheel.name for wheel in cached}
        for wheel in cached:
            with archive.open(f"wheels/{wheel.name}") as stream:
                copy = tmp_path / wheel.name
                with copy.open("wb") as target:
                    shutil.copyfileobj(stream, target)
            wheels.check_wheel(copy, OWN)
