# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist changed by hand on applied curves is there after every new run."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest
from edited_curves import HOW, Place, Stage, edit, key_at, snapshot
from file_state import differences, file_state
from small_scenes import wave_take

from facemocap_addon.gateway.applying.performance import apply_take, remove_take

RUNS, EDITS_A_RUN = 20, 10


class Artist:
    """Edits keys that nobody edited before, in random ways, and remembers what they were."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.rng = stage, np.random.default_rng(seed)
        self.deltas: dict[tuple[Place, float], float] = {}
        self.added: dict[tuple[Place, float], str] = {}
        self.edits = 0

    def work(self, edits: int) -> None:
        fcurves = self.stage.curves()
        about: list[tuple[Place, float]] = []
        while edits:
            place = list(fcurves)[self.rng.integers(len(fcurves))]
            own = self.stage.machine[place].frames
            frame = float(own[self.rng.integers(len(own))])
            near = [f for p, f in [*self.deltas, *about] if p == place and abs(f - frame) < 1.5]
            today = [f for p, f in about if p == place and abs(f - frame) < 4]
            if near or today:
                continue
            how = str(self.rng.choice(HOW))
            amount = float(self.rng.normal(0, 0.3))
            frames = edit(fcurves[place], frame, how, amount)
            about += [(place, each) for each in frames]
            if how == "add":
                self.added[place, frames[0]] = key_at(fcurves[place], frames[0]).type
            edits -= 1
            self.edits += 1
        for place, frame in about:
            bare = float(self.stage.bare(place, frame))
            self.deltas[place, frame] = fcurves[place].evaluate(frame) - bare

    def values(self) -> np.ndarray:
        fcurves = self.stage.curves()
        return np.array([fcurves[place].evaluate(frame) for place, frame in self.deltas])

    def wanted(self) -> np.ndarray:
        bare = [float(self.stage.bare(place, frame)) for place, frame in self.deltas]
        return np.array(bare) + np.array(list(self.deltas.values()))


def parameters(rng: np.random.Generator) -> dict[str, Any]:
    """Another gain, another part of the take, now and then another grid of keys."""
    start = float(rng.choice([0.0, 0.0, 0.3]))
    return {
        "gain": float(rng.uniform(0.4, 1.3)),
        "range_s": (start, float(rng.uniform(1.2, 2.0))),
        "on_capture_times": bool(rng.random() < 0.2),
        "start_frame": float(rng.choice([1.0, 1.0, 4.0])),
        "mirror": bool(rng.random() < 0.2),
    }


@pytest.mark.parametrize("mode", ["ADD", "KEEP"])
def test_two_hundred_edits_over_twenty_runs(blank_scene: Any, mode: str) -> None:
    stage = Stage()
    stage.play()
    artist = Artist(stage, 5)
    rng = np.random.default_rng(6)
    for run in range(RUNS):
        artist.work(EDITS_A_RUN)
        found = artist.values()
        report = stage.play(**parameters(rng), hand_edits=mode)
        now = artist.values()
        wanted = artist.wanted() if mode == "ADD" else found
        np.testing.assert_allclose(now, wanted, atol=1e-5, err_msg=f"run {run}")
        fcurves = stage.curves()
        for (place, frame), kind in artist.added.items():
            key = key_at(fcurves[place], frame)
            assert key is not None, (run, place, frame)
            assert key.type == kind
        assert report.counts["hand_edits"] == artist.edits
        assert any(f"{artist.edits} hand edits were kept" in text for text in report.warnings)
    assert artist.edits == 200

    # nothing else differs from the bare result
    spans = {place: [f for p, f in artist.deltas if p == place] for place in fcurves}
    for place, fcurve in fcurves.items():
        own = stage.machine[place].frames
        far = [float(f) for f in own if all(abs(f - each) > 12 for each in spans[place])]
        rest = [fcurve.evaluate(frame) for frame in far]
        np.testing.assert_allclose(rest, stage.bare(place, far), atol=1e-6)

    # and without them it is the bare result
    report = stage.play(hand_edits="DISCARD")
    assert report.counts["hand_edits_discarded"] == artist.edits
    plain = snapshot(stage)
    assert stage.play().counts.get("hand_edits", 0) == 0
    assert snapshot(stage) == plain
    for place, fcurve in stage.curves().items():
        keys = np.array([tuple(p.co) for p in fcurve.keyframe_points])
        np.testing.assert_array_equal(keys[:, 1], stage.machine[place].values)


@pytest.mark.parametrize("mode", ["ADD", "KEEP"])
def test_saved_and_opened_again_a_run_gives_the_same_curves(
    blank_scene: Any, tmp_path: Any, mode: str
) -> None:
    stage = Stage()
    stage.play()
    artist = Artist(stage, 8)
    artist.work(12)
    stage.play(0.8, hand_edits=mode)
    artist.work(12)
    path = str(tmp_path / "edited.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    stage.play(1.1, hand_edits=mode)
    there = snapshot(stage)
    stage.play(1.1, hand_edits=mode)
    assert snapshot(stage) == there

    bpy.ops.wm.open_mainfile(filepath=path)
    stage.find()
    report = stage.play(1.1, hand_edits=mode)
    assert report.counts["hand_edits"] == 24
    assert snapshot(stage) == there
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    stage.find()
    stage.play(1.1, hand_edits=mode)
    assert snapshot(stage) == there


def test_an_edit_outlives_a_run_that_does_not_reach_it(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    place = next(iter(stage.curves()))
    edit(stage.curves()[place], 40, "move", 0.3)
    # an artist's key beyond the take's end
    stage.curves()[place].keyframe_points.insert(80, 0.7)
    stage.curves()[place].update()
    end = float(stage.bare(place, 49))
    for range_s in ((0.0, 0.8), (0.0, 2.0)):
        report = stage.play(range_s=range_s)
        assert report.counts["hand_edits"] == 2
        values = [stage.curves()[place].evaluate(frame) for frame in (39, 40, 41, 80)]
        wanted = stage.bare(place, [39, 40, 41, 80]) + np.array([0, 0.3, 0, 0.7 - end])
        np.testing.assert_allclose(values, wanted, atol=1e-5)


def test_removing_the_take_leaves_nothing(blank_scene: Any) -> None:
    stage = Stage()
    stage.scene.frame_set(1)
    before = file_state(stage.scene)
    stage.play()
    Artist(stage, 3).work(30)
    stage.play(0.7)
    stage.scene.frame_set(20)
    stage.scene.frame_set(1)
    remove_take(stage.scene, stage.picked)
    assert differences(before, file_state(stage.scene)) == []
    assert not any(True for _ in bpy.data.actions)


def test_another_take_leaves_the_edits_with_the_first_ones_action(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    place = next(iter(stage.curves()))
    edit(stage.curves()[place], 20, "move", 0.25)
    edited_action, kept = stage.action, snapshot(stage)
    other = wave_take(phase=2, name="other.csv")
    report = apply_take(stage.scene, stage.picked, other, stage.rig_map)
    assert "hand_edits" not in report.counts
    assert stage.action != edited_action
    assert edited_action.use_fake_user
    # the first take again, and the edit with it
    report = stage.play()
    assert stage.action == edited_action
    assert report.counts["hand_edits"] == 1
    assert snapshot(stage)[place][0] == kept[place][0]


def test_edits_on_a_copy_of_the_action_are_found(blank_scene: Any) -> None:
    stage = Stage()
    stage.play()
    first = stage.action
    plain = snapshot(stage)
    copy = first.copy()
    for datablock in (stage.face.data.shape_keys, stage.rig):
        data = datablock.animation_data
        number = list(first.slots).index(data.action_slot)
        data.action, data.action_slot = copy, copy.slots[number]
    place = next(iter(stage.curves()))
    edit(stage.curves()[place], 20, "move", 0.25)
    report = stage.play(0.5)
    assert report.counts["hand_edits"] == 1
    assert stage.action == copy
    value = stage.curves()[place].evaluate(20)
    assert value == pytest.approx(stage.bare(place, 20) + 0.25, abs=1e-5)
    # the one it was copied from is as it was
    data = stage.face.data.shape_keys.animation_data
    data.action, data.action_slot = first, first.slots[0]
    assert snapshot(stage)[place] == plain[place]
