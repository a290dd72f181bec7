# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters in the panel: their objects, their rig maps, and the list's view of both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import bpy

from ..core.character import Character
from ..core.contacts.meeting import told_meeting
from ..core.errors import FacemocapError
from ..core.findings import find
from ..core.measured import Measured
from ..core.rig_maps.rig_map import RigMap
from ..core.rig_maps.working_map import with_measurement, working_map
from ..core.take import Take
from ..gateway.applying.performance import Performance
from ..gateway.characters.characters import (
    CharacterObjects,
    collection_instances,
    find_characters,
    read_character,
)
from ..gateway.files.take_storage import load_take, take_label
from ..gateway.measuring.measuring import stored_measurement
from ..gateway.reduction.reducing import reduction_note
from ..props import (
    FACEMOCAP_PG_character,
    control_record,
    refresh_rows,
    state_of,
    store_findings,
    store_map,
    stored_map,
)
from .steps import active_take, need_character


def picked_objects(character: FACEMOCAP_PG_character, scene: bpy.types.Scene) -> CharacterObjects:
    """The character's objects that are still in the scene.

    Raises
    ------
    FacemocapError
        When none is left.
    """
    shown = {obj for _, collection in collection_instances(scene) for obj in collection.all_objects}

    def present(obj: bpy.types.Object | None) -> bool:
        return obj is not None and (scene in obj.users_scene or obj in shown)

    armature = character.armature if present(character.armature) else None
    meshes = tuple(slot.object for slot in character.meshes if present(slot.object))
    if not meshes and armature is None:
        raise FacemocapError(
            f'The objects of "{character.name}" are no longer in the scene',
            "Remove the character from the list and find it again",
        )
    return CharacterObjects(character.name, meshes, armature)


def list_character(
    scene: bpy.types.Scene, picked: CharacterObjects, rig_map: RigMap | None = None
) -> FACEMOCAP_PG_character:
    """Show a character in the panel, once, choose it, and match the chosen take with it."""
    state = state_of(scene)
    number = next(
        (n for n, item in enumerate(state.characters) if is_same(item, picked)),
        len(state.characters),
    )
    item = state.characters[number] if number < len(state.characters) else state.characters.add()
    state.active_character = number
    item.name = picked.name
    list_objects(item, picked)
    if rig_map is not None:
        store_map(item, rig_map)
    take = active_take(state)
    match_character(scene, item, load_take(take.text) if take else None)
    return item


def list_objects(item: FACEMOCAP_PG_character, picked: CharacterObjects) -> None:
    """Note which objects the character consists of."""
    item.armature = picked.armature
    item.meshes.clear()
    for mesh in picked.meshes:
        item.meshes.add().object = mesh
    item.is_linked = any(_is_linked(obj) for obj in picked.objects)


def show_performance(
    item: FACEMOCAP_PG_character,
    performance: Performance | None,
    warnings: Sequence[str] = (),
) -> None:
    """Note what is applied to the character now."""
    item.applied = item.key_note = ""
    item.applied_warnings = "\n".join(warnings)
    if performance is not None:
        text = performance.take_text
        item.applied = take_label(text) if text else performance.action.name
        item.applied_start = performance.start_frame
        item.key_note = reduction_note(performance.action)


def list_found_characters(
    scene: bpy.types.Scene, *, only_one: bool = False
) -> list[CharacterObjects]:
    """List what looks like a character in the scene, the best chosen.

    With ``only_one`` nothing is listed unless there is exactly one.
    """
    found = find_characters(scene)
    if only_one and len(found) != 1:
        return []
    for picked in reversed(found):
        list_character(scene, picked)
    return found


def is_same(item: FACEMOCAP_PG_character, picked: CharacterObjects) -> bool:
    """Whether a listed character has an object in common with a picked one."""
    members = {slot.object for slot in item.meshes} | {item.armature}
    return any(obj in members for obj in picked.objects)


def match_listed(scene: bpy.types.Scene, take: Take | None) -> None:
    """Match every listed character with a take that was just chosen."""
    for item in state_of(scene).characters:
        try:
            match_character(scene, item, take)
        except FacemocapError as problem:
            item.notes = str(problem)


