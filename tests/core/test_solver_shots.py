# SPDX-License-Identifier: GPL-3.0-or-later
"""What a joint solve does to noise, peaks, quick events, cuts and gaps."""

from __future__ import annotations

import numpy as np
import pytest
from test_solver_frames import local_basis
from test_solver_temporal import shot

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.solver import (
    FAST,
    Outliers,
    Problem,
    Settings,
    Smoothness,
    Terms,
    make_problem,
    solve,
)
from facemocap_addon.core.solver.events import event_limits, without_glitches
from facemocap_addon.core.solver.measures import measure_quality, roughness
from facemocap_addon.core.solver.robust import lasting


@pytest.fixture(scope="module")
def noisy() -> tuple[Problem, FloatArray, FloatArray]:
    basis = local_basis(60, 16)
    truth = shot(1200, 16, 3, 40)
    observed = truth @ basis.T + np.random.default_rng(4).normal(0, 0.8, (1200, 180))
    return make_problem(basis, terms=Terms(noise=0.8)), truth, observed


def test_less_noise(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    problem, truth, observed = noisy
    apart = solve(problem, observed, None, Settings(FAST))
    joint = solve(problem, observed, None, Settings(FAST, smoothness=Smoothness()))
    before = measure_quality(apart.values, truth, problem.basis)
    after = measure_quality(joint.values, truth, problem.basis)
    assert after.value_rmse < 0.8 * before.value_rmse
    assert after.mean_mm < before.mean_mm
    assert after.roughness <= roughness(truth) < before.roughness


def test_peaks_stay_where_they_are(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    """Events of 130 to 250 ms at 60 frames a second: median shift 0, 95th percentile 1 frame."""
    problem, _, _ = noisy
    rng = np.random.default_rng(7)
    truth = np.full((1200, 16), 0.1)
    events = [(int(t), int(rng.integers(16)), int(rng.integers(4, 8))) for t in range(20, 1180, 13)]
    for at, control, half in events:
        bump = np.cos(np.linspace(-np.pi / 2, np.pi / 2, 2 * half + 1)) ** 2
        truth[at - half : at + half + 1, control] += rng.uniform(0.4, 0.8) * bump
    observed = truth @ problem.basis.T + rng.normal(0, 0.8, (1200, 180))
    joint = solve(problem, observed, None, Settings(FAST, smoothness=Smoothness())).values
    late = [int(np.argmax(joint[t - h : t + h + 1, c])) - h for t, c, h in events]
    assert len(late) > 80
    assert np.median(np.abs(late)) == 0
    assert np.quantile(np.abs(late), 0.95) <= 1
    assert abs(np.mean(late)) < 0.1


def test_quick_events_are_kept(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    """A blink of 100 ms on a quiet face: a lower weight there and nowhere else."""
    problem, _, _ = noisy
    truth = np.full((300, 16), 0.2)
    truth[147:154, 5] += 0.7 * np.sin(np.linspace(0, np.pi, 7)) ** 2
    rng = np.random.default_rng(0)
    observed = truth @ problem.basis.T + rng.normal(0, 0.8, (300, 180))
    apart = solve(problem, observed, None, Settings(FAST)).values
    stiff, eased = (
        solve(problem, observed, None, Settings(FAST, smoothness=how)).values
        for how in (Smoothness(event=np.inf), Smoothness())
    )
    assert abs(int(np.argmax(eased[:, 5])) - 150) <= 1
    assert eased[145:156, 5].max() > stiff[145:156, 5].max() + 0.3
    assert eased[145:156, 5].max() == pytest.approx(0.9, abs=0.1)
    # the other controls stay quiet in those frames, the blinking one in all others
    others = np.arange(16) != 5
    assert roughness(eased[145:156, others]) < 0.01 * roughness(apart[145:156, others])
    for quiet in (slice(0, 135), slice(165, 300)):
        assert roughness(eased[quiet]) < 0.002 * roughness(apart[quiet])


def test_limits_fall_at_events_only() -> None:
    values = np.zeros((200, 3))
    values[:, 1] = 0.3 + 0.2 * np.sin(np.arange(200) / 40)
    values[100:106, 2] = [0.2, 0.7, 1.0, 0.9, 0.5, 0.1]
    noise = np.random.default_rng(0).normal(0, 0.03, values.shape)
    limit = event_limits(values + noise, np.full(3, 0.03), 0.008, 2.5)
    assert limit.shape == (198, 3)
    assert limit[:, :2] == pytest.approx(0.02)
    assert limit[:90, 2] == pytest.approx(0.02)
    assert limit[115:, 2] == pytest.approx(0.02)
    assert limit[99:103, 2].max() < 0.01
    assert limit.min() > 0
    # what is seen that well needs no help, and where there are too few frames none is told
    assert event_limits(values, np.full(3, 1e-4), 0.008, 2.5) == pytest.approx(0.02)
    short = event_limits(values[:4], np.full(3, 0.03), 0.008, 2.5)
    assert short == pytest.approx(np.full((2, 3), 0.02))


def test_smoothing_lets_go_where_told(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    """A cut in the middle of a take, told by nought."""
    problem, truth, _ = noisy
    cut = np.concatenate([truth[:100], truth[600:700]])
    observed = cut @ problem.basis.T + np.random.default_rng(0).normal(0, 0.8, (200, 180))
    ease = np.ones(198)
    ease[98:100] = 0.0
    told = Smoothness(0.004, event=np.inf, ease=ease)
    found = [
        solve(problem, observed, None, Settings(FAST, smoothness=how)).values
        for how in (told, Smoothness(0.004, event=np.inf))
    ]
    near = slice(96, 104)
    errors = [np.sqrt(np.mean((values - cut)[near] ** 2)) for values in found]
    assert errors[0] < 0.5 * errors[1]
    # as if they were two takes
    first = solve(
        problem, observed[:100], None, Settings(FAST, smoothness=Smoothness(0.004, event=np.inf))
    )
    assert found[0][:100] == pytest.approx(first.values, abs=0.01)


def test_gaps_are_bridged(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    """Frames that saw nothing lie between their neighbours, not at rest."""
    problem, truth, observed = noisy
    valid = np.ones((1200, 60), np.bool_)
    valid[400:412] = False
    valid[700:720, 10:20] = False
    how = Settings(FAST, smoothness=Smoothness())
    found = solve(problem, observed, valid, how)
    assert not found.known[400:412].any()
    assert found.known.sum() == 1188
    apart = solve(problem, observed, valid, Settings(FAST)).values
    assert not apart[400:412].any()

    def rmse(values: FloatArray, frames: slice) -> float:
        return float(np.sqrt(np.mean((values - truth)[frames] ** 2)))

    steps = np.abs(np.diff(found.values, axis=0)).max(axis=1)
    assert steps[397:415].max() <= np.quantile(steps, 0.995)
    assert rmse(found.values, slice(700, 720)) < 0.5 * rmse(apart, slice(700, 720))


def test_outliers_show_among_their_neighbours(
    noisy: tuple[Problem, FloatArray, FloatArray],
) -> None:
    """Few markers, of which a fifth lie off: the shot tells them better than their frames do."""
    problem, truth, _ = noisy
    few = make_problem(problem.basis.reshape(60, 3, 16)[::3].reshape(60, 16))
    rng = np.random.default_rng(3)
    seen = truth @ few.basis.T + rng.normal(0, 0.3, (1200, 60))
    clean = seen.copy()
    off = rng.random((1200, 20)) < 0.2
    seen.reshape(1200, 20, 3)[off] += rng.normal(0, 6, (int(off.sum()), 3))
    apart = solve(few, seen, None, Settings(FAST, outliers=Outliers())).values
    joint = Settings(FAST, outliers=Outliers(), smoothness=Smoothness())
    found = solve(few, seen, None, joint).values
    best = solve(few, clean, ~off, Settings(FAST, smoothness=Smoothness())).values
    errors = [np.sqrt(np.mean((values - truth) ** 2)) for values in (found, best, apart)]
    assert errors[0] < 1.15 * errors[1]
    assert errors[0] < 0.5 * errors[2]


def test_a_blink_is_no_outlier(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    problem = make_problem(noisy[0].basis, terms=Terms(noise=0.4))
    truth = np.full((300, 16), 0.2)
    truth[147:154, 5] += 0.7 * np.sin(np.linspace(0, np.pi, 7)) ** 2
    rng = np.random.default_rng(0)
    observed = truth @ problem.basis.T + rng.normal(0, 0.4, (300, 180))
    both = Settings(FAST, outliers=Outliers(), smoothness=Smoothness())
    found = solve(problem, observed, None, both).values
    alone = solve(problem, observed, None, Settings(FAST, smoothness=Smoothness())).values
    assert found[145:156, 5].max() > alone[145:156, 5].max() - 0.05
    assert abs(int(np.argmax(found[:, 5])) - 150) <= 1


def test_glitches_are_no_events() -> None:
    values = np.zeros((9, 2))
    values[4, 0] = 1.0
    values[3:, 1] = [0.5, 0.9, 0.8, 0.2, 0.1, 0.0]
    calm = without_glitches(values)
    assert not calm[:, 0].any()
    assert calm[:, 1].tolist() == [0, 0, 0, 0.5, 0.8, 0.8, 0.2, 0.1, 0.0]
    assert values[4, 0] == 1.0


def test_what_lasts() -> None:
    suspect = np.array([[0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1], [1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1]])
    expected = [[0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]]
    assert lasting(suspect.T == 1).T.astype(int).tolist() == expected
    assert not lasting(np.ones((2, 3), np.bool_)).any()


def test_many_gaps(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    """As good as straight lines between what was solved on either side; short ones are better."""
    problem, truth, observed = noisy
    for wide, part in ((6, 1.0), (12, 1.05)):
        starts = range(40, 1150, 50)
        valid = np.ones((1200, 60), np.bool_)
        for start in starts:
            valid[start : start + wide] = False
        found = solve(problem, observed, valid, Settings(FAST, smoothness=Smoothness())).values
        apart = solve(problem, observed, valid, Settings(FAST)).values
        errors = []
        for start in starts:
            gap, ends = slice(start, start + wide), apart[[start - 1, start + wide]]
            along = np.arange(1, wide + 1)[:, None] / (wide + 1)
            line = ends[0] + (ends[1] - ends[0]) * along
            errors.append([np.mean((values - truth[gap]) ** 2) for values in (found[gap], line)])
        joint, straight = np.sqrt(np.mean(errors, axis=0))
        assert joint < part * straight


def test_outliers_and_pairs_in_a_joint_solve(
    noisy: tuple[Problem, FloatArray, FloatArray],
) -> None:
    problem, truth, observed = noisy
    basis = problem.basis.copy()
    # a partner that undoes the first control
    basis = np.hstack([basis, -basis[:, :1]])
    paired = make_problem(basis, terms=Terms(noise=0.8), exclusive=[(0, 16)])
    signed = np.hstack([truth, np.zeros((1200, 1))])
    signed[600:, 16], signed[600:, 0] = signed[600:, 0], 0.0
    rng = np.random.default_rng(5)
    seen = signed @ basis.T + rng.normal(0, 0.8, (1200, 180))
    off = rng.random((1200, 60)) < 0.1
    seen.reshape(1200, 60, 3)[off] += rng.normal(0, 15, (int(off.sum()), 3))
    valid = rng.random((1200, 60)) > 0.05
    how = Settings(FAST, outliers=Outliers(), smoothness=Smoothness())
    found = solve(paired, seen, valid, how).values
    assert not np.minimum(found[:, 0], found[:, 16]).any()
    clean = solve(problem, observed, None, Settings(FAST, smoothness=Smoothness())).values
    joint = measure_quality(found, signed, basis).value_rmse
    assert joint < 1.3 * measure_quality(clean, truth, problem.basis).value_rmse


def test_joint_solves_are_repeatable(noisy: tuple[Problem, FloatArray, FloatArray]) -> None:
    problem, _, observed = noisy
    how = Settings(FAST, smoothness=Smoothness())
    valid = np.random.default_rng(0).random((300, 60)) > 0.05
    first, second = (solve(problem, observed[:300], valid, how).values for _ in range(2))
    assert np.array_equal(first, second)
