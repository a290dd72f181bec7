# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounded least squares with few unknowns, on products instead of meshes.

Wanted are amounts ``x`` of a few levers whose summed motion is nearest to a goal. With the levers'
motions as rows of ``A`` and the goal ``t`` all that is needed is ``A A'`` and ``A t``: the mesh
appears once, when the products are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: What it costs a lever to leave the amount it had before others came in, as a part of its own
#: square: else many small levers would share the work of the one that is made for it, and two
#: that nearly undo each other would take large amounts against each other.
RIDGE = 0.03
#: A single lever of a group stays that explains this part of what a group has to.
SINGLE = 0.25
#: Slack of the optimality conditions, relative to the largest number in them.
SLACK = 1e-9
#: Exchanges of whole blocks that may bring nothing before single exchanges begin.
PATIENCE = 3


@dataclass(frozen=True)
class Normal:
    """The normal equations of one goal.

    Attributes
    ----------
    gram : (m, m) float64
        Products of the levers' motions.
    pull : (m,) float64
        Products of the levers' motions with the goal.
    total : float
        Square of the goal.
    """

    gram: FloatArray
    pull: FloatArray
    total: float

    def left(self, amounts: FloatArray) -> float:
        """Square of what ``amounts`` ``(m,)`` leave of the goal."""
        return self.total - 2.0 * float(self.pull @ amounts) + float(amounts @ self.gram @ amounts)


