# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels of events draw, handles over the time line, and the strip of the eyes."""

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
from facemocap_addon.core.events.listing.handles import Handle
from facemocap_addon.core.events.listing.knobs import KNOBS
from facemocap_addon.props import EventView, EyeOpening, handles_in, pixels_a_frame
from facemocap_addon.ui.event_handles import BLINKS, colour_of, quads
from facemocap_addon.ui.events_panel import (
    FACEMOCAP_PT_event,
    FACEMOCAP_PT_events,
    FACEMOCAP_PT_eye_strip,
    FACEMOCAP_UL_events,
    blink_frames,
)
from facemocap_addon.ui.eye_strip import EYES, SIZE, TILES, Stretch, draw_strip
from facemocap_addon.ui.stack_panel import FACEMOCAP_PT_step

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_panel_drawing import LayoutSpy, drawn

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
    """A character on which the sample take plays."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "toon.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    bpy.ops.facemocap.apply_take()
    return bpy.context.scene.facemocap.characters[0]


def region(left: float = 0.0, per_frame: float = 4.0, width: int = 800, height: int = 200) -> Any:
    """A region of an editor of time."""
    view = SimpleNamespace(region_to_view=lambda x, y: (left + x / per_frame, y))
    return SimpleNamespace(view2d=view, width=width, height=height, type="WINDOW")


def test_there_is_a_panel_only_where_something_plays(item: Any):
    words = drawn(FACEMOCAP_PT_events) or []
    assert {"Delete Events", "Blink", "Even Out Rhythm", "Close Fully", "Handles"} & set(words)
    assert "Eye Opening" not in words
    assert drawn(FACEMOCAP_PT_eye_strip) is not None
    bpy.ops.facemocap.remove_take()
    assert drawn(FACEMOCAP_PT_events) is None
    assert drawn(FACEMOCAP_PT_event) is None
    assert drawn(FACEMOCAP_PT_eye_strip) is None


def test_the_numbers_of_the_chosen_event_are_drawn(item: Any):
    item.events.kinds = {"blinks", "gaze", "lips", "transitions"}
    seen: set[int] = set()
    for number, row in enumerate(item.events.rows):
        if row.kind in seen:
            continue
        seen.add(row.kind)
        item.events.active = number
        words = " ".join(drawn(FACEMOCAP_PT_event) or [])
        kind = ("blinks", "gaze", "lips", "transitions")[row.kind]
        assert all(knob.label in words for knob in KNOBS[kind])
    assert seen == {0, 1, 2, 3}


def test_a_line_tells_frame_kind_closure_and_duration(item: Any):
    def line(number: int) -> list[str]:
        spy = LayoutSpy()
        row = item.events.rows[number]
        nobody: Any = None
        FACEMOCAP_UL_events.draw_item(nobody, nobody, spy, item.events, row, 0, None)
        return spy.heard

    row = item.events.rows[0]
    words = line(0)
    assert f"{row.frame:.0f}" in words
    assert row.what in words
    assert f"{100 * row.closure:.0f}% {row.duration_s:.2f}" in words
    item.events.active = 0
    bpy.ops.facemocap.delete_events()
    assert "deleted" in line(0)


def test_steps_show_their_edits(item: Any):
    item.events.active = 4
    bpy.ops.facemocap.move_events(offset=3.0)
    words = " ".join(drawn(FACEMOCAP_PT_step) or [])
    assert "Edits: 1" in words
    assert "Move" in words
    assert "+0.1" in words
    bpy.ops.facemocap.reset_events()
    assert "Edits: none" in " ".join(drawn(FACEMOCAP_PT_step) or [])


# ---------------------------------------------------------------- handles


def test_handles_lie_where_the_rows_are(item: Any):
    found = handles_in(item, region(per_frame=8.0, width=8000), 1.0)
    rows = item.events.rows
    apexes = {h.number: h for h in found if h.part == "APEX"}
    assert set(apexes) == set(range(len(rows)))
    for number, handle in apexes.items():
        assert handle.x == pytest.approx(8.0 * rows[number].frame, abs=0.01)
    ends = {h.number: h.x for h in found if h.part == "OFFSET"}
    assert ends[3] == pytest.approx(8.0 * rows[3].offset, abs=0.01)
    assert pixels_a_frame(region(per_frame=8.0)) == pytest.approx(8.0)
    # what is dragged is where it is dragged to
    EventView.drag(item, {3: (10.0, 5.0, 15.0)})
    moved = {h.number: h.x for h in handles_in(item, region(), 1.0) if h.part == "APEX"}
    assert moved[3] == pytest.approx(40.0)
    assert 10.0 in blink_frames(item)
    EventView.drag(item, None)
    item.events.show_handles = False
    assert handles_in(item, region(), 1.0) == []


def test_deleted_events_have_no_handle_and_sides_have_colours(item: Any):
    item.events.active = 4
    bpy.ops.facemocap.delete_events()
    found = handles_in(item, region(per_frame=8.0, width=8000), 1.0)
    assert 4 not in {h.number for h in found}
    rows = item.events.rows
    wink = next(n for n, row in enumerate(rows) if row.side)
    assert colour_of(item, Handle(wink, "APEX", 0.0, 0.0)) == BLINKS[rows[wink].side]
    assert colour_of(item, Handle(0, "APEX", 0.0, 0.0)) == BLINKS[0]
    rows[0].selected = True
    assert colour_of(item, Handle(0, "APEX", 0.0, 0.0)) == (1.0, 1.0, 1.0)


def test_rectangles_of_handles_are_where_clicks_take_them():
    handles = [Handle(0, "APEX", 100.0, 50.0), Handle(0, "ONSET", 80.0, 50.0)]
    corners, colours = quads(handles, [BLINKS[0], BLINKS[1]], 1.0)
    assert corners.shape == (18, 2)
    assert colours.shape == (18, 4)
    # a line below the apex, the apex, the edge
    assert corners[:6, 1].min() == 0.0
    assert (corners[6:12].min(axis=0) == (96.5, 43.0)).all()
    assert (corners[6:12].max(axis=0) == (103.5, 57.0)).all()
    assert np.abs(corners[12:, 0] - 80.0).max() == 1.0


def test_clicks_are_taken_in_editors_of_time_alone(item: Any):
    config = bpy.context.window_manager.keyconfigs.addon
    if config is None:
        pytest.skip("this Blender has no keys without a window")
    found = {
        keymap.space_type
        for keymap in config.keymaps
        for entry in keymap.keymap_items
        if entry.idname == "facemocap.drag_event"
    }
    assert found == {"DOPESHEET_EDITOR", "GRAPH_EDITOR"}
    # no area is there: the click is not for us
    assert not bpy.ops.facemocap.drag_event.poll()


# ---------------------------------------------------------------- the strip


def test_a_blink_between_two_columns_is_drawn_down_to_the_ground():
    frames = np.arange(0.0, 40000.0)
    left = np.ones(40000, np.float32)
    left[20000] = 0.0
    right = np.full(40000, np.nan, np.float32)
    opening = EyeOpening(frames, {"L": left, "R": right})
    whole = draw_strip(opening, Stretch(0.0, 40000.0, 10000.0), [30000.0], (0.9, 0.9, 0.9))
    assert whole.shape == (SIZE, TILES * SIZE, 4)
    alpha = whole[..., 3]
    assert alpha.max() <= 1.0 + 1e-6
    # the line reaches the ground in one column alone
    low = alpha[round(0.1 * SIZE) + 2]
    dark = np.flatnonzero(low > 0.5)
    assert 192 in dark
    assert set(dark) <= {191, 192, 193, 95, 96}
    # the blink is marked at three quarters, above the lines
    top = whole[-2]
    marked = np.flatnonzero(top[:, 3] > 0.9)
    assert {287, 288} & set(marked.tolist())
    blue = np.array(EYES["L"]) - whole[round(0.82 * SIZE) - 1, 10, :3]
    assert np.abs(blue).max() < 0.2


def test_a_strip_around_the_playhead_has_it_in_the_middle():
    frames = np.arange(0.0, 500.0)
    opening = EyeOpening(frames, {"L": np.ones(500, np.float32)})
    whole = draw_strip(opening, Stretch(-100.0, 100.0, 0.0), [], (0.9, 0.9, 0.9))
    strong = np.flatnonzero(whole[2, :, 3] > 0.9)
    assert set(strong) == {191, 192} or set(strong) == {192, 191}
    # before the take there is no line
    assert whole[:, :180, 3].max() < 0.3
