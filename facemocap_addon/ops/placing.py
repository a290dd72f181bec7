# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take falls in the scene, and the panel's settings as the gateway takes them."""

from __future__ import annotations

import bpy

from ..core.alignment import Alignment, ByMark, ByTimecode, aligned_start
from ..core.take import Take
from ..gateway.applying.performance import ApplyOptions
from ..gateway.scenes import scene_clock
from ..props import state_of, stored_range
from ..props.key_plan import plan_of


def start_frame(scene: bpy.types.Scene, take: Take) -> float:
    """Frame on which the take's first sample falls, by the panel's choice.

    Raises
    ------
    FacemocapError
        When the take has no timecode but the choice asks for one, or it lies out of reach.
    """
    state = state_of(scene)
    if state.start_mode == "SCENE_START":
        return float(scene.frame_start)
    if state.start_mode == "CURRENT_FRAME":
        return float(scene.frame_current)
    if state.start_mode == "FRAME":
        return float(state.start_frame)
    if state.start_mode == "MARK":
        alignment: Alignment = ByMark(state.mark_s, float(state.start_frame))
    else:
        alignment = ByTimecode(state.start_timecode)
    trimmed_s = state.trim_start_s if state.use_trim else None
    clock, first = scene_clock(scene), float(scene.frame_start)
    return aligned_start(alignment, take, clock, first, trimmed_s)


def sound_frame(scene: bpy.types.Scene, take: Take) -> float:
    """Frame on which the take's sound begins: before the take's, as far as that is trimmed."""
    state = state_of(scene)
    trimmed_s = state.trim_start_s if state.use_trim else 0.0
    return start_frame(scene, take) - trimmed_s * scene_clock(scene).rate_hz


def apply_options(scene: bpy.types.Scene, take: Take) -> ApplyOptions:
    """The panel's settings."""
    state = state_of(scene)
    return ApplyOptions(
        start_frame=start_frame(scene, take),
        on_capture_times=state.keys_mode == "CAPTURE_TIMES",
        raw=state.use_raw,
        range_s=(state.trim_start_s, state.trim_end_s) if state.use_trim else (None, None),
        mirror=state.use_mirror,
        set_scene_range=state.set_scene_range,
        face_layer=state.face_layer,
        head_layer=state.head_layer,
        override=state.use_override,
        contacts=state.use_contacts,
        widen_sliders=state.widen_sliders,
        hand_edits=state.hand_edits,
        actor_range=stored_range(state) if state.actor.use_range else None,
        reduce=plan_of(state.key_plan),
    )
