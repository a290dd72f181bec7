# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks are found when they are there, as long and as far closed as they were made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from blink_takes import NAMES, START_S, Known, Made, clock, performance, smooth_step
from stack_takes import odd_takes

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.events.blinks.blink import Blink
from facemocap_addon.core.events.blinks.finding import find_blinks
from facemocap_addon.core.take import Take, make_take

RATES = (24, 30, 60, 120)


def lids_take(times: np.ndarray, left: Any, right: Any, **more: Any) -> Take:
    """A take of two lids, and of more channels."""
    columns = {"eyeBlinkLeft": left, "eyeBlinkRight": right, **more}
    values = np.stack(list(columns.values()), axis=1)
    return make_take(times, [arkit_schema()[name] for name in columns], values)


def matched(made: Made) -> tuple[list[tuple[Known, Blink]], int, int]:
    """Pairs of what was made and found one to one, and how many are left of either."""
    left = list(find_blinks(made.take))
    pairs: list[tuple[Known, Blink]] = []
    for known in made.known:
        near = [
            blink for blink in left if abs(blink.apex_s - known.apex) < max(0.1, 0.5 * known.hold)
        ]
        if near:
            best = min(near, key=lambda blink: abs(blink.apex_s - known.apex))
            left.remove(best)
            pairs.append((known, best))
    return pairs, len(made.known) - len(pairs), len(left)


@pytest.mark.parametrize(
    ("noise", "cosine"), [(0.0, False), (0.005, False), (0.02, False), (0.02, True)]
)
def test_blinks_are_found_at_any_rate_and_when_they_were(noise: float, cosine: bool):
    """Full, quick, partial and double ones, winks, closed eyes; half of the takes with gaps."""
    for rate in RATES:
        pairs: list[tuple[Known, Blink]] = []
        missed = wrong = 0
        for seed, rough in ((0, False), (1, False), (102, True), (103, True)):
            made = performance(
                rate, 60.0, seed=seed, noise=noise, irregular=rough, gaps=rough, cosine=cosine
            )
            own, less, more = matched(made)
            pairs, missed, wrong = pairs + own, missed + less, wrong + more
        found = len(pairs)
        assert found > 100
        assert found / (found + missed) >= 0.97, f"recall at {rate} Hz"
        assert found / (found + wrong) >= 0.97, f"precision at {rate} Hz"
        half = [abs(blink.lead.shape.half_s - known.half) * rate for known, blink in pairs]
        onset = [abs(blink.onset_s - known.onset) * rate for known, blink in pairs]
        assert np.median(half) <= 0.5
        assert np.percentile(half, 95) <= 1.0
        assert np.median(onset) <= 1.0
        assert np.percentile(onset, 95) <= 2.0


def test_a_clean_blink_is_fitted_exactly():
    """The truth is of the model's own family: every figure must come back."""
    times = clock(120.0, 8.0)
    known = [
        Known(START_S + 2.0, 0.09, 0.03, 0.03, 0.8, "full"),
        Known(START_S + 5.0, 0.12, 0.0, 0.05, 0.7, "full"),
    ]
    lid = 0.1 + sum(k.rise * k.at(times) for k in known)
    blinks = find_blinks(lids_take(times, lid, lid))
    assert len(blinks) == 2
    for blink, truth in zip(blinks, known, strict=True):
        shape = blink.lead.shape
        assert shape.start_s == pytest.approx(truth.onset, abs=2e-3)
        assert shape.closing_s == pytest.approx(truth.closing, abs=3e-3)
        assert shape.hold_s == pytest.approx(truth.hold, abs=3e-3)
        assert shape.tau_s == pytest.approx(truth.tau, rel=0.05)
        assert shape.rise == pytest.approx(truth.rise, rel=0.01)
        assert blink.lead.error < 0.004
        assert blink.lag_s == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    "profile",
    [
        lambda u: 0.5 - 0.5 * np.cos(np.pi * u),
        lambda u: np.sin(0.5 * np.pi * u) ** 3,
        lambda u: u,
    ],
    ids=["cosine", "late", "straight"],
)
def test_other_shapes_are_half_closed_when_they_are(profile: Callable[[np.ndarray], np.ndarray]):
    times = clock(60.0, 20.0)
    lid = np.zeros(len(times))
    halves: list[float] = []
    fine = np.linspace(0, 1, 10001)
    share = float(fine[np.searchsorted(profile(fine), 0.5)])
    for number, at in enumerate(np.arange(1.0, 18.0, 2.3)):
        start = START_S + at + 0.003 * number
        up = profile(np.clip((times - start) / 0.1, 0, 1))
        down = profile(np.clip((times - start - 0.12) / 0.2, 0, 1))
        lid += 0.8 * (up - down)
        halves.append(start + share * 0.1)
    blinks = find_blinks(lids_take(times, lid, lid))
    off = [b.lead.shape.half_s - h for b, h in zip(blinks, halves, strict=True)]
    assert np.abs(off).max() < 0.5 / 60


