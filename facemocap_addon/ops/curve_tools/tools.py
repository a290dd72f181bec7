# SPDX-License-Identifier: GPL-3.0-or-later
"""One operator for each tool of `core.region_curves`: keys are changed by a factor."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...core.errors import FacemocapError
from ...core.region_curves import TOOLS, Settings, change_strand
from ...gateway.curve_tools.gathering import Gathered, Held
from ...gateway.curve_tools.others import Find, others_of
from ...gateway.files.take_storage import stored_takes, take_label
from .base import CurveOperator
from .slider import Slider

ABOUT = (
    ("REST", "Rest", "The pose at rest"),
    ("PLAYHEAD", "Playhead", "The pose at the playhead"),
    ("MEAN", "Mean", "The mean of the chosen keys"),
    ("FIRST", "First Key", "The first of the chosen keys"),
    ("LAST", "Last Key", "The last of the chosen keys"),
)


class ToolOperator(CurveOperator):
    """An operator whose factor moves keys towards a goal."""

    tool: ClassVar[str] = ""
    dragged = "factor"
    unit = ""

    _playhead = 0.0
    _other: Find | None = None

    def prepare(self, context: bpy.types.Context, gathered: Gathered) -> None:
        """Note where the playhead is."""
        self._playhead = float(context.scene.frame_current_final)

    def slider(self) -> Slider:
        """From the factor that changes nothing."""
        tool = TOOLS[self.tool]
        low, high = tool.range
        return Slider(tool.still, low, high, unit=self.unit)

    def apply(self, gathered: Gathered) -> int:
        """Change every strand from what it was."""
        tool = TOOLS[self.tool]
        named: dict[str, Any] = {name: getattr(self, name) for name in tool.uses}
        settings = Settings(falloff=self.falloff, playhead=self._playhead, **named)
        # pyright takes an operator's property for what defines it
        factor: Any = self.factor

        def changed(held: Held) -> Any:
            other = self._other(held) if self._other is not None else None
            return change_strand(held.strand, tool, float(factor), settings, other)

        return gathered.change(changed)


def _factor(tool: str, usual: float, what: str) -> Any:
    low, high = TOOLS[tool].range
    return FloatProperty(
        name="Factor",
        description=what,
        default=usual,
        soft_min=low,
        soft_max=high,
        options={"SKIP_SAVE"},
    )


def _peak() -> Any:
    return FloatProperty(
        name="Peaks From",
        description="A peak or valley counts when it is larger than this part of the curve's swing",
        default=0.1,
        min=0.0,
        max=1.0,
    )


class FACEMOCAP_OT_smooth_curves(ToolOperator, bpy.types.Operator):
    """Smooth without losing peaks."""

    bl_idname = "facemocap.smooth_curves"
    bl_label = TOOLS["smooth"].label
    bl_description = TOOLS["smooth"].description
    tool = "smooth"

    factor: _factor("smooth", 0.5, "How much of the smoothing is taken")
    width: FloatProperty(
        name="Width",
        description="Frames over which is smoothed",
        default=3.0,
        min=0.1,
        soft_max=30.0,
    )
    keep_peaks: BoolProperty(
        name="Keep Peaks",
        description="Peaks and valleys keep their values and frames",
        default=True,
    )
    peak: _peak()


class FACEMOCAP_OT_scale_curves(ToolOperator, bpy.types.Operator):
    """Scale about a pose."""

    bl_idname = "facemocap.scale_curves"
    bl_label = TOOLS["scale"].label
    bl_description = TOOLS["scale"].description
    tool = "scale"

    factor: _factor("scale", 1.0, "Distance from the pose, in parts of what it was")
    about: EnumProperty(name="About", description="Pose that stays as it is", items=ABOUT)


class FACEMOCAP_OT_offset_curves(ToolOperator, bpy.types.Operator):
    """Later or earlier."""

    bl_idname = "facemocap.offset_curves"
    bl_label = TOOLS["offset"].label
    bl_description = TOOLS["offset"].description
    tool = "offset"
    unit = "frames"

    factor: _factor("offset", 0.0, "Frames by which it happens later")


class FACEMOCAP_OT_ease_curves(ToolOperator, bpy.types.Operator):
    """Ease in and out."""

    bl_idname = "facemocap.ease_curves"
    bl_label = TOOLS["ease"].label
    bl_description = TOOLS["ease"].description
    tool = "ease"

    factor: _factor("ease", 0.5, "How far towards the ease: below 0 it starts slowly, above 0 ends")
    sharpness: FloatProperty(
        name="Sharpness",
        description="How much of the way is left to the quick end",
        default=2.0,
        min=1.0,
        max=8.0,
    )
    both: BoolProperty(name="Both Ends", description="Start and end slowly", default=False)


class FACEMOCAP_OT_push_curves(ToolOperator, bpy.types.Operator):
    """Push and pull."""

    bl_idname = "facemocap.push_curves"
    bl_label = TOOLS["push"].label
    bl_description = TOOLS["push"].description
    tool = "push"

    factor: _factor("push", 0.5, "Above 0 away from the line between the neighbours, below 0 to it")


class FACEMOCAP_OT_neighbour_curves(ToolOperator, bpy.types.Operator):
    """Blend to a neighbour."""

    bl_idname = "facemocap.neighbour_curves"
    bl_label = TOOLS["neighbour"].label
    bl_description = TOOLS["neighbour"].description
    tool = "neighbour"

    factor: _factor("neighbour", 0.5, "Below 0 to the key before, above 0 to the key after")


class FACEMOCAP_OT_blend_curves(ToolOperator, bpy.types.Operator):
    """Blend to another take, or to the raw one."""

    bl_idname = "facemocap.blend_curves"
    bl_label = TOOLS["blend"].label
    bl_description = TOOLS["blend"].description
    tool = "blend"

    factor: _factor("blend", 0.5, "How much of the other take")
    take: StringProperty(
        name="Take",
        description="Name of another take of this file; empty takes the raw one that plays",
    )

    def prepare(self, context: bpy.types.Context, gathered: Gathered) -> None:
        """Retarget the other take once."""
        super().prepare(context, gathered)
        text = None
        if self.take:
            found = [t for t in stored_takes() if self.take in (t.name, take_label(t))]
            if not found:
                raise FacemocapError(
                    f'This file holds no take "{self.take}"', "Import it, or choose another"
                )
            text = found[0]
        self._other = others_of(context.scene, gathered, text)


class FACEMOCAP_OT_attack_curves(ToolOperator, bpy.types.Operator):
    """Attack and release."""

    bl_idname = "facemocap.attack_curves"
    bl_label = TOOLS["attack"].label
    bl_description = TOOLS["attack"].description
    tool = "attack"

    factor: _factor("attack", 0.5, "Above 0 quicker, below 0 slower")
    attack: FloatProperty(
        name="Attack",
        description="How much coming away from rest is changed",
        default=1.0,
        min=-1.0,
        max=1.0,
    )
    release: FloatProperty(
        name="Release",
        description="How much going back to rest is changed",
        default=1.0,
        min=-1.0,
        max=1.0,
    )
    peak: _peak()


class FACEMOCAP_OT_hold_curves(ToolOperator, bpy.types.Operator):
    """Hold one pose."""

    bl_idname = "facemocap.hold_curves"
    bl_label = TOOLS["hold"].label
    bl_description = TOOLS["hold"].description
    tool = "hold"

    factor: _factor("hold", 1.0, "1 holds the pose, less lets some of the motion go on")
    about: EnumProperty(name="Pose", description="Pose that is held", items=ABOUT, default="FIRST")


class FACEMOCAP_OT_settle_curves(ToolOperator, bpy.types.Operator):
    """Overshoot and settle."""

    bl_idname = "facemocap.settle_curves"
    bl_label = TOOLS["settle"].label
    bl_description = TOOLS["settle"].description
    tool = "settle"

    factor: _factor("settle", 0.5, "How much of the swing is taken")
    period: FloatProperty(
        name="Period", description="Frames of one swing", default=10.0, min=1.0, soft_max=60.0
    )
    damping: FloatProperty(
        name="Damping",
        description="How soon the swing dies away: 1 has none",
        default=0.3,
        min=0.0,
        max=1.0,
    )


CLASSES = (
    FACEMOCAP_OT_smooth_curves,
    FACEMOCAP_OT_scale_curves,
    FACEMOCAP_OT_offset_curves,
    FACEMOCAP_OT_ease_curves,
    FACEMOCAP_OT_push_curves,
    FACEMOCAP_OT_neighbour_curves,
    FACEMOCAP_OT_blend_curves,
    FACEMOCAP_OT_attack_curves,
    FACEMOCAP_OT_hold_curves,
    FACEMOCAP_OT_settle_curves,
)
