# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a character posed by values of its F-curves, to see what two of them differ by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import bpy
import numpy as np

from ...core.curves import Curve
from ..characters.characters import CharacterObjects, read_character
from ..data_paths import split_path
from ..probing.poser import REACH
from ..probing.probe_copy import Ruler, Standin, standin
from ..writing.targets import Target

#: What is read at a curve's place: values ``(f, c)`` of all curves of a target.
Values = Mapping[int, np.ndarray]


class CurvePoser:
    """Sets what curves of some targets give on the copies of their datablocks."""

    def __init__(self, copy: Standin, targets: Sequence[Target]) -> None:
        self._ruler = Ruler(copy)
        self._set: list[tuple[int, int, Any, str, int | None]] = []
        self._tagged: dict[Any, None] = {}
        for number, target in enumerate(targets):
            owner = _copy_of(copy, target.datablock)
            for place, curve in enumerate(target.curves) if owner is not None else ():
                self._add(number, place, owner, curve)

    @property
    def count(self) -> int:
        """Number of vertices."""
        return self._ruler.count

    def _add(self, number: int, place: int, owner: Any, curve: Curve) -> None:
        head, attribute, name = split_path(curve.path)
        holder = owner.path_resolve(head) if head else owner
        self._tagged[owner] = None
        if attribute == "value" and isinstance(holder, bpy.types.ShapeKey):
            holder.slider_min, holder.slider_max = -REACH, REACH
            holder.mute = False
        value = holder[name] if name else getattr(holder, attribute)
        index = curve.index if hasattr(value, "__len__") else None
        self._set.append((number, place, holder, (name and f'["{name}"]') or attribute, index))

    def points(self, values: Values, row: int) -> np.ndarray:
        """Places of all vertices ``(v, 3)`` in metres, with one row of values."""
        for number, place, holder, name, index in self._set:
            value = float(values[number][row, place])
            if name.startswith("["):
                _set_property(holder, name[2:-2], index, value)
            elif index is None:
                setattr(holder, name, value)
            else:
                getattr(holder, name)[index] = value
        for owner in self._tagged:
            owner.update_tag()
        return self._ruler.points()


def _set_property(holder: Any, name: str, index: int | None, value: float) -> None:
    if index is not None:
        holder[name][index] = value
        return
    kind: Any = type(holder[name])
    holder[name] = value if kind is float else kind(round(value))


def _copy_of(copy: Standin, datablock: Any) -> Any:
    """The copy that stands for an object, its data or its shape keys; None where none is made."""
    for obj, made in copy.copies.items():
        if obj == datablock:
            return made
        data: Any = obj.data
        if data is None or made.data is data:
            continue
        if data == datablock:
            return made.data
        if obj.type == "MESH" and data.shape_keys == datablock:
            return made.data.shape_keys
    return None


@contextmanager
def posed_copy(
    picked: CharacterObjects, scene: bpy.types.Scene, targets: Sequence[Target]
) -> Iterator[CurvePoser]:
    """A `CurvePoser` of a character; the copy is gone when the block ends."""
    controls = read_character(picked, scene).controls
    with standin(picked, scene, controls) as copy:
        yield CurvePoser(copy, targets)
