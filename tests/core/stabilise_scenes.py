# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up heads for the tests of stabilisation: rigid points, turning heads, moving faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from facemocap_addon.core.arrays import BoolArray, FloatArray
from facemocap_addon.core.points import Points


@dataclass(frozen=True)
class Scene:
    """Points, and what is true of them."""

    points: Points
    turns: FloatArray
    ways: FloatArray
    shape: FloatArray
    good: BoolArray


def head_shape(count: int, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    side, up = rng.uniform(-1.2, 1.2, count), rng.uniform(-0.6, 1.0, count)
    return 0.09 * np.stack([np.sin(side) * np.cos(up), np.sin(up), np.cos(side) * np.cos(up)], 1)


def head_turning(frames: int) -> tuple[FloatArray, FloatArray]:
    t = np.arange(frames) / 60.0
    vectors = np.stack([0.3 * np.sin(2 * t + 1), 0.5 * np.sin(1.3 * t), 0.2 * np.sin(3 * t)], 1)
    ways = np.stack([0.05 * np.sin(t), 0.03 * np.cos(2 * t), 0.02 * t], axis=1)
    return Rotation.from_rotvec(vectors).as_matrix(), ways


def rigid_scene(
    count: int, frames: int, *, noise_m: float = 3e-4, off: float = 0.0, lost: float = 0.0
) -> Scene:
    """Stable points alone; a share is off by 3 to 20 mm, a share is lost."""
    rng = np.random.default_rng(count + frames)
    shape = head_shape(count, count)
    turns, ways = head_turning(frames)
    seen = shape @ turns.transpose(0, 2, 1) + ways[:, None]
    seen += noise_m * rng.normal(size=seen.shape)
    bad = rng.random(seen.shape[:2]) < off
    gone = rng.random(seen.shape[:2]) < lost
    away = rng.normal(size=seen.shape)
    away *= rng.uniform(0.003, 0.02, (frames, count, 1)) / np.linalg.norm(
        away, axis=2, keepdims=True
    )
    seen[bad] += away[bad]
    return Scene(points_at(seen, ~gone), turns, ways, shape, ~(bad | gone))


def face_scene(frames: int, *, noise_m: float = 0.0, seed: int = 1) -> Scene:
    """Twelve stable points and twelve that follow three smooth movements of the face."""
    rng = np.random.default_rng(seed)
    shape = head_shape(24, 5)
    turns, ways = head_turning(frames)
    rough = rng.normal(size=(frames + 80, 3))
    window = np.hanning(41)
    acts = np.stack([np.convolve(line, window, "same") for line in rough.T], 1)[40 : 40 + frames]
    acts *= 0.003 / acts.std(axis=0)
    # skin: what is near moves alike
    centres = shape[12:15]
    apart = np.linalg.norm(shape[None] - centres[:, None], axis=2)
    basis = np.exp(-((apart / 0.09) ** 2))[:, :, None] * rng.normal(size=(3, 1, 3))
    basis[:, :12] = 0.0
    on_head = shape + np.einsum("nk,kpi->npi", acts, basis)
    seen = on_head @ turns.transpose(0, 2, 1) + ways[:, None]
    seen += noise_m * rng.normal(size=seen.shape)
    valid = np.ones(seen.shape[:2], np.bool_)
    return Scene(points_at(seen, valid), turns, ways, shape, valid)


STABLE = [f"p{k}" for k in range(12)]


def points_at(places: FloatArray, valid: BoolArray | None = None) -> Points:
    there = np.ones(places.shape[:2], np.bool_) if valid is None else valid
    names = tuple(f"p{k}" for k in range(places.shape[1]))
    return Points(names, np.where(there[:, :, None], places, 0.0), there)


def turn_errors(found: FloatArray, truth: FloatArray, rows: BoolArray) -> FloatArray:
    """Angles (m,) in degrees between rotations, less the turn that all frames have in common."""
    common = Rotation.from_matrix(found[rows].transpose(0, 2, 1) @ truth[rows]).mean()
    rest = (Rotation.from_matrix(found[rows]) * common) * Rotation.from_matrix(truth[rows]).inv()
    return np.degrees(rest.magnitude())
