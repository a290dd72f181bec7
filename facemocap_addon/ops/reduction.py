# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of what plays: few, fewer by rule, or one on every frame again."""

from __future__ import annotations

import bpy

from ..core.errors import FacemocapError
from ..core.report import Report
from ..gateway.takes.rerunning import need_performance, rerun
from ..gateway.writing.records import find_performance
from ..props import FACEMOCAP_PG_character, state_of, stored_stack
from ..props.key_plan import plan_of
from .panel_characters import picked_objects
from .panel_stack import show_rerun, with_keys
from .steps import StepOperator, meant_characters


class FACEMOCAP_OT_reduce_keys(StepOperator, bpy.types.Operator):
    """Write what plays with other keys."""

    bl_idname = "facemocap.reduce_keys"
    bl_label = "Update Keys"
    bl_description = (
        "Write what plays on the checked characters, or on the chosen one, with these keys; from "
        "the raw take, so that nothing is lost however often keys are changed"
    )
    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be applied."""
        for item in meant_characters(state_of(context.scene)):
            try:
                if find_performance(picked_objects(item, context.scene)) is not None:
                    return True
            except FacemocapError as problem:
                return cls.refuse(problem.what)
        return cls.refuse("No take plays: apply one, it gets these keys")

    def perform(self, context: bpy.types.Context) -> Report:
        """Run each again."""
        scene = context.scene
        done: list[Report] = []
        problems: list[FacemocapError] = []
        for item in meant_characters(state_of(scene)):
            try:
                if find_performance(picked_objects(item, scene)) is not None:
                    done.append(_rewrite(scene, item))
            except FacemocapError as problem:
                problems.append(problem)
        if not done:
            raise problems[0]
        warnings = (*(w for each in done for w in each.warnings), *map(str, problems))
        summary = done[0].summary if len(done) == 1 else f"{len(done)} characters have new keys"
        return Report(summary, counts={"characters": len(done)}, warnings=warnings)


def _rewrite(scene: bpy.types.Scene, item: FACEMOCAP_PG_character) -> Report:
    picked = picked_objects(item, scene)
    stack = with_keys(scene, item, stored_stack(item), need_performance(picked))
    state = state_of(scene)
    report = rerun(
        scene,
        picked,
        stack,
        shows_raw=item.stack.show_raw,
        hand_edits=state.hand_edits,
        plan=plan_of(state.key_plan),
    )
    show_rerun(item, picked, stack, report)
    return report


CLASSES = (FACEMOCAP_OT_reduce_keys,)
