# SPDX-License-Identifier: GPL-3.0-or-later
"""Few keys for many samples, with a guaranteed largest error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import BoolArray, FloatArray, IntArray
from ..curves import HANDLE, INTERPOLATION
from ..solver.threads import for_each
from .beside import Portion, reduce_portions
from .cutting import Groups, cut_curves
from .keys import Keys, ReductionReport
from .measuring import Beziers, measure, round_handles
from .spans import solve_spans
from .tangents import merge_slopes
from .tube import build_tube, rounding
from .turning_points import find_holds, find_turning_points

#: A stretch of so many equal samples is a hold: a key at each end, level between.
HOLD = 24
#: Curves that are worked on together, in samples: enough to keep numpy busy.
_TOGETHER = 1 << 19


@dataclass(frozen=True, slots=True)
class Reduction:
    """Keys of many curves, and what was done."""

    curves: tuple[Keys, ...]
    report: ReductionReport


def reduce_curve(
    frames: FloatArray,
    values: FloatArray,
    tolerance: ArrayLike,
    *,
    forced: Iterable[float] = (),
    hold: int = HOLD,
) -> Keys:
    """Keys of one curve; see `reduce_curves`.

    Parameters
    ----------
    frames, values : (n,) float
    tolerance : float or (n,) float
    forced : iterable of float
        Frames that get keys whatever the curve does.
    hold : int
    """
    column = np.asarray(values, np.float64).reshape(-1, 1)
    allowed = np.asarray(tolerance, np.float64)
    allowed = allowed.reshape(-1, 1) if allowed.ndim else allowed
    return reduce_curves(frames, column, allowed, forced=[forced], hold=hold).curves[0]


def reduce_curves(
    frames: FloatArray,
    values: FloatArray,
    tolerance: ArrayLike,
    *,
    forced: Sequence[Iterable[float]] = (),
    groups: Sequence[Sequence[int]] | None = None,
    hold: int = HOLD,
) -> Reduction:
    """Keys of many curves over the same samples.

    Every key lies on a sample. Between keys the curve is a cubic that stays within the tolerance of
    the samples and of the straight lines between them, and within what the samples reach between
    two turning points, so that no peak is overshot.

    Parameters
    ----------
    frames : (n,) float
        Strictly increasing, also as float32.
    values : (n, k) float
        Taken as float32, as an F-curve would.
    tolerance : float, (k,), (n, 1) or (n, k) float
        Largest error, in the curves' own units: of all, for each curve, or for each sample.
    forced : sequence of k iterables of float
        Frames that get keys, for each curve; contacts, blink corners and events go here. A frame
        between samples goes to the nearest, one beyond the ends is left out. Turning points that
        rise and fall by more than twice the tolerance, ends of holds, and the first and last sample
        get keys anyway.
    groups : sequence of sequences of int
        Curves that share their keys' frames, as the components of a quaternion do. Every curve in
        one group; by default each is on its own.
    hold : int
        So many equal samples, or more, are a level stretch between two keys.
    """
    times, samples, within = _checked(frames, values, tolerance)
    count = samples.shape[1]
    bound = [list(group) for group in (groups or [[column] for column in range(count)])]
    if sorted(column for group in bound for column in group) != list(range(count)):
        raise ValueError(f"groups must hold each of {count} curves once")
    asked = _asked(times, forced, count)
    portions = _portions(bound, len(times))
    todo: list[Portion] = []
    for portion in portions:
        columns = [column for group in portion for column in group]
        own = Groups.of([[columns.index(column) for column in group] for group in portion])
        todo.append(
            Portion(
                times,
                samples[:, columns],
                within[:, columns],
                asked[:, columns],
                own.columns,
                own.begin,
                hold,
            )
        )
    made = reduce_portions(todo, work_on) or _side_by_side(todo)
    order = [column for portion in portions for group in portion for column in group]
    curves = dict(zip(order, (keys for some in made for keys in some), strict=True))
    ordered = tuple(curves[column] for column in range(count))
    return Reduction(ordered, ReductionReport.of(ordered))


def work_on(portion: Portion) -> list[Keys]:
    """Keys of each column of some curves."""
    return _reduced(
        portion.times, portion.values, portion.tolerance, portion.asked,
        Groups(portion.columns, portion.begin), portion.hold,
    )  # fmt: skip


def _side_by_side(portions: Sequence[Portion]) -> list[list[Keys]]:
    made: list[list[Keys]] = [[] for _ in portions]

    def work(which: slice) -> None:
        for place in range(which.start, which.stop):
            made[place] = work_on(portions[place])

    for_each([slice(place, place + 1) for place in range(len(portions))], work)
    return made


def _checked(
    frames: FloatArray, values: FloatArray, tolerance: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Frames (n,), values (n, k) and tolerances (n, k) as float64, rounded as Blender will."""
    times = np.asarray(frames, np.float32).astype(np.float64)
    samples = np.asarray(values, np.float32).astype(np.float64)
    if samples.ndim != 2 or times.shape != samples.shape[:1] or not len(times):
        raise ValueError(f"values must be (n, k) for n frames, not {samples.shape}")
    if not (np.isfinite(times).all() and np.isfinite(samples).all()):
        raise ValueError("frames and values must be finite")
    if not (np.diff(times) > 0.0).all():
        raise ValueError("frames must increase, also as float32")
    within = np.broadcast_to(np.asarray(tolerance, np.float64), samples.shape)
    if not (within >= 0.0).all():
        raise ValueError("tolerances must not be negative")
    return times, samples, within


