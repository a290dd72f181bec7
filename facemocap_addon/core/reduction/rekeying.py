# SPDX-License-Identifier: GPL-3.0-or-later
"""A curve whose samples changed in some windows: new keys there, the very same ones elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import FloatArray
from ..curves import HANDLE
from .keys import Keys
from .reduce import HOLD, reduce_curve


def rekey_windows(
    before: Keys,
    frames: FloatArray,
    values: FloatArray,
    tolerance: ArrayLike,
    windows: Iterable[tuple[float, float]],
    *,
    forced: Sequence[float] = (),
    hold: int = HOLD,
) -> Keys:
    """Keys of a curve that was reduced before its samples changed within windows.

    Between the last key before a window and the first one behind it the curve is reduced anew;
    all other keys keep their frames, values and handles.

    Parameters
    ----------
    before : Keys
        Of the samples as they were, at the same frames.
    frames, values : (n,) float
        As `reduce.reduce_curves`; outside the windows as they were.
    tolerance : float or (n,) float
    windows : iterable of (float, float)
        First and last frame.
    forced : sequence of float
        Frames in the windows that get keys.
    """
    times = np.asarray(frames, np.float32)
    samples = np.asarray(values, np.float32)
    within = np.broadcast_to(np.asarray(tolerance, np.float64), samples.shape)
    out = before
    for first, last in _stretches(before.frames, windows):
        rows = slice(_place(times, before, first), _place(times, before, last) + 1)
        if rows.stop - rows.start < 2:
            continue
        own = [f for f in forced if before.frames[first] <= f <= before.frames[last]]
        made = reduce_curve(times[rows], samples[rows], within[rows], forced=own, hold=hold)
        out = _spliced(out, made)
    return out


def _place(frames: FloatArray, keys: Keys, key: int) -> int:
    """Where the frame of a key is among others."""
    wanted: float = keys.frames.tolist()[key]
    return int(np.searchsorted(frames, np.float32(wanted)))


def _stretches(keys: FloatArray, windows: Iterable[tuple[float, float]]) -> list[tuple[int, int]]:
    """Keys around windows, as pairs of places; those that share a span are put together."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(windows):
        first = max(int(np.searchsorted(keys, start, side="right")) - 1, 0)
        last = min(int(np.searchsorted(keys, end, side="left")), len(keys) - 1)
        if last <= first:
            continue
        if out and first < out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out


def _spliced(keys: Keys, made: Keys) -> Keys:
    """Keys with those of a stretch instead of their own between its first and its last."""
    first, last = _place(keys.frames, made, 0), _place(keys.frames, made, -1)

    def joined(old: np.ndarray, new: np.ndarray) -> np.ndarray:
        return np.concatenate([old[:first], new, old[last + 1 :]])

    left, right = made.left.copy(), made.right.copy()
    left[0], right[-1] = keys.left[first], keys.right[last]
    types = made.handle_types.copy()
    types[[0, -1]] = HANDLE["FREE"]
    if first == 0:
        types[0] = keys.handle_types[0]
    if last == len(keys) - 1:
        types[-1] = keys.handle_types[-1]
    return replace(
        keys,
        frames=joined(keys.frames, made.frames),
        values=joined(keys.values, made.values),
        left=joined(keys.left, left),
        right=joined(keys.right, right),
        handle_types=joined(keys.handle_types, types),
        forced=joined(keys.forced, made.forced),
        largest_error=max(keys.largest_error, made.largest_error),
    )
