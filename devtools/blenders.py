# SPDX-License-Identifier: GPL-3.0-or-later
"""The supported Blender releases and the one Python that each of them runs under."""

from __future__ import annotations

import platform
from typing import NamedTuple

Version = tuple[int, int]


class Blender(NamedTuple):
    """A Blender release, its Python, and the pip requirement for its bpy package."""

    release: str
    python: Version
    requirement: str


SUPPORTED = (
    Blender("5.2", (3, 13), "bpy>=5.2,<5.3"),
    Blender("5.1", (3, 13), "bpy>=5.1,<5.2"),
    Blender("5.0", (3, 11), "bpy>=5.0,<5.1"),
    Blender("4.5", (3, 11), "bpy>=4.5.15,<4.6"),
)

OLDEST = SUPPORTED[-1]


def supported_here() -> tuple[Blender, ...]:
    """Releases with a package for this machine, newest first; Macs with Intel stop at 4.5."""
    if platform.system() == "Darwin" and platform.machine() == "x86_64":
        return (OLDEST,)
    return SUPPORTED


def find_release(release: str) -> Blender | None:
    """Return the supported release of that number, or None."""
    return next((blender for blender in supported_here() if blender.release == release), None)
