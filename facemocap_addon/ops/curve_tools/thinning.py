# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that give chosen curves fewer keys, or a key on every frame again."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import FloatProperty, IntProperty

from ...core.region_curves import THINNERS, thin_strands
from ...core.report import Report
from ...gateway.curve_tools.gathering import Gathered
from ...gateway.curve_tools.playing import ours_among
from ...props import state_of
from .base import CurveOperator
from .slider import Slider

_LASTS = (
    "The next run of the take makes its keys anew. "
    "Apply > Keys does this so that it lasts through re-runs"
)


class ThinOperator(CurveOperator):
    """An operator that makes the chosen keys anew."""

    thinner: ClassVar[str] = ""
    _before = 0
    _after = 0
    _hand_edits = ""

    def prepare(self, context: bpy.types.Context, gathered: Gathered) -> None:
        """Note what the next run does with hand edits."""
        self._hand_edits = state_of(context.scene).hand_edits

    def slider(self) -> Slider:
        """From the usual number."""
        thinner = THINNERS[self.thinner]
        low, high = thinner.range
        if thinner.unit == "value":
            return Slider(thinner.usual, 0.0001, high, growing=True)
        return Slider(thinner.usual, low, high, whole=thinner.unit == "frames")

    def apply(self, gathered: Gathered) -> int:
        """Make the keys of every strand from what they were."""
        thinner = THINNERS[self.thinner]
        number = float(getattr(self, self.dragged)) if self.dragged else thinner.usual
        strands = [held.strand for held in gathered.held]
        made = thin_strands(strands, thinner, number)
        self._before = sum(len(keys) for strand in strands for keys in strand.curves)
        self._after = sum(len(keys) for curves in made for keys in curves)
        return gathered.write(made)

    def outcome(self, gathered: Gathered, changed: int) -> Report:
        """How many keys there were and are."""
        report = super().outcome(gathered, changed)
        counts = report.counts | {"keys_before": self._before, "keys_after": self._after}
        warnings = report.warnings
        # kept as they are, such curves stay through runs
        kept = self._hand_edits == "KEEP"
        if changed and not kept and ours_among(gathered):
            warnings = (*warnings, _LASTS)
        told = f"{report.summary}; {self._before} keys became {self._after}"
        return Report(told, counts, warnings=warnings)


class FACEMOCAP_OT_thin_curves(ThinOperator, bpy.types.Operator):
    """Few keys within a tolerance."""

    bl_idname = "facemocap.thin_curves"
    bl_label = THINNERS["reduce"].label
    bl_description = THINNERS["reduce"].description
    thinner = "reduce"
    dragged = "tolerance"

    tolerance: FloatProperty(
        name="Tolerance",
        description="How far the curve may be off at most, in its own units (radians, metres)",
        default=0.01,
        min=0.0,
        soft_max=0.1,
        precision=4,
        options={"SKIP_SAVE"},
    )


class FACEMOCAP_OT_key_extremes(ThinOperator, bpy.types.Operator):
    """Keys on extremes and inflections."""

    bl_idname = "facemocap.key_extremes"
    bl_label = THINNERS["extremes"].label
    bl_description = THINNERS["extremes"].description
    thinner = "extremes"
    dragged = "prominence"

    prominence: FloatProperty(
        name="Prominence",
        description="A peak or valley counts when it is larger than this part of the curve's swing",
        default=0.1,
        min=0.0,
        max=1.0,
        options={"SKIP_SAVE"},
    )


class FACEMOCAP_OT_key_nth(ThinOperator, bpy.types.Operator):
    """Keys on every n-th frame."""

    bl_idname = "facemocap.key_nth"
    bl_label = THINNERS["nth"].label
    bl_description = THINNERS["nth"].description
    thinner = "nth"
    dragged = "step"

    step: IntProperty(
        name="Frames",
        description="Frames from one key to the next",
        default=4,
        min=1,
        soft_max=24,
        options={"SKIP_SAVE"},
    )


class FACEMOCAP_OT_key_twos(ThinOperator, bpy.types.Operator):
    """Held values."""

    bl_idname = "facemocap.key_twos"
    bl_label = THINNERS["twos"].label
    bl_description = THINNERS["twos"].description
    thinner = "twos"
    dragged = "step"

    step: IntProperty(
        name="Frames",
        description="Frames over which a value is held",
        default=2,
        min=1,
        soft_max=8,
        options={"SKIP_SAVE"},
    )


class FACEMOCAP_OT_key_frames(ThinOperator, bpy.types.Operator):
    """A key on every frame."""

    bl_idname = "facemocap.key_frames"
    bl_label = THINNERS["every_frame"].label
    bl_description = THINNERS["every_frame"].description
    thinner = "every_frame"


CLASSES = (
    FACEMOCAP_OT_thin_curves,
    FACEMOCAP_OT_key_extremes,
    FACEMOCAP_OT_key_nth,
    FACEMOCAP_OT_key_twos,
    FACEMOCAP_OT_key_frames,
)
