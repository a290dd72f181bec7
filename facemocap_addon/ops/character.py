# SPDX-License-Identifier: GPL-3.0-or-later
"""Character: find it, pick it by hand, match it again, take it off the list."""

from __future__ import annotations

import bpy

from ..core.errors import FacemocapError
from ..core.report import Report
from ..gateway.characters.characters import pick_character
from ..gateway.files.take_storage import load_take
from ..props import FACEMOCAP_PG_character, state_of
from .panel_characters import list_character, list_found_characters, match_character
from .panel_stack import forget_influences
from .steps import StepOperator, active_take, need_character


class FACEMOCAP_OT_find_character(StepOperator, bpy.types.Operator):
    """Look through the scene for faces: meshes with shape keys and the armatures that move them."""

    bl_idname = "facemocap.find_character"
    bl_label = "Find Characters"
    bl_description = (
        "Look through the scene for faces: meshes with shape keys and the armatures that move them"
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """List all, the one with the most controls chosen."""
        found = list_found_characters(context.scene)
        if not found:
            raise FacemocapError(
                "No object of this scene has shape keys or bones",
                "Open or append a character that can be animated",
            )
        names = ", ".join(picked.name for picked in found)
        what = "character" if len(found) == 1 else f"{len(found)} characters"
        return Report(summary=f"Found {what}: {names}")


class FACEMOCAP_OT_pick_character(StepOperator, bpy.types.Operator):
    """Take the selected meshes and armature for the character."""

    bl_idname = "facemocap.pick_character"
    bl_label = "Use Selected Objects"
    bl_description = "Take the selected meshes and armature for the character"

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """Something must be selected."""
        if not context.view_layer.objects.selected:
            return cls.refuse("Select the character's face mesh or its armature first")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """List what the selection means."""
        selected = list(context.view_layer.objects.selected)
        item = list_character(context.scene, pick_character(context.scene, selected))
        return _matched_report(item)


class FACEMOCAP_OT_match_channels(StepOperator, bpy.types.Operator):
    """Match channels and controls by their names again; what was changed by hand is lost."""

    bl_idname = "facemocap.match_channels"
    bl_label = "Match Again"
    bl_description = (
        "Match channels and controls by their names again; what was changed by hand is lost"
    )
    needs = ("character",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Forget the edits and match."""
        state = state_of(context.scene)
        item, take = need_character(state), active_take(state)
        item.is_edited = False
        match_character(context.scene, item, load_take(take.text) if take else None)
        return _matched_report(item)


class FACEMOCAP_OT_forget_character(StepOperator, bpy.types.Operator):
    """Take this character off the list; the character itself and its animation stay."""

    bl_idname = "facemocap.forget_character"
    bl_label = "Forget Character"
    bl_description = "Take this character off the list; the character itself and its animation stay"
    needs = ("character",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Remove the list's line."""
        state = state_of(context.scene)
        name = need_character(state).name
        number = min(state.active_character, len(state.characters) - 1)
        forget_influences(context.scene, number)
        state.characters.remove(number)
        state.active_character = max(0, min(state.active_character, len(state.characters) - 1))
        return Report(summary=f"{name} is off the list")


def _matched_report(item: FACEMOCAP_PG_character) -> Report:
    return Report(
        summary=f"{item.name}: {item.matched_count} channels matched, "
        f"{item.uncertain_count} uncertain, {item.unmatched_count} unmatched",
        counts={"channels_matched": item.matched_count},
    )


CLASSES = (
    FACEMOCAP_OT_find_character,
    FACEMOCAP_OT_pick_character,
    FACEMOCAP_OT_match_channels,
    FACEMOCAP_OT_forget_character,
)
