# SPDX-License-Identifier: GPL-3.0-or-later
"""Transitions put where they are planned: time runs faster or slower around each apex.

The apex keeps its sample and its value, and what an expression does on its way goes along.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import FloatArray
from ...contacts.captured import LIPS_APART, LOWEST, lip_contacts
from ...stack.moving import values_at
from ...take import Take
from ...take_sampling import sample_channels
from ..lips.mouth import Mouth
from .events import GROUPS
from .planning import Plan

#: What is this far (seconds) from all that is planned keeps its time ...
_BEYOND_S = 0.25
#: ... or this part of what a transition's end is moved by, where that is more.
_BEYOND = 1.2


def warp_of(
    plans: Sequence[Plan], times: FloatArray, kept: Sequence[tuple[float, float]] = ()
) -> FloatArray:
    """At which times ``(n,)`` the recorded values are to be taken for each of ``times``.

    ``kept`` are stretches in order that keep their time, whatever is planned.
    """
    pairs = _knots(plans, float(times[0]), float(times[-1]))
    if kept:
        pairs = _around(pairs, kept)
    new, old = np.array(pairs).T
    out = _monotone(times, new, old)
    return np.where(np.abs(out - times) < 1e-9, times, out)


def _knots(plans: Sequence[Plan], start_s: float, end_s: float) -> list[tuple[float, float]]:
    """(new, old) times, both rising."""
    wanted: list[tuple[float, float]] = [(start_s, start_s)]
    for number, plan in enumerate(plans):
        if not plan.moves:
            # its own parts keep their times
            parts = [(at, at) for at in (plan.event.onset_s, plan.event.offset_s)]
        else:
            event = plan.event
            parts = [
                (plan.onset_s, event.onset_s), (plan.top_s, event.top_s),
                (plan.apex_s, event.apex_s), (plan.bottom_s, event.bottom_s),
                (plan.half_s, event.half_s), (plan.offset_s, event.offset_s),
            ]  # fmt: skip
            before = plans[number - 1] if number else None
            shift = abs(parts[0][0] - parts[0][1])
            at = min(parts[0]) - max(_BEYOND_S, _BEYOND * shift)
            if before is None or at > max(before.offset_s, before.event.offset_s) + _BEYOND_S:
                wanted.append((at, at))
        wanted += parts
        if plan.moves:
            after = plans[number + 1] if number + 1 < len(plans) else None
            shift = abs(parts[-1][0] - parts[-1][1])
            at = max(parts[-1]) + max(_BEYOND_S, _BEYOND * shift)
            if after is None or at < min(after.onset_s, after.event.onset_s) - _BEYOND_S:
                wanted.append((at, at))
    wanted.append((end_s, end_s))
    kept: list[tuple[float, float]] = []
    for new, old in wanted:
        inside = start_s <= new <= end_s and start_s <= old <= end_s
        if inside and (not kept or (new > kept[-1][0] + 1e-6 and old > kept[-1][1] + 1e-6)):
            kept.append((new, old))
    if kept[-1] != (end_s, end_s):
        kept[-1] = (end_s, end_s)
    return kept


def _around(
    pairs: list[tuple[float, float]], kept: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Knots of which none leads into, out of or across a stretch that keeps its time."""
    start, end = pairs[0][0], pairs[-1][0]
    edges = [min(max(edge, start), end) for stretch in kept for edge in stretch]
    places = np.searchsorted(edges, np.array(pairs)).tolist()
    free = [
        pair
        for pair, (new, old) in zip(pairs, places, strict=True)
        if new == old and new % 2 == 0 and pair[0] not in edges and pair[1] not in edges
    ]
    merged = sorted({*free, *((edge, edge) for edge in edges), (start, start), (end, end)})
    out = [merged[0]]
    for pair in merged[1:]:
        if pair[0] > out[-1][0] + 1e-6 and pair[1] > out[-1][1] + 1e-6:
            out.append(pair)
        elif pair[0] == pair[1]:
            out[-1] = pair
    return out


def _monotone(times: FloatArray, knots: FloatArray, values: FloatArray) -> FloatArray:
    """Smooth curve through knots that only rises (slopes by harmonic means)."""
    if len(knots) < 2:
        return np.array(times)
    width = np.diff(knots)
    rise = np.diff(values) / width
    slope = np.ones(len(knots))
    slope[1:-1] = 2.0 * rise[:-1] * rise[1:] / np.maximum(rise[:-1] + rise[1:], 1e-12)
    # beside a stretch that keeps its time, so does its end
    still = np.abs(rise - 1.0) < 1e-9
    slope[:-1][still] = 1.0
    slope[1:][still] = 1.0
    # a curve whose slopes are within three times its rise never turns round
    slope[:-1] = np.minimum(slope[:-1], 3.0 * rise)
    slope[1:] = np.minimum(slope[1:], 3.0 * rise)
    place = np.clip(np.searchsorted(knots, times, side="right") - 1, 0, len(width) - 1)
    share = np.clip((times - knots[place]) / width[place], 0.0, 1.0)
    begin, end = values[place], values[place + 1]
    down = (1.0 - share) ** 2
    out = (
        (1.0 + 2.0 * share) * down * begin
        + share * share * (3.0 - 2.0 * share) * end
        + width[place] * share * down * slope[place]
        - width[place] * share * share * (1.0 - share) * slope[place + 1]
    )
    same = still & (np.abs(values[:-1] - knots[:-1]) < 1e-9)
    return np.where(same[place], times, out)


