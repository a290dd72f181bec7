# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance by itself: what the file's own animation does is not on the pictures.

The product keeps it playing below; a file of poses would then show on every other still.
"""

from __future__ import annotations

from typing import Any

import bpy
from mathutils import Matrix

from facemocap_addon.gateway.characters.characters import CharacterObjects
from facemocap_addon.gateway.writing.records import Performance


def play_alone(performance: Performance, picked: CharacterObjects) -> list[str]:
    """Silence all Actions but the performance's, and lay what they moved to rest; what was done."""
    own = performance.action
    silenced: set[str] = set()
    for datablock in _datablocks(picked):
        data: Any = datablock.animation_data
        if data is None:
            continue
        moved: list[str] = []
        if data.action not in (None, own):
            moved += _paths(data.action)
            silenced.add(data.action.name)
            data.action = None
        for track in data.nla_tracks:
            others = [strip.action for strip in track.strips if strip.action not in (None, own)]
            if others and not track.mute:
                track.mute = True
                silenced.update(action.name for action in others)
                moved += [path for action in others for path in _paths(action)]
        _lay_to_rest(datablock, moved)
    names = ", ".join(f'"{name}"' for name in sorted(silenced))
    return [f"The file's own animation is off: {names}."] if silenced else []


def _datablocks(picked: CharacterObjects) -> list[Any]:
    data: list[Any] = [mesh.data for mesh in picked.meshes]
    keys = [mesh.shape_keys for mesh in data if mesh.shape_keys]
    return [*dict.fromkeys([*picked.objects, *keys])]


def _paths(action: bpy.types.Action) -> list[str]:
    """Data paths of all curves."""
    return [
        curve.data_path
        for layer in action.layers
        for strip in layer.strips
        for bag in getattr(strip, "channelbags", ())
        for curve in bag.fcurves
    ]


def _lay_to_rest(datablock: Any, paths: list[str]) -> None:
    pose = getattr(datablock, "pose", None)
    for path in dict.fromkeys(paths):
        name = path.partition('["')[2].partition('"]')[0]
        if pose is not None and path.startswith("pose.bones[") and name in pose.bones:
            pose.bones[name].matrix_basis = Matrix()
        elif path.startswith("key_blocks[") and name in datablock.key_blocks:
            datablock.key_blocks[name].value = 0.0
