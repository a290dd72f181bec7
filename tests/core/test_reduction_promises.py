# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every curve: the largest error, exact peaks, nothing beyond them, sound keys."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reduction_oracle import bezier_values, errors, in_eighths, stored, turning_points

from facemocap_addon.core.curves import HANDLE
from facemocap_addon.core.reduction import reduce_curve


@dataclass(frozen=True)
class Case:
    frames: np.ndarray
    values: np.ndarray
    tolerance: float


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Walks, waves, noise, spikes and steps; quantised or not; on even or uneven frames."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 160))
    kind = draw(st.sampled_from(["walk", "waves", "noise", "spikes", "steps", "dying"]))
    t = np.arange(count) / 60.0
    if kind == "walk":
        values = np.cumsum(rng.normal(size=count)) * 0.03
    elif kind == "waves":
        values = sum(rng.normal() * np.sin(rng.uniform(1, 40) * t + rng.normal()) for _ in range(4))
    elif kind == "noise":
        values = 0.3 + 0.02 * rng.normal(size=count)
    elif kind == "spikes":
        values = np.where(rng.random(count) < 0.08, rng.random(count), 0.0)
    elif kind == "steps":
        values = np.repeat(rng.random(count), rng.integers(1, 40, count))[:count]
    else:
        values = np.exp(-3 * t) * np.cos(60 * t)
    values = np.asarray(values) * draw(st.sampled_from([1.0, 1.0, 90.0, 1e-3]))
    if draw(st.booleans()):
        values = np.round(values * 255) / 255
    start = draw(st.sampled_from([1.0, -20.0, 3000.5]))
    steps = np.ones(count) if draw(st.booleans()) else rng.uniform(0.3, 3.0, count)
    size = max(float(np.ptp(values)), 1e-3)
    tolerance = size * draw(st.sampled_from([0.3, 0.05, 0.01, 0.002]))
    return Case(start + np.cumsum(steps), values, tolerance)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_largest_error_is_never_more_than_asked(case: Case):
    keys = reduce_curve(case.frames, case.values, case.tolerance)
    _where, off = errors(keys, case.frames, case.values)
    assert off.max() <= case.tolerance
    size = float(np.abs(case.values).max())
    assert abs(keys.largest_error - off.max()) <= 1e-3 * case.tolerance + 1e-6 * size


@settings(max_examples=60, deadline=None)
@given(cases())
def test_peaks_keep_their_value_and_time(case: Case):
    keys = reduce_curve(case.frames, case.values, case.tolerance)
    times, samples = stored(case.frames), stored(case.values)
    # what is a hair above the limit is left to either side
    at = turning_points(case.values, 2.0 * case.tolerance * (1 + 1e-9))
    assert set(times[at].tolist()) <= set(keys.frames.tolist())
    where = in_eighths(times)
    curve = bezier_values(keys, where)
    slack = 2e-4 * case.tolerance + 1e-6 * float(np.abs(samples).max())
    # from turning point to turning point the curve reaches as far as the samples, and no farther
    edges = [0, *at.tolist(), len(times) - 1]
    for first, last in pairwise(edges):
        own, part = samples[first : last + 1], curve[8 * first : 8 * last + 1]
        assert part.max() <= own.max() + slack
        assert part.min() >= own.min() - slack
    for place in at.tolist():
        before, after = max(place - 1, 0), min(place + 1, len(times) - 1)
        way = 1.0 if samples[place] > samples[before] else -1.0
        near = way * curve[8 * before : 8 * after + 1]
        assert near.max() <= way * samples[place] + slack


@settings(max_examples=60, deadline=None)
@given(cases(), st.lists(st.floats(-0.2, 1.2), max_size=6))
def test_keys_are_sound(case: Case, asked: list[float]):
    times, samples = stored(case.frames), stored(case.values)
    wanted = [times[0] + share * (times[-1] - times[0]) for share in asked]
    keys = reduce_curve(case.frames, case.values, case.tolerance, forced=wanted)
    x = keys.frames.astype(np.float64)
    assert (np.diff(x) > 0).all()
    assert (x[0], x[-1]) == (times[0], times[-1])
    place = np.searchsorted(times, x)
    np.testing.assert_array_equal(times[place], x)
    np.testing.assert_array_equal(keys.values, samples[place].astype(np.float32))
    for frame in wanted:
        if times[0] <= frame <= times[-1]:
            distance = np.abs(times - frame)
            near = np.flatnonzero(distance <= distance.min() * (1 + 1e-12))
            assert keys.forced[np.isin(x, times[near])].any()
    width = np.diff(x)
    reach = 1e-3 + np.abs(x).max() * 1e-6
    for handle, key, way in ((keys.right[:-1], x[:-1], 1.0), (keys.left[1:], x[1:], -1.0)):
        np.testing.assert_allclose(way * (handle[:, 0] - key), width / 3, atol=reach)
    left = (keys.values - keys.left[:, 1]) / (x - keys.left[:, 0])
    right = (keys.right[:, 1] - keys.values) / (keys.right[:, 0] - x)
    aligned = keys.handle_types[:, 0] == HANDLE["ALIGNED"]
    np.testing.assert_array_equal(keys.handle_types[:, 0], keys.handle_types[:, 1])
    size = np.abs(samples).max() + 1e-9
    np.testing.assert_allclose(left[aligned], right[aligned], atol=2e-6 * size * 8, rtol=1e-3)


@settings(max_examples=15, deadline=None)
@given(cases())
def test_keys_evaluate_themselves_as_the_oracle_does(case: Case):
    keys = reduce_curve(case.frames, case.values, case.tolerance)
    where = in_eighths(stored(case.frames))
    size = float(np.abs(case.values).max())
    np.testing.assert_allclose(keys.at(where), bezier_values(keys, where), atol=1e-9 * size + 1e-12)
    beyond = np.array([case.frames[0] - 10, case.frames[-1] + 10])
    np.testing.assert_allclose(keys.at(beyond), keys.values[[0, -1]], atol=1e-9 * size + 1e-12)
