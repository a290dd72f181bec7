# SPDX-License-Identifier: GPL-3.0-or-later
"""Box-constrained quadratic programs: exact, whatever the start, the condition or the dimension."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.solver import pivoting
from facemocap_addon.core.solver.admm import FULL, QUICK, THOROUGH, guess_minimum
from facemocap_addon.core.solver.box import EXACT, FAST, solve_box
from facemocap_addon.core.solver.pivoting import pivot
from facemocap_addon.core.solver.products import rows_times, rows_times_single
from facemocap_addon.core.solver.system import bordered, own_forms, shared_form
from facemocap_addon.core.solver.threads import for_each


def hessian(count: int, condition: float, seed: int) -> FloatArray:
    """Positive definite with a given condition number, its scales mixed."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(count, count)))[0]
    matrix = turn * np.geomspace(1.0, condition, count) @ turn.T
    return 0.5 * (matrix + matrix.T)


def pulls(matrix: FloatArray, frames: int, seed: int) -> FloatArray:
    """What puts the unbounded answers in and about the box."""
    rng = np.random.default_rng(seed)
    return rng.normal(0.3, 0.5, (frames, len(matrix))) @ matrix


def kkt(
    matrix: FloatArray, pull: FloatArray, found: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Projected gradient by definition, of the largest gradient entry at rest and at the answer."""
    slope = found @ matrix - pull
    back = found - np.clip(found - slope, low, high)
    inside = (found > low) & (found < high)
    error = np.where(inside, np.abs(slope), np.minimum(np.abs(slope), np.abs(back)))
    return error.max(axis=1) / np.abs(pull).max(axis=1)


@pytest.mark.parametrize("count", [1, 2, 7, 52])
@pytest.mark.parametrize("condition", [1e2, 1e3, 1e4, 1e5])
def test_optimality_at_every_condition(count: int, condition: float) -> None:
    matrix = hessian(count, condition, 1)
    pull = pulls(matrix, 300, 2)
    low, high = np.zeros(count), np.ones(count)
    found = solve_box(shared_form(matrix), pull, low, high)
    assert found.done.all()
    assert (found.values >= 0).all()
    assert (found.values <= 1).all()
    if count > 1:
        assert (found.state != 0).any()
        assert (found.state == 0).any()
    assert kkt(matrix, pull, found.values, low, high).max() < 1e-8
    assert found.error.max() <= 1e-8 * np.abs(pull).max()
    fast = solve_box(shared_form(matrix), pull, low, high, FAST)
    assert kkt(matrix, pull, fast.values, low, high).max() <= 1.0001e-4


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 15
    matrix = hessian(count, 1e3, seed)
    pull = pulls(matrix, 20, seed + 10)
    low, high = rng.uniform(-1, 0, count), rng.uniform(0.1, 1, count)
    found = solve_box(shared_form(matrix), pull, low, high).values
    root = np.linalg.cholesky(matrix).T
    for row, right in zip(found, pull, strict=True):
        oracle = lsq_linear(
            root, np.linalg.solve(root.T, right), (low, high), method="bvls", tol=1e-14
        )
        assert row == pytest.approx(oracle.x, abs=1e-7)


def test_agrees_with_every_combination_of_bounds() -> None:
    """Three unknowns: all 27 states tried, the best feasible one taken."""
    matrix = hessian(3, 50.0, 4)
    pull = pulls(matrix, 60, 5) * 1.5
    found = solve_box(shared_form(matrix), pull, np.zeros(3), np.ones(3)).values
    for row, right in zip(found, pull, strict=True):
        best = np.inf
        for state in itertools.product((-1, 0, 1), repeat=3):
            point = np.array([1.0 if s > 0 else 0.0 for s in state])
            free = [i for i, s in enumerate(state) if s == 0]
            if free:
                rest = right[free] - matrix[free] @ point
                point[free] = np.linalg.solve(matrix[np.ix_(free, free)], rest)
            if ((point >= -1e-12) & (point <= 1 + 1e-12)).all():
                best = min(best, 0.5 * point @ matrix @ point - right @ point)
        value = 0.5 * row @ matrix @ row - right @ row
        assert value == pytest.approx(best, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(0, 10_000), st.floats(0, 5), st.booleans(), st.booleans())
def test_any_start_ends_at_the_one_minimum(
    count: int, seed: int, digits: float, own: bool, degenerate: bool
) -> None:
    rng = np.random.default_rng(seed)
    matrix = hessian(count, 10**digits, seed)
    pull = pulls(matrix, 12, seed + 1)
    low, high = rng.uniform(-1, 0, count), rng.uniform(0, 1, count)
    if degenerate:
        # answers exactly on bounds, bounds that meet, frames at rest
        high[0] = low[0]
        pull[0] = 0.0
        pull[1] = matrix @ np.where(rng.random(count) < 0.5, low, high)
    start = rng.integers(-1, 2, pull.shape).astype(np.int8)
    form = own_forms(bordered(np.repeat(matrix[None], 12, 0))) if own else shared_form(matrix)
    found = pivot(form, pull, low, high, start, limit=1e-10 * np.abs(pull).max(axis=1), rounds=500)
    assert found.done.all()
    assert (found.values >= low).all()
    assert (found.values <= high).all()
    slope = found.values @ matrix - pull
    away = found.values - np.clip(found.values - slope, low, high)
    size = 1e-8 * (np.abs(pull).max(axis=1) + 1.0)
    assert (np.minimum(np.abs(away), np.abs(slope)).max(axis=1) <= size).all()


def test_single_exchanges_end_where_blocks_run_in_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no patience at all, Murty's rule alone must find the minimum."""
    monkeypatch.setattr(pivoting, "PATIENCE", -1)
    matrix = hessian(8, 1e4, 9)
    pull = pulls(matrix, 200, 3)
    start = np.zeros(pull.shape, np.int8)
    limit = 1e-10 * np.abs(pull).max(axis=1)
    low, high = np.zeros(8), np.ones(8)
    found = pivot(shared_form(matrix), pull, low, high, start, limit=limit, rounds=2000)
    assert found.done.all()
    assert kkt(matrix, pull, found.values, low, high).max() < 1e-8


def test_frames_with_matrices_and_bounds_of_their_own() -> None:
    rng = np.random.default_rng(0)
    count, frames = 9, 40
    matrices = np.array([hessian(count, 1e3, seed) for seed in range(frames)])
    pull = np.einsum("ni,nij->nj", rng.normal(0.3, 0.5, (frames, count)), matrices)
    low = rng.uniform(-0.5, 0.0, (frames, count))
    high = np.where(rng.random((frames, count)) < 0.2, low, low + 1.0)
    start = np.zeros((frames, count), np.int8)
    found = solve_box(own_forms(bordered(matrices)), pull, low, high, EXACT, start)
    for frame in range(frames):
        one = shared_form(matrices[frame])
        alone = solve_box(one, pull[frame, None], low[frame, None], high[frame, None])
        assert found.values[frame] == pytest.approx(alone.values[0], abs=1e-9)
        assert (found.values[frame] == low[frame])[high[frame] == low[frame]].all()


def test_many_frames_are_solved_like_one() -> None:
    """More frames than go through together; each as if it were alone."""
    matrix = hessian(6, 1e3, 0)
    pull = pulls(matrix, 5000, 1)
    low, high = np.zeros(6), np.ones(6)
    together = solve_box(shared_form(matrix), pull, low, high).values
    for frame in (0, 2047, 2048, 4999):
        alone = solve_box(shared_form(matrix), pull[frame, None], low, high).values[0]
        assert together[frame] == pytest.approx(alone, abs=1e-10)
    again = solve_box(shared_form(matrix), pull, low, high).values
    assert np.array_equal(together, again)


def test_nearly_dependent_unknowns() -> None:
    """A condition number at which the inverse is no help: the equations of H itself are solved."""
    matrix = np.ones((4, 4)) + 1e-10 * np.eye(4)
    form = shared_form(matrix)
    assert form.inverse is None
    wanted = np.array([[0.4] * 4, [2.0] * 4, [-1.0] * 4, [5.0] * 4])
    found = solve_box(form, wanted, np.zeros(4), np.ones(4))
    assert found.values.sum(axis=1) == pytest.approx([0.4, 2.0, 0.0, 4.0], abs=1e-6)
    assert found.values[1] == pytest.approx(0.5, abs=1e-6)


def test_nothing_to_solve() -> None:
    none = solve_box(shared_form(np.zeros((0, 0))), np.zeros((5, 0)), np.zeros(0), np.zeros(0))
    assert none.values.shape == (5, 0)
    assert none.done.all()
    empty = solve_box(shared_form(np.eye(3)), np.zeros((0, 3)), np.zeros(3), np.ones(3))
    assert empty.values.shape == (0, 3)


@pytest.mark.parametrize("guess", [QUICK, FULL, THOROUGH])
def test_a_guess_is_near(guess: object) -> None:
    matrix = hessian(12, 1e2, 3)
    pull = pulls(matrix, 100, 4)
    low, high = np.zeros(12), np.ones(12)
    state, values = guess_minimum(matrix, pull, low, high, guess)  # type: ignore[arg-type]
    exact = solve_box(shared_form(matrix), pull, low, high)
    assert np.abs(values - exact.values).mean() < 0.02
    assert (state == exact.state).mean() > 0.95


def test_blocks_side_by_side() -> None:
    done = np.zeros(10)

    def work(block: slice) -> None:
        done[block] += 1.0
        if block.start == 4:
            raise ValueError("the fifth")

    with pytest.raises(ValueError, match="the fifth"):
        for_each((slice(a, a + 2) for a in range(0, 10, 2)), work)
    done[:] = 0.0
    for_each([slice(0, 3), slice(3, 10)], work)
    for_each([slice(0, 10)], work)
    for_each([], work)
    assert (done == 2.0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 300), st.integers(0, 600), st.integers(0, 200), st.booleans())
def test_products_in_blocks(rows: int, inner: int, outer: int, strided: bool) -> None:
    rng = np.random.default_rng(rows + inner + outer)
    values, matrix = rng.normal(size=(rows, inner)), rng.normal(size=(inner, outer))
    if strided:
        values, matrix = np.asfortranarray(values), rng.normal(size=(outer, inner)).T
    expected = np.einsum("ij,jk->ik", values, matrix)
    assert np.allclose(rows_times(values, matrix), expected, atol=1e-10)
    single = rows_times_single(values, matrix.astype(np.float32))
    assert single.dtype == np.float64
    assert np.allclose(single, expected, atol=1e-4)
    wide = np.zeros((rows, outer + 3))
    rows_times(values, matrix, wide[:, 1 : outer + 1])
    assert np.allclose(wide[:, 1 : outer + 1], expected, atol=1e-10)
    assert not wide[:, 0].any()
    assert not wide[:, outer + 1 :].any()
