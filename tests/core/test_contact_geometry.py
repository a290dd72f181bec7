# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids and lips found on surfaces whose edges are known, and amounts that close them."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.contacts.closing import Closing, apply_amounts, close_openings, room
from facemocap_addon.core.contacts.gaps import gap, middle_half, overlap, separations, width
from facemocap_addon.core.contacts.lids import find_lids
from facemocap_addon.core.contacts.margins import Opening, opening_from_json
from facemocap_addon.core.contacts.mouth import find_mouth
from facemocap_addon.core.contacts.slices import MeshPoints, cut_mesh

UP = np.array([0.0, 1.0, 0.0])


def grid_triangles(rows: int, columns: int) -> np.ndarray:
    """Triangles of a grid of points in rows."""
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    one = np.stack([first, first + 1, first + columns], axis=1)
    two = np.stack([first + 1, first + columns + 1, first + columns], axis=1)
    return np.concatenate([one, two])


def eye(half_height: float, tilt: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Skin on a sphere with an almond hole: points and triangles.

    The grid follows the hole: its rows begin on the hole's edge.
    """
    aside = np.radians(np.linspace(-80, 80, 65))
    reach = np.cos(np.clip(aside / np.radians(42), -1, 1) * np.pi / 2)
    levels = np.linspace(0.0, 1.0, 12)
    parts: list[np.ndarray] = []
    triangles: list[np.ndarray] = []
    for side in (1.0, -1.0):
        edge = side * (half_height * reach + 1e-4) + tilt * aside
        height = edge[None] + levels[:, None] * (side * np.radians(75) - edge[None])
        x = np.cos(height) * np.sin(aside)
        z = np.cos(height) * np.cos(aside)
        triangles.append(grid_triangles(*height.shape) + sum(map(len, parts)))
        parts.append(np.stack([x, np.sin(height), z], axis=2).reshape(-1, 3))
    return np.concatenate(parts), np.concatenate(triangles)


def test_a_sphere_is_cut_in_a_circle():
    angles = np.linspace(0, np.pi, 30)[:, None], np.linspace(0, 2 * np.pi, 60)[None]
    points = np.stack(
        [
            (np.sin(angles[0]) * np.cos(angles[1])),
            (np.sin(angles[0]) * np.sin(angles[1])),
            np.cos(angles[0]) + 0 * angles[1],
        ],
        axis=2,
    ).reshape(-1, 3)
    (cut,) = cut_mesh(grid_triangles(30, 60), points[:, 1], np.array([0.3]))
    places = cut.crossings.at(points)
    assert places[:, 1] == pytest.approx(0.3)
    assert np.hypot(places[:, 0], places[:, 2]) == pytest.approx(np.sqrt(1 - 0.09), abs=0.02)
    # every crossing joins two pieces: the circle is closed, away from the grid's seam
    assert (np.bincount(cut.pieces.ravel()) == 2).all()


def test_no_triangle_no_cut():
    (cut,) = cut_mesh(np.array([[0, 1, 2]]), np.array([0.0, 1.0, 2.0]), np.array([5.0]))
    assert len(cut.crossings) == 0


@pytest.mark.parametrize("half_height", [0.12, 0.3, 0.5])
@pytest.mark.parametrize("tilt", [0.0, 0.15])
@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0), (0.5, 0.1, -0.2)])
def test_lids_are_the_edge_of_the_hole(half_height: float, tilt: float, centre: tuple[float, ...]):
    points, triangles = eye(half_height, tilt)
    points = 0.2 * points + np.array(centre)
    found = find_lids(points, triangles, np.ones(len(points), bool), np.array(centre), radius=0.2)
    assert found is not None
    for edge, side in ((found.upper, 1.0), (found.lower, -1.0)):
        arms = (edge.at(points) - np.array(centre)) / 0.2
        aside = np.arctan2(arms[:, 0], arms[:, 2])
        height = np.arctan2(arms[:, 1], np.hypot(arms[:, 0], arms[:, 2]))
        true = side * half_height * np.cos(aside / np.radians(42) * np.pi / 2) + tilt * aside
        assert height == pytest.approx(true, abs=0.012)
    # most of the hole lies between its corners
    assert width(found, points) > 0.2 * 1.0


def test_a_closed_skin_has_no_lids():
    points, triangles = eye(0.0)
    # the two halves are sewn together along the edge
    assert find_lids(points, triangles, np.ones(len(points), bool), np.zeros(3), 1.0) is None


def mouth(gap_at_rest: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two sheets that meet in a mouth line, with a bag behind; at rest, open, and triangles."""
    across = np.linspace(-1.0, 1.0, 81)
    arch = 0.03 * np.cos(across * np.pi)
    inside = np.abs(across) < 0.4
    depth = np.array([0.0, -0.1, -0.3])
    parts: list[np.ndarray] = []
    for side in (1.0, -1.0):
        rows: list[np.ndarray] = []
        for step in np.linspace(1.0, 0.0, 12):
            line = -1.05 + arch + side * (0.5 * step + 0.5 * gap_at_rest * inside * (step == 0))
            rows.append(np.stack([across, line, 0.5 - 0.2 * across**2 + 0 * across], axis=1))
        for back in depth[1:]:
            row = rows[11].copy()
            row[:, 2] += np.where(inside, back, 0.0)
            row[:, 1] += np.where(inside, side * -back * 0.5, 0.0)
            rows.append(row)
        parts.append(np.concatenate(rows))
    triangles = np.concatenate([grid_triangles(14, 81), grid_triangles(14, 81) + len(parts[0])])
    rest = np.concatenate(parts)
    drop = np.where(np.abs(rest[:, 0]) < 0.4, np.cos(rest[:, 0] / 0.4 * np.pi / 2), 0.0)
    opened = rest.copy()
    opened[len(parts[0]) :, 1] -= 0.5 * drop[len(parts[0]) :]
    return rest, opened, triangles


@pytest.mark.parametrize("gap_at_rest", [0.0, 0.03])
def test_lips_are_where_the_mouth_parts(gap_at_rest: float):
    rest, opened, triangles = mouth(gap_at_rest)
    found = find_mouth(rest, opened, triangles, np.ones(len(rest), bool))
    assert found is not None
    places = found.upper.at(rest)
    line = -1.05 + 0.03 * np.cos(places[:, 0] * np.pi)
    assert places[:, 1] == pytest.approx(line + 0.5 * gap_at_rest, abs=0.008)
    assert found.lower.at(rest)[:, 1] == pytest.approx(line - 0.5 * gap_at_rest, abs=0.008)
    assert width(found, rest) == pytest.approx(0.76, abs=0.08)
    wide = separations(found, opened, UP)
    x = places[middle_half(len(places)), 0]
    assert wide == pytest.approx(0.5 * np.cos(x / 0.4 * np.pi / 2) + gap_at_rest, abs=0.02)


def test_a_mouth_that_nothing_opens_is_none():
    rest, _, triangles = mouth()
    assert find_mouth(rest, rest, triangles, np.ones(len(rest), bool)) is None


def test_openings_survive_being_written():
    rest, opened, triangles = mouth()
    found = find_mouth(rest, opened, triangles, np.ones(len(rest), bool))
    assert found is not None
    again = opening_from_json(found.to_json())
    assert (separations(again, opened, UP) == separations(found, opened, UP)).all()
    numbers = np.arange(len(rest))[::-1].copy()
    turned = found.renumbered(numbers)
    assert (separations(turned, opened[::-1], UP) == separations(found, opened, UP)).all()


def test_gaps_count_what_is_open_and_overlaps_what_laps():
    separated = np.array([[1.0, -1.0, 2.0, 0.0]])
    assert gap(separated) == pytest.approx([0.75])
    assert overlap(separated) == pytest.approx([0.25])


def one_opening() -> Opening:
    points = MeshPoints(np.zeros((4, 2), np.int32), np.zeros(4))
    return Opening(points, points)


@pytest.mark.parametrize("bend", [0.0, 0.3, -0.15])
def test_amounts_bring_gaps_to_what_is_wanted(bend: float):
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 0.4, (300, 3))
    wanted = rng.uniform(0.5, 90, 300)
    fall = np.array([80.0, 100.0, 120.0, 90.0])

    def measure(v: np.ndarray) -> dict[str, np.ndarray]:
        shut = v[:, [0]] + bend * v[:, [0]] ** 2
        return {"a": 100.0 - fall * shut - 10 * v[:, [1]], "b": 60.0 - 90 * v[:, [2]] + 0 * fall}

    limits = np.array([[0.0, 3.0], [0.0, 1.0], [0.0, 1.0]])
    seen = measure(values)
    nought = np.zeros(300)
    closings = [
        Closing("a", np.array([1.0, 0, 0]), np.minimum(wanted, gap(seen["a"])), nought, nought + 3),
        Closing("b", np.array([0, 0, 1.0]), nought + 30.0, nought, nought + 1),
    ]
    amounts, _ = close_openings(values, closings, measure, limits, seen)
    after = measure(apply_amounts(values, closings, amounts, limits))
    assert gap(after["a"]) == pytest.approx(closings[0].wanted, abs=0.1)
    assert (gap(after["b"]) <= np.maximum(30.0 + 0.1, 0)).all()
    # what is closed as far already is left alone, to the bit
    done = gap(seen["b"]) <= 30.0
    assert done.any()
    assert (amounts[done, 1] == 0.0).all()


def test_limits_hold_whatever_is_wanted():
    values = np.full((5, 1), 0.5)

    def measure(v: np.ndarray) -> dict[str, np.ndarray]:
        return {"a": np.repeat(100.0 - 50.0 * v, 3, axis=1)}

    limits = np.array([[0.0, 1.0]])
    direction = np.array([1.0])
    high = room(values, direction, limits)
    assert high == pytest.approx(0.5)
    closing = Closing("a", direction, np.full(5, 0.5), np.zeros(5), np.full(5, 3.0))
    amounts, _ = close_openings(values, [closing], measure, limits, measure(values))
    assert apply_amounts(values, [closing], amounts, limits) == pytest.approx(1.0)
