# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of stretches: add, remove, set an end at the playhead."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from bpy.props import EnumProperty

from ...core.report import Report
from ...gateway.scenes import scene_clock
from ...props import state_of
from ..steps import StepOperator, active_character, need_take

_ENDS = (
    ("START", "Start", "Where the stretch begins"),
    ("END", "End", "Where the stretch ends"),
)
#: A new stretch begins at the playhead and is this long (seconds).
_NEW_S = 2.0


class FACEMOCAP_OT_add_comp_stretch(StepOperator, bpy.types.Operator):
    """Let the chosen take play from the playhead on."""

    bl_idname = "facemocap.add_comp_stretch"
    bl_label = "Add Stretch"
    bl_description = "Let the chosen take play on a part of the face from the playhead on"
    needs = ("take",)

    def perform(self, context: bpy.types.Context) -> Report:
        """The first take that is added becomes the base."""
        state = state_of(context.scene)
        comp: Any = state.comp
        item = need_take(state)
        if comp.base is None:
            comp.base = item.text
            return Report(summary=f"{item.name} is the base")
        stretch = comp.stretches.add()
        stretch.text = item.text
        stretch.start_s = max(0.0, playhead_s(context))
        stretch.end_s = stretch.start_s + _NEW_S
        comp.active = len(comp.stretches) - 1
        return Report(summary=f"{item.name} is on the comp")


class FACEMOCAP_OT_remove_comp_stretch(StepOperator, bpy.types.Operator):
    """Take a stretch off."""

    bl_idname = "facemocap.remove_comp_stretch"
    bl_label = "Remove Stretch"
    bl_description = "Take the stretch off the comp"

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be one."""
        comp: Any = state_of(context.scene).comp
        return bool(comp.stretches) or cls.refuse("The comp has no stretch")

    def perform(self, context: bpy.types.Context) -> Report:
        """The one that is chosen."""
        comp: Any = state_of(context.scene).comp
        comp.stretches.remove(min(comp.active, len(comp.stretches) - 1))
        comp.active = max(0, min(comp.active, len(comp.stretches) - 1))
        return Report(summary="The stretch is off the comp")


class FACEMOCAP_OT_comp_stretch_here(StepOperator, bpy.types.Operator):
    """Set an end of a stretch at the playhead."""

    bl_idname = "facemocap.comp_stretch_here"
    bl_label = "At Playhead"
    bl_description = "Let the stretch begin, or end, at the playhead"

    end: EnumProperty(name="End", description="Which end is set", items=_ENDS)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be one."""
        comp: Any = state_of(context.scene).comp
        return bool(comp.stretches) or cls.refuse("The comp has no stretch")

    def perform(self, context: bpy.types.Context) -> Report:
        """In seconds after the frame on which takes begin."""
        comp: Any = state_of(context.scene).comp
        stretch = comp.stretches[min(comp.active, len(comp.stretches) - 1)]
        seconds = max(0.0, playhead_s(context))
        if self.end == "START":
            stretch.start_s, stretch.use_start = seconds, True
        else:
            stretch.end_s, stretch.use_end = seconds, True
        return Report(summary=f"{self.end.title()} at {seconds:.3f} s")


def playhead_s(context: bpy.types.Context) -> float:
    """Seconds from the frame on which the applied take begins to the playhead."""
    scene = context.scene
    item = active_character(state_of(scene))
    start = item.applied_start if item is not None and item.applied else float(scene.frame_start)
    frame = np.array([float(scene.frame_current_final)])
    return float(scene_clock(scene).seconds(frame, start)[0])


CLASSES = (
    FACEMOCAP_OT_add_comp_stretch,
    FACEMOCAP_OT_remove_comp_stretch,
    FACEMOCAP_OT_comp_stretch_here,
)
