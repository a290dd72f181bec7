# SPDX-License-Identifier: GPL-3.0-or-later
"""Where blinks go that are moved or new: in their order, with room between, onto samples."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from ...arrays import FloatArray
from .plan import BlinkPlan

#: A new blink is put this far (seconds) from where it was wanted at most, to keep its distance.
MOST_OFF_S = 0.5
#: Times this near (seconds) are the same.
_SAME_S = 1e-9


def place_blinks(plans: Sequence[BlinkPlan], times: FloatArray, spacing_s: float) -> dict[str, int]:
    """Set ``move_s`` of all plans to what can be, and drop new blinks that have no room.

    Blinks that are moved keep the order that the blinks have and at least ``spacing_s`` from apex
    to apex, or what they had where that is less. They go to where one sample of theirs lies on a
    sample, so that a peak stays as high as it was.

    Returns
    -------
    dict
        How many were ``held_back``, and ``dropped``.
    """
    counts = {"held_back": 0, "dropped": 0}
    there = [plan for plan in plans if plan.source is not None and plan.eyes]
    chain = sorted((plan for plan in there if not plan.reorder), key=lambda plan: plan.apex_s)
    if any(plan.move_s for plan in chain):
        counts["held_back"] += _in_order(chain, times, spacing_s)
    settled = list(chain)
    passing = [plan for plan in there if plan.reorder]
    new = [plan for plan in plans if plan.source is None and plan.eyes]
    for plan in sorted(passing + new, key=_wanted):
        if not _fit_in(plan, settled, times, spacing_s):
            if plan in new:
                plan.eyes = []
                counts["dropped"] += 1
                continue
            plan.move_s = 0.0
            counts["held_back"] += 1
        settled.append(plan)
    return counts


def _wanted(plan: BlinkPlan) -> float:
    return plan.apex_s + plan.move_s


def _reach(plan: BlinkPlan) -> tuple[float, float]:
    """Seconds before and after its apex in which a blink closes and is closed."""
    shape = plan.lead.shape
    apex = plan.apex_s
    return max(apex - shape.start_s, 0.0), max(shape.opens_s + shape.tau_s - apex, 0.0)


def _room(one: BlinkPlan, two: BlinkPlan, spacing_s: float) -> float:
    """Least time from apex to apex."""
    return max(spacing_s, _reach(one)[1] + _reach(two)[0])


def _in_order(chain: list[BlinkPlan], times: FloatArray, spacing_s: float) -> int:
    """Move blinks along a chain; returns how many do not get where they shall."""
    rooms = [
        min(_room(one, two, spacing_s), two.apex_s - one.apex_s)
        for one, two in itertools.pairwise(chain)
    ]
    highs: list[float] = [0.0] * len(chain)
    limit = np.inf
    for k in range(len(chain) - 1, -1, -1):
        plan = chain[k]
        end = float(times[-1]) - _reach(plan)[1]
        highs[k] = max(min(limit, end), plan.apex_s) if plan.move_s else plan.apex_s
        limit = highs[k] - (rooms[k - 1] if k else 0.0)
    held = 0
    low = -np.inf
    for k, plan in enumerate(chain):
        if plan.move_s:
            begin = min(float(times[0]) + _reach(plan)[0], plan.apex_s)
            wanted = _wanted(plan)
            apex = _on_sample(plan.apex_s, wanted, max(low, begin), highs[k], times)
            held += abs(apex - wanted) > _step(times, wanted)
            plan.move_s = apex - plan.apex_s
        low = _wanted(plan) + (rooms[k] if k < len(rooms) else 0.0)
    return held


def _fit_in(
    plan: BlinkPlan, settled: Sequence[BlinkPlan], times: FloatArray, spacing_s: float
) -> bool:
    """Put a blink among others, near where it is wanted; False where there is no room."""
    wanted = _wanted(plan)
    before, after = _reach(plan)
    spots = [wanted]
    for other in settled:
        at = _wanted(other)
        if abs(at - wanted) < spacing_s + 2.0:
            spots += [at - _room(plan, other, spacing_s), at + _room(other, plan, spacing_s)]
    if plan.origin_s is not None:
        spots = [each for spot in spots for each in _beside(plan.origin_s, spot, times)]
    for spot in sorted(spots, key=lambda each: abs(each - wanted)):
        if abs(spot - wanted) > MOST_OFF_S:
            break
        if not times[0] + before <= spot + _SAME_S or spot + after > times[-1] + _SAME_S:
            continue
        clear = all(
            spot - _wanted(other) >= _room(other, plan, spacing_s) - 1e-6
            if _wanted(other) <= spot
            else _wanted(other) - spot >= _room(plan, other, spacing_s) - 1e-6
            for other in settled
        )
        if clear:
            plan.move_s = spot - plan.apex_s
            return True
    return False


def _on_sample(apex: float, wanted: float, low: float, high: float, times: FloatArray) -> float:
    """An apex near ``wanted``, from ``low`` to ``high``, that lies to the samples as it did."""
    own = float(times[_nearest(times, apex)])
    place = _nearest(times, wanted - apex + own)
    for row in sorted(range(place - 2, place + 3), key=lambda row: abs(row - place)):
        if 0 <= row < len(times):
            at = apex + float(times[row]) - own
            if low - _SAME_S <= at <= high + _SAME_S:
                return at
    return float(min(max(wanted, low), max(high, low)))


def _beside(apex: float, wanted: float, times: FloatArray) -> list[float]:
    """Apexes around ``wanted`` that lie to the samples as one does elsewhere."""
    own = float(times[_nearest(times, apex)])
    place = _nearest(times, wanted - apex + own)
    rows = range(max(place - 1, 0), min(place + 2, len(times)))
    return [apex + float(times[row]) - own for row in rows]


def _nearest(times: FloatArray, at: float) -> int:
    row = int(np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1)))
    return row - 1 if at - times[row - 1] <= times[min(row, len(times) - 1)] - at else row


def _step(times: FloatArray, at: float) -> float:
    row = _nearest(times, at)
    return float(times[min(row + 1, len(times) - 1)] - times[max(row - 1, 0)])
