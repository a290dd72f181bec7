# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that change sizes: the dead zone, the neutral, the range, and the two sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_takes import BLINKS_S, bump, channels, face_take, face_values

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.head_turns import head_turns
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rotations import from_vector, multiply, to_vector
from facemocap_addon.core.stack.kinds.dead_zone import FREE, dead_zone, resting_value
from facemocap_addon.core.stack.report import StepReport
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take

REAL = ("JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv")


def stepped(take: Take, kind: str, **params: Any) -> Take:
    return run_stack(take, Stack((make_step(kind, **params),))).take


def report(take: Take, kind: str, **params: Any) -> StepReport:
    return run_stack(take, Stack((make_step(kind, **params),))).reports[0]


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(np.float64)


def check_contacts(before: Take, after: Take) -> None:
    assert lip_contacts(after) == lip_contacts(before)
    for eye in ("eyeBlinkLeft", "eyeBlinkRight"):
        was, now = (eye_closure(take, eye, before.times) for take in (before, after))
        assert (was is None) == (now is None)
        if was is not None and now is not None:
            np.testing.assert_allclose(now, was, atol=2e-4)


# ---------------------------------------------------------------- dead zone


@given(st.floats(0.001, 0.3), st.floats(-0.5, 0.5))
def test_a_dead_zone_holds_what_is_near_lets_go_what_is_far_and_never_turns_round(
    width: float, rest: float
):
    values = np.linspace(rest - 5 * width, rest + 5 * width, 2001)
    out = dead_zone(values, rest, width)
    off = np.abs(values - rest)
    # just inside, so that the last bit of the width does not decide
    assert (out[off <= 0.999 * width] == rest).all()
    assert (out[off >= 1.001 * FREE * width] == values[off >= 1.001 * FREE * width]).all()
    assert (np.diff(out) >= 0).all()
    # continuous: no step is more than a few times that of what goes in
    assert np.diff(out).max() <= 3 * np.diff(values).max()


def test_a_face_at_rest_is_still_and_its_events_keep_their_peaks():
    take = face_take(60.0, offset=0.06)
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.004, take.values.shape)
    noisy = make_take(take.times, take.channels, take.values + noise)
    out = stepped(noisy, "dead_zone", width=0.02)
    seconds = noisy.times - noisy.times[0]
    quiet = (seconds > 2.35) & (seconds < 2.45)
    for name in ("browInnerUp", "eyeBlinkLeft"):
        assert np.ptp(column(noisy, name)[quiet]) > 0.005
        assert np.ptp(column(out, name)[quiet]) == 0.0
        assert column(out, name).max() == column(noisy, name).max()
    assert np.array_equal(column(out, "headYaw"), column(noisy, "headYaw"))
    assert report(noisy, "dead_zone").counts["samples_held"] > 100


def test_the_dead_zone_of_angles_and_regions_is_asked_for():
    take = face_take()
    out = stepped(take, "dead_zone", regions={"mouth": 0.1, "eye": 0.0}, angle_deg=2.0)
    assert np.array_equal(column(out, "eyeBlinkLeft"), column(take, "eyeBlinkLeft"))
    smile = column(take, "mouthSmileLeft")
    held = column(out, "mouthSmileLeft")[np.abs(smile - smile.min()) < 0.09]
    assert np.ptp(held) == 0.0
    roll = column(take, "headRoll")
    rest = resting_value(roll)
    near = np.abs(roll - rest) < np.radians(1.99)
    assert np.ptp(column(out, "headRoll")[near]) == 0.0


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("width", [0.02, 0.1])
def test_a_dead_zone_leaves_the_lips_closed_when_they_were(shared: Path, name: str, width: float):
    take = read_take(shared / "takes" / "livelinkface" / name)
    out = stepped(take, "dead_zone", width=width)
    assert lip_contacts(out) == lip_contacts(take)


# ---------------------------------------------------------------- neutral


def test_the_estimated_neutral_becomes_zero_and_motions_keep_their_size():
    take = face_take(60.0, offset=0.07)
    out = stepped(take, "neutral")
    plain = face_take(60.0)
    for name in ("mouthSmileLeft", "browInnerUp"):
        np.testing.assert_allclose(column(out, name), column(plain, name), atol=2e-3)
    check_contacts(take, out)
    # gaze and head have their own neutral
    for name in ("eyeLookDownLeft", "headYaw"):
        assert np.array_equal(column(out, name), column(take, name))


@pytest.mark.parametrize(
    "marked", [{"source": "time", "time_s": 1.5}, {"source": "frame", "frame": 90}]
)
def test_a_marked_moment_is_the_neutral_whatever_the_face_does(marked: dict[str, Any]):
    take = face_take(60.0, offset=0.07)
    out = stepped(take, "neutral", **marked)
    smile = column(take, "mouthSmileLeft")
    # the median of the samples within a twentieth of a second
    np.testing.assert_allclose(
        column(out, "mouthSmileLeft"), smile - np.median(smile[87:94]), atol=1e-6
    )
    check_contacts(take, out)


def test_the_neutral_of_the_head_is_a_rotation():
    """Truth: turning all of a take's head by one rotation in front changes nothing after it."""
    take = face_take(60.0)
    vectors = head_turns(stepped(take, "neutral", source="time", head=True), take.times)
    turns = from_vector(head_turns(take, take.times))
    first = np.median(take.values[:4, -3:].astype(np.float64), axis=0)
    alone = make_take(take.times[:1], take.channels[-3:], first[None])
    back = from_vector(head_turns(alone, alone.times)[0]) * [1.0, -1.0, -1.0, -1.0]
    np.testing.assert_allclose(vectors, to_vector(multiply(back[None], turns)), atol=1e-5)
    assert np.abs(vectors[0]).max() < 0.02


