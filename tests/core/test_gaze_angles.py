# SPDX-License-Identifier: GPL-3.0-or-later
"""Where eyes look: recorded angles and coefficients as one direction, its neutral and its range."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gaze_oracle import FRAMES, FRONT, apart_deg, bone, both_eyes, eye_map, look, take_of, turned
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from facemocap_addon.core.controls import SHAPE_KEY, ControlKey
from facemocap_addon.core.gaze import gaze_angles
from facemocap_addon.core.gaze.gaze_angles import (
    NO_NEUTRAL,
    Neutral,
    find_neutral,
    gaze_at,
    read_from,
)
from facemocap_addon.core.placement import solve_on_frames
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, RigMapEntry, Source
from facemocap_addon.core.take import Take
from facemocap_addon.core.take_edits import mirror_take
from facemocap_addon.core.timebase import SceneClock

ANGLES = arrays(np.float64, (6, 2), elements=st.floats(-0.9, 0.9))
TAKES = ("JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv")


@given(ANGLES)
def test_recorded_angles_are_exact_directions(angles: np.ndarray) -> None:
    take = both_eyes(*angles.T)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        yaw = sign * take.values[:, 0].astype(np.float64)
        pitch = take.values[:, 1].astype(np.float64)
        gaze = gaze_at(take, side, take.times)
        got = gaze_angles.to_direction(gaze)
        if take.values.any():
            assert apart_deg(got, look(yaw, pitch)).max() < 1e-5
        # the turn that an eye makes has no part about its own axis, and is no longer than it must
        vectors = gaze_angles.gaze_vectors(gaze)
        np.testing.assert_array_equal(vectors[:, 2], 0.0)
        assert apart_deg(Rotation.from_rotvec(vectors).apply(FRONT), got).max() < 1e-5
        longest = np.arccos(np.clip(got[:, 2], -1, 1))
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), longest, atol=1e-6)
        back = gaze_angles.to_eye_angles(got)
        np.testing.assert_allclose(back, np.stack([yaw, pitch], axis=1), atol=1e-7)
        np.testing.assert_allclose(gaze_angles.to_gaze(got), gaze, atol=1e-9)


@pytest.mark.parametrize(
    ("channel", "value", "wanted"),
    [
        ("leftEyeYaw", 0.3, (-1, 0)),
        ("leftEyePitch", 0.3, (0, -1)),
        ("rightEyeYaw", 0.3, (-1, 0)),
        ("rightEyePitch", -0.3, (0, 1)),
        ("eyeLookOutLeft", 1.0, (1, 0)),
        ("eyeLookInLeft", 1.0, (-1, 0)),
        ("eyeLookOutRight", 1.0, (-1, 0)),
        ("eyeLookInRight", 1.0, (1, 0)),
        ("eyeLookUpLeft", 1.0, (0, 1)),
        ("eyeLookDownRight", 1.0, (0, -1)),
    ],
)
def test_signs_in_words(channel: str, value: float, wanted: tuple[int, int]) -> None:
    """To the subject's left and up are positive in the result, right and down in the angles."""
    side = "left" if "left" in channel or channel.endswith("Left") else "right"
    take = take_of(**{channel: [0.0, value]})
    gaze = gaze_at(take, side, take.times)[1]
    assert tuple(np.sign(np.round(gaze, 9))) == wanted
    other = gaze_at(take, "right" if side == "left" else "left", take.times)
    np.testing.assert_array_equal(other, 0.0)


def test_coefficients_at_one_have_the_measured_slopes() -> None:
    for way, degrees in (("Out", 33.2), ("In", 35.5), ("Up", 25.8), ("Down", 35.0)):
        for side in ("Left", "Right"):
            turn = gaze_angles.look_turn(f"eyeLook{way}{side}")
            assert np.degrees(np.linalg.norm(turn)) == pytest.approx(degrees)
    assert not gaze_angles.look_turn("eyeBlinkLeft").any()


@pytest.mark.shared
@pytest.mark.parametrize("name", TAKES)
def test_angles_and_coefficients_of_real_takes_look_the_same_way(shared: Path, name: str) -> None:
    """The recorder writes the gaze twice; what the constants here know of it is checked by that."""
    path = shared / "takes" / "livelinkface" / name
    take = read_take(path)
    kept = [c for c, n in enumerate(take.names) if "EyeYaw" not in n and "EyePitch" not in n]
    bare = replace(
        take,
        channels=tuple(take.channels[c] for c in kept),
        values=take.values[:, kept],
        valid=take.valid[:, kept],
    )
    one, two = find_neutral(take), find_neutral(bare)
    for side in ("left", "right"):
        blink = take.column(f"eyeBlink{side.title()}")
        seen = take.valid[:, blink] & (take.values[:, blink] < 1 / 3)
        times = take.times[seen]
        angles = gaze_angles.to_direction(gaze_at(take, side, times) - one.of(side))
        looks = gaze_angles.to_direction(gaze_at(bare, side, times) - two.of(side))
        off = apart_deg(angles, looks)
        assert off.max() < 1.0
        assert np.percentile(off, 95) < 0.4


