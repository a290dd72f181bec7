# SPDX-License-Identifier: GPL-3.0-or-later
"""Reduced once more: keys stay where the curve is as it was, and all promises hold again."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.reduction import reduce_curve
from facemocap_addon.core.reduction.keeping import keep_keys
from facemocap_addon.core.reduction.turning_points import find_turning_points

FRAMES = np.arange(1.0, 601.0)
WITHIN = np.full(600, 0.01)


def blinking(at: float) -> np.ndarray:
    rng = np.random.default_rng(3)
    slow = 0.1 + 0.05 * np.sin(FRAMES / 31) + 0.001 * rng.normal(size=600)
    blink = np.clip(1.2 - np.abs(FRAMES - at) / 4.0, 0.0, 0.8)
    return (slow + blink + np.clip(1.2 - np.abs(FRAMES - 450.0) / 5.0, 0.0, 0.7)).astype(np.float32)


def largest_off(keys: object, values: np.ndarray) -> float:
    where = np.linspace(1.0, 600.0, 8 * 599 + 1)
    curve = keys.at(where)  # type: ignore[attr-defined]
    return float(np.abs(curve - np.interp(where, FRAMES, values)).max())


def test_unchanged_samples_keep_every_key():
    before = reduce_curve(FRAMES, blinking(150), 0.01)
    kept = keep_keys(before, FRAMES, blinking(150), WITHIN)
    assert kept is not None
    for name in ("frames", "values", "left", "right", "handle_types"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(before, name))
    assert kept.largest_error == pytest.approx(before.largest_error, rel=1e-3)


@pytest.mark.parametrize("to", [156.0, 200.0, 250.5])
def test_a_moved_blink_leaves_keys_elsewhere(to: float):
    before = reduce_curve(FRAMES, blinking(150), 0.01)
    values = blinking(to)
    kept = keep_keys(before, FRAMES, values, WITHIN)
    assert kept is not None
    assert largest_off(kept, values) <= 0.01
    changed = np.flatnonzero(values != blinking(150))
    first, last = FRAMES[changed[0]], FRAMES[changed[-1]]
    # up to one key beyond what changed
    low = before.frames[before.frames <= first][-1]
    high = before.frames[before.frames >= last][0]
    for rest in (lambda f: f < low, lambda f: f > high):
        for name in ("frames", "values", "left", "right"):
            own, was = getattr(kept, name)[rest(kept.frames)], getattr(before, name)
            np.testing.assert_array_equal(own, was[rest(before.frames)])
    # every turning point that counts is a key of the very value
    column = values.astype(np.float64)[:, None]
    turning = find_turning_points(column, WITHIN[:, None])[:, 0]
    assert np.isin(FRAMES[turning], kept.frames).all()
    np.testing.assert_array_equal(kept.values, values[np.searchsorted(FRAMES, kept.frames)])


def test_a_forced_frame_that_is_new_becomes_a_key():
    before = reduce_curve(FRAMES, blinking(150), 0.01)
    frame = next(f for f in (300.0, 301.0, 302.0, 303.0) if f not in before.frames)
    kept = keep_keys(before, FRAMES, blinking(150), WITHIN, forced=[frame])
    assert kept is not None
    assert frame in kept.frames
    assert {*before.frames.tolist()} <= {*kept.frames.tolist()}


def test_another_curve_is_reduced_as_a_whole():
    before = reduce_curve(FRAMES, blinking(150), 0.01)
    assert keep_keys(before, FRAMES, 0.7 * blinking(150), WITHIN) is None
    assert keep_keys(before, FRAMES + 1.0, blinking(150), WITHIN) is None
    assert keep_keys(before, FRAMES[:-1], blinking(150)[:-1], WITHIN[:-1]) is None
