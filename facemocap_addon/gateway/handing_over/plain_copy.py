# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a character with plain keys on every frame, in a scene of its own: what is exported.

Exporters follow neither drivers nor constraints nor NLA into their files, and they move the scene
that they export. So they get a copy that plays by keys alone, and the character stays untouched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

from ...core.curves import Curve
from ...core.handing_over.transforms import join_transforms, split_transforms
from ...core.rotations import continuous
from ..characters.characters import bone_path, shape_path
from ..files.rig_files import in_scene
from ..writing.keys import slot_channelbag, write_curves
from .looking import Cast, Looked
from .throwaway import only_for_now

_PARENTS = ("OBJECT", "ARMATURE", "BONE")
#: Parts of a matrix that differ by more are no matter of rounding.
_SHEARED = 1e-3
_Keys = list[tuple[str, np.ndarray]]


@contextmanager
def plain_copy(
    cast: Cast, scene: bpy.types.Scene, looked: Looked, name: str
) -> Iterator[tuple[bpy.types.Scene, list[str]]]:
    """A scene called ``name`` that shows the copy under the character's own names.

    The scene is gone when the block ends, and with it all that came into the file meanwhile; the
    character has its names again. Beside it names of bones that are sheared, which keys and files
    cannot hold.
    """
    named: list[tuple[Any, str]] = []
    try:
        with only_for_now():
            stage = bpy.data.scenes.new(name)
            copies = _copy(cast, named)
            _set_clock(stage, scene, looked.motion.frames)
            for obj in cast.objects:
                stage.collection.objects.link(copies[obj])
            rig = cast.picked.armature
            if rig is not None:
                _loosen(stage, copies[rig])
            sheared: list[str] = []
            for obj in cast.objects:
                sheared += _key_object(obj, copies, looked)
                _key_shapes(copies[obj], looked)
            layer = stage.view_layers[0]
            layer.objects.active = copies[rig] if rig is not None else next(iter(copies.values()))
            # makes its values those that exporters read
            layer.update()
            stage.frame_set(int(looked.motion.frames[0]))
            yield stage, sheared
    finally:
        for datablock, own in named:
            datablock.name = own


def _copy(cast: Cast, named: list[tuple[Any, str]]) -> dict[bpy.types.Object, bpy.types.Object]:
    """Copies of all objects that follow nothing but each other."""
    copies: dict[bpy.types.Object, bpy.types.Object] = {}
    data: dict[Any, Any] = {}
    for obj in cast.objects:
        copy: Any = obj.copy()
        copies[obj] = copy
        _take_name(copy, obj, named)
        if obj.data is not None:
            if obj.data not in data:
                data[obj.data] = obj.data.copy()
                _take_name(data[obj.data], obj.data, named)
            copy.data = data[obj.data]
    for copy in copies.values():
        _make_plain(copy, copies)
    return copies


def _take_name(copy: Any, own: Any, named: list[tuple[Any, str]]) -> None:
    """Give a copy the name of what it was made of; that one gets it back in the end."""
    name = own.name
    if own.library is None:
        named.append((own, name))
        own.name = f"{name[:40]} (Face Mocap)"
    copy.name = name


def _make_plain(copy: Any, copies: dict[bpy.types.Object, bpy.types.Object]) -> None:
    """No animation, drivers, constraints or limits, and only the modifiers that exports know."""
    for datablock in (copy, copy.data, getattr(copy.data, "shape_keys", None)):
        if datablock is not None:
            datablock.animation_data_clear()
    copy.constraints.clear()
    copy.hide_viewport = copy.hide_render = copy.hide_select = False
    for modifier in list(copy.modifiers):
        if modifier.type == "ARMATURE" and modifier.object in copies:
            modifier.object = copies[modifier.object]
            modifier.show_viewport = modifier.show_render = True
        else:
            copy.modifiers.remove(modifier)
    if copy.parent in copies and copy.parent_type in _PARENTS:
        kept = copy.parent_type, copy.parent_bone, copy.matrix_parent_inverse.copy()
        copy.parent = copies[copy.parent]
        copy.parent_type, copy.parent_bone, copy.matrix_parent_inverse = kept
    else:
        copy.parent = None
    for attribute in ("delta_location", "delta_rotation_euler"):
        setattr(copy, attribute, (0.0, 0.0, 0.0))
    copy.delta_rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    copy.delta_scale = (1.0, 1.0, 1.0)
    copy.rotation_mode = "QUATERNION"
    if copy.type == "MESH":
        copy.show_only_shape_key = False
        copy.active_shape_key_index = 0
    if copy.pose is not None:
        copy.data.pose_position = "POSE"
        for bone in copy.pose.bones:
            for constraint in list(bone.constraints):
                bone.constraints.remove(constraint)
            bone.rotation_mode = "QUATERNION"
            # what files know of bones: they inherit everything
            own = bone.bone
            own.use_inherit_rotation, own.inherit_scale = True, "FULL"
            own.use_local_location, own.use_relative_parent = True, False


