# SPDX-License-Identifier: GPL-3.0-or-later
"""Small characters whose shapes and bones are driven, and what they show once evaluated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy
import numpy as np
from small_scenes import make_armature

from facemocap_addon.core.take import Take


def make_panel(name: str = "panel", bones: Iterable[str] = ("slider.003",)) -> Any:
    """A control rig: bones that deform nothing, uneven and away from the origin."""
    data = bpy.data.armatures.new(name)
    panel: Any = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(panel)
    add_bones(panel, bones)
    return panel


def add_bones(rig: Any, bones: Iterable[str]) -> None:
    """Bones of Euler rotation beside those that an armature has; they deform nothing."""
    names = list(bones)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for number, name in enumerate(names):
        bone: Any = rig.data.edit_bones.new(name)
        bone.head = (1.0 + 0.1 * number, 0.2, 0.7)
        bone.tail = (1.0 + 0.1 * number, 0.25, 0.78)
        bone.roll = 0.4 + 0.2 * number
        bone.use_deform = False
    bpy.ops.object.mode_set(mode="OBJECT")
    for name in names:
        rig.pose.bones[name].rotation_mode = "XYZ"


def make_dial_face(shapes: Sequence[str], name: str = "face", rig: Any = None) -> Any:
    """A face on which shape key n lifts vertex n by 1, so that its height is the key's value."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(float(n), 0.0, 0.0) for n in range(max(len(shapes), 3))], [], [])
    face: Any = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(face)
    face.shape_key_add(name="Basis")
    for number, shape in enumerate(shapes):
        block: Any = face.shape_key_add(name=shape, from_mix=False)
        block.data[number].co.z += 1.0
    if rig is not None:
        face.parent = rig
    return face


def make_rigged_face(shapes: Sequence[str], bones: Iterable[str] = ("slider.003",)) -> Any:
    """(armature with a head and further bones, face)."""
    rig = make_armature(mode="XYZ")
    add_bones(rig, bones)
    return rig, make_dial_face(shapes, rig=rig)


def limit_location(bone: Any, axis: str, low: float, high: float) -> None:
    """A Limit Location constraint as control rigs have it."""
    constraint: Any = bone.constraints.new("LIMIT_LOCATION")
    constraint.owner_space = "LOCAL"
    setattr(constraint, f"use_min_{axis}", True)
    setattr(constraint, f"use_max_{axis}", True)
    setattr(constraint, f"min_{axis}", low)
    setattr(constraint, f"max_{axis}", high)


def drive_by_bone(
    holder: Any,
    path: str,
    rig: Any,
    bone: str,
    kind: str,
    expression: str = "v",
    *,
    space: str = "LOCAL_SPACE",
    index: int = -1,
) -> Any:
    """A driver with one variable ``v`` that reads where a bone is."""
    fcurve: Any = holder.driver_add(path, index) if index >= 0 else holder.driver_add(path)
    variable: Any = fcurve.driver.variables.new()
    variable.name, variable.type = "v", "TRANSFORMS"
    target = variable.targets[0]
    target.id, target.bone_target = rig, bone
    target.transform_type, target.transform_space = kind, space
    fcurve.driver.type = "SCRIPTED"
    fcurve.driver.expression = expression
    return fcurve


def add_variable(fcurve: Any, name: str, source: Any, path: str) -> None:
    """One more variable of a driver."""
    variable: Any = fcurve.driver.variables.new()
    variable.name = name
    variable.targets[0].id_type = source.bl_rna.identifier.upper()
    variable.targets[0].id = source
    variable.targets[0].data_path = path


def heights(scene: Any, face: Any, frames: Iterable[int]) -> np.ndarray:
    """Heights ``(frames, vertices)`` of a dial face as Blender evaluates it."""
    rows = []
    for frame in frames:
        scene.frame_set(frame)
        moved = face.evaluated_get(bpy.context.evaluated_depsgraph_get())
        rows.append([vertex.co.z for vertex in moved.data.vertices])
    return np.array(rows)


def captured(take: Take, channel: str, frames: Iterable[int], rate: float = 24.0) -> np.ndarray:
    """A channel at scene frames, the take's start on frame 1."""
    column = take.values[:, take.names.index(channel)]
    return np.interp((np.array(list(frames)) - 1) / rate, take.times, column)


def keyed_channels() -> set[tuple[str, str, int]]:
    """(datablock that a slot animates, path, index) of every F-curve of every Action."""
    out: set[tuple[str, str, int]] = set()
    for action in bpy.data.actions:
        for bag in action.layers[0].strips[0].channelbags:
            users = [user.name for user in bag.slot.users()]
            out |= {(users[0], f.data_path, f.array_index) for f in bag.fcurves}
    return out


def driven_channels() -> set[tuple[str, str, int]]:
    """(datablock, path, index) of every value that a driver owns."""
    blocks = [*bpy.data.objects, *bpy.data.shape_keys, *bpy.data.armatures, *bpy.data.meshes]
    return {
        (block.name, f.data_path, f.array_index)
        for block in blocks
        if block.animation_data is not None
        for f in block.animation_data.drivers
    }
