# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure: move every control of the character on a copy, and see what the face does."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import EnumProperty

from ..core.measured import Measured
from ..core.progress import Job
from ..core.report import Report
from ..core.rig_maps.working_map import ALL_BONES
from ..gateway.files.take_storage import load_take
from ..gateway.measuring.measuring import measure_again, measure_for, store_measurement
from ..props import DRIVES, state_of
from .jobs import JobOperator
from .panel_characters import chosen, match_character
from .steps import active_take


class FACEMOCAP_OT_measure_character(JobOperator, bpy.types.Operator):
    """Move every control on a copy and see what the face does."""

    bl_idname = "facemocap.measure_character"
    bl_label = "Measure the Face"
    bl_description = (
        "Move every control on a copy of the character and see what the face does. Finds channels "
        "whose names say nothing, and says of every control what it moves. What is matched stays"
    )
    needs = ("character",)

    def start(self, context: bpy.types.Context) -> Job[Any]:
        """Measure the chosen character."""
        item, picked = chosen(context.scene)
        return measure_again(picked, context.scene, all_bones=item.drive == "BONES")

    def finish(self, context: bpy.types.Context, result: Measured) -> Report:
        """Keep the measurement with the character, and let it complete the map."""
        scene = context.scene
        item, picked = chosen(scene)
        before = item.driving_count
        store_measurement(picked, result)
        take = active_take(state_of(scene))
        match_character(scene, item, load_take(take.text) if take else None, complete=True)
        new = item.driving_count - before
        found = f"{new} more channels drive something" if new > 0 else "no channel was missing"
        return Report(
            summary=f"{item.name} is measured: {found}, {item.uncertain_count} are uncertain",
            counts={"channels_found": new, "channels_uncertain": item.uncertain_count},
            warnings=tuple(item.notes.splitlines()),
        )


class FACEMOCAP_OT_choose_drive(JobOperator, bpy.types.Operator):
    """Let shape keys or bones carry the face; bones are fitted first."""

    bl_idname = "facemocap.choose_drive"
    bl_label = "Choose What Carries the Face"
    bl_description = "Let shape keys or bones carry the face, where the character has both"
    needs = ("character",)

    drive: EnumProperty(name="Drive", description="What carries the face", items=DRIVES)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """What the button under the mouse does."""
        return next(text for value, _, text in DRIVES if value == properties.drive)

    def start(self, context: bpy.types.Context) -> Job[Measured]:
        """Measure what is missing for it."""
        _, picked = chosen(context.scene)
        return measure_for(picked, context.scene, all_bones=self.drive == "BONES")

    def finish(self, context: bpy.types.Context, result: Measured) -> Report:
        """Keep the measurement and match anew; what was changed by hand stays."""
        scene = context.scene
        item, picked = chosen(scene)
        store_measurement(picked, result)
        item.drive = self.drive
        take = active_take(state_of(scene))
        match_character(scene, item, load_take(take.text) if take else None, complete=True)
        bones = self.drive == "BONES"
        what = "Bones carry" if bones else "Shape keys carry"
        warnings: tuple[str, ...] = ()
        if bones and result.parts.get(ALL_BONES) is None:
            warnings = ("No bone moves the face as its shape keys do: they go on carrying it.",)
        elif item.is_edited:
            warnings = ("What was changed by hand in the map stays; Match Again makes a new one.",)
        return Report(summary=f"{what} the face of {item.name}", warnings=warnings)


CLASSES = (FACEMOCAP_OT_measure_character, FACEMOCAP_OT_choose_drive)
