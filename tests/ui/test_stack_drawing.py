# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels of the stack draw, and the raw curves in the Graph Editor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import numpy as np
import pytest

import facemocap_addon
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.stack.params import param_fields
from facemocap_addon.ui.ghost_curves import in_region, shown_ghosts
from facemocap_addon.ui.stack_panel import (
    FACEMOCAP_MT_add_step,
    FACEMOCAP_MT_stack,
    FACEMOCAP_PT_compare,
    FACEMOCAP_PT_stack,
    FACEMOCAP_PT_step,
    FACEMOCAP_PT_step_mask,
)

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_panel_drawing import drawn

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture(autouse=True)
def addon() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


@pytest.fixture
def item(sample_rigs: Path) -> Any:
    """A character that a take is to go on."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    return bpy.context.scene.facemocap.characters[0]


def test_an_empty_stack_offers_steps(item: Any):
    words = drawn(FACEMOCAP_PT_stack) or []
    assert {"Auto Cleanup", "Remove Step"} & set(words) == {"Auto Cleanup"}
    assert {kind.label for kind in kinds().values()} <= set(words)
    assert drawn(FACEMOCAP_PT_step) is None
    assert drawn(FACEMOCAP_PT_step_mask) is None
    assert drawn(FACEMOCAP_PT_compare) is None
    bpy.context.scene.facemocap.characters.clear()
    assert drawn(FACEMOCAP_PT_stack) is None


def test_a_stack_without_a_take_says_that_it_waits(item: Any):
    bpy.ops.facemocap.add_step(kind="range")
    words = " ".join(drawn(FACEMOCAP_PT_stack) or [])
    assert "when a take is applied" in words
    bpy.ops.facemocap.apply_take()
    assert "when a take is applied" not in " ".join(drawn(FACEMOCAP_PT_stack) or [])


@pytest.mark.parametrize("name", list(kinds()))
def test_the_chosen_step_shows_its_parameters(item: Any, name: str):
    bpy.ops.facemocap.add_step(kind=name)
    words = drawn(FACEMOCAP_PT_step) or []
    text = " ".join(words)
    kind = kinds()[name]
    assert kind.what.split()[0] in text
    for _, described in param_fields(kind.params):
        if described.record is None:
            assert described.label in text
    assert (drawn(FACEMOCAP_PT_step_mask) is None) == kind.new_times


def test_mask_regions_and_frames_are_told(item: Any):
    bpy.ops.facemocap.add_step(kind="range")
    words = drawn(FACEMOCAP_PT_step_mask) or []
    assert {"Regions: all", "Frames: all"} <= set(words)
    item.stack.mask_regions = {"mouth"}
    bpy.ops.facemocap.add_stretch()
    words = drawn(FACEMOCAP_PT_step_mask) or []
    assert {"Regions", "Frames of the Take", "Frames"} <= set(words)


def test_numbers_of_regions_come_with_their_buttons(item: Any):
    bpy.ops.facemocap.add_step(kind="range")
    before = drawn(FACEMOCAP_PT_step) or []
    item.stack.params.range.regions_given = {"tongue"}
    after = drawn(FACEMOCAP_PT_step) or []
    assert after.count("Tongue") == before.count("Tongue") + 1


def test_comparing_tells_regions_and_units(item: Any):
    bpy.ops.facemocap.add_step(kind="range")
    item.stack.params.range.gain = 0.5
    bpy.ops.facemocap.apply_take()
    words = drawn(FACEMOCAP_PT_compare) or []
    assert {"Show Raw", "Mouth", "Jaw"} <= set(words)
    assert "Head" not in words
    line = next(each for each in item.stack.differences if each.name == "jaw")
    assert f"{line.rms:.3f}, {line.most:.3f}" in words
    item.stack.show_raw = True
    assert "The raw take plays" in " ".join(drawn(FACEMOCAP_PT_compare) or [])
    item.stack.show_raw = False
    bpy.ops.facemocap.remove_step()
    assert "as it was recorded" in " ".join(drawn(FACEMOCAP_PT_compare) or [])


def test_problems_and_choices_are_told(item: Any):
    bpy.ops.facemocap.add_step(kind="range")
    item.stack.problem = "Step 1 (range): there is nothing to do. Do something else."
    item.stack.chosen_by = "Denoise: the noise is 0.01."
    words = " ".join(drawn(FACEMOCAP_PT_stack) or [])
    assert "nothing to do" in words
    assert "noise is 0.01" in words


def test_menus_list_kinds_and_presets(item: Any):
    assert FACEMOCAP_MT_add_step.is_registered
    assert FACEMOCAP_MT_stack.is_registered
    bpy.ops.facemocap.add_step(kind="range")
    bpy.ops.facemocap.save_stack_preset(preset="Of This Test")
    try:
        assert "Of This Test" in (drawn(FACEMOCAP_PT_stack) or [])
    finally:
        bpy.ops.facemocap.delete_stack_preset(preset="Of This Test")
    assert "Of This Test" not in (drawn(FACEMOCAP_PT_stack) or [])


def test_ghosts_belong_to_the_curves_that_are_seen(item: Any):
    bpy.ops.facemocap.apply_take()
    bpy.ops.facemocap.add_step(kind="range")
    scene = bpy.context.scene
    scene.facemocap.show_ghosts = True
    action = next(a for a in bpy.data.actions)
    curves = [f for b in action.layers[0].strips[0].channelbags for f in b.fcurves]
    before = [[key.co.y for key in f.keyframe_points] for f in curves]
    item.stack.params.range.gain = 0.5
    ghosts = list(shown_ghosts(curves))
    assert len(ghosts) == len(curves)
    moved = 0
    for fcurve, raw, (frames, values, factor) in zip(curves, before, ghosts, strict=True):
        np.testing.assert_array_equal(values, np.array(raw, np.float32))
        assert frames[0] == fcurve.keyframe_points[0].co.x
        moved += [key.co.y for key in fcurve.keyframe_points] != raw
        assert (factor == 1.0) != fcurve.data_path.endswith("rotation_euler")
    assert moved > 20
    assert [len(each[0]) for each in shown_ghosts(curves[:3])] == [len(before[0])] * 3


def test_a_curve_in_the_region_is_cut_to_what_is_seen():
    frames, values = np.arange(100.0), np.arange(100.0) / 10.0
    # the view goes from frame 20 to 40, and from 2 to 4
    view = SimpleNamespace(region_to_view=lambda x, y: (20.0 + x * 0.1, 2.0 + y * 0.02))
    region = SimpleNamespace(view2d=view, width=200, height=100)
    line = in_region(frames, values, region)
    assert len(line) == 23
    assert line[0].tolist() == pytest.approx([-10.0, -5.0])
    at = np.flatnonzero(np.isclose(line[:, 0], 100.0))
    assert line[at[0], 1] == pytest.approx(50.0)
