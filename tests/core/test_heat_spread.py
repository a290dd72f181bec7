# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers spread over a skin: exact at their points, along the skin, nothing far away."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.heat_map import heat_colours, off_at, reaches, spread_over_skin
from facemocap_addon.core.skin_distances import SkinDistances

SIDE, STEP = 21, 0.005


def sheet(lift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A flat skin of 21 by 21 vertices, half a centimetre apart."""
    x, y = np.meshgrid(np.arange(SIDE) * STEP, np.arange(SIDE) * STEP, indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), np.full(SIDE * SIDE, lift)], axis=1)
    cells = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    corners = np.stack([cells, cells + 1, cells + SIDE, cells + SIDE + 1], axis=1)
    triangles = np.concatenate([corners[:, [0, 2, 1]], corners[:, [1, 2, 3]]])
    return points, triangles


def on_vertices(numbers: list[int]) -> tuple[np.ndarray, np.ndarray]:
    corners = np.repeat(np.array(numbers)[:, None], 3, axis=1)
    return corners, np.tile([1.0, 0.0, 0.0], (len(numbers), 1))


def at(row: int, column: int) -> int:
    return row * SIDE + column


def spread(numbers: list[int], values: Any, skin: Any = None) -> np.ndarray:
    points, triangles = skin or sheet()
    return spread_over_skin(points, triangles, *on_vertices(numbers), np.array(values, float))


def test_values_are_exact_at_their_points_and_never_beyond_them():
    numbers = [at(4, 4), at(4, 16), at(16, 4), at(16, 16), at(10, 10)]
    values = [1.0, 3.0, 0.5, 2.0, 4.0]
    found = spread(numbers, values)
    assert found[numbers] == pytest.approx(values, abs=1e-5)
    assert found.min() >= 0
    assert found.max() <= 4.0 + 1e-9
    # halfway between two points lies what both say, whatever else is near
    assert 1.0 < found[at(4, 10)] < 4.0


def test_equal_values_are_equal_between_the_points():
    numbers = [at(row, column) for row in range(2, 20, 4) for column in range(2, 20, 4)]
    found = spread(numbers, [2.5] * len(numbers)).reshape(SIDE, SIDE)
    assert found[2:19, 2:19] == pytest.approx(2.5, abs=1e-9)


def test_it_fades_to_nothing_away_from_the_points():
    numbers = [at(2, 2), at(2, 4), at(4, 2), at(4, 4)]
    found = spread(numbers, [3.0] * 4)
    points, _ = sheet()
    away = np.linalg.norm(points[:, None] - points[numbers], axis=2).min(axis=1)
    reach = float(reaches(points[numbers]).max())
    assert not found[away > reach].any()
    near = found[away < 0.2 * reach]
    assert near == pytest.approx(3.0)
    along = found.reshape(SIDE, SIDE)[3, 4:]
    assert (np.diff(along) <= 1e-9).all(), "ever less"


def test_what_lies_close_but_is_no_neighbour_stays_clean():
    """Two sheets a millimetre apart, joined nowhere: as lips are that lie on each other."""
    lower, upper = sheet(), sheet(0.001)
    count = len(lower[0])
    points = np.concatenate([lower[0], upper[0]])
    triangles = np.concatenate([lower[1], upper[1] + count])
    found = spread([at(10, 10), at(10, 14), at(14, 10)], [5.0, 5.0, 5.0], (points, triangles))
    assert found[:count].max() == pytest.approx(5.0)
    assert not found[count:].any()


def test_halves_that_meet_at_a_seam_are_one_skin():
    points, triangles = sheet()
    left = points[:, 0] <= 10 * STEP + 1e-9
    # cut along the middle: the right half gets vertices of its own there
    seam = np.flatnonzero(np.isclose(points[:, 0], 10 * STEP))
    twin = {int(old): len(points) + number for number, old in enumerate(seam)}
    right = ~left[triangles].all(axis=1)
    cut = triangles.copy()
    cut[right] = [[twin.get(int(v), int(v)) for v in row] for row in triangles[right]]
    whole = spread([at(9, 10), at(9, 14), at(6, 10)], [1.0, 2.0, 3.0])
    found = spread(
        [at(9, 10), at(9, 14), at(6, 10)], [1.0, 2.0, 3.0],
        (np.concatenate([points, points[seam]]), cut),
    )  # fmt: skip
    assert found[: len(points)] == pytest.approx(whole, abs=1e-12)
    assert found[len(points) :] == pytest.approx(whole[seam], abs=1e-12)
    assert whole[at(11, 10)] > 0, "it reaches over the seam"


def test_points_inside_triangles_and_unknown_ones():
    points, triangles = sheet()
    # the first and the last lie closer to each other than to any vertex
    corners = triangles[[100, 300, 500]]
    shares = np.array([[0.2, 0.3, 0.5], [1 / 3] * 3, [0.6, 0.4, 0.0]])
    found = spread_over_skin(points, triangles, corners, shares, np.array([2.0, np.nan, 4.0]))
    alone = spread_over_skin(
        points, triangles, corners[[0, 2]], shares[[0, 2]], np.array([2.0, 4.0])
    )
    assert (found == alone).all()
    assert 2.0 <= found[corners[0]].max() <= 4.0
    nothing = spread_over_skin(points, triangles, corners, shares, np.full(3, np.nan))
    assert not nothing.any()
    assert nothing.shape == (len(points),)


def test_points_denser_than_the_mesh_colour_it_all_the_same():
    points, triangles = sheet()
    corners = np.repeat(triangles[[100]], 12, axis=0)
    shares = np.random.default_rng(2).dirichlet([8, 8, 8], 12)
    found = spread_over_skin(points, triangles, corners, shares, np.full(12, 2.0))
    assert found[triangles[100]] == pytest.approx(2.0)


def test_a_single_point_speaks_for_its_neighbourhood():
    found = spread([at(10, 10)], [1.5])
    assert found[at(10, 10)] == pytest.approx(1.5)
    assert found[at(10, 11)] > 1.0
    assert not found[at(0, 0)]


def test_distances_go_along_the_skin():
    points, triangles = sheet()
    corners, shares = on_vertices([at(0, 0)])
    where = np.einsum("pk,pkd->pd", shares, points[corners])
    skin = SkinDistances(points, triangles, corners, where)
    away = skin.of_points(slice(0, 1), math.inf)[0][skin.node]
    straight = np.linalg.norm(points, axis=1)
    assert (away >= straight - 1e-12).all()
    assert (away <= 1.42 * straight + 1e-9).all()
    assert away[at(0, 20)] == pytest.approx(20 * STEP)
    near = skin.of_points(slice(0, 1), 5.01 * STEP)[0][skin.node]
    assert np.isinf(near[at(0, 6)])
    assert near[at(0, 5)] == pytest.approx(5 * STEP)


def test_colours_get_hotter_and_stay_so():
    values = np.linspace(0.0, 6.0, 61)
    colours = heat_colours(values, 3.0)
    assert colours.shape == (61, 4)
    assert ((colours >= 0) & (colours <= 1)).all()
    assert (colours[:, 3] == 1.0).all()
    assert (colours[values >= 3.0] == colours[-1]).all()
    warm = colours[:, 0] - colours[:, 2]
    assert warm[0] < 0 < warm[10]
    assert (np.abs(np.diff(colours[values <= 3.0], axis=0)).max(axis=1) > 1e-3).all(), "all differ"
    assert heat_colours(values / 2, 1.5) == pytest.approx(colours), "by the part of the full one"


def test_how_far_points_are_off_at_a_frame_and_over_the_take():
    away = np.array([[3.0, 0.0, 1.0], [4.0, 0.0, 2.0]])
    valid = np.array([[True, False, True], [True, False, False]])
    assert off_at(away, valid, 1)[0] == 4.0
    assert np.isnan(off_at(away, valid, 1)[1:]).all()
    whole = off_at(away, valid, None)
    assert whole[0] == pytest.approx(math.sqrt(12.5))
    assert np.isnan(whole[1])
    assert whole[2] == 1.0
