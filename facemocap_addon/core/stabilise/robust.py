# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigid fits in which points that lie off have no say: reweighted, from several beginnings."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..rotations import from_vector, to_matrix
from .distances import agreement
from .kabsch import distances_to, fit_rigid
from .solvers import rotation_vectors

#: Scales of the reweighting, in deviations of a coordinate; each is used once.
_SCALES = (16.0, 10.0, 7.0, 5.0, 4.0)
#: Where the last weights end, in deviations, and how often they are made.
CUT, _LAST = 6.0, 4
#: Distances beyond which a point is off, in deviations: one in 10,000 that is not.
OFF = 4.6
#: Beginnings from three points each.
_TRIPLES = 56
_AT_ONCE = 4096


@dataclass(frozen=True)
class Fit:
    """Rotations (n, 3, 3), translations (n, 3), weights and distances in deviations (n, p)."""

    rotations: FloatArray
    translations: FloatArray
    weights: FloatArray
    off: FloatArray


def fit_robust(
    model: FloatArray,
    observed: FloatArray,
    valid: BoolArray,
    noise_m: float,
    trust: FloatArray,
) -> Fit:
    """Fit each frame on the points that agree.

    Parameters
    ----------
    model : (p, 3) float64
    observed : (n, p, 3) float64
    valid : (n, p) bool
    noise_m : float
        Deviation of a coordinate.
    trust : (p,) float64
        Weights of the points over the take; those with none are not looked at.
    """
    pieces = [
        _fit_part(model, observed[rows], valid[rows] & (trust > 0), noise_m, trust)
        for rows in (slice(at, at + _AT_ONCE) for at in range(0, max(len(observed), 1), _AT_ONCE))
    ]
    return Fit(
        *(
            np.concatenate([getattr(piece, name) for piece in pieces])
            for name in ("rotations", "translations", "weights", "off")
        )
    )


def _fit_part(
    model: FloatArray, observed: FloatArray, valid: BoolArray, noise_m: float, trust: FloatArray
) -> Fit:
    begin = agreement(observed, valid, model, noise_m)
    best = _reweighted(model, observed, valid, noise_m, trust, begin * valid)
    doubtful = np.flatnonzero(_is_doubtful(best.off, valid))
    if len(doubtful):
        best = _try_triples(model, observed, valid, noise_m, trust, best=best, rows=doubtful)
        best = _try_neighbours(model, observed, valid, noise_m, trust, best=best, rows=doubtful)
    return best


def _is_doubtful(off: FloatArray, valid: BoolArray) -> BoolArray:
    inside = ((off < OFF) & valid).sum(axis=1)
    return (inside < np.maximum(4, 0.65 * valid.sum(axis=1))) & (valid.sum(axis=1) >= 3)


def _reweighted(
    model: FloatArray,
    observed: FloatArray,
    valid: BoolArray,
    noise_m: float,
    trust: FloatArray,
    weights: FloatArray,
    *,
    scales: tuple[float, ...] = _SCALES,
) -> Fit:
    """Geman-McClure weights with a shrinking scale, then Tukey's, nought beyond an end."""
    turn, shift = fit_rigid(model, observed, weights)
    off = distances_to(model, observed, turn, shift) / noise_m
    for scale in scales:
        weights = trust * valid / (1.0 + (off / scale) ** 2) ** 2
        turn, shift = fit_rigid(model, observed, weights)
        off = distances_to(model, observed, turn, shift) / noise_m
    for _ in range(_LAST):
        weights = trust * valid * np.maximum(1.0 - (off / CUT) ** 2, 0.0) ** 2
        turn, shift = fit_rigid(model, observed, weights)
        off = distances_to(model, observed, turn, shift) / noise_m
    return Fit(turn, shift, weights, off)


def _cost(off: FloatArray, valid: BoolArray) -> FloatArray:
    """Squared distances (n,), of which none counts more than that of a point that is off."""
    return (np.minimum(off**2, OFF**2) * valid).sum(axis=-1)


def _better(
    best: Fit, other: Fit, rows: IntArray, valid: BoolArray, bonus: FloatArray | float = 0.0
) -> Fit:
    """The better of two fits in the rows that ``other`` is for."""
    gain = _cost(best.off[rows], valid[rows]) - _cost(other.off, valid[rows]) + bonus
    won = gain > 1e-9
    parts: list[FloatArray] = []
    for name in ("rotations", "translations", "weights", "off"):
        array = getattr(best, name).copy()
        array[rows[won]] = getattr(other, name)[won]
        parts.append(array)
    return Fit(*parts)


def _try_triples(
    model: FloatArray,
    observed: FloatArray,
    valid: BoolArray,
    noise_m: float,
    trust: FloatArray,
    *,
    best: Fit,
    rows: IntArray,
) -> Fit:
    """Beginnings from triples of points: three good ones are enough to find the others."""
    usable = np.flatnonzero(trust > 0)
    triples = list(itertools.combinations(usable.tolist(), 3)) if len(usable) <= 9 else []
    if not triples:
        draw = np.random.default_rng(0)
        triples = [tuple(draw.choice(usable, 3, replace=False)) for _ in range(_TRIPLES)]
    found = best.weights[rows].copy()
    least = np.full(len(rows), np.inf)
    for triple in triples:
        columns = np.array(triple, np.intp)
        begin = np.zeros((len(rows), len(model)))
        begin[:, columns] = valid[rows][:, columns]
        turn, shift = fit_rigid(model[columns], observed[rows][:, columns], begin[:, columns])
        off = distances_to(model, observed[rows], turn, shift) / noise_m
        cost = _cost(off, valid[rows]) + np.where(begin.sum(axis=1) < 3, np.inf, 0.0)
        won = cost < least
        least[won] = cost[won]
        found[won] = ((off < 2 * OFF) * trust * valid[rows])[won]
    other = _reweighted(
        model, observed[rows], valid[rows], noise_m, trust, found, scales=(5.0, 4.0)
    )
    return _better(best, other, rows, valid)


def _try_neighbours(
    model: FloatArray,
    observed: FloatArray,
    valid: BoolArray,
    noise_m: float,
    trust: FloatArray,
    *,
    best: Fit,
    rows: IntArray,
) -> Fit:
    """Beginnings from where the frames around say that the head is."""
    sure = ~_is_doubtful(best.off, valid) & (valid.sum(axis=1) >= 4)
    if not sure.any():
        return best
    turn, shift = between(best.rotations, best.translations, sure, rows)
    off = distances_to(model, observed[rows], turn, shift) / noise_m
    begin = trust * valid[rows] / (1.0 + (off / 8.0) ** 2) ** 2
    other = _reweighted(
        model, observed[rows], valid[rows], noise_m, trust, begin, scales=(6.0, 4.0)
    )
    return _better(best, other, rows, valid)


def between(
    rotations: FloatArray, translations: FloatArray, known: BoolArray, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Motion at ``rows`` from the known rows around: turned evenly between, held at the ends."""
    at = np.flatnonzero(known)
    after = np.searchsorted(at, rows)
    last = at[np.clip(after - 1, 0, len(at) - 1)]
    following = at[np.clip(after, 0, len(at) - 1)]
    span = np.maximum(following - last, 1)
    share = np.clip((rows - last) / span, 0.0, 1.0)
    step = rotation_vectors(np.swapaxes(rotations[last], 1, 2) @ rotations[following])
    turn = rotations[last] @ to_matrix(from_vector(share[:, None] * step))
    way = translations[following] - translations[last]
    return turn, translations[last] + share[:, None] * way
