# SPDX-License-Identifier: GPL-3.0-or-later
"""What faces perform in the benchmark of the point solve, and what a recorder makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.points import point_channels
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, make_take
from sample_rigs.generator.performance import synthesise

from ._point_rigs import SHARED

RATE = 60
#: What a recorder does to points: noise, how far outliers are off, how many, how many are lost.
NOISE_M, OFF_M, OFF, LOST = 3e-4, 6e-3, 0.1, 0.05
#: Where the head turns, in the face's frame, below and behind the middle between the eyes (metres).
NECK = np.array([0.0, -0.14, -0.09])
#: Real takes and the seconds of them that are played: speech, and a range of motion.
PLAYED = (
    ("livelinkface/JMTechArt_MySlate_3_iPhone.csv", 0.0, 5.4),
    ("livelinkface/alexdjulin_alex_rom_3.csv", 73.0, 77.0),
)
#: Seconds at rest before, between and after them, and over which the face leaves rest.
REST_S, EASE_S = 0.4, 0.25


def performance() -> tuple[np.ndarray, list[str], np.ndarray]:
    """What is played: times (n,), channels and weights (n, w), 60 a second.

    The synthetic performance where the shared folder is missing.
    """
    names = [channel.name for channel in arkit_schema().values() if channel.kind == "weight"]
    rest = np.zeros((round(REST_S * RATE), len(names)))
    files = [(SHARED / "takes" / path, start, stop) for path, start, stop in PLAYED]
    if all(path.is_file() for path, _, _ in files):
        parts = [_part(path, start, stop, names) for path, start, stop in files]
    else:
        made = synthesise(10.0)
        parts = [np.stack([made.channel(name, clean=True) for name in names], axis=1)]
    rows = [rest]
    for part in parts:
        rows += [part, rest]
    weights = np.clip(np.concatenate(rows), 0.0, 1.0)
    return np.arange(len(weights)) / RATE, names, weights


def _part(path: Path, start: float, stop: float, names: list[str]) -> np.ndarray:
    """Some seconds of a take as weights (n, w), from rest and back to it."""
    take = read_take(path)
    times = take.times - take.times[0]
    wanted = np.arange(start, min(stop, float(times[-1])), 1.0 / RATE)
    columns = [take.column(name) for name in names]
    good = take.valid[:, columns].all(axis=1)
    course = PchipInterpolator(times[good], take.values[np.ix_(good, columns)])(wanted)
    near = np.minimum(wanted - wanted[0], wanted[-1] - wanted) / EASE_S
    ease = np.clip(near, 0.0, 1.0)
    return course * (ease**2 * (3.0 - 2.0 * ease))[:, None]


def head_of_tape(vectors: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rotations and shifts of a head for so many frames: the tape forth and back.

    Parameters
    ----------
    vectors : (m, 3) rotation vectors, 60 a second

    Returns
    -------
    rotations (n, 3, 3), translations (n, 3) metres
    """
    there = np.arange(count) % (2 * len(vectors) - 2)
    rows = np.where(there < len(vectors), there, 2 * len(vectors) - 2 - there)
    rotations = Rotation.from_rotvec(vectors[rows]).as_matrix()
    t = np.arange(count) / 60.0
    sway = np.stack([0.01 * np.sin(0.7 * t), 0.006 * np.sin(1.1 * t), 0.02 * np.sin(0.4 * t)], 1)
    return rotations, NECK - rotations @ NECK + sway


@dataclass(frozen=True)
class Recording:
    """A take, and what only its maker knows of it.

    Attributes
    ----------
    take : Take
    rotations : (n, 3, 3)
    on_head : (n, p, 3) metres, face's frame
    seen : (n, p, 3)
        As recorded, before points were lost.
    good : (n, p) bool
        Neither outliers nor lost.
    """

    take: Take
    rotations: np.ndarray
    on_head: np.ndarray
    seen: np.ndarray
    good: np.ndarray


def recorded(
    names: Sequence[str],
    times: np.ndarray,
    on_head: np.ndarray,
    head: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> Recording:
    """Points on a head that moves, as a recorder sees them: noise, outliers and lost points.

    Parameters
    ----------
    names : sequence of str, length p
    times : (n,) seconds
    on_head : (n, p, 3)
        Face's frame, metres.
    head : rotations (n, 3, 3), translations (n, 3)
    seed : int
    """
    rng = np.random.default_rng(seed)
    seen = np.einsum("nij,npj->npi", head[0], on_head) + head[1][:, None]
    seen += NOISE_M * rng.normal(size=seen.shape)
    off = rng.random(seen.shape[:2]) < OFF
    seen[off] += OFF_M * rng.normal(size=(int(off.sum()), 3))
    valid = rng.random(seen.shape[:2]) >= LOST
    take = make_take(
        times,
        point_channels(names),
        np.where(valid[:, :, None], seen, np.nan).reshape(len(times), -1),
        rate=RATE,
        name="points",
    )
    return Recording(take, head[0], on_head, seen, valid & ~off)
