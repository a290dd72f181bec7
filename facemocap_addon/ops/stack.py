# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack's steps: added, removed, moved, doubled; their masks and moments; run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import bpy
import numpy as np
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.stack.edits import (
    add_step,
    move_step,
    remove_step,
    set_mask,
    set_params,
    step_at,
)
from ..core.stack.kinds import kind_of, kinds
from ..core.stack.params import Pairs, field_types, param_fields
from ..core.stack.stack import Mask, Stack, Step
from ..gateway.files.take_storage import load_take
from ..gateway.scenes import scene_clock
from ..gateway.takes.rerunning import need_performance, rerun
from ..gateway.writing.records import find_performance
from ..props import FACEMOCAP_PG_character, state_of, stored_stack
from .panel_characters import picked_objects
from .panel_stack import change_stack, run_again, show_rerun, with_keys, zero_frame
from .stack_following import finish_later
from .steps import StepOperator, need_character

#: How long a stretch of time is that is put in at the playhead.
_LONG_S = 0.5


class StackOperator(StepOperator):
    """An operator that changes the chosen character's stack, and has it run again."""

    needs = ("character",)
    needs_step = True

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a step to change."""
        if cls.needs_step and not need_character(state_of(context.scene)).stack.text:
            return cls.refuse("The stack has no step: add one")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Change the stack and run it."""
        item = need_character(state_of(context.scene))
        before = with_keys(context.scene, item, stored_stack(item))
        summary = self.change(context, item, before)
        return run_changed(context.scene, item, summary)

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Change it; what was done."""
        raise NotImplementedError


def run_changed(scene: bpy.types.Scene, item: FACEMOCAP_PG_character, summary: str) -> Report:
    """Run a stack that was changed; where it cannot be run, it stays changed and says why."""
    try:
        report = run_again(scene, item, draft=not bpy.app.background)
    except FacemocapError as problem:
        item.stack.problem = str(problem)
        return Report(summary=summary, warnings=(str(problem),))
    if item.stack.is_draft:
        finish_later()
    waits = "" if report is not None else "; it is run when a take is applied"
    return Report(summary=summary + waits, counts={"steps": len(item.stack.rows)})


_KINDS = [(kind.name, kind.label, kind.what) for kind in kinds().values()]


class FACEMOCAP_OT_add_step(StackOperator, bpy.types.Operator):
    """Add a step below the chosen one."""

    bl_idname = "facemocap.add_step"
    bl_label = "Add Step"
    bl_description = "Add a step to the stack, below the chosen one"
    needs_step = False

    kind: EnumProperty(name="Kind", description="What the step does", items=_KINDS)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the kind does, as the tooltip of the menu's entry."""
        return kind_of(properties.kind).what

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Add it."""
        at = item.stack.active + 1 if stack.steps else 0
        after = add_step(stack, Step(self.kind), at)
        change_stack(context.scene, item, after, at, _shifted(at, len(stack.steps), 1))
        return f"{kind_of(self.kind).label} is step {at + 1}"


class FACEMOCAP_OT_remove_step(StackOperator, bpy.types.Operator):
    """Remove the chosen step."""

    bl_idname = "facemocap.remove_step"
    bl_label = "Remove Step"
    bl_description = "Remove the chosen step from the stack"

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Remove it."""
        at = item.stack.active
        after = remove_step(stack, at)
        places: dict[int, int | None] = {at: None}
        places.update(_shifted(at + 1, len(stack.steps), -1))
        change_stack(context.scene, item, after, at, places)
        return f"{kind_of(stack.steps[at].kind).label} is removed"


