# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Many blinks fitted at once: Levenberg and Marquardt's way, each with its own damping.

What is fitted together is a chain of m blinks that run into each other; most have one. Of each
blink are solved for start, logarithm of the closing's duration, hold, logarithm of the reopening's
time constant, and rise; of the chain the open lid's level before and after it, from the one to the
other of which it goes with the last reopening.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray, IntArray
from .shape import ENDED, minimum_jerk, reopening

#: Rounds at most; a chain is done when its misfit falls by less than this part.
_ROUNDS, _DONE = 16, 1e-4
#: What durations usually are (seconds) and how far they spread (in e-foldings): that says little
#: where samples are dense and decides where a closing has but one.
_CLOSING_S, _TAU_S, _SPREAD = 0.085, 0.03, 0.9
#: Holds are about this long (seconds); the open lid's levels lie this near to what they were
#: guessed at, in parts of the rise.
_HOLD_S, _LEVELS = 0.15, 0.3
#: Shortest and longest (seconds).
CLOSINGS, TAUS = (0.02, 0.6), (0.006, 0.35)
#: The model is off by this part of the rise anyway; noise below that does not count.
_MISFIT = 0.015
#: Windows up to so many samples are fitted together.
_WIDTHS = (24, 48, 96, 192, 512)
#: Parameters of a blink: start, closing, hold, tau, rise.
EACH = 5


@dataclass(frozen=True, slots=True)
class Windows:
    """What is fitted: stretches of series, one for each of b chains.

    Attributes
    ----------
    times, values, weights : (m,) float64
        Of all series, one behind the other; a weight is 0 where nothing was recorded.
    first, count : (b,) int
        Where each stretch begins, and how long it is.
    noise : (b,) float64
        Standard deviation.
    """

    times: FloatArray
    values: FloatArray
    weights: FloatArray
    first: IntArray
    count: IntArray
    noise: FloatArray


def fit_chains(windows: Windows, guess: FloatArray) -> FloatArray:
    """The chains that come nearest to the samples, from a guess on.

    Parameters
    ----------
    windows : Windows
    guess : (b, 5 m + 2) float64
        Start, closing, hold, tau, rise of each blink, and the levels before and after.

    Returns
    -------
    (b, 5 m + 2) float64
    """
    rows = np.array(guess)
    number = (rows.shape[1] - 2) // EACH
    logs = [EACH * k + at for k in range(number) for at in (1, 3)]
    rows[:, logs] = np.log(rows[:, logs])
    longest = np.searchsorted(_WIDTHS, windows.count)
    for group in np.unique(longest).tolist():
        chosen = np.flatnonzero(longest == group)
        rows[chosen] = _solved(windows, chosen, rows[chosen])
    rows[:, logs] = np.exp(rows[:, logs])
    return rows


