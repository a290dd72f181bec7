# SPDX-License-Identifier: GPL-3.0-or-later
"""The gaze in the panel: a target keyed, the eyes aimed at it, and the captured gaze again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import make_take
from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.props import state_of

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, sample_rigs: Path, tmp_path: Path) -> Any:
    """A head whose eyes look about for a second."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"), load_ui=False)
    times = np.arange(61) / 60.0
    aside = 0.2 * np.sin(4.0 * times)
    names = ("leftEyeYaw", "leftEyePitch", "rightEyeYaw", "rightEyePitch")
    values = np.stack([aside, 0.0 * aside, aside, 0.0 * aside], axis=1)
    path = tmp_path / "look.take.npz"
    write_take_file(make_take(times, [arkit_schema()[n] for n in names], values), path)
    bpy.ops.facemocap.import_take(filepath=str(path))
    bpy.ops.facemocap.find_character()
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    return state_of(bpy.context.scene).characters[0]


def kinds(item: Any) -> list[str]:
    text = item.stack.text
    return [step["kind"] for step in json.loads(text)["steps"]] if text else []


def test_there_and_back(item: Any) -> None:
    bpy.ops.facemocap.add_step(kind="dead_zone")
    before = set(bpy.data.objects)
    assert bpy.ops.facemocap.key_gaze_target(distance=2.0, space="HEAD") == {"FINISHED"}
    (target,) = set(bpy.data.objects) - before
    assert target.parent == item.armature
    assert len(target.animation_data.action.layers[0].strips[0].channelbags[0].fcurves) == 3
    assert bpy.ops.facemocap.aim_gaze(target=target.name) == {"FINISHED"}
    assert kinds(item) == ["dead_zone", "gaze_target"]
    assert [row.kind for row in item.stack.rows] == ["dead_zone", "gaze_target"]
    # the stack can be edited on: what is aimed stays
    bpy.ops.facemocap.add_step(kind="despike")
    assert "gaze_target" in kinds(item)
    assert bpy.ops.facemocap.stop_aiming() == {"FINISHED"}
    assert "gaze_target" not in kinds(item)
    assert not bpy.ops.facemocap.stop_aiming.poll()


def test_a_target_that_is_not_there_is_said(item: Any) -> None:
    with pytest.raises(RuntimeError, match="no such target"):
        bpy.ops.facemocap.aim_gaze(target="nobody")
    assert kinds(item) == []
