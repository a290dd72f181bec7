# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples that jump away and back: faster than any muscle, or by themselves while a face is one.

A run of one to a few samples is a spike when it lies off the line between its neighbours, on one
side, by far more than the noise and than these neighbours move. That alone is proof for runs so
short that no lid could do it. A blink at a low rate looks like that too; so longer runs count only
where the other channels do not say the same (`others`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..solver.events import without_glitches
from .adaptive import bridged
from .others import Likeness, learn
from .samples import Samples

#: A spike lies off by at least this value and so many deviations of the noise, ...
LEAST, TIMES = 0.05, 5.5
#: ... and by so many times what its neighbours lie apart, and what they move beside it.
_APART, _BESIDE = 1.5, 2.0
#: Runs up to this long (seconds) need no witness.
_SURE_S = 0.025
#: Longer ones lie off by so many times what moves beside them, and this part of the jump is not in
#: what the others say: less is enough where the neighbours are so close (seconds).
_LONG_BESIDE, _UNSAID = 5.0, 0.5
_CLOSE_S, _CLOSE_UNSAID = 0.076, 0.3
#: There and back in one step each, between flanks that lie still and alike by so much and so near
#: (seconds): nothing moves like that, whatever the others say; at low rates all that is quick does.
_SQUARE_BESIDE, _SQUARE_APART, _SQUARE_S, _SQUARE_HZ = 4.0, 4.0, 0.055, 45.0
#: Nor has the mirror image jumped between so many times as far.
_ALIKE = (0.7, 1.45)
#: Short ones with less distinction than that need a witness too.
_STEEP, _STEEP_BESIDE, _WITNESSED = 1.2, 1.9, 0.7
#: Or they lie off the cubic through their four neighbours, by this part of what these lie apart and
#: so many times what the curve bends beside them: motion is steep, but it does not bend so fast.
_OFF_CUBIC, _BEND, _CUBIC_UNSAID = 0.5, 3.0, 0.7
#: The longest run (seconds): lips may close and part again in little more; and in samples.
LONGEST_S, _MOST = 0.05, 6
#: A run that was most of what was learnt about it does not vouch for itself.
_LEAST_LEFT = 0.05
_PASSES = 3
#: Of two runs side by side the one that lies off by so many times as much is meant.
_FAR_LARGER = 1.5


@dataclass(frozen=True)
class _Search:
    """What stays the same from pass to pass."""

    series: FloatArray
    limit: FloatArray
    model: Likeness
    partner: IntArray
    rate: float


@dataclass(frozen=True)
class _Runs:
    """Runs of one length that lie off: first samples (m,), columns (m,), and how far off (m,)."""

    length: int
    rows: IntArray
    columns: IntArray
    sizes: FloatArray


def find_spikes(
    samples: Samples,
    *,
    sensitivity: float = 1.0,
    longest_s: float = LONGEST_S,
) -> BoolArray:
    """Which samples ``(n, c)`` are spikes.

    Parameters
    ----------
    samples : Samples
        Values of little trust are spikes sooner.
    sensitivity : float
        2 finds spikes half as large.
    longest_s : float
        Longest run, in seconds; one sample at least.
    """
    values, valid = samples.values, samples.valid
    spikes = np.zeros(valid.shape, np.bool_)
    if len(values) < 8:
        return spikes
    longest = int(np.clip(longest_s * samples.rate + 0.01, 1, min(_MOST, len(values) - 5)))
    series = bridged(values, valid)
    limit = np.broadcast_to(np.maximum(TIMES * samples.noise, LEAST) / sensitivity, valid.shape)
    if samples.trust is not None:
        limit = limit * (0.5 + 0.5 * samples.trust)
    model = learn(without_glitches(series), valid, samples.noise, samples.roles.partner)
    search = _Search(series, limit, model, samples.roles.partner, samples.rate)
    _take_out(_beside_gaps(search, valid), spikes, samples, series)
    every = np.arange(values.shape[1], dtype=np.int64)
    columns, sure = every, min(longest, int(_SURE_S * samples.rate + 0.01))
    for _ in range(_PASSES):
        found = [_find(search, columns, length) for length in range(1, longest + 1)]
        new = _largest(found, valid.shape) & valid
        if not new.any():
            break
        _take_out(new, spikes, samples, series)
        columns = np.flatnonzero(new.any(axis=0))
    # what is left in the midst of motion, once no part of a longer run can be meant
    found = [_find(search, every, length, cubic=True) for length in range(1, sure + 1)]
    _take_out(_largest(found, valid.shape) & valid, spikes, samples, series)
    return spikes


def _take_out(found: BoolArray, spikes: BoolArray, samples: Samples, series: FloatArray) -> None:
    """Mark spikes and lead the series over them, in place."""
    columns = np.flatnonzero(found.any(axis=0))
    if len(columns):
        spikes |= found
        there = samples.valid[:, columns] & ~spikes[:, columns]
        series[:, columns] = bridged(samples.values[:, columns], there)


def _beside_gaps(search: _Search, valid: BoolArray) -> BoolArray:
    """Samples ``(n, c)`` next to a gap that lie off the next two on their own side."""
    out = np.zeros(valid.shape, np.bool_)
    if valid.all():
        return out
    for way in (1, -1):
        there, series, limit = valid[::way], search.series[::way], search.limit[::way]
        edge = np.zeros(valid.shape, np.bool_)
        edge[1:-2] = there[1:-2] & ~there[:-3] & there[2:-1] & there[3:]
        rows, places = np.nonzero(edge)
        own, near, far = (series[rows + shift, places] for shift in range(3))
        size = np.abs(own - near)
        good = (size > 2.0 * limit[rows, places]) & (size > _LONG_BESIDE * np.abs(near - far))
        rows, places, size = rows[good], places[good], size[good]
        if not len(rows):
            continue
        # what the others leave unsaid jumps as well
        one, say = search.model.off(series[rows])
        two, _say = search.model.off(series[rows + 1])
        every = np.arange(len(rows), dtype=np.int64)
        alone = np.abs(one - two)[every, places]
        alone /= np.maximum(1.0 - say[every, places], _LEAST_LEFT)
        good = alone > _WITNESSED * size
        out[::way][rows[good], places[good]] = True
    return out


def _largest(found: list[_Runs], shape: tuple[int, ...]) -> BoolArray:
    """Samples ``(n, c)`` of the runs that no far larger one overlaps or touches.

    Before a glitch the sample next to it looks like one as well.
    """
    largest = np.zeros((shape[0] + 2, shape[1]))
    for runs in found:
        for shift in range(runs.length + 2):
            np.maximum.at(largest, (runs.rows + shift, runs.columns), runs.sizes)
    out = np.zeros(shape, np.bool_)
    for runs in found:
        own = np.ones(len(runs.rows), np.bool_)
        for shift in range(runs.length):
            own &= largest[runs.rows + 1 + shift, runs.columns] <= _FAR_LARGER * runs.sizes
        for shift in range(runs.length):
            out[runs.rows[own] + shift, runs.columns[own]] = True
    return out


def _find(search: _Search, columns: IntArray, length: int, *, cubic: bool = False) -> _Runs:
    """Runs of one length in some columns; ``cubic`` asks for what lies off the cubic as well."""
    series = search.series[:, columns]
    inner = slice(2, len(series) - length - 1)
    limit = search.limit[:, columns][inner]
    # a run that lies off begins with a step of more than half of that
    step = np.abs(series[inner] - series[1 : len(series) - length - 2])
    rows, places = np.nonzero(step > 0.5 * limit)
    if not len(rows):
        return _Runs(length, rows, places, np.empty(0))
    limit = limit[rows, places]
    rows = rows + 2
    own = columns[places]
    window = np.arange(-2, length + 2)
    around = search.series[rows[:, None] + window, own[:, None]]
    sure = length <= _SURE_S * search.rate
    size = _jump(around)
    apart = np.abs(around[:, -2] - around[:, 1])
    beside = np.maximum(np.abs(around[:, 1] - around[:, 0]), np.abs(around[:, -1] - around[:, -2]))
    good = (size > limit) & (size > _APART * apart)
    good &= size > (_BESIDE if sure else _LONG_BESIDE) * beside
    need = np.zeros(len(rows))
    if not sure:
        need[:] = _CLOSE_UNSAID if length + 1 <= _CLOSE_S * search.rate else _UNSAID
        if search.rate > _SQUARE_HZ and length + 1 <= _SQUARE_S * search.rate:
            square = (size > limit) & (size > _SQUARE_BESIDE * beside)
            square &= size > _SQUARE_APART * apart
            need[square] = 0.0
            good |= square
    else:
        # in the midst of motion, or with another spike next to it: with a witness less is enough
        steep = (size > limit) & (size > _STEEP * apart) & (size > _STEEP_BESIDE * beside)
        steep &= _outside(around)
        need[~good & steep] = _WITNESSED
        good |= steep
        if length == 1:
            lone, spread = _lone(around)
            double = ~good & (lone > 2.0 * limit) & (lone > _BESIDE * spread)
            size = np.where(double, lone, size)
            need[double] = _WITNESSED
            good |= double
        if cubic:
            bent = _jump(around, cubic=True)
            curved = ~good & (bent > limit) & (bent > _OFF_CUBIC * apart)
            curved &= bent > _BEND * _bends_beside(search.series, rows, own, length)
            size = np.where(curved, bent, size)
            need[curved] = _CUBIC_UNSAID
            good |= curved
    rows, own, size, need = rows[good], own[good], size[good], need[good]
    good = _witnessed(search, rows, own, need * size, length)
    if not sure:
        # both halves of a face doing the same is no accident
        mirror = search.partner[own]
        other = search.series[rows[:, None] + window, mirror[:, None]]
        mine = search.series[rows[:, None] + window, own[:, None]]
        alike = _jump(other, signed=True) / _jump(mine, signed=True)
        good &= (need == 0) | (mirror == own) | (alike < _ALIKE[0]) | (alike > _ALIKE[1])
    return _Runs(length, rows[good], own[good], size[good])


def _witnessed(
    search: _Search, rows: IntArray, own: IntArray, needed: FloatArray, length: int
) -> BoolArray:
    """Whether runs ``(m,)`` lie off by what is needed in what the other channels leave unsaid."""
    good = np.ones(len(rows), np.bool_)
    asked = needed > 0
    if asked.any():
        wanted = rows[asked, None] + np.arange(-2, length + 2)
        near = np.unique(wanted)
        off, say = search.model.off(search.series[near])
        off /= np.maximum(1.0 - length * say, _LEAST_LEFT)
        unsaid = off[np.searchsorted(near, wanted), own[asked, None]]
        alone = _jump(unsaid)
        if length == 1:
            alone = np.maximum(alone, _lone(unsaid)[0])
        good[asked] = alone > needed[asked]
    return good


def _outside(around: FloatArray) -> BoolArray:
    """Whether runs ``(m, length + 4)`` lie beyond both neighbours."""
    low = np.minimum(around[:, 1], around[:, -2])
    high = np.maximum(around[:, 1], around[:, -2])
    run = around[:, 2:-2]
    return (run.min(axis=1) > high) | (run.max(axis=1) < low)


def _lone(around: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far single samples ``(m, 5)`` lie off the middle of the two before and after.

    And how far apart three of these four are: one may be a spike as well, while on the flanks of
    something quick and real no three are alike.
    """
    others = np.sort(around[:, [0, 1, 3, 4]], axis=1)
    middle = 0.5 * (others[:, 1] + others[:, 2])
    spread = np.minimum(others[:, 2] - others[:, 0], others[:, 3] - others[:, 1])
    return np.abs(around[:, 2] - middle), spread


def _bends_beside(series: FloatArray, rows: IntArray, columns: IntArray, length: int) -> FloatArray:
    """Second differences ``(m,)`` of the three samples before and after runs, the larger."""
    before = np.maximum(rows[:, None] + np.array([-3, -2, -1]), 0)
    after = np.minimum(rows[:, None] + length + np.array([0, 1, 2]), len(series) - 1)
    sides = [
        np.abs(
            series[side[:, 0], columns]
            - 2.0 * series[side[:, 1], columns]
            + series[side[:, 2], columns]
        )
        for side in (before, after)
    ]
    return np.maximum(sides[0], sides[1])


def _jump(around: FloatArray, *, signed: bool = False, cubic: bool = False) -> FloatArray:
    """How far runs lie off the line between their neighbours ``(m,)``.

    0 where they do not all lie on one side; with ``signed`` less than that where they lie below.

    Parameters
    ----------
    around : (m, length + 4) float64
        The runs with two samples before and after.
    signed : bool
    cubic : bool
        Off the cubic through two samples of each side instead.
    """
    length = around.shape[1] - 4
    share: FloatArray = np.arange(1.0, length + 1.0) / (length + 1.0)
    line = around[:, 1:2] * (1.0 - share) + around[:, -2:-1] * share
    if cubic:
        line = around[:, [0, 1, -2, -1]] @ _cubic(length)
    away = around[:, 2:-2] - line
    low, high = away.min(axis=1), away.max(axis=1)
    size = np.maximum(np.maximum(low, -high), 0.0)
    return np.where(high < 0.0, -size, size) if signed else size


def _cubic(length: int) -> FloatArray:
    """Weights ``(4, length)`` of two samples before and after a run in the cubic through them."""
    nodes = np.array([-2.0, -1.0, length, length + 1.0])
    at = np.arange(float(length))
    return np.stack(
        [
            np.prod([(at - other) / (node - other) for other in nodes if other != node], axis=0)
            for node in nodes
        ]
    )
