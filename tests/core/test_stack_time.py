# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that move values in time: against exact shifts, known curves, and peaks that stay."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stack_takes import BLINKS_S, CLOSED_S, bump, face_take, face_values, rough_take

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.kinds.time_warp import recorded_at
from facemocap_addon.core.stack.peaks import peaks_and_dips
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from facemocap_addon.core.timebase import Timebase

RATES = [24.0, 25.0, 30000 / 1001, 30.0, 60.0, 120.0]


def moved(take: Take, kind: str, **params: Any) -> Take:
    return run_stack(take, Stack((make_step(kind, **params),))).take


def one_channel(times: np.ndarray, values: np.ndarray, name: str = "eyeBlinkLeft") -> Take:
    return make_take(times, [arkit_schema()[name]], np.asarray(values)[:, None])


small = st.lists(st.integers(-6, 6), max_size=60).map(lambda v: np.array(v, np.float64))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(small, st.floats(0.5, 6)), max_size=3), st.integers(1, 12))
def test_peaks_and_dips_are_those_of_scipy(columns: list[tuple[np.ndarray, float]], reach: int):
    """An independent implementation, on small numbers with many ties and flat tops."""
    import warnings

    from scipy.signal import find_peaks

    values, least = [v for v, _ in columns], [number for _, number in columns]
    found = peaks_and_dips(values, least, reach)
    assert len(found) == len(columns)
    for (own, lowest), places in zip(columns, found, strict=True):
        height: dict[int, float] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for signed in (own, -own):
                peaks, facts = find_peaks(signed, prominence=lowest, wlen=2 * reach + 1)
                height |= dict(zip(peaks.tolist(), facts["prominences"].tolist(), strict=True))
        assert sorted(places.tolist()) == sorted(height)
        assert [height[place] for place in places.tolist()] == sorted(height.values())


@settings(max_examples=30)
@given(st.integers(-40, 40), st.sampled_from(RATES))
def test_an_offset_of_whole_samples_gives_the_samples_themselves(steps: int, rate: float):
    take = face_take(rate, 2.0)
    out = moved(take, "time_offset", offset_s=steps / rate)
    places = np.clip(np.arange(take.samples) - steps, 0, take.samples - 1)
    assert out.values.tobytes() == take.values[places].tobytes()
    assert out.valid.all()


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("part", [0.25, 0.5, 0.8])
def test_an_offset_between_samples_follows_the_true_curve(rate: float, part: float):
    """Truth: the curves that the samples were taken of, moved."""
    times = np.arange(round(3 * rate) + 1) / rate
    smooth = one_channel(times, 0.4 + 0.3 * np.sin(2 * np.pi * 1.5 * times), "jawOpen")
    out = moved(smooth, "time_offset", offset_s=part / rate)
    truth = 0.4 + 0.3 * np.sin(2 * np.pi * 1.5 * (times - part / rate))
    worst = np.abs(out.values[1:-1, 0] - truth[1:-1]).max()
    # the nearest sample, a shift without interpolation, is off by several times as much
    nearest = np.abs(smooth.values[1:-1, 0] - truth[1:-1]).max()
    assert worst < (0.02 if rate < 30 else 0.012)
    assert part == 0.25 or worst < 0.5 * nearest


@settings(max_examples=40)
@given(st.sampled_from(RATES), st.floats(-0.5, 0.5), st.floats(0, 0.999))
def test_an_offset_keeps_the_height_of_every_blink(rate: float, offset: float, phase: float):
    times = (np.arange(round(3.4 * rate) + 1) + phase) / rate
    take = one_channel(times, face_values(times)[:, 0])
    out = moved(take, "time_offset", offset_s=offset)
    for middle in BLINKS_S:
        own = np.abs(times - middle) <= 0.1
        later = np.abs(times - middle - offset) <= 0.1 + 0.5 / rate
        if own[0] or own[-1] or later[0] or later[-1]:
            continue
        was, now = take.values[own, 0], out.values[later, 0]
        assert now.max() == was.max()
        at, later_at = times[own][was.argmax()], times[later][now.argmax()]
        assert abs(later_at - at - offset) <= 0.5 / rate + 1e-6


