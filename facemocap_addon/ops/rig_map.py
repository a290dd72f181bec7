# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig map: mend it by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ..core.controls import Control, ControlKey
from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.rig_maps.map_edits import accept, assign, clear, default_gain, entry_of, tune
from ..core.rig_maps.map_view import control_labels
from ..core.rig_maps.response_shapes import span_of, with_point
from ..core.rig_maps.rig_map import RigMap, Source
from ..props import FACEMOCAP_PG_character, choose_row, edited_keys, listed_controls, state_of
from .panel_characters import change_map, chosen, need_map
from .steps import StepOperator, active_character

_Items = list[tuple[str, str, str]]
#: Blender reads the texts of a search's choices after the call that made them.
_offered: dict[str, _Items] = {}


def _offer(kind: str, names: list[str], what: str) -> _Items:
    _offered[kind] = [(name, name, what) for name in names] or [("", "None", "There is none")]
    return _offered[kind]


def _channel_items(_operator: object, context: bpy.types.Context | None) -> _Items:
    """Channels of the list."""
    item = active_character(state_of(context.scene)) if context and context.scene else None
    names = [row.name for row in item.rows if row.status != "CONTROLS"] if item else []
    return _offer("channels", names, "Channel of the take")


def _control_items(_operator: object, context: bpy.types.Context | None) -> _Items:
    """Controls of the character."""
    item = active_character(state_of(context.scene)) if context and context.scene else None
    names = list(control_labels(listed_controls(item))) if item else []
    return _offer("controls", names, "Control of the character")


