# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs on the frames of a scene: exact there, events in their places, limits kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.actor.example_contacts import quiet_with_examples
from facemocap_addon.core.actor.example_controls import face_controls, with_posed_controls
from facemocap_addon.core.actor.example_pairs import ExampleLibrary, PoseKey, example_from_take
from facemocap_addon.core.actor.range_measuring import measure_range
from facemocap_addon.core.actor.range_of_motion import calibrated
from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.contacts.captured import blink_range
from facemocap_addon.core.controls import BONE, Control, ControlKey
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.placement import solve_on_frames
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_edits import mirror_take
from facemocap_addon.core.timebase import SceneClock

CLOCK = SceneClock(24)
FACE = tuple(name for name in arkit_names() if "eyeLook" not in name)
#: Samples of the sample take in which the face does a lot and the eyes are open.
MOMENTS_S = (3.5, 9.25, 15.0)


def shape(name: str) -> ControlKey:
    return ControlKey("shape_key", "head", f'key_blocks["{name}"].value')


def plain_map(limits: tuple[float, float] = (-10.0, 10.0)) -> RigMap:
    entries = [RigMapEntry(shape(n), (Source(n, 0.9),), limits=limits) for n in FACE]
    return RigMap("head", tuple(entries))


@pytest.fixture(scope="module")
def speech(sample_rigs: Path) -> Take:
    return read_take(sample_rigs / "sample_take.csv")


def library_of(take: Take, poses: dict[float, dict[PoseKey, float]]) -> ExampleLibrary:
    pairs = tuple(example_from_take(take, at, pose, f"{at:g} s") for at, pose in poses.items())
    rest = {each.channel: each.neutral for each in measure_range(take, "", own=True).ranges}
    return ExampleLibrary("Anna", "head", pairs, rest)


def changed_poses(take: Take, rig_map: RigMap, times: Any) -> dict[float, dict[PoseKey, float]]:
    """What the map gives at some times, each control 0.7 to 1.3 times as much."""
    at = take.times[0] + np.array(times)
    solved = retarget(take, rig_map, at)
    factors = np.random.default_rng(8).uniform(0.7, 1.3, solved.values.shape)
    return {
        time: dict(zip(solved.controls, map(float, row), strict=True))
        for time, row in zip(times, solved.values * factors, strict=True)
    }


def shown(solved: Any, frames: Any, frame: float, pose: dict[PoseKey, float]) -> Any:
    """Values of a pose's controls on one frame."""
    (row,) = np.flatnonzero(np.abs(frames - frame) < 1e-6)
    return [solved.values[row, solved.controls.index(key)] for key in pose]


def test_the_pose_stands_on_the_examples_frames(speech: Take):
    rig_map = plain_map()
    poses = changed_poses(speech, rig_map, MOMENTS_S)
    library = library_of(speech, poses)
    for start, range_s in ((1.0, (None, None)), (101.0, (2.0, 20.0))):
        solved, frames = solve_on_frames(
            speech, rig_map, CLOCK, start_frame=start, range_s=range_s, examples=library
        )
        for at_s, pose in poses.items():
            frame = start + (at_s - (range_s[0] or 0.0)) * 24
            found = shown(solved, frames, frame, pose)
            assert found == pytest.approx(list(pose.values()), abs=1e-6)


def test_the_pose_stands_on_capture_times_in_a_mirror_and_within_a_range(speech: Take):
    rig_map = plain_map()
    calm = calibrated(speech, measure_range(speech, "Anna", own=True))
    at_s = float(calm.times[300] - calm.times[0])
    for mirror in (False, True):
        played = mirror_take(calm) if mirror else calm
        poses = changed_poses(played, rig_map, (at_s,))
        solved, frames = solve_on_frames(
            calm, rig_map, CLOCK, mirror=mirror, on_capture_times=True,
            examples=library_of(played, poses),
        )  # fmt: skip
        found = shown(solved, frames, 1.0 + 24 * at_s, poses[at_s])
        assert found == pytest.approx(list(poses[at_s].values()), abs=1e-6)


def test_without_examples_nothing_changes_by_a_bit(speech: Take):
    rig_map = plain_map((0.0, 1.0))
    plain, frames = solve_on_frames(speech, rig_map, CLOCK)
    same = retarget(speech, rig_map, np.minimum(speech.times[0] + (frames - 1) / 24,
                    speech.times[-1]))  # fmt: skip
    empty, _ = solve_on_frames(speech, rig_map, CLOCK, examples=ExampleLibrary("Anna", "head"))
    for other in (same, empty):
        assert other.controls == plain.controls
        np.testing.assert_array_equal(other.values, plain.values)
        np.testing.assert_array_equal(other.clipped, plain.clipped)


