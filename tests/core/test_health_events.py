# SPDX-License-Identifier: GPL-3.0-or-later
"""Health: blinks, closed lips and expressions are found with the times they were made with."""

from __future__ import annotations

import math

import numpy as np
import pytest
from health_takes import START_S, added, bump, busy_face, clock, take_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks

from facemocap_addon.core.health.examine import Health, examine
from facemocap_addon.core.health.pulses import find_pulses

#: 10 to 90 % of a raised cosine's rise, and above 90 %, as parts of its width.
RISE = (math.acos(-0.8) - math.acos(0.8)) / (2 * math.pi)
TOP = 1 - math.acos(-0.8) / math.pi


def examined(times: np.ndarray, left: np.ndarray, right: np.ndarray, **more: np.ndarray) -> Health:
    return examine(take_of(times, {"eyeBlinkLeft": left, "eyeBlinkRight": right, **more}))


def test_blinks_where_they_are_as_high_and_as_long_as_they_are():
    times = clock(10.0, 240.0)
    middles, widths = (1.0, 3.5, 6.25, 8.9), (0.2, 0.3, 0.25, 0.4)
    left = added(0.9 * bump(times, m, w) for m, w in zip(middles, widths, strict=True))
    health = examined(times, left, 0.95 * left)
    assert [b.kind for b in health.blinks] == ["full"] * 4
    assert [b.peak_s for b in health.blinks] == pytest.approx([START_S + m for m in middles])
    for blink, width in zip(health.blinks, widths, strict=True):
        assert blink.left == pytest.approx(0.9, abs=1e-6)
        assert blink.right == pytest.approx(0.855, abs=1e-6)
        assert (blink.left_closure, blink.right_closure) == pytest.approx((1, 1), abs=1e-6)
        assert blink.closing_s == pytest.approx(RISE * width, abs=6e-4)
        assert blink.opening_s == pytest.approx(RISE * width, abs=6e-4)
        assert blink.closed_s == pytest.approx(TOP * width, abs=6e-4)
        assert blink.lag_s == pytest.approx(0.0, abs=1e-6)
    assert health.blinks_a_minute == pytest.approx(24.0)


def test_kinds_of_blinks():
    times = clock(20.0)
    both = added(0.9 * bump(times, m, 0.3) for m in (1.0, 4.0, 7.0))
    long = np.where(np.abs(times - 10) < 0.6, 0.9, 0.0) + 0.9 * bump(times, 9.4, 0.2) * (
        times < 9.4
    )
    half = 0.5 * bump(times, 13.0, 0.3)
    wink = 0.9 * bump(times, 16.0, 0.3)
    health = examined(times, both + long + half + wink, both + long + half + 0.1 * wink)
    kinds = [(round(b.peak_s - START_S), b.kind) for b in health.blinks]
    assert [k for _, k in kinds] == ["full"] * 3 + ["long", "partial", "one eye"]
    assert [s for s, k in kinds if k != "long"] == [1, 4, 7, 13, 16]
    last = health.blinks[-1]
    assert (last.left, last.right) == pytest.approx((0.9, 0.09), abs=1e-6)
    assert last.lag_s is None
    assert health.blinks[-2].closure == pytest.approx(0.5 / 0.9, abs=0.02)


def test_an_eye_that_lags():
    times = clock(10.0)
    left = added(0.9 * bump(times, m, 0.3) for m in (2.0, 5.0, 8.0))
    right = added(0.9 * bump(times, m + 0.021, 0.3) for m in (2.0, 5.0, 8.0))
    for blink in examined(times, left, right).blinks:
        assert blink.lag_s == pytest.approx(0.021, abs=1.5e-3)
    for blink in examined(times, right, left).blinks:
        assert blink.lag_s == pytest.approx(-0.021, abs=1.5e-3)


def test_winks_that_follow_each_other_are_not_one_blink():
    times = clock(10.0)
    right = np.interp(times, [3.0, 3.1, 4.0, 4.1], [0, 0.9, 0.9, 0])
    left = np.interp(times, [3.9, 4.0, 4.9, 5.0], [0, 0.9, 0.9, 0])
    both = 0.9 * bump(times, 8.0, 0.3)
    blinks = examined(times, left + both, right + both).blinks
    assert len(blinks) == 3
    assert [blink.lag_s is None for blink in blinks] == [True, True, False]


def test_lids_that_follow_the_gaze_do_not_blink():
    times = clock(20.0)
    down = added(0.8 * bump(times, m, 1.2) for m in (3.0, 7.0, 12.0))
    blinks = 0.9 * bump(times, 16.0, 0.25) + 0.9 * bump(times, 18.0, 0.25)
    lid = 0.4 * down + blinks
    health = examined(times, lid, lid, eyeLookDownLeft=down, eyeLookDownRight=down)
    assert [round(b.peak_s - START_S) for b in health.blinks] == [16, 18]


