# SPDX-License-Identifier: GPL-3.0-or-later
"""Peaks and dips of channels, by their prominence.

As `scipy.signal.find_peaks` tells them, but for all channels at once: dragging a slider waits for
this, and even the import of that would take several times as long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray, IntArray


def peaks_and_dips(
    channels: Sequence[FloatArray], least: Sequence[float], reach: int
) -> list[IntArray]:
    """Places of the peaks and dips of each channel, the most prominent last.

    Parameters
    ----------
    channels : sequence of (n,) float64
        Their lengths may differ.
    least : sequence of float
        Smallest prominence in each: how far a peak stands above the higher of its two sides, each
        going on until something is higher.
    reach : int
        A side is at most this many values long.
    """
    lengths = np.array([len(values) for values in channels], np.int64)
    starts = reach + np.concatenate([[0], np.cumsum(lengths + reach)])
    places: list[IntArray] = []
    prominences: list[FloatArray] = []
    for sign in (1.0, -1.0):
        # what stands between the channels is higher than anything in them
        flat = np.full(int(starts[-1]), np.inf)
        for start, values in zip(starts.tolist(), channels, strict=False):
            flat[start : start + len(values)] = sign * values
        peaks = local_peaks(flat)
        peaks = peaks[np.isfinite(flat[peaks])]
        sides = [_lowest(flat, peaks, reach, step) for step in (-1, 1)]
        places.append(peaks)
        prominences.append(flat[peaks] - np.maximum(*sides))
    place, prominence = np.concatenate(places), np.concatenate(prominences)
    channel = np.searchsorted(starts, place, side="right") - 1
    kept = (prominence >= np.array([*least, 0.0])[channel]) & (prominence > 0.0)
    place, prominence, channel = place[kept], prominence[kept], channel[kept]
    order = np.lexsort((prominence, channel))
    ends = np.searchsorted(channel[order], np.arange(1, len(channels)))
    return np.split(place[order] - starts[channel[order]], ends)[: len(channels)]


def local_peaks(values: FloatArray) -> IntArray:
    """Places that are higher than both sides; of a flat top the middle, the earlier of two."""
    if len(values) < 3:
        return np.empty(0, np.int64)
    starts = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    ends = np.concatenate([starts[1:], [len(values)]]) - 1
    heights = values[starts]
    tops = np.flatnonzero((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])) + 1
    return (starts[tops] + ends[tops]) // 2


def _lowest(values: FloatArray, peaks: IntArray, reach: int, step: int) -> FloatArray:
    """Lowest value ``(p,)`` to one side of each peak, up to where something is higher."""
    heights = values[peaks]
    lowest = heights.copy()
    going = np.arange(len(peaks))
    for away in range(1, reach + 1):
        there = values[peaks[going] + step * away]
        on = there <= heights[going]
        going, there = going[on], there[on]
        if not len(going):
            break
        lowest[going] = np.minimum(lowest[going], there)
    return lowest
