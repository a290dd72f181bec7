# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers that carry each other's names for a while: found where they jump or come back.

Works on places on the head. At a row where markers jump or come back from a gap, each is compared
with where every marker that is free there should be: where it was last, where it was going, and
where it usually is beside the others. The names are moved when that explains the row far better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .records import SWAP, Repair
from .runs import last_seen, runs_of
from .solvers import cheapest_pairs

#: A jump is this many usual steps, and at least this far.
_JUMP, _LEAST_M = 5.0, 1.5e-3
#: A change of names must leave less than this part of the distance that there was.
_MUST_EXPLAIN = 0.4
#: Rows over which a marker's last place counts for less and less against its usual place.
_FORGET = 30.0


@dataclass(frozen=True)
class Names:
    """Which column ``(n, p)`` of the take holds each marker, and what was found."""

    columns: IntArray
    repairs: tuple[Repair, ...]


def step_scale(places: FloatArray, valid: BoolArray) -> FloatArray:
    """Usual error ``(p,)`` of foretelling a row from the two before it, metres."""
    if len(places) < 3:
        return np.full(places.shape[1], 1e-5)
    bend = np.linalg.norm(np.diff(places, 2, axis=0), axis=2)
    there = valid[2:] & valid[1:-1] & valid[:-2]
    bend = np.where(there, bend, np.nan)
    out = np.full(places.shape[1], 1e-5)
    some = there.any(axis=0)
    out[some] = np.nanmedian(bend[:, some], axis=0)
    return np.maximum(out, 1e-5)


def find_swaps(places: FloatArray, valid: BoolArray, names: tuple[str, ...]) -> Names:
    """Find where markers have each other's names.

    Parameters
    ----------
    places : (n, p, 3) float64
        On the head.
    valid : (n, p) bool
    names : tuple of str, length p
    """
    count = len(names)
    usual = _usual(places, valid)
    scale = step_scale(places, valid)
    holds = np.arange(count)
    columns = np.tile(holds, (len(places), 1))
    before = last_seen(valid)
    rows = _rows_to_look_at(places, valid, before, scale)
    sureness = np.zeros((len(places), count))
    started = 0
    for row in rows.tolist():
        columns[started:row] = holds
        started = row
        tracks = _Tracks(places, valid, columns, usual, scale)
        changed, sure = tracks.names_at(row, holds)
        if changed is not None:
            sureness[row:, changed != holds] = sure
            holds = changed
    columns[started:] = holds
    columns = _usual_names(columns, valid)
    return Names(columns, _records(columns, sureness, places, names))


def _usual(places: FloatArray, valid: BoolArray) -> FloatArray:
    """The usual place (p, 3) of each marker on the head."""
    masked = np.where(valid[:, :, None], places, np.nan)
    out = np.zeros(places.shape[1:])
    some = valid.any(axis=0)
    out[some] = np.nanmedian(masked[:, some], axis=0)
    return out


def _rows_to_look_at(
    places: FloatArray, valid: BoolArray, before: IntArray, scale: FloatArray
) -> IntArray:
    """Rows where a marker jumps, or comes back."""
    step = np.zeros(valid.shape)
    step[1:] = np.linalg.norm(np.diff(places, axis=0), axis=2)
    straight = valid & (before == np.arange(len(valid))[:, None] - 1)
    limit = np.maximum(_LEAST_M, _JUMP * scale)
    jumps = straight & (step > limit)
    at = np.clip(before, 0, None)
    was = np.take_along_axis(places, at[:, :, None], axis=0)
    comes = valid & ~straight & (np.linalg.norm(places - was, axis=2) > limit) & (before >= 0)
    first = valid & (before < 0)
    first[0] = False
    return np.flatnonzero((jumps | comes | first).any(axis=1))