class FACEMOCAP_OT_move_step(StackOperator, bpy.types.Operator):
    """Move the chosen step up or down."""

    bl_idname = "facemocap.move_step"
    bl_label = "Move Step"
    bl_description = "Move the chosen step up or down: steps are run from top to bottom"

    direction: EnumProperty(
        name="Direction",
        description="Where the step goes",
        items=(("UP", "Up", "Run it sooner"), ("DOWN", "Down", "Run it later")),
    )

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Move it by one place."""
        at = item.stack.active
        to = at - 1 if self.direction == "UP" else at + 1
        if not 0 <= to < len(stack.steps):
            raise FacemocapError("The step is at the end of the stack", "Move it the other way")
        change_stack(context.scene, item, move_step(stack, at, to), to, {at: to, to: at})
        return f"{kind_of(stack.steps[at].kind).label} is step {to + 1}"


class FACEMOCAP_OT_duplicate_step(StackOperator, bpy.types.Operator):
    """Add a copy of the chosen step below it."""

    bl_idname = "facemocap.duplicate_step"
    bl_label = "Duplicate Step"
    bl_description = "Add a copy of the chosen step below it"

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Double it."""
        at = item.stack.active
        step = step_at(stack, at)
        after = add_step(stack, step, at + 1)
        places = _shifted(at + 1, len(stack.steps), 1)
        change_stack(context.scene, item, after, at + 1, places)
        return f"{kind_of(step.kind).label} is there twice"


class FACEMOCAP_OT_rerun_stack(StepOperator, bpy.types.Operator):
    """Run the stack again from the raw take."""

    bl_idname = "facemocap.rerun_stack"
    bl_label = "Run Again"
    bl_description = (
        "Run the stack again from the raw take, keys of influences read anew; what was changed by "
        "hand on the curves is kept as Hand Edits says"
    )
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

    def perform(self, context: bpy.types.Context) -> Report:
        """Run it in earnest, as the panel says about hand edits."""
        scene = context.scene
        item = need_character(state_of(scene))
        picked = picked_objects(item, scene)
        stack = with_keys(scene, item, stored_stack(item), need_performance(picked))
        report = rerun(
            scene,
            picked,
            stack,
            shows_raw=item.stack.show_raw,
            hand_edits=state_of(scene).hand_edits,
        )
        show_rerun(item, picked, stack, report)
        return report


class FACEMOCAP_OT_add_stretch(StackOperator, bpy.types.Operator):
    """Keep the chosen step to a stretch of frames."""

    bl_idname = "facemocap.add_stretch"
    bl_label = "Add Frames"
    bl_description = (
        "Keep the step to the scene's preview range; without one to the second around the playhead"
    )

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Add the stretch to the step's mask."""
        scene, at = context.scene, item.stack.active
        first, last = _scene_stretch(scene)
        rate_hz = _take_rate(scene, item)
        zero = zero_frame(scene, item, None)
        seconds = scene_clock(scene).seconds(np.array([first, last]), zero)
        low, high = (max(round(float(s) * rate_hz), 0) for s in seconds)
        mask = step_at(stack, at).mask
        frames = (*mask.frames, (low, high))
        after = set_mask(stack, at, Mask(mask.regions, frames, mask.soft))
        change_stack(scene, item, after)
        return f"Step {at + 1} acts on frames {low} to {high} of the take"


class FACEMOCAP_OT_remove_stretch(StackOperator, bpy.types.Operator):
    """Take a stretch of frames off the chosen step."""

    bl_idname = "facemocap.remove_stretch"
    bl_label = "Remove Frames"
    bl_description = "Take this stretch off the step's mask; without any the step acts on all"

    stretch: IntProperty(name="Number", description="Number of the stretch, from 0 on", min=0)

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Remove the stretch from the step's mask."""
        at = item.stack.active
        mask = step_at(stack, at).mask
        frames = tuple(each for n, each in enumerate(mask.frames) if n != self.stretch)
        after = set_mask(stack, at, Mask(mask.regions, frames, mask.soft))
        change_stack(context.scene, item, after)
        return f"Step {at + 1} acts on {len(frames) or 'all'} stretches"


class FACEMOCAP_OT_add_pair(StackOperator, bpy.types.Operator):
    """Add a pair of numbers to the chosen step."""

    bl_idname = "facemocap.add_pair"
    bl_label = "Add at Playhead"
    bl_description = "Add a pair to the list that begins at the playhead; then edit its numbers"

    param: StringProperty(name="Parameter", description="Which list it joins")

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Add the current frame's moment to the list."""
        scene, at = context.scene, item.stack.active
        pairs = _pairs(stack, at, self.param)
        zero = zero_frame(scene, item, None)
        now = float(scene_clock(scene).seconds(np.array([scene.frame_current]), zero)[0])
        now = round(max(now, 0.0), 4)
        if any(abs(first - now) < 1e-4 for first, _ in pairs):
            raise FacemocapError(
                f"The list has {now:g} s already", "Move the playhead, or edit that pair"
            )
        change_stack(scene, item, _with_pair(stack, at, self.param, now))
        return f"{now:g} s is in the list"


