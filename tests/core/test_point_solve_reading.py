# SPDX-License-Identifier: GPL-3.0-or-later
"""Points that a solve reads: outliers at rest, holes, stuck markers, dense landmarks."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.point_solve.neutral_face import best_neutral, likely_neutrals
from facemocap_addon.core.point_solve.performing import STABLE, read_actor
from facemocap_addon.core.point_solve.settings import SolveSettings
from facemocap_addon.core.points import point_channels, point_values
from facemocap_addon.core.rotations import from_vector, to_matrix
from facemocap_addon.core.take import Take, make_take

RATE = 60


def head(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    turns = to_matrix(from_vector(0.25 * np.sin(2 * times)[:, None] * [0.3, 1.0, 0.1]))
    return turns, np.stack([0.03 * np.sin(times), 0.02 * times, 0.0 * times], axis=1)


def skull(count: int) -> np.ndarray:
    """Points (p, 3) of the upper front of a ball as large as a head, metres."""
    rng = np.random.default_rng(5)
    side, up = rng.uniform(-1.3, 1.3, count), rng.uniform(-0.3, 1.0, count)
    return 0.09 * np.stack([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)], 1)


def take_of(times: np.ndarray, on_head: np.ndarray, valid: np.ndarray | None = None) -> Take:
    turns, way = head(times)
    seen = np.einsum("nij,npj->npi", turns, on_head) + way[:, None]
    names = [f"P{number}" for number in range(on_head.shape[1])]
    there = np.ones(seen.shape[:2], np.bool_) if valid is None else valid
    values, known = point_values(seen, there)
    return make_take(times, point_channels(names), values, valid=known, rate=RATE)


def test_points_that_lie_off_at_rest_have_no_say_in_it():
    times = np.arange(120) / RATE
    places = np.repeat(skull(12)[None], len(times), axis=0)
    # in one of the first frames half of the points are off, by less than repairs look for
    places[1, :6] += [0.0, 0.0018, 0.0]
    motion = read_actor(take_of(times, places), SolveSettings(repair=False))
    start, usual = likely_neutrals(motion)[0], np.median(motion.on_head, axis=0)
    assert np.abs(start - usual).max() < 5e-5


def test_the_first_face_that_costs_hardly_more_is_taken():
    faces = [np.full((4, 3), float(number)) for number in range(4)]

    def chosen(*costs: float) -> int:
        return int(best_neutral(faces, lambda face: costs[int(face[0, 0])])[0, 0])

    assert chosen(1.00, 1.01, 1.00, 0.99) == 0
    # distances of points that are noisy differ by little where rest is wrong by a millimetre
    assert chosen(1.04, 1.06, 1.00, 1.01) == 2
    # what is less than the character's own shapes are wrong by decides nothing
    assert chosen(0.066, 0.12, 0.053, 0.06) == 0


def test_long_holes_are_not_believed_and_short_ones_are_filled():
    times = np.arange(180) / RATE
    places = np.repeat(skull(12)[None], len(times), axis=0)
    valid = np.ones(places.shape[:2], np.bool_)
    valid[[40, 41]] = False
    valid[90:120] = False
    motion = read_actor(take_of(times, places, valid), SolveSettings())
    assert motion.valid[:90].all()
    assert motion.valid[120:].all()
    assert not motion.valid[90:120].any()
    assert np.abs(motion.on_head[[40, 41]] - motion.on_head[39]).max() < 2e-4


def test_a_marker_that_hangs_in_the_air_is_not_on_the_face():
    times = np.arange(180) / RATE
    places = np.repeat(skull(12)[None], len(times), axis=0)
    turns, way = head(times)
    # where it is on the head when it does not move in the room
    spot = np.array([0.02, -0.05, 0.09])
    places[:, 11] = np.einsum("nji,nj->ni", turns, spot - way)
    motion = read_actor(take_of(times, places), SolveSettings())
    assert not motion.valid[:, 11].any()
    assert motion.valid[:, :11].all()
    assert motion.repairs.counts() == {"stuck": 1}


def test_of_many_landmarks_some_tell_the_head_as_exactly():
    times = np.arange(90) / RATE
    rng = np.random.default_rng(1)
    places = np.repeat(skull(240)[None], len(times), axis=0)
    places += rng.normal(0.0, 3e-4, places.shape)
    motion = read_actor(take_of(times, places), SolveSettings())
    assert len(motion.head.columns) == STABLE
    turns, _ = head(times)
    # one rotation says how the head's frame lies
    left, _, right = np.linalg.svd(np.einsum("nij,nik->jk", motion.head.rotations, turns))
    common = left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right
    off = motion.head.rotations @ common @ turns.transpose(0, 2, 1)
    cosine = (np.trace(off, axis1=1, axis2=2) - 1.0) / 2.0
    error = np.degrees(np.sqrt((np.arccos(np.clip(cosine, -1, 1)) ** 2).mean()))
    # noise over lever and root of points: three turns of 0.3 mm on 50 mm by 60 points
    assert error < np.degrees(np.sqrt(3) * 3e-4 / 0.05 / np.sqrt(STABLE))
    assert error == pytest.approx(0.0, abs=0.08)
