# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole shot solved at once, its second differences kept small: exact data, smooth answer.

Minimises the sum over frames of ``w H w / 2 - c w``, plus the price of second differences, within
bounds, by the alternating direction method of multipliers (Boyd et al. 2011). The free step is a
Sylvester equation; in the eigenvectors of H it falls apart into one smoothing equation for each
(`banded`). What differs from frame to frame in H (points that were not seen) enters through
``refresh``: it is majorised by the common H, of which the missing part is taken from the current
answer. Joint solves with second differences: Seol et al. 2012; Racković et al. 2024.

Second differences cost half their square up to a limit and beyond it in proportion (Huber 1964):
where a control jumps, and there alone, the smoothing has less weight; the limit is lower at events
(`events`). That part of a difference which is beyond the limit is an unknown of its own and is
taken off (the additive half-quadratic form: Geman and Yang 1995), so that the equations stay those
of one smoothing for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from .banded import TimeFilter
from .products import rows_times

#: Weight of the split, of the scaled diagonal, for each unit of (noise of a frame's values) /
#: (expected acceleration), and its limits: what dense points say needs a looser split.
PENALTY, LEAST_PENALTY, MOST_PENALTY = 0.01, 0.001, 0.03
#: Over-relaxation of the split and of the jumps, and the iteration from which on jumps are seen:
#: before, they are noise.
RELAXATION, JUMP_RELAXATION, SETTLED = 1.6, 1.7, 3
#: Where no more than this precision is asked for, single numbers carry it. Where more is, the split
#: is firm: worse at first, but the end is reached.
SINGLE, FIRM = 1e-4, 2.0
#: Iterations between looks at what differs from frame to frame, and before the first look at how
#: far there is to go.
EVERY, LEAST = 3, 4
#: Other bounds are asked for when so many times the precision is reached.
UNDECIDED = 4.0

Refresh = Callable[[FloatArray], FloatArray]
Rebound = Callable[[FloatArray], "tuple[FloatArray, FloatArray] | None"]


@dataclass(frozen=True, slots=True)
class Smoothness:
    """How smooth a shot is expected to be.

    Attributes
    ----------
    acceleration : float
        Root mean square of the second difference of a control's value from frame to frame; goes
        with the square of the time between frames. Default: phone captures at 60 frames a second,
        where nothing quick happens.
    event : float
        A second difference beyond so many accelerations is smoothed less: its price no longer
        grows with its square. Less where something quick is seen (`events`). Infinity for never.
    ease : (n - 2,) float array, optional
        Weight of each second difference, 0 to 1, where more is known (cuts, contacts). Default 1.
    precision : float
        Root mean square (in values) of what an iteration still changes when it is the last; less
        where the values' own noise is small.
    most : int
        At most so many iterations.
    """

    acceleration: float = 0.008
    event: float = 2.5
    ease: FloatArray | None = None
    precision: float = 1e-3
    most: int = 60


@dataclass(frozen=True)
class Joint:
    """A joint problem.

    Attributes
    ----------
    hessian : (k, k) float64
    low, high : (k,) or (n, k) float64
    strength : float
        Weight of the squared second differences of a control with the mean diagonal; those of the
        others are in proportion to `metric`.
    limit : float or (n - 2, k) float64
        Second differences beyond it are jumps.
    ease : (n - 2,) float64
    """

    hessian: FloatArray
    low: FloatArray
    high: FloatArray
    strength: float
    limit: FloatArray | float
    ease: FloatArray

    def slope(self, values: FloatArray, pull: FloatArray) -> FloatArray:
        """The gradient (n, k)."""
        bent = np.clip(second_differences(values), -self.limit, self.limit)
        bent *= self.ease[:, None]
        bent *= self.strength * metric(self.hessian)
        out = rows_times(values, self.hessian) - pull
        add_bends(out, bent)
        return out


def second_differences(values: FloatArray) -> FloatArray:
    """Second differences over time of ``values`` (n, k), (n - 2, k)."""
    return values[2:] - 2.0 * values[1:-1] + values[:-2]


def add_bends(values: FloatArray, bent: FloatArray) -> None:
    """Add `second_differences` transposed, of ``bent`` (n - 2, k), to ``values`` (n, k)."""
    values[:-2] += bent
    values[2:] += bent
    bent = 2.0 * bent
    values[1:-1] -= bent


def metric(hessian: FloatArray) -> FloatArray:
    """How the smoothing is shared among controls, (k,), of mean square 1 in the diagonal.

    The root of the diagonal: between the same smoothing for all, which noise asks for, and
    smoothing in proportion to it, with which the iteration converges fastest.
    """
    diagonal = np.diag(hessian)
    return np.sqrt(diagonal / diagonal.mean())


