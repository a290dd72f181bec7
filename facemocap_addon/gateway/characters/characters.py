# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters of a scene: which objects belong to one, and what can be keyed on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from ...core.character import Character
from ...core.controls import BONE, PROPERTY, SHAPE_KEY, Control
from ...core.errors import FacemocapError
from ..data_paths import split_path
from ..driver_links import driver_state, driver_words, drivers_of, property_links
from ..drivers.driver_following import follow_drivers
from .bone_frames import bone_axes, character_frame
from .bone_limits import bone_range


@dataclass(frozen=True)
class CharacterObjects:
    """The objects of one character, in the order of their names."""

    name: str
    meshes: tuple[bpy.types.Object, ...]
    armature: bpy.types.Object | None

    @property
    def objects(self) -> tuple[bpy.types.Object, ...]:
        """Meshes and armature."""
        return (*self.meshes, self.armature) if self.armature else self.meshes


def find_characters(scene: bpy.types.Scene) -> list[CharacterObjects]:
    """Everything in the scene that may be a character, those with the most controls first."""
    shown = list(scene.objects)
    for _, collection in collection_instances(scene):
        shown += collection.all_objects
    shown = list(dict.fromkeys(shown))
    groups: dict[bpy.types.Object, list[bpy.types.Object]] = {}
    armatures = [o for o in shown if o.type == "ARMATURE"]
    for armature in armatures:
        groups[armature] = []
    for mesh in shown:
        if mesh.type != "MESH":
            continue
        armature = armature_of(mesh)
        if armature is not None:
            groups.setdefault(armature, []).append(mesh)
        elif _has_shapes(mesh):
            groups.setdefault(_root(mesh), []).append(mesh)
    found = [
        _named(
            [m for m in meshes if m.type == "MESH"], anchor if anchor.type == "ARMATURE" else None
        )
        for anchor, meshes in groups.items()
    ]
    return sorted(
        (c for c in found if _weight(c)),
        # a library override comes before the linked character it was made of
        key=lambda c: (-_weight(c), c.name, any(o.library is not None for o in c.objects)),
    )


def collection_instances(
    scene: bpy.types.Scene,
) -> Iterator[tuple[bpy.types.Object, bpy.types.Collection]]:
    """Objects of the scene that show a collection, and that collection; nested ones too."""
    waiting = list(scene.objects)
    seen: set[bpy.types.Collection] = set()
    while waiting:
        obj = waiting.pop(0)
        collection = obj.instance_collection if obj.instance_type == "COLLECTION" else None
        if collection is not None:
            yield obj, collection
            if collection not in seen:
                seen.add(collection)
                waiting += collection.all_objects


def pick_character(scene: bpy.types.Scene, objects: Iterable[bpy.types.Object]) -> CharacterObjects:
    """The character that a person's selection means: what is selected and what moves with it.

    A selected armature brings its meshes, a selected mesh its armature; meshes that were not
    selected join when they follow the same armature or parent.

    Raises
    ------
    FacemocapError
        When the selection has neither shape keys nor bones, or belongs to several characters.
    """
    chosen = list(objects)
    if not chosen:
        raise FacemocapError(
            "Nothing is selected", "Select the character's face mesh or its armature"
        )
    wanted = set(chosen)
    for obj, collection in collection_instances(scene):
        if obj in wanted:
            wanted.update(collection.all_objects)
    matching = [
        character
        for character in find_characters(scene)
        if any(obj in wanted for obj in character.objects)
    ]
    if not matching:
        names = ", ".join(f'"{obj.name}"' for obj in chosen[:3])
        raise FacemocapError(
            f"{names} has neither shape keys nor bones", "Choose a character that can be animated"
        )
    if len(matching) > 1:
        raise FacemocapError(
            "The selection belongs to several characters: "
            + ", ".join(character.name for character in matching),
            "Select the objects of one",
        )
    return matching[0]


def armature_of(mesh: bpy.types.Object) -> bpy.types.Object | None:
    """The armature that deforms or carries a mesh."""
    for modifier in mesh.modifiers:
        if modifier.type == "ARMATURE" and modifier.object is not None:
            return modifier.object
    parent = mesh.parent
    while parent is not None:
        if parent.type == "ARMATURE":
            return parent
        parent = parent.parent
    return None


