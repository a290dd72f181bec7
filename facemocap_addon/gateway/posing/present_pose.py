# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose that a character has now: evaluated values of its controls, keyed or not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from ...core.controls import BONE, PROPERTY, ControlKey
from ...core.errors import FacemocapError
from ...core.rotations import to_vector
from ..characters.characters import CharacterObjects, owner_object
from ..writing.targets import missing_controls

_BONE = re.compile(r'^pose\.bones\["((?:[^"\\]|\\.)*)"\]\.(location|rotation)$')


def present_pose(
    picked: CharacterObjects, scene: bpy.types.Scene, controls: Sequence[ControlKey]
) -> dict[ControlKey, float]:
    """Values of controls as they are on the current frame; bones' rotations are rotation vectors.

    What a person has changed and not keyed counts. Nothing is changed.

    Raises
    ------
    FacemocapError
        When a control is missing.
    """
    if missing := missing_controls(picked, controls):
        raise FacemocapError(
            f'"{picked.name}" lacks {len(missing)} of the rig map\'s controls: {missing[0]}',
            "Match the character again, or mend the map",
        )
    layer = scene.view_layers[0]
    layer.update()
    graph: Any = layer.depsgraph
    return {key: _value(picked, graph, key) for key in controls}


def _value(picked: CharacterObjects, graph: Any, key: ControlKey) -> float:
    owner: Any = owner_object(picked, key.owner, key.kind)
    if key.kind == BONE:
        found = _BONE.match(key.path)
        assert found is not None, key.path
        name = bpy.utils.unescape_identifier(found.group(1))
        basis = owner.evaluated_get(graph).pose.bones[name].matrix_basis
        if found.group(2) == "location":
            return float(basis.translation[key.index])
        return float(to_vector(np.array(basis.to_quaternion()))[key.index])
    if key.kind == PROPERTY:
        holder = owner.data if key.path.startswith("data[") else owner
        path = key.path.removeprefix("data") if holder is not owner else key.path
    else:
        holder, path = owner.data.shape_keys, key.path
    return float(holder.evaluated_get(graph).path_resolve(path))
