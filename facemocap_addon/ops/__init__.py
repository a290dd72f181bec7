# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators by workflow step: take, character, rig map, performance."""

from __future__ import annotations

from . import (
    actor,
    character,
    examples,
    map_files,
    measuring,
    performance,
    point_picking,
    point_places,
    point_results,
    points,
    refining,
    rig_map,
    sources,
    stack,
    stack_files,
    take,
    trying,
    video,
)

CLASSES = (
    *take.CLASSES,
    *sources.CLASSES,
    *video.CLASSES,
    *character.CLASSES,
    *measuring.CLASSES,
    *rig_map.CLASSES,
    *map_files.CLASSES,
    *trying.CLASSES,
    *points.CLASSES,
    *point_places.CLASSES,
    *point_picking.CLASSES,
    *point_results.CLASSES,
    *refining.CLASSES,
    *actor.CLASSES,
    *examples.CLASSES,
    *performance.CLASSES,
    *stack.CLASSES,
    *stack_files.CLASSES,
)
