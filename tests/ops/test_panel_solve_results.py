# SPDX-License-Identifier: GPL-3.0-or-later
"""After a solve: go to its worst moments, see them on the face, solve a part of it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy as blender
import numpy as np
import pytest
from made_points import FRAMES, RATE, open_solved

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.take import Take
from facemocap_addon.gateway.files.take_storage import load_take
from facemocap_addon.gateway.points.solved_takes import (
    forget_solves,
    kept_solve,
    solve_details,
    with_values_of,
)
from facemocap_addon.gateway.probing.heat_map import COLOURS, VALUES

# the stubs of bpy know nothing of an add-on's operators and properties
bpy: Any = blender


@pytest.fixture
def solved(registered: None, sample_rigs: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    state = open_solved(sample_rigs, tmp_path_factory.getbasetemp())
    # as in a session that begins with this file
    forget_solves()
    return state


def chosen_take(state: Any) -> Take:
    return load_take(state.takes[state.active_take].text)


def shadings() -> list[tuple[str, str]]:
    areas = [area for area in bpy.context.screen.areas if area.type == "VIEW_3D"]
    return [(a.spaces.active.shading.type, a.spaces.active.shading.color_type) for a in areas]


def head() -> Any:
    return bpy.data.objects["arkit_head"]


def test_moments_lie_on_the_frames_where_the_take_plays(solved: Any):
    scene = bpy.context.scene
    moment = solved.takes[1].solve.moments[0]
    solved.start_mode, solved.start_frame = "FRAME", 101
    assert bpy.ops.facemocap.go_to_moment(at_s=moment.at_s) == {"FINISHED"}
    assert scene.frame_current == 101 + round(moment.at_s * RATE), "where it would go"
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}
    solved.start_frame = 1
    bpy.ops.facemocap.go_to_moment(at_s=moment.at_s)
    assert scene.frame_current == 101 + round(moment.at_s * RATE), "where it plays"
    # a take whose beginning was trimmed off starts that much earlier
    bpy.ops.facemocap.remove_take()
    solved.use_trim, solved.trim_start_s, solved.trim_end_s = True, 0.5, 2.5
    bpy.ops.facemocap.apply_take()
    bpy.ops.facemocap.go_to_moment(at_s=1.0)
    assert scene.frame_current == 1 + round(0.5 * RATE)


def test_the_heat_map_shows_the_frame_and_comes_off(solved: Any):
    scene = bpy.context.scene
    before = shadings()
    assert not bpy.ops.facemocap.clear_heat_map.poll()
    moment = solved.takes[1].solve.moments[0]
    bpy.ops.facemocap.go_to_moment(at_s=moment.at_s)
    assert bpy.ops.facemocap.show_heat_map(span="FRAME") == {"FINISHED"}
    solve = kept_solve(chosen_take(solved))
    assert solve is not None, "it was found again, and is kept for the session"
    row = round(moment.at_s * RATE)
    away = solve.solve.away_mm[row]
    worst = int(np.argmax(away))
    painted = np.empty(len(head().data.vertices), np.float32)
    head().data.attributes[VALUES].data.foreach_get("value", painted)
    corners = solve.solve.placement.vertices[worst]
    shares = solve.solve.placement.weights[worst]
    # the nearest corner has nearly the point's own value, and none has more
    assert painted[corners[int(np.argmax(shares))]] > 0.7 * away[worst]
    assert painted.max() <= away.max() + 1e-5
    assert set(shadings()) == {("SOLID", "VERTEX")}
    assert bpy.ops.facemocap.show_heat_map(span="TAKE") == {"FINISHED"}
    head().data.attributes[VALUES].data.foreach_get("value", painted)
    whole = np.sqrt((solve.solve.away_mm**2).mean(axis=0))
    assert painted.max() <= whole.max() + 1e-5
    assert bpy.ops.facemocap.clear_heat_map() == {"FINISHED"}
    assert shadings() == before
    assert not {VALUES, COLOURS} & set(head().data.attributes.keys())
    assert not solved.points.heat_views
    scene.frame_set(FRAMES + 40)
    with pytest.raises(RuntimeError, match="does not reach frame"):
        bpy.ops.facemocap.show_heat_map(span="FRAME")
    solved.active_take = 0
    assert not bpy.ops.facemocap.show_heat_map.poll()


def preview(first: int, last: int) -> None:
    scene = bpy.context.scene
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = first, last


@pytest.mark.parametrize("in_memory", [True, False])
def test_refining_leaves_the_rest_to_the_bit(solved: Any, in_memory: bool):
    if in_memory:
        assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    before = chosen_take(solved)
    assert (kept_solve(before) is not None) == in_memory
    assert not bpy.ops.facemocap.refine_solve.poll(), "there is no range"
    preview(40, 60)
    solved.points.refine_weights.smoothness = 10.0
    solved.points.refine_weights.brows = 0.5
    assert bpy.ops.facemocap.refine_solve() == {"FINISHED"}
    after = chosen_take(solved)
    assert [item.name for item in solved.takes] == ["made_markers", "made_markers on arkit_head"]
    assert after.names == before.names
    inside = (after.times >= 39 / RATE - 1e-9) & (after.times <= 59 / RATE + 1e-9)
    assert after.values[~inside].tobytes() == before.values[~inside].tobytes()
    assert (after.values[inside] != before.values[inside]).any()
    # what lies well inside is changed, its edges only little: it is faded in and out
    change = np.abs(after.values - before.values).max(axis=1)
    assert change[39] < 0.2 * change.max()
    details = solve_details(after)
    assert details is not None
    (part,) = details["refined"]
    assert (part["start_s"], part["end_s"]) == pytest.approx((39 / RATE, 59 / RATE), abs=1e-3)
    assert part["settings"]["smoothness"] == 10.0
    assert part["settings"]["emphasis"] == {"brows": 0.5}
    assert details["settings"]["smoothness"] == 1.0
    assert solved.takes[1].solve.refined == 1
    assert bpy.ops.facemocap.apply_take() == {"FINISHED"}


def test_a_part_refined_in_an_earlier_session_stays_as_it_was(solved: Any):
    preview(20, 40)
    solved.points.refine_weights.smoothness = 10.0
    assert bpy.ops.facemocap.refine_solve() == {"FINISHED"}
    first = chosen_take(solved)
    forget_solves()
    preview(60, 80)
    assert bpy.ops.facemocap.refine_solve() == {"FINISHED"}
    second = chosen_take(solved)
    outside = second.times < 59 / RATE - 1e-9
    assert second.values[outside].tobytes() == first.values[outside].tobytes()
    assert solved.takes[1].solve.refined == 2
    details = solve_details(second)
    assert details is not None
    assert [part["start_s"] for part in details["refined"]] == pytest.approx(
        [19 / RATE, 59 / RATE], abs=1e-3
    )


def test_ranges_that_hold_nothing_say_so(solved: Any):
    points = solved.points
    before = chosen_take(solved).digest
    points.refine_range = "FRAMES"
    for first, last in ((200, 300), (30, 30), (50, 40), (-20, 0)):
        points.refine_start, points.refine_end = first, last
        with pytest.raises(RuntimeError, match="hold nothing of the take that could be solved"):
            bpy.ops.facemocap.refine_solve()
    assert chosen_take(solved).digest == before
    points.refine_range = "KEYS"
    assert not bpy.ops.facemocap.refine_solve.poll(), "nothing is applied"
    bpy.ops.facemocap.apply_take()
    assert not bpy.ops.facemocap.refine_solve.poll(), "all keys are selected, as after applying"
    select_keys(30, 50)
    same = bpy.data.texts.keys()
    assert bpy.ops.facemocap.refine_solve() == {"FINISHED"}
    assert chosen_take(solved).digest == before, "the same weights find the same"
    assert bpy.data.texts.keys() == same
    points.refine_weights.smoothness = 10.0
    assert bpy.ops.facemocap.refine_solve() == {"FINISHED"}
    after = chosen_take(solved)
    details = solve_details(after)
    assert details is not None
    assert details["refined"][0]["start_s"] == pytest.approx(29 / RATE, abs=1e-3)
    solved.active_take = 0
    assert not bpy.ops.facemocap.refine_solve.poll()


def select_keys(first: int, last: int) -> None:
    for action in bpy.data.actions:
        for bag in (b for la in action.layers for s in la.strips for b in s.channelbags):
            for curve in bag.fcurves:
                for key in curve.keyframe_points:
                    key.select_control_point = first <= key.co.x <= last


def test_solves_of_other_controls_or_times_are_not_mixed(solved: Any):
    assert bpy.ops.facemocap.solve_points() == {"FINISHED"}
    take = chosen_take(solved)
    kept = kept_solve(take)
    assert kept is not None
    assert with_values_of(kept, take).solve.values.tobytes() == kept.solve.values.tobytes()
    less = replace(kept.solve.unknowns, channels=kept.solve.unknowns.channels[1:])
    other = replace(kept, solve=kept.solve.replaced(unknowns=less))
    later = take.changed("moved", times=take.times + 0.01)
    for known, stored in ((other, take), (kept, later), (kept, load_take(solved.takes[0].text))):
        with pytest.raises(FacemocapError, match="have changed since"):
            with_values_of(known, stored)
