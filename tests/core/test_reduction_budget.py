# SPDX-License-Identifier: GPL-3.0-or-later
"""Millimetres shared among controls, against vertices that are moved and measured."""

from __future__ import annotations

import numpy as np
import pytest
from reduction_oracle import bezier_values, in_eighths, stored

from facemocap_addon.core.reduction import (
    HOLD,
    error_on_mesh,
    moving,
    reduce_curves,
    split_budget,
    split_budget_over_time,
)
from facemocap_addon.core.reduction.budget import MOST_SETS


def face(controls: int, vertices: int, seed: int) -> np.ndarray:
    """Motions in mm per unit: each control moves a patch, some of them far, some hardly."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-1, 1, (vertices, 2))
    centres = rng.uniform(-1, 1, (controls, 2))
    near = np.exp(-8 * ((places[None] - centres[:, None]) ** 2).sum(axis=2))
    near[near < 1e-3] = 0.0
    ways = rng.normal(size=(controls, 1, 3)) + 0.3 * rng.normal(size=(controls, vertices, 3))
    return rng.uniform(0.5, 15, (controls, 1, 1)) * near[:, :, None] * ways


def moved(motions: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Vertices ``(n, v, 3)`` of a face whose controls add up."""
    return np.tensordot(values, motions, axes=(1, 0))


def always(controls: int) -> np.ndarray:
    return np.ones((1, controls), np.bool_)


@pytest.mark.parametrize("seed", range(4))
def test_no_vertex_is_ever_off_by_more_than_the_budget(seed: int):
    motions = face(14, 200, seed)
    shares = split_budget(motions, always(14), 0.2)
    assert (shares > 0).all()
    rng = np.random.default_rng(seed)
    signs = np.sign(rng.normal(size=(3000, 14)))
    off = np.linalg.norm(moved(motions, signs * shares), axis=2)
    assert off.max() <= 0.2
    # the worst that can be, vertex by vertex
    sums = (np.linalg.norm(motions, axis=2) * shares[:, None]).sum(axis=0)
    assert sums.max() <= 0.2
    assert error_on_mesh(motions, -shares) == pytest.approx(sums.max())


def test_nobody_can_have_more_without_another_having_less():
    motions = face(14, 200, 9)
    shares = split_budget(motions, always(14), 0.2, most=10.0)
    lengths = np.linalg.norm(motions, axis=2)
    sums = (lengths * shares[:, None]).sum(axis=0)
    for control in range(14):
        touched = lengths[control] > 0
        assert sums[touched].max() >= 0.2 * (1 - 1e-6)


def test_two_that_move_one_vertex_share_and_a_third_has_all():
    motions = np.zeros((3, 2, 3))
    motions[0, 0] = [10, 0, 0]
    motions[1, 0] = [0, 5, 0]
    motions[2, 1] = [0, 0, 2]
    np.testing.assert_allclose(
        split_budget(motions, always(3), 0.2, most=1.0), [0.01, 0.02, 0.1], rtol=1e-6
    )


def test_controls_that_are_never_off_together_need_not_share():
    motions = np.zeros((2, 1, 3))
    motions[:, 0, 0] = 10.0, 20.0
    apart = np.array([[True, False], [False, True], [False, False]])
    np.testing.assert_allclose(split_budget(motions, apart, 0.2), [0.02, 0.01], rtol=1e-6)
    both = np.array([[True, False], [True, True]])
    np.testing.assert_allclose(split_budget(motions, both, 0.2), [0.01, 0.005], rtol=1e-6)
    over_time = split_budget_over_time(motions, np.concatenate([apart, both[1:]]), 0.2)
    assert over_time.shape == (4, 2)
    np.testing.assert_allclose(over_time[3], [0.01, 0.005], rtol=1e-6)


def test_what_moves_nothing_or_never_gets_the_most():
    motions = np.zeros((3, 4, 3))
    motions[0] = 1.0
    motions[2] = 1.0
    active = np.array([[True, True, False]])
    shares = split_budget(motions, active, 0.01, most=0.03)
    assert shares[1:].tolist() == [0.03, 0.03]
    assert shares[0] == pytest.approx(0.01 / np.sqrt(3))
    assert split_budget(motions, active, 100.0, most=0.03) == pytest.approx([0.03] * 3)
    assert split_budget(motions, active, 0.0)[0] == 0.0
    for budget in (-1.0, np.nan):
        with pytest.raises(ValueError, match="budget"):
            split_budget(motions, active, budget)


def test_many_sets_are_thrown_together_on_the_safe_side():
    rng = np.random.default_rng(1)
    motions = face(12, 60, 1)
    active = rng.random((400, 12)) < 0.5
    assert len(np.unique(active, axis=0)) > 4 * MOST_SETS
    lengths = np.linalg.norm(motions, axis=2)
    for shares in (
        split_budget(motions, active, 0.2)[None].repeat(400, axis=0),
        split_budget_over_time(motions, active, 0.2),
    ):
        assert ((active * shares) @ lengths).max() <= 0.2


def test_a_control_moves_wherever_its_curve_is_not_held():
    values = np.concatenate([np.linspace(0, 1, 10), np.ones(HOLD), np.linspace(1, 0, 5)])[:, None]
    expected = np.ones(len(values), np.bool_)
    # ten samples of the ramp, the last of which is held too; the next ramp begins on the hold
    expected[10 : 10 + HOLD] = False
    np.testing.assert_array_equal(moving(values, HOLD)[:, 0], expected)


@pytest.mark.parametrize("over_time", [False, True])
def test_reduced_curves_keep_the_mesh_within_the_budget(over_time: bool):
    rng = np.random.default_rng(3)
    frames = np.arange(400.0)
    motions = face(8, 120, 3)
    smooth = np.cumsum(np.cumsum(rng.normal(size=(400, 8)), axis=0), axis=0)
    values = (smooth - smooth.min(axis=0)) / np.ptp(smooth, axis=0)
    values += 0.003 * rng.normal(size=values.shape)
    values[100:220, :4] = values[100, :4]
    values[250:, 5] = 0.0
    active = moving(values, HOLD)
    assert not active.all()
    split = split_budget_over_time if over_time else split_budget
    shares = split(motions, active, 0.2, most=0.2)
    made = reduce_curves(frames, values, shares)
    where = in_eighths(frames)
    raw = np.stack([np.interp(where, frames, stored(v)) for v in values.T], axis=1)
    thin = np.stack([bezier_values(keys, where) for keys in made.curves], axis=1)
    off = np.linalg.norm(moved(motions, thin - raw), axis=2)
    assert off.max() <= 0.2
    assert off.max() > 0.05
    assert made.report.percent < 40