def model_of(rows: FloatArray, times: FloatArray) -> FloatArray:
    """Values ``(b, w)`` of chains ``(b, 5 m + 2)`` at ``times`` (b, w)."""
    logs = [at for k in range((rows.shape[1] - 2) // EACH) for at in (EACH * k + 1, EACH * k + 3)]
    rows = np.array(rows)
    rows[:, logs] = np.log(rows[:, logs])
    return _Parts(times, rows).model()


class _Parts:
    """Closing and reopening of all blinks ``(b, m, w)`` at times ``(b, w)``."""

    def __init__(self, times: FloatArray, rows: FloatArray) -> None:
        each = rows[:, :-2].reshape(len(rows), -1, EACH, 1)
        # in one piece, see `arrays.in_pieces`
        logs = np.ascontiguousarray(each[:, :, [1, 3]])
        self.closing, self.tau = np.moveaxis(np.exp(logs), 2, 0)
        self.rise = each[:, :, 4]
        begun = times[:, None, :] - each[:, :, 0]
        self.u = np.clip(begun / self.closing, 0.0, 1.0)
        self.s = (begun - self.closing - each[:, :, 2]) / self.tau
        self.closed, self.opened = minimum_jerk(self.u), reopening(self.s)
        self.before, self.after = rows[:, -2, None], rows[:, -1, None]

    def model(self) -> FloatArray:
        """Values ``(b, w)``."""
        pulses = (self.rise * (self.closed - self.opened)).sum(axis=1)
        return self.before + (self.after - self.before) * self.opened[:, -1] + pulses

    def slopes(self) -> FloatArray:
        """How the model changes with each parameter ``(b, w, p)``."""
        u, s = self.u, self.s
        speed = 30.0 * u * u * (1.0 - u) * (1.0 - u) / self.closing * self.rise
        inner = np.clip(s, 0.0, ENDED)
        pull = -self.rise + np.zeros_like(s)
        pull[:, -1] += self.after - self.before
        drop = inner * np.exp(-inner) / self.tau * (s < ENDED) * pull
        each = np.stack(
            [
                -speed - drop,
                -(speed * u + drop) * self.closing,
                -drop,
                -drop * inner * self.tau,
                self.closed - self.opened,
            ],
            axis=2,
        )
        count, number, _, width = each.shape
        last = self.opened[:, -1]
        levels = np.stack([1.0 - last, last], axis=1)
        joined = np.concatenate([each.reshape(count, number * EACH, width), levels], axis=1)
        return np.ascontiguousarray(joined.transpose(0, 2, 1))


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is expected before a sample is seen ``(b, p)``, and how surely."""

    middle: FloatArray
    precision: FloatArray

    @staticmethod
    def of(rows: FloatArray) -> _Usual:
        """Usual durations, and the levels of the guess."""
        middle = rows.copy()
        precision = np.zeros_like(rows)
        for first in range(0, rows.shape[1] - 2, EACH):
            part = slice(first + 1, first + 4)
            middle[:, part] = np.log(_CLOSING_S), 0.0, np.log(_TAU_S)
            precision[:, part] = 1.0 / _SPREAD**2, 1.0 / _HOLD_S**2, 1.0 / _SPREAD**2
        rise = np.abs(rows[:, 4:-2:EACH]).min(axis=1)
        near = np.maximum(_LEVELS * rise, 1e-3) ** -2.0
        precision[:, -2] = precision[:, -1] = near
        return _Usual(middle, precision)

    def taken(self, some: IntArray) -> _Usual:
        """Those of some chains."""
        return _Usual(self.middle[some], self.precision[some])


def _solved(windows: Windows, chosen: IntArray, rows: FloatArray) -> FloatArray:
    """The rows ``(b, p)`` of some windows, which are about as long, made better."""
    width = int(windows.count[chosen].max())
    inside = np.arange(width)
    at = windows.first[chosen, None] + np.minimum(inside, windows.count[chosen, None] - 1)
    times, values = windows.times[at], windows.values[at]
    weights = windows.weights[at] * (inside < windows.count[chosen, None])
    # seconds from each window's first sample: differences of large clocks lose digits
    zero = times[:, :1].copy()
    times = times - zero
    rows = rows.copy()
    rows[:, :-2:EACH] -= zero
    rise = np.abs(rows[:, 4:-2:EACH]).min(axis=1)
    error = np.maximum(windows.noise[chosen], _MISFIT * rise)
    weights = weights / np.maximum(error, 1e-5)[:, None] ** 2
    usual = _Usual.of(rows)
    cost = _cost(values, weights, rows, usual, _Parts(times, rows))
    damping = np.full(len(rows), 1e-2)
    alive = np.arange(len(rows))
    for _ in range(_ROUNDS):
        if not len(alive):
            break
        own = usual.taken(alive)
        part = (values[alive], weights[alive])
        tried = _stepped(*part, rows[alive], own, _Parts(times[alive], rows[alive]), damping[alive])
        costs = _cost(*part, tried, own, _Parts(times[alive], tried))
        better = costs < cost[alive]
        gain = (cost[alive] - costs) / np.maximum(cost[alive], 1e-12)
        won = alive[better]
        rows[won], cost[won] = tried[better], costs[better]
        damping[alive] = np.where(better, 0.3 * damping[alive], 6.0 * damping[alive])
        alive = alive[(better & (gain > _DONE)) | (~better & (damping[alive] < 1e4))]
    rows[:, :-2:EACH] += zero
    return rows


def _cost(
    values: FloatArray, weights: FloatArray, rows: FloatArray, usual: _Usual, parts: _Parts
) -> FloatArray:
    """Misfit ``(b,)`` in parts of the noise, and how unusual the blinks are."""
    off = values - parts.model()
    odd = usual.precision * (rows - usual.middle) ** 2
    return (weights * off * off).sum(axis=1) + odd.sum(axis=1)


def _stepped(
    values: FloatArray,
    weights: FloatArray,
    rows: FloatArray,
    usual: _Usual,
    parts: _Parts,
    damping: FloatArray,
) -> FloatArray:
    """Rows after one damped step of Gauss and Newton."""
    slopes = parts.slopes()
    weighted = (slopes * weights[:, :, None]).transpose(0, 2, 1)
    normal = weighted @ slopes
    pull = (weighted @ (values - parts.model())[:, :, None])[:, :, 0]
    pull += usual.precision * (usual.middle - rows)
    every = np.arange(rows.shape[1])
    diagonal = normal[:, every, every] + usual.precision
    normal[:, every, every] = diagonal * (1.0 + damping[:, None]) + 1e-9
    out = rows + np.linalg.solve(normal, pull[:, :, None])[:, :, 0]
    for first in range(0, rows.shape[1] - 2, EACH):
        out[:, first + 1] = np.clip(out[:, first + 1], *np.log(CLOSINGS))
        out[:, first + 2] = np.maximum(out[:, first + 2], 0.0)
        out[:, first + 3] = np.clip(out[:, first + 3], *np.log(TAUS))
        out[:, first + 4] = np.maximum(out[:, first + 4], 0.0)
    return out