@pytest.mark.shared
def test_the_order_of_recorded_angles_is_the_files_own(shared: Path) -> None:
    """Coefficients are straight lines in azimuth and elevation, if the order is right."""
    path = shared / "takes" / "livelinkface" / TAKES[1]
    take = read_take(path)
    for side in ("left", "right"):
        part = side.title()
        blink = take.column(f"eyeBlink{part}")
        seen = take.valid[:, blink] & (take.values[:, blink] < 0.1)
        columns = [take.column(f"eyeLook{way}{part}") for way in ("Down", "Up")]
        looks = np.column_stack([take.values[seen][:, columns], np.ones(seen.sum())])

        def missed(elevation: np.ndarray, looks: np.ndarray = looks) -> float:
            line = looks @ np.linalg.lstsq(looks, elevation, rcond=None)[0]
            return float(np.degrees(np.std(elevation - line)))

        pitch = take.values[seen, take.column(f"{side}EyePitch")].astype(np.float64)
        ours = missed(gaze_at(take, side, take.times[seen])[:, 1])
        assert ours < 0.08
        assert missed(pitch) > 4 * ours


def test_an_eye_without_angles_goes_by_its_coefficients() -> None:
    looks = {"eyeLookOutLeft": [0.0, 0.5], "eyeLookDownLeft": [0.2, 0.0]}
    take = take_of(**looks)
    assert read_from(take, "leftEyeYaw") == ("eyeLookOutLeft", "eyeLookDownLeft")
    assert read_from(take, "rightEyeYaw") == ()
    # columns that are nought throughout were not recorded
    silent = take_of(leftEyeYaw=[0.0, 0.0], leftEyePitch=[0.0, 0.0], **looks)
    np.testing.assert_array_equal(
        gaze_at(silent, "left", silent.times), gaze_at(take, "left", take.times)
    )
    told = take_of(leftEyeYaw=[0.0, 0.1], leftEyePitch=[0.0, 0.0], **looks)
    assert read_from(told, "leftEyePitch") == ("leftEyeYaw", "leftEyePitch")
    np.testing.assert_allclose(gaze_at(told, "left", told.times)[1], [-0.1, 0.0], atol=1e-8)
    assert read_from(told, "jawOpen") == ()
    assert read_from(take_of(jawOpen=[0, 1]), "jawOpen") == ("jawOpen",)


def wandering(seconds: float = 6.0, **more: object) -> Take:
    """Eyes that mostly look to one place, and now and then far away."""
    times = np.arange(int(seconds * 60)) / 60
    away = (times % 2.0) < 0.6
    rng = np.random.default_rng(3)
    yaw = -0.08 + 0.002 * rng.standard_normal(len(times)) + np.where(away, 0.4, 0.0)
    pitch = 0.15 + 0.002 * rng.standard_normal(len(times)) - np.where(away, 0.3, 0.0)
    return take_of(
        leftEyeYaw=yaw, leftEyePitch=pitch, rightEyeYaw=yaw + 0.1, rightEyePitch=pitch, **more
    )


def test_the_neutral_is_where_open_eyes_mostly_look() -> None:
    take = wandering()
    found = find_neutral(take)
    assert apart_deg(
        gaze_angles.to_direction(found.of("left")[None]), look(np.array([-0.08]), np.array([0.15]))
    ) == pytest.approx(0.0, abs=0.15)
    assert found.right[0] == pytest.approx(found.left[0] - 0.1, abs=2e-3)
    # closed eyes roll up and down and say nothing
    blinks = np.zeros(take.samples)
    blinks[100:330] = 0.5
    columns = {n: take.values[:, c].astype(np.float64) for c, n in enumerate(take.names)}
    columns["leftEyePitch"][100:330] = columns["rightEyePitch"][100:330] = 0.9
    blinking = take_of(**columns, eyeBlinkLeft=blinks, eyeBlinkRight=blinks)
    for one, two in zip(
        (*found.left, *found.right),
        (*find_neutral(blinking).left, *find_neutral(blinking).right),
        strict=True,
    ):
        assert one == pytest.approx(two, abs=2e-3)
    assert find_neutral(take_of(**columns)).left != pytest.approx(found.left, abs=2e-2)
    # nor do samples in which nothing was tracked
    valid = np.ones(take.values.shape, np.bool_)
    valid[:300] = False
    few = replace(take, valid=valid)
    assert find_neutral(few) == NO_NEUTRAL


