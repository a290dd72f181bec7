# SPDX-License-Identifier: GPL-3.0-or-later
"""Bones and properties of a copied character, moved and measured as Blender evaluates it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import bpy
import numpy as np
from mathutils import Quaternion

from ...core.controls import BONE, Control
from ...core.probing.scan import Motion, linearity
from ...core.rotations import from_vector
from ..characters.characters import owner_object
from ..data_paths import split_path
from .probe_copy import Ruler, Standin

#: How far a bone is turned, one way and the other (radians): about a wide open jaw.
TURN_RAD = 0.35
#: How far a bone is moved, as a part of the face's size.
MOVE_SHARE = 0.1
#: A vertex moves when it goes this far, as a part of the face's size.
LEAST_SHARE = 1e-4


class Mover:
    """Sets controls of the copy, reads what moved, and lays them back."""

    def __init__(self, copy: Standin, ruler: Ruler, size_m: float) -> None:
        self._copy = copy
        self._ruler = ruler
        self._move_m = MOVE_SHARE * size_m
        self._least_m = LEAST_SHARE * size_m
        self._scale = 1.0
        if copy.armature is not None:
            matrix = np.array(copy.armature.evaluated_get(copy.evaluate()).matrix_world)
            self._scale = float(np.cbrt(abs(np.linalg.det(matrix[:3, :3])))) or 1.0
        self.rest = ruler.points()

    def nudge(self, controls: Sequence[Control]) -> np.ndarray:
        """Points ``(n,)`` that move at all when all of one bone or a property is moved."""
        # unequal parts, so that a bone's components do not undo each other
        amounts = {c: self.amounts(c)[-1] * (1 - 0.2 * c.index) for c in controls}
        return np.abs(self.displacement(amounts)).max(axis=1) > self._least_m

    def amounts(self, control: Control) -> tuple[float, ...]:
        """Values at which a control is measured, the upward one last."""
        if control.kind == BONE:
            full = TURN_RAD if control.is_rotation else self._move_m / self._scale
            return (-full, full)
        low, high = control.range
        ends = tuple(float(end) for end in (low, high) if abs(end) > 1e-9)
        return ends or (1.0,)

    def measure(self, group: Sequence[tuple[Control, np.ndarray]]) -> list[Motion]:
        """Motions of controls that share no point, moved together.

        ``group`` holds each control with the points ``(n,)`` that may move with it.
        """
        ends = {control: self.amounts(control) for control, _ in group}
        fields = [
            self.displacement({c: values[turn] for c, values in ends.items() if turn < len(values)})
            for turn in range(max(len(values) for values in ends.values()))
        ]
        rows = {
            control: [
                np.flatnonzero(support & (np.abs(fields[turn]).max(axis=1) > self._least_m))
                for turn in range(len(ends[control]))
            ]
            for control, support in group
        }
        # half the amount is worth a look where nothing is known of the other way
        single = {c: both for c, both in rows.items() if not all(map(len, both)) or len(both) < 2}
        found: list[Motion] = []
        for turn in range(len(fields)):
            alone = {
                c: 0.5 * ends[c][turn]
                for c, both in single.items()
                if turn < len(both) and len(both[turn])
            }
            half = self.displacement(alone) if alone else None
            for control, _ in group:
                if turn >= len(rows[control]) or not len(rows[control][turn]):
                    continue
                own = rows[control][turn]
                full = fields[turn][own]
                if control in alone and half is not None:
                    halfway = half[own]
                else:
                    halfway = _halfway(full, fields[1 - turn][own])
                straight = linearity(halfway, full)
                found.append(Motion(control, ends[control][turn], own, full, straight))
        return found

    def displacement(self, amounts: Mapping[Control, float]) -> np.ndarray:
        """Where a pose takes all points ``(n, 3)`` from rest; afterwards the copy is at rest."""
        try:
            self._set(amounts)
            return self._ruler.points() - self.rest
        finally:
            self._set(dict.fromkeys(amounts, 0.0))

    def _set(self, amounts: Mapping[Control, float]) -> None:
        turns: dict[str, np.ndarray] = {}
        for control, amount in amounts.items():
            if control.kind != BONE:
                _set_property(self._copy, control, control.rest + amount)
                continue
            if control.is_rotation:
                turns.setdefault(control.name, np.zeros(3))[control.index] = amount
            else:
                self._copy.armature.pose.bones[control.name].location[control.index] = amount
        for name, vector in turns.items():
            _turn(self._copy.armature.pose.bones[name], vector)


def _halfway(full: np.ndarray, opposite: np.ndarray) -> np.ndarray:
    """Displacements half way to ``full`` by the parabola through both ends and rest."""
    return 0.375 * full - 0.125 * opposite


def lay_properties_to_rest(copy: Standin, controls: Sequence[Control]) -> None:
    """Set the copy's properties to their rest values."""
    for control in controls:
        _set_property(copy, control, control.rest)


def keep_properties(copy: Standin, controls: Sequence[Control]) -> None:
    """Set the copy's properties to what the character has now."""
    for control in controls:
        now: Any = owner_object(copy.picked, control.owner).path_resolve(control.path)
        _set_property(copy, control, float(now))


def _set_property(copy: Standin, control: Control, value: float) -> None:
    owner = copy.copies[owner_object(copy.picked, control.owner)]
    head, _, name = split_path(control.path)
    holder: Any = owner.path_resolve(head) if head else owner
    kind: Any = type(holder[name])
    # switches and counters take nothing else
    holder[name] = value if kind is float else kind(round(value))
    # a custom property does not tell what hangs on it that it has changed
    owner.update_tag()
    if owner.data is not None and control.path.startswith("data["):
        owner.data.update_tag()


def _turn(bone: bpy.types.PoseBone, vector: np.ndarray) -> None:
    """Turn a bone by a rotation vector in its rest axes, in the mode it has."""
    turn = Quaternion(from_vector(vector).tolist())
    if bone.rotation_mode == "QUATERNION":
        bone.rotation_quaternion = turn
    elif bone.rotation_mode == "AXIS_ANGLE":
        axis, angle = turn.to_axis_angle()
        bone.rotation_axis_angle = (angle, *axis) if angle else (0.0, 0.0, 1.0, 0.0)
    else:
        bone.rotation_euler = turn.to_euler(bone.rotation_mode)
