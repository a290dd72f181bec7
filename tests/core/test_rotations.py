# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations against scipy, which shares no code with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation

from facemocap_addon.core import rotations
from facemocap_addon.core.rotations import EULER_ORDERS

VECTORS = arrays(np.float64, (5, 3), elements=st.floats(-3.0, 3.0))


def scipy_of(quaternions: np.ndarray) -> Rotation:
    return Rotation.from_quat(np.asarray(quaternions)[:, [1, 2, 3, 0]])


def off_rad(one: Rotation, two: Rotation) -> float:
    return float((one.inv() * two).magnitude().max())


@given(VECTORS)
def test_vectors_to_quaternions_and_back(vectors: np.ndarray) -> None:
    q = rotations.from_vector(vectors)
    assert off_rad(scipy_of(q), Rotation.from_rotvec(vectors)) < 1e-9
    back = rotations.to_vector(q)
    assert (np.linalg.norm(back, axis=1) <= np.pi + 1e-9).all()
    assert off_rad(Rotation.from_rotvec(back), Rotation.from_rotvec(vectors)) < 1e-7
    small = np.linalg.norm(vectors, axis=1) < 3.1
    np.testing.assert_allclose(back[small], vectors[small], atol=1e-9)


@given(VECTORS, VECTORS)
def test_products_and_matrices(a: np.ndarray, b: np.ndarray) -> None:
    one, two = Rotation.from_rotvec(a), Rotation.from_rotvec(b)
    product = rotations.multiply(rotations.from_vector(a), rotations.from_vector(b))
    assert off_rad(scipy_of(product), one * two) < 1e-7
    np.testing.assert_allclose(
        rotations.to_matrix(rotations.from_vector(a)), one.as_matrix(), atol=1e-12
    )


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_turns_about_an_axis(axis: int) -> None:
    angles = np.linspace(-4, 4, 9)
    q = rotations.from_axis(axis, angles)
    assert off_rad(scipy_of(q), Rotation.from_rotvec(np.eye(3)[axis] * angles[:, None])) < 1e-9


@pytest.mark.parametrize("order", EULER_ORDERS)
@given(vectors=VECTORS)
def test_euler_angles_are_the_same_rotation(order: str, vectors: np.ndarray) -> None:
    q = rotations.from_vector(vectors)
    angles = rotations.to_euler(q, order)
    # scipy's lower case letters: turns about fixed axes, the first letter first
    letters = order.lower()
    again = Rotation.from_euler(letters, angles[:, ["xyz".index(c) for c in letters]])
    assert off_rad(again, scipy_of(q)) < 1e-6


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_euler_angles_at_the_pole(order: str) -> None:
    """A quarter turn about the middle axis, where two of the angles mean the same."""
    middle = "XYZ".index(order[1])
    for sign in (1, -1):
        for extra in (0.0, 0.4, -2.0):
            q = rotations.multiply(
                rotations.from_axis(middle, np.full(3, sign * np.pi / 2)),
                rotations.from_axis("XYZ".index(order[0]), np.full(3, extra)),
            )
            angles = rotations.to_euler(q, order)
            letters = order.lower()
            again = Rotation.from_euler(letters, angles[:, ["xyz".index(c) for c in letters]])
            assert off_rad(again, scipy_of(q)) < 1e-6


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_euler_angles_pass_half_a_turn_without_a_jump(order: str) -> None:
    turn = np.linspace(0, 9.0, 200)
    for axis in range(3):
        angles = rotations.to_euler(rotations.from_axis(axis, turn), order)
        if "XYZ".index(order[1]) != axis:
            np.testing.assert_allclose(angles[:, axis], turn, atol=1e-6)
        again = Rotation.from_euler(
            order.lower(), angles[:, ["xyz".index(c) for c in order.lower()]]
        )
        assert off_rad(again, Rotation.from_rotvec(np.eye(3)[axis] * turn[:, None])) < 1e-6


def test_unknown_orders_are_named() -> None:
    with pytest.raises(ValueError, match="'XXZ'"):
        rotations.to_euler(np.array([[1.0, 0, 0, 0]]), "XXZ")


@given(VECTORS, st.lists(st.booleans(), min_size=5, max_size=5))
def test_signs_are_made_continuous(vectors: np.ndarray, flips: list[bool]) -> None:
    q = rotations.from_vector(vectors)
    mixed = q * np.where(flips, -1.0, 1.0)[:, None]
    out = rotations.continuous(mixed)
    assert (np.einsum("ij,ij->i", out[1:], out[:-1]) >= 0).all()
    np.testing.assert_allclose(np.abs(out), np.abs(q), atol=0)
    np.testing.assert_array_equal(out[0], mixed[0])


def test_continuous_of_nothing_and_of_one() -> None:
    assert rotations.continuous(np.zeros((0, 4))).shape == (0, 4)
    assert rotations.continuous(np.array([[-1.0, 0, 0, 0]])).tolist() == [[-1.0, 0, 0, 0]]
    assert rotations.to_axis_angle(np.zeros((0, 4))).shape == (0, 4)
    assert rotations.to_euler(np.zeros((0, 4)), "XYZ").shape == (0, 3)


@given(VECTORS)
def test_axis_angle_is_the_same_rotation(vectors: np.ndarray) -> None:
    q = rotations.continuous(rotations.from_vector(vectors))
    out = rotations.to_axis_angle(q)
    np.testing.assert_allclose(np.linalg.norm(out[:, 1:], axis=1), 1.0, atol=1e-9)
    assert off_rad(Rotation.from_rotvec(out[:, :1] * out[:, 1:]), scipy_of(q)) < 1e-6


