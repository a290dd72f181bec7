# SPDX-License-Identifier: GPL-3.0-or-later
"""The skin: nearest places on it, what is seen from outside, and sides of an opening."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from facemocap_addon.core.contacts.margins import Opening
from facemocap_addon.core.contacts.slices import MeshPoints
from facemocap_addon.core.correspondence.profile import cut_profile, read_profile
from facemocap_addon.core.correspondence.surface import make_skin, nearest_shares


def test_nearest_places_of_triangles_against_an_optimiser() -> None:
    rng = np.random.default_rng(5)
    corners = rng.normal(0, 1, (40, 3, 3))
    points = rng.normal(0, 1.5, (40, 3))
    shares = nearest_shares(points, corners)
    assert shares.min() >= 0
    assert np.abs(shares.sum(axis=1) - 1).max() < 1e-12
    own = np.linalg.norm(np.einsum("pk,pkd->pd", shares, corners) - points, axis=1)
    for point, corner, away in zip(points, corners, own, strict=True):

        def off(share: np.ndarray, point: np.ndarray = point, corner: np.ndarray = corner) -> float:
            return float(((share @ corner - point) ** 2).sum())

        best = minimize(
            off,
            np.full(3, 1 / 3),
            bounds=[(0, 1)] * 3,
            constraints={"type": "eq", "fun": lambda share: share.sum() - 1},
            options={"ftol": 1e-14},
        )
        assert away <= np.sqrt(best.fun) + 1e-6


def test_triangles_without_area_are_no_trap() -> None:
    corners = np.array([[[0.0, 0, 0], [1, 0, 0], [1, 0, 0]], [[2.0, 2, 2]] * 3])
    points = np.array([[0.25, 1, 0], [0.0, 0, 0]])
    found = np.einsum("pk,pkd->pd", nearest_shares(points, corners), corners)
    assert found == pytest.approx(np.array([[0.25, 0, 0], [2, 2, 2]]))


def sheet(depth: float, low: float = -1.0, high: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A flat sheet of small triangles at a depth that looks ahead."""
    x, y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(low, high, 41))
    places = np.stack([x, y, np.full_like(x, depth)], axis=-1).reshape(-1, 3)
    first = (np.arange(40)[:, None] * 41 + np.arange(40)).ravel()
    quads = np.stack([first, first + 1, first + 42, first + 41], axis=1)
    return places, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


@pytest.mark.parametrize("turned", [False, True])
def test_what_lies_behind_the_face_is_not_its_skin(turned: bool) -> None:
    front, triangles = sheet(0.0)
    back, _ = sheet(-0.2)
    places = np.concatenate([front, back])
    both = np.concatenate([triangles, triangles + len(front)])
    if turned:
        both = both[:, ::-1]
    whole = np.ones(len(places), np.bool_)
    skin = make_skin(places, both, whole, ~whole, {}, np.zeros(len(places)))
    inner = skin.middles[np.abs(skin.middles[:, :2]).max(axis=1) < 0.6]
    assert (inner[:, 2] == 0.0).all()
    _, _, found = skin.nearest(np.array([[0.1, 0.2, -0.19]]))
    assert found == pytest.approx(np.array([[0.1, 0.2, 0.0]]))


def test_an_eyeball_hides_what_is_behind_it_and_is_no_skin() -> None:
    front, triangles = sheet(0.0)
    ball, _ = sheet(0.3)
    ball[:, :2] *= 0.3
    places = np.concatenate([front, ball])
    both = np.concatenate([triangles, triangles + len(front)])
    skin_rows = np.arange(len(places)) < len(front)
    skin = make_skin(places, both, skin_rows, ~skin_rows, {}, np.zeros(len(places)))
    assert (skin.triangles < len(front)).all()
    assert np.abs(skin.middles[:, :2]).max(axis=1).min() < 1.0
    # seen from aside and below a little of it shows, straight behind the middle nothing does
    assert np.linalg.norm(skin.middles[:, :2], axis=1).min() > 0.02


