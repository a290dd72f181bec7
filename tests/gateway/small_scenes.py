# SPDX-License-Identifier: GPL-3.0-or-later
"""Small characters, bodies and takes, built with nothing of the project but its channel schema."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

import bpy
import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import RigMap
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.gateway.characters.characters import (
    CharacterObjects,
    pick_character,
    read_character,
)

#: name: head, tail, parent
BONES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], str]] = {
    "root": ((0, 0, 0), (0, 0, 1.0), ""),
    "arm.L": ((0.2, 0, 1.2), (0.6, 0, 1.0), "root"),
    "arm.R": ((-0.2, 0, 1.2), (-0.6, 0, 1.0), "root"),
    "neck": ((0, 0.02, 1.4), (0, 0, 1.5), "root"),
    "head": ((0, 0, 1.5), (0, -0.01, 1.7), "neck"),
    "jaw": ((0, -0.01, 1.55), (0, -0.09, 1.5), "head"),
    "eye.L": ((0.03, -0.07, 1.6), (0.03, -0.1, 1.6), "head"),
    "eye.R": ((-0.03, -0.07, 1.6), (-0.03, -0.1, 1.6), "head"),
}
BODY_BONES = ("root", "arm.L", "arm.R")
SHAPES = ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight", "mouthSmileLeft", "browInnerUp")


def make_armature(name: str = "rig", *, mode: str = "QUATERNION") -> bpy.types.Object:
    """An armature of `BONES`, its rolls uneven so that no axis is a world axis."""
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for number, (bone_name, (head, tail, parent)) in enumerate(BONES.items()):
        bone = data.edit_bones.new(bone_name)
        bone.head, bone.tail = head, tail
        bone.roll = 0.31 * number
        if parent:
            bone.parent = data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = mode
    return rig


def make_face(
    name: str = "face",
    shapes: Sequence[str] = SHAPES,
    rig: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """A few vertices with shape keys that move them."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(
        [(0.1 * i, -0.1, 1.5 + 0.02 * j) for i in range(3) for j in range(2)],
        [],
        [(0, 1, 3, 2), (2, 3, 5, 4)],
    )
    face = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(face)
    if shapes:
        face.shape_key_add(name="Basis")
    for number, shape in enumerate(shapes):
        block = face.shape_key_add(name=shape, from_mix=False)
        block.data[number % 6].co.z += 0.01
    if rig is not None:
        modifier = face.modifiers.new("Armature", "ARMATURE")
        modifier.object = rig
        group = face.vertex_groups.new(name="head")
        group.add(range(6), 1.0, "REPLACE")
    return face


def wave_take(
    names: Iterable[str] = (),
    *,
    seconds: float = 2.0,
    rate_hz: float = 60.0,
    name: str = "wave.csv",
    phase: float = 0.0,
) -> Take:
    """A take in which every channel moves differently; angles up to about 20 degrees."""
    schema = arkit_schema()
    wanted = tuple(names) or tuple(schema)
    times = np.arange(int(seconds * rate_hz) + 1) / rate_hz
    columns = []
    for number, channel in enumerate(wanted):
        wave = np.sin(2 * math.pi * (0.4 + 0.07 * number) * times + number + phase)
        columns.append(0.35 * wave if schema[channel].kind == "angle" else 0.5 + 0.45 * wave)
    values = np.stack(columns, axis=1)
    return make_take(times, [schema[channel] for channel in wanted], values, rate=60, name=name)


def character_of(
    scene: bpy.types.Scene, obj: bpy.types.Object, take: Take | None = None
) -> tuple[CharacterObjects, RigMap]:
    """The character an object belongs to, and its map found by names."""
    picked = pick_character(scene, [obj])
    return picked, match(read_character(picked, scene).controls, take)


def body_action(
    rig: bpy.types.Object,
    name: str = "walk",
    *,
    face: bool = True,
    frames: tuple[int, int] = (1, 40),
    assign: bool = True,
) -> bpy.types.Action:
    """An animator's Action: arms swing, the root walks; jaw and head move too if ``face``."""
    action = bpy.data.actions.new(name)
    slot = action.slots.new("OBJECT", rig.name)
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    bones = [*BODY_BONES, *(("jaw", "head", "neck") if face else ())]
    for number, bone in enumerate(bones):
        pose = rig.pose.bones[bone]
        path, width = {
            "QUATERNION": ("rotation_quaternion", 4),
            "AXIS_ANGLE": ("rotation_axis_angle", 4),
        }.get(pose.rotation_mode, ("rotation_euler", 3))
        for index in range(width):
            _wave(bag, f'pose.bones["{bone}"].{path}', index, number, frames, width)
    for index in range(3):
        _wave(bag, 'pose.bones["root"].location', index, 7, frames, 3)
        _wave(bag, "location", index, 9, frames, 3)
    if assign:
        data = rig.animation_data or rig.animation_data_create()
        data.action = action
        data.action_slot = slot
    return action


def shape_action(face: bpy.types.Object, name: str = "hand keys") -> bpy.types.Action:
    """An animator's Action on shape keys."""
    keys = face.data.shape_keys
    action = bpy.data.actions.new(name)
    slot = action.slots.new("KEY", keys.name)
    bag = action.layers.new("Layer").strips.new(type="KEYFRAME").channelbag(slot, ensure=True)
    for number, block in enumerate(list(keys.key_blocks)[1:4]):
        curve = bag.fcurves.new(f'key_blocks["{block.name}"].value')
        for frame in (1, 15, 33):
            curve.keyframe_points.insert(frame, 0.1 * number + 0.02 * (frame % 7))
    data = keys.animation_data or keys.animation_data_create()
    data.action = action
    data.action_slot = slot
    return action


def _wave(
    bag: Any, path: str, index: int, number: int, frames: tuple[int, int], width: int
) -> None:
    curve = bag.fcurves.new(path, index=index)
    for frame in range(frames[0], frames[1] + 1, 6):
        value = 0.25 * math.sin(frame * 0.13 + number + index)
        curve.keyframe_points.insert(frame, 1.0 - abs(value) if width == 4 and not index else value)


def link_datablock(library: str, kind: str, name: str, *, relative: bool = False) -> Any:
    """A datablock of ``bpy.data.<kind>``, linked from a library file."""
    # the stubs do not know that load() is a context manager
    libraries = cast(Any, bpy.data.libraries)
    with libraries.load(library, link=True, relative=relative) as (_, wanted):
        setattr(wanted, kind, [name])
    return getattr(wanted, kind)[0]


def add_property(owner: Any, name: str, value: Any, **limits: Any) -> str:
    """A custom property and its data path from the owner."""
    owner[name] = value
    if limits:
        owner.id_properties_ui(name).update(**limits)
    return f'["{bpy.utils.escape_identifier(name)}"]'


def drive(
    holder: Any, path: str, source: bpy.types.ID, source_path: str, expression: str = "v"
) -> bpy.types.FCurve:
    """A driver with one variable ``v``."""
    fcurve = holder.driver_add(path)
    variable = fcurve.driver.variables.new()
    variable.name = "v"
    variable.targets[0].id_type = source.bl_rna.identifier.upper()
    variable.targets[0].id = source
    variable.targets[0].data_path = source_path
    fcurve.driver.type = "SCRIPTED"
    fcurve.driver.expression = expression
    return fcurve
