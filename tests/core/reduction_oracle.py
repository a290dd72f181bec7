# SPDX-License-Identifier: GPL-3.0-or-later
"""F-curves, turning points and fits that share no code with the product."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.signal import find_peaks


def bezier_values(keys: Any, frames: np.ndarray) -> np.ndarray:
    """An F-curve of Bezier keys: each frame is looked for by halving, points by de Casteljau."""
    x, y = (np.asarray(a, np.float64) for a in (keys.frames, keys.values))
    if len(x) == 1:
        return np.full(len(frames), y[0])
    span = np.clip(np.searchsorted(x, frames, side="right") - 1, 0, len(x) - 2)
    points = np.stack(
        [
            np.stack([x, y], 1)[span],
            np.asarray(keys.right, np.float64)[span],
            np.asarray(keys.left, np.float64)[span + 1],
            np.stack([x, y], 1)[span + 1],
        ],
        axis=1,
    )
    low, high = np.zeros(len(frames)), np.ones(len(frames))
    for _ in range(60):
        middle = 0.5 * (low + high)
        before = _casteljau(points, middle)[:, 0] <= frames
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    return _casteljau(points, 0.5 * (low + high))[:, 1]


def _casteljau(points: np.ndarray, u: np.ndarray) -> np.ndarray:
    level = points
    while level.shape[1] > 1:
        level = (1 - u[:, None, None]) * level[:, :-1] + u[:, None, None] * level[:, 1:]
    return level[:, 0]


def in_eighths(frames: np.ndarray) -> np.ndarray:
    """Eight places from each frame to the next."""
    return np.interp(np.arange(8 * (len(frames) - 1) + 1) / 8, np.arange(len(frames)), frames)


def stored(values: Any) -> np.ndarray:
    """Numbers as an F-curve holds them."""
    return np.asarray(values, np.float32).astype(np.float64)


def errors(keys: Any, frames: Any, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Eighths of frames, and how far the F-curve is off the straight lines between samples."""
    times = stored(frames)
    where = in_eighths(times)
    return where, np.abs(bezier_values(keys, where) - np.interp(where, times, stored(values)))


def turning_points(values: Any, prominence: float) -> np.ndarray:
    """Peaks and valleys by their prominence, those left out that share their height with others."""
    y = stored(values)
    found = [find_peaks(way * y, prominence=prominence)[0] for way in (1, -1)]
    at = np.concatenate(found)
    unique, counts = np.unique(y, return_counts=True)
    # scipy takes the middle of a plateau
    single = {float(v) for v, n in zip(unique, counts, strict=True) if n == 1}
    return np.sort(np.array([a for a in at.tolist() if float(y[a]) in single], np.int64))


def room(times: np.ndarray, values: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """By how much the best cubic from first to last sample stays inside bounds; negative: outside.

    Bounds are straight between samples; eight parts of each step are looked at.
    """
    where = in_eighths(times)[1:-1]
    u = (where - times[0]) / (times[-1] - times[0])
    width = times[-1] - times[0]
    hermite = [(1 + 2 * u) * (1 - u) ** 2, u * (1 - u) ** 2, u * u * (3 - 2 * u), u * u * (u - 1)]
    base = values[0] * hermite[0] + values[-1] * hermite[2]
    free = np.stack([width * hermite[1], width * hermite[3]], axis=1)
    one = np.ones((len(u), 1))
    upper = np.interp(where, times, high) - base
    lower = np.interp(where, times, low) - base
    found = linprog(
        [0, 0, -1],
        np.block([[free, one], [-free, one]]),
        np.concatenate([upper, -lower]),
        bounds=[(None, None), (None, None), (None, 10.0)],
    )
    assert found.status == 0
    return float(-found.fun)
