# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers repaired: swapped, slipped, jumping, hidden, stuck; told; the take's own left alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stabilise_scenes import STABLE, face_scene, points_at

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.points import Points, points_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stabilise import GAP, SLIP, SPIKE, STUCK, SWAP, repair_points
from facemocap_addon.core.stabilise.bridging import bridge
from facemocap_addon.core.stabilise.filling import fill_gaps

NOISE_M = 1e-4


def away_mm(found: Points, truth: FloatArray) -> FloatArray:
    return 1e3 * np.linalg.norm(found.positions - truth, axis=2)


def told(points: Points, kind: str) -> list[tuple[str, str, int, int]]:
    report = repair_points(points, STABLE).report
    return [(r.marker, r.other, r.first, r.last) for r in report.of_kind(kind)]


def test_clean_take_comes_back_as_it_was() -> None:
    scene = face_scene(300, noise_m=NOISE_M)
    found = repair_points(scene.points, STABLE)
    assert found.report.repairs == ()
    assert (found.points.positions == scene.points.positions).all()


@settings(max_examples=6, deadline=None, derandomize=True)
@given(pair=st.sampled_from([(12, 13), (2, 17), (20, 23), (14, 5)]), start=st.integers(20, 150))
def test_swapped_markers_are_exchanged_back(pair: tuple[int, int], start: int) -> None:
    scene = face_scene(300, noise_m=NOISE_M)
    places = scene.points.positions.copy()
    stop = start + 70
    places[start:stop, list(pair)] = places[start:stop, list(pair)[::-1]]
    found = repair_points(points_at(places), STABLE)
    one, other = sorted(pair)
    assert told(points_at(places), SWAP) == [(f"p{one}", f"p{other}", start, stop - 1)]
    assert (found.points.positions == scene.points.positions).all()


def test_markers_that_come_back_swapped_are_exchanged() -> None:
    scene = face_scene(300, noise_m=NOISE_M)
    places, valid = scene.points.positions.copy(), scene.points.valid.copy()
    valid[100:112, [15, 19]] = False
    places[112:180, [15, 19]] = places[112:180, [19, 15]]
    swaps = told(points_at(places, valid), SWAP)
    assert [(one, other, last) for one, other, _first, last in swaps] == [("p15", "p19", 179)]
    assert 100 <= swaps[0][2] <= 112


@pytest.mark.parametrize("marker", [3, 14, 21])
def test_slipped_marker_is_put_back(marker: int) -> None:
    scene = face_scene(400, noise_m=NOISE_M)
    step = np.array([0.002, -0.0015, 0.001])
    places = scene.points.positions.copy()
    places[290:, marker] += step @ scene.turns[290:].transpose(0, 2, 1)
    found = repair_points(points_at(places), STABLE)
    (slip,) = found.report.of_kind(SLIP)
    assert (slip.marker, slip.first, slip.last) == (f"p{marker}", 290, 399)
    assert slip.size_m == pytest.approx(float(np.linalg.norm(step)), abs=4e-4)
    assert away_mm(found.points, scene.points.positions)[:, marker].max() < 0.6
    others = np.delete(np.arange(24), marker)
    assert (found.points.positions[:, others] == scene.points.positions[:, others]).all() or (
        away_mm(found.points, scene.points.positions)[:, others].max() < 1e-6
    )


def test_jumps_are_taken_out_and_filled() -> None:
    scene = face_scene(300, noise_m=NOISE_M)
    places = scene.points.positions.copy()
    places[50, 4] += 0.02
    places[120:122, 18] -= 0.015
    found = repair_points(points_at(places), STABLE)
    spikes = [(r.marker, r.first, r.last) for r in found.report.of_kind(SPIKE)]
    assert spikes == [("p4", 50, 50), ("p18", 120, 121)]
    assert away_mm(found.points, scene.points.positions).max() < 0.7


def test_marker_that_stands_still_in_space_is_told() -> None:
    scene = face_scene(200, noise_m=NOISE_M)
    places = scene.points.positions.copy()
    places[:, 16] = places[0, 16]
    found = repair_points(points_at(places), STABLE)
    assert [r.marker for r in found.report.of_kind(STUCK)] == ["p16"]
    assert (found.points.positions[:, 16] == places[:, 16]).all()


# ---------------------------------------------------------------- gaps


