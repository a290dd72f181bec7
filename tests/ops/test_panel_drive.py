# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape keys or bones: what carries the face of a character that has both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from facemocap_addon.gateway.writing.keys import find_channelbag
from facemocap_addon.props import state_of, stored_map


def kinds(item: Any, channel: str) -> set[str]:
    rig_map = stored_map(item)
    assert rig_map is not None
    return {
        entry.control.kind
        for entry in rig_map.entries
        if channel in [source.channel for source in entry.sources]
    }


@pytest.mark.shared
def test_bones_carry_the_face_on_request(registered: Any, shared: Path, sample_rigs: Path) -> None:
    path = shared / "rigs" / "makehuman" / "makehuman_face_female.blend"
    bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    scene: Any = bpy.context.scene
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.find_character()
    (item,) = state_of(scene).characters
    assert item.drive == "SHAPES"
    assert kinds(item, "mouthSmileLeft") == {"shape_key"}
    assert bpy.ops.facemocap.choose_drive(drive="BONES") == {"FINISHED"}
    assert item.drive == "BONES"
    assert item.is_measured
    for channel in ("jawOpen", "mouthSmileLeft", "mouthPucker", "browDownLeft"):
        assert kinds(item, channel) == {"bone"}
    # matched anew it stays so, and back again nothing of it is left
    bpy.ops.facemocap.match_channels()
    assert kinds(item, "mouthSmileLeft") == {"bone"}
    assert bpy.ops.facemocap.choose_drive(drive="SHAPES") == {"FINISHED"}
    assert kinds(item, "mouthSmileLeft") == {"shape_key"}
    # what was fitted is kept, and of the shape keys only those that bones cannot replace play
    bpy.ops.facemocap.choose_drive(drive="BONES")
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    action = item.armature.animation_data.action
    assert action is not None
    keyed: set[str] = set()
    for slot in item.meshes:
        keys = slot.object.data.shape_keys
        if keys is not None and keys.animation_data is not None:
            bag = find_channelbag(action, keys.animation_data.action_slot)
            assert bag is not None
            keyed |= {curve.data_path.split('"')[1] for curve in bag.fcurves}
    assert not [name for name in keyed if name.startswith(("mouth", "jaw", "nose"))]
