# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators by workflow step: take, character, rig map, performance."""

from __future__ import annotations

from . import character, map_files, measuring, performance, rig_map, sources, take, trying, video

CLASSES = (
    *take.CLASSES,
    *sources.CLASSES,
    *video.CLASSES,
    *character.CLASSES,
    *measuring.CLASSES,
    *rig_map.CLASSES,
    *map_files.CLASSES,
    *trying.CLASSES,
    *performance.CLASSES,
)
