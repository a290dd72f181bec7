# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls that turn: a jaw on a hinge with shapes that it carries, solved by asking the rig."""

from __future__ import annotations

import numpy as np
import pytest
from test_solver_temporal import shot

from facemocap_addon.core.arrays import FloatArray
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
from facemocap_addon.core.solver.curved import Bending, solve_curved
from facemocap_addon.core.solver.likeness import choose_anchors, make_likeness
from facemocap_addon.core.solver.measures import roughness


class Jaw:
    """A chin 80 mm before its hinge: it opens by 35°, slides forward, and carries three shapes."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.rest = rng.normal(0, 12, (30, 3)) + np.array([0.0, -80.0, -20.0])
        self.carried = rng.normal(0, 2, (3, 30, 3))
        self.calls = 0
        self.poses = 0

    def __call__(self, values: FloatArray) -> FloatArray:
        """Displacements (j, 90) for opening, forward and three shapes."""
        self.calls += 1
        self.poses += len(values)
        angle = np.radians(35.0) * values[:, 0]
        turn = np.zeros((len(values), 3, 3))
        turn[:, 0, 0] = 1.0
        turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
        turn[:, 1, 2], turn[:, 2, 1] = -np.sin(angle), np.sin(angle)
        shaped = self.rest + np.einsum("js,spc->jpc", values[:, 2:], self.carried)
        placed = np.einsum("jpc,jdc->jpd", shaped, turn)
        placed[:, :, 1] -= 8.0 * values[:, 1, None]
        return (placed - self.rest).reshape(len(values), -1)

    def at_rest(self, noise: float = 0.3) -> Problem:
        """The problem about the rest pose."""
        step = 1e-5
        basis = (self(step * np.eye(5)) - self(np.zeros((1, 5)))).T / step
        low = np.array([0.0, -1.0, 0.0, 0.0, 0.0])
        return make_problem(basis, low=low, terms=Terms(noise=noise))


def truths(frames: int = 300) -> FloatArray:
    return shot(frames, 5, 8)


def rmse(found: FloatArray, truth: FloatArray) -> float:
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def test_a_turning_jaw() -> None:
    jaw, truth = Jaw(), truths()
    problem = jaw.at_rest()
    observed = jaw(truth)
    straight = solve(problem, observed)
    curved = solve_curved(problem, jaw, observed)
    exact = solve_curved(problem, jaw, observed, bending=Bending(exact_rounds=3))
    assert rmse(straight.values, truth) > 0.1
    assert rmse(curved.values, truth) < 0.01
    assert rmse(exact.values, truth) < 0.5 * rmse(curved.values, truth)
    assert exact.residual.mean() < 0.05 < straight.residual.mean()
    off = (observed - jaw(exact.values)).reshape(len(truth), -1, 3)
    assert exact.residual == pytest.approx(np.sqrt((off**2).sum(axis=2).mean(axis=1)), abs=1e-9)


def test_how_often_the_rig_is_asked() -> None:
    jaw, truth = Jaw(), truths(200)
    problem, observed = jaw.at_rest(), jaw(truths(200))
    jaw.calls = jaw.poses = 0
    few = solve_curved(problem, jaw, observed, bending=Bending(anchors=4, rounds=2))
    assert jaw.poses <= 2 * 4 * 11
    jaw.poses = 0
    many = solve_curved(problem, jaw, observed, bending=Bending(anchors=20, rounds=2))
    assert jaw.poses <= 2 * 20 * 11
    assert rmse(many.values, truth) < rmse(few.values, truth)
    # shapes that are carried bend too; told that only the jaw does, the rig is asked less
    jaw.poses = 0
    solve_curved(problem, jaw, observed, bending=Bending(controls=[0], rounds=1))
    assert jaw.poses <= 12 * 3


def test_noise_and_missing_points() -> None:
    jaw, truth = Jaw(), truths()
    rng = np.random.default_rng(1)
    observed = jaw(truth) + rng.normal(0, 0.3, (300, 90))
    valid = rng.random((300, 30)) > 0.1
    garbage = np.where(np.repeat(valid, 3, axis=1), observed, np.nan)
    problem = jaw.at_rest()
    clean = solve_curved(problem, jaw, observed, bending=Bending(exact_rounds=2))
    found = solve_curved(problem, jaw, garbage, valid, bending=Bending(exact_rounds=2))
    assert rmse(found.values, truth) < 1.3 * rmse(clean.values, truth)
    assert found.known.all()


def test_a_smooth_shot() -> None:
    jaw, truth = Jaw(), truths(600)
    observed = jaw(truth) + np.random.default_rng(1).normal(0, 1.0, (600, 90))
    problem = jaw.at_rest(noise=1.0)
    apart = solve_curved(problem, jaw, observed, settings=Settings(FAST))
    how = Settings(FAST, smoothness=Smoothness())
    joint = solve_curved(problem, jaw, observed, settings=how)
    assert rmse(joint.values, truth) < 0.8 * rmse(apart.values, truth)
    assert roughness(joint.values) < 0.3 * roughness(apart.values)


def test_a_straight_rig_is_solved_at_once() -> None:
    rng = np.random.default_rng(0)
    basis = rng.normal(0, 4, (60, 6))
    problem = make_problem(basis)
    observed = rng.normal(0, 5, (40, 60))
    curved = solve_curved(problem, lambda values: values @ basis.T, observed)
    assert curved.values == pytest.approx(solve(problem, observed).values, abs=1e-6)


def test_anchors_are_far_from_each_other() -> None:
    values = np.zeros((100, 3))
    values[:, 0] = np.linspace(0, 1, 100)
    values[:, 1] = np.random.default_rng(0).random(100)
    picked = choose_anchors(values[:, :1], 5)
    assert len(set(picked)) == 5
    assert np.diff(np.sort(values[picked, 0])).min() > 0.2
    assert choose_anchors(np.zeros((10, 3)), 5) == [0]


def test_anchors_go_where_the_rig_bends() -> None:
    """Shapes alone are straight: the jaw's turn counts, theirs hardly."""
    jaw, values = Jaw(), np.random.default_rng(0).random((200, 5))
    everything = np.arange(5)
    likeness = make_likeness(jaw.at_rest(), jaw, values, everything, 12, np.ones(5))
    bends = likeness.bends(everything)
    assert bends[0] == 1.0
    assert bends[1:].max() < 0.3
    assert bends.min() > 0
    straight = make_likeness(
        jaw.at_rest(), lambda v: v @ jaw.at_rest().basis.T, values, everything, 4, np.ones(5)
    )
    assert straight.bends(everything).tolist() == [1.0] * 5


def test_limits_and_degenerate_input() -> None:
    jaw = Jaw()
    problem = jaw.at_rest()
    far = jaw(np.array([[1.3, 0.0, 0.0, 0.0, 0.0]]))
    found = solve_curved(problem, jaw, far, bending=Bending(exact_rounds=2))
    assert found.values[0, 0] == 1.0
    assert found.clipped[0, 0]
    assert solve_curved(problem, jaw, np.zeros((0, 90))).values.shape == (0, 5)
    unbent = solve_curved(problem, jaw, far, bending=Bending(controls=[]))
    assert np.array_equal(unbent.values, solve(problem, far).values)
    for wrong in (
        Bending(controls=[5]),
        Bending(controls=[-1]),
        Bending(anchors=0),
        Bending(rounds=-1),
        Bending(exact_rounds=-1),
    ):
        with pytest.raises(FacemocapError, match="Give"):
            solve_curved(problem, jaw, far, bending=wrong)
    with pytest.raises(FacemocapError, match="The rig answered"):
        solve_curved(problem, lambda values: np.zeros((len(values), 3)), far)
    with pytest.raises(FacemocapError, match="The rig answered"):
        solve_curved(problem, lambda values: np.full((len(values), 90), np.nan), far)