def test_noise_makes_no_blinks_and_hides_none():
    times = clock(60.0)
    rng = np.random.default_rng(5)
    middles = np.arange(2.0, 59.0, 3.0)
    lid = added(0.8 * bump(times, m, 0.25) for m in middles)
    left, right = (lid + rng.normal(0, 0.02, len(times)) for _ in range(2))
    health = examined(times, left, right)
    assert len(health.blinks) == len(middles)
    off = [b.peak_s - START_S - m for b, m in zip(health.blinks, middles, strict=True)]
    assert np.abs(off).max() < 0.035


def test_eyes_that_never_blink_are_told():
    times = clock(30.0)
    columns = busy_face(times)
    lid = 0.1 + 0.02 * np.sin(times)
    health = examine(take_of(times, columns | {"eyeBlinkLeft": lid, "eyeBlinkRight": lid}))
    assert health.blinks == ()
    assert "no_blinks" in {f.code for f in health.findings}


def test_weak_blinks_are_told_with_their_height():
    times = clock(20.0)
    lid = added(0.62 * bump(times, m, 0.3) for m in (2.0, 7.0, 12.0))
    finding = next(f for f in examined(times, lid, lid).findings if f.code == "weak_blinks")
    assert "0.62" in finding.text
    assert len(finding.times_s) == 3


def test_lips_that_close_and_lips_that_never_do():
    times = clock(20.0)
    jaw = 0.3 + 0.1 * np.sin(9 * times)
    closed = (np.abs(times - 6) < 0.2) | (np.abs(times - 14) < 0.3)
    health = examine(take_of(times, {"jawOpen": np.where(closed, 0.02, jaw)}))
    spans = [(c.start_s - START_S, c.end_s - START_S) for c in health.lip_contacts]
    assert np.array(spans) == pytest.approx(np.array([(5.8, 6.2), (13.7, 14.3)]), abs=0.02)
    apart = {"jawOpen": jaw, "mouthFunnel": 0.3 + 0.05 * np.sin(times)}
    health = examine(take_of(times, apart))
    assert health.lip_contacts == ()
    assert "no_contacts" in {f.code for f in health.findings}


def test_onset_apex_and_offset_of_an_expression():
    """Straight flanks: every figure is known exactly."""
    times = clock(20.0)
    brow = np.interp(
        times, [3, 3.5, 4.5, 5.5, 11, 12, 12.5, 14.5], [0, 0.6, 0.6, 0, 0, 0.4, 0.4, 0]
    )
    health = examine(take_of(times, {"browInnerUp": brow, "jawOpen": 0.1 + 0.05 * np.sin(times)}))
    region = next(r for r in health.regions if r.region == "brow")
    first, second = region.events
    assert (first.onset_s, first.apex_s, first.offset_s) == pytest.approx(
        (0.4, 1.15, 0.8), abs=1e-6
    )
    assert (second.onset_s, second.apex_s, second.offset_s) == pytest.approx(
        (0.8, 0.8, 1.6), abs=1e-6
    )
    assert first.start_s == pytest.approx(START_S + 3.05, abs=1e-6)
    assert second.end_s == pytest.approx(START_S + 14.3, abs=1e-6)
    assert (first.rise, second.rise) == pytest.approx((0.6, 0.4))
    assert region.timing["onset_s"].median == pytest.approx(0.6)
    assert region.span == pytest.approx(0.6)
    assert (region.channels, region.moving) == (1, 1)


def test_an_expression_that_the_take_cuts_is_none():
    times = clock(10.0)
    brow = np.interp(times, [0, 1, 4, 5, 9], [0.6, 0, 0, 0, 0.6])
    health = examine(take_of(times, {"browInnerUp": brow, "jawOpen": 0.1 + 0.05 * np.sin(times)}))
    assert next(r for r in health.regions if r.region == "brow").events == ()


def test_nothing_is_told_of_what_was_not_recorded():
    times = clock(10.0)
    brow = 0.6 * bump(times, 5.0, 1.0)
    brow[(times > 4.4) & (times < 4.99)] = np.nan
    health = examine(take_of(times, {"browInnerUp": brow, "jawOpen": 0.1 + 0.05 * np.sin(times)}))
    assert next(r for r in health.regions if r.region == "brow").events == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 3.0))
def test_pulses_are_the_peaks_that_scipy_finds(seed: int, least: float):
    """Prominence of scipy is another way to say the same, away from the ends."""
    rng = np.random.default_rng(seed)
    series = np.cumsum(rng.normal(0, 1, 200))
    series[0] = series[-1] = series.min() - 10.0
    times = np.arange(200) / 60
    valid = np.ones((200, 1), bool)
    (pulses,) = find_pulses(series[:, None], valid, times, np.array([least]))
    peaks, _ = find_peaks(series, prominence=least)
    assert [pulse.peak_sample for pulse in pulses] == peaks.tolist()
    for pulse in pulses:
        assert pulse.start_s <= pulse.top_s <= pulse.peak_s <= pulse.bottom_s <= pulse.end_s
        assert min(pulse.rise, pulse.fall) >= least