def _asked(times: FloatArray, forced: Sequence[Iterable[float]], count: int) -> BoolArray:
    """Keys ``(n, k)`` at the samples that are nearest to the frames asked for."""
    out = np.zeros((len(times), count), np.bool_)
    if len(forced) not in {0, count}:
        raise ValueError(f"forced must name frames for each of {count} curves")
    for column, wanted in enumerate(forced):
        at = np.array([*wanted], np.float64)
        at = at[(at >= times[0]) & (at <= times[-1])]
        right = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
        right = np.minimum(right, len(times) - 1)
        left = np.maximum(right - 1, 0)
        out[np.where(times[right] - at < at - times[left], right, left), column] = True
    return out


def _portions(groups: list[list[int]], samples: int) -> list[list[list[int]]]:
    """Groups that are worked on together."""
    out: list[list[list[int]]] = [[]]
    size = 0
    for group in groups:
        if out[-1] and size + len(group) * samples > _TOGETHER:
            out.append([])
            size = 0
        out[-1].append(group)
        size += len(group) * samples
    return [some for some in out if some]


def _reduced(
    times: FloatArray,
    values: FloatArray,
    tolerance: FloatArray,
    asked: BoolArray,
    groups: Groups,
    hold: int,
) -> list[Keys]:
    """Keys of each column."""
    turning = find_turning_points(values, tolerance)
    ends, held = find_holds(values, hold)
    tube = build_tube(times, values, tolerance, turning)
    by_group = groups.any(turning | ends | asked)
    by_group[[0, -1]] = True
    keys = cut_curves(tube, groups, by_group)
    owner = groups.owners()
    level = (turning | held).T.ravel()
    within = np.maximum(tolerance - rounding(values), 0.0).T.ravel()
    flat = tube.values[: len(within)]
    out: dict[int, Keys] = {}
    left = np.ones(len(owner), np.bool_)
    while left.any():
        start, length = _spans(keys, owner, np.flatnonzero(left))
        found, slopes = solve_spans(tube, start, length)
        slopes = merge_slopes(tube, start, length, slopes, level[start])
        beziers = round_handles(times, flat, start, length, slopes)
        largest, late, place = measure(times, flat, within, beziers)
        # where rounding took a curve out of its tolerance it gets one more key, where it is worst
        late, place = late[length[late] > 1], place[length[late] > 1]
        lost = np.flatnonzero(~found)
        place = np.maximum(place, start[late] + 1)
        place = np.concatenate([place, start[lost] + length[lost] // 2])
        keys[place % len(times), owner[place // len(times)]] = True
        again = np.isin(owner, owner[place // len(times)])
        edges = np.searchsorted(start, np.arange(len(owner) + 1) * len(times))
        for column in np.flatnonzero(left & ~again).tolist():
            some = slice(int(edges[column]), int(edges[column + 1]))
            own = flat[column * len(times) : (column + 1) * len(times)]
            forced = by_group[:, owner[column]]
            error = float(largest[column])
            out[column] = _assembled(times, own, beziers.taken(some), slopes[some], forced, error)
        left = again
    return [out[column] for column in range(len(owner))]


def _spans(keys: BoolArray, owner: IntArray, columns: IntArray) -> tuple[IntArray, IntArray]:
    """First samples in the flat row and lengths of all spans of some columns."""
    samples = len(keys)
    column, sample = np.nonzero(keys.T[owner[columns]])
    flat = columns[column] * samples + sample
    same = column[1:] == column[:-1]
    return flat[:-1][same], np.diff(flat)[same]


def _assembled(
    times: FloatArray,
    values: FloatArray,
    beziers: Beziers,
    slopes: FloatArray,
    forced: BoolArray,
    error: float,
) -> Keys:
    """One curve's keys; the outer handles go straight on."""
    at = np.append(beziers.start % len(times), len(times) - 1)
    point = np.stack([times[at], values[at]], axis=1)
    types = np.full((len(at), 2), HANDLE["ALIGNED"])
    right = left = point
    if len(at) > 1:
        right = np.concatenate([beziers.right, 2.0 * point[-1:] - beziers.left[-1:]])
        left = np.concatenate([2.0 * point[:1] - beziers.right[:1], beziers.left])
        types[1:-1][slopes[1:, 0] != slopes[:-1, 1]] = HANDLE["FREE"]
    return Keys(
        point[:, 0], point[:, 1], left, right, types, INTERPOLATION["BEZIER"], forced[at],
        len(times), error,
    )  # fmt: skip
