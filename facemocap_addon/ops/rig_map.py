# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig map: mend it by hand, save it, load it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import FloatProperty, StringProperty

from ..core.controls import ControlKey
from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.rig_map import RigMap, RigMapEntry, Source, read_rig_map, write_rig_map
from ..props import FACEMOCAP_PG_character, control_labels, listed_controls, state_of, with_source
from .panel_characters import change_map, chosen, need_map
from .steps import StepOperator, need_character


def _search_channels(
    _operator: FACEMOCAP_OT_assign_control, context: bpy.types.Context, _text: str
) -> Iterable[str]:
    """Channels of the list."""
    rows = need_character(state_of(context.scene)).rows
    return [row.name for row in rows if row.status != "CONTROLS"]


def _search_controls(
    _operator: FACEMOCAP_OT_assign_control, context: bpy.types.Context, _text: str
) -> Iterable[str]:
    """Controls of the character."""
    return list(control_labels(listed_controls(need_character(state_of(context.scene)))))


class FACEMOCAP_OT_assign_control(StepOperator, bpy.types.Operator):
    """Let a channel drive a control of the character."""

    bl_idname = "facemocap.assign_control"
    bl_label = "Assign Control"
    bl_description = "Let a channel drive a control of the character"
    bl_property = "control"
    needs = ("character",)

    channel: StringProperty(
        name="Channel",
        description="Channel of the take",
        search=_search_channels,
        options={"SKIP_SAVE"},
    )
    control: StringProperty(
        name="Control",
        description="Shape key, property or bone, as the list names it",
        search=_search_controls,
        options={"SKIP_SAVE"},
    )
    gain: FloatProperty(
        name="Gain",
        description="The channel's value is multiplied by this",
        default=1.0,
        min=-100.0,
        max=100.0,
        soft_min=-2.0,
        soft_max=2.0,
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for what is missing."""
        return context.window_manager.invoke_props_dialog(self, width=380)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the dialog."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.prop(self, "channel", icon="ANIM")
        layout.prop(self, "control", icon="SHAPEKEY_DATA")
        layout.prop(self, "gain")

    def perform(self, context: bpy.types.Context) -> Report:
        """Add the channel's share to the control."""
        item, _ = chosen(context.scene)
        controls = listed_controls(item)
        key = control_labels(controls).get(self.control)
        if key is None:
            raise FacemocapError(
                f'"{item.name}" has no free control "{self.control}"',
                "Choose one that the search offers",
            )
        if item.rows.find(self.channel) < 0:
            raise FacemocapError(
                f'There is no channel "{self.channel}"', "Choose one that the search offers"
            )
        rig_map = need_map(item)
        entry = next(
            (e for e in rig_map.entries if e.control == key),
            RigMapEntry(key, (), limits=controls[key].range),
        )
        entry = with_source(entry, Source(self.channel, self.gain))
        left = tuple(name for name in rig_map.unmatched_channels if name != self.channel)
        idle = tuple(n for n in rig_map.unmatched_controls if n != controls[key].name)
        changed = replace(
            rig_map.with_entry(entry), unmatched_channels=left, unmatched_controls=idle
        )
        change_map(context.scene, item, changed)
        return Report(summary=f"{self.channel} drives {self.control}")


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
        keys = {link.key for link in row.links if self.link in ("", link.name)} if row else set()
        if not keys:
            raise FacemocapError(f'"{self.channel}" drives no such control', "Look in the list")
        change_map(context.scene, item, _without(need_map(item), self.channel, keys, item))
        return Report(summary=f"{self.channel} no longer drives {self.link or 'anything'}")


class _MapFile(StepOperator):
    """File browser for rig maps."""

    filename_ext: ClassVar[str] = ".json"
    needs = ("character",)

    filepath: StringProperty(
        name="File", description="Rig map, a JSON file", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    filter_glob: StringProperty(
        name="Shown Files",
        description="Endings of the files that the browser shows",
        default="*.json",
        options={"HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Open the file browser on a file named after the character."""
        if not self.filepath:
            name = bpy.path.clean_name(need_character(state_of(context.scene)).name)
            self.filepath = f"{name}_map.json"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def path(self) -> Path:
        """The chosen file."""
        if not self.filepath:
            raise FacemocapError("No file was chosen", "Choose a rig map file")
        return Path(bpy.path.abspath(bpy.path.ensure_ext(self.filepath, self.filename_ext)))


class FACEMOCAP_OT_save_map(_MapFile, bpy.types.Operator):
    """Save the rig map as a JSON file that a person can read and edit."""

    bl_idname = "facemocap.save_map"
    bl_label = "Save Map"
    bl_description = "Save the rig map as a JSON file that a person can read and edit"
    # nothing in the file changes, so there is nothing to undo
    bl_options = {"REGISTER"}

    check_existing: bpy.props.BoolProperty(
        name="Check Existing",
        description="Warn before an existing file is replaced",
        default=True,
        options={"HIDDEN"},
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Write the map."""
        item = need_character(state_of(context.scene))
        path = self.path()
        write_rig_map(need_map(item), path)
        return Report(summary=f"Saved {path.name}")


class FACEMOCAP_OT_load_map(_MapFile, bpy.types.Operator):
    """Load a rig map from a JSON file."""

    bl_idname = "facemocap.load_map"
    bl_label = "Load Map"
    bl_description = "Load a rig map from a JSON file"

    def perform(self, context: bpy.types.Context) -> Report:
        """Use the file's map, and say which of its controls this character does not have."""
        item, _ = chosen(context.scene)
        path = self.path()
        rig_map = read_rig_map(path)
        known = listed_controls(item)
        foreign = sorted({e.control.path for e in rig_map.entries if e.control not in known})
        change_map(context.scene, item, rig_map)
        warnings = (
            (f"{item.name} lacks {len(foreign)} controls of the map: {', '.join(foreign[:3])}",)
            if foreign
            else ()
        )
        return Report(
            summary=f"{path.name}: {item.matched_count} channels matched", warnings=warnings
        )


def _without(
    rig_map: RigMap,
    channel: str,
    keys: set[ControlKey],
    item: FACEMOCAP_PG_character,
) -> RigMap:
    """The map without the channel's share of ``keys``; what is left over is listed as unmatched."""
    entries: list[RigMapEntry] = []
    idle = list(rig_map.unmatched_controls)
    controls = listed_controls(item)
    for entry in rig_map.entries:
        if entry.control not in keys:
            entries.append(entry)
            continue
        sources = tuple(s for s in entry.sources if s.channel != channel)
        if sources:
            entries.append(replace(entry, sources=sources, how="hand"))
        elif entry.control in controls:
            idle.append(controls[entry.control].name)
    cleared = replace(
        rig_map, entries=tuple(entries), unmatched_controls=tuple(dict.fromkeys(idle))
    )
    if channel not in cleared.channels:
        left = (*rig_map.unmatched_channels, channel)
        cleared = replace(cleared, unmatched_channels=tuple(dict.fromkeys(left)))
    return cleared


CLASSES = (
    FACEMOCAP_OT_assign_control,
    FACEMOCAP_OT_clear_entry,
    FACEMOCAP_OT_save_map,
    FACEMOCAP_OT_load_map,
)
