# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers pushed to NLA tracks of their own, and pulled back."""

from __future__ import annotations

from collections.abc import Callable

import bpy
from bpy.props import EnumProperty

from ...core.errors import FacemocapError
from ...core.layers.presets import place_of_layer
from ...core.report import Report
from ...core.stack.stack import Stack
from ...gateway.characters.characters import CharacterObjects
from ...gateway.takes.layer_pushing import pull_layer, push_layer
from ...gateway.takes.rerunning import need_performance
from ...gateway.writing.kept_stacks import stack_of
from ...gateway.writing.records import find_performance
from ...props import state_of, store_stack, stored_stack
from ..panel_characters import picked_objects
from ..panel_stack import show_rerun, with_keys
from ..steps import StepOperator, need_character
from .sets import LAYERS


class _TrackOperator(StepOperator):
    """What moves a layer between the stack and NLA tracks."""

    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be applied."""
        item = need_character(state_of(context.scene))
        try:
            if find_performance(picked_objects(item, context.scene)) is not None:
                return True
        except FacemocapError as problem:
            return cls.refuse(problem.what)
        return cls.refuse(f"No take plays on {item.name}: apply one first")

    def do(
        self,
        context: bpy.types.Context,
        work: Callable[[CharacterObjects, Stack], Report],
    ) -> Report:
        """Do it and show what came of it."""
        scene = context.scene
        item = need_character(state_of(scene))
        picked = picked_objects(item, scene)
        stack = with_keys(scene, item, stored_stack(item), need_performance(picked))
        report = work(picked, stack)
        after = stack_of(need_performance(picked))
        store_stack(item, after)
        show_rerun(item, picked, after, report)
        return report


class FACEMOCAP_OT_push_layer(_TrackOperator, bpy.types.Operator):
    """Play a layer from NLA tracks of its own."""

    bl_idname = "facemocap.push_layer"
    bl_label = "Push to NLA Track"
    bl_description = (
        "Play the layer from an NLA track of its own, over the performance, so that its influence "
        "can be keyed on the strip; the take then plays from a strip too"
    )

    layer: EnumProperty(name="Layer", description="Which layer", items=LAYERS)

    def perform(self, context: bpy.types.Context) -> Report:
        """Push it."""
        edits = state_of(context.scene).hand_edits

        def work(picked: CharacterObjects, stack: Stack) -> Report:
            place = place_of_layer(stack, self.layer)
            if place is None:
                raise FacemocapError("The layer is not in the stack", "Switch it on first")
            return push_layer(context.scene, picked, place, stack, hand_edits=edits)

        return self.do(context, work)


class FACEMOCAP_OT_pull_layer(_TrackOperator, bpy.types.Operator):
    """Run a layer in the stack again."""

    bl_idname = "facemocap.pull_layer"
    bl_label = "Pull Back into the Stack"
    bl_description = "Take the layer's NLA tracks off, and run its step in the stack again"

    layer: EnumProperty(name="Layer", description="Which layer", items=LAYERS)

    def perform(self, context: bpy.types.Context) -> Report:
        """Pull it back."""
        edits = state_of(context.scene).hand_edits

        def work(picked: CharacterObjects, stack: Stack) -> Report:
            return pull_layer(context.scene, picked, self.layer, stack, hand_edits=edits)

        return self.do(context, work)


CLASSES = (FACEMOCAP_OT_push_layer, FACEMOCAP_OT_pull_layer)