def test_regions_have_offsets_of_their_own():
    take = face_take(60.0)
    out = moved(take, "time_offset", offset_s=0.1, regions={"eye": -0.05, "head": 0})
    shift = {"eye": -3, "head": 0}
    for column, channel in enumerate(take.channels):
        steps = shift.get(channel.region, 6)
        places = np.clip(np.arange(take.samples) - steps, 0, take.samples - 1)
        assert np.array_equal(out.values[:, column], take.values[places, column])


def test_gaps_move_with_the_samples_and_stay_gaps():
    take = rough_take(4)
    out = moved(take, "time_offset", offset_s=0.05)
    at = np.clip(take.times - 0.05, take.times[0], take.times[-1])
    left = np.clip(np.searchsorted(take.times, at, side="right") - 1, 0, take.samples - 2)
    both = take.valid[left] & take.valid[left + 1]
    inside = at > take.times[left]
    assert np.array_equal(out.valid[inside], both[inside])
    assert np.isfinite(out.values).all()


def test_angles_go_on_over_half_a_turn():
    times = np.arange(60) / 30
    turn = 2.0 * times
    take = one_channel(times, np.angle(np.exp(1j * turn)), "headYaw")
    out = moved(take, "time_offset", offset_s=0.5 / 30)
    expected = 2.0 * (times - 0.5 / 30)
    np.testing.assert_allclose(np.exp(1j * out.values[1:, 0]), np.exp(1j * expected[1:]), atol=1e-5)


# ---------------------------------------------------------------- warp


@given(
    st.lists(st.tuples(st.floats(0.05, 2), st.floats(0.05, 2)), min_size=1, max_size=5),
    st.floats(-1, 3),
)
def test_a_warp_is_monotone_meets_its_moments_and_shifts_outside(
    steps: list[tuple[float, float]], start: float
):
    ends = np.cumsum([(0.3, start), *steps], axis=0)
    pairs = tuple((float(a), float(b)) for a, b in ends)
    np.testing.assert_allclose(
        recorded_at(pairs, np.array([to for _, to in pairs])), [a for a, _ in pairs], atol=1e-9
    )
    grid = np.linspace(pairs[0][1] - 3, pairs[-1][1] + 3, 2001)
    at = recorded_at(pairs, grid)
    assert (np.diff(at) >= 0).all()
    before, after = grid <= pairs[0][1] - 1.0, grid >= pairs[-1][1] + 1.0
    np.testing.assert_allclose(at[before] - grid[before], pairs[0][0] - pairs[0][1], atol=1e-9)
    np.testing.assert_allclose(at[after] - grid[after], pairs[-1][0] - pairs[-1][1], atol=1e-9)


@pytest.mark.parametrize("rate", RATES)
def test_a_warp_takes_moments_where_they_shall_be_at_full_height(rate: float):
    take = face_take(rate, 4.0)
    wanted = [0.7, 1.9, 3.0]
    pairs = [[0, 0], *([a, b] for a, b in zip(BLINKS_S, wanted, strict=True)), [4, 4]]
    out = moved(take, "time_warp", pairs=pairs)
    seconds = take.times - take.times[0]
    lids, was = out.values[:, 0], take.values[:, 0]
    for middle, later in zip(BLINKS_S, wanted, strict=True):
        near, own = np.abs(seconds - later) <= 0.2, np.abs(seconds - middle) <= 0.1
        assert lids[near].max() == was[own].max()
        assert abs(seconds[near][lids[near].argmax()] - later) <= 1.0 / rate + 1e-6
    assert np.array_equal(out.times, take.times)
    np.testing.assert_allclose(out.values[[0, -1]], take.values[[0, -1]], atol=1e-6)


def test_a_warp_without_moments_changes_nothing():
    take = rough_take()
    assert moved(take, "time_warp") is take


# ---------------------------------------------------------------- resample


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("to", RATES)
def test_resampling_covers_the_take_and_keeps_peaks_and_holds(rate: float, to: float):
    take = face_take(rate)
    out = moved(take, "resample", rate_hz=to)
    assert out.times[0] == take.times[0]
    assert 0 <= out.times[-1] - take.times[-1] < 1 / to
    np.testing.assert_allclose(np.diff(out.times), 1 / to, rtol=1e-9)
    assert float(out.timebase.rate) == pytest.approx(to)
    for column in range(2):
        for middle in BLINKS_S:
            own = np.abs(take.times - 5 - middle) <= 0.1
            near = np.abs(out.times - 5 - middle) <= 0.1 + 0.5 / to
            assert out.values[near, column].max() == take.values[own, column].max()
    # nothing beyond what was recorded, in any channel
    assert (out.values <= take.values.max(axis=0)).all()
    assert (out.values >= take.values.min(axis=0)).all()