def owner_object(picked: CharacterObjects, owner: str, kind: str = PROPERTY) -> bpy.types.Object:
    """The character's object of a control's owner name.

    Raises
    ------
    FacemocapError
        When the character has no such object.
    """
    for obj in picked.objects:
        if obj.name == owner:
            return obj
    # a library override may have got another name than what it was made of
    for obj in picked.objects:
        if obj.override_library is not None and obj.override_library.reference.name == owner:
            return obj
    # properties and bones may belong to an object beside the character's own (a control panel)
    found = bpy.data.objects.get(owner) if kind != SHAPE_KEY else None
    if found is None:
        raise FacemocapError(
            f'The character "{picked.name}" has no object "{owner}" that its rig map names',
            "Match the character again, or mend the owner in the map",
        )
    return found


def read_character(picked: CharacterObjects, scene: bpy.types.Scene) -> Character:
    """Everything that could be keyed on a character, as plain data; nothing is changed."""
    # whether a driver works is known only once the scene has been evaluated
    scene.view_layers[0].update()
    controls: list[Control] = []
    notes: list[str] = []
    members = set(picked.objects)
    seen: set[bpy.types.Key] = set()
    for mesh in picked.meshes:
        keys = mesh.data.shape_keys
        # several objects may share one mesh, and so its keys
        if keys is not None and keys not in seen:
            seen.add(keys)
            controls += _shape_controls(mesh, keys, notes)
    if picked.armature is not None:
        controls += _bone_controls(picked.armature, notes)
    controls += _property_controls(picked, members, notes)
    controls, in_the_way = follow_drivers(picked, scene, controls)
    return Character(
        name=picked.name,
        meshes=tuple(mesh.name for mesh in picked.meshes),
        armature=picked.armature.name if picked.armature else "",
        controls=tuple(controls),
        notes=(*notes, *in_the_way),
    )


def shape_path(name: str) -> str:
    """Data path of a shape key's value, whatever its name holds."""
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def bone_path(name: str, channel: str) -> str:
    """Data path of a pose bone's property."""
    return f'pose.bones["{bpy.utils.escape_identifier(name)}"].{channel}'


def _shape_controls(mesh: bpy.types.Object, keys: bpy.types.Key, notes: list[str]) -> list[Control]:
    driven: dict[str, str] = {}
    for fcurve in drivers_of(keys):
        state = driver_state(fcurve)
        driven[fcurve.data_path] = state.why
        if state.idle:
            name = fcurve.data_path.removeprefix('key_blocks["').removesuffix('"].value')
            notes.append(
                f'"{name}" on {mesh.name} does nothing: {state.idle} ("{driver_words(fcurve)}").'
            )
    return [
        Control(
            kind=SHAPE_KEY,
            owner=mesh.name,
            path=shape_path(block.name),
            index=0,
            name=block.name,
            rest=0.0,
            range=(float(block.slider_min), float(block.slider_max)),
            driven_by=driven.get(shape_path(block.name), ""),
        )
        for block in keys.key_blocks
        if block != keys.reference_key
    ]


def _bone_controls(armature: bpy.types.Object, notes: list[str]) -> list[Control]:
    axes = bone_axes(armature, character_frame(armature))
    driven: dict[tuple[str, int], str] = {}
    for fcurve in drivers_of(armature):
        state = driver_state(fcurve)
        driven[fcurve.data_path, fcurve.array_index] = state.why
        if state.idle:
            notes.append(
                f"{fcurve.data_path} of {armature.name} does nothing: {state.idle} "
                f'("{driver_words(fcurve)}").'
            )
    controls: list[Control] = []
    for bone in armature.data.bones:
        pose = armature.pose.bones[bone.name]
        own = axes[bone.name]
        for channel in ("rotation", "location"):
            real = rotation_channel(pose) if channel == "rotation" else "location"
            owners = {
                at: why for (path, at), why in driven.items() if path == bone_path(bone.name, real)
            }
            # the parts of a rotation are keyed together, those of a location each by itself
            together = next(iter(owners.values()), "") if channel == "rotation" else ""
            controls += [
                Control(
                    kind=BONE,
                    owner=armature.name,
                    path=bone_path(bone.name, channel),
                    index=index,
                    name=bone.name,
                    range=bone_range(pose, channel, index),
                    axis=_triple(own[index]),
                    at=_triple(own[3]),
                    tail=_triple(own[4]),
                    parent=bone.parent.name if bone.parent else "",
                    driven_by=together or (owners.get(index, "") if channel == "location" else ""),
                    constrained=_is_constrained(pose),
                )
                for index in range(3)
            ]
    return controls


