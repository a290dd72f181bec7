# SPDX-License-Identifier: GPL-3.0-or-later
"""What every operator shares: errors as reports, one undo step, and polls that say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import bpy

from ..core.errors import FacemocapError
from ..core.report import Report
from ..props import FACEMOCAP_PG_character, FACEMOCAP_PG_scene, FACEMOCAP_PG_take, Work, state_of

# at run time the operators themselves derive from bpy's class, so that each is registered alone
_Base = bpy.types.Operator if TYPE_CHECKING else object


class StepOperator(_Base):
    """An operator whose ``perform`` does the work and says in a `Report` what it did.

    ``needs`` names what must be there: ``take`` and ``character``.
    """

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}
    needs: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say what is missing."""
        if context.scene is None:
            return cls.refuse("There is no scene")
        if (progress := Work.progress()) is not None:
            return cls.refuse(f"{progress.what} goes on; Esc stops it")
        state = state_of(context.scene)
        if "take" in cls.needs and active_take(state) is None:
            return cls.refuse("Import a take first")
        if "character" in cls.needs and active_character(state) is None:
            return cls.refuse("Find a character first")
        return cls.poll_more(context)

    @classmethod
    def poll_more(cls, _context: bpy.types.Context) -> bool:
        """Further conditions of one operator."""
        return True

    @classmethod
    def refuse(cls, why: str) -> bool:
        """Grey the button out and say why."""
        cls.poll_message_set(why)
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Do the work; a person's mistake becomes a sentence and nothing is changed."""
        try:
            report = self.perform(context)
        except FacemocapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.tell(report)
        return {"FINISHED"}

    def tell(self, report: Report) -> None:
        """Say what was done and what the person should know about it."""
        for warning in report.warnings:
            self.report({"WARNING"}, warning)
        # the status bar shows the last report: a warning must not be hidden behind good news
        kind = "WARNING" if report.warnings else "INFO"
        self.report({kind}, report.summary)

    def perform(self, context: bpy.types.Context) -> Report:
        """Gather inputs, call core and gateway, return what was done."""
        raise NotImplementedError


def active_take(state: FACEMOCAP_PG_scene) -> FACEMOCAP_PG_take | None:
    """The chosen take, if its recording is still in the file."""
    if not state.takes:
        return None
    item = state.takes[min(state.active_take, len(state.takes) - 1)]
    return item if item.text is not None else None


def need_take(state: FACEMOCAP_PG_scene) -> FACEMOCAP_PG_take:
    """The chosen take; without one, a sentence."""
    item = active_take(state)
    if item is None:
        raise FacemocapError("No take is chosen", "Import a take first")
    return item


def need_character(state: FACEMOCAP_PG_scene) -> FACEMOCAP_PG_character:
    """The chosen character; without one, a sentence."""
    item = active_character(state)
    if item is None:
        raise FacemocapError("No character is chosen", "Find a character first")
    return item


def active_character(state: FACEMOCAP_PG_scene) -> FACEMOCAP_PG_character | None:
    """The chosen character."""
    if not state.characters:
        return None
    return state.characters[min(state.active_character, len(state.characters) - 1)]


def meant_characters(state: FACEMOCAP_PG_scene) -> list[FACEMOCAP_PG_character]:
    """Characters that Apply and Remove are for: those that are checked, else the chosen one."""
    picked = [item for item in state.characters if item.is_picked]
    item = active_character(state)
    return picked or ([item] if item is not None else [])


def redraw_views(context: bpy.types.Context) -> None:
    """Let every 3D viewport show what was changed, and its sidebar what goes on."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                area.tag_redraw()
