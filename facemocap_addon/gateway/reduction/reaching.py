# SPDX-License-Identifier: GPL-3.0-or-later
"""How far one unit of each control moves each vertex: what millimetres on a mesh are counted by."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import bpy
import numpy as np

from ...core.controls import BONE, SHAPE_KEY, Control, ControlKey
from ..characters.characters import CharacterObjects, read_character
from ..probing.fingerprint import take_fingerprint
from ..probing.probe_copy import Ruler, Standin, standin
from ..probing.probe_moves import Mover, lay_properties_to_rest
from ..probing.probe_shapes import ShapeReader

#: A face is about so many metres large; only how far a bone is moved for a measurement hangs on it.
_SIZE_M = 0.2
#: What a straight line between two ends of a turn of 0.35 rad lacks of its arc, and some more.
_ARC = 1.01
_MM = 1000.0

_known: OrderedDict[str, dict[ControlKey, np.ndarray]] = OrderedDict()
#: Characters that are remembered.
_MOST = 4


def reach_of(
    picked: CharacterObjects, scene: bpy.types.Scene, wanted: Sequence[ControlKey]
) -> dict[ControlKey, np.ndarray]:
    """Millimetres ``(v,)`` that each vertex goes for one unit of each control.

    All three turns of a bone are measured with each of them. Nothing of the file is changed.
    """
    controls = {c.key: c for c in read_character(picked, scene).controls}
    names = {controls[key].name for key in wanted if key in controls and key.kind == BONE}
    todo = [
        control
        for control in controls.values()
        if control.key in wanted or (control.kind == BONE and control.name in names)
    ]
    digest = take_fingerprint(picked).digest
    found = _known.setdefault(digest, {})
    _known.move_to_end(digest)
    while len(_known) > _MOST:
        _known.popitem(last=False)
    todo = [control for control in todo if control.key not in found]
    if todo:
        with standin(picked, scene, list(controls.values())) as copy:
            lay_properties_to_rest(copy, [c for c in todo if c.kind not in {BONE, SHAPE_KEY}])
            found |= _measured(copy, todo)
    return found


def _measured(copy: Standin, controls: Sequence[Control]) -> dict[ControlKey, np.ndarray]:
    ruler = Ruler(copy)
    mover = Mover(copy, ruler, _SIZE_M)
    by_name = {obj.name: made for obj, made in copy.copies.items()}
    readers: dict[str, ShapeReader] = {}
    out: dict[ControlKey, np.ndarray] = {}
    for control in controls:
        far = np.zeros(ruler.count)
        if control.kind == SHAPE_KEY:
            if control.owner not in readers:
                readers[control.owner] = ShapeReader(by_name[control.owner], ruler)
            for motion in readers[control.owner].motions(control):
                far[motion.rows] = np.sqrt((motion.moved**2).sum(axis=1))
        else:
            for amount in mover.amounts(control):
                moved = mover.displacement({control: amount})
                each = np.sqrt((moved**2).sum(axis=1)) / abs(amount)
                far = np.maximum(far, _ARC * each)
        out[control.key] = (_MM * far).astype(np.float32)
    return out
