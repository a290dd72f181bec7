# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys by rule: extremes, every n-th frame, on twos, and back to every frame."""

from __future__ import annotations

import numpy as np
import pytest
from reduction_oracle import bezier_values, errors, in_eighths, stored, turning_points

from facemocap_addon.core.curves import INTERPOLATION
from facemocap_addon.core.reduction import (
    Keys,
    every_frame,
    every_nth,
    on_extremes,
    on_twos,
    reduce_curve,
)


def wavy(count: int = 240) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(6)
    frames = np.arange(1.0, count + 1)
    slow = 0.5 + 0.3 * np.sin(frames / 14) + 0.1 * np.sin(frames / 5)
    return frames, slow + 0.002 * rng.normal(size=count)


def held(keys: Keys, where: np.ndarray) -> np.ndarray:
    """Values of constant keys."""
    return stored(keys.values)[np.searchsorted(keys.frames, where, side="right") - 1]


def test_extremes_are_the_turning_points_and_one_key_lies_between_two():
    frames, values = wavy()
    at = turning_points(values, 0.05)
    bare = on_extremes(frames, values, 0.05, inflections=False)
    assert bare.frames.tolist() == [1.0, *frames[at].tolist(), 240.0]
    keys = on_extremes(frames, values, 0.05)
    assert len(keys) == 2 * len(bare) - 1
    np.testing.assert_array_equal(keys.frames[keys.forced], bare.frames)
    np.testing.assert_array_equal(
        keys.values, values[(keys.frames - 1).astype(int)].astype(np.float32)
    )
    # level on extremes, nothing beyond them
    inner = np.isin(keys.frames, frames[at])
    np.testing.assert_array_equal(keys.left[inner, 1], keys.values[inner])
    np.testing.assert_array_equal(keys.right[inner, 1], keys.values[inner])
    curve = bezier_values(keys, in_eighths(frames))
    assert curve.max() <= stored(values).max() + 1e-6
    assert curve.min() >= stored(values).min() - 1e-6


def test_the_key_between_two_extremes_is_where_the_curve_is_steepest():
    frames = np.arange(0.0, 101.0)
    values = 1 / (1 + np.exp(-(frames - 63) / 4))
    keys = on_extremes(frames, values, 0.1)
    assert keys.frames.tolist() == [0.0, 63.0, 100.0]


@pytest.mark.parametrize("step", [1, 4, 7, 1000])
def test_every_nth_sample_and_the_last_are_keys(step: int):
    frames, values = wavy()
    keys = every_nth(frames, values, step)
    at = sorted({*range(0, 240, step), 239})
    assert keys.frames.tolist() == frames[at].tolist()
    np.testing.assert_array_equal(keys.values, values[at].astype(np.float32))
    assert keys.largest_error == pytest.approx(errors(keys, frames, values)[1].max(), abs=1e-9)


def test_between_every_nth_sample_the_curve_is_the_one_that_suits_best():
    frames = np.arange(0.0, 121.0)
    values = 0.4 * np.sin(frames / 19)
    keys = every_nth(frames, values, 8)
    assert keys.largest_error < 2e-4
    assert (
        keys.largest_error
        < 0.05 * np.abs(np.interp(frames, keys.frames, keys.values) - values).max()
    )


def test_keys_of_a_step_are_not_overshot():
    values = np.repeat([0.0, 1.0], 30)
    keys = every_nth(np.arange(60.0), values, 4)
    curve = bezier_values(keys, in_eighths(np.arange(60.0)))
    assert curve.min() >= 0.0
    assert curve.max() <= 1.0 + 1e-7


@pytest.mark.parametrize(
    ("first", "phase", "keyed"), [(1.0, 0, [1, 2, 4]), (1.0, 1, [1, 3, 5]), (4.0, 0, [4, 6, 8])]
)
def test_on_twos_values_are_held(first: float, phase: int, keyed: list[int]):
    frames = np.arange(first, first + 41)
    values = np.sin(frames / 6)
    keys = on_twos(frames, values, phase=phase)
    assert keys.frames[:3].tolist() == keyed
    assert keys.interpolation == INTERPOLATION["CONSTANT"]
    assert (keys.frames[1:] % 2 == phase).all()
    np.testing.assert_array_equal(
        keys.values, values[(keys.frames - first).astype(int)].astype(np.float32)
    )
    where = in_eighths(frames)
    np.testing.assert_array_equal(keys.at(where), held(keys, where))
    off = np.abs(held(keys, where) - np.interp(where, frames, stored(values)))
    assert keys.largest_error == pytest.approx(off.max(), abs=1e-9)
    assert keys.to_curve("x").handles is None


def test_on_twos_takes_the_nearest_sample_of_a_take_at_another_rate():
    frames = 1.0 + 0.7 * np.arange(30)
    keys = on_twos(frames, np.arange(30.0))
    assert keys.frames.tolist() == [1.0, *np.arange(2.0, 21.6, 2).tolist()]
    assert keys.values[1] == 1.0
    assert keys.values[2] == 4.0


def test_back_to_every_frame_is_what_the_curve_was_there():
    frames, values = wavy()
    keys = reduce_curve(frames + 0.25, values, 0.01)
    dense = every_frame(keys)
    assert dense.frames.tolist() == [1.25, *range(2, 241), 240.25]
    np.testing.assert_allclose(
        dense.values, bezier_values(keys, dense.frames.astype(np.float64)), atol=1e-7
    )
    assert dense.interpolation == INTERPOLATION["LINEAR"]
    where = in_eighths(dense.frames.astype(np.float64))
    off = np.abs(np.interp(where, dense.frames, dense.values) - bezier_values(keys, where))
    assert dense.largest_error == pytest.approx(off.max(), abs=1e-7)
    assert 0.0 < dense.largest_error < 0.05


def test_one_sample_survives_all_rules():
    one = np.array([3.0]), np.array([0.25])
    for keys in (on_extremes(*one, 0.1), every_nth(*one, 5), every_frame(every_nth(*one, 2))):
        assert (keys.frames.tolist(), keys.values.tolist()) == ([3.0], [0.25])
    assert on_twos(*one).values.tolist()[0] == 0.25


def test_steps_below_one_are_refused():
    with pytest.raises(ValueError, match="1 or more"):
        every_nth(np.arange(5.0), np.zeros(5), 0)
    with pytest.raises(ValueError, match="1 or more"):
        on_twos(np.arange(5.0), np.zeros(5), step=0)