def solve_joint(
    joint: Joint,
    pull: FloatArray,
    start: FloatArray,
    precision: float,
    most: int,
    *,
    refresh: Refresh | None = None,
    rebound: Rebound | None = None,
) -> tuple[FloatArray, Joint, FloatArray]:
    """Solve a shot.

    Parameters
    ----------
    joint : Joint
    pull : (n, k) float64
        The linear term at ``start``.
    start : (n, k) float64
        A guess, such as the frames solved one by one.
    precision, most : float, int
        See `Smoothness`.
    refresh : callable, optional
        From values (n, k) the linear term there. It is asked every few iterations.
    rebound : callable, optional
        From values (n, k) that are nearly the answer other bounds that shall hold from now on, or
        None if the bounds are right. The answer is within the bounds it asked for last.

    Returns
    -------
    values : (n, k) float64
        The answer, within the bounds.
    joint : Joint
        With the bounds that held in the end.
    pull : (n, k) float64
        The linear term at the answer.
    """
    mean = float(np.diag(joint.hessian).mean())
    scale = np.sqrt(mean * metric(joint.hessian))
    spectrum, turn = np.linalg.eigh(joint.hessian / np.outer(scale, scale))
    # scaled like the smoothing, so that the eigenvectors leave it as it is
    strength = joint.strength / mean
    kind = np.float32 if precision >= SINGLE else np.float64
    penalty = float(np.clip(PENALTY * np.sqrt(strength), LEAST_PENALTY, MOST_PENALTY))
    if kind is np.float64:
        penalty = FIRM
    shift = np.maximum(spectrum, 0.0) + penalty
    smooth = TimeFilter(shift, strength, joint.ease, min(1e-3, 0.1 * precision), kind)
    low, high = (joint.low * scale).astype(kind), (joint.high * scale).astype(kind)
    turn, back = turn.astype(kind), np.ascontiguousarray(turn.T, kind)
    fixed = rows_times((pull / scale).astype(kind), turn)
    both = (start * scale).astype(kind)
    clipped = np.clip(both, low, high)
    point = np.empty_like(both)
    jumps = _Jumps(joint, scale, strength, clipped) if np.isfinite(joint.limit).all() else None
    since = 0
    for step in range(most):
        if refresh is not None and step % EVERY == EVERY - 1:
            pull = refresh(clipped / scale)
            fixed = rows_times((pull / scale).astype(kind), turn)
        given = 2.0 * clipped
        given -= both
        given *= penalty
        if jumps is not None:
            if step >= SETTLED:
                jumps.look(point)
            jumps.add_to(given)
        given = rows_times(given, turn)
        given += fixed
        point = rows_times(smooth(given), back)
        moved = point - clipped
        both += kind(RELAXATION) * moved
        before = clipped
        clipped = np.clip(both, low, high)
        since += 1
        if since < LEAST or since % 2:
            continue
        size = max(_size(moved, scale), _size(clipped - before, scale))
        if size > UNDECIDED * precision:
            continue
        bounds = None if rebound is None else rebound(clipped / scale)
        if bounds is not None:
            joint = replace(joint, low=bounds[0], high=bounds[1])
            low, high = (joint.low * scale).astype(kind), (joint.high * scale).astype(kind)
            clipped = np.clip(both, low, high)
            since = 0
        elif size <= precision:
            break
    bounds = None if rebound is None else rebound(clipped / scale)
    if bounds is not None:
        joint = replace(joint, low=bounds[0], high=bounds[1])
    # what is at a bound is exactly there, whatever the scaling rounds
    values = np.where(clipped <= low, joint.low, clipped / scale)
    values = np.clip(np.where(clipped >= high, joint.high, values), joint.low, joint.high)
    return values, joint, pull if refresh is None else refresh(values)


class _Jumps:
    """The parts of second differences beyond the limit, scaled like the values.

    At events they are there from the start, as far as they show through the noise.
    """

    def __init__(self, joint: Joint, scale: FloatArray, strength: float, start: FloatArray) -> None:
        shape = (len(joint.ease), len(scale))
        self._limit = np.broadcast_to(joint.limit * scale, shape).astype(start.dtype)
        self._weight = (strength * joint.ease[:, None]).astype(start.dtype)
        bent = second_differences(_blurred(start))
        bent -= np.clip(bent, -self._limit, self._limit)
        event = self._limit < self._limit.max(axis=0)
        self._parts = np.where(event, bent, np.zeros((), start.dtype))

    def look(self, values: FloatArray) -> None:
        """Take the parts anew from ``values`` (n, k), and a bit more."""
        bent = second_differences(values)
        bent -= np.clip(bent, -self._limit, self._limit)
        bent -= self._parts
        bent *= JUMP_RELAXATION
        self._parts += bent

    def add_to(self, right: FloatArray) -> None:
        """Add what the smoothing gives for the parts to the right side (n, k)."""
        add_bends(right, self._parts * self._weight)


def _blurred(values: FloatArray) -> FloatArray:
    """Values (n, k) under the binomial weights 1, 4, 6, 4, 1 in time."""
    for _ in range(4):
        values = 0.5 * (values + np.concatenate([values[1:], values[-1:]]))
    return np.concatenate([values[:1], values[:1], values[:-2]])


def _size(step: FloatArray, scale: FloatArray) -> float:
    """Root mean square of a step, in values."""
    return float(np.sqrt(np.mean(np.square(step / scale))))