def peaks(values: Any) -> list[int]:
    """Rows of a control's clear events: higher than all within 3 frames, by 0.2 within 8."""
    return [
        row
        for row in range(8, len(values) - 9)
        if np.argmax(values[row - 3 : row + 4]) == 3
        and values[row] - values[row - 8 : row].min() > 0.2
        and values[row] - values[row + 1 : row + 9].min() > 0.2
    ]


def test_events_of_one_expression_stay_on_their_frames():
    """Expressions that come and go one after the other, as examples and mixed from two of them."""
    looks = {
        "jawOpen": (0.8, 0.1, 0.5),
        "mouthSmileLeft": (0.1, 0.9, 0.4),
        "mouthPucker": (0.3, 0.0, 0.2),
    }
    times = np.arange(480) / 60
    starts = np.array([1.0, 2.5, 4.1, 5.3, 6.6])
    which = (0, 1, 2, 1, 0)
    bumps = 0.95 * np.exp(-(((times[:, None] - starts) / 0.12) ** 2))
    values = np.stack([bumps @ np.array(look)[list(which)] for look in looks.values()], axis=1)
    schema = arkit_schema()
    take = make_take(times, [schema[name] for name in looks], values)
    entries = tuple(RigMapEntry(shape(name), (Source(name),), limits=(-5, 5)) for name in looks)
    rig_map = RigMap("head", entries)
    poses: dict[float, dict[PoseKey, float]] = {
        1.0: {shape("jawOpen"): 0.5, shape("mouthSmileLeft"): 0.3},
        2.5: {shape("jawOpen"): 0.3, shape("mouthSmileLeft"): 1.2, shape("mouthPucker"): 0.2},
    }
    pairs = tuple(example_from_take(take, at, pose, str(at)) for at, pose in poses.items())
    plain, _ = solve_on_frames(take, rig_map, CLOCK)
    solved, _ = solve_on_frames(
        take, rig_map, CLOCK, examples=ExampleLibrary("Anna", "head", pairs)
    )
    rows = [np.argmax(plain.values[lo : lo + 24, 0]) + lo for lo in (12, 48, 86, 115, 146)]
    for column in range(2):
        for row in rows:
            around = solved.values[row - 8 : row + 9, column]
            assert np.argmax(around) == 8
            # and no way back on the way there
            assert np.diff(around[:9]).min() > -1e-9


def test_events_of_real_speech_keep_their_places(speech: Take):
    """Where others move meanwhile a peak may lean: hardly any, by a frame."""
    rig_map = plain_map()
    library = library_of(speech, changed_poses(speech, rig_map, MOMENTS_S))
    plain, _ = solve_on_frames(speech, rig_map, CLOCK)
    solved, _ = solve_on_frames(speech, rig_map, CLOCK, examples=library)
    moved = np.array(
        [
            abs(int(np.argmax(solved.values[row - 3 : row + 4, column])) - 3)
            for column in range(len(plain.controls))
            for row in peaks(plain.values[:, column])
        ]
    )
    assert len(moved) > 150
    assert np.median(moved) == 0
    assert np.percentile(moved, 95) <= 1


def test_limits_hold_also_for_what_only_the_examples_pose(speech: Take):
    rig_map = plain_map((0.0, 1.0))
    extra = shape("cheekBulge")
    poses = changed_poses(speech, rig_map, MOMENTS_S[:1])
    pose = {key: 3.0 * value + 0.1 for key, value in poses[MOMENTS_S[0]].items()}
    library = library_of(speech, {MOMENTS_S[0]: {**pose, extra: 0.6}})
    control = Control(*("shape_key", "head", extra.path, 0), name="cheekBulge", range=(0.0, 0.7))
    known = [Control(*("shape_key", "head", shape(n).path, 0), name=n) for n in FACE]
    full = with_posed_controls(rig_map, library, [control, *known])
    solved, frames = solve_on_frames(speech, full, CLOCK, examples=library)
    assert solved.controls[-1] == extra
    assert solved.values.min() >= 0.0
    assert solved.values[:, :-1].max() == 1.0
    assert solved.values[:, -1].max() <= 0.7
    assert shown(solved, frames, 1 + 24 * MOMENTS_S[0], {extra: 0.6}) == pytest.approx([0.6])
    np.testing.assert_array_equal(solved.clipped, solved.beyond > 0)
    assert solved.clipped.any()


