# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps from elsewhere: files, and other characters of the scene."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import EnumProperty, StringProperty

from ..core.errors import FacemocapError
from ..core.report import Report
from ..core.rig_maps.map_transfer import fits_as_it_is, transfer_map
from ..core.rig_maps.rig_map import RigMap, read_rig_map, write_rig_map
from ..props import FACEMOCAP_PG_character, listed_controls, state_of, stored_map
from .panel_characters import change_map, chosen, need_map
from .steps import StepOperator, active_character, need_character

_Items = list[tuple[str, str, str]]
#: Blender reads the texts of a menu's entries after the call that made them.
_offered: dict[str, _Items] = {}


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
    bl_description = (
        "Load a rig map from a JSON file. A map of another character is carried over by names"
    )

    def perform(self, context: bpy.types.Context) -> Report:
        """Use the file's map as far as it fits."""
        item, _ = chosen(context.scene)
        path = self.path()
        return use_map(context.scene, item, read_rig_map(path), path.name)


def _other_characters(_operator: object, context: bpy.types.Context | None) -> _Items:
    """Characters of the list besides the chosen one, by their places in it."""
    state = state_of(context.scene) if context and context.scene else None
    own = active_character(state) if state else None
    others: _Items = [
        (str(place), str(item.name), "Take over this character's rig map")
        for place, item in enumerate(state.characters if state else ())
        if item != own
    ]
    _offered["characters"] = others or [("", "None", "There is no other character")]
    return _offered["characters"]


class FACEMOCAP_OT_copy_map(StepOperator, bpy.types.Operator):
    """Take over the rig map of another character of this scene."""

    bl_idname = "facemocap.copy_map"
    bl_label = "Copy From"
    bl_description = (
        "Take over the rig map of another character of this scene: controls of the same name get "
        "the same channels, gains, offsets, limits and responses"
    )
    needs = ("character",)

    character: StringProperty(
        name="Name", description="Name of the other character", options={"SKIP_SAVE"}
    )
    source: EnumProperty(
        name="Character",
        description="Character whose map is taken over",
        items=_other_characters,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    @classmethod
    def poll_more(cls, context: bpy.types.Context) -> bool:
        """There must be another character."""
        if len(state_of(context.scene).characters) < 2:
            return cls.refuse("List another character of this scene first")
        return True

    def perform(self, context: bpy.types.Context) -> Report:
        """Use the other character's map as far as it fits."""
        item, _ = chosen(context.scene)
        other = self._other(context)
        if other is None or other == item:
            raise FacemocapError(
                f'There is no other character "{self.character}"', "Choose one of the list"
            )
        return use_map(context.scene, item, need_map(other), other.name)

    def _other(self, context: bpy.types.Context) -> FACEMOCAP_PG_character | None:
        characters = state_of(context.scene).characters
        if self.character:
            return characters.get(self.character)
        return characters[int(self.source)] if self.source else None


def use_map(
    scene: bpy.types.Scene, item: FACEMOCAP_PG_character, rig_map: RigMap, name: str
) -> Report:
    """Give a character a map that was made elsewhere; what does not fit is reported."""
    controls = list(listed_controls(item).values())
    missing: tuple[str, ...] = ()
    count = len(rig_map.entries)
    if not fits_as_it_is(rig_map, controls):
        transfer = transfer_map(rig_map, stored_map(item) or RigMap(item.name, ()), controls)
        if not transfer.carried:
            raise FacemocapError(
                f'{item.name} has none of the {count} controls of "{name}"',
                "Choose the map of a character with the same names",
            )
        rig_map, missing, count = transfer.rig_map, transfer.missing, transfer.carried
    change_map(scene, item, rig_map)
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    lacking = f"{item.name} lacks {len(missing)} controls of the map: {', '.join(missing[:3])}"
    return Report(
        summary=f"{name}: {count} controls taken over, {item.driving_count} channels drive "
        f"something on {item.name}",
        counts={"entries": count, "missing": len(missing)},
        warnings=(f"{lacking}{more}",) if missing else (),
    )


CLASSES = (FACEMOCAP_OT_save_map, FACEMOCAP_OT_load_map, FACEMOCAP_OT_copy_map)
