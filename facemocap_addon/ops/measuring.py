# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure: move every control of the character on a copy, and see what the face does."""

from __future__ import annotations

from typing import Any

import bpy

from ..core.measured import Measured
from ..core.progress import Job
from ..core.report import Report
from ..gateway.measuring import measure_character, store_measurement
from ..gateway.take_storage import load_take
from ..props import state_of
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
        _, picked = chosen(context.scene)
        return measure_character(picked, context.scene)

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


CLASSES = (FACEMOCAP_OT_measure_character,)
