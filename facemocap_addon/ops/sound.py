# SPDX-License-Identifier: GPL-3.0-or-later
"""The take's sound: steps are told when somebody speaks."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.stack.hearing import asks_for_phrases, with_sound
from ..gateway.files.take_sounds import take_sound
from ..gateway.files.take_storage import load_take
from ..gateway.writing.records import find_performance
from ..props import state_of, stored_stack
from .panel_characters import picked_objects
from .panel_stack import change_stack, run_again
from .steps import StepOperator, active_character, active_take, need_character, need_take


class FACEMOCAP_OT_hear_phrases(StepOperator, bpy.types.Operator):
    """Tell steps of the stack what is heard."""

    bl_idname = "facemocap.hear_phrases"
    bl_label = "Hear Phrases"
    bl_description = (
        "Listen to the sound beside the recording: steps that ask when somebody speaks, such as "
        "Breathing, are told by it instead of by the lips"
    )
    needs = ("take", "character")

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be a sound, and a step that listens."""
        state = state_of(context.scene)
        item, character = active_take(state), active_character(state)
        if item is None or not item.sound_path:
            return cls.refuse("There is no sound beside the recording")
        if character is None or not asks_for_phrases(stored_stack(character)):
            return cls.refuse("No step of the stack asks the lips when somebody speaks")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Put the phrases into the steps, and run them."""
        scene = context.scene
        state = state_of(scene)
        item, character = need_take(state), need_character(state)
        path = Path(bpy.path.abspath(item.sound_path))
        take = load_take(item.text)
        found = find_performance(picked_objects(character, scene))
        if found is not None and found.take_digest != take.digest:
            raise FacemocapError(
                f"Another take than {item.name} plays on {character.name}",
                "Choose the take that plays",
            )
        stack = with_sound(stored_stack(character), take, take_sound(path))
        change_stack(scene, character, stack, character.stack.active)
        run_again(scene, character)
        return Report(summary=f"{path.name} tells when {character.name} speaks")


CLASSES = (FACEMOCAP_OT_hear_phrases,)
