# SPDX-License-Identifier: GPL-3.0-or-later
"""What an actor's points do on the head: repaired, and the head's own motion taken off them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..arrays import BoolArray, FloatArray, frozen
from ..errors import FacemocapError
from ..points import Points, points_of
from ..sampling import usual_step
from ..stabilise import HeadMotion, RepairReport, repair_points, separate_head, smooth_head
from ..stabilise.records import STUCK
from ..stabilise.stable import find_stable
from ..take import Take
from .settings import SolveSettings

#: Samples this far (parts of the usual step) from even spacing are put on an even grid.
UNEVEN = 0.1
#: Format of takes whose points are places of a mesh: nothing is wrong with them.
EXACT = "character_points"
#: Where a take tells, among its details, where its points are at rest, by their names.
REST = "rest"
#: More points than this are landmarks that one tracker finds together.
DENSE = 100
#: So many of them, where they stay on the head, tell its motion.
STABLE = 60
#: Where no point at all is seen for longer (seconds), what was filled is not believed.
HOLE_S = 0.1
#: A point that is seen in fewer of the samples says nothing.
SEEN = 0.02


@dataclass(frozen=True)
class ActorMotion:
    """Points of an actor's face over time, on the head.

    Attributes
    ----------
    times : (n,) float64
        Seconds on the take's clock, evenly spaced.
    names : tuple of str, length p
    on_head : (n, p, 3) float64
        Metres, as if the head stayed where it usually is; nought where not valid.
    valid : (n, p) bool
    head : HeadMotion
        Smoothed.
    repairs : RepairReport
    rest : (p, 3) float64 or None
        The face at rest on the head, where the take tells it.
    """

    times: FloatArray
    names: tuple[str, ...]
    on_head: FloatArray
    valid: BoolArray
    head: HeadMotion
    repairs: RepairReport
    rest: FloatArray | None = None

    def __post_init__(self) -> None:
        for name, kind in (("times", np.float64), ("on_head", np.float64), ("valid", np.bool_)):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))

    @property
    def masked(self) -> FloatArray:
        """Places ``(n, p, 3)`` with NaN where there is none."""
        return np.where(self.valid[:, :, None], self.on_head, np.nan)


def has_points(take: Take) -> bool:
    """Whether a take holds points in space that could be solved."""
    return any(channel.kind == "point" for channel in take.channels)


def read_actor(take: Take, settings: SolveSettings) -> ActorMotion:
    """The points of a take, on the head.

    Raises
    ------
    FacemocapError
        When there are no points, or they do not tell the head's motion.
    """
    points = points_of(take)
    if not len(points):
        raise FacemocapError(
            f'The take "{take.label}" has no points in space',
            "Choose a take of markers or landmarks, or apply this one by its coefficients",
        )
    times, points = _evenly(take.times, points)
    stable = settings.stable or None
    seen = points.valid & np.isfinite(points.positions).all(axis=2)
    if settings.repair and take.source.format != EXACT:
        dense = len(points) > DENSE
        mended = repair_points(
            points, stable or (_spread_stable(points) if dense else None), dense=dense
        )
        points, motion, repairs = mended.points, mended.motion, mended.report
    else:
        motion, repairs = separate_head(points, stable), RepairReport()
    head = smooth_head(motion)
    there = points.valid & np.isfinite(points.positions).all(axis=2)
    there &= there.mean(axis=0) >= SEEN
    there &= ~_blind(times, seen.any(axis=1))[:, None]
    # what stays where it is in space while the head moves is not on the face
    stuck = {repair.marker for repair in repairs.of_kind(STUCK)}
    there &= np.array([name not in stuck for name in points.names], np.bool_)
    on_head = np.where(there[:, :, None], head.to_head(points.positions), 0.0)
    rest = _told_rest(take, points.names, head)
    return ActorMotion(times, points.names, on_head, there, head, repairs, rest)


def _told_rest(take: Take, names: tuple[str, ...], head: HeadMotion) -> FloatArray | None:
    """The face at rest that a take tells, laid on the head by the points that stay on it."""
    told: Any = take.source.details.get(REST)
    if not isinstance(told, dict):
        return None
    places = cast("dict[str, list[float]]", told)
    rest = np.array([places.get(name, [np.nan] * 3) for name in names], np.float64)
    own = rest[head.columns]
    known = np.isfinite(own).all(axis=1) & (head.point_weights > 0)
    if known.sum() < 4:
        return None
    weights = head.point_weights[known] / head.point_weights[known].sum()
    one, other = weights @ own[known], weights @ head.model[known]
    product = ((head.model[known] - other) * weights[:, None]).T @ (own[known] - one)
    left, _, right = np.linalg.svd(product)
    turn = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
    return (rest - one) @ turn.T + other


def _blind(times: FloatArray, seen: BoolArray) -> BoolArray:
    """Samples ``(n,)`` in holes in which nothing is known, whatever was filled."""
    known = times[seen]
    if not len(known):
        return np.ones(len(times), np.bool_)
    before = np.searchsorted(known, times, side="right") - 1
    after = np.searchsorted(known, times)
    inside = (before >= 0) & (after < len(known))
    width = known[np.minimum(after, len(known) - 1)] - known[np.maximum(before, 0)]
    return ~seen & ~(inside & (width <= HOLE_S))


def _spread_stable(points: Points) -> list[str]:
    """Some of the points that stay on the head, far from each other: pairs of them are compared."""
    there = points.valid & np.isfinite(points.positions).all(axis=2)
    places = np.where(there[:, :, None], points.positions, 0.0)
    columns = find_stable(places, there)
    usual = np.nanmedian(np.where(there[:, columns, None], places[:, columns], np.nan), axis=0)
    chosen = [0]
    apart = np.full(len(columns), np.inf)
    while len(chosen) < min(STABLE, len(columns)):
        apart = np.minimum(apart, ((usual - usual[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(np.argmax(apart)))
    return [points.names[column] for column in columns[sorted(chosen)].tolist()]


def _evenly(times: FloatArray, points: Points) -> tuple[FloatArray, Points]:
    """Points on an even grid, straight between samples; themselves where they are on one."""
    if len(times) < 3:
        return times, points
    step = usual_step(times)
    if np.abs(np.diff(times) - step).max() <= UNEVEN * step:
        return times, points
    count = round(float((times[-1] - times[0]) / step)) + 1
    grid: FloatArray = float(times[0]) + step * np.arange(count, dtype=np.float64)
    before = np.clip(np.searchsorted(times, grid, side="right") - 1, 0, len(times) - 2)
    gap = times[before + 1] - times[before]
    share = np.clip((grid - times[before]) / gap, 0.0, 1.0)[:, None, None]
    near = np.abs(grid[:, None] - times[[before, before + 1]].T).min(axis=1) <= 0.75 * step
    bridged = (gap <= 1.5 * step)[:, None] & points.valid[before] & points.valid[before + 1]
    nearest = np.where(share[:, 0, 0] < 0.5, before, before + 1)
    alone = near[:, None] & points.valid[nearest]
    between = points.positions[before] * (1 - share) + points.positions[before + 1] * share
    places = np.where(bridged[:, :, None], between, points.positions[nearest])
    valid = bridged | alone
    return grid, Points(points.names, np.where(valid[:, :, None], places, 0.0), valid)
