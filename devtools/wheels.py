# SPDX-License-Identifier: GPL-3.0-or-later
"""The scipy wheels that an extension zip carries: unmodified files of PyPI, known by their hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from .environments import ROOT, clean_environment

CACHE = ROOT / "build" / "wheels"

# One scipy for both Pythons: 1.17 is the last that runs on 3.11 and takes numpy 1.26 as well as 2.
SCIPY = "1.17.1"

# SHA-256 of the file for each Blender platform and Python. Blender unpacks its own Python's wheel.
HASHES: dict[str, dict[str, str]] = {
    "linux-x64": {
        "cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64": (
            "43af8d1f3bea642559019edfe64e9b11192a8978efbd1539d7bc2aaa23d92de4"
        ),
        "cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64": (
            "581b2264fc0aa555f3f435a5944da7504ea3a065d7029ad60e7c3d1ae09c5464"
        ),
    },
    "windows-x64": {
        "cp311-cp311-win_amd64": (
            "d30e57c72013c2a4fe441c2fcb8e77b14e152ad48b5464858e07e2ad9fbfceff"
        ),
        "cp313-cp313-win_amd64": (
            "37425bc9175607b0268f493d79a292c39f9d001a357bebb6b88fdfaff13f6448"
        ),
    },
    "macos-arm64": {
        "cp311-cp311-macosx_12_0_arm64": (
            "e18f12c6b0bc5a592ed23d3f7b891f68fd7f8241d69b7883769eb5d5dfb52696"
        ),
        "cp313-cp313-macosx_12_0_arm64": (
            "6fac755ca3d2c3edcb22f479fceaa241704111414831ddd3bc6056e18516892f"
        ),
    },
    "macos-x64": {
        "cp311-cp311-macosx_10_14_x86_64": (
            "1f95b894f13729334fb990162e911c9e5dc1ab390c58aa6cbecb389c5b5e28ec"
        ),
        "cp313-cp313-macosx_10_14_x86_64": (
            "5e3c5c011904115f88a39308379c17f91546f77c1667cea98739fe0fccea804c"
        ),
    },
}

# What the platform part of a wheel's name begins and ends with.
_TAGS = {
    "linux-x64": ("manylinux", "x86_64"),
    "windows-x64": ("win", "amd64"),
    "macos-arm64": ("macosx", "arm64"),
    "macos-x64": ("macosx", "x86_64"),
}


class WheelError(Exception):
    """A wheel is missing, altered or for another platform."""


def list_wheels(platform: str, cache: Path = CACHE) -> list[Path]:
    """Return where the cache has the wheels of a platform, or would have them."""
    return [cache / f"scipy-{SCIPY}-{tags}.whl" for tags in HASHES[platform]]


def are_cached(platform: str, cache: Path = CACHE) -> bool:
    """Tell whether a platform's wheels can be used without a network."""
    return all(wheel.is_file() for wheel in list_wheels(platform, cache))


def fetch_wheels(platform: str, cache: Path = CACHE) -> list[Path]:
    """Return a platform's wheels, downloaded by pip where the cache lacks them, and checked."""
    wheels = list_wheels(platform, cache)
    cache.mkdir(parents=True, exist_ok=True)
    for wheel in wheels:
        if not wheel.is_file():
            _download(wheel)
        check_wheel(wheel, platform)
    return wheels


def check_wheel(wheel: Path, platform: str) -> None:
    """Raise `WheelError` unless a file is the very wheel of PyPI that the platform needs."""
    parts = wheel.stem.split("-")
    if wheel.suffix != ".whl" or len(parts) != 5:
        raise WheelError(f"{wheel.name} is not a wheel")
    _, _, python, abi, tag = parts
    begin, end = _TAGS[platform]
    if not all(each.startswith(begin) and each.endswith(end) for each in tag.split(".")):
        raise WheelError(f"{wheel.name} is not a wheel for {platform}")
    wanted = HASHES[platform].get(f"{python}-{abi}-{tag}")
    with wheel.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wanted:
        raise WheelError(f"{wheel.name} is not the file that PyPI has: delete it and build again")


def _download(wheel: Path) -> None:
    _, _, python, abi, tag = wheel.stem.split("-")
    platforms = [argument for each in tag.split(".") for argument in ("--platform", each)]
    version = f"{python[2]}.{python[3:]}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--no-deps"]
    command += ["--implementation", "cp", "--python-version", version, "--abi", abi, *platforms]
    command += ["--dest", str(wheel.parent), f"scipy=={SCIPY}"]
    print(f"Fetching {wheel.name}", flush=True)
    done = subprocess.run(command, env=clean_environment(), check=False)
    if done.returncode != 0 or not wheel.is_file():
        raise WheelError(f"pip could not fetch {wheel.name}: is there a network connection?")
