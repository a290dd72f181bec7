# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks reduced within millimetres on a mesh.

A first tolerance for each track is such that all of them together, each off by all it may be, stay
within the budget at every vertex. Real errors are seldom as large all at once: tolerances are
widened as long as the errors that come of them add up to the budget at most, frame by frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from .budget import gather_vertices, moving, split_lengths_over_time
from .keys import Keys
from .plan import KeyPlan
from .reduce import HOLD
from .tracks import Track, by_frames, reduce_tracks

#: No control is off by more than this in its own unit (radians, or a part of its range).
MOST = 0.05
#: How much wider than at first tolerances are tried, and in how many rounds they are narrowed.
WIDEST, ROUNDS = 4.0, 4
#: Where errors add up to too much, so many frames to either side are narrowed too.
BESIDE = 12
#: What is aimed at, and vertices that are told apart.
_AIM, _VERTICES = 0.9, 1024
#: Places between two samples at which errors are added up.
_SHARES = (0.0, 0.5)

#: Millimetres by which the mesh itself is off with some keys.
Measure = Callable[[Sequence[tuple[Keys, ...]]], float]
Made = list[tuple[Keys, ...]]


def reduce_on_mesh(
    tracks: Sequence[Track],
    lengths: FloatArray,
    plan: KeyPlan,
    measure: Measure,
) -> tuple[Made, float, list[FloatArray]]:
    """Keys that keep a mesh within the plan's tolerance.

    Parameters
    ----------
    tracks : sequence of k Track
    lengths : (k, v) float
        How many millimetres one unit of each track's error moves each vertex at most.
    plan : KeyPlan
        In millimetres.
    measure : callable
        Where the mesh bends more than lengths tell, all tolerances are made smaller.

    Returns
    -------
    made : list of tuples of Keys
    error : float
        What ``measure`` says of them.
    allowed : list of (n,) float64
        Tolerances that they were made with.
    """
    budget = plan.tolerance
    base: list[FloatArray] = [np.zeros(0)] * len(tracks)
    scale: list[FloatArray] = [np.zeros(0)] * len(tracks)
    groups = by_frames(tracks)
    share = budget / max(len(groups), 1)
    for places in groups:
        own = [tracks[place] for place in places]
        for place, each in zip(places, first_tolerances(own, lengths[places], share), strict=True):
            base[place], scale[place] = each, np.full(len(each), WIDEST)
    made, allowed = _narrowed(tracks, lengths, plan, groups, base, scale)
    error = measure(made)
    for _ in range(ROUNDS):
        if error <= budget:
            break
        less = max(_AIM * budget / error, 0.25)
        allowed = [less * each for each in allowed]
        made = reduce_tracks([replace(t, before=None) for t in tracks], allowed, plan)
        error = measure(made)
    return made, error, allowed


def first_tolerances(
    tracks: Sequence[Track], lengths: FloatArray, budget: float
) -> list[FloatArray]:
    """Tolerances ``(n,)`` of tracks over the same frames whose sum is the budget at most."""
    active = np.stack([_moves(track) for track in tracks], axis=1)
    found = split_lengths_over_time(
        gather_vertices(lengths, _VERTICES), active, budget, most=_most(tracks)
    )
    return [found[:, column] for column in range(len(tracks))]


def errors_added(tracks: Sequence[Track], made: Made, lengths: FloatArray) -> FloatArray:
    """What errors add up to ``(n,)`` at the worst vertex of each sample, halfway between too."""
    near = gather_vertices(lengths, _VERTICES).astype(np.float32)
    out = np.zeros(len(tracks[0].frames))
    for share in _SHARES:
        errors = np.stack([t.error(k, share) for t, k in zip(tracks, made, strict=True)], axis=1)
        for rows in np.array_split(np.arange(len(out)), max(len(out) // 2048, 1)):
            total = errors[rows].astype(np.float32) @ near
            out[rows] = np.maximum(out[rows], total.max(axis=1, initial=0.0))
    return out


def _narrowed(
    tracks: Sequence[Track],
    lengths: FloatArray,
    plan: KeyPlan,
    groups: Sequence[Sequence[int]],
    base: Sequence[FloatArray],
    scale: list[FloatArray],
) -> tuple[Made, list[FloatArray]]:
    """Keys with tolerances as wide as the budget lets them be."""
    most = _most(tracks)
    budget = plan.tolerance / max(len(groups), 1)
    for turn in range(ROUNDS + 1):
        allowed = [
            np.minimum(each * wide, np.maximum(limit, each))
            for each, wide, limit in zip(base, scale, most.tolist(), strict=True)
        ]
        made = reduce_tracks(tracks, allowed, plan)
        narrowed = False
        for places in groups:
            some = np.asarray(places)
            added = errors_added(
                [tracks[place] for place in places], [made[place] for place in places],
                lengths[some],
            )  # fmt: skip
            now = scale[places[0]]
            late = (added > budget) & (now > 1.0)
            if not late.any():
                continue
            narrowed = True
            wanted = np.where(late, _AIM * now * budget / np.maximum(added, 1e-12), now)
            # the last time there is no more trying
            wanted = np.where(late & (turn >= ROUNDS - 1), 1.0, np.maximum(wanted, 1.0))
            frames = tracks[places[0]].frames
            after = wanted if turn < ROUNDS - 1 else np.minimum(wanted, now)
            after = _least_nearby(after, frames)
            for place in places:
                scale[place] = after
        if not narrowed:
            return made, allowed
    allowed = [np.array(each) for each in base]
    return reduce_tracks(tracks, allowed, plan), allowed


def _least_nearby(scale: FloatArray, frames: FloatArray) -> FloatArray:
    """The least of each sample's neighbours ``(n,)``: a span reaches over several."""
    out = np.array(scale, np.float64)
    low: IntArray = np.searchsorted(frames, frames - BESIDE)
    high: IntArray = np.searchsorted(frames, frames + BESIDE, side="right")
    small = np.flatnonzero(scale < WIDEST)
    for place in small.tolist():
        part = slice(int(low[place]), int(high[place]))
        out[part] = np.minimum(out[part], scale[place])
    return out


def _most(tracks: Sequence[Track]) -> FloatArray:
    wide = [MOST * (t.whole if t.kind in {"VALUE", "LOCATION"} else 1.0) for t in tracks]
    return np.maximum(np.array(wide), 1e-9)


def _moves(track: Track) -> BoolArray:
    return np.asarray(moving(track.values, HOLD).any(axis=1))