def _loosen(stage: bpy.types.Scene, rig: Any) -> None:
    """Disconnect bones: those that are connected follow no place of their own."""
    if not any(bone.use_connect for bone in rig.data.bones):
        return
    with in_scene(stage, rig):
        bpy.ops.object.mode_set(mode="EDIT")
        for bone in rig.data.edit_bones:
            bone.use_connect = False
        bpy.ops.object.mode_set(mode="OBJECT")


def _set_clock(stage: bpy.types.Scene, scene: bpy.types.Scene, frames: np.ndarray) -> None:
    stage.render.fps, stage.render.fps_base = scene.render.fps, scene.render.fps_base
    stage.frame_end = int(frames[-1])
    stage.frame_start = int(frames[0])
    for name in ("system", "scale_length", "length_unit"):
        setattr(stage.unit_settings, name, getattr(scene.unit_settings, name))


# --- keys ----------------------------------------------------------------------------------------


def _key_object(
    obj: bpy.types.Object, copies: dict[bpy.types.Object, bpy.types.Object], looked: Looked
) -> list[str]:
    """Places of an object, and of its bones; names of those of which something is lost."""
    copy: Any = copies[obj]
    keys: _Keys = []
    lost: list[str] = []
    _put(copy, _local(obj, copy, looked), keys)
    if copy.pose is not None:
        got: dict[str, np.ndarray] = {}
        for bone in _parents_first(copy.pose.bones):
            keyed: _Keys = []
            above = _above(bone, got)
            basis = _put(bone, np.linalg.inv(above) @ looked.poses[bone.name], keyed)
            # what is lost of a bone (shear) must not be lost of those below it
            got[bone.name] = above @ basis
            if float(np.abs(got[bone.name] - looked.poses[bone.name]).max()) > _SHEARED:
                lost.append(bone.name)
            keys += [(bone_path(bone.name, path), values) for path, values in keyed]
    _write(copy, keys, looked.motion.frames)
    return lost


def _local(obj: bpy.types.Object, copy: Any, looked: Looked) -> np.ndarray:
    """Own transforms ``(n, 4, 4)`` that bring a copy where the object is."""
    world = looked.objects[obj]
    parent: Any = obj.parent
    if copy.parent is None:
        return world
    above = looked.objects[parent]
    if copy.parent_type == "BONE":
        bone = parent.data.bones[copy.parent_bone]
        above = above @ looked.poses[bone.name] @ np.array(Matrix.Translation((0, bone.length, 0)))
    return np.linalg.inv(above @ np.array(copy.matrix_parent_inverse)) @ world


def _parents_first(bones: Any) -> list[Any]:
    return sorted(bones, key=lambda bone: len(bone.parent_recursive))


def _above(bone: Any, got: dict[str, np.ndarray]) -> np.ndarray:
    """Where a bone that inherits everything is without transforms of its own, ``(n, 4, 4)``."""
    rest = np.array(bone.bone.matrix_local)
    if bone.parent is None:
        return rest[None]
    return got[bone.parent.name] @ np.linalg.inv(np.array(bone.parent.bone.matrix_local)) @ rest


def _put(holder: Any, matrices: np.ndarray, keys: _Keys) -> np.ndarray:
    """Put transforms ``(n, 4, 4)`` on an object or bone, as keys where they move; what was put."""
    places, turns, sizes = split_transforms(matrices)
    turns = continuous(turns)
    for path, values in (("location", places), ("rotation_quaternion", turns), ("scale", sizes)):
        setattr(holder, path, values[0].tolist())
        if np.ptp(values, axis=0).max(initial=0.0) > 0:
            keys.append((path, values))
    return join_transforms(places, turns, sizes)


def _key_shapes(copy: Any, looked: Looked) -> None:
    """Values of shape keys; those that are muted are at nought."""
    blocks = getattr(copy.data, "shape_keys", None)
    if copy.type != "MESH" or blocks is None:
        return
    keys: _Keys = []
    for block in blocks.key_blocks:
        values = looked.motion.shapes.get((copy.name, block.name))
        block.value = 0.0 if values is None else float(values[0])
        if values is not None and np.ptp(values) > 0:
            keys.append((shape_path(block.name), values[:, None]))
    _write(blocks, keys, looked.motion.frames)


def _write(datablock: Any, keys: _Keys, frames: np.ndarray) -> None:
    """One Action of its own with keys on the frames."""
    if not keys:
        return
    action = bpy.data.actions.new(f"{datablock.name} keys")
    kind = "KEY" if isinstance(datablock, bpy.types.Key) else "OBJECT"
    slot = action.slots.new(kind, datablock.name)
    frames32 = frames.astype(np.float32)
    curves = [
        Curve(path, index, frames32, values[:, index].astype(np.float32))
        for path, values in keys
        for index in range(values.shape[1])
    ]
    write_curves(slot_channelbag(action, slot), curves)
    data = datablock.animation_data_create()
    data.action = action
    data.action_slot = slot
