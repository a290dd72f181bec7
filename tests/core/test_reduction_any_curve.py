# SPDX-License-Identifier: GPL-3.0-or-later
"""Reductions of anybody's curves: sampled as they play, keys where they are promised."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.curves import HANDLE, INTERPOLATION, KEY_TYPE, Curve
from facemocap_addon.core.reduction import any_curve

FRAMES = np.arange(1.0, 122.0)
WAVE = 0.5 + 0.4 * np.sin(2 * np.pi * (FRAMES - 1) / 40)


def test_a_curve_is_sampled_on_whole_frames_and_on_its_ends():
    curve = Curve("x", 0, np.array([1.5, 4.0, 7.25]), np.array([0.0, 2.5, 5.75]))
    frames, values = any_curve.sample_curve(curve)
    assert frames.tolist() == [1.5, 2, 3, 4, 5, 6, 7, 7.25]
    np.testing.assert_allclose(values, frames - 1.5, atol=1e-7)
    frames, _ = any_curve.sample_curve(curve, 3, 5)
    assert frames.tolist() == [3, 4, 5]


@pytest.mark.parametrize("tolerance", [0.001, 0.05])
def test_reduced_keys_keep_their_promise_and_are_a_persons(tolerance: float):
    curve = any_curve.reduce_keys(FRAMES, WAVE, tolerance, forced=[33.0])
    assert any_curve.largest_error(curve, FRAMES, WAVE) <= tolerance
    assert curve.keys < len(FRAMES) / 4
    assert {1.0, 11.0, 31.0, 33.0, 51.0, 71.0, 91.0, 111.0, 121.0} <= {*curve.frames.tolist()}
    assert curve.key_type == KEY_TYPE["KEYFRAME"]


def test_curves_of_a_turn_share_their_frames():
    both = np.stack([WAVE, np.cos(FRAMES / 9)], axis=1)
    one, other = any_curve.reduce_together(FRAMES, both, 0.01)
    np.testing.assert_array_equal(one.frames, other.frames)
    for curve, values in ((one, both[:, 0]), (other, both[:, 1])):
        assert any_curve.largest_error(curve, FRAMES, values) <= 0.01


def test_extremes_and_what_lies_between_are_told_apart():
    curve = any_curve.keys_on_extremes(FRAMES, WAVE)
    kinds = dict(zip(curve.frames.tolist(), np.asarray(curve.key_type).tolist(), strict=True))
    for frame in (11.0, 31.0, 51.0, 71.0, 91.0, 111.0):
        assert kinds[frame] == KEY_TYPE["EXTREME"]
    for frame in (21.0, 41.0, 61.0, 81.0, 101.0):
        assert kinds[frame] == KEY_TYPE["BREAKDOWN"]
    alone = any_curve.keys_on_extremes(FRAMES, WAVE, inflections=False)
    assert alone.frames.tolist() == [1, 11, 31, 51, 71, 91, 111, 121]


def test_every_nth_twos_and_every_frame():
    nth = any_curve.every_nth(FRAMES, WAVE, 8)
    assert nth.frames.tolist() == [*range(1, 122, 8)]
    twos = any_curve.on_twos(FRAMES, WAVE)
    assert twos.interpolation == INTERPOLATION["CONSTANT"]
    assert twos.frames.tolist() == [1, *range(2, 121, 2)]
    dense = any_curve.every_frame(FRAMES, WAVE)
    np.testing.assert_array_equal(dense.values, WAVE.astype(np.float32))
    assert any_curve.largest_error(dense, FRAMES, WAVE) < 1e-6


def test_a_path_is_given_and_all_else_stays():
    made = any_curve.reduce_keys(FRAMES, WAVE, 0.01)
    named = any_curve.on_path(made, 'pose.bones["jaw"].location', 1, "jaw")
    assert (named.path, named.index, named.group) == ('pose.bones["jaw"].location', 1, "jaw")
    np.testing.assert_array_equal(named.frames, made.frames)
    assert named.handle_types is not None
    assert {*np.asarray(named.handle_types).ravel().tolist()} <= {HANDLE["FREE"], HANDLE["ALIGNED"]}
