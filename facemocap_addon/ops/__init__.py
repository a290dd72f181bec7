# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators by workflow step: take, character, rig map, performance."""

from __future__ import annotations

from . import character, performance, rig_map, take

CLASSES = (*take.CLASSES, *character.CLASSES, *rig_map.CLASSES, *performance.CLASSES)
