# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot as a whole: exact against dense solvers, and what it does to noise, peaks and gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solveh_banded
from scipy.optimize import lsq_linear, minimize
from test_solver_frames import local_basis

from facemocap_addon.core.arrays import BoolArray, FloatArray
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.solver import (
    FAST,
    Problem,
    Settings,
    Smoothness,
    Terms,
    make_problem,
    solve,
)
from facemocap_addon.core.solver.banded import TimeFilter
from facemocap_addon.core.solver.events import event_limits, value_noise
from facemocap_addon.core.solver.temporal import metric

#: No events, to the end: a quadratic problem.
TIGHT = Smoothness(0.012, event=np.inf, precision=1e-8, most=20_000)


def shot(frames: int, controls: int, seed: int = 0, width: int = 30) -> FloatArray:
    """Smooth controls that often rest at 0."""
    rng = np.random.default_rng(seed)
    window = np.hanning(width)
    rough = rng.normal(size=(frames + width, controls))
    smooth = np.stack([np.convolve(line, window, "same") for line in rough.T], axis=1)
    smooth = smooth[width // 2 :][:frames]
    return np.clip(0.4 * smooth / smooth.std(axis=0) + 0.15, 0.0, 1.0)


# ---------------------------------------------------------------- smoothing equations


@pytest.mark.parametrize("frames", [3, 4, 5, 40, 900])
@pytest.mark.parametrize("strength", [0.0, 0.3, 50.0])
def test_time_filter_solves_its_equations(frames: int, strength: float) -> None:
    rng = np.random.default_rng(frames)
    ease = rng.uniform(0, 1, frames - 2)
    shift = np.array([0.03, 0.5, 4.0])
    right = rng.normal(size=(frames, 3))
    bend = np.diff(np.eye(frames), 2, axis=0)
    found = TimeFilter(shift, strength, ease, 1e-9)(right)
    for channel in range(3):
        matrix = shift[channel] * np.eye(frames) + strength * bend.T @ (ease[:, None] * bend)
        expected = np.linalg.solve(matrix, right[:, channel])
        assert found[:, channel] == pytest.approx(expected, abs=1e-6)


def test_windows_are_as_good_as_one_piece() -> None:
    """A long shot, where windows overlap, against scipy's banded solver."""
    frames, strength, shift = 20_000, 20.0, 0.05
    right = np.random.default_rng(0).normal(size=(frames, 1))
    ease = np.random.default_rng(1).uniform(0.05, 1, frames - 2)
    band = np.zeros((3, frames))
    for offset, factor in enumerate((1.0, 4.0, 1.0)):
        band[0, offset : frames - 2 + offset] += factor * strength * ease
    band[1, : frames - 2] -= 2 * strength * ease
    band[1, 1 : frames - 1] -= 2 * strength * ease
    band[2, : frames - 2] += strength * ease
    band[0] += shift
    expected = solveh_banded(band, right, lower=True)
    for precision in (1e-3, 1e-6):
        found = TimeFilter(np.array([shift]), strength, ease, precision)
        assert found._windows > 10
        assert np.abs(found(right) - expected).max() < 3 * precision * np.abs(expected).max()


# ---------------------------------------------------------------- exact


def stacked(
    problem: Problem,
    observed: FloatArray,
    smoothness: Smoothness,
    ease: FloatArray,
    valid: BoolArray | None = None,
) -> FloatArray:
    """The whole shot as one bounded least squares problem, solved by scipy."""
    frames, count = len(observed), problem.controls
    rows, right = [], []
    seen = np.ones((frames, problem.points)) if valid is None else valid.astype(float)
    hessian = problem.gram + np.diag(problem.ridge)
    for frame in range(frames):
        root = np.repeat(np.sqrt(problem.weights * seen[frame]), 3)
        for part, goal in (
            (problem.basis * root[:, None], observed[frame] * root),
            (np.diag(np.sqrt(problem.ridge)), np.zeros(count)),
        ):
            block = np.zeros((len(part), frames * count))
            block[:, frame * count : (frame + 1) * count] = part
            rows.append(block)
            right.append(goal)
    strength = (problem.noise / smoothness.acceleration) ** 2 * metric(hessian)
    bend = np.diff(np.eye(frames), 2, axis=0) * np.sqrt(ease)[:, None]
    rows.append(np.kron(bend, np.diag(np.sqrt(strength))))
    right.append(np.zeros(len(bend) * count))
    bounds = (np.tile(problem.low, frames), np.tile(problem.high, frames))
    found = lsq_linear(
        np.vstack(rows), np.concatenate(right), bounds, method="bvls", tol=1e-15, max_iter=2000
    )
    return found.x.reshape(frames, count)


@pytest.mark.parametrize("seed", range(3))
def test_joint_answer_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    basis = local_basis(8, 4, seed)
    problem = make_problem(basis, weights=rng.uniform(0.5, 2, 8), high=0.8)
    observed = shot(14, 4, seed, 8) @ basis.T + rng.normal(0, 1.5, (14, 24))
    ease = rng.uniform(0.1, 1.0, 12)
    how = replace(TIGHT, ease=ease)
    found = solve(problem, observed, None, Settings(smoothness=how))
    expected = stacked(problem, observed, how, ease)
    assert ((expected <= 0) | (expected >= 0.8)).any()
    assert found.values == pytest.approx(expected, abs=2e-5)
    assert found.kkt.max() < 2e-6
    framewise = solve(problem, observed).values
    assert np.abs(framewise - expected).max() > 0.05


@pytest.mark.parametrize("seed", range(2))
def test_joint_answer_with_missing_points_agrees_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    basis = local_basis(8, 4, seed)
    problem = make_problem(basis)
    observed = shot(14, 4, seed, 8) @ basis.T + rng.normal(0, 1.0, (14, 24))
    valid = rng.random((14, 8)) > 0.3
    valid[6] = False
    ease = np.ones(12)
    how = replace(TIGHT, ease=ease)
    found = solve(problem, observed, valid, Settings(smoothness=how))
    assert found.values == pytest.approx(stacked(problem, observed, how, ease, valid), abs=1e-4)
    assert found.kkt.max() < 1e-5
    assert found.known.tolist() == [frame != 6 for frame in range(14)]


@pytest.mark.parametrize("seed", range(2))
def test_joint_answer_with_events_agrees_with_lbfgs(seed: int) -> None:
    """Second differences beyond the limit cost in proportion, not their square."""
    rng = np.random.default_rng(seed)
    basis = local_basis(8, 4, seed)
    problem = make_problem(basis, terms=Terms(noise=1.0))
    hessian = problem.gram + np.diag(problem.ridge)
    truth = shot(16, 4, seed, 8)
    truth[8, 1] = 1.0 - truth[8, 1]
    observed = truth @ basis.T + rng.normal(0, 1.0, (16, 24))
    ease = rng.uniform(0.3, 1.0, 14)
    how = replace(TIGHT, acceleration=0.05, event=1.5, ease=ease)
    found = solve(problem, observed, None, Settings(smoothness=how))
    apart = solve(problem, observed, None, Settings(FAST)).values
    limit = event_limits(apart, value_noise(hessian, problem.gram, 1.0), 0.05, 1.5)
    assert limit.max() == pytest.approx(0.05 * 1.5)
    strength = (1.0 / 0.05) ** 2 * metric(hessian)

    def cost(flat: FloatArray) -> tuple[float, FloatArray]:
        values = flat.reshape(16, 4)
        off, bent = values @ basis.T - observed, np.diff(values, 2, axis=0)
        size, held = np.abs(bent), np.clip(bent, -limit, limit)
        price = np.where(size > limit, limit * (size - limit / 2), bent**2 / 2)
        total = (off**2).sum() / 2 + (problem.ridge * values**2).sum() / 2
        total += (price * strength * ease[:, None]).sum()
        pull = np.diff(np.eye(16), 2, axis=0).T @ (held * strength * ease[:, None])
        return float(total), (off @ basis + problem.ridge * values + pull).ravel()

    start = apart.ravel()
    tight = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-16, "gtol": 1e-9}
    best = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * 64, options=tight)
    bent = np.abs(np.diff(found.values, 2, axis=0))
    assert (bent > limit).any()
    assert (bent < limit).any()
    assert cost(found.values.ravel())[0] <= best.fun * (1 + 1e-8)
    assert found.values == pytest.approx(best.x.reshape(16, 4), abs=1e-3)
    assert found.kkt.max() < 1e-5


