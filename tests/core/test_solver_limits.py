# SPDX-License-Identifier: GPL-3.0-or-later
"""Odd input: each is answered with a sentence or with finite, flagged values, in every mode."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from test_solver_frames import local_basis, poses

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.solver import (
    FAST,
    Outliers,
    Problem,
    Settings,
    Smoothness,
    Solution,
    Terms,
    make_problem,
    solve,
)

BASIS = local_basis(20, 6)
OBSERVED = poses(40, 6) @ BASIS.T
MODES = {
    "exact": Settings(),
    "fast": Settings(FAST),
    "joint": Settings(FAST, smoothness=Smoothness()),
    "robust": Settings(outliers=Outliers()),
    "robust joint": Settings(FAST, outliers=Outliers(), smoothness=Smoothness()),
}
every_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    """Overflow and division by nought are failures."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def sound(problem: Problem, found: Solution) -> None:
    """Finite, within the limits, and the flags agree with the values."""
    for table in (found.values, found.residual, found.kkt):
        assert np.isfinite(table).all()
    assert (found.values >= problem.low).all()
    assert (found.values <= problem.high).all()
    held = (found.values == problem.low) | (found.values == problem.high)
    assert held[found.clipped].all()


@every_mode
def test_a_huge_observation(mode: str) -> None:
    problem = make_problem(BASIS)
    far = OBSERVED.copy()
    far[5, 7] = 1e11
    found = solve(problem, far, None, MODES[mode])
    sound(problem, found)
    assert found.residual[5] > 1e3 or "robust" in mode
    for wrong in (1e13, 1e200, np.inf, -np.inf, np.nan):
        far[5, 7] = wrong
        with pytest.raises(FacemocapError, match="Frame 5"):
            solve(problem, far, None, MODES[mode])


@every_mode
def test_a_take_that_never_moves(mode: str) -> None:
    problem = make_problem(BASIS)
    found = solve(problem, np.zeros((30, 60)), None, MODES[mode])
    sound(problem, found)
    assert not found.values.any()
    assert not found.clipped.any()
    pose = np.array([0.3, 0.0, 0.7, 0.1, 0.0, 1.0])
    still = solve(problem, np.tile(pose @ BASIS.T, (30, 1)), None, MODES[mode])
    assert still.values == pytest.approx(np.tile(pose, (30, 1)), abs=0.02)
    assert np.ptp(still.values, axis=0).max() < 1e-3


@every_mode
def test_rank_deficient(mode: str) -> None:
    """Each control twice, and one that is the sum of two others."""
    wide = np.hstack([BASIS, BASIS, BASIS[:, :1] + BASIS[:, 1:2]])
    assert np.linalg.matrix_rank(wide) == 6
    problem = make_problem(wide)
    smooth = np.linspace(0.1, 0.9, 40)[:, None] * np.linspace(0.2, 1.0, 6)
    observed = smooth @ BASIS.T
    found = solve(problem, observed, None, MODES[mode])
    sound(problem, found)
    assert found.residual.max() < 0.05
    assert found.values[:, :6] == pytest.approx(found.values[:, 6:12], abs=0.02)


@every_mode
def test_boxes_that_leave_no_choice(mode: str) -> None:
    fixed = make_problem(BASIS, low=0.3, high=0.3)
    found = solve(fixed, OBSERVED, None, MODES[mode])
    assert (found.values == 0.3).all()
    far = make_problem(BASIS, low=5.0, high=6.0)
    found = solve(far, OBSERVED, None, MODES[mode])
    sound(far, found)
    assert found.clipped.any()
    with pytest.raises(FacemocapError, match="Control 2 has its lower limit above"):
        make_problem(BASIS, low=0.6 * np.eye(6)[2], high=0.5)


@every_mode
def test_nothing_that_counts(mode: str) -> None:
    settings = MODES[mode]
    for problem in (make_problem(BASIS, weights=np.zeros(20)), make_problem(0.0 * BASIS)):
        found = solve(problem, OBSERVED, None, settings)
        sound(problem, found)
        assert not found.values.any()
    lost = solve(make_problem(BASIS), np.nan * OBSERVED, np.zeros((40, 20), np.bool_), settings)
    assert not lost.known.any()
    assert not lost.values.any()
    pointless = solve(make_problem(np.zeros((0, 3))), np.zeros((5, 0)), None, settings)
    assert not pointless.values.any()
    assert solve(make_problem(BASIS), OBSERVED[:0], None, settings).values.shape == (0, 6)


@pytest.mark.parametrize("mode", ["exact", "fast", "robust"])
def test_one_point_for_six_controls(mode: str) -> None:
    problem = make_problem(BASIS[:3])
    found = solve(problem, OBSERVED[:, :3], None, MODES[mode])
    sound(problem, found)
    assert found.residual.max() < 0.3


@every_mode
def test_other_number_types(mode: str) -> None:
    problem = make_problem(BASIS)
    found = solve(problem, OBSERVED, None, MODES[mode]).values
    single = solve(problem, OBSERVED.astype(np.float32), None, MODES[mode]).values
    assert single == pytest.approx(found, abs=1e-3)
    whole = np.rint(OBSERVED)
    numbers: Any = whole.astype(np.int32)
    ours = solve(problem, numbers, None, MODES[mode]).values
    assert np.array_equal(ours, solve(problem, whole, None, MODES[mode]).values)


@pytest.mark.parametrize("size", [1e-30, 1e-6, 1e3, 1e6])
def test_other_units(size: float) -> None:
    """The same in metres and in micrometres, when all that has a unit is told in it."""
    terms = Terms(noise=0.3 * size) if size > 1e-9 else Terms(ridge=0.36 * size**2)
    problem = make_problem(size * BASIS, terms=terms)
    found = solve(problem, size * OBSERVED)
    sound(problem, found)
    assert found.values == pytest.approx(solve(make_problem(BASIS), OBSERVED).values, abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"basis": np.full((60, 6), 1e13)},
        {"basis": np.zeros((3, 3, 3))},
        {"high": 1e300},
        {"terms": Terms(noise=np.nan)},
        {"terms": Terms(spread=np.inf)},
        {"terms": Terms(asymmetry=1e-200)},
        {"terms": Terms(asymmetry=np.nan)},
        {"terms": Terms(sparsity=np.inf)},
        {"pairs": [(0, 1, 2)]},
        {"pairs": [(0.5, 1)]},
        {"exclusive": [(0, 1), (2,)]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_problems_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(FacemocapError) as caught:
        make_problem(**{"basis": BASIS, **wrong})  # type: ignore[arg-type]
    assert caught.value.todo


def test_settings_that_are_none() -> None:
    problem = make_problem(BASIS)
    for tolerance in (-1.0, 1.0, np.nan, np.inf):
        with pytest.raises(FacemocapError, match="tolerance"):
            solve(problem, OBSERVED, None, Settings(tolerance))
    for keep, drop in ((0.0, 5.0), (5.0, 5.0), (6.0, 5.0), (np.nan, 5.0), (3.0, np.inf)):
        with pytest.raises(FacemocapError, match="Outliers"):
            Outliers(keep=keep, drop=drop)
    with pytest.raises(FacemocapError, match="Outliers"):
        Outliers(rounds=-1)
    assert solve(problem, OBSERVED, None, Settings(0.0)).kkt.max() < 1e-12
