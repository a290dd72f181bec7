# SPDX-License-Identifier: GPL-3.0-or-later
"""One slope for both sides of a key wherever the spans stay in the tube with it.

From left to right it is found out which slopes a span can end with, given those that it may begin
with; where none is left the key gets two slopes and all is open again: so there are as few such
keys as can be. From right to left slopes are then chosen, near to what each span would like best.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .rows import Rows
from .spans import SHORT, batches, check_spans
from .tube import Tube


def merge_slopes(
    tube: Tube, start: IntArray, length: IntArray, slopes: FloatArray, level: BoolArray
) -> FloatArray:
    """Slopes ``(s, 2)`` of spans with as many as possible that go on beyond the key.

    Parameters
    ----------
    tube : Tube
    start, length : (s,) int
        All spans of some curves in order: where one ends the next begins.
    slopes : (s, 2) float64
        With which the spans stay in the tube.
    level : (s,) bool
        Spans whose first sample is a turning point or lies in a hold: level there, or two slopes.
    """
    opens = np.ones(len(start), np.bool_)
    opens[1:] = start[1:] != start[:-1] + length[:-1]
    level = level & ~opens
    chain = _Chain(tube, start, length, slopes, level, np.append(level, False)[1:])
    first = np.flatnonzero(opens | level)
    count = np.diff(np.append(first, len(start)))
    for step in range(int(count.max(initial=0))):
        chain.forward(first[count > step] + step, step == 0)
    for step in range(int(count.max(initial=0))):
        some = count > step
        chain.backward(first[some] + count[some] - 1 - step, step == 0)
    out = chain.chosen
    wrong = np.flatnonzero(~check_spans(tube, start, length, out))
    out[wrong] = slopes[wrong]
    return out


class _Chain:
    """Spans between two keys that are level, or where a curve begins or ends."""

    def __init__(
        self,
        tube: Tube,
        start: IntArray,
        length: IntArray,
        slopes: FloatArray,
        level: BoolArray,
        ends_level: BoolArray,
    ) -> None:
        self.tube, self.start, self.length, self.slopes = tube, start, length, slopes
        self.level, self.ends_level = level, ends_level
        count = len(start)
        #: Slopes with which a span may begin, and can end.
        self.begin = np.tile([-np.inf, np.inf], (count, 1))
        self.end = np.tile([-np.inf, np.inf], (count, 1))
        self.bound = np.zeros(count, np.bool_)
        self.chosen = slopes.copy()

    def forward(self, spans: IntArray, first: bool) -> None:
        """Find what spans can end with; those before them are done."""
        if first:
            self.bound[spans] = self.level[spans]
            self.begin[spans[self.level[spans]]] = 0.0
        else:
            self.bound[spans] = True
            self.begin[spans] = self.end[spans - 1]
        lost = spans[~self._find_ends(spans)]
        if len(lost):
            self.bound[lost] = False
            self.begin[lost] = -np.inf, np.inf
            self._find_ends(lost)

    def _find_ends(self, spans: IntArray) -> BoolArray:
        found = np.ones(len(spans), np.bool_)
        for batch, rows in self._rows(spans):
            own = spans[batch]
            least, most = (self.begin[own] - rows.chord[:, None]).T
            ok, low, high = rows.far_end(least, most)
            found[batch] = ok
            self.end[own, 0] = np.where(ok, rows.chord - high, self.slopes[own, 1])
            self.end[own, 1] = np.where(ok, rows.chord - low, self.slopes[own, 1])
        return found

    def backward(self, spans: IntArray, last: bool) -> None:
        """Choose the slopes of spans; those behind them are done."""
        low, high = self.end[spans].T
        ends = np.clip(self.slopes[spans, 1], low, high)
        if last:
            level = self.ends_level[spans] & (low <= 0.0) & (high >= 0.0)
            ends[level] = 0.0
        else:
            follows = self.bound[spans + 1]
            ends[follows] = self.chosen[spans[follows] + 1, 0]
        self.chosen[spans, 1] = ends
        wanted = self._wanted(spans)
        for batch, rows in self._rows(spans):
            own = spans[batch]
            least, most = rows.near_end(rows.chord - ends[batch])
            low = np.maximum(rows.chord + least, self.begin[own, 0])
            high = np.minimum(rows.chord + most, self.begin[own, 1])
            self.chosen[own, 0] = np.clip(wanted[batch], np.minimum(low, high), high)

    def _wanted(self, spans: IntArray) -> FloatArray:
        """What slopes spans would like to begin with ``(r,)``."""
        before = np.maximum(spans - 1, 0)
        # a long span is turned far off by a small change of slope
        own, other = self.length[spans] ** 3.0, self.length[before] ** 3.0
        both = (own * self.slopes[spans, 0] + other * self.slopes[before, 1]) / (own + other)
        return np.where(
            self.bound[spans], np.where(self.level[spans], 0.0, both), self.slopes[spans, 0]
        )

    def _rows(self, spans: IntArray) -> Iterator[tuple[IntArray, Rows]]:
        """Rows of some spans: which they are, and bounds for what is near their own slopes."""
        for batch in batches(self.length[spans], shortest=1):
            own = spans[batch]
            rows = Rows.of(self.tube, self.start[own], self.length[own])
            if rows.u.shape[1] <= SHORT + 1:
                yield batch, rows.in_parts()
                continue
            at_zero = self.slopes[own, 0] - rows.chord
            yield batch, rows.narrowed(at_zero, rows.chord - self.slopes[own, 1] - at_zero)
