# SPDX-License-Identifier: GPL-3.0-or-later
"""Correctives that products of controls drive: slopes, minima, missing points, smooth shots."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import least_squares
from test_solver_frames import local_basis
from test_solver_temporal import shot

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.solver import FAST, Settings, Smoothness, Terms, make_problem, solve
from facemocap_addon.core.solver.descent import Descent
from facemocap_addon.core.solver.lifted import solve_lifted
from facemocap_addon.core.solver.measures import roughness
from facemocap_addon.core.solver.monomials import Lifted, make_lifted


@cache
def rig(points: int = 40, controls: int = 8, seed: int = 0, size: float = 0.4) -> Lifted:
    """A strip whose neighbours correct each other, of degree two to four."""
    rng = np.random.default_rng(seed)
    basis = local_basis(points, controls, seed)
    drivers = [(c, c + 1) for c in range(controls - 1)]
    drivers += [(c, c + 1, c + 2) for c in range(0, controls - 2, 2)]
    drivers += [(0, 1, 2, 3)] if controls > 3 else []
    shapes = np.stack(
        [
            size * basis[:, list(driven)].mean(axis=1) * rng.choice([-1.0, 1.0], 3 * points)
            for driven in drivers
        ],
        axis=1,
    )
    return make_lifted(make_problem(basis), drivers, shapes)


def displaced(lifted: Lifted, values: FloatArray) -> FloatArray:
    """Control by control, product by product."""
    out = np.zeros((len(values), 3 * lifted.problem.points))
    for frame, row in enumerate(values):
        for control, value in enumerate(row):
            out[frame] += value * lifted.shapes[:, control]
        for place, driven in enumerate(lifted.drivers):
            product = np.prod([row[control] for control in driven])
            out[frame] += product * lifted.shapes[:, len(row) + place]
    return out


def test_displacements_and_slopes() -> None:
    lifted = rig()
    rng = np.random.default_rng(1)
    values, observed = rng.random((4, 8)), rng.normal(0, 3, (4, 120))
    assert lifted.displacements(values) == pytest.approx(displaced(lifted, values), abs=1e-10)

    def cost(now: FloatArray) -> float:
        off = displaced(lifted, now) - observed
        return 0.5 * float((off**2).sum() + (lifted.problem.ridge * now**2).sum())

    slope = lifted.slope(values, observed @ lifted.shapes)
    for frame, control in ((0, 0), (1, 3), (2, 7), (3, 2)):
        step = np.zeros_like(values)
        step[frame, control] = 1e-5
        numeric = (cost(values + step) - cost(values - step)) / 2e-5
        assert slope[frame, control] == pytest.approx(numeric, rel=1e-6, abs=1e-5)


def test_gauss_newton_hessian() -> None:
    lifted = rig()
    pose = np.random.default_rng(2).random((1, 8))
    turn = np.stack(
        [
            (displaced(lifted, pose + step) - displaced(lifted, pose - step))[0] / 2e-6
            for step in 1e-6 * np.eye(8)[:, None]
        ],
        axis=1,
    )
    expected = turn.T @ turn + np.diag(lifted.problem.ridge)
    assert lifted.hessian(pose) == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_descent_never_climbs() -> None:
    lifted = rig()
    rng = np.random.default_rng(0)
    observed = displaced(lifted, shot(40, 8)) + rng.normal(0, 0.3, (40, 120))
    pull = observed @ lifted.shapes
    descent = Descent(lifted.gram, lifted.drivers, lifted.problem)
    values = rng.random((40, 8))

    def costs(now: FloatArray) -> FloatArray:
        off = displaced(lifted, now) - observed
        return 0.5 * ((off**2).sum(axis=1) + (lifted.problem.ridge * now**2).sum(axis=1))

    before = costs(values)
    for sweeps in (1, 1, 2, 5, 20):
        values = descent.run(pull, values, sweeps)
        after = costs(values)
        # single precision
        assert (after <= before + 1e-5 * np.abs((observed**2).sum(axis=1))).all()
        before = after


@pytest.mark.parametrize("seed", range(2))
def test_agrees_with_scipy(seed: int) -> None:
    lifted = rig(seed=seed)
    rng = np.random.default_rng(seed)
    truth = shot(12, 8, seed)
    observed = displaced(lifted, truth) + rng.normal(0, 0.3, (12, 120))
    found = solve_lifted(lifted, observed, sweeps=300)
    assert np.median(found.kkt) < 1e-4
    root = np.sqrt(lifted.problem.ridge)

    def off(values: FloatArray, seen: FloatArray) -> FloatArray:
        return np.concatenate([displaced(lifted, values[None])[0] - seen, root * values])

    for row, seen in zip(found.values, observed, strict=True):
        best = least_squares(
            off, np.clip(row, 1e-3, 1 - 1e-3), bounds=(0, 1), args=(seen,), xtol=1e-12, ftol=1e-12
        )
        assert 0.5 * (off(row, seen) ** 2).sum() <= best.cost * (1 + 1e-4) + 1e-4
    apart = (observed - displaced(lifted, found.values)).reshape(12, 40, 3)
    expected = np.sqrt((apart**2).sum(axis=2).mean(axis=1))
    assert found.residual == pytest.approx(expected, rel=1e-6)


def test_better_than_the_controls_alone() -> None:
    lifted = rig(points=60, controls=12, size=0.5)
    truth = shot(200, 12, 5)
    rng = np.random.default_rng(0)
    observed = displaced(lifted, truth) + rng.normal(0, 0.1, (200, 180))
    plain = solve(lifted.problem, observed, None, Settings(FAST))
    found = solve_lifted(lifted, observed)
    error = np.sqrt(np.mean((found.values - truth) ** 2))
    assert error < 0.35 * np.sqrt(np.mean((plain.values - truth) ** 2))
    assert found.residual.mean() < 0.5 * plain.residual.mean()
    assert np.array_equal(found.values, solve_lifted(lifted, observed).values)


def test_missing_points() -> None:
    lifted = rig()
    truth = shot(60, 8, 2)
    rng = np.random.default_rng(0)
    observed = displaced(lifted, truth) + rng.normal(0, 0.1, (60, 120))
    valid = rng.random((60, 40)) > 0.1
    valid[30] = False
    garbage = np.where(np.repeat(valid, 3, axis=1), observed, np.nan)
    whole = solve_lifted(lifted, observed)
    found = solve_lifted(lifted, garbage, valid)
    others = np.arange(60) != 30
    error = np.sqrt(np.mean((found.values - truth)[others] ** 2))
    assert error < 2.0 * np.sqrt(np.mean((whole.values - truth) ** 2))
    assert found.known.tolist() == others.tolist()
    assert not found.values[30].any()
    assert found.residual[30] == 0.0


def test_many_points_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    lifted = rig(points=300, controls=12, size=0.5)
    observed = displaced(lifted, shot(50, 12, 5)) + np.random.default_rng(0).normal(
        0, 0.3, (50, 900)
    )
    exact = solve_lifted(lifted, observed)
    assert lifted.project(observed) == pytest.approx(observed @ lifted.shapes, rel=1e-9, abs=1e-7)
    monkeypatch.setattr("facemocap_addon.core.solver.monomials.MANY", 0)
    single = make_lifted(lifted.problem, lifted.drivers, lifted.shapes[:, 12:])
    pull = single.project(observed)
    assert single.weighted.dtype == np.float32
    assert pull == pytest.approx(observed @ lifted.shapes, abs=1e-5 * np.abs(pull).max())
    found = solve_lifted(single, observed)
    assert found.values == pytest.approx(exact.values, abs=2e-3)
    assert found.residual == pytest.approx(exact.residual, rel=1e-3)


def test_a_smooth_shot() -> None:
    lifted = rig()
    truth = shot(400, 8, 4)
    observed = displaced(lifted, truth) + np.random.default_rng(0).normal(0, 0.8, (400, 120))
    apart = solve_lifted(lifted, observed)
    joint = solve_lifted(lifted, observed, smoothness=Smoothness())
    errors = [np.sqrt(np.mean((one.values - truth) ** 2)) for one in (apart, joint)]
    assert errors[1] < 0.8 * errors[0]
    assert roughness(joint.values) < 0.2 * roughness(apart.values)


def test_without_products_it_is_the_plain_solve() -> None:
    basis = local_basis(20, 5)
    problem = make_problem(basis, terms=Terms(sparsity=10.0))
    observed = np.random.default_rng(0).normal(0, 3, (30, 60))
    lifted = make_lifted(problem, [], np.zeros((60, 0)))
    found = solve_lifted(lifted, observed, sweeps=60)
    assert found.values == pytest.approx(solve(problem, observed).values, abs=1e-4)
    assert solve_lifted(lifted, observed[:0]).values.shape == (0, 5)
    none = make_lifted(make_problem(np.zeros((60, 0))), [], np.zeros((60, 0)))
    assert solve_lifted(none, observed).values.shape == (30, 0)


def test_refusals_are_sentences() -> None:
    problem = make_problem(local_basis(20, 5))
    for drivers, shapes in (
        ([(0, 0)], np.zeros((60, 1))),
        ([(0,)], np.zeros((60, 1))),
        ([(0, 5)], np.zeros((60, 1))),
        ([(0, 1)], np.zeros((57, 1))),
        ([(0, 1)], np.full((60, 1), np.nan)),
    ):
        with pytest.raises(FacemocapError):
            make_lifted(problem, drivers, shapes)
    paired = make_problem(local_basis(20, 5), exclusive=[(0, 1)])
    with pytest.raises(FacemocapError, match="pairs"):
        make_lifted(paired, [(0, 1)], np.zeros((60, 1)))
    wrong = np.zeros((2, 60))
    wrong[1, 0] = np.inf
    with pytest.raises(FacemocapError, match="Frame 1"):
        solve_lifted(rig(20, 4), wrong)
