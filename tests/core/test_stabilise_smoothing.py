# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothing: less noise, no delay, fast turns kept, rotations smoothed as rotations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from stabilise_scenes import points_at, rigid_scene, turn_errors

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.stabilise import HeadMotion, separate_head, smooth_head
from facemocap_addon.core.stabilise.smoothing import smooth_series


def noisy_motion(truth: FloatArray, noise_rad: float, seed: int = 0) -> HeadMotion:
    """A head's motion with known noise of its rotations."""
    frames = len(truth)
    rng = np.random.default_rng(seed)
    turns = truth @ Rotation.from_rotvec(noise_rad * rng.normal(size=(frames, 3))).as_matrix()
    return HeadMotion(
        turns, np.zeros((frames, 3)), np.arange(4), np.eye(4, 3), np.ones(4),
        np.ones((frames, 4)), np.zeros(frames), np.zeros(frames, np.bool_), 1e-4,
        np.tile(noise_rad**2 * np.eye(3), (frames, 1, 1)), np.full(frames, 1e-8),
    )  # fmt: skip


def rms(values: FloatArray) -> float:
    return float(np.sqrt((values**2).mean()))


def test_smoothing_halves_the_error_without_delay() -> None:
    scene = rigid_scene(12, 600, off=0.1, lost=0.05)
    motion = separate_head(scene.points, scene.points.names)
    smooth = smooth_head(motion)
    rows = np.ones(600, np.bool_)
    assert rms(turn_errors(smooth.rotations, scene.turns, rows)) < 0.5 * rms(
        turn_errors(motion.rotations, scene.turns, rows)
    )
    pair = [
        Rotation.from_matrix(turns[:-1].transpose(0, 2, 1) @ turns[1:]).as_rotvec()
        for turns in (scene.turns, smooth.rotations)
    ]
    score = [(pair[0][9:-9] * pair[1][9 + k : len(pair[1]) - 9 + k]).sum() for k in range(-9, 9)]
    assert int(np.argmax(score)) - 9 == 0


def test_smoothing_of_place_takes_noise_out() -> None:
    scene = rigid_scene(12, 500)
    motion = separate_head(scene.points, scene.points.names)
    smooth = smooth_head(motion)
    middle = motion.model.mean(axis=0)
    exact = scene.shape.mean(axis=0) @ scene.turns.transpose(0, 2, 1) + scene.ways
    before = motion.rotations @ middle + motion.translations - exact
    after = smooth.rotations @ middle + smooth.translations - exact
    assert rms(after - after.mean(axis=0)) < 0.6 * rms(before - before.mean(axis=0))


def test_fast_turn_keeps_its_peak() -> None:
    """A still head, one shake of a fifth of a second, a still head."""
    frames = 300
    angle = np.zeros(frames)
    angle[140:152] = 0.35 * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(12) / 12))
    truth = Rotation.from_rotvec(angle[:, None] * [0.0, 1.0, 0.0]).as_matrix()
    motion = noisy_motion(truth, 0.002)
    found = smooth_head(motion).rotations
    turned = Rotation.from_matrix(found).as_rotvec()[:, 1]
    assert turned.max() == pytest.approx(0.35, rel=0.05)
    assert int(np.argmax(turned)) == int(np.argmax(angle))
    rest = np.r_[0:130, 165:300]
    still = np.ones(frames, np.bool_)
    still[:] = False
    still[rest] = True
    quiet = Rotation.from_matrix(found[rest]).magnitude()
    assert rms(quiet) < 0.6 * rms(Rotation.from_matrix(motion.rotations[rest]).magnitude())


def test_head_that_turns_round_several_times_is_smoothed() -> None:
    frames = 400
    angle = np.linspace(0, 6 * np.pi, frames)
    axis = np.array([0.6, 0.64, 0.48])
    truth = Rotation.from_rotvec(angle[:, None] * axis).as_matrix()
    motion = noisy_motion(truth, 0.004)
    smooth = smooth_head(motion)
    rows = np.ones(frames, np.bool_)
    assert rms(turn_errors(smooth.rotations, truth, rows)) < 0.35 * rms(
        turn_errors(motion.rotations, truth, rows)
    )


def test_smoothing_moves_with_the_world() -> None:
    frames = 200
    truth = Rotation.from_rotvec(
        np.stack([np.sin(np.arange(frames) / 30), np.zeros(frames), np.ones(frames)], 1)
    ).as_matrix()
    motion = noisy_motion(truth, 0.003)
    motion = replace(
        motion,
        turn_covariance=np.tile(1e-6 * np.diag([4.0, 9.0, 14.0]), (frames, 1, 1)),
    )
    turn = Rotation.from_rotvec([1.0, -2.0, 0.5]).as_matrix()
    moved = smooth_head(replace(motion, rotations=turn @ motion.rotations))
    assert moved.rotations == pytest.approx(turn @ smooth_head(motion).rotations, abs=1e-7)


def test_backwards_in_time_is_the_same() -> None:
    rng = np.random.default_rng(2)
    series = np.sin(np.arange(57) / 9) + 0.1 * rng.normal(size=57)
    variance = np.full(57, 0.01)
    forth = smooth_series(series, variance)
    assert smooth_series(series[::-1], variance)[::-1] == pytest.approx(forth, abs=1e-9)


def test_parabola_stays_and_gaps_are_bridged() -> None:
    rows = np.arange(50.0)
    series = 0.3 + 0.2 * rows - 0.01 * rows**2
    variance = np.full(50, 1e-4)
    variance[20:26] = np.inf
    broken = np.where(np.isfinite(variance), series, 99.0)
    assert smooth_series(broken, variance) == pytest.approx(series, abs=1e-4)


def test_short_takes_and_no_strength_are_left_alone() -> None:
    scene = rigid_scene(8, 3)
    short = separate_head(scene.points, scene.points.names)
    assert smooth_head(short) is short
    scene = rigid_scene(8, 30)
    motion = separate_head(points_at(scene.points.positions), scene.points.names)
    assert smooth_head(motion, strength=0.0) is motion