def test_joint_l1_agrees_with_slsqp() -> None:
    rng = np.random.default_rng(2)
    basis = local_basis(6, 3)
    problem = make_problem(basis, low=-0.4, terms=Terms(noise=0.5, sparsity=40.0))
    observed = (shot(7, 3, 1, 5) - 0.2) @ basis.T + rng.normal(0, 1.0, (7, 18))
    how = replace(TIGHT, ease=np.ones(5), acceleration=0.2)
    found = solve(problem, observed, None, Settings(smoothness=how)).values
    # two-sided controls are two one-sided ones, each with its own smoothing
    twice = make_problem(np.hstack([basis, -basis]), terms=Terms(ridge=np.tile(problem.ridge, 2)))
    strength = (0.5 / 0.2) ** 2 * metric(twice.gram + np.diag(twice.ridge))

    def cost(flat: FloatArray) -> float:
        parts = flat.reshape(7, 6)
        off = (parts[:, :3] - parts[:, 3:]) @ basis.T - observed
        bent = np.diff(parts, 2, axis=0) ** 2 * strength
        ridge = (parts**2 * np.tile(problem.ridge, 2)).sum()
        return 0.5 * float((off**2).sum() + ridge + bent.sum()) + problem.price[0] * parts.sum()

    best = minimize(
        cost,
        np.full(42, 0.05),
        method="SLSQP",
        bounds=([(0, 1)] * 3 + [(0, 0.4)] * 3) * 7,
        options={"ftol": 1e-15, "maxiter": 3000},
    )
    parts = best.x.reshape(7, 6)
    assert found == pytest.approx(parts[:, :3] - parts[:, 3:], abs=2e-3)
    plain = make_problem(basis, low=-0.4, terms=Terms(noise=0.5))
    without = solve(plain, observed, None, Settings(smoothness=how)).values
    assert np.abs(found).sum() < np.abs(without).sum()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(3, 25), st.integers(1, 4), st.floats(0, 0.6))
