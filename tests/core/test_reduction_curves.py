# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves whose keys are known beforehand, and what is asked for beside the tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from reduction_oracle import bezier_values, errors, in_eighths, stored

from facemocap_addon.core.curves import HANDLE, INTERPOLATION
from facemocap_addon.core.reduction import HOLD, Keys, reduce_curve, reduce_curves

ALIGNED, FREE = HANDLE["ALIGNED"], HANDLE["FREE"]


def slopes(keys: Keys) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the handles before and after each key."""
    left = (keys.values - keys.left[:, 1]) / (keys.frames - keys.left[:, 0])
    right = (keys.right[:, 1] - keys.values) / (keys.right[:, 0] - keys.frames)
    return left, right


def worst(keys: Keys, frames: np.ndarray, values: np.ndarray) -> float:
    return float(errors(keys, frames, values)[1].max())


def test_a_cubic_is_two_keys_with_its_own_slopes():
    frames = np.arange(1.0, 61.0)
    t = (frames - 1) / 59
    values = 0.2 + 0.1 * t + 0.9 * t**2 - 0.5 * t**3
    keys = reduce_curve(frames, values, 1e-3)
    assert keys.frames.tolist() == [1.0, 60.0]
    left, right = slopes(keys)
    assert right[0] == pytest.approx(0.1 / 59, abs=2e-5)
    assert left[1] == pytest.approx((0.1 + 1.8 - 1.5) / 59, abs=2e-5)
    assert worst(keys, frames, values) < 1e-4
    thirds = [(keys.right[0, 0] - 1) / 59, (60 - keys.left[1, 0]) / 59]
    np.testing.assert_allclose(thirds, 1 / 3, atol=1e-6)


def test_a_straight_line_is_two_keys():
    frames = np.arange(0.0, 500.0)
    keys = reduce_curve(frames, 0.002 * frames, 1e-4)
    assert len(keys) == 2
    assert keys.handle_types.tolist() == [[ALIGNED] * 2] * 2


def test_a_sine_has_keys_on_its_peaks_and_few_others():
    frames = np.arange(301.0)
    values = 0.5 + 0.4 * np.sin(2 * np.pi * frames / 60)
    keys = reduce_curve(frames, values, 0.009)
    rises = np.diff(np.sign(np.diff(values)))
    peaks = np.flatnonzero(rises) + 1
    assert set(frames[peaks]) <= set(keys.frames.tolist())
    # half a wave with level ends is a cubic to within a hundredth of its height
    assert len(keys) <= len(peaks) + 2
    on_peaks = np.isin(keys.frames, frames[peaks])
    np.testing.assert_array_equal(keys.values[on_peaks], values[peaks].astype(np.float32))
    assert (keys.handle_types[on_peaks] == ALIGNED).all()
    assert (keys.left[on_peaks, 1] == keys.values[on_peaks]).all()
    assert worst(keys, frames, values) <= 0.009
    assert bezier_values(keys, in_eighths(frames)).max() <= stored(values).max() + 1e-6


def test_a_step_stays_a_step():
    values = np.repeat([0.0, 1.0], 40)
    frames = np.arange(80.0)
    keys = reduce_curve(frames, values, 0.02)
    assert keys.frames.tolist() == [0.0, 39.0, 40.0, 79.0]
    assert worst(keys, frames, values) < 1e-6
    assert keys.handle_types[1:3].tolist() == [[FREE, FREE]] * 2


def test_a_hold_is_level_between_two_keys():
    ramp = np.linspace(0.0, 0.6, 20) ** 1.5
    values = np.concatenate([ramp, np.full(HOLD, ramp[-1]), ramp[-1] + ramp[1:]])
    frames = np.arange(10.0, 10.0 + len(values))
    keys = reduce_curve(frames, values, 0.01)
    first, last = frames[19], frames[19 + HOLD]
    at = np.flatnonzero((keys.frames >= first) & (keys.frames <= last))
    assert keys.frames[at].tolist() == [first, last]
    assert keys.forced[at].all()
    inside = np.arange(first, last, 0.125)
    np.testing.assert_allclose(bezier_values(keys, inside), np.float32(ramp[-1]), atol=1e-12)
    shorter = np.delete(values, slice(20, 30))
    assert not reduce_curve(frames[:-10], shorter, 0.01).forced[1:-1].any()


def test_a_blink_keeps_its_peak_and_never_opens_beyond_rest():
    close, opening = np.linspace(0, 1, 6) ** 1.4, np.linspace(1, 0, 13) ** 1.8
    blink = np.concatenate([np.full(40, 0.04), 0.04 + 0.88 * close, 0.04 + 0.88 * opening[1:]])
    values = np.concatenate([blink, np.full(60, 0.04)])
    frames = np.arange(1.0, len(values) + 1)
    keys = reduce_curve(frames, values, 0.01)
    peak = frames[np.argmax(values)]
    assert keys.values[keys.frames == peak].tolist() == [np.float32(0.92)]
    curve = bezier_values(keys, in_eighths(frames))
    assert in_eighths(frames)[np.argmax(curve)] == peak
    assert curve.max() == pytest.approx(0.92, abs=1e-7)
    assert curve.min() == pytest.approx(0.04, abs=1e-7)
    assert worst(keys, frames, values) <= 0.01
    assert len(keys) <= 9


@pytest.mark.parametrize("count", [2, 5, 400])
def test_what_never_moves_is_two_keys(count: int):
    keys = reduce_curve(np.arange(count, dtype=float), np.full(count, 0.3), 0.01)
    assert keys.frames.tolist() == [0.0, count - 1.0]
    assert (keys.left[:, 1] == np.float32(0.3)).all()
    assert (keys.right[:, 1] == np.float32(0.3)).all()
    assert keys.largest_error < 1e-12


def test_one_sample_is_one_key():
    keys = reduce_curve(np.array([7.0]), np.array([0.5]), 0.01, forced=[7.0, 8.0])
    assert (keys.frames.tolist(), keys.values.tolist(), keys.samples) == ([7.0], [0.5], 1)


def test_asked_frames_are_keys_with_the_sample_s_own_value():
    frames = np.arange(1.0, 101.0)
    values = 0.4 * frames / 100
    keys = reduce_curve(frames, values, 0.01, forced=[20.0, 33.4, 77.6, -5.0, 400.0])
    assert keys.frames.tolist() == [1.0, 20.0, 33.0, 78.0, 100.0]
    assert keys.forced.all()
    np.testing.assert_array_equal(keys.values, values[[0, 19, 32, 77, 99]].astype(np.float32))
    # a straight line goes straight through
    assert (keys.handle_types == ALIGNED).all()


def test_tolerances_of_samples_each_hold_where_they_stand():
    rng = np.random.default_rng(4)
    frames = np.arange(400.0)
    values = np.cumsum(rng.normal(size=400)) * 0.02
    tolerance = np.where(frames < 200, 0.002, 0.05)
    keys = reduce_curve(frames, values, tolerance)
    where, off = errors(keys, frames, values)
    assert (off <= np.interp(where, frames, tolerance)).all()
    assert (keys.frames < 200).sum() > 3 * (keys.frames >= 200).sum()


def test_curves_of_a_group_share_their_frames():
    t = np.arange(300.0)
    values = np.stack([np.sin(t / 20), np.cos(t / 13), np.tanh((t - 150) / 9), t / 300], axis=1)
    together = reduce_curves(t, values, 0.01, groups=[[0, 2], [3], [1]], forced=[[5], [], [], []])
    one, alone, other, line = together.curves
    np.testing.assert_array_equal(one.frames, other.frames)
    assert 5.0 in other.frames
    assert 5.0 not in line.frames
    single = reduce_curves(t, values, 0.01)
    assert len(single.curves[2]) < len(other)
    for mine, theirs in ((alone, single.curves[1]), (line, single.curves[3])):
        np.testing.assert_array_equal(mine.right, theirs.right)
    for column, keys in enumerate(together.curves):
        assert worst(keys, t, values[:, column]) <= 0.01


def test_a_curve_is_cut_alike_in_any_company():
    rng = np.random.default_rng(8)
    steps = rng.integers(-1, 2, (700, 12)) / 64
    values = np.cumsum(steps, axis=0) * np.linspace(0.2, 3.0, 12)
    frames = np.arange(700.0)
    all_of_them = reduce_curves(frames, values, 0.02).curves
    for column in range(12):
        alone = reduce_curve(frames, values[:, column], 0.02)
        for name in ("frames", "values", "left", "right", "handle_types", "forced"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(all_of_them[column], name))


def test_samples_may_lie_anywhere():
    rng = np.random.default_rng(2)
    frames = np.cumsum(rng.uniform(0.2, 2.5, 300)) + 1.3
    values = 0.5 + 0.4 * np.sin(frames / 9) + 0.02 * rng.normal(size=300)
    keys = reduce_curve(frames, values, 0.02)
    assert worst(keys, frames, values) <= 0.02
    assert set(keys.frames.tolist()) <= set(frames.astype(np.float32).tolist())
    assert len(keys) < 150


@pytest.mark.parametrize("first", [-36_000.0, 30_000.0, 1_000_000.0])
def test_rounding_far_from_frame_nought_is_counted(first: float):
    rng = np.random.default_rng(11)
    frames = first + np.arange(500.0)
    values = 0.5 + 0.4 * np.sin(np.arange(500) / 2.5) + 0.01 * rng.normal(size=500)
    keys = reduce_curve(frames, values, 0.01)
    assert keys.largest_error == pytest.approx(worst(keys, frames, values), abs=1e-5)
    assert worst(keys, frames, values) <= 0.01


def test_the_curve_is_what_the_gateway_writes():
    frames = np.arange(1.0, 101.0)
    keys = reduce_curve(frames, np.sin(frames / 10), 0.01)
    curve = keys.to_curve('key_blocks["jawOpen"].value', 0, "Face")
    assert curve.keys == len(keys)
    assert curve.handles is not None
    np.testing.assert_array_equal(curve.handles[:, :2], keys.left)
    np.testing.assert_array_equal(curve.handles[:, 2:], keys.right)
    assert curve.interpolation == INTERPOLATION["BEZIER"]
    assert curve.group == "Face"


def test_the_report_counts():
    frames = np.arange(200.0)
    values = np.stack([np.sin(frames / 9), np.zeros(200)], axis=1)
    made = reduce_curves(frames, values, 0.01)
    first, second = made.curves
    assert (made.report.before, made.report.after) == (400, len(first) + 2)
    assert made.report.forced == int(first.forced.sum()) + 2
    assert made.report.aligned == int((first.handle_types[:, 0] == ALIGNED).sum()) + 2
    assert made.report.largest_error == max(first.largest_error, second.largest_error)
    assert made.report.percent == pytest.approx(100 * made.report.after / 400)
    assert made.report.sentence().startswith(f"400 keys became {made.report.after} (")


@pytest.mark.parametrize(
    ("frames", "values", "tolerance"),
    [
        ([1.0, 1.0], [0.0, 0.0], 0.01),
        ([16_777_216.0, 16_777_217.0], [0.0, 0.0], 0.01),
        ([1.0, 2.0], [0.0, np.nan], 0.01),
        ([1.0, 2.0], [0.0, 0.0], -0.01),
        ([1.0, 2.0], [0.0, 0.0], np.nan),
        ([], [], 0.01),
        ([1.0, 2.0], [0.0], 0.01),
    ],
)
def test_what_is_no_curve_is_refused(frames: list[float], values: list[float], tolerance: float):
    with pytest.raises(ValueError, match=r"must"):
        reduce_curve(np.array(frames), np.array(values), tolerance)