@dataclass(frozen=True)
class _Tracks:
    """The markers as far as their names are known."""

    places: FloatArray
    valid: BoolArray
    columns: IntArray
    usual: FloatArray
    scale: FloatArray

    def names_at(self, row: int, holds: IntArray) -> tuple[IntArray | None, float]:
        """Columns of the markers from ``row`` on, None when they stay, and how sure that is."""
        expected, reach = self._expected(row, holds)
        seen = self.valid[row, holds]
        apart = np.asarray(self.places[row, holds] - expected, np.float64)
        away = np.sqrt((apart**2).sum(axis=1))
        limit = np.maximum(_LEAST_M, _JUMP * reach)
        # markers that go on as they did keep their names; hidden ones may have come back elsewhere
        free = np.flatnonzero(~seen | (away > limit))
        if not (seen[free]).any() or len(free) < 2:
            return None, 0.0
        ways = np.asarray(self.places[row, holds[free]][None] - expected[free][:, None], np.float64)
        cost = np.sqrt((ways**2).sum(axis=2))
        cost[:, ~seen[free]] = float(np.median(limit[free]))
        track, label = cheapest_pairs(cost)
        moved = label != track
        if not moved.any():
            return None, 0.0
        own = float(np.diagonal(cost)[moved].sum())
        now = float(cost[track, label][moved].sum())
        both = seen[free][label[moved]]
        if now > _MUST_EXPLAIN * own or not both.any():
            return None, 0.0
        fitting = np.asarray(cost[track, label][moved][both], np.float64)
        most = np.maximum(2.0 * limit[free[track[moved][both]]], _MUST_EXPLAIN * own / moved.sum())
        if (fitting > most).any():
            return None, 0.0
        changed = holds.copy()
        changed[free[track]] = holds[free[label]]
        return changed, float(1.0 - now / own)

    def _expected(self, row: int, holds: IntArray) -> tuple[FloatArray, FloatArray]:
        """Where each marker should be at ``row``, and how far it may be from there."""
        expected, reach = self.usual.copy(), 0.0 * self.scale
        for marker in range(len(holds)):
            last = self._last(marker, row)
            if last < 0:
                reach[marker] = 4.0e-4
                continue
            column = self.columns[last, marker]
            there = self.places[last, column]
            gap = row - last
            if gap <= 2 and last > 0:
                earlier = self.columns[last - 1, marker]
                if self.valid[last - 1, earlier]:
                    there = there + gap * (there - self.places[last - 1, earlier])
            keep = np.exp(-(gap - 1) / _FORGET)
            expected[marker] = keep * there + (1.0 - keep) * self.usual[marker]
            reach[marker] = self.scale[marker] * min(float(np.sqrt(gap)), 2.0)
        return expected, reach

    def _last(self, marker: int, row: int) -> int:
        """The last row before ``row`` that has the marker, -1 without one."""
        stop = row
        while stop > 0:
            start = max(stop - 64, 0)
            rows = np.arange(start, stop)
            seen = np.flatnonzero(self.valid[rows, self.columns[rows, marker]])
            if len(seen):
                return int(rows[seen[-1]])
            stop = start
        return -1


def _usual_names(columns: IntArray, valid: BoolArray) -> IntArray:
    """The names that most rows of a marker have are its own."""
    count = columns.shape[1]
    if columns.tolist() == [list(range(count))] * len(columns):
        return columns
    votes = np.zeros((count, count))
    seen = np.take_along_axis(valid, columns, axis=1)
    for marker in range(count):
        votes[marker] = np.bincount(columns[seen[:, marker], marker], minlength=count)
    votes += 1e-3 * np.eye(count)
    track, name = cheapest_pairs(-votes)
    out = columns.copy()
    out[:, name] = columns[:, track]
    return out


def _records(
    columns: IntArray, sureness: FloatArray, places: FloatArray, names: tuple[str, ...]
) -> tuple[Repair, ...]:
    repairs: list[Repair] = []
    for marker, name in enumerate(names):
        column: list[int] = columns[:, marker].tolist()
        for other in sorted(set(column) - {marker}):
            for first, last in runs_of(np.array([held == other for held in column])):
                theirs: list[int] = columns[first : last + 1, other].tolist()
                exchanged = set(theirs) == {marker}
                if exchanged and other < marker:
                    continue  # told with the other one
                between: Any = places[first, marker] - places[first, other]
                repairs.append(
                    Repair(
                        name, SWAP, first, last,
                        "names exchanged back" if exchanged else f'taken from "{names[other]}"',
                        round(float(np.clip(sureness[first : last + 1].max(), 0.5, 1.0)), 3),
                        names[other],
                        float(np.sqrt((between**2).sum())),
                    )
                )  # fmt: skip
    return tuple(sorted(repairs, key=lambda repair: (repair.first, repair.marker)))


def renamed(places: Any, columns: IntArray) -> Any:
    """Samples ``(n, p, ...)`` of each marker, from the columns ``(n, p)`` that hold them."""
    shape = columns.shape + (1,) * (places.ndim - 2)
    return np.take_along_axis(places, columns.reshape(shape), axis=1)
