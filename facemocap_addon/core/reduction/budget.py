# SPDX-License-Identifier: GPL-3.0-or-later
"""Millimetres on the mesh, shared out among the controls that move it.

A control that is off by e moves each vertex by e times its motion per unit. What all controls do to
one vertex adds up to no more than the sum of these lengths: tolerances whose sums stay within the
budget at every vertex keep the mesh within it. That holds where controls move vertices along
straight lines.
"""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .turning_points import find_holds

#: So many sets of controls that move at one time are told apart; more are thrown together, which
#: costs tolerance and never the budget.
MOST_SETS = 32
#: No control may be off by more than this, whatever the mesh says.
MOST = 0.05
#: For what rounding adds to a sum.
_SAFE = 1.0 - 1e-9


def moving(values: FloatArray, hold: int) -> BoolArray:
    """Where a control's reduced curve can be off ``(n, k)``: everywhere but inside holds."""
    ends, inside = find_holds(np.asarray(values, np.float32), hold)
    return ~inside | ends


def split_budget(
    motions: FloatArray, active: BoolArray, budget: float, *, most: float = MOST
) -> FloatArray:
    """A tolerance for each control, such that no vertex is off by more than the budget.

    Every control gets the same length at the vertex that it moves most, and more where others
    leave room: all grow together, and one stops when a vertex that it moves is full.

    Parameters
    ----------
    motions : (k, v, 3) float
        How one unit of each control moves the vertices, in the unit of the budget.
    active : (n, k) bool
        Which controls can be off at which time, from `moving`. Controls that are never off
        together need not share.
    budget : float
        The largest distance that a vertex may be off.
    most : float
        The largest tolerance, in the controls' units.

    Returns
    -------
    (k,) float64
    """
    lengths = np.linalg.norm(np.asarray(motions, np.float64), axis=2)
    sets, _own = _sets(np.asarray(active, np.bool_))
    return _filled(lengths, sets, _checked(budget), most)


def split_budget_over_time(
    motions: FloatArray, active: BoolArray, budget: float, *, most: float = MOST
) -> FloatArray:
    """As `split_budget`, a tolerance for each sample ``(n, k)``: more while less moves."""
    lengths = np.linalg.norm(np.asarray(motions, np.float64), axis=2)
    sets, own = _sets(np.asarray(active, np.bool_))
    shares = [_filled(lengths, one[None], _checked(budget), most) for one in sets]
    return np.stack(shares)[own] if shares else np.full(active.shape, most)


def split_lengths_over_time(
    lengths: FloatArray, active: BoolArray, budget: float, *, most: FloatArray
) -> FloatArray:
    """As `split_budget_over_time`, from lengths per unit ``(k, v)``.

    Controls are first brought to one scale, so that ``most`` ``(k,)`` is each control's own.
    """
    scaled = np.asarray(lengths, np.float64) * most[:, None]
    sets, own = _sets(np.asarray(active, np.bool_))
    shares = [_filled(scaled, one[None], _checked(budget), 1.0) for one in sets]
    return np.stack(shares)[own] * most if shares else np.tile(most, (len(active), 1))


def gather_vertices(lengths: FloatArray, most: int = 512) -> FloatArray:
    """Fewer vertices ``(k, w)`` from which a budget is split as carefully as from all ``(k, v)``.

    Vertices that move alike stand together as one that moves by the longest of them.
    """
    moved = lengths[:, lengths.any(axis=0)]
    if moved.shape[1] <= most:
        return moved
    lead, size = moved.argmax(axis=0), moved.max(axis=0)
    order = np.lexsort((size, lead))
    edges = np.linspace(0, len(order), most + 1).astype(np.int64)[:-1]
    return np.maximum.reduceat(moved[:, order], edges, axis=1)


def error_on_mesh(motions: FloatArray, errors: FloatArray) -> float:
    """What the worst vertex may be off by when controls are off by ``errors (k,)`` at once."""
    lengths = np.linalg.norm(np.asarray(motions, np.float64), axis=2)
    return float((np.abs(errors)[:, None] * lengths).sum(axis=0).max(initial=0.0))


def _checked(budget: float) -> float:
    if not (np.isfinite(budget) and budget >= 0.0):
        raise ValueError("a budget is a length, finite and not negative")
    return budget


def _sets(active: BoolArray) -> tuple[BoolArray, IntArray]:
    """Sets of controls ``(p, k)`` and, for each sample, one of them that holds its own ``(n,)``."""
    unique, own = np.unique(active, axis=0, return_inverse=True)
    own = own.reshape(-1)
    # large sets first, for they hold others
    order = np.argsort(-unique.sum(axis=1), kind="stable")
    kept = np.zeros((0, active.shape[1]), np.bool_)
    place = np.zeros(len(unique), np.int64)
    for which in order.tolist():
        fresh = unique[which]
        within = np.flatnonzero((kept | ~fresh).all(axis=1))
        if len(within):
            place[which] = within[-1]
        elif len(kept) < MOST_SETS:
            place[which] = len(kept)
            kept = np.concatenate([kept, fresh[None]])
        else:
            place[which] = int(np.argmin((fresh & ~kept).sum(axis=1)))
            kept[place[which]] |= fresh
    return kept, place[own]


def _filled(lengths: FloatArray, sets: BoolArray, budget: float, most: float) -> FloatArray:
    """Tolerances ``(k,)`` from lengths per unit ``(k, v)`` and sets that move at once."""
    count = len(lengths)
    farthest = lengths.max(axis=1, initial=0.0)
    grows = sets.any(axis=0) & (farthest > 0.0)
    # what a control gains when all gain one length at the vertices they move most
    rate = np.divide(1.0, farthest, out=np.zeros(count), where=grows)
    full = np.where(grows, 0.0, most)
    shared = grows.copy()
    level = 0.0
    while grows.any():
        taken = (sets * np.where(grows, 0.0, full)) @ lengths
        gain = (sets * np.where(grows, rate, 0.0)) @ lengths
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(gain > 0.0, (budget - taken) / gain, np.inf)
        capped = float((most / rate[grows]).min())
        level = max(min(float(room.min(initial=np.inf)), capped), level)
        bound = room <= level * (1.0 + 1e-12)
        touched = np.zeros(count, np.bool_)
        for one, vertices in zip(sets, bound, strict=True):
            if vertices.any():
                touched |= one & (lengths[:, vertices] > 0.0).any(axis=1)
        stopped = grows & (touched | (level * rate >= most * (1.0 - 1e-12)))
        full[stopped] = level * rate[stopped]
        grows &= ~stopped
    return np.where(shared, np.minimum(full * _SAFE, most), most)
