# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks from elsewhere: presets, files, other characters, and what the take itself asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.stack.auto import behind_chosen, chosen_stack, told_choice
from ..core.stack.presets import (
    default_stack,
    delete_preset,
    load_preset,
    save_preset,
)
from ..core.stack.reading import read_stack, write_stack
from ..core.stack.stack import Stack
from ..gateway.files.take_storage import load_take
from ..gateway.layer_tracks.whole_stacks import whole_stack
from ..gateway.points.solved_takes import take_of_character
from ..gateway.writing.records import find_performance
from ..props import FACEMOCAP_PG_character, preset_folder, state_of, stored_stack
from .panel_characters import picked_objects
from .panel_stack import change_stack, replace_stack, with_keys
from .stack import run_changed
from .steps import StepOperator, need_character, need_take


class _WholeStack(StepOperator):
    """What puts a whole stack in the place of the character's."""

    needs = ("character",)

    def put(self, context: bpy.types.Context, stack: Stack, summary: str) -> Report:
        """Give it to the character and run it."""
        item = need_character(state_of(context.scene))
        replace_stack(context.scene, item, stack)
        return run_changed(context.scene, item, summary)


class _FromStack(StepOperator):
    """What needs a stack with steps."""

    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be steps."""
        if not need_character(state_of(context.scene)).stack.text:
            return cls.refuse("The stack has no step: add one")
        return True

    def stack(self, context: bpy.types.Context) -> Stack:
        """The character's stack."""
        return stack_to_give(context.scene, need_character(state_of(context.scene)))


def stack_to_give(scene: bpy.types.Scene, item: FACEMOCAP_PG_character) -> Stack:
    """A character's stack for somewhere else: keys of influences in it, layers of tracks on."""
    try:
        performance = find_performance(picked_objects(item, scene))
    except FacemocapError:
        performance = None
    return whole_stack(performance, with_keys(scene, item, stored_stack(item)))


class FACEMOCAP_OT_use_default_stack(_WholeStack, bpy.types.Operator):
    """Replace the stack by despike, fill gaps and denoise."""

    bl_idname = "facemocap.use_default_stack"
    bl_label = "Usual Cleanup"
    bl_description = "Replace the stack by the usual steps: despike, fill gaps and denoise"

    def perform(self, context: bpy.types.Context) -> Report:
        """Use the usual steps."""
        return self.put(context, default_stack(), "The usual steps are in the stack")


