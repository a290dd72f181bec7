# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cubic fits into a tube, and which slopes it may have, against linear programming."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from reduction_oracle import room
from scipy.optimize import linprog

from facemocap_addon.core.reduction import spans
from facemocap_addon.core.reduction.rows import Rows
from facemocap_addon.core.reduction.spans import can_span, check_spans, solve_spans
from facemocap_addon.core.reduction.stabbing import reach, stab
from facemocap_addon.core.reduction.tangents import merge_slopes
from facemocap_addon.core.reduction.tube import Tube, build_tube
from facemocap_addon.core.reduction.turning_points import find_turning_points


def tube_of(kind: str, samples: int, seed: int, tolerance: float, uneven: bool = False) -> Tube:
    """The tube of one curve."""
    rng = np.random.default_rng(seed)
    t = np.arange(samples, dtype=float)
    if uneven:
        t = np.cumsum(rng.uniform(0.4, 1.8, samples))
    smooth = 0.5 + 0.3 * np.sin(t / 11 + seed) + 0.1 * np.sin(t / 4.3)
    noise = {"smooth": 0.0005, "rough": 0.004, "walk": 0.0}[kind] * rng.normal(size=samples)
    values = (smooth + noise)[:, None]
    if kind == "walk":
        values = np.cumsum(rng.normal(size=(samples, 1)), axis=0) * 0.004
    within = np.full(values.shape, tolerance)
    return build_tube(t, values, within, find_turning_points(values, within))


@pytest.mark.parametrize("kind", ["smooth", "rough", "walk"])
@pytest.mark.parametrize("uneven", [False, True])
def test_a_span_is_possible_when_linear_programming_says_so(kind: str, uneven: bool):
    decided = possible = 0
    for seed in range(3):
        tube = tube_of(kind, 160, seed, 0.01, uneven)
        rng = np.random.default_rng(seed)
        length = np.concatenate([rng.integers(2, 30, 40), rng.integers(30, 120, 8)])
        start = rng.integers(0, 160 - length)
        found = can_span(tube, start, length)
        for first, steps, ours in zip(start.tolist(), length.tolist(), found.tolist(), strict=True):
            part = slice(first, first + steps + 1)
            arrays = (tube.times, tube.values, tube.low, tube.high)
            left = room(*(a[part] for a in arrays))
            if abs(left) > 1e-6:
                assert ours == (left > 0), (first, steps, left)
                decided += 1
                possible += ours
    assert decided > 100
    assert 0.2 < possible / decided < 0.95


def test_slopes_that_are_found_stay_in_the_tube():
    tube = tube_of("rough", 200, 5, 0.01)
    rng = np.random.default_rng(5)
    length = rng.integers(1, 40, 300)
    start = rng.integers(0, 200 - length)
    found, slopes = solve_spans(tube, start, length)
    np.testing.assert_array_equal(found, can_span(tube, start, length))
    inside = check_spans(tube, start[found], length[found], slopes[found])
    assert inside.all()
    for first, steps, (one, other) in zip(
        start[found].tolist(), length[found].tolist(), slopes[found].tolist(), strict=True
    ):
        u = np.arange(8 * steps + 1) / 8 / steps
        y = tube.values[first], tube.values[first + steps]
        bent = (
            y[0] * (1 + 2 * u) * (1 - u) ** 2
            + y[1] * u**2 * (3 - 2 * u)
            + steps * u * (1 - u) * (one * (1 - u) - other * u)
        )
        at = first + u * steps
        sample = np.arange(len(tube.times))
        assert (bent <= np.interp(at, sample, tube.high[:200]) + 1e-6)[1:-1].all()
        assert (bent >= np.interp(at, sample, tube.low[:200]) - 1e-6)[1:-1].all()
    steep = slopes[found] + np.array([0.5, 0.0])
    long = length[found] > 1
    assert not check_spans(tube, start[found][long], length[found][long], steep[long]).any()


def test_least_squares_are_taken_where_they_fit():
    tube = tube_of("smooth", 100, 1, 0.05)
    tube = replace(tube, low=tube.values - 0.05, high=tube.values + 0.05)
    start, length = np.array([3, 30]), np.array([20, 25])
    _found, slopes = solve_spans(tube, start, length)
    for row in range(2):
        t = np.arange(length[row] + 1.0)
        u = t / length[row]
        y = tube.values[start[row] : start[row] + length[row] + 1]
        base = y[0] * (1 + 2 * u) * (1 - u) ** 2 + y[-1] * u**2 * (3 - 2 * u)
        free = np.stack([t * (1 - u) ** 2, t * u * (u - 1)], axis=1)
        best: Any = np.linalg.lstsq(free, y - base, rcond=None)[0]
        np.testing.assert_allclose(slopes[row], best, atol=1e-9)


