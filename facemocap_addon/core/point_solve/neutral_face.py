# SPDX-License-Identifier: GPL-3.0-or-later
"""The actor's face at rest: marked by a person, or one of the faces that the take stays at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError
from .performing import ActorMotion

#: Frames that are compared with each other.
FRAMES = 400
#: Part of them that a face at rest is the mean of; candidates that are tried.
STAYS, CANDIDATES = 0.04, 10
#: Costs that differ by less than this part are alike; so are those below so many mm, which say
#: more of how the character moves than of where the actor rests.
ALIKE, ALIKE_MM = 0.02, 0.08
#: Samples of one point within so many times the usual distance from their middle, or within so many
#: metres of it, are averaged.
SPREAD, LEAST_M = 2.0, 1e-5
#: Seconds about a marked frame, and at the start of the take, that are averaged.
AROUND_S, START_S = 0.1, 0.07


def marked_neutral(actor: ActorMotion, at_s: float) -> FloatArray:
    """The face ``(p, 3)`` about a marked time (seconds after the take's start); NaN where unseen.

    Raises
    ------
    FacemocapError
        When the take has no sample there.
    """
    away = np.abs(actor.times - actor.times[0] - at_s)
    rows = np.flatnonzero(away <= AROUND_S)
    if not len(rows) or not actor.valid[rows].any():
        raise FacemocapError(
            f"The take has no points at {at_s:g} s, where its neutral face is marked",
            "Mark a frame within the take",
        )
    return _mean(actor, rows)


def likely_neutrals(actor: ActorMotion) -> list[FloatArray]:
    """Faces ``(p, 3)`` that may be the one at rest, the more usual ones first.

    Where the take begins, where it ends, where it stays, and the median.
    """
    times = actor.times
    out = [_mean(actor, np.flatnonzero(times - times[0] <= START_S))]
    out.append(_mean(actor, np.flatnonzero(times[-1] - times <= START_S)))
    masked = actor.masked
    usual = _median(masked)
    # frames that miss points are compared by what they have: the rest counts as usual
    off = np.where(np.isfinite(masked), masked - usual, 0.0).reshape(len(masked), -1)
    rows = np.unique(np.linspace(0, len(off) - 1, FRAMES).round().astype(int))
    some = off[rows]
    squares = (some**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2.0 * some @ some.T, 0.0))
    near = min(max(round(STAYS * len(rows)), 3), len(rows))
    crowded = np.sort(apart, axis=1)[:, near - 1]
    free = np.ones(len(rows), np.bool_)
    for _ in range(CANDIDATES):
        if not free.any():
            break
        best = int(np.argmin(np.where(free, crowded, np.inf)))
        out.append(_mean(actor, rows[np.argsort(apart[best], kind="stable")[:near]]))
        free &= apart[best] > 1.5 * crowded[best]
        free[best] = False
    out.append(usual)
    return [face for face in out if np.isfinite(face).any()]


def best_neutral(faces: Sequence[FloatArray], cost: Callable[[FloatArray], float]) -> FloatArray:
    """The first face from which the take costs hardly more than from any.

    From a face at rest no control has to go below its own rest.
    """
    costs = [cost(face) for face in faces]
    most = float(np.hypot((1.0 + ALIKE) * min(costs), ALIKE_MM))
    return faces[next(number for number, each in enumerate(costs) if each <= most)]


def _mean(actor: ActorMotion, rows: np.ndarray) -> FloatArray:
    """Where points are in some frames; what lies off there has no say."""
    masked = actor.masked[rows]
    middle = _median(masked)
    away = np.sqrt(((masked - middle) ** 2).sum(axis=2))
    near = away <= np.maximum(SPREAD * _median(away[:, :, None])[:, 0], LEAST_M)
    total = np.where(near[:, :, None], masked, 0.0).sum(axis=0)
    count = near.sum(axis=0)[:, None]
    mean = total / np.maximum(count, 1)
    return _completed(actor, np.where(count > 0, mean, middle))


def _completed(actor: ActorMotion, face: FloatArray) -> FloatArray:
    """Points that are hidden there, where they usually are beside the others."""
    missing = ~np.isfinite(face).all(axis=1)
    if not missing.any() or missing.all():
        return face
    usual = _median(actor.masked)
    moved = np.nanmedian(face - usual, axis=0)
    out = face.copy()
    out[missing] = usual[missing] + moved
    return out


def _median(masked: FloatArray) -> FloatArray:
    seen = np.isfinite(masked).any(axis=(0, 2))
    out = np.full(masked.shape[1:], np.nan)
    if seen.any():
        out[seen] = np.nanmedian(masked[:, seen], axis=0)
    return out
