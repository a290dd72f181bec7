# SPDX-License-Identifier: GPL-3.0-or-later
"""Animated things of every kind for curve tools, and the editor that they are used in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy as blender
import numpy as np

# bpy's stubs do not know what an add-on registers
bpy: Any = blender

_ATTRIBUTES = (
    ("co", 2, np.float32), ("handle_left", 2, np.float32), ("handle_right", 2, np.float32),
    ("back", 1, np.float32), ("amplitude", 1, np.float32), ("period", 1, np.float32),
    ("handle_left_type", 1, np.uint8), ("handle_right_type", 1, np.uint8),
    ("interpolation", 1, np.uint8), ("easing", 1, np.uint8), ("type", 1, np.uint8),
    ("select_control_point", 1, np.bool_), ("select_left_handle", 1, np.bool_),
    ("select_right_handle", 1, np.bool_),
)  # fmt: skip
LAST = 60


def shaped_mesh(name: str, shapes: tuple[str, ...], last: int = LAST) -> Any:
    """A mesh whose shape keys are keyed on every frame by hand."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(obj)
    obj.shape_key_add(name="Basis")
    for number, shape in enumerate(shapes):
        key = obj.shape_key_add(name=shape, from_mix=False)
        path = f'key_blocks["{shape}"].value'
        _key(key.id_data, path, 0, 0.5 + 0.4 * np.sin(np.arange(last) / 7 + number))
    return obj


def posed_rig(name: str = "rig") -> Any:
    """An armature: a bone turned by a quaternion, one by Euler angles, and a property."""
    armature = bpy.data.armatures.new(name)
    obj = bpy.data.objects.new(name, armature)
    bpy.context.scene.collection.objects.link(obj)
    bpy.context.view_layer.objects.active = obj
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in ("head", "jaw"):
        made = armature.edit_bones.new(bone)
        made.head, made.tail = (0, 0, 0), (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    obj.pose.bones["jaw"].rotation_mode = "XYZ"
    for bone in obj.pose.bones:
        # a bone's own flag moved from the bone to the pose in Blender 5
        holder = bone if hasattr(bone, "select") else bone.bone
        holder.select = True
    obj["smile"] = 0.0
    obj.id_properties_ui("smile").update(default=0.25)
    at = np.arange(LAST) / 8
    half = 0.6 * np.sin(at)
    columns = (np.cos(half), 0.8 * np.sin(half), 0.6 * np.sin(half), np.zeros(LAST))
    for index, column in enumerate(columns):
        _key(obj, 'pose.bones["head"].rotation_quaternion', index, column)
    for index in range(3):
        _key(obj, 'pose.bones["jaw"].rotation_euler', index, 0.3 * np.sin(at + index))
    _key(obj, '["smile"]', 0, 0.5 + 0.5 * np.sin(at))
    return obj


def _key(datablock: Any, path: str, index: int, values: Any) -> None:
    data = datablock.animation_data_create()
    if data.action is None:
        data.action = bpy.data.actions.new(f"{datablock.name} action")
        data.action_slot = data.action.slots.new(
            id_type="KEY" if isinstance(datablock, blender.types.Key) else "OBJECT",
            name=datablock.name,
        )
    action: Any = data.action
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    bag = strip.channelbag(data.action_slot, ensure=True)
    fcurve = bag.fcurves.new(path, index=index)
    fcurve.keyframe_points.add(len(values))
    co = np.stack([np.arange(1.0, len(values) + 1), values], axis=1).astype(np.float32)
    fcurve.keyframe_points.foreach_set("co", co.ravel())
    fcurve.update()
    fcurve.select = True
    select_keys(fcurve)


def select_keys(fcurve: Any, low: float = -1e9, high: float = 1e9) -> None:
    """Select the keys of a curve from one frame to another, and no others."""
    points = fcurve.keyframe_points
    co = np.empty(2 * len(points), np.float32)
    points.foreach_get("co", co)
    inside = (co[::2] >= low) & (co[::2] <= high)
    for name in ("select_control_point", "select_left_handle", "select_right_handle"):
        points.foreach_set(name, inside)


def curves(datablock: Any) -> dict[tuple[str, int], Any]:
    """F-curves that play on a datablock, by path and index."""
    data = datablock.animation_data
    bags = [
        strip.channelbag(data.action_slot) for layer in data.action.layers for strip in layer.strips
    ]
    return {(f.data_path, f.array_index): f for bag in bags if bag for f in bag.fcurves}


def state(datablock: Any) -> dict[tuple[str, int], bytes]:
    """Every number of every key that plays on a datablock."""
    out: dict[tuple[str, int], bytes] = {}
    for place, fcurve in curves(datablock).items():
        points, parts = fcurve.keyframe_points, []
        for name, width, kind in _ATTRIBUTES:
            array = np.empty(len(points) * width, kind)
            points.foreach_get(name, array)
            parts.append(array.tobytes())
        out[place] = b"".join(parts)
    return out


def heights(fcurve: Any) -> Any:
    """Values of a curve's keys."""
    co = np.empty(2 * len(fcurve.keyframe_points), np.float32)
    fcurve.keyframe_points.foreach_get("co", co)
    return co[1::2].astype(np.float64)


@contextmanager
def editor(*objects: Any, kind: str = "GRAPH_EDITOR") -> Iterator[Any]:
    """A Graph Editor or Dope Sheet that shows selected objects."""
    bpy.context.view_layer.update()
    for each in bpy.context.view_layer.objects:
        each.select_set(each in objects)
    if objects:
        bpy.context.view_layer.objects.active = objects[0]
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[-1]
    before, area.type = area.type, kind
    region = next(region for region in area.regions if region.type == "WINDOW")
    try:
        with bpy.context.temp_override(window=window, area=area, region=region):
            yield bpy.context
    finally:
        # other tests look for this one's area
        bpy.context.window_manager.windows[0].screen.areas[-1].type = before
