# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets control values on a copied character, in whatever way each control takes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mathutils import Quaternion

from ...core.controls import BONE, SHAPE_KEY, Control
from ...core.rotations import from_vector
from ..characters.characters import owner_object
from ..data_paths import split_path
from .probe_copy import Standin

#: A copy's sliders reach this far, so that values beyond the character's own can be tried.
REACH = 10.0


class Poser:
    """Poses a copy by values of the same controls, many times over."""

    def __init__(self, copy: Standin, controls: Sequence[Control]) -> None:
        by_name = {obj.name: made for obj, made in copy.copies.items()}
        bones: list[tuple[int, Control]] = []
        keys: dict[Any, list[tuple[int, Control]]] = {}
        self._properties: list[tuple[int, _Property]] = []
        for place, control in enumerate(controls):
            if control.kind == BONE:
                bones.append((place, control))
            elif control.kind == SHAPE_KEY:
                keys.setdefault(by_name[control.owner], []).append((place, control))
            else:
                self._properties.append((place, _Property(copy, control)))
        armature: Any = copy.armature
        self._arrays: list[_Array] = _bone_arrays(armature, bones) if bones else []
        self._arrays += [_key_array(mesh, own) for mesh, own in keys.items()]
        self._tagged = ([armature] if bones else []) + list(keys)
        self._key_data = [mesh.data.shape_keys for mesh in keys]

    def pose(self, values: np.ndarray) -> Iterator[int]:
        """Pose the copy by each row of ``values`` ``(r, c)`` in turn; the row's number.

        Bones' rotations are rotation vectors.
        """
        prepared = [(array, array.prepare(values)) for array in self._arrays]
        for row in range(len(values)):
            for array, ready in prepared:
                array.set(ready[row])
            for place, each in self._properties:
                each.set(float(values[row, place]))
            # what is set in bulk does not tell what hangs on it that it has changed
            for obj in self._tagged:
                obj.update_tag(refresh={"DATA"})
            for keys in self._key_data:
                keys.update_tag()
            yield row


class _Array:
    """One attribute of all items of a collection, some of which are set."""

    def __init__(
        self, items: Any, name: str, width: int, columns: np.ndarray, targets: np.ndarray
    ) -> None:
        self._items, self._name = items, name
        self._now = np.zeros(len(items) * width, np.float32)
        items.foreach_get(name, self._now)
        self._columns, self._targets = columns, targets

    def prepare(self, values: np.ndarray) -> np.ndarray:
        """What each row sets."""
        return values[:, self._columns]

    def set(self, ready: np.ndarray) -> None:
        """Set one row."""
        self._now[self._targets] = ready
        self._items.foreach_set(self._name, self._now)


class _Turns(_Array):
    """Rotations of bones of one mode; ``columns`` ``(b, 3)`` are -1 for components at rest."""

    def __init__(self, items: Any, mode: str, columns: np.ndarray, numbers: np.ndarray) -> None:
        name, width = _ROTATIONS.get(mode, ("rotation_euler", 3))
        targets = numbers[:, None] * width + np.arange(width)
        super().__init__(items, name, width, columns, targets.ravel())
        self._mode = mode

    def prepare(self, values: np.ndarray) -> np.ndarray:
        padded = np.concatenate([values, np.zeros((len(values), 1))], axis=1)
        turns = from_vector(padded[:, self._columns])
        if self._mode != "QUATERNION":
            flat = [self._convert(turn) for turn in turns.reshape(-1, 4).tolist()]
            turns = np.array(flat)
        return turns.reshape(len(values), -1)

    def _convert(self, turn: list[float]) -> tuple[float, ...]:
        quaternion: Any = Quaternion(turn)
        if self._mode != "AXIS_ANGLE":
            return tuple(quaternion.to_euler(self._mode))
        axis, angle = quaternion.to_axis_angle()
        return (angle, *axis) if angle else (0.0, 0.0, 1.0, 0.0)


_ROTATIONS = {"QUATERNION": ("rotation_quaternion", 4), "AXIS_ANGLE": ("rotation_axis_angle", 4)}


def _bone_arrays(armature: Any, bones: list[tuple[int, Control]]) -> list[_Array]:
    items = armature.pose.bones
    numbers = {bone.name: number for number, bone in enumerate(items)}
    shifts = [(place, control) for place, control in bones if not control.is_rotation]
    turns: dict[str, dict[str, list[int]]] = {}
    for place, control in bones:
        if control.is_rotation:
            mode = items[control.name].rotation_mode
            own = turns.setdefault(mode, {}).setdefault(control.name, [-1, -1, -1])
            own[control.index] = place
    out: list[_Array] = []
    if shifts:
        columns = np.array([place for place, _ in shifts])
        targets = np.array([numbers[c.name] * 3 + c.index for _, c in shifts])
        out.append(_Array(items, "location", 3, columns, targets))
    for mode, parts in turns.items():
        rows = np.array([numbers[name] for name in parts])
        out.append(_Turns(items, mode, np.array(list(parts.values())), rows))
    return out


def _key_array(mesh: Any, controls: list[tuple[int, Control]]) -> _Array:
    blocks = mesh.data.shape_keys.key_blocks
    for _, control in controls:
        block = blocks[control.name]
        block.slider_min, block.slider_max = -REACH, REACH
        block.mute = False
    columns = np.array([place for place, _ in controls])
    targets = np.array([blocks.find(control.name) for _, control in controls])
    return _Array(blocks, "value", 1, columns, targets)


class _Property:
    """A custom property of the copy; switches and counters take whole numbers."""

    def __init__(self, copy: Standin, control: Control) -> None:
        owner = copy.copies[owner_object(copy.picked, control.owner)]
        head, _, self._name = split_path(control.path)
        self._holder: Any = owner.path_resolve(head) if head else owner
        self._kind = type(self._holder[self._name])
        self._tagged: list[Any] = [owner]
        if owner.data is not None and control.path.startswith("data["):
            self._tagged.append(owner.data)
        self._now: float | None = None

    def set(self, value: float) -> None:
        """Set it unless that changes nothing."""
        if value == self._now:
            return
        self._now = value
        self._holder[self._name] = value if self._kind is float else self._kind(round(value))
        for datablock in self._tagged:
            datablock.update_tag()
