# SPDX-License-Identifier: GPL-3.0-or-later
"""Where control values go: the animated datablock of each control, and its curves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np

from ...core.controls import BONE, PROPERTY, ControlKey
from ...core.curves import INTERPOLATION, Curve
from ...core.rig_maps.retargeting import SolveResult
from ...core.rotations import continuous, from_vector, to_axis_angle, to_euler
from ..characters.characters import CharacterObjects, bone_path, owner_object, rotation_channel

#: One component of an array at the end of a path: ``location[1]``.
_COMPONENT = re.compile(r"(?<=\w)\[(\d+)\]$")
_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(location|rotation)$')


@dataclass
class Target:
    """One animated datablock: its curves, and those of them that turn the head and neck.

    ``columns`` are the places of the controls that each path's curves come from.
    """

    datablock: Any
    curves: list[Curve] = field(default_factory=list)
    head_paths: set[str] = field(default_factory=set)
    columns: dict[str, list[int]] = field(default_factory=dict[str, "list[int]"])

    @property
    def slot_type(self) -> Any:
        """The kind of slot that this datablock takes."""
        return {"Key": "KEY", "Armature": "ARMATURE", "Mesh": "MESH"}.get(
            self.datablock.bl_rna.identifier, "OBJECT"
        )


def missing_controls(picked: CharacterObjects, controls: Sequence[ControlKey]) -> list[str]:
    """Descriptions of controls that do not exist (any more) on the character."""
    missing: list[str] = []
    for control in controls:
        owner = owner_object(picked, control.owner, control.kind)
        try:
            if control.kind == BONE:
                found = _BONE.match(control.path)
                usable = found and owner.path_resolve(f'pose.bones["{found.group(1)}"]')
            else:
                holder = owner if control.kind == PROPERTY else owner.data.shape_keys
                usable = isinstance(holder.path_resolve(control.path), int | float)
        except (ValueError, KeyError, AttributeError):
            usable = False
        if not usable:
            missing.append(f"{control.owner}: {control.path}")
    return missing


def make_targets(
    picked: CharacterObjects,
    solved: SolveResult,
    frames: np.ndarray,
    *,
    drop_unknown: bool,
    head_bones: frozenset[str],
) -> list[Target]:
    """Curves of every control, by animated datablock.

    Parameters
    ----------
    picked : CharacterObjects
    solved : SolveResult
        ``(n, k)`` values.
    frames : (n,) float
        Scene frame of each sample.
    drop_unknown : bool
        Leave out keys where nothing was recorded (keys on capture times); the straight line
        between the neighbours is the same motion.
    head_bones : frozenset of str
        Names of the bones that turn the head, which may blend differently.
    """
    targets: dict[str, Target] = {}
    bones: dict[tuple[str, str, str], dict[int, int]] = {}
    frames32 = frames.astype(np.float32)
    for column, control in enumerate(solved.controls):
        obj = owner_object(picked, control.owner, control.kind)
        if control.kind == BONE:
            found = _BONE.match(control.path)
            assert found is not None, control.path
            name = bpy.utils.unescape_identifier(found.group(1))
            bones.setdefault((control.owner, name, found.group(2)), {})[control.index] = column
            continue
        keep = solved.known[:, column] if drop_unknown else slice(None)
        if control.kind == PROPERTY:
            datablock: Any = obj.data if control.path.startswith("data[") else obj
            path, group = control.path.removeprefix("data"), "Properties"
        else:
            datablock, path, group = obj.data.shape_keys, control.path, "Shape Keys"
        component = _COMPONENT.search(path)
        curve = Curve(
            path[: component.start()] if component else path,
            int(component.group(1)) if component else 0,
            frames32[keep],
            solved.values[keep, column].astype(np.float32),
            group=group,
        )
        # a channel that was lost all the while leaves nothing to key
        if curve.keys:
            target = _target(targets, datablock)
            target.curves.append(curve)
            target.columns.setdefault(curve.path, []).append(column)
    for (owner, name, channel), columns in bones.items():
        obj = owner_object(picked, owner, BONE)
        known = np.all(solved.known[:, list(columns.values())], axis=1)
        if drop_unknown and not known.any():
            continue
        target = _target(targets, obj)
        keep = known if drop_unknown else slice(None)
        values = np.zeros((len(frames), 3))
        for index, column in columns.items():
            values[:, index] = solved.values[:, column]
        curves = _bone_curves(obj.pose.bones[name], channel, values[keep], frames32[keep], columns)
        target.curves += curves
        target.columns.setdefault(curves[0].path, []).extend(columns.values())
        if name in head_bones:
            target.head_paths.update(curve.path for curve in curves)
    return list(targets.values())


def _target(targets: dict[str, Target], datablock: bpy.types.ID) -> Target:
    key = f"{datablock.bl_rna.identifier} {datablock.name_full}"
    return targets.setdefault(key, Target(datablock))


def _bone_curves(
    pose: bpy.types.PoseBone,
    channel: str,
    values: np.ndarray,
    frames: np.ndarray,
    columns: dict[int, int],
) -> list[Curve]:
    """Curves of one bone's location, or of its rotation in the mode the bone has."""
    if channel == "location":
        path = bone_path(pose.name, "location")
        indices = sorted(columns)
        parts = values[:, indices]
    else:
        path = bone_path(pose.name, rotation_channel(pose))
        parts = _in_mode(values, pose.rotation_mode)
        indices = list(range(parts.shape[1]))
    return [
        Curve(
            path,
            index,
            frames,
            parts[:, place].astype(np.float32),
            interpolation=INTERPOLATION["LINEAR"],
            group=pose.name,
        )
        for place, index in enumerate(indices)
    ]


def _in_mode(vectors: np.ndarray, mode: str) -> np.ndarray:
    """Rotation vectors ``(n, 3)`` as a bone of this rotation mode stores them."""
    quaternions = continuous(from_vector(vectors))
    if mode == "QUATERNION":
        return quaternions
    if mode == "AXIS_ANGLE":
        return to_axis_angle(quaternions)
    return to_euler(quaternions, mode)
