# SPDX-License-Identifier: GPL-3.0-or-later
"""What a former run made and may be used again: digests of everything that it depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ..environments import ROOT

_PACKAGE = ROOT / "facemocap_addon"
#: What decides how a take plays on a character, and what only how its picture is taken.
_PLAYING = ("core", "gateway", "cli", "data")
_PICTURING = ("gateway/files/stills.py", "gateway/files/face_view.py")


def keying_digest(take: Path, rig: Path, options: Iterable[str], blender: str) -> str:
    """Digest of the product's code, a take, a rig file with all beside it, and options."""
    sources = [
        path
        for folder in _PLAYING
        for path in sorted((_PACKAGE / folder).rglob("*"))
        if path.suffix in (".py", ".json")
        and path.relative_to(_PACKAGE).as_posix() not in _PICTURING
    ]
    return _digest([*sources, take, *_belonging(rig)], [*options, blender])


def picture_digest(keying: str, options: Iterable[str]) -> str:
    """Digest of a keyed character, the code that takes its picture, and options."""
    own = sorted(Path(__file__).parent.glob("*.py"))
    return _digest([*(_PACKAGE / name for name in _PICTURING), *own], [keying, *options])


def is_kept(path: Path, digest: str) -> bool:
    """Whether ``path`` holds a digest, and so what lies beside it is up to date."""
    return path.is_file() and path.read_text(encoding="utf-8") == digest


def _belonging(rig: Path) -> list[Path]:
    """A rig's file, and for formats that name others those in its folder."""
    if rig.suffix.lower() != ".gltf":
        return [rig]
    return sorted(path for path in rig.parent.rglob("*") if path.is_file())


def _digest(paths: Iterable[Path], words: Iterable[str]) -> str:
    total = hashlib.sha256()
    for word in words:
        total.update(word.encode() + b"\0")
    for path in paths:
        total.update(path.name.encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
