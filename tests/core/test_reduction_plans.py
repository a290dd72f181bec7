# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for keys: as a person writes them, tolerances of tracks, millimetres of all together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.reduction.budget import error_on_mesh, gather_vertices
from facemocap_addon.core.reduction.on_mesh import errors_added, first_tolerances, reduce_on_mesh
from facemocap_addon.core.reduction.plan import KeyPlan, plan_from_json, read_plan
from facemocap_addon.core.reduction.tracks import Track, reduce_tracks, tolerances
from facemocap_addon.core.rotations import from_vector, multiply, to_vector

FRAMES = np.arange(1.0, 301.0)


def talking(columns: int, seed: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed)
    t = FRAMES[:, None] / 60
    wave = np.sin(rng.uniform(4, 16, columns) * t) * np.sin(rng.uniform(1, 3, columns) * t)
    return 0.4 + 0.3 * wave + 0.002 * rng.normal(size=wave.shape)


@pytest.mark.parametrize(
    ("words", "plan"),
    [
        ("0.01", KeyPlan(tolerance=0.01)),
        ("2e-3", KeyPlan(tolerance=0.002)),
        ("1%", KeyPlan(tolerance=1.0, unit="PERCENT")),
        ("0.2mm", KeyPlan(tolerance=0.2, unit="MM")),
        ("0.2 MM", KeyPlan(tolerance=0.2, unit="MM")),
        ("extremes", KeyPlan("EXTREMES")),
        ("twos", KeyPlan("TWOS")),
        ("every6", KeyPlan("NTH", step=6)),
    ],
)
def test_plans_are_read_and_kept(words: str, plan: KeyPlan):
    assert read_plan(words) == plan
    assert read_plan(plan.text) == plan
    assert plan_from_json(plan.to_json()) == plan


@pytest.mark.parametrize("words", ["", "0", "-1", "nan", "inf", "0.2cm", "mm", "every0", "twice"])
def test_what_is_no_plan_is_refused(words: str):
    with pytest.raises(FacemocapError, match="no tolerance for keys"):
        read_plan(words)


def test_units_and_per_cents():
    value = Track("VALUE", FRAMES, talking(1), whole=2.0)
    way = replace(value, kind="LOCATION", whole=0.05)
    units, percent = KeyPlan(tolerance=0.01), KeyPlan(tolerance=1.0, unit="PERCENT")
    assert [float(each[0]) for each in tolerances([value, way], units)] == [0.01, 0.0005]
    assert [float(each[0]) for each in tolerances([value, way], percent)] == [0.02, 0.0005]


def test_a_turn_is_off_by_no_more_than_its_angle():
    vectors = talking(3) - 0.4
    quaternions = from_vector(vectors)
    track = Track("QUATERNION", FRAMES, quaternions)
    (made,) = reduce_tracks([track], [np.full(300, 0.02)], KeyPlan(tolerance=0.02))
    assert len({keys.frames.tobytes() for keys in made}) == 1
    assert len(made[0]) < 150
    played = np.stack([keys.at(FRAMES) for keys in made], axis=1)
    played /= np.linalg.norm(played, axis=1, keepdims=True)
    apart = multiply(quaternions * np.array([1.0, -1.0, -1.0, -1.0]), played)
    angle = np.sqrt((to_vector(apart) ** 2).sum(axis=1))
    assert angle.max() <= 0.02
    assert (track.error(made) >= angle - 1e-6).all()


# ---------------------------------------------------------------- millimetres


def made_mesh(controls: int, vertices: int = 400, seed: int = 1) -> np.ndarray:
    """Motions ``(k, v, 3)`` in mm per unit: each control moves some of the vertices."""
    rng = np.random.default_rng(seed)
    near = np.linspace(0, 1, vertices)
    centre = rng.uniform(0, 1, controls)
    reach = 12.0 * np.exp(-(((near - centre[:, None]) / 0.15) ** 2))
    return reach[:, :, None] * rng.normal(size=(controls, 1, 3))


@pytest.mark.parametrize("budget", [0.05, 0.2, 1.0])
def test_the_sum_over_all_controls_stays_within_millimetres(budget: float):
    values, motions = talking(12), made_mesh(12)
    tracks = [Track("VALUE", FRAMES, values[:, [column]]) for column in range(12)]
    lengths = np.sqrt((motions**2).sum(axis=2))
    plan = KeyPlan(tolerance=budget, unit="MM")

    def measure(made: object) -> float:
        return float(np.sqrt((moved(made) ** 2).sum(axis=2)).max())

    def moved(made: object) -> np.ndarray:
        assert isinstance(made, list)
        played = np.stack([keys.at(FRAMES) for (keys,) in made], axis=1)
        return np.tensordot(played - values.astype(np.float32), motions, 1)

    made, error, allowed = reduce_on_mesh(tracks, lengths, plan, measure)
    assert error == measure(made) <= budget
    first = first_tolerances(tracks, lengths, budget)
    assert error_on_mesh(motions, np.max(first, axis=1)) <= budget * 1.0001
    careful = reduce_tracks(tracks, first, plan)
    # what is left of the budget is used: fewer keys than without a second look
    assert sum(len(k) for (k,) in made) <= sum(len(k) for (k,) in careful)
    assert all((wide >= narrow - 1e-12).all() for wide, narrow in zip(allowed, first, strict=True))
    assert errors_added(tracks, made, lengths).max() <= budget * 1.0001


def test_a_mesh_that_bends_more_than_told_makes_tolerances_smaller():
    values, motions = talking(4), made_mesh(4)
    tracks = [Track("VALUE", FRAMES, values[:, [column]]) for column in range(4)]
    lengths = np.sqrt((motions**2).sum(axis=2))

    def measure(made: object) -> float:
        assert isinstance(made, list)
        # three times as far as the lengths say
        return 3.0 * float(errors_added(tracks, made, lengths).max())

    plan = KeyPlan(tolerance=0.2, unit="MM")
    made, error, _ = reduce_on_mesh(tracks, lengths, plan, measure)
    assert error <= 0.2
    assert 3.0 * errors_added(tracks, made, lengths).max() <= 0.2


def test_vertices_that_stand_together_are_never_moved_less():
    lengths = np.abs(made_mesh(6, 3000)).sum(axis=2)
    near = gather_vertices(lengths, 100)
    assert near.shape == (6, 100)
    weights = np.random.default_rng(0).uniform(0, 1, (20, 6))
    assert ((weights @ near).max(axis=1) >= (weights @ lengths).max(axis=1) - 1e-9).all()
