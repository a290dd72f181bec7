# SPDX-License-Identifier: GPL-3.0-or-later
"""Whittaker smoothers: the course near the data whose second differences are small.

Minimises ``sum w (y - x)^2 + sum s (second difference of y)^2`` (Whittaker 1923; Eilers 2003, "A
perfect smoother"), with one strength s for all or another one at each sample. Series are rows here,
``(k, n)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..arrays import FloatArray
from .banded import Band, solve_once

#: The ladder goes from what passes nearly all that a face does to what passes next to nothing;
#: each rung is about so many times as strong as the one before.
FASTEST_HZ, SLOWEST_HZ, FACTOR = 24.0, 0.2, 12.0
#: No smoother can be told from none above this part of the rate.
_HIGHEST = 0.35
#: Steps that differ less than this from the usual one count as equal.
_EVEN = 0.02


def strength_of(cutoff_hz: float, rate_hz: float) -> float:
    """Strength that halves a sine of ``cutoff_hz``."""
    angle = np.pi * min(cutoff_hz / rate_hz, 0.5)
    return float((2.0 * np.sin(angle)) ** -4)


def ladder(rate_hz: float) -> tuple[float, ...]:
    """Strengths from none at all to `SLOWEST_HZ`."""
    low = strength_of(min(FASTEST_HZ, _HIGHEST * rate_hz), rate_hz)
    high = strength_of(SLOWEST_HZ, rate_hz)
    rungs = max(3, 1 + round(float(np.log(high / low) / np.log(FACTOR))))
    return (0.0, *np.geomspace(low, high, rungs).tolist())


class Bends:
    """Second differences of a series, at even steps or at given times.

    Parameters
    ----------
    times : (n,) float64 or None
        At irregular times differences are divided ones, in usual steps.
    count : int
        n, at least 3.
    """

    def __init__(self, times: FloatArray | None, count: int) -> None:
        self.count = count
        self._rows = np.tile(np.array([[1.0], [-2.0], [1.0]]), (1, count - 2))
        if times is not None:
            steps = np.diff(times)
            steps = steps / np.median(steps)
            if float(np.abs(steps - 1.0).max()) > _EVEN:
                # a pause a thousand times the usual step would leave nothing of the equations
                one, two = np.minimum(steps[:-1], 1e3), np.minimum(steps[1:], 1e3)
                both = one + two
                rows = np.stack([2.0 / (one * both), -2.0 / (one * two), 2.0 / (two * both)])
                self._rows = rows * np.sqrt(0.5 * both)

    def smoother(self, strength: float, weights: FloatArray | None = None) -> Band:
        """The equations of one strength for all; ``weights`` (n,) of the data default to 1."""
        band = np.zeros((3, self.count))
        for first in range(3):
            for second in range(first + 1):
                part = self._rows[first] * self._rows[second]
                band[first - second, second : second + self.count - 2] += strength * part
        # rounding of the strongest rungs must not make the matrix indefinite
        band[0] += (1.0 if weights is None else weights) + 1e-14 * strength
        return Band(band)

    def smooth(self, series: FloatArray, strengths: FloatArray) -> FloatArray:
        """Smooth ``(k, n)`` with a strength ``(k, n)`` at each sample, all in one solve."""
        rows, count = series.shape
        band = np.zeros((3, rows, count))
        inner = strengths[:, 1:-1]
        for first in range(3):
            for second in range(first + 1):
                part = self._rows[first] * self._rows[second]
                band[first - second, :, second : second + count - 2] += inner * part
        band[0] += 1.0 + 1e-14 * strengths
        # one after the other in one long band: nothing connects a series to the next
        return solve_once(band.reshape(3, -1), series.flatten()).reshape(rows, count)


@dataclass(frozen=True, slots=True)
class Response:
    """What a smoother does to white noise of variance 1, sample by sample.

    Attributes
    ----------
    own : (n,) float64
        Share of a sample in its own smoothed value.
    variance : (n,) float64
        Variance of the smoothed value.
    """

    own: FloatArray
    variance: FloatArray


def response(strength: float, count: int) -> Response:
    """The response for ``count`` samples at even steps; it differs near the ends."""
    if strength == 0.0:
        return Response(np.ones(count), np.ones(count))
    reach = min(count, int(24 + 16 * strength**0.25))
    own, variance = _short_response(strength, reach)
    if reach == count:
        return Response(own, variance)
    half = reach // 2
    parts = [
        np.concatenate([part[:half], np.full(count - 2 * half, part[half]), part[:half][::-1]])
        for part in (own, variance)
    ]
    return Response(parts[0], parts[1])


@lru_cache(maxsize=128)
def _short_response(strength: float, count: int) -> tuple[FloatArray, FloatArray]:
    every = Bends(None, count).smoother(strength).solve(np.eye(count))
    return np.diag(every).copy(), np.einsum("ij,ij->j", every, every)
