# SPDX-License-Identifier: GPL-3.0-or-later
"""Bake Down and Export as buttons: what the panel shows afterwards, and undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.gateway.writing.records import KEY

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def applied(registered: None, sample_rigs: Path) -> Any:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "bone_face.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    state = bpy.context.scene.facemocap
    state.use_trim, state.trim_end_s = True, 0.5
    bpy.ops.facemocap.apply_take()
    return state.characters[0]


def _jaw(frame: int) -> np.ndarray:
    scene = bpy.context.scene
    scene.frame_set(frame)
    rig = next(obj for obj in scene.objects if obj.type == "ARMATURE")
    moved = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return np.array(moved.pose.bones["jaw"].matrix)


def _records() -> list[str]:
    return [action.name for action in bpy.data.actions if KEY in action]


def test_bake_down_leaves_nothing_of_ours(applied: Any) -> None:
    before = [_jaw(frame) for frame in range(1, 12)]
    assert _records()
    assert bpy.ops.facemocap.bake_down(keys="FRAMES") == {"FINISHED"}
    assert _records() == []
    assert applied.applied == ""
    for frame, wanted in enumerate(before, 1):
        np.testing.assert_allclose(_jaw(frame), wanted, rtol=0, atol=1e-6)
    assert not bpy.ops.facemocap.bake_down.poll()


def test_bake_down_can_be_undone(applied: Any) -> None:
    bpy.ops.ed.undo_push(message="applied")
    names = _records()
    bpy.ops.facemocap.bake_down()
    bpy.ops.ed.undo_push(message="baked")
    assert _records() == []
    bpy.ops.ed.undo()
    assert _records() == names
    assert bpy.context.scene.facemocap.characters[0].applied
    bpy.ops.ed.redo()
    assert _records() == []


@pytest.mark.parametrize("ending", [".fbx", ".glb", ".csv"])
def test_export_writes_the_chosen_character(applied: Any, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"face{ending}"
    done = bpy.ops.facemocap.export_character(
        filepath=str(path), file_format=ending, use_range=True, first_frame=2, last_frame=6
    )
    assert done == {"FINISHED"}
    assert path.stat().st_size > 500
    assert _records()


def test_export_says_what_is_wrong(applied: Any, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no ending of a format"):
        bpy.ops.facemocap.export_character(filepath=str(tmp_path / "face.mov"))
    with pytest.raises(RuntimeError, match="No file was chosen"):
        bpy.ops.facemocap.export_character()
