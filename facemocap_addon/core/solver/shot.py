# SPDX-License-Identifier: GPL-3.0-or-later
"""The joint solve of a shot: where it starts, what is missing, exclusive pairs, its residuals."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError
from .box import FAST, solve_box
from .events import event_limits, value_noise, without_glitches
from .exclusive import losers
from .framewise import Answer, FrameSolver
from .pivoting import projected
from .problem import Problem
from .products import rows_times
from .temporal import SINGLE, Joint, Refresh, Smoothness, solve_joint
from .threads import for_each

#: Points whose gaps are bridged in one go.
AT_ONCE = 256
#: A joint solve may be off by this part of what the frames' values are off.
PART_OF_NOISE = 0.05


def solve_shot(
    solver: FrameSolver,
    observed: FloatArray,
    share: FloatArray | None,
    smoothness: Smoothness,
    *,
    glitches: bool = False,
) -> Answer:
    """Solve all frames together.

    Parameters
    ----------
    solver : FrameSolver
    observed : (n, 3 m) float64
        Nought where not valid.
    share : (n, m) float64 or None
        How much each point counts; None when all count in full.
    smoothness : Smoothness
    glitches : bool
        What is there for one frame alone may be a mistake, so it is no event.

    Returns
    -------
    Answer
        ``kkt`` is the largest entry of the joint problem's projected gradient in each frame, of
        the largest entry in the shot at rest.
    """
    problem = solver.problem
    form = solver.form
    pull = np.empty((len(observed), problem.controls))

    def project(block: slice) -> None:
        part = observed[block] if share is None else observed[block] * _thrice(share[block])
        pull[block] = solver.pull(part)

    for_each(solver.blocks(len(observed)), project)
    start_pull = pull if share is None else pull + bridged_pull(problem, observed, share)
    start = solve_box(form, start_pull, problem.low, problem.high, FAST).values
    assert form.matrix is not None
    deviation = value_noise(form.matrix, problem.gram, problem.noise)
    seen = without_glitches(start) if glitches else start
    joint = _joint(problem, _majorant(solver), seen, deviation, smoothness)
    refresh = None if share is None else _refresh(solver, pull, share)
    if refresh is not None:
        start_pull = refresh(start)
    rest = np.zeros(start.shape, np.bool_)

    def rebound(values: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        lost = losers(problem, values) & ~rest
        if not lost.any():
            return None
        rest[lost] = True
        return np.where(rest, 0.0, problem.low), np.where(rest, 0.0, problem.high)

    values, joint, found_pull = solve_joint(
        joint,
        start_pull,
        start,
        _precision(smoothness, deviation),
        smoothness.most,
        refresh=refresh,
        rebound=rebound if len(problem.exclusive) else None,
    )
    slope = joint.slope(values, found_pull)
    error = projected(slope, values, joint.low, joint.high)
    largest = np.abs(pull).max(axis=1, initial=0.0)
    held_low = (values <= joint.low) & (slope > 0) & ~rest
    held_high = (values >= joint.high) & (slope < 0) & ~rest
    state = held_high.astype(np.int8) - held_low.astype(np.int8)
    kkt = error / max(float(largest.max(initial=0.0)), 1e-300)
    return Answer(values, state, kkt, share, pull)


def smooth_from(
    problem: Problem,
    hessian: FloatArray,
    excess: float,
    gradient: Refresh,
    frames: FloatArray,
    smoothness: Smoothness,
    *,
    glitches: bool = False,
) -> tuple[FloatArray, FloatArray]:
    """Solve together frames whose points do not move along straight lines.

    Parameters
    ----------
    hessian : (k, k) float64
        What the frames' Hessians are in the mean.
    excess : float
        So many times that is not less than half of what each frame's is, better not less than the
        whole. An iteration goes so much less far.
    gradient : callable
        From values (n, k) the gradient (n, k) of all that is no smoothing.
    frames : (n, k) float64
        Frames solved one by one: they tell where something quick happens.
    smoothness : Smoothness
    glitches : bool
        What is there for one frame alone may be a mistake, so it is no event.
    start : (n, k) float64, optional
        A better guess than these.

    Returns
    -------
    values : (n, k) float64
    slope : (n, k) float64
        The joint problem's gradient there.
    """
    deviation = value_noise(hessian, hessian, problem.noise)
    most = excess * hessian
    quick = without_glitches(frames) if glitches else frames
    joint = _joint(problem, most, quick, deviation, smoothness)

    def refresh(values: FloatArray) -> FloatArray:
        return rows_times(values, most) - gradient(values)

    slower = max(excess, 1.0)
    values, joint, pull = solve_joint(
        joint,
        refresh(frames),
        frames,
        max(_precision(smoothness, deviation) / slower, SINGLE),
        int(np.ceil(smoothness.most * slower)),
        refresh=refresh,
    )
    return values, joint.slope(values, pull)


def _joint(
    problem: Problem,
    hessian: FloatArray,
    start: FloatArray,
    deviation: FloatArray,
    smoothness: Smoothness,
) -> Joint:
    """The joint problem of a shot.

    Parameters
    ----------
    hessian : (k, k) float64
    start : (n, k) float64
        Frames solved one by one.
    deviation : (k,) float64
        Their noise.
    smoothness : Smoothness
        It is checked here, where the frames are known.
    """
    pace, event, frames = smoothness.acceleration, smoothness.event, len(start)
    if not (pace > 0 and event > 0 and smoothness.precision > 0 and smoothness.most > 0):
        raise FacemocapError(
            "A number that says how smooth the shot is is not above 0", "Give numbers above 0"
        )
    ease = np.ones(frames - 2) if smoothness.ease is None else np.asarray(smoothness.ease, float)
    if ease.shape != (frames - 2,) or not ((ease >= 0) & (ease <= 1)).all():
        raise FacemocapError(
            f"The weights of the smoothing have the shape {ease.shape} or leave 0 to 1",
            f"Give {frames - 2} numbers from 0 to 1",
        )
    limit = event if np.isinf(event) else event_limits(start, deviation, pace, event)
    return Joint(hessian, problem.low, problem.high, (problem.noise / pace) ** 2, limit, ease)


def _precision(smoothness: Smoothness, deviation: FloatArray) -> float:
    """What is asked of the iteration: no more than the noise of the values ``deviation`` allows."""
    enough = PART_OF_NOISE * float(np.median(deviation)) if len(deviation) else 0.0
    return min(smoothness.precision, max(enough, SINGLE))


def bridged_pull(problem: Problem, observed: FloatArray, share: FloatArray) -> FloatArray:
    """The pull (n, k) of what is missing, on straight lines between the frames that have it.

    Before the first and after the last such frame a point stays where it is; one that was never
    seen is at rest.
    """
    frames = len(observed)
    out = np.zeros((frames, problem.controls))
    lacking = np.flatnonzero((share < 1.0).any(axis=0))
    rows = np.arange(frames)[:, None]
    for start in range(0, len(lacking), AT_ONCE):
        points = lacking[start : start + AT_ONCE]
        part = share[:, points]
        seen = part > 0.5
        before = np.maximum.accumulate(np.where(seen, rows, -1), axis=0)
        after = np.minimum.accumulate(np.where(seen, rows, frames)[::-1], axis=0)[::-1]
        never = (before < 0) & (after >= frames)
        first = np.where(before < 0, after, before)
        last = np.where(after >= frames, before, after)
        first, last = np.where(never, 0, first), np.where(never, 0, last)
        along = (rows - first) / np.maximum(last - first, 1)
        coordinates = (3 * points[:, None] + np.arange(3)).ravel()
        table = observed[:, coordinates].reshape(frames, -1, 3)
        columns = np.arange(len(points))[None, :]
        begin, end = table[first, columns], table[last, columns]
        filled = begin + (end - begin) * along[:, :, None]
        filled *= ((1.0 - part) * ~never * problem.weights[points])[:, :, None]
        out += rows_times(filled.reshape(frames, -1), problem.basis[coordinates])
    return out


def _majorant(solver: FrameSolver) -> FloatArray:
    """A Hessian that none of the frames' own ones exceeds, (k, k)."""
    problem = solver.problem
    out = problem.gram + np.diag(problem.ridge)
    for one, other in problem.pairs.tolist():
        out[[one, other], [one, other]] += problem.alike
        out[[one, other], [other, one]] -= problem.alike
    return out


def _refresh(solver: FrameSolver, pull: FloatArray, share: FloatArray) -> Refresh:
    """The linear term of the majorant at an answer."""
    problem = solver.problem
    some = np.flatnonzero((share < 1.0).any(axis=1))
    pairs = solver.grams.likeness(share)

    def refresh(values: FloatArray) -> FloatArray:
        out = pull.copy()
        for block in solver.blocks(len(some)):
            frames = some[block]
            missing = rows_times(values[frames], problem.across)
            missing *= _thrice(1.0 - share[frames])
            out[frames] += problem.project(missing)
        for place, (one, other) in enumerate(problem.pairs.tolist()):
            difference = (problem.alike - pairs[:, place]) * (values[:, one] - values[:, other])
            out[:, one] += difference
            out[:, other] -= difference
        return out

    return refresh


def _thrice(share: FloatArray) -> FloatArray:
    """Shares of points as shares of their coordinates."""
    return np.repeat(share, 3, axis=1)