class FACEMOCAP_OT_choose_stack(StepOperator, bpy.types.Operator):
    """Measure the take, and put the steps that it needs in the place of the cleanup steps."""

    bl_idname = "facemocap.choose_stack"
    bl_label = "Auto Cleanup"
    bl_description = (
        "Measure the take and choose the steps that it needs, in place of the cleanup steps in the "
        "stack; blinks, gaze, lips, life layers and all other steps stay, behind them. They can be "
        "edited like any others"
    )
    needs = ("character",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Choose by what plays on the character, or by the chosen take."""
        scene = context.scene
        item = need_character(state_of(scene))
        performance = find_performance(picked_objects(item, scene))
        text = performance.take_text if performance else None
        if text is not None:
            take = load_take(text)
        else:
            take = take_of_character(load_take(need_take(state_of(scene)).text), item.name)
        chosen, sentences = chosen_stack(take)
        stack, places = behind_chosen(chosen, with_keys(scene, item, stored_stack(item)))
        summary, kept = told_choice(chosen, stack.steps[len(chosen.steps) :])
        change_stack(scene, item, stack, 0, places)
        report = run_changed(scene, item, summary)
        item.stack.chosen_by = "\n".join((*sentences, kept) if kept else sentences)
        return report


class FACEMOCAP_OT_load_stack_preset(_WholeStack, bpy.types.Operator):
    """Replace the stack by a preset."""

    bl_idname = "facemocap.load_stack_preset"
    bl_label = "Use Preset"
    bl_description = "Replace the stack by this preset"

    preset: StringProperty(name="Preset", description="Name of the preset")

    def perform(self, context: bpy.types.Context) -> Report:
        """Read and use it."""
        stack = load_preset(preset_folder(), self.preset)
        return self.put(context, stack, f'"{self.preset}" is the stack now')


class FACEMOCAP_OT_save_stack_preset(_FromStack, bpy.types.Operator):
    """Save the stack as a preset under a name."""

    bl_idname = "facemocap.save_stack_preset"
    bl_label = "Save Preset"
    bl_description = "Save the stack as a preset under a name, for other characters and files"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    preset: StringProperty(name="Name", description="Name of the preset", default="Cleanup")
    overwrite: BoolProperty(
        name="Overwrite",
        description="Take the place of a preset of that name",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the name."""
        return context.window_manager.invoke_props_dialog(self)

    def perform(self, context: bpy.types.Context) -> Report:
        """Write it."""
        stack = self.stack(context)
        save_preset(preset_folder(), self.preset, stack, overwrite=self.overwrite)
        return Report(summary=f'The preset "{self.preset}" is saved')


class FACEMOCAP_OT_delete_stack_preset(StepOperator, bpy.types.Operator):
    """Delete a preset's file."""

    bl_idname = "facemocap.delete_stack_preset"
    bl_label = "Delete Preset"
    bl_description = "Delete this preset; stacks that were made of it stay as they are"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    preset: StringProperty(name="Preset", description="Name of the preset")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first: files cannot be undone."""
        return context.window_manager.invoke_confirm(self, event)

    def perform(self, context: bpy.types.Context) -> Report:
        """Delete it."""
        delete_preset(preset_folder(), self.preset)
        return Report(summary=f'The preset "{self.preset}" is deleted')


class _StackFile(StepOperator):
    """File browser for stacks."""

    filename_ext: ClassVar[str] = ".json"
    needs = ("character",)

    filepath: StringProperty(
        name="File", description="Stack, a JSON file", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default="*.json",
        options={"HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser."""
        if not self.filepath:
            self.filepath = "cleanup.stack.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def path(self) -> Path:
        """The chosen file."""
        if not self.filepath:
            raise FacemocapError("No file was chosen", "Choose a stack file")
        return Path(bpy.path.abspath(bpy.path.ensure_ext(self.filepath, self.filename_ext)))


class FACEMOCAP_OT_save_stack(_StackFile, bpy.types.Operator):
    """Save the stack as a file."""

    bl_idname = "facemocap.save_stack"
    bl_label = "Save Stack"
    bl_description = "Save the stack as a JSON file, for other scenes and for the command line"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    def perform(self, context: bpy.types.Context) -> Report:
        """Write the file."""
        item = need_character(state_of(context.scene))
        stack, path = stack_to_give(context.scene, item), self.path()
        write_stack(stack, path)
        return Report(summary=f"{len(stack.steps)} steps are in {path.name}")


class FACEMOCAP_OT_load_stack(_StackFile, bpy.types.Operator):
    """Replace the stack by that of a file."""

    bl_idname = "facemocap.load_stack"
    bl_label = "Load Stack"
    bl_description = "Replace the stack by that of a JSON file"

    def perform(self, context: bpy.types.Context) -> Report:
        """Read the file and use it."""
        path = self.path()
        stack = read_stack(path)
        item = need_character(state_of(context.scene))
        replace_stack(context.scene, item, stack)
        return run_changed(context.scene, item, f"{path.name}: {len(stack.steps)} steps")


class FACEMOCAP_OT_copy_stack(StepOperator, bpy.types.Operator):
    """Give the chosen character's stack to the other characters."""

    bl_idname = "facemocap.copy_stack"
    bl_label = "Copy to Characters"
    bl_description = (
        "Give this stack to the other characters that are checked, or to all others if none is"
    )
    needs = ("character",)

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be another character."""
        if len(state_of(context.scene).characters) < 2:
            return cls.refuse("List another character of this scene first")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Give it to each and run it there."""
        scene = context.scene
        item = need_character(state_of(scene))
        stack = stack_to_give(scene, item)
        reports = [self._give(scene, other, stack) for other in _others(context, item)]
        return Report(
            summary=f"{len(reports)} characters have this stack now",
            counts={"characters": len(reports)},
            warnings=tuple(warning for report in reports for warning in report.warnings),
        )

    @staticmethod
    def _give(scene: bpy.types.Scene, other: FACEMOCAP_PG_character, stack: Stack) -> Report:
        replace_stack(scene, other, stack)
        return run_changed(scene, other, other.name)


def _others(context: bpy.types.Context, item: FACEMOCAP_PG_character) -> list[Any]:
    others = [each for each in state_of(context.scene).characters if each != item]
    return [each for each in others if each.is_picked] or others


CLASSES = (
    FACEMOCAP_OT_use_default_stack,
    FACEMOCAP_OT_choose_stack,
    FACEMOCAP_OT_load_stack_preset,
    FACEMOCAP_OT_save_stack_preset,
    FACEMOCAP_OT_delete_stack_preset,
    FACEMOCAP_OT_save_stack,
    FACEMOCAP_OT_load_stack,
    FACEMOCAP_OT_copy_stack,
)
