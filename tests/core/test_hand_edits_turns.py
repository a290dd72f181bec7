# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand edits of turns: the four curves of a quaternion or an axis-angle are edited as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facemocap_addon.core.hand_edits.finding import CHANGED, Strand, find_edits
from facemocap_addon.core.hand_edits.keys import plain_keys
from facemocap_addon.core.hand_edits.merging import (
    Compose,
    add_edits,
    turn_axis_angles,
    turn_quaternions,
)

COUNT = 20
SEEDS = st.integers(0, 10**6)


def quaternions(seed: int, size: float = 0.5) -> np.ndarray:
    """A smooth turn, unit length."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, COUNT)[:, None]
    vector = size * np.sin(2 * np.pi * t * rng.uniform(0.5, 1.5, 3) + rng.uniform(0, 6, 3))
    angle = np.linalg.norm(vector, axis=1, keepdims=True)
    return np.concatenate([np.cos(angle / 2), np.sin(angle / 2) * vector / angle], axis=1)


def axis_angles(turns: np.ndarray) -> np.ndarray:
    half = np.arccos(np.clip(turns[:, :1], -1, 1))
    return np.concatenate([2 * half, turns[:, 1:] / np.sin(half)], axis=1)


def strand(numbers: np.ndarray) -> Strand:
    return tuple(plain_keys(np.arange(float(COUNT)), column, 1) for column in numbers.T)


def columns(keys: Strand) -> np.ndarray:
    for each in keys[1:]:
        np.testing.assert_array_equal(each["frame"], keys[0]["frame"])
    return np.stack([each["value"] for each in keys], axis=1).astype(np.float64)


def matrix(q: np.ndarray) -> np.ndarray:
    w, x, y, z = q / np.linalg.norm(q)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + 2 * w * k + 2 * k @ k


def from_axis(numbers: np.ndarray) -> np.ndarray:
    axis = numbers[1:] / np.linalg.norm(numbers[1:])
    return np.array([np.cos(numbers[0] / 2), *(np.sin(numbers[0] / 2) * axis)])


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.integers(1, 6), st.booleans())
def test_edited_quaternions_stay_unit_and_turn_by_the_edit(
    seed: int, edits: int, opposite: bool
) -> None:
    rng = np.random.default_rng(seed)
    machine = strand(quaternions(seed))
    found = tuple(keys.copy() for keys in machine)
    for _ in range(edits):
        # an artist seldom keeps the length
        found[rng.integers(4)]["value"][rng.integers(COUNT)] += rng.normal(0, 0.2)
    known = find_edits(found, machine, machine)
    rows = sorted({int(f) for edit in known for marks in edit.marks for f in marks["frame"]})
    was, now = columns(machine), columns(found)

    same = columns(add_edits(machine, known, turn_quaternions))
    new = (-1 if opposite else 1) * quaternions(seed + 1)
    out = columns(add_edits(strand(new), known, turn_quaternions))
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-6)
    for row in range(COUNT):
        np.testing.assert_allclose(matrix(same[row]), matrix(now[row]), atol=2e-6)
        if row in rows:
            turn = matrix(was[row]).T @ matrix(now[row])
            np.testing.assert_allclose(matrix(out[row]), matrix(new[row]) @ turn, atol=2e-6)
        else:
            np.testing.assert_allclose(out[row], new[row], atol=1e-6)
        # on the same side as the program's own: no turn the long way round between keys
        assert out[row] @ new[row] > 0


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.integers(1, 6), st.booleans(), st.integers(-1, 1))
def test_edited_axis_angles_keep_a_unit_axis_and_run_on(
    seed: int, edits: int, flipped: bool, turns: int
) -> None:
    rng = np.random.default_rng(seed)
    machine = strand(axis_angles(quaternions(seed)))
    found = tuple(keys.copy() for keys in machine)
    for _ in range(edits):
        found[rng.integers(4)]["value"][rng.integers(COUNT)] += rng.normal(0, 0.2)
    known = find_edits(found, machine, machine)
    new = axis_angles(quaternions(seed + 1))
    if flipped:
        new = -new
    new[:, 0] += 2 * np.pi * turns
    out = columns(add_edits(strand(new), known, turn_axis_angles))
    was, now = columns(machine), columns(found)
    np.testing.assert_allclose(np.linalg.norm(out[:, 1:], axis=1), 1, atol=1e-5)
    assert np.abs(out[:, 0] - new[:, 0]).max() < np.pi + 0.01
    for row in range(COUNT):
        turn = matrix(from_axis(was[row])).T @ matrix(from_axis(now[row]))
        wanted = matrix(from_axis(new[row])) @ turn
        np.testing.assert_allclose(matrix(from_axis(out[row])), wanted, atol=1e-5)


def test_a_key_of_one_curve_is_the_artists_there_only() -> None:
    machine = strand(quaternions(1))
    found = tuple(keys.copy() for keys in machine)
    found[2]["value"][7] += 0.2
    found[2]["type"][7] = 0
    (edit,) = find_edits(found, machine, machine)
    assert [marks.tolist() for marks in edit.marks] == [[], [], [(7.0, CHANGED)], []]
    assert edit.edited_keys == 1
    out = add_edits(strand(quaternions(2)), (edit,), turn_quaternions)
    assert [keys["type"][7] for keys in out] == [5, 5, 0, 5]
    alone = edit.component(2)
    assert alone is not None
    assert alone.found[0].tobytes() == found[2][6:9].tobytes()
    assert edit.component(1) is None


@pytest.mark.parametrize("compose", [turn_quaternions, turn_axis_angles])
def test_nought_is_no_turn(compose: Compose) -> None:
    zero, rest = np.zeros((2, 4)), np.array([[0.3, 0, 1, 0], [0.3, 0, 1, 0]])
    out = compose(rest, zero, zero)
    assert np.isfinite(out).all()
    usual = rest / (np.linalg.norm(rest[0]) if compose is turn_quaternions else 1)
    np.testing.assert_allclose(out, usual, atol=1e-7)
