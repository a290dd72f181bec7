# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels of points draw, and the picture of how far points are off."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest

import facemocap_addon
from facemocap_addon.ui import point_overlay
from facemocap_addon.ui.point_places_panel import (
    FACEMOCAP_PT_point_places,
    FACEMOCAP_UL_points,
)
from facemocap_addon.ui.points_panel import FACEMOCAP_PT_points, FACEMOCAP_PT_solve_settings
from facemocap_addon.ui.residual_picture import SIZE, TILES, draw_residual, residual_tiles
from facemocap_addon.ui.solve_panel import (
    FACEMOCAP_PT_refine,
    FACEMOCAP_PT_solve_limits,
    FACEMOCAP_PT_solve_result,
)

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_panel_drawing import LayoutSpy, drawn

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender

GREY = (0.8, 0.8, 0.8)


@pytest.fixture(autouse=True)
def addon() -> Iterator[None]:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    facemocap_addon.register()
    try:
        yield
    finally:
        facemocap_addon.unregister()


@pytest.fixture
def state(sample_rigs: Path) -> Any:
    """A character, and a take that says to have been solved on it."""
    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"))
    bpy.ops.facemocap.import_take(filepath=str(sample_rigs / "sample_take.csv"))
    found = bpy.context.scene.facemocap
    found.takes[0].point_count = 3
    found.takes[0].solve.points_digest = "digest"
    return found


def make_solved(state: Any) -> Any:
    solve = state.takes[0].solve
    solve.is_solved, solve.character = True, "arkit_head"
    solve.explained, solve.mean_mm, solve.nothing_mm = 0.875, 0.75, 1.5
    solve.curve, solve.highest_mm = json.dumps([10, 20, 300, 40]), 3.0
    for at_s, off_mm in ((2.0, 3.0), (0.5, 1.25)):
        moment = solve.moments.add()
        moment.at_s, moment.off_mm = at_s, off_mm
    held = solve.held.add()
    held.name, held.share = "jawOpen", 0.4
    return solve


def make_rows(state: Any) -> Any:
    points = state.points
    for name, how, sure in (("Chin", "NAME", 0.9), ("LMth", "HAND", 1.0), ("Foot", "NONE", 0.0)):
        row = points.rows.add()
        row.name, row.how, row.confidence, row.place = name, how, sure, "chin"
    points.rows_points = "digest"
    points.rows_object = state.characters[0].armature
    return points


def test_a_take_of_points_says_what_to_do(state: Any):
    words = drawn(FACEMOCAP_PT_points)
    assert words is not None
    assert "Solve Points" in words
    assert "3 points: solve" in " ".join(words)
    assert drawn(FACEMOCAP_PT_solve_result) is None
    assert drawn(FACEMOCAP_PT_refine) is None
    settings = drawn(FACEMOCAP_PT_solve_settings)
    assert settings is not None
    assert {"Set From Current Frame", "Smoothness", "Sparsity", "Mouth and Jaw"} <= set(settings)
    assert "Neutral At" not in settings
    state.points.neutral_mode = "MARKED"
    assert "Neutral At" in (drawn(FACEMOCAP_PT_solve_settings) or [])
    state.takes[0].point_count = 0
    assert drawn(FACEMOCAP_PT_points) is None


def test_a_solved_take_shows_how_it_went_and_where_to_look(state: Any):
    make_solved(state)
    words = drawn(FACEMOCAP_PT_points) or []
    assert {"Solve Again", "arkit_head", "88% of the motion", "0.75 mm", "1.50 mm off"} <= set(
        words
    )
    # without a place in the scene moments go by seconds, else by frames
    buttons = drawn(FACEMOCAP_PT_solve_result) or []
    assert buttons.index("0.50 s: 1.2 mm") < buttons.index("2.00 s: 3.0 mm")
    character = state.characters[0]
    character.applied, character.applied_start = state.takes[0].name, 11.0
    bpy.context.scene.render.fps = 24
    buttons = drawn(FACEMOCAP_PT_solve_result) or []
    assert {"Frame 23: 1.2 mm", "Frame 59: 3.0 mm"} <= set(buttons)
    assert {"jawOpen", "40%"} <= set(drawn(FACEMOCAP_PT_solve_limits) or [])
    character.name = "Somebody"
    assert "Solve for Somebody too" in " ".join(drawn(FACEMOCAP_PT_points) or [])


