# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips arrive at speed, press once they touch, and stick where they part slowly.

The lips move at their fastest as they meet, and go on as if they could pass through each other;
filters and trackers make them slow down before. The contacts themselves stay: each begins and ends
with the same sample, unless they stick.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray
from ...contacts.captured import LIPS_APART
from ...take import Take
from .events import LipEvent
from .finding import lip_gap
from .mouth import Mouth, same_contacts

#: Lips are fully pressed after this time (seconds), or at this part of a shorter contact; what
#: they press at rest is gone after this time.
_PRESSED_S, _PRESSED_PART, _REST_S = 0.045, 0.5, 0.3
#: A closing this fast (coefficient a second) presses fully.
_FAST = 4.0
#: Lips stick for so long at most (seconds), and until the jaw would part them this far, where
#: they part slower than this (a second).
_STICK_S, _STICK_APART, _SLOW = 0.22, 0.12, 1.2
#: What is open in a contact is closed within this time (seconds).
_EASE_S = 0.03
#: How far above the limit of touching they stay while they arrive.
_CLEAR = 1.02


@dataclass(frozen=True, slots=True)
class LipShape:
    """What is done to contacts.

    Attributes
    ----------
    arrive : float
        How much of the easing before a contact goes, 0 to 1.
    press : float
        How firmly lips press after they touch.
    seal : float
        How much of what is open in a contact is closed, 0 to 1.
    sticky : float
        How much lips stick where they part slowly, 0 to 1.
    """

    arrive: float = 1.0
    press: float = 0.3
    seal: float = 1.0
    sticky: float = 0.0


@dataclass(frozen=True, slots=True)
class ShapedLips:
    """A take with its contacts shaped.

    Attributes
    ----------
    take : Take
    pressed, arrived, stuck : int
        How many contacts.
    sealed : bool
        False where closing what is open would have made other contacts.
    """

    take: Take
    pressed: int
    arrived: int
    stuck: int
    sealed: bool


def shape_lips(
    take: Take,
    events: Sequence[LipEvent],
    shape: LipShape,
    firmness: Mapping[int, float] | None = None,
) -> ShapedLips:
    """The take with its contacts shaped; ``firmness`` is that of single contacts, by place."""
    if not events:
        return ShapedLips(take, 0, 0, 0, True)
    mouth = Mouth(take)
    gap = lip_gap(take)
    widen, press = np.zeros(take.samples), np.zeros(take.samples)
    arrived = pressed = 0
    for number, event in enumerate(events):
        late = _arriving(take.times, gap, event)
        if late is not None and shape.arrive > 0.0:
            rows, amount = late
            widen[rows] += shape.arrive * amount
            arrived += 1
        firm = shape.press * (firmness or {}).get(number, 1.0)
        if firm > 0.0 and event.last - event.first >= 2:
            rows = slice(event.first, event.last + 1)
            press[rows] += firm * _pressing(take.times[rows], event)
            pressed += 1
    mouth.widen(widen)
    mouth.press(press)
    out = mouth.taken("lips arrive and press")
    if not same_contacts(take, out):
        # never at the price of a contact
        mouth = Mouth(take)
        mouth.press(press)
        out, arrived = mouth.taken("lips press"), 0
    out, sealed = _sealed(out, events, gap, shape.seal)
    out, stuck = stick_lips(out, events, shape.sticky)
    return ShapedLips(out, pressed, arrived, stuck, sealed)


def _arriving(
    times: FloatArray, gap: FloatArray, event: LipEvent
) -> tuple[slice, FloatArray] | None:
    """Samples before a contact at which the lips are to be farther apart, and by how much."""
    start = int(np.searchsorted(times, event.onset_s))
    if event.first - start < 2:
        return None
    rows = slice(start, event.first + 1)
    when, own = times[rows], gap[rows]
    fall = -np.diff(own) / np.diff(when)
    place = int(np.argmax(fall))
    if fall[place] <= 0.0 or place >= len(fall) - 1:
        return None
    # from where they are fastest on they go on evenly, to touch in the contact's first sample
    begin = place + 1
    end = min(float(own[-1]), LIPS_APART)
    line = own[begin] + (end - own[begin]) * (when[begin:-1] - when[begin]) / (
        when[-1] - when[begin]
    )
    more = np.maximum(np.maximum(line, _CLEAR * LIPS_APART) - own[begin:-1], 0.0)
    if not more.any():
        return None
    return slice(start + begin, event.first), more


def _pressing(times: FloatArray, event: LipEvent) -> FloatArray:
    """How firmly a contact presses ``(m,)``: nought at both ends, 1 at the most."""
    since, left = times - times[0], times[-1] - times
    length = float(times[-1] - times[0])
    rise = min(_PRESSED_S, _PRESSED_PART * length)
    rising = np.clip(since / max(rise, 1e-9), 0.0, 1.0)
    if event.kind == "rest":
        left = np.minimum(left, np.maximum(_REST_S - since, 0.0))
        length = min(length, _REST_S)
    falling = np.clip(left / max(length - rise, 1e-9), 0.0, 1.0)
    # fast on, then off by and by
    course = np.sin(0.5 * np.pi * rising) * falling * falling * (3.0 - 2.0 * falling)
    return float(np.sqrt(min(event.fastest / _FAST, 1.0))) * course


def _sealed(
    take: Take, events: Sequence[LipEvent], gap: FloatArray, seal: float
) -> tuple[Take, bool]:
    """The take whose contacts are closed as far as the take ever closes."""
    if seal <= 0.0:
        return take, True
    amount = np.zeros(take.samples)
    for event in events:
        rows = slice(event.first, event.last + 1)
        inside = np.minimum(take.times[rows] - event.start_s, event.end_s - take.times[rows])
        ease = np.clip(0.25 + 0.75 * inside / _EASE_S, 0.0, 1.0)
        amount[rows] = -seal * ease * np.maximum(gap[rows], 0.0)
    mouth = Mouth(take)
    mouth.widen(amount)
    out = mouth.taken("lips sealed")
    return (out, True) if same_contacts(take, out) else (take, False)


def stick_lips(take: Take, events: Sequence[LipEvent], amount: float) -> tuple[Take, int]:
    """The take whose lips stay together for a moment where they part slowly, and how often."""
    if amount <= 0.0 or not events:
        return take, 0
    gap = lip_gap(take)
    widen = np.zeros(take.samples)
    stuck = 0
    for number, event in enumerate(events):
        stop = events[number + 1].first if number + 1 < len(events) else take.samples
        here = np.arange(event.last + 1, stop)
        here = here[take.times[here] - event.end_s <= amount * _STICK_S]
        wide = np.flatnonzero(gap[here] > _STICK_APART)
        here = here[: wide[0]] if len(wide) else here
        if len(here) < 2:
            continue
        opens = (gap[here[-1]] - gap[event.last]) / (take.times[here[-1]] - event.end_s)
        if not 0.0 < opens < _SLOW:
            continue
        # held together at first, then let go all at once
        share = (take.times[here] - event.end_s) / (take.times[here[-1]] - event.end_s)
        held = 1.0 - share * share * share * share
        widen[here] -= held * np.maximum(gap[here] - 0.5 * LIPS_APART, 0.0)
        stuck += 1
    mouth = Mouth(take)
    mouth.widen(widen)
    return mouth.taken("sticky lips"), stuck
