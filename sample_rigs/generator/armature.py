# SPDX-License-Identifier: GPL-3.0-or-later
"""Armatures and vertex groups in Blender."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from .base import Character, Skinned
from .bones import in_style
from .distance import Array

_FORWARD_BONE_Z = Vector((0, 0, -1))
_UPRIGHT_BONE_Z = Vector((0, -1, 0))
WEIGHT_DIGITS = 5


def add_armature(
    character: Character,
    collection: bpy.types.Collection,
    to_blender: Callable[[Array], NDArray[np.float32]],
) -> bpy.types.Object:
    """The armature PREFIX_rig with the character's bones, axes as `bones` documents."""
    name = f"{character.prefix}_rig"
    data = bpy.data.armatures.new(name)
    rig = bpy.data.objects.new(name, data)
    collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for base in character.bones:
        bone = in_style(base, character.style)
        made = data.edit_bones.new(bone.name)
        made.head, made.tail = (Vector(p) for p in to_blender(np.array([bone.head, bone.tail])))
        along = made.tail - made.head
        made.align_roll(_UPRIGHT_BONE_Z if along.z > abs(along.y) else _FORWARD_BONE_Z)
        made.use_deform = bone.deform
        if bone.parent:
            made.parent = data.edit_bones[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    data.display_type = "STICK"
    rig.show_in_front = True
    for bone in character.bones:
        pose = rig.pose.bones[bone.name]
        pose.rotation_mode = bone.mode
        if bone.follows:
            copy = pose.constraints.new("COPY_ROTATION")
            copy.name = f"Follow {bone.follows}"
            copy.target, copy.subtarget = rig, bone.follows
            copy.owner_space = copy.target_space = "LOCAL"
            copy.influence = bone.follow_share
            if bone.adds_pitch:
                copy.mix_mode = "ADD"
                copy.use_y = copy.use_z = False
    return rig


def bind(ob: bpy.types.Object, skinned: Skinned, rig: bpy.types.Object) -> None:
    """Vertex groups, the Armature modifier, and the armature as parent."""
    for bone, weights in skinned.weights.items():
        w = np.round(weights, WEIGHT_DIGITS)
        inside = np.nonzero(w > 0)[0]
        if not len(inside):
            continue
        group = ob.vertex_groups.new(name=bone)
        for value in np.unique(w[inside]):
            group.add(inside[w[inside] == value].tolist(), float(value), "REPLACE")
    modifier = ob.modifiers.new("Armature", "ARMATURE")
    modifier.object = rig
    ob.parent = rig
