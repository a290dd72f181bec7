# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots moved on a throw-away copy of a character, and what their drivers make of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from ...core.controls import BONE, SHAPE_KEY, Control, ControlKey
from ...core.drivers.driver_answers import Fault, Points, answer_points, more_samples
from ...core.rotations import from_vector, to_vector
from ..data_paths import split_path
from ..probing.probe_copy import Standin
from .driver_places import Root

#: Halvings of a root's way, from its end down to the first step.
HALVINGS = 13
#: Rounds of sampling where an answer is not clear yet.
ROUNDS = 5
#: Motion of a driven value that counts, as a part of its range; of bones in radians or lengths.
LEAST = 1e-4


@dataclass
class _Pair:
    """A driven control and one of its roots: samples so far."""

    control: Control
    root: Root
    least: float
    at: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)


class Bench:
    """A copy of a character on which roots are moved, one of each group at a time."""

    def __init__(self, copy: Standin, roots: Sequence[Root], *, at_rest: bool) -> None:
        """Lay the roots to rest; without ``at_rest`` properties keep the values they have."""
        self._copy = copy
        self._base: dict[ControlKey, float] = {}
        for root in roots:
            self._base[root.key] = root.rest
            if not at_rest and root.key.path.endswith('"]'):
                self._base[root.key] = self._read_property(root.owner, root.key.path)
        self._roots = {root.key: root for root in roots}

    def measure(
        self, wanted: Mapping[Control, Sequence[Root]]
    ) -> dict[Control, dict[ControlKey, Points | Fault]]:
        """How each driven control answers to each of its roots."""
        out: dict[Control, dict[ControlKey, Points | Fault]] = {c: {} for c in wanted}
        self._set({})
        for group in _groups(wanted):
            pairs = [
                _Pair(control, root, self._least(control), asked=_ladder(root))
                for root in group
                for control in wanted
                if any(root.key == other.key for other in wanted[control])
            ]
            for _ in range(ROUNDS):
                self._sample(pairs)
                for pair in pairs:
                    pair.asked = more_samples(
                        np.array(pair.at), np.array(pair.values), pair.least,
                        whole=pair.root.is_whole,
                    )  # fmt: skip
                if not any(pair.asked for pair in pairs):
                    break
            for pair in pairs:
                out[pair.control][pair.root.key] = answer_points(
                    np.array(pair.at), np.array(pair.values), pair.least, whole=pair.root.is_whole
                )
        return out

    def _sample(self, pairs: Sequence[_Pair]) -> None:
        """Move the roots of one group in step, each through all that is asked of it."""
        asked: dict[ControlKey, list[float]] = {}
        for pair in pairs:
            values = asked.setdefault(pair.root.key, [])
            values += [value for value in pair.asked if value not in values]
        for turn in range(max(len(values) for values in asked.values())):
            now = {key: values[turn] for key, values in asked.items() if turn < len(values)}
            self._set(now)
            graph = self._copy.evaluate()
            for pair in pairs:
                if pair.root.key in now:
                    pair.at.append(now[pair.root.key])
                    low, high = pair.control.range
                    pair.values.append(min(max(self._read(pair.control, graph), low), high))

    def _least(self, control: Control) -> float:
        if control.kind == BONE:
            if control.is_rotation:
                return LEAST
            owner: Any = self._owner(control.owner)
            return LEAST * max(float(owner.data.bones[control.name].length), 1e-6)
        low, high = control.range
        return LEAST * min(high - low, 1.0) if high > low else LEAST

    def _owner(self, name: str) -> Any:
        for obj, copy in self._copy.copies.items():
            if obj.name == name:
                return copy
        raise KeyError(name)

    def _set(self, values: Mapping[ControlKey, float]) -> None:
        """Put every root where it is asked to be, or to rest."""
        bones: dict[tuple[Any, str], tuple[np.ndarray, np.ndarray]] = {}
        for key, root in self._roots.items():
            value = values.get(key, self._base[key])
            owner: Any = self._copy.copies[root.owner]
            bone = root.bone
            if key.kind == SHAPE_KEY:
                owner.data.shape_keys.path_resolve(key.path.removesuffix(".value")).value = value
            elif key.kind == BONE:
                parts = bones.setdefault((owner, bone.name), (np.zeros(3), np.zeros(3)))
                parts[0 if key.path.endswith(".location") else 1][key.index] = value
            else:
                _set_property(owner, key.path, value)
        for (owner, name), (location, vector) in bones.items():
            turn = Quaternion(from_vector(vector).tolist()).to_matrix().to_4x4()
            owner.pose.bones[name].matrix_basis = Matrix.Translation(location.tolist()) @ turn

    def _read(self, control: Control, graph: bpy.types.Depsgraph) -> float:
        owner: Any = self._owner(control.owner)
        if control.kind == SHAPE_KEY:
            keys: Any = owner.data.shape_keys.evaluated_get(graph)
            return float(keys.path_resolve(control.path))
        moved: Any = owner.evaluated_get(graph)
        if control.kind != BONE:
            return _property_value(moved, control.path)
        bone = moved.pose.bones[control.name]
        if not control.is_rotation:
            return float(bone.location[control.index])
        return _turn_about(bone, control.index)

    def _read_property(self, owner: bpy.types.Object, path: str) -> float:
        return _property_value(owner, path)


def _groups(wanted: Mapping[Control, Sequence[Root]]) -> list[list[Root]]:
    """Roots that no driven control has in common, to be moved together."""
    roots = {root.key: root for found in wanted.values() for root in found}
    rivals: dict[ControlKey, set[ControlKey]] = {key: set() for key in roots}
    for found in wanted.values():
        keys = {root.key for root in found}
        for key in keys:
            rivals[key] |= keys
    groups: list[list[Root]] = []
    for key, root in roots.items():
        for group in groups:
            if not any(other.key in rivals[key] for other in group):
                group.append(root)
                break
        else:
            groups.append([root])
    return groups


def _ladder(root: Root) -> list[float]:
    """Values from rest to either end of a root's way, in steps that double."""
    values = [root.rest]
    for end in root.limits:
        way = end - root.rest
        steps = [root.rest + way * 0.5**number for number in range(HALVINGS, -1, -1)]
        values += [float(round(step)) for step in steps] if root.is_whole else steps
    return list(dict.fromkeys(values))


def _turn_about(bone: Any, index: int) -> float:
    """One component of a bone's rotation vector."""
    angles = np.array(bone.rotation_euler, np.float64)
    if bone.rotation_mode not in ("QUATERNION", "AXIS_ANGLE") and np.count_nonzero(angles) < 2:
        # about one axis alone the angle may be any, a matrix knows it up to half a turn
        return float(angles[index])
    turn = np.array(bone.matrix_basis.to_quaternion(), np.float64)
    return float(to_vector(turn)[index])


def _property_value(owner: Any, path: str) -> float:
    if not path.endswith('"]'):
        return float(owner.path_resolve(path))
    head, _, name = split_path(path)
    holder: Any = owner.path_resolve(head) if head else owner
    return float(holder[name])


def _set_property(owner: Any, path: str, value: float) -> None:
    if not path.endswith('"]'):
        array, _, index = path.removesuffix("]").rpartition("[")
        owner.path_resolve(array)[int(index)] = value
        return
    head, _, name = split_path(path)
    holder: Any = owner.path_resolve(head) if head else owner
    kind = type(holder[name])
    holder[name] = value if kind is float else kind(round(value))
    # a custom property does not tell what hangs on it that it has changed
    owner.update_tag()
    if path.startswith("data["):
        owner.data.update_tag()
