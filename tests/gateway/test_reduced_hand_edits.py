# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist changed on curves with few keys is there after every new run."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from edited_curves import Place, Stage, edit, key_at, snapshot

from facemocap_addon.core.reduction.plan import KeyPlan
from facemocap_addon.gateway.writing.keys import read_keys

FEW = KeyPlan(tolerance=0.01)
#: A key that is added changes its neighbours' handles too, for Blender keeps the curve's shape.
HOW = ("move", "time", "delete", "handle", "type")


def inner_frames(fcurve: Any) -> list[float]:
    return [float(point.co.x) for point in fcurve.keyframe_points][2:-2]


def values_at(stage: Stage, place: Place, frames: Any) -> np.ndarray:
    return np.array([stage.curves()[place].evaluate(frame) for frame in frames])


def work(
    stage: Stage, *, seed: int, edits: int, only: str = ""
) -> list[tuple[Place, float, float]]:
    """Edits all over: place, frame, and by how much the curve differs there from the program's."""
    rng = np.random.default_rng(seed)
    before = {place: snapshot_values(fcurve) for place, fcurve in stage.curves().items()}
    done: list[tuple[Place, float, float]] = []
    taken: set[Place] = set()
    fcurves = stage.curves()
    for number in range(edits):
        free = [p for p, f in fcurves.items() if p not in taken and inner_frames(f)]
        free = [place for place in free if place[0] == only or not only]
        place = free[rng.integers(len(free))]
        taken.add(place)
        frame = float(rng.choice(inner_frames(fcurves[place])))
        how = HOW[number % len(HOW)]
        for each in edit(fcurves[place], frame, how, float(rng.normal(0, 0.3))):
            was = np.interp(each, *before[place])
            done.append((place, each, fcurves[place].evaluate(each) - float(was)))
    return done


def snapshot_values(fcurve: Any) -> tuple[np.ndarray, np.ndarray]:
    """A curve on a fine grid."""
    first, last = (float(fcurve.keyframe_points[end].co.x) for end in (0, -1))
    grid = np.arange(first, last + 0.025, 0.05)
    return grid, np.array([fcurve.evaluate(frame) for frame in grid.tolist()])


def test_the_same_run_leaves_edited_curves_as_they_are(blank_scene: Any) -> None:
    stage = Stage()
    stage.play(reduce=FEW)
    edits = work(stage, seed=1, edits=12)
    assert len(edits) == 15
    found = {place: read_keys(fcurve) for place, fcurve in stage.curves().items()}
    for mode in ("ADD", "KEEP", "ADD"):
        report = stage.play(reduce=FEW, hand_edits=mode)
        assert report.counts["hand_edits"] == 12
        for place, fcurve in stage.curves().items():
            now, was = read_keys(fcurve), found[place]
            for name in ("frame", "value", "interpolation", "left_type", "right_type", "type"):
                np.testing.assert_array_equal(now[name], was[name], err_msg=str(place))
            # Blender lines aligned handles up again whenever it is given a curve, and rounds
            for name in ("left", "right"):
                np.testing.assert_allclose(now[name], was[name], atol=2e-6)


def test_keys_that_were_added_are_there_after_each_run(blank_scene: Any) -> None:
    stage = Stage()
    stage.play(reduce=FEW)
    place = next(p for p, f in stage.curves().items() if p[0] == "Key" and inner_frames(f))
    fcurve = stage.curves()[place]
    frame = inner_frames(fcurve)[1]
    (at,) = edit(fcurve, frame, "add", 0.4)
    delta = 0.4 - float(stage.bare(place, at))
    for gain in (1.0, 0.7, 1.0):
        report = stage.play(gain, reduce=FEW)
        # the key itself, and neighbours whose handles made room for it
        assert 1 <= report.counts["hand_edits"] <= 3
        key = key_at(stage.curves()[place], at)
        assert key is not None
        assert key.type == "KEYFRAME"
        assert key.co.y == pytest.approx(float(stage.bare(place, at)) + delta, abs=0.021)