@pytest.mark.parametrize("rate", [30.0, 60.0, 120.0])
def test_resampling_to_its_own_rate_gives_the_take_back(rate: float):
    take = face_take(rate)
    out = moved(take, "resample", rate_hz=rate)
    np.testing.assert_allclose(out.times, take.times, atol=1e-9)
    assert out.values.tobytes() == take.values.tobytes()


@pytest.mark.parametrize("to", RATES)
def test_lips_close_as_often_after_resampling(to: float):
    times = np.arange(241) / 120
    # closed for 25 ms each: less than a frame at 24 a second
    closed = np.zeros_like(times)
    for middle in (0.31, 0.87, 1.403):
        closed = np.maximum(closed, np.clip(bump(times, middle, 0.09) * 1.6, 0, 1))
    values = np.stack([np.full_like(times, 0.4), 0.4 * closed], axis=1)
    channels = [arkit_schema()["jawOpen"], arkit_schema()["mouthClose"]]
    take = make_take(times, channels, values)
    was, now = lip_contacts(take), lip_contacts(moved(take, "resample", rate_hz=to))
    assert len(was) == len(now) == 3
    for one, other in zip(was, now, strict=True):
        shift = 0.5 * (other.start_s + other.end_s - one.start_s - one.end_s)
        assert abs(shift) <= 0.5 / to + 1e-6


def test_long_closures_stay_where_they_are():
    out = moved(face_take(60.0), "resample", rate_hz=24)
    found = lip_contacts(out)
    assert len(found) == len(CLOSED_S)
    for contact, (start, end) in zip(found, CLOSED_S, strict=True):
        assert contact.start_s - 5 == pytest.approx(start, abs=1.5 / 24)
        assert contact.end_s - 5 == pytest.approx(end, abs=1.5 / 24)


def test_a_hole_in_the_times_is_a_gap_on_the_new_grid():
    times = np.concatenate([np.arange(30), np.arange(50, 80)]) / 30
    out = moved(one_channel(times, np.linspace(0, 1, 60)), "resample", rate_hz=60)
    inside = (out.times > 29 / 30 + 1e-6) & (out.times < 50 / 30 - 1e-6)
    assert np.array_equal(out.valid[:, 0], ~inside)


@pytest.mark.parametrize(
    ("given_rate", "exact"),
    [(29.97, Fraction(30000, 1001)), (23.976, Fraction(24000, 1001)), (25.0, Fraction(25))],
)
def test_rates_are_what_a_person_means_by_them(given_rate: float, exact: Fraction):
    assert moved(face_take(), "resample", rate_hz=given_rate).timebase.rate == exact


def test_the_timecode_counts_frames_of_the_new_rate():
    take = face_take(60.0)
    start = 3600 + 2 * 60 + 3 + 30 / 60
    clocked = Take(
        take.times, take.channels, take.values, take.valid,
        Timebase(Fraction(60), "01:02:03:30.000", start), take.source,
    )  # fmt: skip
    out = moved(clocked, "resample", rate_hz=24).timebase
    assert (out.start_timecode, out.start_s) == ("01:02:03:12.000", start)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv"])
def test_closures_of_real_takes_survive_other_rates_and_offsets(shared: Path, name: str):
    take = read_take(shared / "takes" / "livelinkface" / name)
    for kind, params, shift in (
        ("resample", {"rate_hz": 24}, 0.0),
        ("resample", {"rate_hz": 60}, 0.0),
        ("time_offset", {"offset_s": 0.0083}, 0.0083),
    ):
        found = lip_contacts(moved(take, kind, **params))
        for contact in lip_contacts(take):
            middle = 0.5 * (contact.start_s + contact.end_s) + shift
            assert any(c.start_s - 0.05 <= middle <= c.end_s + 0.05 for c in found), contact