def solve_box(
    hessian: FloatArray, pull: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Minimise ``x H x / 2 - pull x`` within ``low`` and ``high`` ``(m,)``, exactly.

    Block principal pivoting (Júdice and Pires 1994) with the exchange rule of Kim and Park (2011);
    ``hessian`` is symmetric and positive definite.
    """
    count = len(pull)
    state = np.where(low >= high, -1, 0)
    fixed = state != 0
    slack = SLACK * max(float(np.abs(pull).max(initial=0.0)), 1e-300)
    room = SLACK * np.maximum(high - low, 1e-300)
    best, patience = count + 1, PATIENCE
    amounts = np.where(fixed, low, 0.0)
    for _ in range(100 + 20 * count):
        amounts = np.where(state < 0, low, np.where(state > 0, high, 0.0))
        free = state == 0
        if free.any():
            right = pull[free] - hessian[np.ix_(free, ~free)] @ amounts[~free]
            amounts[free] = np.linalg.solve(hessian[np.ix_(free, free)], right)
        slope = hessian @ amounts - pull
        wrong = free & ((amounts < low - room) | (amounts > high + room))
        wrong |= (state < 0) & ~fixed & (slope < -slack)
        wrong |= (state > 0) & (slope > slack)
        number = int(wrong.sum())
        if number == 0:
            break
        if number < best:
            best, patience = number, PATIENCE
        else:
            patience -= 1
        if patience < 0:
            last = int(np.flatnonzero(wrong)[-1])
            wrong = np.zeros(count, np.bool_)
            wrong[last] = True
        beyond = np.where(amounts > high, 1, -1)
        state = np.where(wrong, np.where(free, beyond, 0), state)
    return np.clip(amounts, low, high)


@dataclass(frozen=True)
class Choice:
    """Levers that make up a goal: their places, rising, and amounts ``(k,)``."""

    places: IntArray
    amounts: FloatArray
    left: float

    def spread(self, nothing: FloatArray) -> FloatArray:
        """The amounts in the places of all levers ``(m,)``."""
        out = nothing.copy()
        out[self.places] = self.amounts
        return out


def choose_few(
    normal: Normal,
    groups: IntArray,
    allowed: BoolArray,
    bounds: tuple[FloatArray, FloatArray],
    *,
    most: int,
    least_gain: float,
    worth: FloatArray | None = None,
    alike: IntArray | None = None,
) -> Choice:
    """Few levers whose bounded sum is near to the goal.

    Parameters
    ----------
    normal : Normal
        Of all m levers.
    groups : (m,) int
        Levers that are taken and left together (the three axes of a bone's shift or turn).
    allowed : (m,) bool
    bounds : pair of (m,) float
    most : int
        Groups at most.
    least_gain : float
        A group stays that explains at least this part of the goal beside the others.
    worth : (m,) float, optional
        What a lever's part counts when the next one is looked for, 1 by default.
    alike : (m,) int, optional
        Levers with one number are dropped or kept together in the end; each by itself by default.

    Notes
    -----
    Orthogonal matching pursuit by groups, every amount found anew with each group, near to what it
    was before and within its bounds; in the end groups without which the goal is missed hardly
    more are dropped, then single levers.
    """
    liking = np.ones(len(groups)) if worth is None else worth
    names = np.unique(groups[allowed])
    members = {int(g): np.flatnonzero(allowed & (groups == g)) for g in names}
    blocks = _Blocks(normal.gram, list(members.values()), liking)
    open_ = np.ones(len(names), np.bool_)
    chosen: list[int] = []
    nothing = np.zeros(len(groups))
    now = solve_on(normal, np.zeros(0, np.int64), nothing, bounds)
    while len(chosen) < most and open_.any():
        rest = normal.pull - normal.gram[:, now.places] @ now.amounts
        gains = np.where(open_, blocks.gains(rest), -1.0)
        place = int(np.argmax(gains))
        if gains[place] < 0.5 * least_gain * normal.total:
            break
        open_[place] = False
        best = int(names[place])
        trial = solve_on(normal, _places(members, [*chosen, best]), now.spread(nothing), bounds)
        if now.left - trial.left >= 0.25 * least_gain * normal.total:
            chosen.append(best)
            now = trial
    parts = [members[group] for group in chosen]
    now = _prune(normal, parts, now, bounds, least_gain)
    names = now.places if alike is None else alike[now.places]
    singles = [now.places[names == name] for name in np.unique(names)]
    return _prune(normal, singles, now, bounds, SINGLE * least_gain)


def _prune(
    normal: Normal,
    parts: Sequence[IntArray],
    now: Choice,
    bounds: tuple[FloatArray, FloatArray],
    least_gain: float,
) -> Choice:
    """Drop one part after the other as long as that leaves hardly more of the goal."""
    kept = list(parts)
    centre = now.spread(np.zeros(len(normal.pull)))
    while kept:
        without = [
            solve_on(normal, _places_but(kept, place), centre, bounds) for place in range(len(kept))
        ]
        easiest = int(np.argmin([trial.left for trial in without]))
        if without[easiest].left - now.left >= least_gain * normal.total:
            break
        now = without[easiest]
        del kept[easiest]
    return now


def _places_but(parts: Sequence[IntArray], left_out: int) -> IntArray:
    rest = [part for place, part in enumerate(parts) if place != left_out]
    return np.sort(np.concatenate(rest)) if rest else np.zeros(0, np.int64)


def _places(members: Mapping[int, IntArray], chosen: Sequence[int]) -> IntArray:
    if not chosen:
        return np.zeros(0, np.int64)
    return np.sort(np.concatenate([members[group] for group in chosen]))


def solve_on(
    normal: Normal, places: IntArray, centre: FloatArray, bounds: tuple[FloatArray, FloatArray]
) -> Choice:
    """The bounded amounts of given levers, near to ``centre`` ``(m,)``."""
    low, high = bounds
    gram, pull = normal.gram[np.ix_(places, places)], normal.pull[places]
    ridge = RIDGE * np.diag(gram)
    amounts = solve_box(
        gram + np.diag(ridge), pull + ridge * centre[places], low[places], high[places]
    )
    return Choice(places, amounts, Normal(gram, pull, normal.total).left(amounts))


class _Blocks:
    """What each group alone could take off what is left, its bounds aside."""

    def __init__(
        self, hessian: FloatArray, members: Sequence[IntArray], liking: FloatArray
    ) -> None:
        widest = max((len(own) for own in members), default=0)
        self._places = np.zeros((len(members), widest), np.int64)
        self._inverse = np.zeros((len(members), widest, widest))
        self._liking = np.array([float(liking[own].mean()) for own in members])
        for row, own in enumerate(members):
            size = len(own)
            self._places[row, :size] = own
            self._inverse[row, :size, :size] = np.linalg.inv(hessian[np.ix_(own, own)])

    def gains(self, rest: FloatArray) -> FloatArray:
        """Squares ``(g,)`` for what is left ``(m,)`` of the pull."""
        pull = rest[self._places]
        return self._liking * np.einsum("gi,gij,gj->g", pull, self._inverse, pull)