def test_the_head_keeps_its_turn_where_it_was_not_recorded_whole():
    names = ("headYaw", "browInnerUp")
    values = np.stack([np.linspace(0, 1, 60), 0.1 + 0.0 * np.arange(60)], axis=1)
    take = make_take(np.arange(60) / 30, channels(names), values)
    assert np.array_equal(
        column(stepped(take, "neutral", head=True), "headYaw"), values[:, 0].astype(np.float32)
    )


def test_a_neutral_moment_outside_the_take_is_refused():
    with pytest.raises(FacemocapError, match="not in the take"):
        stepped(face_take(), "neutral", source="frame", frame=9000)


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_blinks_and_closed_lips_of_real_takes_survive_their_neutral(shared: Path, name: str):
    take = read_take(shared / "takes" / "livelinkface" / name)
    check_contacts(take, stepped(take, "neutral"))


# ---------------------------------------------------------------- range


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 3.0))
def test_a_gain_multiplies_and_blinks_and_lips_stay_what_they_are(gain: float):
    take = face_take(30.0, offset=0.02)
    out = stepped(take, "range", gain=gain)
    for name in ("mouthSmileLeft", "browInnerUp"):
        np.testing.assert_allclose(
            column(out, name), gain * column(take, name), rtol=1e-6, atol=1e-7
        )
    for name in ("eyeLookDownLeft", "headYaw"):
        assert np.array_equal(column(out, name), column(take, name))
    check_contacts(take, out)


@given(st.floats(0.5, 2.0))
@settings(max_examples=15, deadline=None)
def test_a_range_is_monotone(gain: float):
    """A value that was larger is never smaller afterwards, the bent ones neither."""
    take = face_take(60.0)
    out = stepped(take, "range", gain=gain)
    for name in ("eyeBlinkLeft", "jawOpen", "mouthFunnel", "mouthSmileLeft"):
        was, now = column(take, name), column(out, name)
        order = np.argsort(was, kind="stable")
        assert (np.diff(now[order]) >= -1e-6).all(), name


def test_gains_of_regions_go_before_that_of_all():
    take = face_take()
    out = stepped(take, "range", gain=1.5, regions={"mouth": 0.5, "gaze": 1.2, "head": 0.25})
    for name, factor in (
        ("mouthSmileLeft", 0.5), ("browInnerUp", 1.5),
        ("eyeLookDownLeft", 1.2), ("headPitch", 0.25),
    ):  # fmt: skip
        np.testing.assert_allclose(column(out, name), factor * column(take, name), rtol=1e-6)


def test_extremes_become_what_is_wanted_and_sides_keep_their_proportion():
    take = face_take(120.0)
    out = stepped(take, "range", extremes={"mouth": 0.5})
    left, right = column(take, "mouthSmileLeft"), column(take, "mouthSmileRight")
    highest = np.percentile(left, 99)
    np.testing.assert_allclose(
        column(out, "mouthSmileLeft"), left * 0.5 / highest, rtol=2e-3, atol=1e-6
    )
    np.testing.assert_allclose(
        column(out, "mouthSmileRight"), right * 0.5 / highest, rtol=2e-3, atol=1e-6
    )
    assert np.array_equal(column(out, "browInnerUp"), column(take, "browInnerUp"))


def test_a_range_of_one_changes_nothing():
    take = face_take()
    assert stepped(take, "range") is take


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("gain", [0.5, 0.8, 1.4, 2.0])
def test_blinks_and_closed_lips_of_real_takes_survive_any_gain(
    shared: Path, name: str, gain: float
):
    take = read_take(shared / "takes" / "livelinkface" / name)
    check_contacts(take, stepped(take, "range", gain=gain))


# ---------------------------------------------------------------- sides


def test_swapping_sides_twice_is_the_take_and_half_of_it_is_even():
    take = face_take()
    swap = make_step("swap_sides")
    out = run_stack(take, Stack((swap,))).take
    np.testing.assert_allclose(column(out, "mouthSmileLeft"), column(take, "mouthSmileRight"))
    np.testing.assert_allclose(column(out, "headYaw"), -column(take, "headYaw"))
    again = run_stack(take, Stack((swap, swap))).take
    both = take.valid & again.valid
    assert np.array_equal(again.values[both], take.values[both])
    half = run_stack(take, Stack((make_step("swap_sides", influence=0.5),))).take
    np.testing.assert_allclose(
        column(half, "eyeBlinkLeft"), column(half, "eyeBlinkRight"), atol=1e-7
    )
    np.testing.assert_allclose(column(half, "headRoll"), 0.0, atol=1e-7)


def test_the_takes_of_these_tests_have_what_they_say():
    """Blinks and closures are found where they were put, else nothing above means anything."""
    take = face_take()
    assert len(lip_contacts(take)) == 3
    closure = eye_closure(take, "eyeBlinkLeft", take.times)
    assert closure is not None
    seconds = take.times - take.times[0]
    assert all(closure[np.argmin(np.abs(seconds - middle))] > 0.95 for middle in BLINKS_S)
    assert face_values(seconds).shape == take.values.shape
    assert bump(np.array([1.0]), 1.0, 0.3)[0] == 1.0
    assert arkit_schema()["jawOpen"].region == "jaw"
