# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenes: their clock, range and where a take falls on them."""

from __future__ import annotations

import bpy

from ..core.timebase import SceneClock, parse_timecode


def scene_clock(scene: bpy.types.Scene) -> SceneClock:
    """The scene's frame rate, exactly as it stores it."""
    return SceneClock(float(scene.render.fps), float(scene.render.fps_base))


def set_rate(scene: bpy.types.Scene, rate_hz: float) -> None:
    """Give the scene a frame rate the way Blender itself stores it (29.97 is 30 / 1.001)."""
    clock = SceneClock.of_rate(rate_hz)
    scene.render.fps = round(clock.fps)
    scene.render.fps_base = clock.fps_base


def timecode_frame(scene: bpy.types.Scene, timecode: str) -> float:
    """Scene frame on which a timecode falls when the scene's first frame is 00:00:00:00."""
    clock = scene_clock(scene)
    rounded = round(clock.rate_hz)
    return float(clock.frames(parse_timecode(timecode, rounded), scene.frame_start))