def test_kinds_are_told_apart():
    times = clock(60.0, 40.0)

    def blink(at: float, rise: float = 0.85, hold: float = 0.02) -> np.ndarray:
        return rise * Known(START_S + at, 0.08, hold, 0.03, 1.0, "").at(times)

    both = sum(blink(at) for at in (1, 4, 7, 37)) + blink(10, 0.4) + blink(13, 0.85, 1.2)
    both += blink(17) + blink(17.15) + blink(27) + blink(27.3) + blink(27.6) + blink(27.9)
    left = both + blink(21)
    right = both + blink(24) + 0.1 * blink(21)
    kinds = [(round(b.onset_s - START_S), b.kind, b.side) for b in find_blinks(
        lids_take(times, left, right)
    )]  # fmt: skip
    assert kinds == [
        (1, "full", "B"), (4, "full", "B"), (7, "full", "B"), (10, "partial", "B"),
        (13, "long", "B"), (17, "double", "B"), (17, "double", "B"), (21, "wink", "L"),
        (24, "wink", "R"), (27, "flutter", "B"), (27, "flutter", "B"), (28, "flutter", "B"),
        (28, "flutter", "B"), (37, "full", "B"),
    ]  # fmt: skip


def test_lids_that_follow_the_gaze_do_not_blink_and_hide_no_blinks():
    times = clock(60.0, 30.0)
    down = sum(
        0.7 * (smooth_step(times, START_S + at, 0.1) - smooth_step(times, START_S + at + 0.5, 0.1))
        for at in (2.0, 5.0, 11.0, 14.0, 23.0)
    )
    down = down + 0.5 * (times > START_S + 16) * (times < START_S + 20)
    known = [Known(START_S + at, 0.09, 0.02, 0.03, rise, "") for at, rise in
             ((8.0, 0.8), (11.2, 0.35), (18.0, 0.3), (27.0, 0.8))]  # fmt: skip
    blinks = sum(k.rise * k.at(times) for k in known)
    lid = 0.05 + 0.45 * down + blinks
    take = lids_take(times, lid, lid, eyeLookDownLeft=down, eyeLookDownRight=down)
    found = find_blinks(take)
    assert [b.onset_s for b in found] == pytest.approx([k.onset for k in known], abs=0.02)
    assert [b.amplitude for b in found] == pytest.approx([k.rise for k in known], abs=0.03)


def test_blinks_that_the_tracker_reads_as_looking_down_keep_their_size():
    made = [performance(60.0, 60.0, seed=5, fault=fault) for fault in (0.0, 0.5)]
    (plain, *_), (faulty, *_) = (matched(each) for each in made)
    assert len(faulty) == len(plain) == len(made[0].known)
    for known, blink in faulty:
        assert blink.amplitude == pytest.approx(known.rise, rel=0.08)


def test_eyes_that_lag_and_eyes_that_were_not_recorded():
    times = clock(60.0, 20.0)
    known = [Known(START_S + at, 0.09, 0.02, 0.03, 0.8, "") for at in (2.0, 7.0, 12.0, 16.0)]
    left = sum(k.rise * k.at(times) for k in known)
    right = sum(k.rise * replace(k, onset=k.onset + 0.011).at(times) for k in known)
    for blink in find_blinks(lids_take(times, left, right)):
        assert blink.lag_s == pytest.approx(0.011, abs=2e-3)
    alone = find_blinks(lids_take(times, left, np.full(len(times), np.nan)))
    assert [(b.side, b.kind, b.lag_s) for b in alone] == [("L", "full", None)] * 4


def test_what_is_no_blink():
    times = clock(60.0, 30.0)
    rng = np.random.default_rng(3)
    slow = 0.3 * np.sin(1.5 * times) + 0.35
    assert find_blinks(lids_take(times, slow, slow)) == ()
    noise = 0.1 + rng.normal(0, 0.02, (2, len(times)))
    assert find_blinks(lids_take(times, *noise)) == ()
    still = np.full(len(times), 0.2)
    assert find_blinks(lids_take(times, still, still)) == ()


@pytest.mark.parametrize("name", odd_takes())
def test_odd_takes_have_no_blinks(name: str):
    assert find_blinks(odd_takes()[name]) == ()


def test_what_stands_in_invalid_samples_means_nothing():
    made = performance(60.0, 30.0, seed=4, noise=0.005, gaps=True)
    other = replace(made.take, values=np.where(made.take.valid, made.take.values, np.float32(7.0)))
    assert find_blinks(other) == find_blinks(made.take)


def test_times_on_a_large_clock():
    made = performance(60.0, 30.0, seed=6)
    later = replace(made.take, times=made.take.times + 50_000.0)
    one, two = find_blinks(made.take), find_blinks(later)
    assert [b.onset_s + 50_000.0 for b in one] == pytest.approx([b.onset_s for b in two], abs=1e-4)


def test_json_of_a_blink_has_what_events_promise():
    made = performance(60.0, 30.0, seed=6)
    for blink in find_blinks(made.take):
        data = blink.to_json()
        assert list(data)[:6] == ["onset_s", "apex_s", "offset_s", "amplitude", "side", "kind"]
        assert data["onset_s"] < data["apex_s"] < data["offset_s"]
        assert 0.1 < data["amplitude"] < 1.2
    assert set(NAMES) == set(made.take.names)
