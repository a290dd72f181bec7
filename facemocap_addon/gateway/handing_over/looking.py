# SPDX-License-Identifier: GPL-3.0-or-later
"""What a character does on frames of a scene: evaluated, with Actions, strips and drivers alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.handing_over.motion import Motion, Shape
from ..characters.characters import CharacterObjects
from ..scenes import scene_clock
from ..takes.character_takes import reading_stage


@dataclass(frozen=True)
class Cast:
    """A character and what hangs on it.

    Attributes
    ----------
    picked : CharacterObjects
    objects : tuple of Object
        Its own and the meshes and empties below them (eyes, teeth, hair), parents first.
    left_out : tuple of str
        Names of meshes that are switched off in the scene.
    """

    picked: CharacterObjects
    objects: tuple[bpy.types.Object, ...]
    left_out: tuple[str, ...] = ()

    @property
    def meshes(self) -> tuple[bpy.types.Object, ...]:
        """Objects that have shape keys."""
        return tuple(
            obj for obj in self.objects if obj.type == "MESH" and obj.data.shape_keys is not None
        )


@dataclass(frozen=True)
class Looked:
    """What was seen.

    Attributes
    ----------
    motion : Motion
    objects : dict of Object to (n, 4, 4) float64
        Places in the world.
    poses : dict of str to (n, 4, 4) float64
        Bones in the axes of their armature.
    """

    motion: Motion
    objects: dict[bpy.types.Object, np.ndarray] = field(
        default_factory=dict[bpy.types.Object, np.ndarray]
    )
    poses: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])


def cast_of(picked: CharacterObjects) -> Cast:
    """A character with the meshes and empties that hang on it."""
    found: dict[bpy.types.Object, None] = {}
    waiting = list(picked.objects)
    while waiting:
        obj = waiting.pop(0)
        for child in sorted(obj.children, key=lambda o: o.name_full):
            if child.type in ("MESH", "EMPTY") and child not in found:
                found[child] = None
                waiting.append(child)
    every = list(dict.fromkeys([*picked.objects, *found]))
    # what is switched off is not evaluated
    off = [obj for obj in every if obj.hide_viewport and obj.type != "ARMATURE"]
    shown = sorted((o for o in every if o not in off), key=lambda o: (_depth(o), o.name_full))
    return Cast(picked, tuple(shown), tuple(obj.name for obj in off))


def look(cast: Cast, scene: bpy.types.Scene, frames: np.ndarray) -> Looked:
    """What a character does on frames ``(n,)``; the scene keeps its frame and all values.

    Parameters
    ----------
    cast : Cast
    scene : Scene
    frames : (n,)
    """
    objects = cast.objects
    shapes = {obj: _shown_shapes(obj) for obj in cast.meshes}
    values: dict[bpy.types.Object, list[np.ndarray]] = {obj: [] for obj in shapes}
    places: dict[bpy.types.Object, list[np.ndarray]] = {obj: [] for obj in objects}
    rig = cast.picked.armature
    poses: list[np.ndarray] = []
    whole = CharacterObjects(cast.picked.name, objects, None)
    with reading_stage(whole, scene) as stage:
        layer = stage.view_layers[0]
        for frame in frames.tolist():
            stage.frame_set(int(frame), subframe=float(frame) - int(frame))
            graph: Any = layer.depsgraph
            for obj in objects:
                places[obj].append(np.array(obj.evaluated_get(graph).matrix_world))
            for obj, rows in values.items():
                keys: Any = obj.data.shape_keys.evaluated_get(graph)
                numbers = np.empty(len(keys.key_blocks), np.float32)
                keys.key_blocks.foreach_get("value", numbers)
                rows.append(numbers)
            if rig is not None:
                poses.append(read_pose(rig.evaluated_get(graph)))
    table: dict[Shape, np.ndarray] = {}
    for obj, own in shapes.items():
        stacked = np.stack(values[obj]).astype(np.float64)
        table.update({(obj.name, name): stacked[:, place] for place, name in own})
    world = {obj: np.stack(matrices) for obj, matrices in places.items()}
    bones: dict[str, np.ndarray] = {}
    if rig is not None:
        stacked = np.stack(poses)
        bones = {bone.name: stacked[:, number] for number, bone in enumerate(rig.pose.bones)}
    moved, heads = deforms(rig, world[rig], bones) if rig is not None else ({}, {})
    motion = Motion(frames, scene_clock(scene).rate_hz, table, moved, heads)
    return Looked(motion, world, bones)


def _shown_shapes(obj: bpy.types.Object) -> list[tuple[int, str]]:
    """Places and names of the shape keys that play."""
    keys = obj.data.shape_keys
    return [
        (place, block.name)
        for place, block in enumerate(keys.key_blocks)
        if block != keys.reference_key and not block.mute
    ]


def read_pose(rig: Any) -> np.ndarray:
    """Matrices ``(b, 4, 4)`` of all bones, in the axes of the armature."""
    flat = np.empty(len(rig.pose.bones) * 16, np.float32)
    rig.pose.bones.foreach_get("matrix", flat)
    # Blender gives columns first
    return flat.reshape(-1, 4, 4).transpose(0, 2, 1).astype(np.float64)


def deforms(
    rig: bpy.types.Object, world: np.ndarray, poses: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What bones make of what was at rest ``(n, 4, 4)``, and where they begin ``(3,)``.

    Parameters
    ----------
    rig : Object
    world : (n, 4, 4)
        Places of the armature.
    poses : dict of str to (n, 4, 4)
        Bones in its axes.
    """
    back = np.linalg.inv(world[0])
    moved: dict[str, np.ndarray] = {}
    heads: dict[str, np.ndarray] = {}
    for bone in rig.data.bones:
        rest = np.array(bone.matrix_local)
        moved[bone.name] = world @ poses[bone.name] @ np.linalg.inv(rest) @ back
        heads[bone.name] = (world[0] @ rest)[:3, 3]
    return moved, heads


def _depth(obj: bpy.types.Object) -> int:
    depth = 0
    while obj.parent is not None:
        obj, depth = obj.parent, depth + 1
    return depth
