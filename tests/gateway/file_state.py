# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file holds, written down generically: what Blender's RNA lists, not what we know of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

#: Handles are numbered per session; what they mean is written down by identifier.
_SKIP = {"rna_type", "action_slot_handle", "handle", "is_evaluated", "session_uid"}


def simple_values(struct: Any) -> dict[str, Any]:
    """All numbers, strings, enums and pointers to datablocks of a struct."""
    out: dict[str, Any] = {}
    for prop in struct.bl_rna.properties:
        name = prop.identifier
        if name in _SKIP:
            continue
        if prop.type == "POINTER":
            value = getattr(struct, name)
            if isinstance(value, bpy.types.ID):
                out[name] = value.name_full
            elif isinstance(value, bpy.types.ActionSlot):
                out[name] = value.identifier
        elif prop.type != "COLLECTION":
            value = getattr(struct, name)
            out[name] = tuple(value) if getattr(prop, "is_array", False) else value
    return out


def curve_state(fcurve: bpy.types.FCurve) -> dict[str, Any]:
    """Everything about an F-curve, keys as bytes."""
    points = fcurve.keyframe_points
    state = simple_values(fcurve)
    for name, width in (("co", 2), ("handle_left", 2), ("handle_right", 2)):
        numbers = np.empty(len(points) * width, np.float32)
        points.foreach_get(name, numbers)
        state[name] = numbers.tobytes()
    for name in ("interpolation", "type", "handle_left_type", "handle_right_type"):
        state[f"keys {name}"] = [getattr(point, name) for point in points]
    state["modifiers"] = [simple_values(modifier) for modifier in fcurve.modifiers]
    return state


def action_state(action: bpy.types.Action) -> dict[str, Any]:
    """Slots and curves of an Action."""
    bags = {
        bag.slot.identifier: [curve_state(fcurve) for fcurve in bag.fcurves]
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
    }
    return {
        "values": {k: v for k, v in simple_values(action).items() if k != "users"},
        "slots": [slot.identifier for slot in action.slots],
        "bags": bags,
    }


def animation_state(datablock: bpy.types.ID) -> Any:
    """Animation data: Action, slot, NLA and drivers; None where there is none."""
    data = datablock.animation_data
    if data is None:
        return None
    return {
        "values": simple_values(data),
        "slot": data.action_slot.identifier if data.action_slot else None,
        "tracks": [
            {
                "values": simple_values(track),
                "strips": [
                    {**simple_values(strip), "curves": [curve_state(f) for f in strip.fcurves]}
                    for strip in track.strips
                ],
            }
            for track in data.nla_tracks
        ],
        "drivers": [{**curve_state(f), "driver": simple_values(f.driver)} for f in data.drivers],
    }


def file_state(scene: bpy.types.Scene, *, without_texts: bool = True) -> dict[str, Any]:
    """Animation, animated values and scene settings of the whole file."""
    names: dict[str, list[str]] = {}
    animation: dict[str, Any] = {}
    actions: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for prop in bpy.data.bl_rna.properties:
        skipped = {"all_ids", "texts"} if without_texts else {"all_ids"}
        if prop.type != "COLLECTION" or prop.identifier in skipped:
            continue
        members = list(getattr(bpy.data, prop.identifier))
        names[prop.identifier] = [member.name_full for member in members]
        for member in members:
            where = f"{prop.identifier} {member.name_full}"
            if hasattr(member, "animation_data"):
                animation[where] = animation_state(member)
            if isinstance(member, bpy.types.Action):
                actions[where] = action_state(member)
            if isinstance(member, bpy.types.Key):
                values[where] = [simple_values(block) for block in member.key_blocks]
            if isinstance(member, bpy.types.Object):
                values[where] = _object_values(member)
            if isinstance(member, bpy.types.Armature | bpy.types.Mesh):
                values[where] = _custom(member)
    return {
        "names": names,
        "animation": animation,
        "actions": actions,
        "values": values,
        "scene": [
            scene.frame_start,
            scene.frame_end,
            scene.frame_current,
            scene.frame_preview_start,
            scene.frame_preview_end,
            scene.use_preview_range,
            scene.render.fps,
            scene.render.fps_base,
            scene.sync_mode,
        ],
    }


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    """Paths at which two states differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[str] = []
        for key in dict.fromkeys([*before, *after]):
            missing = object()
            one, two = before.get(key, missing), after.get(key, missing)
            if one is missing or two is missing:
                found.append(f"{where}/{key}: only {'after' if one is missing else 'before'}")
            else:
                found += differences(one, two, f"{where}/{key}")
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            text
            for number, (one, two) in enumerate(zip(before, after, strict=True))
            for text in differences(one, two, f"{where}[{number}]")
        ]
    return [] if before == after else [f"{where}: {str(before)[:120]} -> {str(after)[:120]}"]


def _object_values(obj: Any) -> dict[str, Any]:
    state: dict[str, Any] = {"custom": _custom(obj)}
    for name in ("location", "rotation_euler", "rotation_quaternion", "scale"):
        state[name] = tuple(getattr(obj, name))
    if obj.pose is not None:
        for bone in obj.pose.bones:
            state[bone.name] = {
                "mode": bone.rotation_mode,
                "location": tuple(bone.location),
                "euler": tuple(bone.rotation_euler),
                "quaternion": tuple(bone.rotation_quaternion),
                "axis angle": tuple(bone.rotation_axis_angle),
                "custom": _custom(bone),
            }
    return state


def _custom(owner: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in owner.items()
        if isinstance(value, int | float | str) or value is None
    }


def pose_matrices(
    scene: bpy.types.Scene, rig: bpy.types.Object, frames: Sequence[int]
) -> dict[str, np.ndarray]:
    """Evaluated world matrices per bone, ``(n, 4, 4)``."""
    out: dict[str, list[np.ndarray]] = {bone.name: [] for bone in rig.pose.bones}
    for frame in frames:
        scene.frame_set(frame)
        moved = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for bone in moved.pose.bones:
            out[bone.name].append(np.array(moved.matrix_world @ bone.matrix))
    return {name: np.stack(matrices) for name, matrices in out.items()}


def basis_quaternions(
    scene: bpy.types.Scene, rig: bpy.types.Object, frames: Sequence[int]
) -> dict[str, np.ndarray]:
    """Evaluated local rotation per bone as unit quaternions ``(n, 4)``, whatever its mode."""
    out: dict[str, list[np.ndarray]] = {bone.name: [] for bone in rig.pose.bones}
    for frame in frames:
        scene.frame_set(frame)
        moved = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for bone in moved.pose.bones:
            out[bone.name].append(np.array(bone.matrix_basis.to_quaternion()))
    return {name: np.stack(quaternions) for name, quaternions in out.items()}


def shape_values(
    scene: bpy.types.Scene, face: bpy.types.Object, frames: Sequence[int]
) -> dict[str, np.ndarray]:
    """Evaluated shape key values ``(n,)``."""
    out: dict[str, list[float]] = {b.name: [] for b in face.data.shape_keys.key_blocks}
    for frame in frames:
        scene.frame_set(frame)
        keys = face.data.shape_keys.evaluated_get(bpy.context.evaluated_depsgraph_get())
        for block in keys.key_blocks:
            out[block.name].append(block.value)
    return {name: np.array(numbers) for name, numbers in out.items()}
