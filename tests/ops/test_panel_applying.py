# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply Take as a button in a window does it: bit by bit, and Esc leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy as blender
import numpy as np
import pytest

from facemocap_addon.gateway.writing.keys import find_channelbag
from facemocap_addon.ops import jobs
from facemocap_addon.ops.performance import FACEMOCAP_OT_apply_take
from facemocap_addon.props import Work

# bpy's stubs do not know what an add-on registers
bpy: Any = blender


@pytest.fixture
def ready(registered: None, sample_rigs: Path) -> Any:
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.measure_character()
    return bpy.context.scene.facemocap.characters[0]


@pytest.fixture
def started(ready: Any, stand_in: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The operator after the click, in a window that is made up; each tick is one step."""
    monkeypatch.setattr(jobs, "TURN_S", 0.0)
    monkeypatch.setattr(jobs, "redraw_views", lambda _context: None)
    # a turn of no length would do nothing: time stands still for one step
    looks = iter(range(10**9))
    monkeypatch.setattr(jobs, "time", SimpleNamespace(perf_counter=lambda: -(next(looks) % 3 == 1)))
    operator = stand_in(FACEMOCAP_OT_apply_take)
    operator._job = operator.start(bpy.context)
    Work.show(next(operator._job))
    return operator


def keys(item: Any) -> np.ndarray:
    """All keys of the eyes' and the jaw's shapes."""
    found: list[np.ndarray] = []
    for slot in item.meshes:
        data = slot.object.data.shape_keys
        if data is None or data.animation_data is None:
            continue
        bag = find_channelbag(data.animation_data.action, data.animation_data.action_slot)
        assert bag is not None
        for curve in bag.fcurves:
            values = np.empty(2 * len(curve.keyframe_points), np.float32)
            curve.keyframe_points.foreach_get("co", values)
            found.append(values)
    return np.concatenate(found) if found else np.empty(0)


def test_applying_goes_on_bit_by_bit_and_ends_as_at_once(started: Any, ready: Any, event: Any):
    seen: list[str] = []
    while (answer := started.modal(bpy.context, event("TIMER"))) == {"RUNNING_MODAL"}:
        progress = Work.progress()
        assert progress is not None
        seen.append(progress.what)
        assert not len(bpy.data.actions), "nothing is written before the end"
        assert len(seen) < 1000
    assert answer == {"FINISHED"}
    assert any("lids and lips" in what for what in seen)
    assert Work.progress() is None
    bit_by_bit = keys(ready)
    assert len(bit_by_bit) > 10_000
    bpy.ops.facemocap.remove_take()
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    assert keys(ready).tobytes() == bit_by_bit.tobytes()


def test_escape_while_applying_leaves_nothing(started: Any, ready: Any, event: Any):
    scenes, meshes = len(bpy.data.scenes), len(bpy.data.meshes)
    assert started.modal(bpy.context, event("TIMER")) == {"RUNNING_MODAL"}
    assert started.modal(bpy.context, event("ESC", "PRESS")) == {"CANCELLED"}
    assert not len(bpy.data.actions)
    assert len(bpy.data.scenes) <= scenes
    assert len(bpy.data.meshes) <= meshes
    assert ready.applied == ""
    assert not len(keys(ready))
