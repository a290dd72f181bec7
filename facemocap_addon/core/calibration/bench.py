# SPDX-License-Identifier: GPL-3.0-or-later
"""Levers laid side by side in one space, and the few of them that make up a goal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..controls import BONE, Control
from ..probing.face_frame import FaceFrame
from ..probing.scan import Bone
from .goals import Goal
from .levers import Lever, unit_m
from .mirror import mirror_groups
from .refine import Task
from .solve import Choice, Normal, choose_few, solve_on
from .space import Space

#: Share of a lever's own motion that must lie where the channel moves the face.
INSIDE = 0.4
#: A lever of whose motion less than this shows (it moves the tongue, say) is left alone.
SEEN = 0.3
#: Groups of levers that make up a channel of one side, and of both.
MOST = {"L": 14, "R": 14, "C": 16}
#: A group stays that explains this part of a channel beside the others.
LEAST_GAIN = {"L": 0.005, "R": 0.005, "C": 0.004}
#: No lever goes farther than this many times as far as the channel takes the points under it.
FARTHEST = 1.5
#: What a shift of a bone counts beside a turn, and a constrained bone beside a free one: lids that
#: turn about an eye stay on it, and what a constraint holds may be held elsewhere in another pose.
SHIFT_WORTH, CONSTRAINED_WORTH = 0.6, 0.9
#: A lever turns an eye when that is this part of its motion; it may take lids along.
TURNS = 0.1


@dataclass(frozen=True)
class Bench:
    """Levers and their motions, ready for any goal.

    Attributes
    ----------
    levers : tuple of Lever, length m
    scale : (m,) float
        Value of each control at which its farthest point goes by one unit.
    table : (m, l) float32
        Motions at that value.
    squares : (m, l) float32
        Squares of the table.
    fourths : (m,) float64
        Sums of the squares of each motion's squared lengths.
    gram : (m, m) float64
    groups : (m,) int
        Levers of one bone that turn it, or shift it.
    pairs : (m,) int
        The same with the group that mirrors it.
    partners : (g,) int
        Group that mirrors each.
    axes : (m,) int
        Component of each lever.
    worth : (m,) float64
        What each lever's part counts when levers are chosen.
    usable : (m,) bool
        Levers whose motion can be judged.
    low, high : (m,) float
        Bounds in units.
    count : int
        Points of the character.
    """

    levers: tuple[Lever, ...]
    scale: FloatArray
    table: FloatArray
    squares: FloatArray
    fourths: FloatArray
    gram: FloatArray
    groups: IntArray
    pairs: IntArray
    partners: IntArray
    axes: IntArray
    worth: FloatArray
    usable: BoolArray
    low: FloatArray
    high: FloatArray
    count: int


def make_bench(
    levers: Sequence[Lever], space: Space, frame: FaceFrame, bones: Mapping[str, Bone]
) -> Bench:
    """Levers described in a space; a unit is a millimetre on a face whose eyes are 63 mm apart."""
    unit = unit_m(frame)
    scale = np.array([unit / lever.reach_m for lever in levers])
    table = np.zeros((len(levers), space.length), np.float32)
    seen = np.zeros(len(levers))
    for row, (lever, value) in enumerate(zip(levers, scale, strict=True)):
        table[row] = space.vector(lever.rows, lever.slope * value)
        seen[row] = space.seen(lever.rows, lever.slope)
    squares = np.square(table)
    lengths = squares.reshape(len(levers), -1, 3).sum(axis=2)
    names = list(dict.fromkeys(lever.group for lever in levers))
    groups = np.array([names.index(lever.group) for lever in levers], np.int64)
    partners = mirror_groups(levers, groups, frame, bones)
    return Bench(
        tuple(levers),
        scale,
        table,
        squares,
        np.asarray((lengths**2).sum(axis=1), np.float64),
        np.asarray(table @ table.T, np.float64),
        groups,
        np.minimum(groups, partners[groups]),
        partners,
        np.array([lever.control.index for lever in levers], np.int64),
        np.array([_worth(lever.control) for lever in levers]),
        seen > SEEN,
        np.array([lever.low for lever in levers]) / scale,
        np.array([lever.high for lever in levers]) / scale,
        len(frame.plain),
    )


def _worth(control: Control) -> float:
    turn = SHIFT_WORTH if control.kind == BONE and not control.is_rotation else 1.0
    return turn * (CONSTRAINED_WORTH if control.constrained else 1.0)


def choose(
    bench: Bench, goal: Goal, vector: FloatArray, allowed: BoolArray, fineness: float = 1.0
) -> Task:
    """The levers that make up a goal, with the amounts that small motions promise.

    Parameters
    ----------
    bench : Bench
    goal : Goal
    vector : (l,) float
        What is wanted of the levers; the goal's own vector unless it comes on top of another.
    allowed : (m,) bool
        Levers that may take part (`fitting_levers`).
    fineness : float
        How much smaller parts than usual are worth a lever.
    """
    size = float(goal.vector @ goal.vector)
    farthest = FARTHEST * _under(bench, vector)
    bounds = (np.maximum(bench.low, -farthest), np.minimum(bench.high, farthest))
    pull = np.asarray(bench.table @ vector.astype(np.float32), np.float64)
    if goal.apart is None:
        found = _choose(bench, goal, Normal(bench.gram, pull, size), allowed, bounds, fineness)
    else:
        # the gaze first, then what follows it
        places: list[IntArray] = []
        whole = bench.squares.sum(axis=1)
        turns = bench.squares[:, goal.apart].sum(axis=1) > TURNS * whole
        for part, own in ((goal.apart, turns), (~goal.apart, ~turns)):
            normal = _normal_on(bench, vector, part)
            places.append(_choose(bench, goal, normal, allowed & own, bounds, fineness).places)
        normal = Normal(bench.gram, pull, size)
        found = solve_on(normal, np.sort(np.concatenate(places)), np.zeros(len(pull)), bounds)
    low, high = bounds
    own = found.places
    return Task(
        goal.channel,
        vector,
        tuple(bench.levers[int(place)] for place in own.tolist()),
        found.amounts,
        (low[own], high[own]),
        bench.scale[own],
        np.asarray(bench.table[own], np.float64),
        size,
    )


def _normal_on(bench: Bench, vector: FloatArray, part: BoolArray) -> Normal:
    """The normal equations of some places."""
    table, own = bench.table[:, part], vector[part].astype(np.float32)
    gram, pull = np.asarray(table @ table.T, np.float64), np.asarray(table @ own, np.float64)
    return Normal(gram, pull, float(vector[part] @ vector[part]))


def _choose(
    bench: Bench,
    goal: Goal,
    normal: Normal,
    allowed: BoolArray,
    bounds: tuple[FloatArray, FloatArray],
    fineness: float,
) -> Choice:
    both = goal.side == "C"
    return choose_few(
        normal,
        bench.pairs if both else bench.groups,
        allowed,
        bounds,
        most=MOST[goal.side],
        least_gain=LEAST_GAIN[goal.side] / fineness,
        worth=bench.worth,
        alike=3 * bench.pairs + bench.axes if both else None,
    )


def fitting_levers(bench: Bench, goal: Goal) -> BoolArray:
    """Levers on the goal's side most of whose motion lies where the goal moves the face."""
    other = {"L": "R", "R": "L", "C": ""}[goal.side]
    sides = np.array([lever.side != other for lever in bench.levers])
    inside = bench.squares @ goal.where.astype(np.float32)
    whole = bench.squares.sum(axis=1)
    return bench.usable & sides & (whole > 0) & (inside >= INSIDE * whole)


def _under(bench: Bench, vector: FloatArray) -> FloatArray:
    """Amounts ``(m,)`` at which each lever goes as far as a goal takes the points under it."""
    size = np.repeat((vector.reshape(-1, 3) ** 2).sum(axis=1), 3).astype(np.float32)
    return np.sqrt((bench.squares @ size) / np.maximum(bench.fourths, 1e-30))
