# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Pulses put into chains that are fitted together, and the fits taken apart again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import BoolArray, FloatArray, IntArray
from .feet import Feet
from .fitting import CLOSINGS, EACH, TAUS, Windows, fit_chains, model_of
from .shape import Shape

#: A fit sees this much of the open lid (seconds) before and after.
_OPEN_BEFORE_S, _OPEN_AFTER_S = 0.1, 0.1
#: A minimum-jerk movement goes from 20 to 80 % in this part of its time; a critically damped one
#: reopens by 20 % in so many time constants, and from there to 80 % in so many.
_CLOSES, _FALLS, _REOPENS = 0.3468, 0.8244, 2.1699
#: Blinks are fitted together when the next one begins before so many time constants have passed;
#: never more than so many.
_TAIL, _MOST = 5.0, 5
#: Shortest closing and time constant (seconds) that they are guessed with where a valley between
#: them cuts their flanks, in parts of the rise.
_JOINED_S, _CUT = (0.08, 0.028), 0.12


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fitted pulse: its shape, the open lid's levels, and what its chain's fit leaves."""

    shape: Shape
    before: float
    after: float
    left: float


@dataclass(frozen=True, slots=True)
class _Guess:
    """Of b pulses ``(b,)``."""

    start: FloatArray
    closing: FloatArray
    hold: FloatArray
    tau: FloatArray


def fit_pulses(
    feet: Feet, owner: IntArray, times: FloatArray, series: Windows
) -> tuple[Fitted, ...]:
    """Pulses fitted.

    Parameters
    ----------
    feet : Feet
        Of all b pulses, series after series.
    owner : (b,) int
        The series of each.
    times : (n,) float64
        Of one series.
    series : Windows
        Times, values and weights of all series; noise ``(k,)`` of each. The rest is not used.
    """
    guess = _guessed(feet)
    chain = _chains(guess, feet, owner)
    sizes = np.bincount(chain)
    out: list[Fitted | None] = [None] * len(owner)
    begins = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    for size in np.unique(sizes).tolist():
        firsts = begins[sizes == size]
        members = firsts[:, None] + np.arange(size)
        rows = np.stack([_row(guess, feet, some) for some in members])
        first, count = _stretches(guess, members, owner, times)
        offset = owner[firsts] * len(times)
        windows = Windows(
            series.times, series.values, series.weights, first + offset, count,
            series.noise[owner[firsts]],
        )  # fmt: skip
        fits = fit_chains(windows, rows)
        left = _left(windows, fits)
        for row, some, off in zip(fits.tolist(), members.tolist(), left.tolist(), strict=True):
            for place, k in enumerate(some):
                shape = Shape(*row[EACH * place : EACH * place + EACH])
                out[k] = Fitted(shape, row[-2], row[-1], off)
    return tuple(each for each in out if each is not None)


def _guessed(feet: Feet) -> _Guess:
    """Blinks that pass 20 and 80 % when the pulses do."""
    closing = np.clip((feet.high - feet.low) / _CLOSES, 0.04, CLOSINGS[1])
    start = 0.5 * (feet.low + feet.high - closing)
    tau = np.clip((feet.ends - feet.falls) / _REOPENS, 1.5 * TAUS[0], TAUS[1])
    hold = np.maximum(feet.falls - _FALLS * tau - start - closing, 0.0)
    return _Guess(start, closing, hold, tau)


def _chains(guess: _Guess, feet: Feet, owner: IntArray) -> IntArray:
    """The chain ``(b,)`` of each pulse, counted from 0."""
    opens = guess.start + guess.closing + guess.hold
    tail = np.maximum(guess.tau, _JOINED_S[1])
    near = opens[:-1] + _TAIL * tail[:-1] > guess.start[1:]
    near |= _is_cut(feet)
    near &= owner[1:] == owner[:-1]
    out = np.zeros(len(owner), np.int64)
    size = 1
    for k, together in enumerate(near.tolist(), start=1):
        size = size + 1 if together and size < _MOST else 1
        out[k] = out[k - 1] + (size == 1)
    return out


def _is_cut(feet: Feet) -> BoolArray:
    """Whether the lid does not open between a pulse and the next ``(b - 1,)``."""
    valley = np.maximum(feet.after[:-1], feet.before[1:])
    open_lid = np.maximum(feet.before[:-1], feet.after[1:])
    rise = np.minimum(feet.peak[:-1], feet.peak[1:]) - open_lid
    return (valley - open_lid > _CUT * rise) & (feet.low[1:] - feet.ends[:-1] < 0.2)


def _row(guess: _Guess, feet: Feet, some: IntArray) -> FloatArray:
    """The guess of one chain ``(5 m + 2,)``."""
    first, last = some[0], some[-1]
    before, after = feet.before[first], feet.after[last]
    out = np.empty(EACH * len(some) + 2)
    out[-2:] = before, after
    for place, k in enumerate(some.tolist()):
        base = before if k == first else max(before, after) if k != last else 0.5 * (before + after)
        closing, tau, hold = guess.closing[k], guess.tau[k], guess.hold[k]
        start = guess.start[k]
        if k != first and closing < _JOINED_S[0]:
            start += closing - _JOINED_S[0]
            closing = _JOINED_S[0]
        if k != last and tau < _JOINED_S[1]:
            hold = max(hold - _FALLS * (_JOINED_S[1] - tau), 0.0)
            tau = _JOINED_S[1]
        rise = max(feet.peak[k] - base, 1e-3)
        out[EACH * place : EACH * place + EACH] = start, closing, hold, tau, rise
    return out


def _stretches(
    guess: _Guess, members: IntArray, owner: IntArray, times: FloatArray
) -> tuple[IntArray, IntArray]:
    """First sample and number of samples of what each chain's fit sees, up to its neighbours."""
    opens = guess.start + guess.closing + guess.hold
    ends = opens + 4.0 * guess.tau
    first, last = members[:, 0], members[:, -1]
    begin, end = guess.start[first] - _OPEN_BEFORE_S, ends[last] + _OPEN_AFTER_S
    has = (first > 0) & (owner[first] == owner[first - 1])
    middle = 0.5 * (guess.start[first] + np.minimum(ends[first - 1], guess.start[first]))
    begin = np.where(has, np.maximum(begin, np.maximum(middle, opens[first - 1])), begin)
    after = np.minimum(last + 1, len(owner) - 1)
    has = (after > last) & (owner[after] == owner[last])
    middle = 0.5 * (guess.start[after] + np.minimum(ends[last], guess.start[after]))
    end = np.where(has, np.minimum(end, np.maximum(middle, opens[last])), end)
    rows = np.searchsorted(times, np.clip(begin, times[0], times[-1]) - 1e-9)
    stop = np.searchsorted(times, np.clip(end, times[0], times[-1]) + 1e-9)
    rows = np.minimum(rows, np.maximum(stop - 1, 0))
    return rows, np.maximum(stop - rows, 1)


def _left(windows: Windows, fits: FloatArray) -> FloatArray:
    """Root mean square ``(b,)`` of what the fits leave."""
    width = int(windows.count.max())
    inside = np.arange(width)
    at = windows.first[:, None] + np.minimum(inside, windows.count[:, None] - 1)
    seen = (inside < windows.count[:, None]) & (windows.weights[at] > 0.0)
    zero = windows.times[at[:, :1]]
    rows = fits.copy()
    rows[:, :-2:EACH] -= zero
    off = np.where(seen, windows.values[at] - model_of(rows, windows.times[at] - zero), 0.0)
    return np.sqrt((off * off).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))
