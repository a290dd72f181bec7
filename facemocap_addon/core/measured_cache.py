# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements in the user's cache folder, so that many calls for one rig measure it once.

A file is named after the fingerprint it belongs to, is written whole or not at all, and may be
deleted at any time. The cache never stands in the way: what cannot be read is as if it was not
there, what cannot be written is left out. ``FACEMOCAP_NO_CACHE=1`` switches it off,
``FACEMOCAP_CACHE`` names another folder.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from .errors import FacemocapError
from .files import replace_file
from .measured import LONGEST_BYTES, Measured

NO_CACHE, FOLDER = "FACEMOCAP_NO_CACHE", "FACEMOCAP_CACHE"
#: Files that are kept; of more, those that were used longest ago go.
MOST_FILES = 200
_ENDING = ".json.gz"
_FINGERPRINT = re.compile(r"[0-9a-f]{8,128}")
#: Age at which an unfinished file is nobody's any more.
_FORGOTTEN_S = 86400.0


def cache_folder(
    environ: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Path | None:
    """The folder for measurements, whether or not it exists; None when the cache is switched off.

    ``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS and
    ``%LOCALAPPDATA%`` on Windows, and in it ``facemocap/measured``.
    """
    environ = os.environ if environ is None else environ
    if environ.get(NO_CACHE, "").strip().lower() not in ("", "0", "false", "no"):
        return None
    if environ.get(FOLDER):
        return Path(environ[FOLDER]) / "measured"
    try:
        return _users_folder(environ, platform) / "facemocap" / "measured"
    except RuntimeError:
        # a user without a home folder has no cache
        return None


def _users_folder(environ: Mapping[str, str], platform: str) -> Path:
    if platform == "win32":
        local = environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if platform == "darwin":
        return Path.home() / "Library" / "Caches"
    given = environ.get("XDG_CACHE_HOME", "")
    # relative paths are to be ignored, says the XDG specification
    return Path(given) if given.startswith("/") else Path.home() / ".cache"


def read_cached(fingerprint: str, folder: Path | None) -> Measured | None:
    """The measurement of a fingerprint; None where there is none that can be read."""
    if folder is None or not _FINGERPRINT.fullmatch(fingerprint):
        return None
    path = folder / f"{fingerprint}{_ENDING}"
    try:
        with path.open("rb") as file:
            measured = Measured.from_bytes(file.read(LONGEST_BYTES))
    except (OSError, FacemocapError):
        return None
    if measured.fingerprint != fingerprint:
        return None
    try:
        os.utime(path)
    except OSError:
        # a cache that may only be read is fine too; then the order of use is unknown
        return measured
    return measured


def write_cached(measured: Measured, folder: Path | None) -> bool:
    """Keep a measurement; whether that could be done. Deletes the oldest beyond `MOST_FILES`."""
    if folder is None or not _FINGERPRINT.fullmatch(measured.fingerprint):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / f"{measured.fingerprint}{_ENDING}", measured.to_bytes())
    except (OSError, FacemocapError):
        return False
    _tidy(folder)
    return True


def _tidy(folder: Path) -> None:
    """Delete the files used longest ago, and what killed processes left unfinished."""
    aged: list[tuple[float, str]] = []
    forgotten: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith(".gz") or not entry.is_file(follow_symlinks=False):
                    continue
                used = entry.stat(follow_symlinks=False).st_mtime
                if _FINGERPRINT.fullmatch(entry.name.removesuffix(_ENDING)):
                    aged.append((used, entry.name))
                elif entry.name.startswith(".") and time.time() - used > _FORGOTTEN_S:
                    forgotten.append(entry.name)
    except OSError:
        return
    too_many = sorted(aged)[: max(0, len(aged) - MOST_FILES)]
    for name in [*forgotten, *(name for _, name in too_many)]:
        try:
            (folder / name).unlink()
        except OSError:
            # another process was faster, or keeps it open
            continue
