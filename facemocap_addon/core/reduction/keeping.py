# SPDX-License-Identifier: GPL-3.0-or-later
"""A performance reduced once more: where a curve is as it was, its keys stay the very same.

A blink that is moved changes a second of two curves. A whole new reduction could shift keys far
from it; here only the spans that no longer fit the samples are reduced anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .keys import Keys
from .reduce import HOLD
from .rekeying import rekey_windows
from .spans import PARTS
from .turning_points import find_holds, find_turning_points

#: When more of a curve than this has changed it is reduced as a whole.
MOST = 0.5
#: What float32 may change about a value, in parts of the tolerance.
_SLACK = 1e-3


def keep_keys(
    before: Keys,
    frames: FloatArray,
    values: FloatArray,
    tolerance: FloatArray,
    *,
    forced: Sequence[float] = (),
    hold: int = HOLD,
) -> Keys | None:
    """The keys as they were wherever they still do; None where the curve is another.

    A span between two keys stays when both lie on their samples to the bit, the curve between them
    is within the tolerance, and nothing in there must be a key.

    Parameters
    ----------
    before : Keys
        Of the curve as it was.
    frames, values : (n,) float
        As it is now.
    tolerance : (n,) float64
    forced : sequence of float
        Frames that must be keys.
    hold : int
    """
    times = np.asarray(frames, np.float32)
    samples = np.asarray(values, np.float32)
    if len(before) < 2 or before.frames[0] != times[0] or before.frames[-1] != times[-1]:
        return None
    place = np.searchsorted(times, before.frames)
    if not np.array_equal(times[place], before.frames):
        return None
    off_key = samples[place] != before.values
    if np.diff(place)[off_key[:-1] | off_key[1:]].sum() > MOST * len(times):
        return None
    must = _must(times, samples, tolerance, forced, hold)
    wrong, error = _wrong_spans(before, times, samples, tolerance, place, must)
    lengths = np.diff(place)
    if lengths[wrong].sum() > MOST * lengths.sum():
        return None
    before = replace(before, samples=len(times), largest_error=error)
    if not wrong.any():
        return before
    windows = [
        (float(before.frames[span]), float(before.frames[span + 1]))
        for span in np.flatnonzero(wrong).tolist()
    ]
    inner = _joined(wrong, off_key, windows)
    forced = times[must].tolist()
    return rekey_windows(before, times, samples, tolerance, inner, forced=forced, hold=hold)


def _must(
    times: FloatArray,
    samples: FloatArray,
    tolerance: FloatArray,
    forced: Sequence[float],
    hold: int,
) -> BoolArray:
    """Samples ``(n,)`` that must be keys."""
    x = times.astype(np.float64)
    column = samples.astype(np.float64)[:, None]
    must = find_turning_points(column, np.asarray(tolerance, np.float64)[:, None])[:, 0]
    must |= find_holds(column, hold)[0][:, 0]
    at = np.array([frame for frame in forced if x[0] <= frame <= x[-1]], np.float64)
    right = np.clip(np.searchsorted(x, at), 1, len(x) - 1)
    must[np.where(x[right] - at < at - x[right - 1], right, right - 1)] = True
    return must


def _wrong_spans(
    before: Keys,
    times: FloatArray,
    samples: FloatArray,
    tolerance: FloatArray,
    place: IntArray,
    must: BoolArray,
) -> tuple[BoolArray, float]:
    """Spans ``(m - 1,)`` that do not fit the samples any more, and the error of the others."""
    off_key = samples[place] != before.values
    wrong = off_key[:-1] | off_key[1:]
    share = np.arange(PARTS) / PARTS
    x = times.astype(np.float64)
    where = np.append((x[:-1, None] + np.diff(x)[:, None] * share).ravel(), x[-1])
    off = np.abs(before.at(where) - np.interp(where, x, samples.astype(np.float64)))
    late = off > np.interp(where, x, tolerance) * (1.0 + _SLACK)
    missing = must.copy()
    missing[place] = False
    wanted = np.concatenate([x[missing], where[late]])
    span = np.clip(np.searchsorted(x[place], wanted, side="right") - 1, 0, len(wrong) - 1)
    wrong[span] = True
    own = np.clip(np.searchsorted(x[place], where, side="right") - 1, 0, len(wrong) - 1)
    return wrong, float(off[~wrong[own]].max(initial=0.0))


def _joined(
    wrong: BoolArray, off_key: BoolArray, windows: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Windows that share a key which is off its sample are one."""
    out: list[tuple[float, float]] = []
    for span, window in zip(np.flatnonzero(wrong).tolist(), windows, strict=True):
        if out and out[-1][1] == window[0] and off_key[span]:
            out[-1] = (out[-1][0], window[1])
        else:
            out.append(window)
    return out
