# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaze target: an object keyed from the gaze, and the gaze made from an object."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.report import Report
from ..gateway.gaze_target.aiming import aim_at_target, is_aimed, stop_aiming
from ..gateway.gaze_target.keying import key_target
from ..gateway.takes.rerunning import need_performance
from ..gateway.writing.records import find_performance
from ..props import state_of
from .panel_characters import picked_objects, show_performance
from .panel_stack import show_stack
from .steps import StepOperator, active_character, need_character

_SPACES = (
    ("WORLD", "World", "The target stands free in the scene"),
    ("HEAD", "Head", "The target hangs on the head and goes with it"),
)


class _GazeOperator(StepOperator):
    """An operator on the eyes of what plays on the chosen character."""

    needs = ("character",)

    def show(self, context: bpy.types.Context, report: Report) -> None:
        """Show in the panel what the stack is now."""
        item = need_character(state_of(context.scene))
        found = find_performance(picked_objects(item, context.scene))
        item.stack.problem = ""
        show_performance(item, found, report.warnings)
        show_stack(item, found)


class FACEMOCAP_OT_key_gaze_target(_GazeOperator, bpy.types.Operator):
    """Key an Empty with what the eyes look at."""

    bl_idname = "facemocap.key_gaze_target"
    bl_label = "Key Target from Gaze"
    bl_description = "Key an Empty, one key a frame, with what both eyes of the character look at"

    distance: FloatProperty(
        name="Distance",
        description="How far away the target is",
        default=1.0,
        min=0.05,
        soft_max=10.0,
        unit="LENGTH",
    )
    vergence: BoolProperty(
        name="Where Eyes Meet",
        description="As far away as both eyes meet, where they do",
        default=False,
    )
    space: EnumProperty(
        name="Space", description="What the target goes with", items=_SPACES, default="WORLD"
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Key a new Empty and choose it."""
        scene = context.scene
        picked = picked_objects(need_character(state_of(scene)), scene)
        metres = self.distance * (scene.unit_settings.scale_length or 1.0)
        target, report = key_target(
            scene, picked, distance_m=metres, vergence=self.vergence, space=self.space
        )
        if context.mode == "OBJECT" and target.name in context.view_layer.objects:
            for obj in context.selected_objects:
                obj.select_set(False)
            target.select_set(True)
            context.view_layer.objects.active = target
        return report


class FACEMOCAP_OT_aim_gaze(_GazeOperator, bpy.types.Operator):
    """Let the eyes look at an object."""

    bl_idname = "facemocap.aim_gaze"
    bl_label = "Look at Target"
    bl_description = (
        "Let the eyes of the character look at the active object, wherever it goes, as a step of "
        "the stack; run it again when the object or the head moves otherwise"
    )

    target: StringProperty(
        name="Target", description="The object to look at; empty for the active one", default=""
    )
    meet: BoolProperty(
        name="Eyes Meet",
        description="Both eyes meet at the target; else they keep their angle to each other",
        default=True,
    )
    lids: BoolProperty(name="Lids Follow", description="Lids go with the gaze", default=True)
    preview: BoolProperty(
        name="Preview Range",
        description="Only within the scene's preview range",
        default=False,
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Aim, and show the stack."""
        scene: Any = context.scene
        picked = picked_objects(need_character(state_of(scene)), scene)
        target = scene.objects.get(self.target) if self.target else context.active_object
        if target is None:
            raise FacemocapError("There is no such target", "Select the object to look at")
        span = None
        if self.preview and scene.use_preview_range:
            span = (scene.frame_preview_start, scene.frame_preview_end)
        report = aim_at_target(
            scene,
            picked,
            target,
            frames=span,
            meet=self.meet,
            lids=self.lids,
            hand_edits=state_of(scene).hand_edits,
        )
        self.show(context, report)
        return report


class FACEMOCAP_OT_stop_aiming(_GazeOperator, bpy.types.Operator):
    """The captured gaze again."""

    bl_idname = "facemocap.stop_aiming"
    bl_label = "Captured Gaze"
    bl_description = "Take the target off: the eyes look where they were captured again"

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Only where eyes are aimed."""
        item = active_character(state_of(context.scene))
        if item is not None and any(row.kind == "gaze_target" for row in item.stack.rows):
            return True
        return cls.refuse("The eyes are not aimed at a target")

    def perform(self, context: bpy.types.Context) -> Report:
        """Take the step out."""
        scene = context.scene
        picked = picked_objects(need_character(state_of(scene)), scene)
        if not is_aimed(need_performance(picked)):
            raise FacemocapError("The eyes are not aimed at a target", "Aim them first")
        report = stop_aiming(scene, picked, hand_edits=state_of(scene).hand_edits)
        self.show(context, report)
        return report


CLASSES = (
    FACEMOCAP_OT_key_gaze_target,
    FACEMOCAP_OT_aim_gaze,
    FACEMOCAP_OT_stop_aiming,
)
