# SPDX-License-Identifier: GPL-3.0-or-later
"""Micro-movement and posture: sizes, seeds, contacts, and eyes that stay on their target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.core.channels import Channel, arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts
from facemocap_addon.core.gaze.gaze_angles import gaze_at, to_direction
from facemocap_addon.core.layers.draws import Draws
from facemocap_addon.core.layers.micro import BROW_MM, Micro, add_micro
from facemocap_addon.core.layers.posture import CONTEXTS, Posture, hold_posture
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.rotations import from_vector, head_vectors, to_matrix
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import take_bytes

STILL = Micro(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
HEAD = ("headYaw", "headPitch", "headRoll")


def quiet_take(seconds: float = 60.0, rate: float = 60.0) -> Take:
    """All channels at rest: brows and lids a little up, the head aside."""
    times = 4.0 + np.arange(round(seconds * rate)) / rate
    schema = arkit_schema()
    channels = [*schema.values(), Channel("headX", "translation", region="head")]
    values = np.zeros((len(times), len(channels)))
    for column, channel in enumerate(channels):
        values[:, column] = {"brow": 0.3, "eye": 0.3}.get(channel.region, 0.0)
    names = [channel.name for channel in channels]
    values[:, names.index("headYaw")] = 0.4
    return make_take(times, channels, values)


def column(take: Take, name: str) -> np.ndarray:
    return take.values[:, take.column(name)].astype(float)


def world_gaze(take: Take, side: str) -> np.ndarray:
    """Where an eye looks in the room ``(n, 3)``."""
    head = to_matrix(from_vector(head_vectors(*(column(take, name) for name in HEAD))))
    return np.einsum("nij,nj->ni", head, to_direction(gaze_at(take, side, take.times)))


def angle_between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(axis=1)))


def test_each_amount_is_the_deviation_that_it_says():
    take = quiet_take(120.0)
    out = add_micro(take, replace(STILL, brows_mm=0.05), Draws(0))
    for side in ("Left", "Right"):
        moved = BROW_MM * (column(out, f"browDown{side}") - column(take, f"browDown{side}"))
        assert np.std(moved) == pytest.approx(0.05, rel=0.2)
        assert abs(moved.mean()) < 0.01
    out = add_micro(take, replace(STILL, head_deg=0.5), Draws(0))
    assert np.degrees(np.std(column(out, "headYaw"))) == pytest.approx(0.5, rel=0.35)
    out = add_micro(take, replace(STILL, eyes_deg=0.2), Draws(0))
    gaze = np.degrees(gaze_at(out, "left", out.times))
    assert np.std(gaze[:, 0]) == pytest.approx(0.2, rel=0.25)
    # both eyes together
    np.testing.assert_allclose(np.degrees(gaze_at(out, "right", out.times)), gaze, atol=1e-4)
    out = add_micro(take, replace(STILL, weight_mm=3.0), Draws(0))
    assert 1e3 * np.std(column(out, "headX")) == pytest.approx(3.0, rel=0.5)


def test_nothing_asked_for_is_nothing_done():
    take = quiet_take(5.0)
    assert add_micro(take, STILL, Draws(0)) is take


def test_small_darts_are_darts():
    take = quiet_take(30.0, 240.0)
    out = add_micro(take, replace(STILL, eyes_deg=0.2), Draws(0))
    speed = np.abs(np.diff(np.degrees(gaze_at(out, "left", out.times)[:, 0]))) * 240.0
    darting = speed > 2.5
    # 20 to 90 a minute in the middle: one every 0.35 to 1.3 s
    number = int((darting[1:] & ~darting[:-1]).sum())
    assert 12 <= number <= 60
    assert darting.mean() < 0.1


def test_tremor_is_no_regular_swing_and_sides_differ():
    out = add_micro(quiet_take(), replace(STILL, brows_mm=0.1), Draws(0))
    left, right = (column(out, f"browOuterUp{side}") for side in ("Left", "Right"))
    assert 0.2 < np.corrcoef(left, right)[0, 1] < 0.95
    # a swing that comes again would be like itself some periods later
    own = left - left.mean()
    alike = np.correlate(own, own, "full")[len(own) - 1 :] / (own * own).sum()
    assert np.abs(alike[90 : 20 * 60]).max() < 0.3


def test_the_same_motion_at_any_rate():
    whole = add_micro(quiet_take(10.0, 120.0), Micro(stress_deg=0.0), Draws(3))
    half = add_micro(quiet_take(10.0, 60.0), Micro(stress_deg=0.0), Draws(3))
    np.testing.assert_allclose(whole.values[::2], half.values, atol=1e-5)


def test_swaying_heads_keep_their_eyes_on_target():
    take = quiet_take(20.0)
    sway = replace(STILL, head_deg=1.0, weight_mm=4.0)
    out = add_micro(take, sway, Draws(1))
    lost = add_micro(take, replace(sway, on_target=False), Draws(1))
    for side in ("left", "right"):
        before = world_gaze(take, side)
        assert angle_between(before, world_gaze(lost, side)).max() > 1.0
        assert angle_between(before, world_gaze(out, side)).max() < 0.1


@pytest.mark.parametrize("seconds", [20.0])
def test_heads_roll_on_stressed_syllables(seconds: float):
    take = quiet_take(seconds)
    values = np.array(take.values)
    seconds_in = take.times - take.times[0]
    stress = np.clip(np.sin(2 * np.pi * seconds_in / 2.5), 0.0, 1.0) ** 6
    values[:, take.column("jawOpen")] = 0.1 + 0.3 * stress
    take = replace(take, values=values)
    out = add_micro(take, replace(STILL, stress_deg=1.0), Draws(0))
    roll = np.abs(np.degrees(column(out, "headRoll")))
    assert 0.3 < roll.max() <= 1.01
    assert roll[stress < 1e-6].max() < 0.2 * roll.max()


def test_real_blinks_and_lips_stay(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    out = add_micro(take, Micro(brows_mm=0.2, lids_mm=0.2), Draws(0))
    assert lip_contacts(out) == lip_contacts(take)
    for eye in ("eyeBlinkLeft", "eyeBlinkRight"):
        was, now = (eye_closure(each, eye, take.times) for each in (take, out))
        assert was is not None
        assert now is not None
        assert (was >= 1.0).sum() > 20
        assert (now[was >= 1.0] >= 1.0).all()
        # a lid that is nearly half shut does not tremble
        still = was > 0.45
        assert np.array_equal(column(out, eye)[still], column(take, eye)[still])
    changed = (out.values != take.values).any(axis=0)
    regions = {c.region for c, moved in zip(take.channels, changed, strict=True) if moved}
    assert regions == {"brow", "eye", "gaze", "head"}


def test_seeds_of_micro_movement():
    take = quiet_take(5.0)
    one, two = (run_stack(take, Stack((make_step("micro_movement"),)), seed=4) for _ in range(2))
    assert take_bytes(one.take) == take_bytes(two.take)
    other = run_stack(take, Stack((make_step("micro_movement", seed=1),)), seed=4)
    assert not np.array_equal(one.take.values, other.take.values)


# ---------------------------------------------------------------- posture


@pytest.mark.parametrize("context", [name for name in CONTEXTS if name != "none"])
def test_postures_turn_the_head_and_not_the_gaze(sample_rigs: Path, context: str):
    take = read_take(sample_rigs / "sample_take.csv")
    out, beyond = hold_posture(take, CONTEXTS[context], 0.0, Draws(0), eyes=True)
    there = take.valid[:, take.column("headYaw")]
    turned = [
        to_matrix(from_vector(head_vectors(*(column(each, name)[there] for name in HEAD))))
        for each in (take, out)
    ]
    angle = np.degrees(np.arccos((np.einsum("nij,nij->n", *turned) - 1.0) / 2.0))
    assert angle.min() > 2.5
    assert np.ptp(angle) < 0.01
    assert beyond < np.radians(3.0)
    missed = [
        angle_between(world_gaze(take, side)[there], world_gaze(out, side)[there])
        for side in ("left", "right")
    ]
    assert np.percentile(missed, 95) < 0.05
    assert np.max(missed) < np.degrees(beyond) + 0.2


def test_chin_turn_and_tilt_have_their_signs():
    take = quiet_take(1.0)
    level = replace(take, values=np.where(take.values == np.float32(0.4), 0.0, take.values))
    for posture, name in (
        (Posture(chin_deg=5.0), "headPitch"),
        (Posture(turn_deg=5.0), "headYaw"),
        (Posture(tilt_deg=5.0), "headRoll"),
    ):
        out, _ = hold_posture(level, posture, 0.0, Draws(0), eyes=False)
        for each in HEAD:
            wanted = 5.0 if each == name else 0.0
            np.testing.assert_allclose(np.degrees(column(out, each)), wanted, atol=1e-4)
        assert not column(out, "eyeLookDownLeft").any()
    out, _ = hold_posture(level, Posture(chin_deg=5.0), 0.0, Draws(0), eyes=True)
    # the chin goes up, the eyes look down by as much: 35 degrees are 1
    np.testing.assert_allclose(column(out, "eyeLookDownLeft"), 5.0 / 35.0, atol=1e-4)
    np.testing.assert_allclose(np.degrees(column(out, "leftEyePitch")), 5.0, atol=1e-3)


def test_eyes_that_cannot_turn_so_far_are_told():
    take = quiet_take(1.0)
    step = make_step("posture", turn_deg=45.0, variation=0.0)
    done = run_stack(take, Stack((step,)))
    assert done.reports[0].remarks == ("Eyes miss their target by up to 12 degrees.",)
    assert done.take.values[:, take.column("eyeLookOutRight")].max() == pytest.approx(1.0)


def test_no_posture_is_no_change():
    take = quiet_take(1.0)
    assert run_stack(take, Stack((make_step("posture"),))).take is take
    assert run_stack(take, Stack((make_step("posture", context="tired", amount=0.0),))).take is take


def test_missing_heads_stay_missing():
    take = quiet_take(2.0)
    valid = np.array(take.valid)
    valid[20:40, take.column("headYaw")] = False
    take = replace(take, valid=valid)
    out, _ = hold_posture(take, Posture(chin_deg=4.0), 0.0, Draws(0), eyes=True)
    assert np.array_equal(out.valid, take.valid)
    assert np.array_equal(out.values[20:40], take.values[20:40])
    assert (column(out, "headPitch")[:20] > 0.05).all()


def without_head(take: Take) -> Take:
    valid = np.array(take.valid)
    valid[:, [take.column(name) for name in HEAD]] = False
    return replace(take, valid=valid)


def test_takes_without_a_head_say_so():
    take = without_head(quiet_take(1.0))
    for step in (make_step("posture", context="tired"), make_step("breathing")):
        done = run_stack(take, Stack((step,)))
        assert any(r.startswith("The head was not recorded") for r in done.reports[0].remarks)
        assert np.array_equal(done.take.valid, take.valid)


def test_a_still_head_can_be_moved():
    take = without_head(quiet_take(8.0))
    valid = np.array(take.valid)
    valid[50:60] = False
    take = replace(take, valid=valid)
    still = make_step("still_head")
    done = run_stack(take, Stack((still,)))
    seen = take.valid[:, take.column("jawOpen")]
    for name in HEAD:
        assert np.array_equal(done.take.valid[:, take.column(name)], seen)
        assert not column(done.take, name)[seen].any()
    for step in (make_step("posture", chin_deg=5.0), make_step("breathing", influence=0.5)):
        out = run_stack(take, Stack((still, step))).take
        assert np.ptp(column(out, "headPitch")[seen]) > 0.0
    # one that was recorded stays
    whole = quiet_take(1.0)
    assert run_stack(whole, Stack((still,))).take is whole
    # a take that has no such columns gets them
    kept = [c for c, channel in enumerate(whole.channels) if channel.region == "jaw"]
    jaws = make_take(whole.times, [whole.channels[c] for c in kept], whole.values[:, kept])
    assert run_stack(jaws, Stack((still,))).take.names == (*jaws.names, *HEAD)
