# SPDX-License-Identifier: GPL-3.0-or-later
"""From goals to amounts: levers chosen channel by channel, then corrected on the real rig."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import numpy as np

from ..arrays import FloatArray
from ..channels import arkit_schema
from .bench import Bench, choose, fitting_levers
from .goals import Goal, goal_named
from .refine import Field, Pose, Task, refine
from .space import PointSpace

#: Mirrored levers are taken that explain this much less of a channel than on the other side.
NO_WORSE = 0.03
#: A lever does most of the opening when it does this part of what the first one does.
OPENING = 0.25
#: Lips are brought back over a long way and shall lie straight in the end.
FINE = 4.0
#: A mouth of whose opening this is left beside the closed part is not closed.
HOLES = 0.12
#: Share of an opening that is taken back at most where lips cannot close it.
MOST_HELP = 0.6
#: Edges may go through each other by this much (units).
CROSSING = 1.0
#: Channels that mean something only in the pose of another.
UPON = {"mouthClose": "jawOpen"}


def solve_channels(
    bench: Bench, goals: Sequence[Goal], space: PointSpace
) -> Generator[Pose, Field, dict[str, Task]]:
    """Amounts for every goal, corrected on the rig; asks for poses.

    Parameters
    ----------
    bench : Bench
    goals : sequence of Goal
    space : PointSpace
    """
    tasks: dict[str, Task] = {}
    for goal in goals:
        if goal.channel not in UPON:
            tasks[goal.channel] = _choose_mirrored(bench, goal, tasks)
    yield from refine(list(tasks.values()), space, bench.count)
    for goal in goals:
        under = goal_named(goals, UPON.get(goal.channel, ""))
        if under is not None and tasks[under.channel].levers:
            base = tasks[under.channel]
            tasks[goal.channel] = yield from _upon(bench, goal, under, base, space)
    return tasks


def _choose_mirrored(bench: Bench, goal: Goal, tasks: Mapping[str, Task]) -> Task:
    """The levers of a channel, on one side the mirrored ones of the other if they do as well."""
    allowed = fitting_levers(bench, goal)
    other = tasks.get(arkit_schema()[goal.channel].partner)
    if goal.side == "C" or other is None or not len(other.levers):
        return choose(bench, goal, goal.vector, allowed)
    chosen = {lever.control for lever in other.levers}
    used = np.unique(
        [g for v, g in zip(bench.levers, bench.groups, strict=True) if v.control in chosen]
    )
    same = allowed & np.isin(bench.groups, bench.partners[used])
    mirrored = choose(bench, goal, goal.vector, same)
    if _promised(mirrored) >= _promised(other) - NO_WORSE:
        return mirrored
    return choose(bench, goal, goal.vector, allowed)


def _promised(task: Task) -> float:
    """Share of the goal that the amounts explain if all goes straight."""
    left = task.goal - task.amounts @ task.slopes
    return 1.0 - float(left @ left) / task.size


def _upon(
    bench: Bench, goal: Goal, under: Goal, base: Task, space: PointSpace
) -> Generator[Pose, Field, Task]:
    """A channel solved in the pose of another: both together look like the sum of both."""
    support = base.support(bench.count)
    rows = np.flatnonzero(support)
    moved = yield base.pose()
    seen = np.asarray(space.vector(rows, moved[rows]), np.float64)
    both = under.vector + goal.vector
    # what opens the jaw does not close the lips
    parts = [float(a * a * (s @ s)) for a, s in zip(base.amounts, base.slopes, strict=True)]
    opening = {
        lever.group
        for lever, part in zip(base.levers, parts, strict=True)
        if part > OPENING * max(parts)
    }
    opens = np.array([lever.group in opening for lever in bench.levers])
    task = choose(bench, goal, both - seen, fitting_levers(bench, goal) & ~opens, FINE)
    task.goal = both
    task.base = base.pose()
    task.base_support = support
    yield from refine([task], space, bench.count)
    before = space.gaps(moved)
    if len(before):
        after = space.gaps((yield task.pose()))
        task.amounts = task.amounts * _uncrossed(before, after)
        after = space.gaps((yield task.pose()))
        _let_jaw_help(task, base, before - space.rest_gaps, after - space.rest_gaps)
    return task


def _let_jaw_help(task: Task, base: Task, before: FloatArray, after: FloatArray) -> None:
    """Take part of the opening back where lips that few bones move leave holes beside each other.

    With a share of both undone the same mouth is that much less open. ``before`` and ``after`` are
    gaps beyond those at rest.
    """
    opened = float(np.maximum(before, 0.0).sum())
    holes = float(np.maximum(after, 0.0).sum()) / max(opened, 1e-12)
    if holes <= HOLES:
        return
    share = min(1.0 - HOLES / holes, MOST_HELP)
    task.levers += base.levers
    task.amounts = np.concatenate([(1.0 - share) * task.amounts, -share * base.amounts])
    task.scale = np.concatenate([task.scale, base.scale])
    task.slopes = np.concatenate([task.slopes, base.slopes])
    task.bounds = (
        np.concatenate([task.bounds[0], base.bounds[0]]),
        np.concatenate([task.bounds[1], base.bounds[1]]),
    )


def _uncrossed(before: FloatArray, after: FloatArray) -> float:
    """Share of the way from one pose to another on which no edges cross by much.

    Few bones cannot close a mouth all along: where its middle would go through itself so that its
    sides come nearer, it stops when the middle is closed.
    """
    through = (after < -CROSSING) & (before > -CROSSING)
    if not through.any():
        return 1.0
    return float(((before[through] + CROSSING) / (before - after)[through]).min())
