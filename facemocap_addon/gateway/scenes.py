# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes and their clocks."""

from __future__ import annotations

import bpy

from ..core.timebase import SceneClock


def scene_clock(scene: bpy.types.Scene) -> SceneClock:
    """The scene's frame rate, exactly as it stores it."""
    return SceneClock(float(scene.render.fps), float(scene.render.fps_base))


def set_rate(scene: bpy.types.Scene, rate_hz: float) -> None:
    """Give the scene a frame rate the way Blender itself stores it (29.97 is 30 / 1.001)."""
    clock = SceneClock.of_rate(rate_hz)
    scene.render.fps = round(clock.fps)
    scene.render.fps_base = clock.fps_base