def test_poses_of_what_the_character_lacks_are_refused(speech: Take):
    library = library_of(speech, {3.0: {shape("jawOpen"): 0.5, shape("wing"): 0.5}})
    jaw = Control(*("shape_key", "head", shape("jawOpen").path, 0), name="jawOpen")
    with pytest.raises(FacemocapError, match=r"lacks.*wing"):
        with_posed_controls(plain_map(), library, [jaw])
    wing = Control(*("shape_key", "head", shape("wing").path, 0), name="wing", driven_by="x")
    with pytest.raises(FacemocapError, match=r"drivers move.*wing"):
        with_posed_controls(plain_map(), library, [jaw, wing])


def eye(index: int) -> ControlKey:
    return ControlKey(BONE, "rig", 'pose.bones["eye.L"].rotation', index)


def test_a_gaze_is_held_as_before_where_examples_pose_the_eye():
    """A gaze aside and up passes the limits of one component; a pose far out is held."""
    schema = arkit_schema()
    names = ("leftEyeYaw", "leftEyePitch", "eyeLookOutLeft", "browInnerUp")
    yaw, pitch = (RigMapEntry(eye(index), (Source(name),), limits=(-0.4, 0.4))
                  for index, name in ((1, names[0]), (0, names[1])))  # fmt: skip
    brow = RigMapEntry(shape("browInnerUp"), (Source("browInnerUp"),))
    rig_map = RigMap("rig", (yaw, pitch, brow))
    amount = np.abs(np.sin(np.arange(120) / 20))
    values = np.stack([0.9 * amount, 0.3 * amount, amount, 0 * amount], axis=1)
    take = make_take(np.arange(120) / 60, [schema[name] for name in names], values)
    plain, _ = solve_on_frames(take, rig_map, CLOCK)
    pose: dict[PoseKey, float] = {eye(1): 0.2, shape("browInnerUp"): 0.3}
    library = ExampleLibrary("Anna", "rig", (example_from_take(take, 0.5, pose, "aside"),))
    solved, frames = solve_on_frames(take, rig_map, CLOCK, examples=library)
    assert shown(solved, frames, 13.0, pose) == pytest.approx(list(pose.values()), abs=1e-6)
    assert solved.controls == plain.controls
    np.testing.assert_array_equal(solved.values[:, 1], plain.values[:, 1])
    far: dict[PoseKey, float] = {eye(1): 2.0}
    library = ExampleLibrary("Anna", "rig", (example_from_take(take, 0.5, far, "far"),))
    held, _ = solve_on_frames(take, rig_map, CLOCK, examples=library)
    assert held.values[:, 0].max() <= max(0.4, float(plain.values[:, 0].max())) + 1e-12
    assert eye(1) not in face_controls(rig_map)
    assert shape("browInnerUp") in face_controls(rig_map)


def test_faces_without_blinks_have_the_pose_where_eyes_are_open(speech: Take):
    """As contacts need it: a blink at rest does not count, one that is shut is not there twice."""
    rig_map = plain_map((0.0, 1.0))
    name = "eyeBlinkLeft"
    blinks = blink_range(speech, name)
    assert blinks is not None
    column = speech.values[:, speech.column(name)]
    rest = int(np.flatnonzero((column > 0) & (column < blinks.rest) & speech.valid[:, 0])[40])
    peak = int(np.argmax(column))
    since = [float(speech.times[row] - speech.times[0]) for row in (rest, peak)]
    opened: dict[PoseKey, float] = {shape(name): 0.15, shape("eyeSquintLeft"): 0.4}
    shut: dict[PoseKey, float] = {shape(name): 1.0, shape("eyeSquintLeft"): 0.2}
    library = library_of(speech, {since[0]: opened, since[1]: shut})
    times = speech.times[[rest, peak]]
    solved, _ = solve_on_frames(speech, rig_map, CLOCK, on_capture_times=True, examples=library)
    rows = np.searchsorted(solved.times, times)
    assert [solved.values[r, solved.controls.index(shape(name))] for r in rows] == pytest.approx(
        [0.15, 1.0], abs=1e-6
    )
    quiet = quiet_with_examples(speech, rig_map, solved, library, [name])
    found = quiet[rows][:, [solved.controls.index(key) for key in opened]]
    assert found[0] == pytest.approx([0.15, 0.4], abs=1e-6)
    # of the shut eye's pose only what the map itself, with its gain of 0.9, does not do
    assert found[1, 0] == pytest.approx(0.1, abs=1e-6)