def test_hidden_marker_is_filled_from_the_others() -> None:
    scene = face_scene(400)
    valid = scene.points.valid.copy()
    valid[150:240, 14] = False
    found = repair_points(points_at(scene.points.positions, valid), STABLE)
    (gap,) = found.report.of_kind(GAP)
    assert (gap.marker, gap.first, gap.last) == ("p14", 150, 239)
    error = away_mm(found.points, scene.points.positions)[150:240, 14]
    rows = np.arange(150, 240)
    ends = scene.points.positions[[149, 240], 14]
    line = np.stack([np.interp(rows, [149, 240], ends[:, k]) for k in range(3)], 1)
    straight = 1e3 * np.linalg.norm(line - scene.points.positions[rows, 14], axis=1)
    assert error.max() < 0.3
    assert straight.mean() > 2.0
    assert found.points.valid.all()


def test_bridge_meets_both_ends() -> None:
    """Where the course breaks off and where it goes on, the bridge has both place and way."""
    rows = np.arange(60.0)
    series = np.stack([0.3 * rows, -0.2 * rows, np.where(rows < 30, 0.0, 4.0)], axis=1)
    known = np.ones(60, np.bool_)
    known[25:35] = False
    values, _ = bridge(series, known, 25, 34, 12.0, 1e-6)
    assert values[:, :2] == pytest.approx(series[25:35, :2], abs=1e-3)
    # the last axis lies 4 higher behind the gap: a climb that begins and ends on the level
    climb = np.diff(np.concatenate([series[24:25, 2], values[:, 2], series[35:36, 2]]))
    assert climb.sum() == pytest.approx(4.0)
    assert climb.min() > -0.1
    assert max(abs(climb[0]), abs(climb[-1])) < 0.6 * climb.max()


def test_bridge_of_a_smooth_course_is_the_course() -> None:
    rows = np.arange(80.0)
    series = np.stack([np.sin(rows / 12), np.cos(rows / 15), 0.1 * rows], axis=1)
    known = np.ones(80, np.bool_)
    known[38:44] = False
    values, deviation = bridge(series, known, 38, 43, 48.0, 1e-6)
    assert values == pytest.approx(series[38:44], abs=5e-3)
    assert deviation < 0.02


def test_marker_hardly_seen_is_not_made_up() -> None:
    scene = face_scene(300, noise_m=NOISE_M)
    valid = scene.points.valid.copy()
    valid[5:, 20] = False
    found = repair_points(points_at(scene.points.positions, valid), STABLE)
    assert (found.points.valid == valid).all()
    assert any('"p20" is seen in 5 of 300' in note for note in found.report.notes)


def test_filling_moves_with_the_markers_order() -> None:
    scene = face_scene(200)
    valid = scene.points.valid.copy()
    valid[80:120, 15] = False
    order = np.random.default_rng(0).permutation(24)
    names = scene.points.names
    one = fill_gaps(scene.points.positions, valid, names, 1e-5).places
    other = fill_gaps(scene.points.positions[:, order], valid[:, order], names, 1e-5).places
    assert other == pytest.approx(one[:, order], abs=1e-7)


# ---------------------------------------------------------------- report, real takes


def test_raw_points_are_untouched_and_the_report_is_plain() -> None:
    scene = face_scene(200, noise_m=NOISE_M)
    places, valid = scene.points.positions.copy(), scene.points.valid.copy()
    places[50, 4] += 0.02
    valid[90:100, 13] = False
    points = points_at(places, valid)
    before = points.positions.copy(), points.valid.copy()
    found = repair_points(points, STABLE)
    assert (points.positions == before[0]).all()
    assert (points.valid == before[1]).all()
    back = json.loads(json.dumps(found.report.to_json()))
    assert [entry["kind"] for entry in back["repairs"]].count(GAP) == 2
    assert all(0.0 <= entry["sure"] <= 1.0 for entry in back["repairs"])
    assert '"p4" jumped at frame 50: taken out' in found.report.of_kind(SPIKE)[0].sentence()


@pytest.mark.shared
@pytest.mark.parametrize("name", ["AnimFace_JawMoCap.ma", "AnimFace_EyebrowsMoCap.ma"])
def test_real_markers_are_left_alone_and_their_swap_found(shared: Path, name: str) -> None:
    points = points_of(read_take(shared / "takes" / "maya_markers" / name))
    part = Points(points.names, points.positions[:700], points.valid[:700])
    assert repair_points(part).report.repairs == ()
    one, other = (points.names.index(marker) for marker in ("Mouth_UpL1", "Mouth_Lend"))
    places = part.positions.copy()
    places[300:420, [one, other]] = places[300:420, [other, one]]
    found = repair_points(Points(part.names, places, part.valid))
    assert [(r.kind, r.first, r.last) for r in found.report.repairs] == [(SWAP, 300, 419)]
    assert (found.points.positions == part.positions).all()