def test_joint_answer_is_optimal(seed: int, frames: int, controls: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    basis = local_basis(5, controls, seed)
    problem = make_problem(basis, low=-0.1)
    observed = rng.normal(0, 5, (frames, 15))
    valid = rng.random((frames, 5)) >= missing
    how = Settings(smoothness=TIGHT)
    found = solve(problem, observed, valid, how)
    assert (found.values >= -0.1).all()
    assert (found.values <= 1.0).all()
    assert found.kkt.max() < 1e-4


# ---------------------------------------------------------------- degenerate input


def test_short_shots() -> None:
    problem = make_problem(local_basis(6, 3))
    observed = np.random.default_rng(0).normal(0, 4, (3, 18))
    how = Settings(smoothness=TIGHT)
    for frames in (0, 1, 2):
        short = solve(problem, observed[:frames], None, how)
        assert np.array_equal(short.values, solve(problem, observed[:frames]).values)
    assert solve(problem, observed, None, how).values.shape == (3, 3)
    none = make_problem(np.zeros((18, 0)))
    assert solve(none, observed, None, how).values.shape == (3, 0)


def test_smoothness_is_checked() -> None:
    problem = make_problem(local_basis(6, 3))
    observed = np.zeros((9, 18))
    for wrong in (
        Smoothness(acceleration=0.0),
        Smoothness(acceleration=np.nan),
        Smoothness(event=0.0),
        Smoothness(precision=0.0),
        Smoothness(most=0),
        Smoothness(ease=np.ones(9)),
        Smoothness(ease=np.full(7, 1.5)),
        Smoothness(ease=np.full(7, np.nan)),
    ):
        with pytest.raises(FacemocapError, match="Give"):
            solve(problem, observed, None, Settings(smoothness=wrong))