def intervals(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    u = np.sort(rng.uniform(0.01, 0.99, (40, 9)), axis=1)
    middle = rng.normal(size=(40, 1)) * u + 0.25 * rng.normal(size=(40, 9))
    half = rng.uniform(0.2, 0.6, (40, 9))
    return u, middle - half, middle + half


def ends(u: np.ndarray, low: np.ndarray, high: np.ndarray, sign: float) -> float | None:
    """The highest (1) or lowest (-1) place at u = 1 of a line through intervals, or None."""
    line = np.stack([np.ones(len(u)), u], axis=1)
    found = linprog(
        [-sign, -sign], np.concatenate([line, -line]), np.concatenate([high, -low]),
        bounds=[(None, None)] * 2,
    )  # fmt: skip
    return None if found.status != 0 else -sign * float(found.fun)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_lines_through_intervals_are_those_of_linear_programming(seed: int):
    u, low, high = intervals(seed)
    nothing = np.full(40, 1e-9)
    found, at_zero, slope = stab(u, low, high, np.zeros(40), nothing)
    also, least, most = reach(u, low, high, nothing)
    np.testing.assert_array_equal(found, also)
    assert 5 < found.sum() < 38
    line = at_zero[:, None] + slope[:, None] * u
    assert (line <= high + 1e-8)[found].all()
    assert (line >= low - 1e-8)[found].all()
    for row in range(40):
        highest = ends(u[row], low[row], high[row], 1.0)
        assert (highest is not None) == bool(found[row])
        if highest is not None:
            assert most[row] == pytest.approx(highest, abs=1e-6)
            assert least[row] == pytest.approx(ends(u[row], low[row], high[row], -1.0), abs=1e-6)


def test_infinite_intervals_bind_nothing():
    u = np.array([[0.0, 0.2, 0.5, 0.8, 7.0]])
    low, high = (
        np.array([[-np.inf, 0.1, 0.4, 0.7, -np.inf]]),
        np.array([[np.inf, 0.3, 0.6, 0.9, np.inf]]),
    )
    found, at_zero, slope = stab(u, low, high, np.array([30.0]), np.zeros(1))
    assert found.all()
    assert (at_zero + slope * u[0, 1:4] <= high[0, 1:4]).all()


def shared_room(tube: Tube, first: int, middle: int, last: int) -> float:
    """As `reduction_oracle.room`, of two spans with one slope where they meet."""
    rows: list[np.ndarray] = []
    bounds: list[np.ndarray] = []
    sample = np.arange(len(tube.times))
    for start, end, own in ((first, middle, (0, 1)), (middle, last, (1, 2))):
        where = np.arange(start + 0.125, end, 0.125)
        u, width = (where - start) / (end - start), end - start
        y = tube.values[[start, end]]
        base = y[0] * (1 + 2 * u) * (1 - u) ** 2 + y[1] * u * u * (3 - 2 * u)
        free = np.zeros((len(u), 3))
        free[:, own] = width * np.stack([u * (1 - u) ** 2, u * u * (u - 1)], axis=1)
        for way, flat in ((1.0, tube.high), (-1.0, tube.low)):
            rows.append(np.append(way * free, np.ones((len(u), 1)), axis=1))
            bounds.append(way * (np.interp(where, sample, flat[: len(sample)]) - base))
    found = linprog(
        [0, 0, 0, -1], np.concatenate(rows), np.concatenate(bounds),
        bounds=[(None, None)] * 3 + [(None, 1.0)],
    )  # fmt: skip
    return float(-found.fun)


def test_a_slope_is_shared_wherever_both_spans_allow_it():
    shared = possible = impossible = 0
    for seed in range(80):
        tube = tube_of("rough", 60, seed, 0.01)
        rng = np.random.default_rng(seed)
        length = rng.integers(2, 25, 2)
        start = np.array([4, 4 + length[0]])
        found, slopes = solve_spans(tube, start, length)
        if not found.all():
            continue
        merged = merge_slopes(tube, start, length, slopes, np.zeros(2, np.bool_))
        assert check_spans(tube, start, length, merged).all()
        left = shared_room(tube, 4, int(start[1]), int(start[1] + length[1]))
        if left > 1e-5:
            possible += 1
            shared += bool(merged[0, 1] == merged[1, 0])
        elif left < -1e-6:
            impossible += 1
            assert merged[0, 1] != merged[1, 0]
    assert possible >= 10
    assert impossible >= 3
    assert shared >= 0.9 * possible


def test_level_keys_are_level_on_both_sides_or_have_two_slopes():
    t = np.arange(61.0)
    values = np.where(t < 20, t / 20, np.cos((t - 20) / 40 * np.pi) * 0.5 + 0.5)[:, None]
    within = np.full(values.shape, 0.02)
    tube = build_tube(t, values, within, find_turning_points(values, within))
    start, length = np.array([0, 20]), np.array([20, 40])
    _found, slopes = solve_spans(tube, start, length)
    merged = merge_slopes(tube, start, length, slopes, np.array([False, True]))
    # a straight ramp has no level end within tolerance, the wave has
    assert merged[0, 1] == pytest.approx(0.05, abs=0.01)
    assert merged[1, 0] == 0.0
    assert check_spans(tube, start, length, merged).all()


@pytest.mark.parametrize("chunk", [200, 5000])
def test_how_much_is_worked_on_together_changes_nothing(
    chunk: int, monkeypatch: pytest.MonkeyPatch
):
    tube = tube_of("rough", 600, 3, 0.01)
    rng = np.random.default_rng(3)
    length = np.concatenate([rng.integers(1, 60, 300), rng.integers(60, 400, 20)])
    start = rng.integers(0, 600 - length)
    whole = solve_spans(tube, start, length), can_span(tube, start, length)
    monkeypatch.setattr(spans, "CHUNK", chunk)
    parts = solve_spans(tube, start, length), can_span(tube, start, length)
    np.testing.assert_array_equal(whole[0][0], parts[0][0])
    np.testing.assert_array_equal(whole[0][1], parts[0][1])
    np.testing.assert_array_equal(whole[1], parts[1])


def test_rows_see_every_fourth_sample():
    tube = tube_of("smooth", 60, 0, 0.01)
    rows = Rows.of(tube, np.array([5, 9]), np.array([22, 16]), 4)
    assert rows.u.shape == (2, 6)
    np.testing.assert_allclose(rows.u[0] * 22, np.arange(0, 24, 4))
    chord = tube.values[5] + (tube.values[27] - tube.values[5]) * rows.u[0]
    np.testing.assert_allclose(rows.high[0], tube.high[5 : 5 + 24 : 4] - chord)
    assert rows.inner().tolist() == [[False, *[True] * 5], [False, *[True] * 3, False, False]]
