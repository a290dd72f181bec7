# SPDX-License-Identifier: GPL-3.0-or-later
"""Amounts corrected on the real rig: Gauss-Newton with bounds, as questions and answers.

Bones turn, slide along spheres and pull each other: what a sum of small motions promised is not
where the face goes. The face is looked at in the pose itself, the controls in use are nudged there
once more, and the amounts are corrected; a step that makes things worse is halved.

This module never moves anything. `refine` asks for poses and is sent what they do, so that the
numbers can be tested without a rig.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..controls import Control
from .levers import Lever, support_of
from .solve import RIDGE, solve_box
from .space import Space

#: Steps at most.
STEPS = 4
#: Times that a step is halved at most.
HALVINGS = 3
#: Slopes of which the goal's share that they promised wrongly is no more than this are kept.
KEPT = 0.02
#: A step that brings less than this part of the goal is the last one.
LEAST_STEP = 0.005
#: How far a lever is nudged in a pose: its farthest point goes by this many units.
NUDGE = 1.0

#: Values of controls, rest being nought.
Pose = dict[Control, float]
#: Where a pose takes all points from rest, ``(n, 3)`` metres.
Field = FloatArray
#: Asks for poses, is sent their fields.
Questions = Generator[Pose, Field, None]


@dataclass
class Task:
    """One goal and what is known of the way there.

    Attributes
    ----------
    name : str
    goal : (l,) float
        What the whole pose should look like, base included.
    levers : tuple of Lever, length k
        Levers in use.
    amounts : (k,) float
        In units: at 1 a lever's farthest point goes by one unit at rest.
    bounds : pair of (k,) float
    scale : (k,) float
        Value of each control for one unit.
    slopes : (k, l) float
        Motion for each unit, at rest.
    base : mapping of Control to float
        Pose on which the amounts come on top.
    size : float
        Square of the goal without the base.
    """

    name: str
    goal: FloatArray
    levers: tuple[Lever, ...]
    amounts: FloatArray
    bounds: tuple[FloatArray, FloatArray]
    scale: FloatArray
    slopes: FloatArray
    size: float
    base: Mapping[Control, float] = field(default_factory=dict[Control, float])
    base_support: BoolArray | None = None

    def pose(self, amounts: FloatArray | None = None) -> Pose:
        """The values of all controls."""
        out = dict(self.base)
        own = self.amounts if amounts is None else amounts
        for lever, amount, scale in zip(self.levers, own, self.scale, strict=True):
            out[lever.control] = out.get(lever.control, 0.0) + float(amount * scale)
        return out

    def support(self, count: int) -> BoolArray:
        """Points ``(count,)`` that the pose moves."""
        out = support_of(self.levers, count)
        return out if self.base_support is None else out | self.base_support


@dataclass
class _State:
    """A task under way.

    ``wrong`` is the share of the goal by which the slopes missed what was seen last.
    """

    task: Task
    support: BoolArray
    seen: FloatArray
    cost: float
    slopes: FloatArray
    step: FloatArray
    wrong: float = np.inf
    done: bool = False


def refine(tasks: Sequence[Task], space: Space, count: int) -> Questions:
    """Correct the amounts of ``tasks`` in place.

    Tasks that share no moving point are posed together: a brow and a mouth cost one look.
    """
    for pack in pack_apart([task.support(count) for task in tasks]):
        yield from _refine_pack([tasks[place] for place in pack], space, count)


def pack_apart(supports: Sequence[BoolArray]) -> list[list[int]]:
    """Groups of places whose supports ``(n,)`` have no point in common, each in the first fit."""
    packs: list[list[int]] = []
    taken: list[BoolArray] = []
    for place, support in enumerate(supports):
        for number, pack in enumerate(packs):
            if not (taken[number] & support).any():
                pack.append(place)
                taken[number] = taken[number] | support
                break
        else:
            packs.append([place])
            taken.append(support)
    return packs


def _refine_pack(tasks: Sequence[Task], space: Space, count: int) -> Questions:
    states = [_start(task, count) for task in tasks if len(task.levers)]
    if not states:
        return
    yield from _see(states, space)
    for state in states:
        state.cost = _cost(state, state.seen)
        # what lies under a base is not in what the slopes promise
        if not state.task.base:
            _learn(state, state.task.amounts, state.seen)
    for _ in range(STEPS):
        going = [state for state in states if not state.done]
        if not going:
            break
        yield from _slopes([state for state in going if state.wrong > KEPT], space)
        for state in going:
            state.step = _newton(state)
        yield from _take_step(going, space)


def _start(task: Task, count: int) -> _State:
    nothing = np.zeros(len(task.goal))
    return _State(task, task.support(count), nothing, np.inf, task.slopes, nothing)


def _learn(state: _State, step: FloatArray, went: FloatArray) -> None:
    """Turn the slopes along a step into what the step really did (Broyden 1965)."""
    missed = went - step @ state.slopes
    state.wrong = float(missed @ missed) / state.task.size
    state.slopes = state.slopes + np.outer(step / max(float(step @ step), 1e-30), missed)


def _cost(state: _State, seen: FloatArray) -> float:
    left = state.task.goal - seen
    return float(left @ left)


def _vector(state: _State, moved: Field, space: Space) -> FloatArray:
    rows = np.flatnonzero(state.support)
    return np.asarray(space.vector(rows, moved[rows]), np.float64)


def _see(states: Sequence[_State], space: Space) -> Questions:
    together: Pose = {}
    for state in states:
        together |= state.task.pose()
    moved = yield together
    for state in states:
        state.seen = _vector(state, moved, space)


def _slopes(states: Sequence[_State], space: Space) -> Questions:
    """Nudge the levers in use, one of every task at a time."""
    found: list[list[FloatArray]] = [[] for _ in states]
    for turn in range(max((len(state.task.levers) for state in states), default=0)):
        together: Pose = {}
        nudges: list[float] = []
        for state in states:
            task = state.task
            amounts = task.amounts.copy()
            nudge = 0.0
            if turn < len(task.levers):
                # back towards rest where the bound is near
                nudge = NUDGE if amounts[turn] + NUDGE <= task.bounds[1][turn] else -NUDGE
                amounts[turn] += nudge
            nudges.append(nudge)
            together |= task.pose(amounts)
        moved = yield together
        for state, own, nudge in zip(states, found, nudges, strict=True):
            if nudge:
                own.append((_vector(state, moved, space) - state.seen) / nudge)
    for state, own in zip(states, found, strict=True):
        state.slopes = np.stack(own)


def _newton(state: _State) -> FloatArray:
    """The step that the slopes promise most of."""
    task = state.task
    low, high = task.bounds
    slopes = state.slopes
    hessian = slopes @ slopes.T
    hessian[np.diag_indices_from(hessian)] *= 1.0 + RIDGE
    hessian[np.diag_indices_from(hessian)] += 1e-12
    pull = slopes @ (task.goal - state.seen)
    return solve_box(hessian, pull, low - task.amounts, high - task.amounts)


def _take_step(states: Sequence[_State], space: Space) -> Questions:
    """Go as far along each step as makes things better."""
    trying = list(states)
    part = 1.0
    for _ in range(1 + HALVINGS):
        together: Pose = {}
        for state in trying:
            together |= state.task.pose(state.task.amounts + part * state.step)
        moved = yield together
        left: list[_State] = []
        for state in trying:
            seen = _vector(state, moved, space)
            cost = _cost(state, seen)
            gained = state.cost - cost
            if gained <= 0:
                left.append(state)
                continue
            _learn(state, part * state.step, seen - state.seen)
            state.task.amounts = state.task.amounts + part * state.step
            state.seen, state.cost = seen, cost
            state.done = gained < LEAST_STEP * state.task.size
        trying = left
        part *= 0.5
        if not trying:
            return
    for state in trying:
        state.done = True
