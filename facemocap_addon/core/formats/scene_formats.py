# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes of other programs that only Blender's importers read."""

from __future__ import annotations

#: As much of a file as is looked at.
HEAD_BYTES = 4096
FBX = "fbx"
_BINARY, _TEXT = b"Kaydara FBX Binary", b"; FBX"


def scene_format(head: bytes) -> str:
    """``fbx`` for the first bytes of such a scene, else nothing."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return FBX if head.startswith(_BINARY) or start.startswith(_TEXT) else ""