class FACEMOCAP_OT_remove_pair(StackOperator, bpy.types.Operator):
    """Take a pair of numbers off the chosen step."""

    bl_idname = "facemocap.remove_pair"
    bl_label = "Remove Pair"
    bl_description = "Take this pair off the list"

    param: StringProperty(name="Parameter", description="Which list it leaves")
    pair: IntProperty(name="Number", description="Number of the pair, from 0 on", min=0)

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Remove it from the list."""
        at = item.stack.active
        pairs = [each for n, each in enumerate(_pairs(stack, at, self.param)) if n != self.pair]
        change_stack(context.scene, item, set_params(stack, at, {self.param: pairs}))
        return f"{len(pairs)} pairs are left"


class FACEMOCAP_OT_go_to_difference(StepOperator, bpy.types.Operator):
    """Go to the frame on which the raw and the cleaned take are farthest apart."""

    bl_idname = "facemocap.go_to_difference"
    bl_label = "Go There"
    bl_description = "Go to the frame on which this region was changed most"
    needs = ("character",)

    at_s: FloatProperty(
        name="Time", description="Seconds after the take's first sample", unit="TIME_ABSOLUTE"
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Move the playhead."""
        scene = context.scene
        zero = zero_frame(scene, need_character(state_of(scene)), None)
        frame = round(float(scene_clock(scene).frames(np.array([self.at_s]), zero)[0]))
        scene.frame_set(frame)
        return Report(summary=f"Frame {frame}")


def _pairs(stack: Stack, at: int, name: str) -> list[list[float]]:
    step = step_at(stack, at)
    if field_types(kind_of(step.kind).params).get(name) != Pairs:
        raise FacemocapError(f'"{name}" is no list of pairs', "Choose a step that has one")
    return [list(pair) for pair in getattr(step.params, name)]


def _with_pair(stack: Stack, at: int, name: str, now: float) -> Stack:
    """The stack with one pair more: a time and another, or a time and a number as before it."""
    pairs = _pairs(stack, at, name)
    kind = kind_of(stack.steps[at].kind)
    unit = next(known.unit for each, known in param_fields(kind.params) if each.name == name)
    before = [second for first, second in pairs if first < now]
    seconds = (now, now + _LONG_S) if unit == "s" else (before[-1] if before else 1.0,)
    for number, second in enumerate(seconds, start=1):
        try:
            return set_params(stack, at, {name: sorted([*pairs, [now, second]])})
        except FacemocapError:
            if number == len(seconds):
                raise
    return stack


def _shifted(first: int, count: int, by: int) -> Mapping[int, int | None]:
    """Steps from ``first`` on go to other places."""
    return {place: place + by for place in range(first, count)}


def _scene_stretch(scene: bpy.types.Scene) -> tuple[float, float]:
    if scene.use_preview_range:
        return float(scene.frame_preview_start), float(scene.frame_preview_end)
    half = scene_clock(scene).rate_hz / 2
    return scene.frame_current - half, scene.frame_current + half


def _take_rate(scene: bpy.types.Scene, item: FACEMOCAP_PG_character) -> float:
    """Rate of what plays on a character, or of the chosen take."""
    performance = find_performance(picked_objects(item, scene))
    text = performance.take_text if performance else None
    state = state_of(scene)
    if text is None and state.takes:
        text = state.takes[min(state.active_take, len(state.takes) - 1)].text
    if text is None:
        raise FacemocapError("No take is there whose frames could be meant", "Import a take first")
    return load_take(text).rate_hz


CLASSES = (
    FACEMOCAP_OT_add_step,
    FACEMOCAP_OT_remove_step,
    FACEMOCAP_OT_move_step,
    FACEMOCAP_OT_duplicate_step,
    FACEMOCAP_OT_rerun_stack,
    FACEMOCAP_OT_add_stretch,
    FACEMOCAP_OT_remove_stretch,
    FACEMOCAP_OT_add_pair,
    FACEMOCAP_OT_remove_pair,
    FACEMOCAP_OT_go_to_difference,
)
