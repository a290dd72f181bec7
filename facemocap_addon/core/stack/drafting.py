# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack run for a moment alone, while one of its sliders is dragged.

Repair and denoising of a long take last too long to follow a hand. What they make of a moment
depends on little around it: they are run on a window, and the rest of the take is as the last whole
run left it. All other steps are run on the whole take. A draft is for the eye only; it is run in
earnest once the slider rests.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..arrays import BoolArray
from ..take import Take
from .cache import StackCache
from .kind import Outcome, StepContext
from .kinds import kind_of
from .report import StepReport
from .running import StackResult, run_stack
from .stack import Stack, Step
from .weights import FrameClock, blended, masked_columns, step_weights

#: Kinds that are run on a window alone.
LOCAL = frozenset({"despike", "gap_fill", "denoise"})
#: A window reaches so far to either side of its moment, and so much farther for its ends' sake.
AROUND_S, MARGIN_S = 1.0, 0.5
#: Shorter takes, in windows, are run whole.
FEWEST_WINDOWS = 2.0


def draft_stack(
    take: Take, stack: Stack, before: Stack, at_s: float, *, seed: int, cache: StackCache
) -> StackResult | None:
    """A stack around a moment, or None where that is not worth it.

    Parameters
    ----------
    take : Take
        The raw one.
    stack : Stack
    before : Stack
        The same steps with other parameters, which were run whole with this cache.
    at_s : float
        The moment, in seconds from the take's first sample on.
    seed : int
    cache : StackCache
    """
    first = _first_changed(stack, before)
    whole = 2.0 * (AROUND_S + MARGIN_S) * FEWEST_WINDOWS
    if first is None or take.duration_s < whole:
        return None
    if not any(step.kind in LOCAL and step.acts for step in stack.steps[first:]):
        return None
    clock, context = FrameClock.of_take(take), StepContext(seed)
    moment = clock.start_s + min(max(at_s, 0.0), take.duration_s)
    start = run_stack(take, Stack(stack.steps[:first]), seed=seed, cache=cache)
    now, reports = start.take, list(start.reports)
    for place, step in enumerate(stack.steps[first:], start=first):
        report = StepReport(place + 1, step.kind, done=step.acts)
        if step.acts:
            old = run_stack(take, Stack(before.steps[: place + 1]), seed=seed, cache=cache)
            if step.kind in LOCAL and np.array_equal(old.take.times, now.times):
                now = _in_window(step, now, old.take, moment, clock, context)
                said = old.reports[place]
                report = replace(said, rms_change={})
            else:
                now = _done(step, now, clock, context)
        reports.append(report)
    return StackResult(now, tuple(reports))


def _first_changed(stack: Stack, before: Stack) -> int | None:
    """The first step with other parameters; None where steps are others, or all are the same."""
    if len(stack.steps) != len(before.steps):
        return None
    pairs = list(zip(stack.steps, before.steps, strict=True))
    if any(a.kind != b.kind or a.acts != b.acts for a, b in pairs):
        return None
    return next((place for place, (a, b) in enumerate(pairs) if a.key != b.key), None)


def _in_window(
    step: Step, now: Take, old: Take, moment: float, clock: FrameClock, context: StepContext
) -> Take:
    """What was there, and in the window what the step makes of the take as it is now."""
    wide = np.abs(now.times - moment) <= AROUND_S + MARGIN_S
    inner = np.abs(now.times - moment) <= AROUND_S
    if not inner.any() or old.names != now.names:
        return old
    part = _done(step, _rows(now, wide), clock, context)
    kept = inner[wide]
    values, valid = np.array(old.values), np.array(old.valid)
    values[inner], valid[inner] = part.values[kept], part.valid[kept]
    confidence = old.confidence
    if confidence is not None and part.confidence is not None:
        confidence = np.array(confidence)
        confidence[inner] = part.confidence[kept]
    return replace(old, values=values, valid=valid, confidence=confidence)


def _done(step: Step, take: Take, clock: FrameClock, context: StepContext) -> Take:
    """A take after one step, influence and mask too."""
    given = kind_of(step.kind).apply(take, step.params, context)
    stepped = given.take if isinstance(given, Outcome) else given
    if step.is_whole or stepped is take:
        return stepped
    weights = step_weights(step, take.times, clock)
    return blended(take, stepped, weights, masked_columns(step.mask, stepped))


def _rows(take: Take, kept: BoolArray) -> Take:
    return replace(
        take,
        times=take.times[kept],
        values=take.values[kept],
        valid=take.valid[kept],
        confidence=None if take.confidence is None else take.confidence[kept],
    )