def _is_constrained(pose: Any) -> bool:
    """Whether constraints turn or move a bone; limits only hold it."""
    return any(
        not each.mute and each.influence > 0 and not each.type.startswith("LIMIT_")
        for each in pose.constraints
    )


def rotation_channel(pose: bpy.types.PoseBone | bpy.types.Object) -> str:
    """The property that holds the rotation in the mode the bone has."""
    if pose.rotation_mode == "QUATERNION":
        return "rotation_quaternion"
    if pose.rotation_mode == "AXIS_ANGLE":
        return "rotation_axis_angle"
    return "rotation_euler"


def _property_controls(
    picked: CharacterObjects, members: set[bpy.types.Object], notes: list[str]
) -> list[Control]:
    """Custom properties behind the character's drivers that nothing else drives."""
    datablocks: list[bpy.types.ID | None] = [mesh.data.shape_keys for mesh in picked.meshes]
    datablocks += list(picked.objects)
    if picked.armature is not None:
        datablocks.append(picked.armature.data)
    controls: dict[tuple[str, str], Control] = {}
    for datablock in datablocks:
        for link in property_links(datablock, members):
            animated = link.owner.data if link.path.startswith("data[") else link.owner
            path = link.path.removeprefix("data")
            driver = next((f for f in drivers_of(animated) if f.data_path == path), None)
            try:
                value = link.owner.path_resolve(link.path)
            except ValueError:
                continue
            if not isinstance(value, int | float):
                continue
            state = driver_state(driver) if driver else None
            place = link.owner.name_full, link.path
            if driver and state and state.idle and place not in controls:
                notes.append(
                    f'"{property_name(path)}" of {link.owner.name} does nothing: {state.idle} '
                    f'("{driver_words(driver)}").'
                )
            controls[link.owner.name_full, link.path] = Control(
                kind=PROPERTY,
                owner=link.owner.name,
                path=link.path,
                index=0,
                name=property_name(link.path),
                rest=0.0,
                range=_property_range(link.owner, link.path),
                driven_by=state.why if state else "",
            )
    return [controls[key] for key in sorted(controls)]


def property_name(path: str) -> str:
    """Name of the custom property at the end of a data path."""
    return split_path(path)[2]


def _property_range(owner: bpy.types.Object, path: str) -> tuple[float, float]:
    head, _, name = split_path(path)
    holder = owner.path_resolve(head) if head else owner
    limits = holder.id_properties_ui(name).as_dict()
    low, high = float(limits.get("min", 0.0)), float(limits.get("max", 1.0))
    # a property without limits of its own has those of a float
    return (low, high) if high - low < 1e6 else (0.0, 1.0)


def _has_shapes(mesh: bpy.types.Object) -> bool:
    keys = mesh.data.shape_keys
    return keys is not None and len(keys.key_blocks) > 1


def _weight(character: CharacterObjects) -> int:
    shapes = sum(len(m.data.shape_keys.key_blocks) for m in character.meshes if _has_shapes(m))
    return shapes + (len(character.armature.data.bones) if character.armature else 0)


def _root(obj: bpy.types.Object) -> bpy.types.Object:
    while obj.parent is not None:
        obj = obj.parent
    return obj


def _named(meshes: list[bpy.types.Object], armature: bpy.types.Object | None) -> CharacterObjects:
    """A character named after the collection that holds just it, or after its main object."""
    members = [*meshes, *([armature] if armature else [])]
    shared = set(members[0].users_collection)
    for member in members[1:]:
        shared &= set(member.users_collection)
    own = [
        collection
        for collection in sorted(shared, key=lambda c: c.name)
        if len(collection.objects) <= 2 * len(members) and not _is_scene_root(collection)
    ]
    main = armature or max(meshes, key=_shape_count)
    return CharacterObjects(
        name=own[0].name if own else main.name,
        meshes=tuple(sorted(meshes, key=lambda o: o.name_full)),
        armature=armature,
    )


def _is_scene_root(collection: bpy.types.Collection) -> bool:
    return any(scene.collection == collection for scene in bpy.data.scenes)


def _shape_count(mesh: bpy.types.Object) -> int:
    keys = mesh.data.shape_keys
    return len(keys.key_blocks) if keys else 0


def _triple(vector: object) -> tuple[float, float, float]:
    x, y, z = (round(float(number), 6) for number in vector)  # type: ignore[attr-defined]
    return (x, y, z)
