# SPDX-License-Identifier: GPL-3.0-or-later
"""Performance: apply a take to a character, and take it off again."""

from __future__ import annotations

import bpy

from ..core.errors import FacemocapError
from ..core.report import Report
from ..gateway.performance import (
    apply_take,
    find_performance,
    performances,
    remove_take,
)
from ..gateway.take_storage import load_take
from ..props import state_of
from .panel_characters import chosen, list_objects, need_map, picked_objects, show_performance
from .placing import apply_options
from .steps import StepOperator, need_character, need_take


class FACEMOCAP_OT_apply_take(StepOperator, bpy.types.Operator):
    """Key the take onto the character; applying it again replaces its own keys."""

    bl_idname = "facemocap.apply_take"
    bl_label = "Apply Take"
    bl_description = "Key the take onto the character; applying it again replaces its own keys"
    needs = ("take", "character")

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be matched."""
        item = need_character(state_of(context.scene))
        if item.matched_count == 0:
            return cls.refuse(
                f"No channel of the take drives anything on {item.name}: "
                "choose controls in the list of channels"
            )
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Apply with the panel's settings."""
        scene = context.scene
        item, picked = chosen(scene)
        text = need_take(state_of(scene)).text
        take = load_take(text)
        options = apply_options(scene, take)
        report = apply_take(scene, picked, take, need_map(item), options)
        performance = find_performance(picked) or next(
            # an override puts other objects into the scene: list what the character is now
            (p for p in performances() if p.take_text == text and p.character_name == item.name),
            None,
        )
        if performance is not None:
            list_objects(item, performance.picked(scene))
        show_performance(item, performance, report.warnings)
        return report


class FACEMOCAP_OT_remove_take(StepOperator, bpy.types.Operator):
    """Take the performance off the character and put older animation back as it was."""

    bl_idname = "facemocap.remove_take"
    bl_label = "Remove Take"
    bl_description = "Take the performance off the character and put older animation back as it was"
    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be applied."""
        item = need_character(state_of(context.scene))
        try:
            applied = find_performance(picked_objects(item, context.scene)) is not None
        except FacemocapError as problem:
            return cls.refuse(problem.what)
        return applied or cls.refuse(f"No take is applied to {item.name}")

    def perform(self, context: bpy.types.Context) -> Report:
        """Remove it."""
        item, picked = chosen(context.scene)
        report = remove_take(context.scene, picked)
        show_performance(item, None)
        return report


CLASSES = (FACEMOCAP_OT_apply_take, FACEMOCAP_OT_remove_take)
