# SPDX-License-Identifier: GPL-3.0-or-later
"""Head and eye poses of other recorders: against rotations that are written out by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from facemocap_addon.core.formats.eye_axes import ARKIT_REST, EyeAxes, find_eye_axes
from facemocap_addon.core.formats.head_pose import (
    AxisSigns,
    eye_from_matrices,
    head_from_euler,
    head_from_matrices,
    head_position,
    position_channels,
)
from facemocap_addon.core.rotations import from_vector, head_vectors, to_matrix

USUAL = EyeAxes(0, 1.0, 1.0, False, False, "As usual.")


def random_rotations(count: int, seed: int) -> np.ndarray:
    return Rotation.from_quat(np.random.default_rng(seed).normal(size=(count, 4))).as_matrix()


def turned(axis: str, degrees: float) -> np.ndarray:
    return Rotation.from_euler(axis, degrees, degrees=True).as_matrix()[None]


# the face looks along +z, x is the subject's left, y is up
@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (turned("y", 20), (20, 0, 0)),  # z turns towards x: to the subject's left
        (turned("x", 10), (0, -10, 0)),  # z turns towards -y: chin down
        (turned("z", 5), (0, 0, -5)),  # y turns towards -x: to the subject's right shoulder
    ],
)
def test_turns_about_one_axis(matrix: np.ndarray, expected: tuple[float, ...]):
    assert np.degrees(head_from_matrices(matrix)[0]) == pytest.approx(expected)


def test_matrices_give_the_rotation_that_the_product_makes_of_the_angles():
    matrices = random_rotations(200, 4)
    yaw, pitch, roll = head_from_matrices(matrices).T
    assert to_matrix(from_vector(head_vectors(yaw, pitch, roll))) == pytest.approx(
        matrices, abs=1e-9
    )


def test_a_head_that_looks_straight_up_keeps_its_rotation():
    matrices = np.concatenate([turned("y", 30) @ turned("x", sign * 90) for sign in (1, -1)])
    yaw, pitch, roll = head_from_matrices(matrices).T
    assert np.abs(np.degrees(pitch)) == pytest.approx(90)
    assert to_matrix(from_vector(head_vectors(yaw, pitch, roll))) == pytest.approx(
        matrices, abs=1e-6
    )


def test_a_scaled_matrix_is_the_same_rotation():
    matrices = random_rotations(20, 5)
    assert head_from_matrices(matrices * 0.01) == pytest.approx(head_from_matrices(matrices))


@pytest.mark.parametrize("flips", list(product((1.0, -1.0), repeat=2)))
def test_euler_angles_of_a_flipped_frame(flips: tuple[float, float]):
    """The same rotation written in a frame with flipped axes gives the same channels."""
    flip = np.diag([flips[0], 1.0, flips[1]])
    angles = np.radians([[12.0, -25.0, 7.0], [-30.0, 40.0, -15.0]])
    ours = np.array([_ry(y) @ _rx(x) @ _rz(z) for x, y, z in angles])
    # a rotation in the other frame, taken apart there in the same order; with an odd number of
    # flips the frame is left-handed, and its own positive turns go the other way round
    seen = flip @ ours @ flip
    x = np.arcsin(-seen[:, 1, 2])
    y = np.arctan2(seen[:, 0, 2], seen[:, 2, 2])
    z = np.arctan2(seen[:, 1, 0], seen[:, 1, 1])
    signs = AxisSigns(down=flips[1], left=flips[0] * flips[1])
    expected = head_from_matrices(ours)
    assert head_from_euler(np.stack([x, y, z], axis=1), signs) == pytest.approx(expected)
    assert head_position(np.array([[1.0, 2.0, 3.0]]) @ flip, signs) == pytest.approx(
        np.array([[1.0, 2.0, 3.0]])
    )


def _rx(a: float) -> np.ndarray:
    return np.array([[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]])


def _ry(a: float) -> np.ndarray:
    return np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])


def _rz(a: float) -> np.ndarray:
    return np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])


def test_eye_matrices():
    right_and_down = turned("x", 10) @ turned("y", -20)
    assert np.degrees(eye_from_matrices(right_and_down)[0]) == pytest.approx((20, 10))


def test_position_channels_mirror():
    channels = position_channels()
    assert [channel.name for channel in channels] == ["headX", "headY", "headZ"]
    assert [channel.kind for channel in channels] == ["translation"] * 3
    assert [channel.sign for channel in channels] == [-1.0, 1.0, 1.0]


# --- eyes ----------------------------------------------------------------------------------------


def looking(count: int = 200, rest: float = 0.0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Coefficients of eyes that look about, and (left, right) x (pitch down, yaw left)."""
    rng = np.random.default_rng(2)
    yaw, pitch = rng.uniform(-0.4, 0.4, count), rng.uniform(-0.2, 0.3, count)
    eyes = np.stack([np.stack([pitch, yaw + outward], axis=1) for outward in (rest, -rest)], axis=1)
    values = {}
    for side, inward in (("Left", -yaw), ("Right", yaw)):
        values[f"eyeLookIn{side}"] = np.maximum(inward, 0) / 0.62
        values[f"eyeLookOut{side}"] = np.maximum(-inward, 0) / 0.58
        values[f"eyeLookDown{side}"] = np.maximum(pitch, 0) / 0.615
        values[f"eyeLookUp{side}"] = np.maximum(-pitch, 0) / 0.45
    return values, eyes


@pytest.mark.parametrize("pitch", [0, 1])
@pytest.mark.parametrize(("down", "left"), list(product((1.0, -1.0), repeat=2)))
def test_axes_are_told_by_the_coefficients(pitch: int, down: float, left: float):
    values, eyes = looking()
    written = eyes * [down, left]
    written = written[:, :, ::-1] if pitch == 1 else written
    noise = np.random.default_rng(0).normal(0, 0.02, eyes.shape)
    axes = find_eye_axes(written + noise, np.ones(len(eyes), np.bool_), values, USUAL)
    assert (axes.pitch, axes.down, axes.left, axes.swapped) == (pitch, down, left, False)
    assert axes.told
    found = axes.apply(written)
    expected = np.stack([-eyes[:, 0, 1], eyes[:, 0, 0], -eyes[:, 1, 1], eyes[:, 1, 0]], axis=1)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("swapped", [False, True])
def test_sides_are_told_by_eyes_that_look_outwards_at_rest(swapped: bool):
    values, eyes = looking(rest=ARKIT_REST)
    written = eyes[:, ::-1] if swapped else eyes
    usual = EyeAxes(0, 1.0, 1.0, not swapped, False, "As usual.")
    axes = find_eye_axes(written, np.ones(len(eyes), np.bool_), values, usual, arkit=True)
    assert (axes.swapped, axes.left) == (swapped, 1.0)
    assert ("exchanged" in axes.reason) == swapped


def test_eyes_that_stand_still_or_jump_about_tell_nothing():
    values, eyes = looking()
    every = np.ones(len(eyes), np.bool_)
    still = {name: np.zeros(len(eyes)) for name in values}
    assert find_eye_axes(eyes, every, still, USUAL) is USUAL
    noise = np.random.default_rng(1).normal(0, 0.3, eyes.shape)
    assert find_eye_axes(noise, every, values, USUAL) is USUAL
    assert find_eye_axes(eyes, ~every, values, USUAL) is USUAL
    assert find_eye_axes(eyes, every, {}, USUAL) is USUAL
