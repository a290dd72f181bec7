# SPDX-License-Identifier: GPL-3.0-or-later
"""Property groups of the rig map's view: lines, their controls, and the one that is being edited.

A bone's turn is shown in degrees through properties that stand for the plain number.

A response is kept as points, not as one of Blender's curves. Those live only in brushes, nodes and
the like: an editor in the panel would need a hidden datablock in every file, would not tell the
program when it is dragged, and would bend otherwise than the curve that is keyed. Named shapes and
points can be undone, copied, and written to the map's file.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    StringProperty,
)

from ..core.controls import ControlKey
from . import editing
from .choices import RESPONSES, ROW_KINDS


def _degrees(name: str, description: str, of: str) -> Any:
    """A property that shows the number ``of`` as an angle."""
    return FloatProperty(
        name=name,
        description=description,
        subtype="ANGLE",
        step=100,
        precision=1,
        get=lambda group: getattr(group, of),
        set=lambda group, value: setattr(group, of, value),
    )


_GAIN = "The channel's value is multiplied by this; 1 leaves it as recorded"
_TURN = "How far the bone turns at the channel's full value"
_OFFSET = "What is added to the sum: the control's value while the channels are at rest"
_LOW, _HIGH = "The control never goes below this", "The control never goes above this"
_IN, _OUT = "What the channels add up to here", "What becomes of it"


class _Key:
    """A control's identity as properties."""

    kind: str
    owner: str
    path: str
    index: int

    @property
    def key(self) -> ControlKey:
        """Identity of the control."""
        return ControlKey(self.kind, self.owner, self.path, self.index)


class FACEMOCAP_PG_link(_Key, bpy.types.PropertyGroup):
    """One control of a line."""

    title: StringProperty(name="Title", description="The control's name as the list shows it")
    channel: StringProperty(name="Channel", description="Channel that drives the control")
    kind: StringProperty(name="Kind", description="Shape key, bone or property")
    owner: StringProperty(name="Owner", description="Object that the control belongs to")
    path: StringProperty(name="Path", description="Data path of the control")
    index: IntProperty(name="Component", description="Component of a bone's path", min=0, max=2)
    gain: FloatProperty(
        name="Gain",
        description=_GAIN,
        default=1.0,
        soft_min=-2.0,
        soft_max=2.0,
        min=-100.0,
        max=100.0,
        step=5,
        precision=2,
        update=editing.link_changed,
    )
    gain_turn: _degrees("Turn", _TURN, "gain")
    turns: BoolProperty(name="Is a Turn", description="The gain is an angle")
    confidence: FloatProperty(
        name="Confidence",
        description="How sure it is that this channel belongs to this control",
        default=1.0,
        min=0,
        max=1,
    )
    low: FloatProperty(name="Low", description=_LOW)
    high: FloatProperty(name="High", description=_HIGH, default=1.0)
    how: StringProperty(name="Found By", description="By name, by probing or by hand")
    is_guess: BoolProperty(
        name="Guess", description="A measurement guesses it; the rig map does not have it yet"
    )


class FACEMOCAP_PG_row(bpy.types.PropertyGroup):
    """One line of the channel list: a channel and what it drives, or a control without channel."""

    status: EnumProperty(
        name="Status", description="Whether the line has a partner", items=ROW_KINDS
    )
    region: StringProperty(name="Region", description="Part of the face")
    summary: StringProperty(name="Drives", description="What the channel drives, in short")
    confidence: FloatProperty(
        name="Confidence", description="How sure the least sure control is", default=1.0
    )
    links: CollectionProperty(
        type=FACEMOCAP_PG_link, name="Controls", description="Controls that the channel drives"
    )
    active_link: IntProperty(
        name="Control",
        description="Control that is shown below",
        min=0,
        update=editing.link_chosen,
    )


class FACEMOCAP_PG_source(bpy.types.PropertyGroup):
    """One channel of the control that is being edited."""

    over: StringProperty(
        name="Part Of", description="The channel's value counts as a part of this channel's"
    )
    gain: FloatProperty(
        name="Gain",
        description=_GAIN,
        default=1.0,
        soft_min=-2.0,
        soft_max=2.0,
        min=-100.0,
        max=100.0,
        step=5,
        precision=2,
        update=editing.source_changed,
    )
    gain_turn: _degrees("Turn", _TURN, "gain")
    turns: BoolProperty(name="Is a Turn", description="The gain is an angle")


class FACEMOCAP_PG_point(bpy.types.PropertyGroup):
    """One point of a response curve."""

    x: FloatProperty(name="In", description=_IN, step=1, precision=3, update=editing.point_changed)
    y: FloatProperty(
        name="Out", description=_OUT, step=1, precision=3, update=editing.point_changed
    )
    x_turn: _degrees("In", _IN, "x")
    y_turn: _degrees("Out", _OUT, "y")


class FACEMOCAP_PG_entry(_Key, bpy.types.PropertyGroup):
    """The control that is chosen below the list, with everything that can be set on it."""

    kind: StringProperty(name="Kind", description="Shape key, bone or property")
    owner: StringProperty(name="Owner", description="Object that the control belongs to")
    path: StringProperty(name="Path", description="Data path of the control; empty for none")
    index: IntProperty(name="Component", description="Component of a bone's path", min=0, max=2)
    sources: CollectionProperty(
        type=FACEMOCAP_PG_source, name="Channels", description="Channels that drive the control"
    )
    offset: FloatProperty(
        name="Offset",
        description=_OFFSET,
        soft_min=-1.0,
        soft_max=1.0,
        step=1,
        precision=3,
        update=editing.offset_changed,
    )
    low: FloatProperty(
        name="Low",
        description=_LOW,
        soft_min=-1.0,
        soft_max=1.0,
        step=1,
        precision=3,
        update=editing.low_changed,
    )
    high: FloatProperty(
        name="High",
        description=_HIGH,
        default=1.0,
        soft_min=-1.0,
        soft_max=2.0,
        step=1,
        precision=3,
        update=editing.high_changed,
    )
    offset_turn: _degrees("Offset", _OFFSET, "offset")
    low_turn: _degrees("Low", _LOW, "low")
    high_turn: _degrees("High", _HIGH, "high")
    turns: BoolProperty(name="Is a Turn", description="The control's value is an angle")
    shape: EnumProperty(
        name="Response",
        description="How the control answers: as a curve from what the channels add up to, to "
        "what the control gets",
        items=RESPONSES,
        update=editing.shape_changed,
    )
    points: CollectionProperty(
        type=FACEMOCAP_PG_point, name="Points", description="Points of the response's curve"
    )
    confidence: FloatProperty(
        name="Confidence", description="How sure the channel is", default=1.0, min=0, max=1
    )
    how: StringProperty(name="Found By", description="By name, by probing or by hand")
    moves: StringProperty(
        name="Moves", description="What the control was measured to move, one direction a line"
    )
    alike_count: IntProperty(
        name="Meshes", description="Meshes that have the same shape key with the same channels"
    )
    is_driven: BoolProperty(name="Driven", description="Some channel drives the control")
    is_guess: BoolProperty(
        name="Guess", description="A measurement guesses it; the rig map does not have it yet"
    )
    is_fitted: BoolProperty(
        name="In a Mix", description="Its value is found together with that of other shapes"
    )


CLASSES = (
    FACEMOCAP_PG_link,
    FACEMOCAP_PG_row,
    FACEMOCAP_PG_source,
    FACEMOCAP_PG_point,
    FACEMOCAP_PG_entry,
)