def performed(take: Take, group: str, plans: Sequence[Plan]) -> Take:
    """The take with one group's transitions as planned; closed lips keep their time."""
    names = [name for name in GROUPS[group] if take.has(name)]
    if not names or not plans:
        return take
    take = _scaled(take, names, plans)
    if not any(plan.moves for plan in plans):
        return take
    at = warp_of(plans, take.times, _closed(take) if group == "jaw" else ())
    rows = np.flatnonzero(at != take.times)
    columns = np.array([take.column(name) for name in names], np.int64)
    if not len(rows):
        return take
    values, valid, confidence = values_at(take, columns, at)
    out, there = np.array(take.values), np.array(take.valid)
    cells = np.ix_(rows, columns)
    out[cells], there[cells] = values[rows], valid[rows]
    sure = take.confidence
    if sure is not None and confidence is not None:
        sure = np.array(sure)
        sure[cells] = confidence[rows]
    # an apex has the recorded value whatever runs through it
    for plan in plans:
        if plan.moves and plan.apex_s == plan.event.apex_s:
            place = int(np.searchsorted(take.times, plan.apex_s - 1e-9))
            out[place, columns] = take.values[place, columns]
            there[place, columns] = take.valid[place, columns]
    done = take.changed(f"{group} transitions", values=out, valid=there, confidence=sure)
    return _with_same_lowest(take, done) if group == "jaw" else done


def _closed(take: Take) -> list[tuple[float, float]]:
    """Stretches of closed lips, each with the samples beside it."""
    times, last = take.times, take.samples - 1
    out: list[tuple[float, float]] = []
    for contact in lip_contacts(take):
        start = float(times[max(contact.first - 1, 0)])
        end = float(times[min(contact.last + 1, last)])
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def _with_same_lowest(take: Take, done: Take) -> Take:
    """A take whose jaw was moved, of the same lowest gap: closed lips are counted from there.

    As many samples lie below it as did; those nearest to it give way, and by little.
    """
    names = ("jawOpen", "mouthClose")
    (jaw, close), (jaw_now, close_now) = (
        sample_channels(each, names, each.times).T for each in (take, done)
    )
    was, now = jaw - close, jaw_now - close_now
    lowest = float(np.percentile(was, LOWEST))
    number = int((now < lowest).sum()) - int((was < lowest).sum())
    free = np.flatnonzero(now != was)
    order = free[np.argsort(now[free])]
    amount = np.zeros(len(now))
    if number > 0:
        chosen = order[now[order] < lowest][-number:]
    else:
        near = (now[order] >= lowest) & (now[order] < lowest + 0.5 * LIPS_APART)
        chosen = order[near][:-number]
    amount[chosen] = lowest - now[chosen]
    if not amount.any():
        return done
    mouth = Mouth(done)
    mouth.widen(amount)
    return mouth.taken("lowest gap kept")


def _scaled(take: Take, names: Sequence[str], plans: Sequence[Plan]) -> Take:
    """The take whose transitions go as far as planned: what is above the line between its feet."""
    if all(plan.scale == 1.0 for plan in plans):
        return take
    values = np.array(take.values)
    for number, plan in enumerate(plans):
        if plan.scale == 1.0:
            continue
        event = plan.event
        low = plans[number - 1].event.offset_s if number else float(take.times[0])
        high = plans[number + 1].event.onset_s if number + 1 < len(plans) else float(take.times[-1])
        first = max(event.onset_s - 0.3 * event.rise_s - 0.05, min(low, event.onset_s))
        last = min(event.offset_s + 0.3 * event.fall_s + 0.05, max(high, event.offset_s))
        rows = np.flatnonzero((take.times > first) & (take.times < last))
        for name in names:
            column = take.column(name)
            ends = sample_channels(take, [name], np.array([first, last]))[:, 0]
            line = np.interp(take.times[rows], [first, last], ends)
            own = take.values[rows, column].astype(np.float64)
            above = np.maximum(own - line, 0.0)
            seen = take.valid[rows, column]
            values[rows[seen], column] = (own + (plan.scale - 1.0) * above)[seen].astype(np.float32)
    return take.changed("transitions scaled", values=values)