class _Assign(StepOperator):
    """Lets a channel drive a control; what is missing is asked for in a search."""

    needs = ("character",)

    channel: StringProperty(
        name="Channel", description="Channel of the take", options={"SKIP_SAVE"}
    )
    control: StringProperty(
        name="Control",
        description="Shape key, property or bone, as the list names it",
        options={"SKIP_SAVE"},
    )
    gain: FloatProperty(
        name="Gain",
        description="The channel's value is multiplied by this. Unless given: 1, "
        "and what moves a bone moderately",
        default=1.0,
        min=-100.0,
        max=100.0,
        soft_min=-2.0,
        soft_max=2.0,
        options={"SKIP_SAVE"},
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Add the channel's share to the control."""
        item, _ = chosen(context.scene)
        control = _need_control(item, self.control, listed_controls(item))
        row = item.rows.get(self.channel)
        if row is None or row.status == "CONTROLS":
            raise FacemocapError(
                f'There is no channel "{self.channel}"', "Choose one that the search offers"
            )
        given = self.properties.is_property_set("gain")
        gain = self.gain if given else default_gain(control, self.channel)
        changed = assign(need_map(item), control, Source(self.channel, gain))
        change_map(context.scene, item, changed)
        choose_link(context.scene, item, self.channel, control.key)
        return Report(summary=f"{self.channel} drives {self.control}")


class FACEMOCAP_OT_assign_control(_Assign, bpy.types.Operator):
    """Search for a control that the channel shall drive."""

    bl_idname = "facemocap.assign_control"
    bl_label = "Add Control"
    bl_description = "Search for a control of the character that this channel shall drive"
    bl_property = "found"

    found: EnumProperty(
        name="Control",
        description="Control that was searched for",
        items=_control_items,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the control, unless it is given."""
        if self.control or bpy.app.background:
            return self.execute(context)
        context.window_manager.invoke_search_popup(self)
        # what is chosen comes back through execute; until then nothing happens
        return {"CANCELLED"}

    def perform(self, context: bpy.types.Context) -> Report:
        """Add the channel's share to the control."""
        self.control = self.control or self.found
        return super().perform(context)


class FACEMOCAP_OT_assign_channel(_Assign, bpy.types.Operator):
    """Search for a channel that shall drive the control."""

    bl_idname = "facemocap.assign_channel"
    bl_label = "Add Channel"
    bl_description = "Search for a channel that shall drive this control"
    bl_property = "found"

    found: EnumProperty(
        name="Channel",
        description="Channel that was searched for",
        items=_channel_items,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the channel, unless it is given."""
        if self.channel or bpy.app.background:
            return self.execute(context)
        context.window_manager.invoke_search_popup(self)
        return {"CANCELLED"}

    def perform(self, context: bpy.types.Context) -> Report:
        """Add the channel's share to the control."""
        self.channel = self.channel or self.found
        return super().perform(context)


class FACEMOCAP_OT_clear_entry(StepOperator, bpy.types.Operator):
    """Let the channel no longer drive this control."""

    bl_idname = "facemocap.clear_entry"
    bl_label = "Clear"
    bl_description = "Let the channel no longer drive this control"
    needs = ("character",)

    channel: StringProperty(name="Channel", description="Channel of the take")
    link: StringProperty(
        name="Control",
        description="Control that it drives, as the list names it; empty for all",
        options={"SKIP_SAVE"},
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Take the channel's share out of one control, or of all."""
        item, _ = chosen(context.scene)
        row = item.rows.get(self.channel)
        links = [link for link in row.links if not link.is_guess] if row else []
        keys = {link.key for link in links if self.link in ("", link.name)}
        if not keys:
            raise FacemocapError(f'"{self.channel}" drives no such control', "Look in the list")
        names = {key: control.name for key, control in listed_controls(item).items()}
        change_map(context.scene, item, clear(need_map(item), self.channel, keys, names))
        return Report(summary=f"{self.channel} no longer drives {self.link or 'anything'}")


class FACEMOCAP_OT_accept_match(StepOperator, bpy.types.Operator):
    """Take an uncertain channel's controls as right."""

    bl_idname = "facemocap.accept_match"
    bl_label = "Use This"
    bl_description = "Take these controls of the channel as right; the channel is then matched"
    needs = ("character",)

    channel: StringProperty(name="Channel", description="Channel of the take")

    def perform(self, context: bpy.types.Context) -> Report:
        """Make the channel's entries sure, and entries of what was guessed."""
        item, _ = chosen(context.scene)
        row = item.rows.get(self.channel)
        if row is None or row.status != "UNCERTAIN":
            raise FacemocapError(
                f'"{self.channel}" is not uncertain', "Choose a line of the list Uncertain"
            )
        rig_map, controls = need_map(item), listed_controls(item)
        for link in row.links:
            if link.is_guess and link.key in controls:
                rig_map = _use_guess(rig_map, controls[link.key], link)
        change_map(context.scene, item, accept(rig_map, self.channel))
        return Report(summary=f"{self.channel} drives {row.summary.rstrip('?')}")


class FACEMOCAP_OT_add_point(StepOperator, bpy.types.Operator):
    """Add a point to the response."""

    bl_idname = "facemocap.add_point"
    bl_label = "Add Point"
    bl_description = "Add a point to the response, where its points lie farthest apart"
    needs = ("character",)

    def perform(self, context: bpy.types.Context) -> Report:
        """Put the point on the curve."""
        item, _ = chosen(context.scene)
        rig_map = need_map(item)
        entry = entry_of(rig_map, item.entry.key)
        if entry is None:
            raise FacemocapError("Nothing drives this control", "Add a channel first")
        points = with_point(entry.response, span_of(entry))
        for key in edited_keys(item, rig_map, entry.control):
            rig_map = tune(rig_map, key, response=points)
        change_map(context.scene, item, rig_map)
        return Report(summary=f"The response of {item.entry.name} has {len(points)} points")


class FACEMOCAP_OT_remove_point(StepOperator, bpy.types.Operator):
    """Take a point out of the response."""

    bl_idname = "facemocap.remove_point"
    bl_label = "Remove Point"
    bl_description = "Take this point out of the response; without two points it is straight"
    needs = ("character",)

    point: IntProperty(name="Point", description="Number of the point, from 0", min=0)

    def perform(self, context: bpy.types.Context) -> Report:
        """Leave the point out."""
        item, _ = chosen(context.scene)
        rig_map = need_map(item)
        entry = entry_of(rig_map, item.entry.key)
        if entry is None or self.point >= len(entry.response):
            raise FacemocapError("The response has no such point", "Look at its points")
        points = (*entry.response[: self.point], *entry.response[self.point + 1 :])
        points = points if len(points) > 1 else ()
        for key in edited_keys(item, rig_map, entry.control):
            rig_map = tune(rig_map, key, response=points)
        change_map(context.scene, item, rig_map)
        return Report(summary=f"The response of {item.entry.name} has {len(points)} points")


def choose_link(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, channel: str, key: ControlKey
) -> None:
    """Show a channel's line and one of its controls."""
    row = item.rows.get(channel)
    if row is not None:
        numbers = [number for number, link in enumerate(row.links) if link.key == key]
        row.active_link = numbers[0] if numbers else 0
        choose_row(state_of(scene), item, channel)


def _need_control(
    item: FACEMOCAP_PG_character, label: str, controls: Mapping[ControlKey, Control]
) -> Control:
    key = control_labels(controls).get(label)
    if key is None:
        raise FacemocapError(
            f'"{item.name}" has no free control "{label}"', "Choose one that the search offers"
        )
    return controls[key]


def _use_guess(rig_map: RigMap, control: Control, link: bpy.types.PropertyGroup) -> RigMap:
    """The map with what a measurement guessed; the room that it measured becomes the limits."""
    is_new = entry_of(rig_map, control.key) is None
    used = assign(rig_map, control, Source(link.channel, round(link.gain, 6)))
    entry = entry_of(used, control.key)
    if not is_new or entry is None:
        return used
    limits = (round(link.low, 6), round(link.high, 6))
    entries = tuple(
        replace(e, limits=limits) if e.control == control.key else e for e in used.entries
    )
    return replace(used, entries=entries)


CLASSES = (
    FACEMOCAP_OT_assign_control,
    FACEMOCAP_OT_assign_channel,
    FACEMOCAP_OT_clear_entry,
    FACEMOCAP_OT_accept_match,
    FACEMOCAP_OT_add_point,
    FACEMOCAP_OT_remove_point,
)
