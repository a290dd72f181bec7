# SPDX-License-Identifier: GPL-3.0-or-later
"""The head's motion: against scipy on the true inliers, invariances, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from stabilise_scenes import Scene, face_scene, head_shape, points_at, rigid_scene, turn_errors

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.points import Points
from facemocap_addon.core.stabilise import HeadMotion, find_stable, separate_head
from facemocap_addon.core.stabilise.kabsch import fit_rigid


def aligned(scene: Scene) -> FloatArray:
    """Least squares on the true inliers, frame by frame, by scipy."""
    out = np.tile(np.eye(3), (len(scene.good), 1, 1))
    for row, good in enumerate(scene.good):
        if good.sum() >= 3:
            there, model = scene.points.positions[row, good], scene.shape[good]
            fit = Rotation.align_vectors(there - there.mean(0), model - model.mean(0))[0]
            out[row] = fit.as_matrix()
    return out


def motion_of(scene: Scene) -> HeadMotion:
    return separate_head(scene.points, scene.points.names)


# ---------------------------------------------------------------- accuracy


def test_kabsch_is_scipys_weighted_alignment() -> None:
    rng = np.random.default_rng(0)
    model, seen = rng.normal(size=(7, 3)), rng.normal(size=(50, 7, 3))
    weights = rng.uniform(0, 1, (50, 7))
    turns, shifts = fit_rigid(model, seen, weights)
    for row in range(50):
        share = weights[row] / weights[row].sum()
        middle, centre = share @ model, share @ seen[row]
        fit = Rotation.align_vectors(seen[row] - centre, model - middle, weights[row])[0]
        assert turns[row] == pytest.approx(fit.as_matrix(), abs=1e-9)
        assert shifts[row] == pytest.approx(centre - fit.apply(middle), abs=1e-9)


@pytest.mark.parametrize(("count", "off"), [(8, 0.1), (8, 0.3), (12, 0.3), (20, 0.2), (60, 0.3)])
def test_head_is_nearly_as_good_as_knowing_the_inliers(count: int, off: float) -> None:
    scene = rigid_scene(count, 400, off=off, lost=0.05)
    rows = scene.good.sum(axis=1) >= 4
    ours = turn_errors(motion_of(scene).rotations, scene.turns, rows)
    best = turn_errors(aligned(scene), scene.turns, rows)
    assert np.sqrt((ours**2).mean()) <= 1.3 * np.sqrt((best**2).mean())


def test_head_noise_is_measured() -> None:
    found = motion_of(rigid_scene(12, 400, off=0.2, lost=0.05))
    assert found.noise_m == pytest.approx(3e-4, rel=0.05)


def test_head_without_noise_is_exact() -> None:
    scene = rigid_scene(8, 60, noise_m=0.0)
    found = motion_of(scene)
    assert found.to_head(scene.points.positions) == pytest.approx(
        np.tile(found.model, (60, 1, 1)), abs=1e-9
    )
    assert np.linalg.det(found.rotations) == pytest.approx(np.ones(60))
    assert found.to_take(found.to_head(scene.points.positions)) == pytest.approx(
        scene.points.positions, abs=1e-12
    )


def test_slipping_point_has_no_say_after_it_slipped() -> None:
    scene = rigid_scene(10, 300)
    places = scene.points.positions.copy()
    places[120:, 3] += np.array([0.004, 0.003, 0.0]) @ scene.turns[120:].transpose(0, 2, 1)
    slipped = separate_head(points_at(places), scene.points.names)
    stays = int(np.argmax([slipped.weights[:120, 3].mean(), slipped.weights[120:, 3].mean()]))
    out = slice(120, None) if stays == 0 else slice(0, 120)
    assert slipped.weights[out, 3].max() == 0.0
    rows = np.ones(300, np.bool_)
    bad = turn_errors(slipped.rotations, scene.turns, rows)
    assert bad.mean() < 1.3 * turn_errors(motion_of(scene).rotations, scene.turns, rows).mean()


def test_point_that_wanders_has_no_say_in_the_take() -> None:
    scene = rigid_scene(10, 300)
    places = scene.points.positions.copy()
    places[:, 3] += np.linspace(-0.03, 0.03, 300)[:, None]
    found = separate_head(points_at(places), scene.points.names)
    assert found.point_weights[3] == 0.0
    assert (np.delete(found.point_weights, 3) > 0.3).all()
    assert any('"p3"' in note for note in found.notes)


# ---------------------------------------------------------------- stable points


def test_stable_points_are_found() -> None:
    scene = face_scene(400, noise_m=2e-4)
    assert find_stable(scene.points.positions, scene.points.valid).tolist() == list(range(12))


def test_head_found_by_itself_is_as_good_as_by_names() -> None:
    scene = face_scene(300, noise_m=2e-4)
    rows = np.ones(300, np.bool_)
    found = separate_head(scene.points)
    named = separate_head(scene.points, scene.points.names[:12])
    assert found.rotations == pytest.approx(named.rotations, abs=1e-12)
    assert turn_errors(found.rotations, scene.turns, rows).max() < 0.6


# ---------------------------------------------------------------- invariances


@settings(max_examples=8, deadline=None, derandomize=True)
@given(vector=st.tuples(*[st.floats(-3.0, 3.0)] * 3), shift=st.tuples(*[st.floats(-2.0, 2.0)] * 3))
def test_head_moves_with_all_input(vector: tuple[float, ...], shift: tuple[float, ...]) -> None:
    scene = rigid_scene(9, 60, off=0.1)
    turn = Rotation.from_rotvec(vector).as_matrix()
    moved = scene.points.positions @ turn.T + np.array(shift)
    before, after = motion_of(scene), separate_head(points_at(moved), scene.points.names)
    assert after.rotations == pytest.approx(turn @ before.rotations @ turn.T, abs=1e-6)
    assert after.residual_m == pytest.approx(before.residual_m, abs=1e-8)
    assert (after.flagged == before.flagged).all()


@settings(max_examples=6, deadline=None, derandomize=True)
@given(order=st.permutations(range(9)))
def test_head_does_not_care_for_names_and_order(order: list[int]) -> None:
    scene = rigid_scene(9, 60, off=0.1)
    other = Points(
        tuple(f"marker {k}" for k in order),
        scene.points.positions[:, order],
        scene.points.valid[:, order],
    )
    found = separate_head(other, other.names)
    assert found.rotations == pytest.approx(motion_of(scene).rotations, abs=1e-6)


def test_mirrored_input_gives_the_mirrored_motion() -> None:
    scene = rigid_scene(9, 80, off=0.1)
    mirror = np.diag([-1.0, 1.0, 1.0])
    found = separate_head(points_at(scene.points.positions @ mirror), scene.points.names)
    expected = mirror @ motion_of(scene).rotations @ mirror
    assert found.rotations == pytest.approx(expected, abs=1e-6)


# ---------------------------------------------------------------- bad input


def test_head_needs_four_stable_points() -> None:
    scene = rigid_scene(8, 20)
    with pytest.raises(FacemocapError, match="3 stable points are too few"):
        separate_head(scene.points, ["p0", "p1", "p2"])
    with pytest.raises(FacemocapError, match='no point "chin"'):
        separate_head(scene.points, ["p0", "p1", "p2", "chin"])
    with pytest.raises(FacemocapError, match="2 points are tracked"):
        separate_head(points_at(scene.points.positions[:, :2]))


def test_head_refuses_points_on_a_line() -> None:
    scene = rigid_scene(6, 40, noise_m=1e-5)
    line = np.linspace(0, 1, 6)[:, None] * np.array([0.1, 0.02, 0.0])
    places = line @ scene.turns.transpose(0, 2, 1) + scene.ways[:, None]
    with pytest.raises(FacemocapError, match="on one line"):
        separate_head(points_at(places), scene.points.names)


def test_head_refuses_pictures_and_nothing() -> None:
    flat = Points(("a", "b"), np.zeros((5, 2, 2)), np.ones((5, 2), np.bool_))
    with pytest.raises(FacemocapError, match="in a picture"):
        separate_head(flat)
    with pytest.raises(FacemocapError, match="no points"):
        separate_head(Points((), np.zeros((5, 0, 3)), np.ones((5, 0), np.bool_)))


def test_head_says_that_points_are_on_one_side() -> None:
    scene = face_scene(120, noise_m=2e-4)
    shape = scene.shape.copy()
    shape[:12] = np.array([0.07, 0.05, 0.0]) + 0.08 * shape[:12]
    shape[12:, 0] -= 0.05
    places = shape @ scene.turns.transpose(0, 2, 1) + scene.ways[:, None]
    places += 1e-5 * np.random.default_rng(0).normal(size=places.shape)
    found = separate_head(points_at(places), scene.points.names[:12])
    assert any("on one side" in note for note in found.notes)


def test_nan_counts_as_not_tracked() -> None:
    scene = rigid_scene(9, 60)
    places = scene.points.positions.copy()
    places[10:20, 2] = np.nan
    found = separate_head(Points(scene.points.names, places, scene.points.valid))
    assert any("10 places are not numbers" in note for note in found.notes)
    assert np.isfinite(found.rotations).all()
    assert (found.weights[10:20, list(found.columns).index(2)] == 0).all()


def test_frames_with_too_few_points_are_flagged_and_bridged() -> None:
    scene = rigid_scene(8, 80)
    valid = scene.points.valid.copy()
    valid[30:34, 3:] = False
    found = separate_head(points_at(scene.points.positions, valid), scene.points.names)
    assert np.flatnonzero(found.flagged).tolist() == [30, 31, 32, 33]
    assert turn_errors(found.rotations, scene.turns, np.ones(80, np.bool_)).max() < 1.0


def test_one_frame_is_said_to_have_no_motion() -> None:
    places = head_shape(8)[None]
    found = separate_head(points_at(places), [f"p{k}" for k in range(8)])
    assert any("one frame" in note for note in found.notes)
    assert found.rotations[0] == pytest.approx(np.eye(3), abs=1e-9)


def test_marker_that_never_moves_is_no_stable_point() -> None:
    scene = rigid_scene(9, 200)
    places = scene.points.positions.copy()
    places[:, 4] = places[0, 4]
    found = separate_head(points_at(places))
    assert 4 not in found.columns
    named = separate_head(points_at(places), scene.points.names)
    assert named.point_weights[4] == 0.0
