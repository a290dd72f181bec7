# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked characters: nothing is written that the file would not keep.

Bones of a library override keep their keys. Shape keys of a mesh that is still linked play, but
are gone after saving (checked on 4.5, 5.0 and 5.2), so the mesh is overridden first, and only when
the person agrees.
"""

from __future__ import annotations

import bpy

from ..core.errors import FacemocapError
from .characters import CharacterObjects, find_characters


def make_editable(
    scene: bpy.types.Scene, picked: CharacterObjects, *, agreed: bool
) -> CharacterObjects:
    """The character with everything local or overridden that has to be keyed.

    Raises
    ------
    FacemocapError
        When something is linked and the person has not agreed to override it, or when Blender
        cannot make an override of it.
    """
    linked = _linked_parts(picked)
    if not linked:
        return picked
    if not agreed:
        raise FacemocapError(
            f'{_names(linked)} of the character "{picked.name}" '
            f"{'is' if len(linked) == 1 else 'are'} linked from another file and would lose the "
            "animation when this file is saved",
            "Agree to library overrides (--override, or Override Linked Data in the panel)",
        )
    names = {obj.name for obj in picked.objects}
    if any(obj.library is not None for obj in picked.objects):
        _override_objects(scene, picked)
        picked = _same_character(scene, names, picked.name)
    for mesh in picked.meshes:
        data = mesh.data
        if data.shape_keys is not None and data.library is not None:
            data.override_create(remap_local_usages=True)
    still = _linked_parts(picked)
    if still:
        raise FacemocapError(
            f"{_names(still)} could not be made editable",
            "Make a library override of the character in Blender first (Object > Library Override)",
        )
    return picked


def _linked_parts(picked: CharacterObjects) -> list[bpy.types.ID]:
    """Datablocks that would have to be keyed and are linked."""
    parts: list[bpy.types.ID] = [obj for obj in picked.objects if obj.library is not None]
    parts += [
        mesh.data
        for mesh in picked.meshes
        if mesh.data.shape_keys is not None and mesh.data.library is not None
    ]
    return list(dict.fromkeys(parts))


def _override_objects(scene: bpy.types.Scene, picked: CharacterObjects) -> None:
    """Library overrides of the objects, through the collection instance they stand in if any."""
    layer = scene.view_layers[0]
    for empty in scene.objects:
        collection = empty.instance_collection
        if collection is None or collection.library is None:
            continue
        if any(obj in set(collection.all_objects) for obj in picked.objects):
            collection.override_hierarchy_create(
                scene, layer, reference=empty, do_fully_editable=True
            )
            return
    for obj in picked.objects:
        if obj.library is not None:
            obj.override_hierarchy_create(scene, layer, do_fully_editable=True)


def _same_character(scene: bpy.types.Scene, names: set[str], name: str) -> CharacterObjects:
    for character in find_characters(scene):
        if names & {obj.name.split(".0")[0] for obj in character.objects} and not any(
            obj.library is not None for obj in character.objects
        ):
            return CharacterObjects(name, character.meshes, character.armature)
    raise FacemocapError(
        f'No library override of "{name}" could be made',
        "Make one in Blender first (Object > Library Override > Make)",
    )


def _names(parts: list[bpy.types.ID]) -> str:
    shown = ", ".join(f'"{part.name}"' for part in parts[:3])
    return shown if len(parts) <= 3 else f"{shown} and {len(parts) - 3} more"
