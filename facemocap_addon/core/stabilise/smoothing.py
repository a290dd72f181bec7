# SPDX-License-Identifier: GPL-3.0-or-later
"""The head's motion without its noise and without delay: as much as its known noise says.

Third differences are penalised. How strongly is chosen by Stein's estimate of the error, which
needs the noise and not the truth; takes with still stretches and fast turns get a penalty that
gives way at the turns where that estimate says it is better.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..rotations import continuous, from_vector, to_matrix
from .head import HeadMotion
from .solvers import quaternions, rotation_vectors, solve_band

_ORDER = 3
_STRENGTHS = 10.0 ** np.arange(-3.0, 8.01, 0.5)
#: Directions in which the trace is probed; all there are in short takes.
_PROBES, _SHORT = 12, 60
_PASSES = 5
#: Rotations are smoothed beside a path that follows turns slower than about this many frames.
_PATH = 200.0
#: Deviations from the smooth course that noise does not reach.
_IMPOSSIBLE = 5.0


def smooth_head(motion: HeadMotion, *, strength: float = 1.0) -> HeadMotion:
    """Smooth rotations as rotations, and the place of the stable points' middle.

    Parameters
    ----------
    motion : HeadMotion
        As `separate_head` gives it. Flagged frames have no say and are bridged.
    strength : float
        Noise that is assumed, in parts of the measured one; 0 changes nothing.
    """
    count = len(motion.rotations)
    if count <= _ORDER + 1 or strength <= 0:
        return motion
    total = motion.weights.sum(axis=1, keepdims=True)
    known = ~motion.flagged & (total[:, 0] > 0)
    middle = motion.model.mean(axis=0)
    turns = _smooth_turns(motion, known, strength)
    at = motion.translations + motion.rotations @ middle
    variance = strength**2 * np.where(known, motion.place_variance, np.inf)
    smooth = np.stack([smooth_series(at[:, axis], variance) for axis in range(3)], axis=1)
    return replace(motion, rotations=turns, translations=smooth - turns @ middle)


def _smooth_turns(motion: HeadMotion, known: BoolArray, strength: float) -> FloatArray:
    path = _slow_path(motion.rotations, known)
    beside = rotation_vectors(np.swapaxes(path, 1, 2) @ motion.rotations)
    usual = motion.turn_covariance[known].mean(axis=0)
    _sizes, axes = np.linalg.eigh(usual)
    along = beside @ axes
    out = np.empty_like(along)
    for axis in range(3):
        way = axes[:, axis]
        variance = np.einsum("nij,i,j->n", motion.turn_covariance, way, way) * strength**2
        out[:, axis] = smooth_series(along[:, axis], np.where(known, variance, np.inf))
    return path @ to_matrix(from_vector(out @ axes.T))


def _slow_path(rotations: FloatArray, known: BoolArray) -> FloatArray:
    """A smooth path near the rotations: quaternions smoothed as four numbers, made one long."""
    system = _System(known.astype(np.float64), _PATH, None)
    slow = system.solve(continuous(quaternions(rotations)))
    return to_matrix(slow / np.linalg.norm(slow, axis=1, keepdims=True))


def smooth_series(values: FloatArray, variance: FloatArray) -> FloatArray:
    """The likely course of a noisy series.

    Parameters
    ----------
    values : (n,) float64
    variance : (n,) float64
        Of each value's noise; infinite where there is no value.

    Returns
    -------
    (n,) float64
        The values themselves where they are too few.
    """
    known = np.isfinite(variance) & (variance > 0)
    if known.sum() <= _ORDER + 1 or len(values) <= _ORDER + 1:
        return values.copy()
    found = _smoothed(values, variance, known)
    # a value that lies impossibly far off was fitted to the wrong points: it loses its say
    off = np.abs(values - found) / np.sqrt(np.where(known, variance, np.inf))
    if (off > _IMPOSSIBLE).any():
        grown = np.where(known, variance, np.inf) * np.maximum(off / _IMPOSSIBLE, 1.0) ** 4
        found = _smoothed(values, grown, known)
    return found


def _smoothed(values: FloatArray, variance: FloatArray, known: BoolArray) -> FloatArray:
    usual = float(np.median(variance[known]))
    precision = np.where(known, usual / np.where(known, variance, 1.0), 0.0)
    # a value that is far surer than all others must not make the system singular
    precision = np.minimum(precision, 1e4)
    start = float(values[known].mean())
    series = np.where(known, values - start, 0.0)
    risks: list[float] = []
    for strength in _STRENGTHS:
        found, risk = _risk(series, precision, usual, _System(precision, strength, None))
        risks.append(risk)
        if risk > 4.0 * min(risks) and len(risks) > 4:
            break
    best = int(np.argmin(risks))
    found, least = _risk(series, precision, usual, _System(precision, _STRENGTHS[best], None))
    for factor in (1.0, 10.0, 100.0):
        other, risk = _yielding(series, precision, usual, found, factor * _STRENGTHS[best])
        # the yielding penalty has looked at the values: it must be better by more than that
        if risk < 0.93 * least:
            found, least = other, risk / 0.93
    return found + start


def _yielding(
    series: FloatArray, precision: FloatArray, usual: float, begin: FloatArray, strength: float
) -> tuple[FloatArray, float]:
    """With a penalty that gives way where the course bends far more than it usually does."""
    found, risk = begin, np.inf
    for _ in range(_PASSES):
        bend = np.abs(np.diff(found, _ORDER))
        scale = 2.0 * float(np.median(bend)) + 0.05 * float(np.sqrt(usual)) + 1e-300
        ease = 1.0 / (1.0 + (bend / scale) ** 2)
        found, risk = _risk(series, precision, usual, _System(precision, strength, ease))
    return found, risk


class _System:
    """``precision + strength D' ease D`` with third differences D, as a band."""

    def __init__(self, precision: FloatArray, strength: float, ease: FloatArray | None) -> None:
        count = len(precision)
        self._precision = precision
        band = np.zeros((_ORDER + 1, count))
        rows = count - _ORDER
        ease = np.ones(rows) if ease is None else ease
        parts = (-1.0, 3.0, -3.0, 1.0)
        for first in range(_ORDER + 1):
            for second in range(first + 1):
                at = slice(second, second + rows)
                band[first - second, at] += strength * parts[first] * parts[second] * ease
        band[0] += precision + 1e-10 * (1.0 + 20.0 * strength * 1e-4)
        self._band = band

    def solve(self, series: FloatArray) -> FloatArray:
        """The smooth course of ``(n,)`` or ``(n, k)`` values."""
        weighed = self._precision.reshape(-1, *[1] * (series.ndim - 1)) * series
        return solve_band(self._band, weighed)


def _risk(
    series: FloatArray, precision: FloatArray, usual: float, system: _System
) -> tuple[FloatArray, float]:
    """The course, and Stein's unbiased estimate of its mean squared error, in noise variances."""
    count = len(series)
    if count <= _SHORT:
        probes = np.eye(count)
        share = 1.0
    else:
        probes = np.random.default_rng(7).choice([-1.0, 1.0], (count, _PROBES))
        share = 1.0 / _PROBES
    solved = system.solve(np.concatenate([series[:, None], probes], axis=1))
    found = solved[:, 0]
    used = precision > 0
    freedom = share * float((probes * solved[:, 1:])[used].sum())
    known = int(used.sum())
    misfit = float((precision * (series - found) ** 2).sum()) / usual
    return found, (misfit + 2.0 * freedom - known) / known


__all__ = ["smooth_head", "smooth_series"]