def match_character(
    scene: bpy.types.Scene,
    item: FACEMOCAP_PG_character,
    take: Take | None,
    *,
    complete: bool = False,
) -> RigMap:
    """Match a character's controls with a take, keeping what was edited, and fill the list.

    What was measured on the character completes what names leave open; with ``complete`` that is
    done for an edited map too.
    """
    picked = picked_objects(item, scene)
    character = read_character(picked, scene)
    controls = character.controls
    measured, notes = _measured(picked)
    rig_map = found_map(item, character, take, measured, complete=complete)
    item.notes = "\n".join((*character.notes, *notes))
    item.controls_json = json.dumps([control_record(c) for c in controls if not c.driven_by])
    store_findings(item, find(measured.probe) if measured is not None else None)
    item.contact_notes = "\n".join(told_meeting(measured.contacts) if measured is not None else ())
    store_map(item, rig_map)
    refresh_rows(state_of(scene), item)
    return rig_map


def found_map(
    item: FACEMOCAP_PG_character,
    character: Character,
    take: Take | None,
    measured: Measured | None,
    *,
    complete: bool,
) -> RigMap:
    """The map that `match_character` stores; nothing is written."""
    controls, bones = character.controls, item.drive == "BONES"
    found = working_map(controls, take, character.name, measured, bones_first=bones)
    kept = stored_map(item) if item.is_edited else None
    if kept is None:
        return found
    rig_map = _with_new_channels(kept, found)
    if complete and measured is not None:
        rig_map = with_measurement(rig_map, controls, measured, bones_first=bones)
    return rig_map


def _measured(picked: CharacterObjects) -> tuple[Measured | None, list[str]]:
    """What was measured on a character, and what is wrong with it or with the character."""
    try:
        measured = stored_measurement(picked)
    except FacemocapError as problem:
        return None, [str(problem)]
    if measured is None:
        return None, []
    probe = measured.probe
    names = {signature.control: signature.name for signature in probe.signatures}
    notes = [f'"{names.get(key, key.path)}": {clause}.' for key, clause in probe.wrong_sides]
    counts = (
        (len(probe.empty), "shape key is empty", "shape keys are empty"),
        (len(probe.dead), "control moves nothing", "controls move nothing"),
        (len(probe.duplicates), "control does what another does", "controls do what others do"),
    )
    told = [f"{count} {one if count == 1 else more}" for count, one, more in counts if count]
    return measured, notes + ([f"Measured: {', '.join(told)}."] if told else [])


def change_map(scene: bpy.types.Scene, item: FACEMOCAP_PG_character, rig_map: RigMap) -> None:
    """Store a map that a person changed or loaded, and fill the list from it."""
    item.is_edited = True
    store_map(item, rig_map)
    refresh_rows(state_of(scene), item)


def chosen(scene: bpy.types.Scene) -> tuple[FACEMOCAP_PG_character, CharacterObjects]:
    """The chosen character and its objects; errors as `picked_objects`."""
    item = need_character(state_of(scene))
    return item, picked_objects(item, scene)


def need_map(item: FACEMOCAP_PG_character) -> RigMap:
    """The character's rig map; without one, a sentence."""
    rig_map = stored_map(item)
    if rig_map is None:
        raise FacemocapError(f'"{item.name}" has no rig map', "Press Match Again")
    return rig_map


def _with_new_channels(kept: RigMap, found: RigMap) -> RigMap:
    """An edited map plus what it cannot know yet: channels that it never met."""
    met = {*kept.channels, *kept.unmatched_channels}
    taken = {entry.control for entry in kept.entries}
    new = tuple(
        entry
        for entry in found.entries
        if entry.control not in taken and not met & {s.channel for s in entry.sources}
    )
    return replace(
        kept,
        entries=(*kept.entries, *new),
        unmatched_channels=tuple(
            dict.fromkeys(
                (*kept.unmatched_channels, *(c for c in found.unmatched_channels if c not in met))
            )
        ),
    )


def _is_linked(obj: bpy.types.Object) -> bool:
    """Whether an override would have to be made before the object can keep keys."""
    mesh: Any = obj.data if obj.type == "MESH" else None
    if mesh is None or mesh.shape_keys is None:
        return obj.library is not None
    return obj.library is not None or mesh.library is not None