def test_the_ranges_of_refining_show_their_frames(state: Any):
    make_solved(state)
    assert "First" not in (drawn(FACEMOCAP_PT_refine) or [])
    bpy.context.scene.use_preview_range = True
    assert {"First", "Last", "Refine Here"} <= set(drawn(FACEMOCAP_PT_refine) or [])
    state.points.refine_range = "KEYS"
    assert "First" not in (drawn(FACEMOCAP_PT_refine) or [])
    state.points.refine_range = "FRAMES"
    assert {"First", "Last"} <= set(drawn(FACEMOCAP_PT_refine) or [])


def test_the_list_of_points_shows_what_is_known_of_the_chosen_one(state: Any):
    assert drawn(FACEMOCAP_PT_point_places) == ["Find Places"]
    points = make_rows(state)
    words = drawn(FACEMOCAP_PT_point_places) or []
    assert {"Chin", "LMth", "Foot", "By Name", "90%", "Pick in Viewport", "Leave Out"} <= set(words)
    points.active_row = 2
    assert "Not Placed" in (drawn(FACEMOCAP_PT_point_places) or [])
    # of another take or character nothing is shown
    points.rows_points = "another"
    assert drawn(FACEMOCAP_PT_point_places) == ["Find Places"]


def test_lines_of_points_are_drawn_and_sorted(state: Any):
    points = make_rows(state)
    draw: Any = FACEMOCAP_UL_points.draw_item
    heard: list[list[str]] = []
    for row in points.rows:
        spy = LayoutSpy()
        draw(None, bpy.context, spy, points, row, 0, None)
        heard.append(spy.heard)
    assert "90%" in heard[0]
    assert not any("%" in word for word in heard[1] + heard[2])
    lister: Any = type("List", (), {"bitflag_filter_item": 1, "filter_name": ""})()
    sort: Any = FACEMOCAP_UL_points.filter_items
    assert sort(lister, bpy.context, points, "rows") == ([], [])
    points.doubtful_first = True
    assert list(sort(lister, bpy.context, points, "rows")[1]) == [1, 2, 0]
    lister.filter_name = "chi"
    assert [bool(flag) for flag in sort(lister, bpy.context, points, "rows")[0]] == [
        True, False, False,
    ]  # fmt: skip


def test_the_picture_is_high_where_points_are_off():
    curve = np.zeros(200)
    curve[150] = 4.0
    picture = draw_residual(curve, None, GREY)
    assert picture.shape == (SIZE, TILES * SIZE, 4)
    assert picture.dtype == np.float32
    assert ((picture >= 0) & (picture <= 1)).all()
    assert (picture[..., :3] <= picture[..., 3:] + 1e-6).all(), "multiplied by alpha"
    height = (picture[..., 3] > 0.2).sum(axis=0)
    top = int(height.argmax())
    assert abs(top / (TILES * SIZE) - 0.75) < 0.02
    assert height[top] > 0.85 * SIZE
    assert (height[:SIZE] < 0.1 * SIZE).all()
    # the hottest colour stands at the top, another one below
    colours = picture[..., :3] / np.maximum(picture[..., 3:], 1e-6)
    assert colours[int(0.9 * SIZE), top, 1] < colours[0, 0, 1]


def test_the_playhead_stands_where_it_is():
    without = draw_residual(np.ones(50), None, GREY)
    with_it = draw_residual(np.ones(50), 100, GREY)
    columns = np.flatnonzero((without != with_it).any(axis=(0, 2)))
    assert columns.tolist() == [99, 100]
    assert (with_it[:, 99:101, 3] == 1.0).all()


def test_there_are_no_pictures_without_a_window():
    assert residual_tiles((1.0, 2.0), None, GREY) == []


def test_the_overlay_is_there_once_and_goes():
    held = point_overlay._Handler.held
    assert held is not None
    point_overlay.show_overlay(lambda: bpy.context)
    assert point_overlay._Handler.held is held
    facemocap_addon.unregister()
    assert point_overlay._Handler.held is None
    facemocap_addon.register()
