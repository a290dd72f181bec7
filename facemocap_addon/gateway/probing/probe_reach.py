# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bones and which of their channels a person can get hold of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from ...core.controls import BONE, Control


def reachable_bones(armature: bpy.types.Object) -> frozenset[str]:
    """Names of the bones that a person can pose.

    Generated rigs hold hundreds of helper bones in hidden collections, locked, without a shape. A
    bone with a shape of its own is meant for a person even while its collection is hidden. Where
    shapes mark the controls, constrained deform bones without one are what those controls move.
    """
    bones: Any = armature.pose.bones
    shaped = any(b.custom_shape is not None and not b.bone.use_deform for b in bones)
    found: set[str] = set()
    for bone in bones:
        if all(_is_locked(bone, path, axis) for path in _PATHS for axis in range(3)):
            continue
        if bone.custom_shape is None:
            if not _is_shown(bone):
                continue
            if shaped and bone.bone.use_deform and _is_constrained(bone):
                continue
        found.add(bone.name)
    return frozenset(found)


def is_locked(armature: bpy.types.Object, control: Control) -> bool:
    """Whether a bone's channel is locked against a person's hand."""
    if control.kind != BONE:
        return False
    path = "rotation" if control.is_rotation else "location"
    return _is_locked(armature.pose.bones[control.name], path, control.index)


def free_controls(
    armature: bpy.types.Object | None, controls: Iterable[Control]
) -> tuple[Control, ...]:
    """Those of the controls that may be keyed: no driver, no lock, within a person's reach."""
    free = [control for control in controls if not control.driven_by]
    if armature is None:
        return tuple(c for c in free if c.kind != BONE)
    within = reachable_bones(armature)
    return tuple(
        c for c in free if c.kind != BONE or (c.name in within and not is_locked(armature, c))
    )


_PATHS = ("location", "rotation")


def _is_locked(bone: Any, path: str, axis: int) -> bool:
    return bool(getattr(bone, f"lock_{path}")[axis])


def _is_constrained(bone: Any) -> bool:
    return any(not c.mute and c.influence > 0 for c in bone.constraints)


def _is_shown(bone: Any) -> bool:
    # Blender 5 hides pose bones by themselves, before it was the armature's bones
    if getattr(bone, "hide", bone.bone.hide):
        return False
    collections = bone.bone.collections
    return not len(collections) or any(c.is_visible_effectively for c in collections)
