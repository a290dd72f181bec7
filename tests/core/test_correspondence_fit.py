# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces laid on each other: robust similarity, and the warp that meets places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from facemocap_addon.core.correspondence.neutral import usual_places
from facemocap_addon.core.correspondence.places import template
from facemocap_addon.core.correspondence.similarity import fit_similarity, transform_from_json
from facemocap_addon.core.correspondence.warp import BENDING, bending, fit_face_warp
from facemocap_addon.core.points import Points

NAMES = [name for name in template().places if name[:3] not in ("lm6", "mp_")]
FACE = np.array([template().places[name] for name in NAMES])


def actor(scale: float, turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The template as an actor's face in metres, elsewhere and turned."""
    return 0.001 * scale * FACE @ Rotation.from_rotvec(turn).as_matrix().T + shift


@settings(max_examples=25, deadline=None)
@given(
    st.floats(40, 120),
    st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3),
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
)
def test_a_similar_face_is_found_exactly(
    scale: float, turn: list[float], shift: list[float]
) -> None:
    places = actor(scale, np.array(turn), np.array(shift))
    transform, left = fit_similarity(places, FACE, np.full(len(FACE), 0.1))
    assert left.max() < 1e-8
    assert transform.scale == pytest.approx(1000 / scale)
    back = transform_from_json(transform.to_json())
    assert np.abs(back.places(places) - FACE).max() < 1e-8
    moved = places + 0.01
    expected = transform.places(moved) - transform.places(places)
    assert np.abs(transform.displacements(moved - places) - expected).max() < 1e-12


def test_places_that_are_wrong_get_no_say() -> None:
    rng = np.random.default_rng(3)
    places = actor(63, np.array([0.3, -0.5, 0.1]), np.zeros(3))
    bad = rng.choice(len(FACE), len(FACE) // 5, replace=False)
    places[bad] += rng.normal(0, 0.06, (len(bad), 3))
    _, left = fit_similarity(places, FACE, np.full(len(FACE), 0.1))
    good = np.setdiff1d(np.arange(len(FACE)), bad)
    assert left[good].max() < 0.02
    # what plain least squares leaves (Umeyama), for the same outliers
    centred, wanted = places - places.mean(axis=0), FACE - FACE.mean(axis=0)
    u, s, v = np.linalg.svd(wanted.T @ centred)
    d = np.diag([1, 1, np.linalg.det(u @ v)])
    scale = (s * np.diag(d)).sum() / (centred**2).sum()
    plain = np.linalg.norm(scale * centred @ (u @ d @ v).T - wanted, axis=1)
    assert left[good].mean() < 0.2 * plain[good].mean()


def test_too_few_places_keep_the_face_upright() -> None:
    for count in (1, 2, 3):
        places = FACE[:count] * 0.07 + [0.2, 1.5, 0.3]
        transform, left = fit_similarity(places, FACE[:count], np.full(count, 0.1))
        assert (transform.rotation == np.eye(3)).all()
        assert left.max() < 1e-9
    assert transform.scale == pytest.approx(1 / 0.07)


def test_the_warp_meets_what_is_known_exactly_and_moves_the_rest_along() -> None:
    rng = np.random.default_rng(1)
    shift = 0.1 * np.sin(2 * FACE[:, [1, 2, 0]])
    target = FACE + shift
    known = rng.random(len(FACE)) < 0.7
    warp = fit_face_warp(FACE[known], target[known], np.full(known.sum(), 1e-3))
    assert np.abs(warp.at(FACE[known]) - target[known]).max() < 2e-3
    others = np.linalg.norm(warp.at(FACE[~known]) - target[~known], axis=1)
    assert others.mean() < 0.35 * np.linalg.norm(shift[~known], axis=1).mean()
    far = np.array([[9.0, 9.0, 9.0]])
    assert np.abs(warp.at(far) - far).max() < 1e-3
    assert warp.doubt(FACE[known]).max() < 0.01
    assert warp.doubt(far)[0] > 0.2


def test_places_that_contradict_each_other_do_not_fold_the_face() -> None:
    """Two places that would have to change over are each believed less."""
    one = np.array([[0.0, 0, 0], [0.1, 0, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0.2]])
    target = one.copy()
    target[[0, 1]] = one[[1, 0]]
    warp = fit_face_warp(one, target, np.full(4, 1e-3))
    assert bending(warp, one) <= BENDING
    grid = np.stack(np.meshgrid(*[np.linspace(-0.6, 0.6, 9)] * 3), axis=-1).reshape(-1, 3)
    assert bending(warp, grid) < np.inf


def test_without_places_nothing_moves() -> None:
    warp = fit_face_warp(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0))
    assert (warp.at(FACE) == FACE).all()


def test_the_usual_face_of_a_take_is_found_while_the_head_turns() -> None:
    rng = np.random.default_rng(2)
    count, face = 300, FACE * 0.063
    turns = Rotation.from_rotvec(0.4 * np.sin(np.arange(count)[:, None] / 40 + np.arange(3)))
    mouth = np.array(["lip" in name or "chin" in name or "mouth" in name for name in NAMES])
    talking = np.zeros((count, len(face), 3))
    talking[::3, mouth, 1] = -0.015
    places = turns.as_matrix()[:, None] @ (face + talking)[..., None]
    places = places[..., 0] + np.cumsum(rng.normal(0, 0.004, (count, 1, 3)), axis=0)
    valid = rng.random((count, len(face))) < 0.9
    valid[:, 3] = False
    found = usual_places(Points(tuple(NAMES), np.where(valid[..., None], places, 0.0), valid))
    assert np.isnan(found[3]).all()
    there = np.arange(len(face)) != 3
    rotation, *_ = Rotation.align_vectors(
        face[there] - face[there].mean(axis=0), found[there] - found[there].mean(axis=0)
    )
    laid = rotation.apply(found[there] - found[there].mean(axis=0))
    off = np.linalg.norm(laid - (face[there] - face[there].mean(axis=0)), axis=1)
    assert off.max() < 1e-3
