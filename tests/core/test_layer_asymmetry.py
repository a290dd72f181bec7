# SPDX-License-Identifier: GPL-3.0-or-later
"""Asymmetry: only differences change, holds stay level, contacts stay, mouths are left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stack_takes import bump

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import eye_closure, lip_contacts
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.layers.asymmetry import MOST_LAG_S, Sides, change_sides
from facemocap_addon.core.layers.draws import Draws
from facemocap_addon.core.layers.sides import lag_between, measure_sides, pairs_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.kinds import kind_of
from facemocap_addon.core.stack.params import params_from_json
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.take_file import take_bytes

RATE = 60.0
BROWS = ("browDownLeft", "browDownRight")
REAL = ("livelinkface/alexdjulin_alex_rom_3.csv", "livelinkface/JMTechArt_MySlate_3_iPhone.csv")


def two_sided(mean: np.ndarray, half: np.ndarray, names: tuple[str, str] = BROWS) -> Take:
    times = 3.0 + np.arange(len(mean)) / RATE
    channels = [arkit_schema()[name] for name in names]
    return make_take(times, channels, np.stack([mean + half, mean - half], axis=1))


def plateaus(seconds: float = 12.0) -> tuple[np.ndarray, np.ndarray]:
    """Rises to holds of one second, and which samples lie within a hold."""
    t = np.arange(round(seconds * RATE)) / RATE
    phase = t % 2.0
    rise = np.clip(np.minimum(phase, 2.0 - phase) / 0.4, 0.0, 1.0)
    return 0.1 + 0.5 * rise * rise * (3 - 2 * rise), (phase > 0.6) & (phase < 1.4)


def halves(take: Take) -> np.ndarray:
    return 0.5 * (take.values[:, 0].astype(float) - take.values[:, 1])


def test_the_captured_difference_is_taken_by_its_part():
    t = np.arange(300) / RATE
    mean, half = 0.4 + 0.1 * np.sin(3 * t), 0.03 * np.sin(2 * t)
    take = two_sided(mean, half, ("mouthSmileLeft", "mouthSmileRight"))
    for amount in (0.0, 0.5, 2.0, 3.0):
        out, changes = change_sides(take, Sides(amount=amount), Draws(0))
        np.testing.assert_allclose(halves(out), amount * half, atol=2e-7)
        assert changes[0].before == pytest.approx(np.median(np.abs(half) / mean), rel=1e-5)
        assert changes[0].after == pytest.approx(amount * changes[0].before, abs=1e-6)
    assert change_sides(take, Sides(), Draws(0))[0] is take


def test_single_regions_have_their_own_parts():
    take = two_sided(np.full(60, 0.3), np.full(60, 0.05), ("cheekSquintLeft", "cheekSquintRight"))
    assert change_sides(take, Sides(amounts={"nose": 3.0}), Draws(0))[0] is take
    out, _ = change_sides(take, Sides(amount=3.0, amounts={"cheek": 2.0}), Draws(0))
    np.testing.assert_allclose(halves(out), 0.1, atol=1e-7)


def test_mirrored_brows_get_the_index_that_was_chosen():
    mean, _ = plateaus(40.0)
    take = two_sided(mean, np.zeros_like(mean))
    for index in (0.02, 0.04, 0.06):
        out, changes = change_sides(take, Sides(indexes={"brow": index}), Draws(1))
        assert changes[0].restored
        assert measure_sides(out)[0].index == pytest.approx(index, rel=0.02)


def test_captured_differences_are_not_covered_by_invented_ones():
    mean, _ = plateaus()
    take = two_sided(mean, 0.03 * mean)
    assert change_sides(take, Sides(indexes={"brow": 0.06}), Draws(0))[0] is take


@pytest.mark.parametrize("lag", [0.02, -0.04, MOST_LAG_S])
def test_a_side_leads_and_holds_are_level(lag: float):
    mean, held = plateaus(30.0)
    take = two_sided(mean, np.zeros_like(mean))
    out, _ = change_sides(take, Sides(lag_s=lag), Draws(2))
    edges = np.flatnonzero(np.diff(held.astype(int)))
    assert len(edges) > 20
    for first, last in zip(edges[::2] + 1, edges[1::2], strict=False):
        assert np.ptp(out.values[first : last + 1], axis=0).max() < 1e-6
    left, right = out.values.T.astype(float)
    measured = lag_between(take.times, left, right)
    assert measured == pytest.approx(lag, abs=0.4 * abs(lag))
    assert abs(measured) <= MOST_LAG_S


def test_lags_beyond_what_helps_are_refused():
    params = kind_of("asymmetry").params
    with pytest.raises(FacemocapError, match=r"lag_s cannot be 0\.13"):
        params_from_json(params, {"lag_s": 0.13})
    with pytest.raises(FacemocapError, match="lags cannot be"):
        params_from_json(params, {"lags": {"brow": -0.2}})


def test_differences_are_cut_where_a_side_would_leave_its_range():
    t = np.arange(600) / RATE
    mean = 0.5 + 0.5 * np.sin(2 * t)
    take = two_sided(mean, np.zeros_like(mean))
    out, _ = change_sides(take, Sides(indexes={"brow": 0.2}, variation=0.2, lag_s=0.1), Draws(3))
    assert out.values.min() >= 0.0
    assert out.values.max() <= 1.0
    np.testing.assert_allclose(out.values.astype(float).mean(axis=1), mean, atol=1e-6)
    assert np.abs(halves(out)).max() > 0.05


def test_restored_brows_are_on_the_side_of_the_mouth():
    mean, _ = plateaus(20.0)
    times = np.arange(len(mean)) / RATE
    names = (*BROWS, "mouthSmileLeft", "mouthSmileRight")
    channels = [arkit_schema()[name] for name in names]
    for sign in (1.0, -1.0):
        values = [mean, mean, mean * (1 + 0.3 * sign), mean * (1 - 0.3 * sign)]
        take = make_take(times, channels, np.stack(values, axis=1))
        sides = Sides(bias=0.0, variation=0.0, lag_s=0.0)
        out, _ = change_sides(take, sides, Draws(0))
        assert measure_sides(out)[0].region == "brow"
        assert sign * measure_sides(out)[0].lean > 0.03
        assert np.array_equal(out.values[:, 2:], take.values[:, 2:])


def test_lips_that_touch_stay_together_on_both_sides():
    names = ("jawOpen", "mouthClose", "mouthUpperUpLeft", "mouthUpperUpRight")
    t = np.arange(240) / RATE
    opened = 0.3 * bump(t, 2.0, 2.0)
    values = np.stack([opened, 0 * t, 0.1 + opened, 0.06 + opened], axis=1)
    take = make_take(t, [arkit_schema()[name] for name in names], values)
    before = lip_contacts(take)
    assert before
    out, _ = change_sides(take, Sides(amount=3.0), Draws(0))
    assert lip_contacts(out) == before
    assert np.abs(out.values - take.values).max() > 0.03


def test_seeds_decide_and_missing_samples_stay():
    mean, _ = plateaus()
    half = np.zeros_like(mean)
    half[100:120] = np.nan
    take = two_sided(mean, half)
    one, two, other = (change_sides(take, Sides(), Draws(seed))[0] for seed in (5, 5, 6))
    assert take_bytes(one) == take_bytes(two)
    assert not np.array_equal(one.values, other.values)
    assert np.array_equal(one.valid, take.valid)


def test_blinks_have_a_small_lead_of_their_own():
    rate = 240.0
    times = np.arange(round(8.0 * rate)) / rate
    middles = (1.0, 2.5, 4.2, 6.0, 7.1)
    blink: np.ndarray = np.sum([0.9 * bump(times, at, 0.25) for at in middles], axis=0)
    names = ("eyeBlinkLeft", "eyeBlinkRight")
    channels = [arkit_schema()[name] for name in names]
    take = make_take(times, channels, np.stack([blink, blink], axis=1))
    for lag in (0.0, 0.008, 0.015):
        sides = Sides(lag_s=0.1, blink_lag_s=lag, bias=0.0, variation=0.001)
        out, changes = change_sides(take, sides, Draws(0))
        assert changes[0].restored
        left, right = out.values.T.astype(float)
        # what is shut stays shut, which takes a little of it
        assert 0.5 * lag - 1e-3 <= lag_between(times, left, right) <= 1.4 * lag + 1e-3
        for name, own in zip(names, (left, right), strict=True):
            was, now = (eye_closure(each, name, times) for each in (take, out))
            assert was is not None
            assert now is not None
            shut = was >= 1.0
            assert shut.sum() > 50
            assert (now[shut] >= 1.0).all()
            np.testing.assert_allclose(own[shut], blink[shut], atol=1e-6)


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_takes_get_eyes_and_brows_of_two_sides(shared: Path, name: str):
    take = read_take(shared / "takes" / name)
    before = {sides.region: sides for sides in measure_sides(take)}
    out = run_stack(take, Stack((make_step("asymmetry", index=0.04),))).take
    after = {sides.region: sides for sides in measure_sides(out)}
    for region in ("eye", "brow"):
        assert before[region].index < 0.003
        assert 0.02 <= after[region].index <= 0.06
        assert abs(after[region].lag_s) <= MOST_LAG_S
    for pair, own in zip(pairs_of(take), pairs_of(out), strict=True):
        np.testing.assert_allclose(own.mean, pair.mean, atol=1e-6)
    for column, channel in enumerate(take.channels):
        if channel.region not in ("eye", "brow"):
            assert out.values[:, column].tobytes() == take.values[:, column].tobytes()
    assert lip_contacts(out) == lip_contacts(take)
    for eye in ("eyeBlinkLeft", "eyeBlinkRight"):
        was, now = (eye_closure(each, eye, take.times) for each in (take, out))
        assert was is not None
        assert now is not None
        assert (was >= 1.0).sum() > 5
        assert (now[was >= 1.0] >= 1.0).all()


@pytest.mark.shared
def test_lip_contacts_of_a_real_take_outlast_three_times_the_difference(shared: Path):
    take = read_take(shared / "takes" / REAL[1])
    out, _ = change_sides(take, Sides(amount=3.0), Draws(0))
    closed = np.zeros((2, take.samples), bool)
    for row, each in zip(closed, (take, out), strict=True):
        for contact in lip_contacts(each):
            row[contact.first : contact.last + 1] = True
    assert closed[0].any()
    assert closed[1][closed[0]].all()


def test_no_influence_is_no_step(sample_rigs: Path):
    take = read_take(sample_rigs / "sample_take.csv")
    step = make_step("asymmetry", influence=0.0)
    assert run_stack(take, Stack((step,))).take is take
    faded = make_step("asymmetry", influence=((0.0, 0.0), (10.0, 0.0), (11.0, 1.0)))
    out = run_stack(take, Stack((faded,))).take
    early = take.times - take.times[0] <= 10.0
    assert out.values[early].tobytes() == take.values[early].tobytes()
    assert not np.array_equal(out.values, take.values)