def test_takes_that_show_no_neutral() -> None:
    assert find_neutral(wandering(1.9)) == NO_NEUTRAL
    assert find_neutral(wandering(2.1)) != NO_NEUTRAL
    held = np.full(600, 0.2)
    assert find_neutral(both_eyes(held, held)) == NO_NEUTRAL
    assert find_neutral(take_of(jawOpen=np.linspace(0, 1, 600))) == NO_NEUTRAL
    assert find_neutral(take_of(jawOpen=[0.0])) == NO_NEUTRAL
    # one eye alone would squint
    one = take_of(leftEyeYaw=0.2 * np.sin(np.arange(600) / 20) + 0.1, leftEyePitch=np.zeros(600))
    assert find_neutral(one) == NO_NEUTRAL


def test_the_neutral_of_a_mirrored_take_is_mirrored() -> None:
    found, mirrored = find_neutral(wandering()), find_neutral(mirror_take(wandering()))
    assert mirrored.left == pytest.approx((-found.right[0], found.right[1]), abs=1e-6)
    assert mirrored.right == pytest.approx((-found.left[0], found.left[1]), abs=1e-6)


@pytest.mark.parametrize("frame", FRAMES)
def test_eye_bones_turn_by_exactly_the_captured_direction(frame: str) -> None:
    grid = np.array([(y, p) for y in (-0.5, -0.1, 0, 0.3, 0.55) for p in (-0.35, 0, 0.2, 0.45)])
    take = both_eyes(*grid.T)
    solved = retarget(take, eye_map(FRAMES[frame]))
    assert apart_deg(turned(solved, FRAMES[frame]), look(*grid.T)).max() < 1e-4
    assert not solved.clipped.any()
    neutral = Neutral((0.1, -0.2), (0.1, -0.2))
    less = retarget(take, eye_map(FRAMES[frame]), neutral=neutral)
    wanted = gaze_angles.to_direction(gaze_angles.to_gaze(look(*grid.T)) - [0.1, -0.2])
    inside = ~less.clipped.any(axis=1)
    assert inside.sum() >= 12
    assert apart_deg(turned(less, FRAMES[frame]), wanted)[inside].max() < 1e-4


def test_maps_of_former_times_turn_eye_bones_by_coefficients_as_they_did() -> None:
    sources = (Source("eyeLookOutLeft", 0.579), Source("eyeLookInLeft", -0.62))
    entry = RigMapEntry(bone("eye", 1), sources, limits=(-3.1416, 3.1416))
    take = take_of(eyeLookOutLeft=[0.0, 1.0, 0.2], eyeLookInLeft=[0.3, 0.0, 0.0])
    solved = retarget(take, RigMap("", (entry,)), neutral=Neutral((0.5, 0.5), (0.5, 0.5)))
    np.testing.assert_allclose(solved.values[:, 0], [-0.186, 0.579, 0.1158], atol=1e-6)


def test_what_is_covered_counts_both_ways() -> None:
    def covered(*channels: str) -> frozenset[str]:
        key = ControlKey(SHAPE_KEY, "face", "x")
        return RigMap("", (RigMapEntry(key, tuple(map(Source, channels))),)).covered

    assert {"leftEyeYaw", "leftEyePitch", "leftEyeRoll"} <= covered("eyeLookUpLeft")
    assert "eyeLookDownLeft" not in covered("eyeLookUpLeft")
    both = covered("leftEyeYaw", "leftEyePitch")
    assert {f"eyeLook{way}Left" for way in ("In", "Out", "Up", "Down")} <= both
    assert not any(name.endswith("Right") or name.startswith("right") for name in both)
    assert "eyeLookUpLeft" not in covered("leftEyeYaw")
    assert covered("jawOpen") == {"jawOpen"}


def test_samples_without_the_eyes_are_unknown() -> None:
    yaw = np.array([0.1, np.nan, 0.2])
    take = take_of(leftEyeYaw=yaw, leftEyePitch=yaw, jawOpen=[0, 0, 0])
    entry = RigMapEntry(bone("eye", 1), (Source("leftEyeYaw"), Source("eyeLookInLeft", 0.2)))
    np.testing.assert_array_equal(
        retarget(take, RigMap("", (entry,))).known[:, 0], [True, False, True]
    )
    blind = RigMapEntry(bone("eye", 1), (Source("rightEyeYaw"),))
    assert retarget(take, RigMap("", (blind,))).controls == ()


def test_a_part_of_a_take_looks_where_the_whole_does() -> None:
    take = wandering()
    rig_map = eye_map(np.eye(3))
    clock = SceneClock(24, 1.0)
    whole, frames = solve_on_frames(take, rig_map, clock, start_frame=0)
    part, some = solve_on_frames(take, rig_map, clock, start_frame=24, range_s=(1.0, 2.0))
    at = np.searchsorted(frames, some)
    np.testing.assert_allclose(part.values, whole.values[at], atol=1e-6)
    assert whole.neutral == part.neutral != NO_NEUTRAL
    raw, _ = solve_on_frames(take, rig_map, clock, start_frame=0, raw=True)
    assert raw.neutral == NO_NEUTRAL
    assert np.abs(raw.values[:, 1] - whole.values[:, 1]).max() > 0.05
