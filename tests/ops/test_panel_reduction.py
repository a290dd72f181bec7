# SPDX-License-Identifier: GPL-3.0-or-later
"""Few keys from the panel: chosen, applied, changed on what plays, undone by every frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy as blender
import pytest
from stacked_face import keys, ready_face

from facemocap_addon.core.reduction.plan import KeyPlan
from facemocap_addon.props.key_plan import plan_of, show_plan

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, tmp_path: Path) -> Any:
    return ready_face(tmp_path)


def count() -> int:
    data = bpy.data.objects["face"].data.shape_keys.animation_data
    bags = [bag for layer in data.action.layers for s in layer.strips for bag in s.channelbags]
    return sum(len(fcurve.keyframe_points) for bag in bags for fcurve in bag.fcurves)


def test_keys_become_few_and_every_frame_brings_them_all_back(item: Any):
    dense, many = keys(), count()
    choice = bpy.context.scene.facemocap.key_plan
    choice.mode = "ERROR"
    assert bpy.ops.facemocap.reduce_keys() == {"FINISHED"}
    few = count()
    assert few < 0.5 * many
    assert f"{many} keys became {few}" in item.key_note
    choice.unit, choice.error_percent = "PERCENT", 10.0
    bpy.ops.facemocap.reduce_keys()
    assert count() < few
    # the next run of the stack keeps them few
    bpy.ops.facemocap.add_step(kind="range")
    assert count() < 0.5 * many
    bpy.ops.facemocap.remove_step()
    choice.mode = "EVERY"
    bpy.ops.facemocap.reduce_keys()
    assert keys() == dense
    assert item.key_note == ""


@pytest.mark.parametrize("mode", ["EXTREMES", "NTH", "TWOS"])
def test_a_take_is_applied_with_keys_by_rule(item: Any, mode: str):
    many = count()
    bpy.context.scene.facemocap.key_plan.mode = mode
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert count() < 0.7 * many
    assert f"{many} keys became {count()}" in item.key_note


def test_without_a_performance_the_button_says_why(registered: None, tmp_path: Path):
    ready_face(tmp_path, apply=False)
    assert not bpy.ops.facemocap.reduce_keys.poll()
    with pytest.raises(RuntimeError, match="No take plays"):
        bpy.ops.facemocap.reduce_keys()


@pytest.mark.parametrize(
    "plan",
    [
        None,
        KeyPlan(tolerance=0.02),
        KeyPlan("ERROR", 2.5, "PERCENT"),
        KeyPlan("ERROR", 0.15, "MM"),
        KeyPlan("EXTREMES", 0.03),
        KeyPlan("NTH", step=7),
        KeyPlan("TWOS"),
    ],
)
def test_the_panel_shows_what_it_gives(registered: None, plan: KeyPlan | None):
    choice = bpy.context.scene.facemocap.key_plan
    show_plan(choice, plan)
    assert plan_of(choice) == plan
