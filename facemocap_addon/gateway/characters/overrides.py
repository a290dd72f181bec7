# SPDX-License-Identifier: GPL-3.0-or-later
"""Linked characters: nothing is written that the file would not keep.

Bones of a library override keep their keys. Shape keys of a mesh that is still linked play, but
are gone after saving (checked on 4.5, 5.0 and 5.2), so the mesh is overridden first, and only when
the person agrees.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy
from mathutils import Matrix

from ...core.controls import PROPERTY, ControlKey
from ...core.errors import FacemocapError
from .characters import CharacterObjects, collection_instances, owner_object


def make_editable(
    scene: bpy.types.Scene,
    picked: CharacterObjects,
    controls: Iterable[ControlKey],
    *,
    agreed: bool,
) -> CharacterObjects:
    """The character with everything local or overridden that has to be keyed.

    Raises
    ------
    FacemocapError
        When something is linked and the person has not agreed to override it, or when Blender
        cannot make an override of it.
    """
    controls = tuple(controls)
    linked = _linked_parts(picked, controls)
    if not linked:
        return picked
    if not agreed:
        raise FacemocapError(
            f'{_names(linked)} of the character "{picked.name}" '
            f"{'is' if len(linked) == 1 else 'are'} linked from another file and would lose the "
            "animation when this file is saved",
            "Agree to library overrides (--override, or Override Linked Data in the panel)",
        )
    if any(obj.library is not None for obj in picked.objects):
        picked = _override_objects(scene, picked)
    for part in _linked_parts(picked, controls):
        if not isinstance(part, bpy.types.Object):
            part.override_create(remap_local_usages=True)
    still = _linked_parts(picked, controls)
    if still:
        raise _not_editable(_names(still))
    return picked


def _linked_parts(picked: CharacterObjects, controls: Iterable[ControlKey]) -> list[Any]:
    """Datablocks that would have to be keyed and are linked; for shape keys their mesh."""
    parts: list[Any] = list(picked.objects)
    parts += [mesh.data for mesh in picked.meshes if mesh.data.shape_keys is not None]
    for control in controls:
        if control.kind == PROPERTY:
            owner = owner_object(picked, control.owner)
            parts.append(owner.data if control.path.startswith("data[") else owner)
    return [part for part in dict.fromkeys(parts) if part.library is not None]


def _override_objects(scene: bpy.types.Scene, picked: CharacterObjects) -> CharacterObjects:
    """Library overrides of the objects, in the place where the linked ones stood."""
    before = set(bpy.data.objects)
    _override_collections(scene, picked, before)
    # one call also overrides what hangs on the object: those that carry others come first
    for obj in sorted(picked.objects, key=lambda o: (o.type != "ARMATURE", o.parent is not None)):
        if obj.library is not None and obj not in _new_overrides(before):
            obj.override_hierarchy_create(scene, scene.view_layers[0], do_fully_editable=True)
    made = _new_overrides(before)
    if missing := [obj for obj in picked.objects if obj.library is not None and obj not in made]:
        raise _not_editable(_names(missing))
    for obj in made:
        for collection in obj.users_collection:
            if collection.library is None and collection.override_library is None:
                collection.objects.unlink(obj)
    return CharacterObjects(
        name=picked.name,
        meshes=tuple(made.get(mesh, mesh) for mesh in picked.meshes),
        armature=made.get(picked.armature, picked.armature),
    )


def _override_collections(
    scene: bpy.types.Scene, picked: CharacterObjects, before: set[bpy.types.Object]
) -> None:
    """Override the linked collections that bring the character into the scene, if any."""
    layer = scene.view_layers[0]
    members = set(picked.objects)
    empty: Any
    for empty, collection in list(collection_instances(scene)):
        if collection.library is not None and members & set(collection.all_objects):
            collection.override_hierarchy_create(
                scene, layer, reference=empty, do_fully_editable=True
            )
            _stand_where(empty, [obj for obj in bpy.data.objects if obj not in before])
            return
    parents = [scene.collection, *scene.collection.children_recursive]
    for parent in [parent for parent in parents if parent.library is None]:
        for child in list(parent.children):
            if child.library is not None and members & set(child.all_objects):
                child.override_hierarchy_create(scene, layer, do_fully_editable=True)
                parent.children.unlink(child)


def _new_overrides(before: set[bpy.types.Object]) -> dict[Any, bpy.types.Object]:
    """Linked object -> its override, of the objects that are not in ``before``."""
    return {
        obj.override_library.reference: obj
        for obj in bpy.data.objects
        if obj not in before and obj.library is None and obj.override_library is not None
    }


def _stand_where(empty: bpy.types.Object, objects: Iterable[bpy.types.Object]) -> None:
    """Overrides of an instanced collection hang on the empty that showed it, in the same place."""
    offset: Any = empty.instance_collection.instance_offset.copy()
    empty.instance_type = "NONE"
    for obj in objects:
        if obj.parent is None and obj.library is None:
            obj.parent = empty
            obj.matrix_parent_inverse = Matrix.Translation((-offset).to_tuple())


def _not_editable(names: str) -> FacemocapError:
    return FacemocapError(
        f"{names} could not be made editable",
        "Make a library override of the character in Blender first (Object > Library Override)",
    )


def _names(parts: Sequence[bpy.types.ID]) -> str:
    shown = ", ".join(f'"{part.name}"' for part in parts[:3])
    return shown if len(parts) <= 3 else f"{shown} and {len(parts) - 3} more"
