# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliders as they are dragged in a window: a draft at once, the whole of it when they rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from stacked_face import SHAPES, keys, make_face

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import make_take
from facemocap_addon.core.take_file import write_take_file
from facemocap_addon.ops import stack_following
from facemocap_addon.props import StackEdits

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def item(registered: None, tmp_path: Path) -> Iterator[Any]:
    """A character that plays a take of twenty seconds, denoised; its sliders are dragged."""
    rng = np.random.default_rng(1)
    times = np.arange(601) / 30.0
    values = [0.5 + 0.3 * np.sin(times + n) for n in range(len(SHAPES))]
    noisy = np.stack(values, axis=1) + rng.normal(0, 0.02, (601, len(SHAPES)))
    scene = bpy.context.scene
    scene.render.fps = 30
    make_face("face")
    path = tmp_path / "long.take.npz"
    write_take_file(make_take(times, [arkit_schema()[name] for name in SHAPES], noisy), path)
    bpy.ops.facemocap.import_take(filepath=str(path))
    bpy.ops.facemocap.apply_take()
    bpy.ops.facemocap.add_step(kind="denoise")
    found = scene.facemocap.characters[0]
    found.stack.params.denoise.method = "gaussian"
    scene.frame_set(301)
    StackEdits.leave(stack_following.edited)
    StackEdits.follow(stack_following.dragged)
    yield found
    StackEdits.leave(stack_following.dragged)
    StackEdits.follow(stack_following.edited)


def values() -> np.ndarray:
    data = bpy.data.objects["face"].data.shape_keys.animation_data
    bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
    return np.array([[key.co.y for key in f.keyframe_points] for f in bag.fcurves])


def test_a_draft_is_finished_when_the_slider_rests(item: Any):
    before = values()
    for window_s in (0.2, 0.3, 0.4):
        item.stack.params.denoise.window_s = window_s
        assert item.stack.is_draft
    drafted = values()
    changed = np.flatnonzero((drafted != before).any(axis=0))
    # a second before and after the playhead, of a take that goes on far beyond
    assert 200 < changed.min() < 301 < changed.max() < 400
    stack_following.finish()
    assert not item.stack.is_draft
    finished = values()
    assert np.flatnonzero((finished != before).any(axis=0)).min() < 50
    near = slice(290, 311)
    np.testing.assert_allclose(finished[:, near], drafted[:, near], atol=1e-4)
    # all in one gives the same bytes
    done = keys()
    bpy.ops.facemocap.rerun_stack()
    assert keys() == done


def test_no_draft_is_saved(item: Any, tmp_path: Path):
    item.stack.params.denoise.window_s = 0.4
    path = str(tmp_path / "draft.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    assert not item.stack.is_draft
    saved = keys()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert keys() == saved
    bpy.ops.facemocap.rerun_stack()
    assert keys() == saved


def test_an_undone_drag_is_what_it_was(item: Any):
    bpy.ops.ed.undo_push(message="before")
    before = keys()
    for window_s in (0.2, 0.3, 0.4):
        item.stack.params.denoise.window_s = window_s
    bpy.ops.ed.undo_push(message="dragged")
    stack_following.finish()
    finished = keys()
    bpy.ops.ed.undo()
    assert keys() == before
    bpy.ops.ed.redo()
    # the step holds the draft: what follows undo and redo in a window is run in earnest again
    stack_following.finish()
    assert keys() == finished