def test_axis_angle_goes_on_through_nought_and_half_a_turn() -> None:
    turn = np.concatenate([np.zeros(5), np.linspace(-1.0, 5.0, 121)])
    q = rotations.continuous(rotations.from_axis(2, turn))
    out = rotations.to_axis_angle(q)
    # one axis all the way, from the still frames at the start
    np.testing.assert_allclose(out[:, 1:], np.tile(out[0, 1:], (len(out), 1)), atol=1e-9)
    np.testing.assert_allclose(np.diff(out[5:, 0]) * out[0, 3], np.diff(turn[5:]), atol=1e-9)


@given(arrays(np.float64, (4, 3), elements=st.floats(-1.4, 1.4)))
def test_the_heads_rotation(angles: np.ndarray) -> None:
    """R = Ry(yaw) Rx(pitch) Rz(roll) with x to the subject's right, y up, z into the face."""
    yaw, pitch, roll = angles.T
    recorder = Rotation.from_euler("YXZ", np.stack([yaw, pitch, roll], axis=1))
    # the same turn seen from x to its left, y up, z out of the face
    half = Rotation.from_euler("y", np.pi)
    ours = half.inv() * recorder * half
    got = Rotation.from_rotvec(rotations.head_vectors(yaw, pitch, roll))
    assert off_rad(got, ours) < 1e-7


def test_the_heads_signs_in_words() -> None:
    front, up = np.array([0.0, 0, 1]), np.array([0.0, 1, 0])
    one = np.array([0.5])
    nought = np.zeros(1)
    left = Rotation.from_rotvec(rotations.head_vectors(one, nought, nought)).apply(front)
    assert left[0, 0] > 0.4
    chin = Rotation.from_rotvec(rotations.head_vectors(nought, one, nought)).apply(front)
    assert chin[0, 1] > 0.4
    lean = Rotation.from_rotvec(rotations.head_vectors(nought, nought, one)).apply(up)
    assert lean[0, 0] > 0.4


@given(VECTORS, arrays(np.int8, 5, elements=st.integers(-2, 2)))
def test_vectors_near_others_are_the_same_rotations(vectors: np.ndarray, turns: np.ndarray) -> None:
    """Whatever whole turns were added, the way back is found."""
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    axis = np.where(size > 1e-6, vectors / np.maximum(size, 1e-6), [0.0, 1.0, 0.0])
    far = vectors + 2 * np.pi * turns[:, None] * axis
    near = far + 0.1
    found = rotations.nearest_vectors(vectors, near)
    assert off_rad(Rotation.from_rotvec(found), Rotation.from_rotvec(vectors)) < 1e-6
    regular = size[:, 0] > 1e-6
    np.testing.assert_allclose(found[regular], far[regular], atol=1e-6)


def test_a_rotation_of_nought_goes_on_about_the_axis_it_came_by() -> None:
    near = np.array([[0.0, 6.2, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, 0.0]])
    found = rotations.nearest_vectors(np.zeros((3, 3)), near)
    np.testing.assert_allclose(found, [[0, 2 * np.pi, 0], [0, 0, 0], [0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("axis", [(0, 1, 0), (1, 0, 0), (0.6, 0.7, -0.4)])
def test_vectors_pass_half_a_turn_without_jumping_back(axis: tuple[float, ...]) -> None:
    unit = np.array(axis) / np.linalg.norm(axis)
    angle = np.concatenate([np.linspace(0, 5.5, 80), np.linspace(5.5, -4.0, 120)])
    short = rotations.to_vector(rotations.from_vector(angle[:, None] * unit))
    assert np.linalg.norm(np.diff(short, axis=0), axis=1).max() > 5
    np.testing.assert_allclose(
        rotations.continuous_vectors(short), angle[:, None] * unit, atol=1e-9
    )
    assert rotations.continuous_vectors(np.zeros((0, 3))).shape == (0, 3)


@given(arrays(np.float64, (6, 3), elements=st.floats(-3.1, 3.1)))
def test_continuous_head_angles_are_the_same_rotations(angles: np.ndarray) -> None:
    out = rotations.continuous_head_angles(angles)
    one = Rotation.from_rotvec(rotations.head_vectors(*angles.T))
    assert off_rad(Rotation.from_rotvec(rotations.head_vectors(*out.T)), one) < 1e-6
    np.testing.assert_array_equal(out[0], angles[0])


def test_head_angles_go_on_where_a_recorder_wraps_or_changes_over() -> None:
    t = np.linspace(0, 4, 400)
    true = np.stack([4.0 * np.sin(t), 1.9 * np.sin(1.3 * t), 0.4 * np.sin(2 * t)], axis=1)
    wrapped = (true + np.pi) % (2 * np.pi) - np.pi
    # past straight up some write the head as turned round and bent over backwards
    over = np.abs(true[:, 1]) > np.pi / 2
    other = np.pi + true * [1, -1, 1]
    changed = np.where(over[:, None], (other + np.pi) % (2 * np.pi) - np.pi, wrapped)
    assert over.any()
    assert np.abs(np.diff(changed, axis=0)).max() > 3
    np.testing.assert_allclose(rotations.continuous_head_angles(changed), true, atol=1e-9)
    assert rotations.continuous_head_angles(np.zeros((0, 3))).shape == (0, 3)