def test_points_stay_on_their_side_of_a_gap() -> None:
    upper, triangles = sheet(0.0, 0.01, 1.0)
    lower, _ = sheet(0.0, -1.0, -0.01)
    places = np.concatenate([upper, lower])
    both = np.concatenate([triangles, triangles + len(upper)])
    edge = np.flatnonzero(upper[:, 1] == 0.01)
    other = len(upper) + np.flatnonzero(lower[:, 1] == lower[:, 1].max())
    opening = Opening(
        MeshPoints(np.stack([edge, edge], axis=1), np.zeros(len(edge))),
        MeshPoints(np.stack([other, other], axis=1), np.zeros(len(other))),
    )
    whole = np.ones(len(places), np.bool_)
    lips = np.where(places[:, 1] > 0, 1.0, -1.0)
    for name in ("mouth", "left_lids"):
        skin = make_skin(places, both, whole, ~whole, {name: opening}, lips)
        wanted = np.array([[0.0, -0.05, 0.1], [0.0, 0.05, 0.1], [0.0, 0.05, 0.1]])
        _, _, found = skin.nearest(wanted, {name: np.array([1, -1, 0])})
        assert found[:, 1] == pytest.approx([0.01, -0.01, 0.05])


def test_what_is_within_a_narrow_nose_belongs_on_its_ridge() -> None:
    slope, deep = 1.5, 0.25
    y, side = np.linspace(-0.5, 0.5, 21), np.array([-0.3, 0.0, 0.3])
    places = np.array([[x, h, 0.6 - slope * abs(x)] for h in y for x in side])
    first = (np.arange(20)[:, None] * 3 + np.arange(2)).ravel()
    quads = np.stack([first, first + 1, first + 4, first + 3], axis=1)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    whole = np.ones(len(places), np.bool_)
    skin = make_skin(places, triangles, whole, ~whole, {}, np.zeros(len(places)))
    inside = np.array([[0.0, 0.0, 0.6 - deep]])
    foot = slope * deep / (1 + slope**2)
    assert abs(skin.nearest(inside)[2][0, 0]) == pytest.approx(foot)
    assert abs(skin.nearest(inside, outwards=True)[2][0, 0]) < 0.3 * foot


def test_the_profile_of_a_drawn_face() -> None:
    """A strip with a nose, lips and a chin at known heights."""
    height = np.linspace(1.0, -2.2, 641)
    knots = {
        1.0: 0.4, 0.5: 0.45, 0.05: 0.4, -0.55: 0.8, -0.7: 0.5, -0.8: 0.48, -0.95: 0.55, -1.05: 0.5,
        -1.15: 0.53, -1.3: 0.42, -1.55: 0.47, -1.8: 0.2, -2.2: -0.3,
    }  # fmt: skip
    at = np.array(sorted(knots))
    depth = np.interp(height, at, [knots[each] for each in at])
    places = np.array([[x, y, z] for y, z in zip(height, depth, strict=True) for x in (-0.1, 0.1)])
    first = 2 * np.arange(len(height) - 1)
    quads = np.stack([first, first + 1, first + 3, first + 2], axis=1)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    profile = cut_profile(places, triangles, np.ones(len(places), np.bool_))
    found = read_profile(profile, -1.05, -1.05)
    true = {
        "nose_tip": -0.55, "nose_bridge": 0.05, "nose_base": -0.7, "lip_upper": -0.95,
        "lip_lower": -1.15, "lip_below": -1.3, "chin": -1.55,
    }  # fmt: skip
    assert set(found) == set(true)
    for name, level in true.items():
        assert abs(found[name][1] - level) <= 0.025
        assert abs(found[name][2] - knots[level]) <= 0.03
    # a sheet without a nose has no profile to speak of
    flat, faces = sheet(0.3, -2.2, 1.0)
    assert read_profile(cut_profile(flat, faces, np.ones(len(flat), np.bool_)), -1.0, -1.0) == {}
