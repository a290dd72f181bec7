# SPDX-License-Identifier: GPL-3.0-or-later
"""Probing's measures on forms whose answers are known: spheres, turned faces, turns."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.controls import BONE, SHAPE_KEY, Control
from facemocap_addon.core.probing.descriptor import EYE_WEIGHT, EYES, NODES, make_describer
from facemocap_addon.core.probing.eyeballs import find_eyes, fit_sphere
from facemocap_addon.core.probing.face_frame import find_frame
from facemocap_addon.core.probing.reference import candidates, reference_motions, side_of
from facemocap_addon.core.probing.scan import Motion, Scan, find_islands, linearity
from facemocap_addon.core.rotations import from_vector, to_matrix

LEFT_EYE = np.array([0.03, 0.0, 0.0])


def _sphere(radius: float, count: int = 200) -> np.ndarray:
    """Evenly spread points (Fibonacci), mirrored in x by construction of the caller."""
    k = np.arange(count) + 0.5
    height = 1 - 2 * k / count
    turn = np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - height**2)
    return radius * np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], axis=1)


def _plain_head() -> tuple[np.ndarray, np.ndarray]:
    """A head in x left, y up, z front: two eyeballs and a wall of skin with a skull behind."""
    ball = _sphere(0.012)
    mirror = np.array([-1.0, 1.0, 1.0])
    xs, ys = np.meshgrid(np.linspace(-0.06, 0.06, 41), np.linspace(-0.1, 0.1, 61))
    skin = np.stack([xs.ravel(), ys.ravel(), 0.016 - 3 * xs.ravel() ** 2], axis=1)
    skull = _sphere(0.09, 400) * [0.8, 1.0, 1.0] + [0.0, 0.01, -0.08]
    parts = [ball + LEFT_EYE, ball * mirror - LEFT_EYE, skin, skull]
    islands = np.repeat(np.arange(4), [len(part) for part in parts])
    return np.concatenate(parts), islands


def _scan(turn: np.ndarray, places: np.ndarray) -> Scan:
    """The head turned and moved; its mouth opens, its left eye looks, its left lid shuts."""
    points, islands = _plain_head()
    mouth = np.flatnonzero((islands == 2) & (points[:, 1] < -0.06) & (np.abs(points[:, 0]) < 0.03))
    drop = np.tile([0.0, -0.01, 0.0], (len(mouth), 1))
    eye = np.flatnonzero(islands == 0)
    look = (points[eye] - LEFT_EYE) @ (to_matrix(from_vector(np.array([0, 0.2, 0]))).T - np.eye(3))
    lid = np.flatnonzero((islands == 2) & (np.linalg.norm(points - LEFT_EYE, axis=1) < 0.022))
    shut = np.tile([0.0, -0.006, 0.0], (len(lid), 1))
    motions = tuple(
        Motion(Control(SHAPE_KEY, "head", name, 0, name), 1.0, rows, moved @ turn.T)
        for name, rows, moved in (("a", mouth, drop), ("b", eye, look), ("c", lid, shut))
    )
    return Scan(points @ turn.T + places, islands, motions)


@pytest.mark.parametrize(
    "vector",
    [(0, 0, 0), (np.pi / 2, 0, 0), (0, np.pi, 0), (0.4, -0.9, 1.3), (1.1, 0.3, -2.0)],
    ids=str,
)
def test_frame_is_found_however_the_head_is_turned(vector: tuple[float, ...]):
    turn = to_matrix(from_vector(np.array(vector, float)))
    frame = find_frame(_scan(turn, np.array([0.4, -2.0, 1.1])))
    assert frame.found_eyes
    assert frame.eye_distance_m == pytest.approx(0.06, rel=1e-3)
    straight = np.abs(turn[:, 0]).max() > 0.9
    # a head that stands askew is found to the nearest 5 degrees and what its form tells
    least = 0.999 if straight and np.allclose(np.abs(turn).max(axis=0), 1) else 0.9
    for row, axis in enumerate(turn.T):
        assert frame.axes[row] @ axis > least
    assert np.linalg.det(frame.axes) == pytest.approx(1.0)
    assert frame.plain[frame.balls[0], 0].mean() == pytest.approx(0.5, abs=0.01)


def test_eye_turn_and_sides_are_measured():
    scan = _scan(np.eye(3), np.zeros(3))
    describer = make_describer(scan, find_frame(scan))
    mouth, look, lid = (describer.describe([motion]) for motion in scan.motions)
    # for small angles the displacement of a turn a is sin(a) times the arm
    assert look[EYES] == pytest.approx(
        EYE_WEIGHT * np.array([0, np.sin(0.2), 0, 0, 0, 0]), abs=1e-4
    )
    assert [side_of(d) for d in (mouth, look, lid)] == ["C", "L", "L"]
    assert not mouth[EYES].any()


def test_a_shift_of_an_eyeball_is_no_turn():
    scan = _scan(np.eye(3), np.zeros(3))
    describer = make_describer(scan, find_frame(scan))
    rows = scan.motions[1].rows
    moved = np.tile([0.001, 0.002, 0.003], (len(rows), 1))
    shift = Motion(Control(BONE, "rig", "x", 0, "x"), 1.0, rows, moved)
    assert np.abs(describer.describe([shift])[EYES]).max() < 1e-6


def test_descriptors_add_up():
    scan = _scan(np.eye(3), np.zeros(3))
    describer = make_describer(scan, find_frame(scan))
    mouth, _, lid = scan.motions
    together = describer.describe([mouth, lid])[: 3 * NODES]
    apart = (describer.describe([mouth]) + describer.describe([lid]))[: 3 * NODES]
    assert together == pytest.approx(apart, abs=1e-12)


def test_sphere_is_fitted_to_a_cap():
    cap = _sphere(0.02, 500)
    cap = cap[cap[:, 2] > 0.006] + [1.0, 2.0, 3.0]
    centre, radius, rough = fit_sphere(cap)
    assert centre == pytest.approx([1, 2, 3], abs=1e-9)
    assert radius == pytest.approx(0.02, rel=1e-7)
    assert rough < 1e-6


def test_large_buttons_are_not_taken_for_eyes():
    points, islands = _plain_head()
    button = _sphere(0.02)
    buttons = [button + np.array([x, -0.9, 0.1]) for x in (0.05, -0.05)]
    all_points = np.concatenate([points, *buttons])
    pieces = np.concatenate([islands, np.repeat([4, 5], len(button))])
    moves = np.zeros(len(all_points), bool)
    moves[: len(points)] = np.linalg.norm(points, axis=1) < 0.07
    pivots = np.array([LEFT_EYE, -LEFT_EYE, [0, -0.9, 0]])
    for hints in ({"moves": moves}, {"pivots": pivots}):
        eyes = find_eyes(all_points, pieces, **hints)
        assert eyes is not None
        places = sorted(ball.centre[0] for ball in eyes)
        assert places == pytest.approx([-0.03, 0.03], abs=1e-6)


def test_islands_join_over_seams():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 0], [2, 0, 0], [5, 0, 0], [6, 0, 0]], float)
    islands = find_islands(points, np.array([[0, 1], [2, 3], [4, 5]]))
    assert len(set(islands[:4])) == 1
    assert len(set(islands)) == 2
    assert islands[4] == islands[5] != islands[0]


def test_linearity():
    full = np.array([[1.0, 0, 0], [0, 2.0, 0]])
    assert linearity(full / 2, full) == 1.0
    assert linearity(np.zeros((2, 3)), full) == 0.0
    assert linearity(full / 2 + [0.05, 0, 0], full) == pytest.approx(1 - 0.1 * 2**0.5 / 5**0.5)


def test_reference_sides_are_those_of_the_names():
    motions, _ = reference_motions()
    assert len(motions) == 52
    for name, motion in motions.items():
        sided = name not in ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
        named = {"Left": "L", "ight": "R"}.get(name[-4:], "C") if sided else "C"
        assert side_of(motion) == named, name
    names = [candidate.name for candidate in candidates()]
    assert len(names) == len(set(names))
    assert "eyeLookInLeft + eyeLookOutRight" in names
