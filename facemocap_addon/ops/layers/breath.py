# SPDX-License-Identifier: GPL-3.0-or-later
"""Held breaths: placed at the playhead, or from markers of the timeline."""

from __future__ import annotations

import bpy
import numpy as np
from bpy.props import FloatProperty, IntProperty, StringProperty

from ...core.errors import FacemocapError
from ...core.layers.holds import holds_from_marks
from ...core.layers.presets import place_of_layer, switch_layer
from ...core.stack.edits import set_params
from ...core.stack.stack import Stack
from ...gateway.scenes import scene_clock
from ...props import FACEMOCAP_PG_character
from ..panel_stack import change_stack, zero_frame
from ..stack import StackOperator

_BREATHING = "breathing"
_MOST_S = 36000.0


class _Holds(StackOperator):
    """What changes the held breaths of the breathing layer; it is added where it lacks."""

    needs_step = False

    def put(
        self,
        context: bpy.types.Context,
        item: FACEMOCAP_PG_character,
        stack: Stack,
        holds: list[list[float]],
    ) -> None:
        """Give the layer these."""
        place = place_of_layer(stack, _BREATHING)
        if place is None:
            stack, place = switch_layer(stack, _BREATHING, True)
        after = set_params(stack, place, {"holds": sorted(holds)})
        change_stack(context.scene, item, after, place)


class FACEMOCAP_OT_hold_breath(_Holds, bpy.types.Operator):
    """Hold the breath from the playhead on."""

    bl_idname = "facemocap.hold_breath"
    bl_label = "Hold Breath Here"
    bl_description = "Hold the breath from the playhead on; then drag its end"

    long_s: FloatProperty(
        name="Length",
        description="How long it is held",
        default=2.0,
        min=0.2,
        max=120.0,
        unit="TIME_ABSOLUTE",
    )

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Add it."""
        now = _seconds(context.scene, item, [float(context.scene.frame_current)])[0]
        holds = _holds(stack)
        if any(first <= now <= last for first, last in holds):
            raise FacemocapError("The breath is held here already", "Move the playhead")
        self.put(context, item, stack, [*holds, [now, round(now + self.long_s, 4)]])
        return f"The breath is held from {now:g} s on"


class FACEMOCAP_OT_hold_breath_at_markers(_Holds, bpy.types.Operator):
    """Hold the breath where markers of the timeline say so."""

    bl_idname = "facemocap.hold_breath_at_markers"
    bl_label = "Hold Breath at Markers"
    bl_description = (
        "Hold the breath from each marker whose name begins with this word to the next marker of "
        "the timeline; held breaths that are there are replaced"
    )

    word: StringProperty(
        name="Word", description="What the names of these markers begin with", default="hold"
    )

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Take them from the scene's markers."""
        markers = list(context.scene.timeline_markers)
        frames = [float(marker.frame) for marker in markers]
        times = _seconds(context.scene, item, frames) if frames else []
        marks = [(time, m.name) for time, m in zip(times, markers, strict=True)]
        holds = holds_from_marks(marks, self.word)
        if not holds:
            raise FacemocapError(
                f'No marker of the timeline begins with "{self.word}"',
                "Put one where the breath is to be held, and another where it is let go",
            )
        self.put(context, item, stack, [list(pair) for pair in holds])
        return f"The breath is held {len(holds)} times"


class FACEMOCAP_OT_release_breath(_Holds, bpy.types.Operator):
    """Take a held breath away."""

    bl_idname = "facemocap.release_breath"
    bl_label = "Remove Held Breath"
    bl_description = "Take this held breath away"

    hold: IntProperty(name="Number", description="Number of the held breath, from 0 on", min=0)

    def change(self, context: bpy.types.Context, item: FACEMOCAP_PG_character, stack: Stack) -> str:
        """Remove it."""
        holds = [pair for number, pair in enumerate(_holds(stack)) if number != self.hold]
        self.put(context, item, stack, holds)
        return f"{len(holds)} held breaths are left"


def _holds(stack: Stack) -> list[list[float]]:
    place = place_of_layer(stack, _BREATHING)
    if place is None:
        return []
    return [list(pair) for pair in getattr(stack.steps[place].params, "holds", ())]


def _seconds(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, frames: list[float]
) -> list[float]:
    """Seconds of the take on frames of the scene."""
    zero = zero_frame(scene, item, None)
    found = scene_clock(scene).seconds(np.array(frames), zero)
    return [round(min(max(float(second), 0.0), _MOST_S), 4) for second in found]


CLASSES = (
    FACEMOCAP_OT_hold_breath,
    FACEMOCAP_OT_hold_breath_at_markers,
    FACEMOCAP_OT_release_breath,
)