@pytest.mark.parametrize("rotation", ["XYZ", "QUATERNION"])
def test_edits_are_added_to_another_result(blank_scene: Any, rotation: str) -> None:
    stage = Stage(mode=rotation)
    stage.play(reduce=FEW)
    edits = work(stage, seed=2, edits=4, only="Key")
    for gain in (0.7, 1.2, 1.0):
        report = stage.play(gain, reduce=FEW)
        assert report.counts["hand_edits"] == 4
        assert report.counts["keys"] < 0.75 * report.counts["keys_before"]
        for place, frame, delta in edits:
            wanted = float(stage.bare(place, frame)) + delta
            # the old curve and the new one may each be off by the tolerance
            assert values_at(stage, place, [frame])[0] == pytest.approx(wanted, abs=0.0205)


def test_edits_are_kept_as_they_are_on_another_result(blank_scene: Any) -> None:
    stage = Stage()
    stage.play(reduce=FEW)
    edits = work(stage, seed=3, edits=10)
    grids = {place: snapshot_values(stage.curves()[place]) for place, _, _ in edits}
    stage.play(0.6, reduce=FEW, hand_edits="KEEP")
    for place, frame, _ in edits:
        was = float(np.interp(frame, *grids[place]))
        assert values_at(stage, place, [frame])[0] == pytest.approx(was, abs=2e-3)
    # where nobody edited, the curve is the new result
    for place in stage.curves().keys() - {place for place, _, _ in edits}:
        frames = stage.machine[place].frames
        now = values_at(stage, place, frames.tolist())
        np.testing.assert_allclose(now, stage.bare(place, frames), atol=0.0101)
    kept = snapshot(stage)
    stage.play(0.6, reduce=FEW, hand_edits="KEEP")
    assert snapshot(stage) == kept


def test_far_from_an_edit_the_keys_are_those_of_the_bare_result(blank_scene: Any) -> None:
    stage = Stage(seconds=6.0)
    stage.play(0.8, reduce=FEW)
    bare = {place: [tuple(p.co) for p in f.keyframe_points] for place, f in stage.curves().items()}
    stage.play(1.0, reduce=FEW, hand_edits="DISCARD")
    place = next(place for place, f in stage.curves().items() if len(f.keyframe_points) > 20)
    frame = inner_frames(stage.curves()[place])[10]
    edit(stage.curves()[place], frame, "move", 0.2)
    stage.play(0.8, reduce=FEW)
    now = [tuple(p.co) for p in stage.curves()[place].keyframe_points]
    far = [key for key in bare[place] if abs(key[0] - frame) > 40]
    assert far
    assert set(far) <= set(now)
    assert now != bare[place]


def test_edits_live_on_when_keys_become_many_and_few_again(blank_scene: Any) -> None:
    stage = Stage()
    stage.play(reduce=FEW)
    place = next(p for p, f in stage.curves().items() if p[0] == "Key" and inner_frames(f))
    frame = inner_frames(stage.curves()[place])[1]
    edit(stage.curves()[place], frame, "move", 0.25)
    for plan in (None, FEW, KeyPlan(tolerance=0.05), None):
        report = stage.play(reduce=plan)
        assert report.counts["hand_edits"] == 1
        wanted = float(stage.bare(place, frame)) + 0.25
        assert values_at(stage, place, [frame])[0] == pytest.approx(wanted, abs=0.07)
    report = stage.play(reduce=FEW, hand_edits="DISCARD")
    assert report.counts["hand_edits_discarded"] == 1
    np.testing.assert_allclose(
        values_at(stage, place, [frame]), stage.bare(place, [frame]), atol=0.0101
    )


def test_saved_and_opened_again_few_keys_are_the_same(blank_scene: Any, tmp_path: Any) -> None:
    stage = Stage()
    stage.play(reduce=FEW)
    work(stage, seed=5, edits=8)
    stage.play(0.8, reduce=FEW)
    there = snapshot(stage)
    path = str(tmp_path / "few.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    stage.find()
    assert snapshot(stage) == there
    report = stage.play(0.8, reduce=FEW)
    assert report.counts["hand_edits"] == 8
    assert snapshot(stage) == there
