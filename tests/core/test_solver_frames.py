# SPDX-License-Identifier: GPL-3.0-or-later
"""Observed points to control values, frame by frame: what is missing, off, exclusive, sparse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear, minimize

from facemocap_addon.core.arrays import BoolArray, FloatArray
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.solver import (
    FAST,
    Outliers,
    Problem,
    Settings,
    Terms,
    make_problem,
    solve,
)
from facemocap_addon.core.solver.gram import FrameGrams
from facemocap_addon.core.solver.measures import measure_quality
from facemocap_addon.core.solver.system import BORDER


def local_basis(points: int, controls: int, seed: int = 0) -> FloatArray:
    """Controls that each move the points about a place of a strip, like parts of a face."""
    rng = np.random.default_rng(seed)
    places = np.linspace(0, 1, points)
    centres = np.linspace(0, 1, controls)
    reach = np.exp(-((places[:, None] - centres) ** 2) / (2 * (1.2 / controls) ** 2))
    ways = rng.normal(size=(3, controls))
    ways *= rng.uniform(3, 12, controls) / np.linalg.norm(ways, axis=0)
    return (reach[:, None, :] * ways).reshape(3 * points, controls)


def poses(frames: int, controls: int, seed: int = 1) -> FloatArray:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(0.2, 0.4, (frames, controls)), 0.0, 1.0)


def oracle(problem: Problem, observed: FloatArray, valid: BoolArray | None = None) -> FloatArray:
    """scipy on all rows: points by the roots of their weights, the ridge as rows of its own."""
    out = []
    for frame, row in enumerate(observed):
        seen = np.ones(problem.points) if valid is None else valid[frame].astype(float)
        root = np.repeat(np.sqrt(problem.weights * seen), 3)
        table = np.vstack([problem.basis * root[:, None], np.diag(np.sqrt(problem.ridge))])
        right = np.concatenate([np.where(root > 0, row, 0) * root, np.zeros(problem.controls)])
        bounds = (problem.low, problem.high)
        out.append(lsq_linear(table, right, bounds, method="bvls", tol=1e-15).x)
    return np.array(out)


# ---------------------------------------------------------------- analytic cases


def test_one_point_moves_along_three_axes() -> None:
    """Unknowns that have nothing to do with each other: shrunk by the ridge, then clipped."""
    problem = make_problem(2.0 * np.eye(3), terms=Terms(ridge=1.0))
    found = solve(problem, np.array([[1.0, 5.0, -3.0], [0.0, 0.0, 0.0]]))
    # 4 y - 2 x + y = 0
    assert found.values[0] == pytest.approx([0.4, 1.0, 0.0], abs=1e-12)
    assert found.clipped.tolist() == [[False, True, True], [False] * 3]
    assert found.residual == pytest.approx([np.sqrt(0.2**2 + 3**2 + 3**2), 0.0], abs=1e-12)
    assert found.known.all()
    assert found.kkt.max() < 1e-12


def test_l1_is_a_soft_threshold() -> None:
    problem = make_problem(np.eye(3), terms=Terms(ridge=0.0, l1=0.25))
    found = solve(problem, np.array([[0.75, 0.2, 2.0]]))
    assert found.values[0] == pytest.approx([0.5, 0.0, 1.0], abs=1e-8)
    both = make_problem(np.eye(3), low=-1.0, terms=Terms(ridge=0.0, l1=0.25))
    found = solve(both, np.array([[0.75, -0.2, -0.6], [-3.0, 0.3, 0.1]]))
    assert found.values == pytest.approx(np.array([[0.5, 0.0, -0.35], [-1.0, 0.05, 0.0]]), abs=1e-8)
    assert found.clipped.tolist() == [[False, False, False], [True, False, False]]
    below = make_problem(np.eye(3), low=-1.0, high=0.0, terms=Terms(ridge=0.0, l1=0.25))
    found = solve(below, np.array([[0.75, -0.2, -0.6]]))
    assert found.values[0] == pytest.approx([0.0, 0.0, -0.35], abs=1e-8)


def test_terms_are_deviations() -> None:
    """The most probable value under normal noise and a normal spread."""
    terms = Terms(noise=0.5, spread=0.25)
    found = solve(make_problem(np.eye(3), terms=terms), np.array([[1.0, 0.5, 0.0]]))
    gain = 0.25**2 / (0.25**2 + 0.5**2)
    assert found.values[0] == pytest.approx([gain, 0.5 * gain, 0.0], abs=1e-12)


# ---------------------------------------------------------------- against scipy


@pytest.mark.parametrize(("points", "controls"), [(30, 12), (3, 12), (1, 5), (12, 1)])
def test_agrees_with_scipy_on_all_rows(points: int, controls: int) -> None:
    """Also with fewer equations than unknowns."""
    rng = np.random.default_rng(points)
    basis = local_basis(points, controls)
    observed = poses(12, controls) @ basis.T + rng.normal(0, 0.5, (12, 3 * points))
    problem = make_problem(basis, weights=rng.uniform(0.2, 2, points), low=-0.2, high=0.8)
    found = solve(problem, observed)
    assert found.values == pytest.approx(oracle(problem, observed), abs=1e-7)
    assert found.kkt.max() < 1e-9
    off = (observed - found.values @ basis.T).reshape(12, points, 3)
    mean = (problem.weights * (off**2).sum(axis=2)).sum(axis=1) / problem.weights.sum()
    assert found.residual == pytest.approx(np.sqrt(mean), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.9), st.integers(1, 8), st.integers(1, 8))
def test_missing_points_agree_with_scipy_on_the_others(
    seed: int, missing: float, points: int, controls: int
) -> None:
    rng = np.random.default_rng(seed)
    basis = local_basis(points, controls, seed)
    observed = poses(9, controls, seed) @ basis.T + rng.normal(0, 0.5, (9, 3 * points))
    valid = rng.random((9, points)) >= missing
    # frames in a row that miss the same, and one that misses everything
    valid[4:6] = valid[3]
    valid[7] = False
    garbage = np.where(np.repeat(valid, 3, axis=1), observed, np.nan)
    problem = make_problem(basis, weights=rng.uniform(0.2, 2, points))
    found = solve(problem, garbage, valid)
    assert found.values == pytest.approx(oracle(problem, observed, valid), abs=1e-6)
    assert found.kkt.max() < 1e-8
    assert found.known.tolist() == valid.any(axis=1).tolist()
    assert not found.values[7].any()
    assert found.residual[7] == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_l1_and_ridge_agree_with_slsqp(seed: int) -> None:
    rng = np.random.default_rng(seed)
    basis = local_basis(10, 7, seed)
    problem = make_problem(basis, low=-0.5, terms=Terms(noise=1.0, spread=0.4, sparsity=20.0))
    observed = poses(6, 7, seed) @ basis.T + rng.normal(0, 1.0, (6, 30))
    found = solve(problem, observed)
    plain = solve(make_problem(basis, low=-0.5, terms=Terms(noise=1.0, spread=0.4)), observed)
    assert np.abs(found.values).sum() < 0.9 * np.abs(plain.values).sum()
    for row, seen in zip(found.values, observed, strict=True):

        def cost(parts: FloatArray, seen: FloatArray = seen) -> float:
            values = parts[:7] - parts[7:]
            off = basis @ values - seen
            smooth = off @ off + problem.ridge @ values**2
            return 0.5 * float(smooth) + float(problem.price[0] * parts.sum())

        best = minimize(
            cost,
            np.zeros(14),
            method="SLSQP",
            bounds=[(0, 1)] * 7 + [(0, 0.5)] * 7,
            options={"ftol": 1e-14, "maxiter": 1000},
        )
        ours = cost(np.concatenate([np.maximum(row, 0), np.maximum(-row, 0)]))
        assert ours <= best.fun + 1e-7 * abs(best.fun)


def test_hessians_of_frames_are_sums_over_their_points() -> None:
    rng = np.random.default_rng(3)
    basis = local_basis(14, 6)
    problem = make_problem(basis, weights=rng.uniform(0, 2, 14))
    share = rng.uniform(0, 1, (5, 14))
    made = FrameGrams(problem).hessians(share)
    assert made.shape == (5, 6 + BORDER, 6 + BORDER)
    for frame in range(5):
        root = np.repeat(problem.weights * share[frame], 3)
        expected = basis.T @ (root[:, None] * basis) + np.diag(problem.ridge)
        assert made[frame, :6, :6] == pytest.approx(expected, rel=1e-10, abs=1e-10)
        assert np.array_equal(made[frame, 6:, 6:], np.eye(BORDER))
        assert not made[frame, :6, 6:].any()


def test_a_table_too_large_to_keep_is_made_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = make_problem(local_basis(30, 5))
    share = np.random.default_rng(0).random((4, 30))
    whole = FrameGrams(problem).hessians(share)
    monkeypatch.setattr("facemocap_addon.core.solver.gram.LARGEST_TABLE", 15 * 7)
    assert FrameGrams(problem).hessians(share) == pytest.approx(whole, rel=1e-12, abs=1e-12)


# ---------------------------------------------------------------- outliers


def test_outliers_are_let_go() -> None:
    """Of 45 markers a tenth jumps and a twentieth is lost; nearly as good as without."""
    rng = np.random.default_rng(0)
    basis = local_basis(45, 15)
    truth = poses(300, 15)
    clean = truth @ basis.T + rng.normal(0, 0.3, (300, 135))
    valid = rng.random((300, 45)) > 0.05
    off = rng.random((300, 45)) < 0.1
    jumped = clean.copy()
    jumped.reshape(300, 45, 3)[off] += rng.normal(0, 6, (int(off.sum()), 3))
    problem = make_problem(basis)
    robust = Settings(outliers=Outliers())

    def rmse(observed: FloatArray, seen: BoolArray, how: Settings) -> float:
        found = solve(problem, observed, seen, how)
        return measure_quality(found.values, truth, basis).value_rmse

    best = rmse(clean, valid & ~off, Settings())
    assert rmse(jumped, valid, robust) < 1.15 * best
    assert rmse(jumped, valid, Settings()) > 3.0 * best
    assert rmse(clean, valid, robust) < 1.03 * rmse(clean, valid, Settings())


def test_what_the_rig_cannot_do_is_no_outlier() -> None:
    """Residuals far above the noise but alike: the scale is taken from them."""
    rng = np.random.default_rng(1)
    basis = local_basis(40, 8)
    truth = poses(50, 8)
    observed = truth @ basis.T + rng.normal(0, 2.0, (50, 120))
    problem = make_problem(basis)
    plain = solve(problem, observed)
    robust = solve(problem, observed, None, Settings(outliers=Outliers()))
    assert np.sqrt(np.mean((robust.values - plain.values) ** 2)) < 0.02


def test_a_frame_without_outliers_is_left_as_it_is() -> None:
    basis = local_basis(40, 8)
    observed = poses(20, 8) @ basis.T
    observed[3, 60:63] += 25.0
    problem = make_problem(basis)
    plain = solve(problem, observed)
    robust = solve(problem, observed, None, Settings(outliers=Outliers()))
    others = np.arange(20) != 3
    assert np.array_equal(robust.values[others], plain.values[others])
    assert robust.values[3] == pytest.approx(poses(20, 8)[3], abs=0.02)
    assert robust.residual[3] < 0.2 < plain.residual[3]


# ---------------------------------------------------------------- pairs


def test_of_an_exclusive_pair_one_stays_at_rest() -> None:
    """Left and right of one motion: the ridge shares it among them, which nobody would key."""
    left = np.array([1.0, 0.0, 0.0])
    up = np.array([0.0, 1.0, 0.1])
    basis = np.stack([10 * left, -10 * left + 0.5 * up, 8 * up], axis=1)
    problem = make_problem(basis, exclusive=[(0, 1)], terms=Terms(ridge=1e-3))
    plain = make_problem(basis, terms=Terms(ridge=1e-3))
    truth = np.array([[0.4, 0.0, 0.3], [0.0, 0.6, 0.9], [0.0, 0.0, 0.5], [0.2, 0.0, 0.0]])
    observed = truth @ basis.T + 0.2 * up
    assert (np.minimum(*solve(plain, observed).values.T[:2]) > 1e-3).any()
    found = solve(problem, observed)
    assert not np.minimum(found.values[:, 0], found.values[:, 1]).any()
    assert found.values[:, :2] == pytest.approx(truth[:, :2], abs=0.02)
    for row, seen in zip(found.values, observed, strict=True):
        # the better of the two problems in which one of them is taken away
        costs = []
        for gone in (0, 1):
            kept = [c for c in range(3) if c != gone]
            less = make_problem(basis[:, kept], terms=Terms(ridge=1e-3))
            value = solve(less, seen[None]).values[0]
            off = basis[:, kept] @ value - seen
            costs.append(off @ off + 1e-3 * value @ value)
        off = basis @ row - seen
        assert off @ off + 1e-3 * row @ row == pytest.approx(min(costs), rel=1e-6, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_no_exclusive_pair_is_ever_used_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(18, 8)) * 4
    pairs = [(0, 1), (2, 3), (1, 4), (5, 2)]
    problem = make_problem(basis, exclusive=pairs)
    observed = rng.normal(0, 6, (40, 18))
    valid = rng.random((40, 6)) > 0.2
    valid[:10] = True
    found = solve(problem, observed, valid)
    for one, other in pairs:
        assert not np.minimum(found.values[:, one], found.values[:, other]).any()
    assert found.kkt.max() < 1e-8


def test_symmetry_is_for_what_was_not_observed() -> None:
    """Half a face: the other half follows the seen one; a whole face keeps its asymmetry."""
    rng = np.random.default_rng(0)
    basis = np.zeros((60, 2))
    basis[:30, 0] = rng.normal(0, 5, 30)
    basis[30:, 1] = rng.normal(0, 5, 30)
    problem = make_problem(basis, pairs=[(0, 1)])
    plain = make_problem(basis)
    truth = np.array([[0.8, 0.3], [0.7, 0.7], [0.2, 0.9]])
    observed = truth @ basis.T
    assert np.array_equal(solve(problem, observed).values, solve(plain, observed).values)
    half = np.ones((3, 20), np.bool_)
    half[1:, 10:] = False
    found = solve(problem, observed, half).values
    assert found[0] == pytest.approx(truth[0], abs=0.01)
    assert found[1:, 0] == pytest.approx(truth[1:, 0], abs=0.01)
    assert found[1:, 1] == pytest.approx(truth[1:, 0], abs=0.02)
    assert not solve(plain, observed, half).values[1:, 1].any()
    # a few lost points are no reason
    few = np.ones((3, 20), np.bool_)
    few[:, [2, 15]] = False
    assert np.array_equal(solve(problem, observed, few).values, solve(plain, observed, few).values)


def test_symmetry_also_where_markers_never_see_one_side() -> None:
    basis = np.zeros((30, 2))
    basis[:, 0] = np.random.default_rng(0).normal(0, 5, 30)
    found = solve(make_problem(basis, pairs=[(0, 1)]), np.array([0.6, 0.0])[None] @ basis.T)
    assert found.values[0] == pytest.approx([0.6, 0.6], abs=0.01)


# ---------------------------------------------------------------- degenerate input


def test_duplicate_columns_share_evenly() -> None:
    basis = local_basis(10, 4)
    twice = np.hstack([basis, basis[:, :1]])
    values = np.array([[0.5, 0.2, 0.0, 0.9]])
    found = solve(make_problem(twice, terms=Terms(ridge=0.0)), values @ basis.T).values[0]
    assert found[[0, 4]] == pytest.approx([0.25, 0.25], abs=1e-4)
    assert found[1:4] == pytest.approx(values[0, 1:], abs=1e-4)


def test_controls_that_move_nothing_stay_at_rest() -> None:
    basis = local_basis(10, 4)
    basis[:, 2] = 0.0
    found = solve(make_problem(basis, terms=Terms(ridge=0.0)), np.full((3, 30), 2.0))
    assert not found.values[:, 2].any()
    still = solve(make_problem(np.zeros((6, 2))), np.ones((2, 6)))
    assert not still.values.any()


def test_nothing_to_solve() -> None:
    none = solve(make_problem(np.zeros((6, 0))), np.ones((4, 6)))
    assert none.values.shape == (4, 0)
    assert none.residual == pytest.approx(np.sqrt(3.0))
    problem = make_problem(local_basis(4, 3))
    assert solve(problem, np.zeros((0, 12))).values.shape == (0, 3)
    lost = solve(problem, np.full((2, 12), np.nan), np.zeros((2, 4), np.bool_))
    assert not lost.values.any()
    assert not lost.known.any()
    pointless = solve(make_problem(np.zeros((0, 3))), np.zeros((2, 0)))
    assert not pointless.values.any()


@pytest.mark.parametrize("tolerance", [FAST, 1e-10])
def test_rest_is_at_rest(tolerance: float) -> None:
    problem = make_problem(local_basis(10, 5), low=-0.5)
    found = solve(problem, np.zeros((3, 30)), None, Settings(tolerance))
    assert not found.values.any()
    assert not found.clipped.any()
    assert not found.kkt.any()


def test_solutions_are_read_only_and_repeatable() -> None:
    problem = make_problem(local_basis(20, 9))
    observed = np.random.default_rng(0).normal(0, 4, (50, 60))
    valid = np.random.default_rng(1).random((50, 20)) > 0.3
    how = Settings(outliers=Outliers())
    first, second = (solve(problem, observed, valid, how) for _ in range(2))
    assert np.array_equal(first.values, second.values)
    assert not first.values.flags.writeable
    assert not problem.basis.flags.writeable


def test_refusals_are_sentences() -> None:
    basis = local_basis(4, 3)
    problem = make_problem(basis)
    observed = np.zeros((5, 12))
    observed[3, 7] = np.nan
    with pytest.raises(FacemocapError, match=r"Frame 3 .* no finite number\. Mark points"):
        solve(problem, observed)
    seen = np.ones((5, 4), np.bool_)
    seen[3, 1] = False
    with pytest.raises(FacemocapError, match="Frame 3"):
        solve(problem, observed, seen)
    seen[3, 2] = False
    assert solve(problem, observed, seen).known.all()
    with pytest.raises(FacemocapError, match="12 numbers"):
        solve(problem, np.zeros((5, 9)))
    with pytest.raises(FacemocapError, match="5 rows of 4"):
        solve(problem, np.zeros((5, 12)), np.ones((5, 3), np.bool_))
    for wrong in (
        {"basis": np.zeros((4, 3))},
        {"basis": np.full((12, 3), np.nan)},
        {"low": 1.0, "high": 0.0},
        {"low": np.zeros(2)},
        {"weights": -np.ones(4)},
        {"weights": np.ones(5)},
        {"high": np.array([1.0, np.inf, 1.0])},
        {"terms": Terms(noise=0.0)},
        {"terms": Terms(sparsity=-1.0)},
        {"terms": Terms(ridge=-1.0)},
        {"exclusive": [(0, 3)]},
        {"exclusive": [(1, 1)]},
        {"exclusive": [(0, 1)], "low": 0.1},
        {"pairs": [(-1, 0)]},
    ):
        with pytest.raises(FacemocapError) as caught:
            make_problem(**{"basis": basis, **wrong})
        assert caught.value.todo
