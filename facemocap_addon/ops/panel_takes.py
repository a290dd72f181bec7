# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes in the panel: what it lists and the facts that it shows of each."""

from __future__ import annotations

import math

import bpy

from ..core.inspection import inspect_take
from ..core.take import Take
from ..gateway.files.take_storage import take_label
from ..gateway.scenes import scene_clock
from ..props import FACEMOCAP_PG_take, state_of
from .panel_points import show_facts


def list_take(
    scene: bpy.types.Scene, text: bpy.types.Text, take: Take, sound_path: str = ""
) -> FACEMOCAP_PG_take:
    """Show a stored take in the panel, once, and choose it."""
    state = state_of(scene)
    texts = [listed.text for listed in state.takes]
    number = texts.index(text) if text in texts else len(texts)
    item = state.takes[number] if number < len(texts) else state.takes.add()
    item.text = text
    item.name = take_label(text)
    facts = inspect_take(take)
    item.duration_s = take.duration_s
    item.rate_hz = facts["rate_hz"]
    item.channel_count = len(take.recorded)
    item.gap_count = len(facts["gaps"])
    item.channels = "\n".join(take.recorded)
    item.not_recorded = ", ".join(take.not_recorded)
    item.timecode = take.timebase.start_timecode or ""
    item.warnings = "\n".join(facts["warnings"])
    show_facts(item, take)
    if sound_path:
        item.sound_path = sound_path
    if number == 0:
        state.trim_end_s = math.ceil(take.duration_s * 1000) / 1000
        state.start_timecode = scene_timecode(scene, take.timebase.start_s)
    # last: choosing a take fills the characters' lists from the facts above
    state.active_take = number
    return item


def scene_timecode(scene: bpy.types.Scene, seconds: float) -> str:
    """``seconds`` since midnight as HH:MM:SS:FF in the scene's frames, cut to a whole frame."""
    rate = round(scene_clock(scene).rate_hz)
    whole = math.floor(seconds)
    frame = math.floor((seconds - whole) * rate + 1e-6)
    return (
        f"{whole // 3600 % 24:02}:{whole // 60 % 60:02}:{whole % 60:02}:{min(frame, rate - 1):02}"
    )
