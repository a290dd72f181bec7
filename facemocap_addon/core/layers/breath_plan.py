# SPDX-License-Identifier: GPL-3.0-or-later
"""When a person breathes in and out: cycles of a pattern, breaths before phrases, held breaths.

Levels are in breaths at rest: 0 is the lungs after a quiet breath out, 1 after a quiet one in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .draws import Draws
from .speaking import joined


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way of breathing.

    Attributes
    ----------
    rate : float
        Breaths a minute, drawn within ``rates``.
    rates : (float, float)
        Fewest and most a minute.
    inhale, pause : float
        Parts of a cycle that are breathing in, and rest at its end.
    depth : float
        Of a breath, in breaths at rest.
    variation : float
        Deviation of one breath's length from the next, as a part.
    mouth : float
        How much goes through the mouth.
    sighs : float
        Deep breaths a minute.
    """

    rate: float
    rates: tuple[float, float]
    inhale: float
    pause: float
    depth: float
    variation: float
    mouth: float
    sighs: float


#: Rest: Tobin 16.6 +/- 2.8 a minute, in 0.42 of the time; exertion 30 to 50; sighs 12 an hour,
#: more when anxious. Where science.md has no figure it is a default of taste (docs/life.md).
PATTERNS = {
    "rest": Pattern(15.0, (12.0, 20.0), 0.40, 0.20, 1.0, 0.12, 0.0, 0.2),
    "speech": Pattern(14.0, (6.0, 20.0), 0.125, 0.05, 1.6, 0.15, 0.8, 0.0),
    "exertion": Pattern(40.0, (30.0, 50.0), 0.46, 0.02, 2.2, 0.08, 0.9, 0.0),
    "nervous": Pattern(22.0, (18.0, 28.0), 0.42, 0.06, 0.8, 0.22, 0.2, 1.0),
    "sleep": Pattern(14.0, (12.0, 18.0), 0.40, 0.24, 1.1, 0.05, 0.0, 0.1),
    "sigh": Pattern(14.0, (12.0, 20.0), 0.40, 0.20, 1.0, 0.12, 0.1, 2.0),
}

QUIET, SPOKEN, SIGH, HELD, RECOVERY = "quiet", "spoken", "sigh", "held", "recovery"
#: A breath before a phrase is full this long before it (s), and takes so long.
LEAD_S, _SPOKEN_S = 0.12, (0.25, 0.8)
#: Part of the time from breath to breath that is breathing in, while speaking.
_SPOKEN_INHALE = 0.125
#: A phrase of this length gets a breath of the pattern's depth, others by the square root (s).
_USUAL_PHRASE_S, _SPOKEN_DEPTHS = 3.0, (0.5, 1.8)
#: A sigh is so much deeper and longer.
_SIGH_DEPTH, _SIGH_LENGTH = 2.5, 1.5
#: Breathing in before a breath is held takes this long at most and at least (s).
_HELD_IN_S = (0.25, 1.6)
#: Cycles are stretched to fit between two others by these factors at most.
_STRETCH = (0.8, 1.25)


@dataclass(frozen=True, slots=True)
class Breath:
    """One breath; times in seconds from the take's first sample, levels as in the module.

    It rises from ``low`` to ``peak``, is held, falls to ``end`` and rests there.
    """

    start_s: float
    inhale_s: float
    exhale_s: float
    pause_s: float
    low: float
    peak: float
    end: float
    kind: str
    hold_s: float = 0.0

    @property
    def full_s(self) -> float:
        """When breathing in is over."""
        return self.start_s + self.inhale_s

    @property
    def out_s(self) -> float:
        """When breathing out begins."""
        return self.full_s + self.hold_s

    @property
    def end_s(self) -> float:
        """When the next breath begins."""
        return self.out_s + self.exhale_s + self.pause_s


@dataclass(frozen=True, slots=True)
class Hold:
    """A held breath and how it is let go.

    Attributes
    ----------
    start_s, end_s : float
    depth : float
        How full the lungs are, in breaths at rest.
    release_s, release : float
        Seconds of breathing out, and how much, in parts of the depth.
    recovery : float
        Depth of the breath after it, in parts of the depth.
    """

    start_s: float
    end_s: float
    depth: float = 1.6
    release_s: float = 0.45
    release: float = 1.4
    recovery: float = 1.0


@dataclass(frozen=True, slots=True)
class _Anchor:
    """What must have its breath before it: a phrase or a held breath."""

    start_s: float
    end_s: float
    hold: Hold | None


def plan_breaths(
    length_s: float,
    pattern: Pattern,
    phrases: Sequence[tuple[float, float]],
    holds: Sequence[Hold],
    draws: Draws,
    *,
    between: Pattern | None = None,
) -> tuple[Breath, ...]:
    """Breaths that cover a take, in order and without gaps.

    Parameters
    ----------
    length_s : float
    pattern : Pattern
    phrases : sequence of (float, float)
        No breath is taken in within them.
    holds : sequence of Hold
        What of them lies within a phrase is not held.
    draws : Draws
    between : Pattern, optional
        Of breaths that belong to no phrase; ``pattern`` itself without it.
    """
    cycles = _Cycles(between or pattern, draws)
    anchors = _anchors(length_s, phrases, holds)
    breaths: list[Breath] = []
    free_from: float | None = None
    for place, anchor in enumerate(anchors):
        following = anchors[place + 1].start_s if place + 1 < len(anchors) else None
        own = _anchored(anchor, (free_from, following), pattern, between or pattern, draws, place)
        if own is None:
            # no room to breathe in: the breath before goes on, and nothing is held
            if anchor.hold is None and breaths:
                breaths[-1] = _longer(breaths[-1], anchor.end_s)
                free_from = breaths[-1].end_s
            continue
        if not breaths:
            breaths += cycles.before(own[0].start_s)
        else:
            _fill(breaths, cycles, own[0].start_s)
        _join(breaths, own)
        free_from = breaths[-1].end_s
    if free_from is None:
        first = -float(draws.even("phase", 1)[0]) * 60.0 / pattern.rate
        breaths += cycles.after(first, length_s)
    else:
        _join(breaths, cycles.after(free_from, length_s))
    return tuple(breaths)


def _anchors(
    length_s: float, phrases: Sequence[tuple[float, float]], holds: Sequence[Hold]
) -> list[_Anchor]:
    """Phrases and held breaths in order, apart from each other."""
    spoken = [span for span in joined(phrases) if span[1] > 0.0 and span[0] < length_s]
    out = [_Anchor(start, end, None) for start, end in spoken]
    for hold in holds:
        start, end = hold.start_s, hold.end_s
        for first, last in spoken:
            if first <= start < last:
                start = last + _HELD_IN_S[0]
            if start < first < end + hold.release_s + _SPOKEN_S[0]:
                end = first - LEAD_S - _SPOKEN_S[0] - hold.release_s
        if end > start and start < length_s and end > 0.0:
            out.append(_Anchor(start, end, replace(hold, start_s=start, end_s=end)))
    return sorted(out, key=lambda anchor: anchor.start_s)


def _anchored(
    anchor: _Anchor,
    room: tuple[float | None, float | None],
    pattern: Pattern,
    between: Pattern,
    draws: Draws,
    place: int,
) -> list[Breath] | None:
    """The breath of an anchor, and what must follow it; None where there is no room.

    ``room`` is when the breath before it has ended, and when the next anchor begins.
    """
    free_from, following = room
    free = -np.inf if free_from is None else free_from
    hold = anchor.hold
    more = 1.0 + 0.12 * float(draws.bell(f"depth {place}", 1)[0])
    if hold is None:
        full = anchor.start_s - LEAD_S
        until = anchor.end_s if following is None else following
        # what follows the phrase belongs to this breath until a quiet one fits
        until = min(until, anchor.end_s + 30.0 / between.rate)
        wanted = _SPOKEN_INHALE / (1.0 - _SPOKEN_INHALE) * (until - full)
        inhale = min(float(np.clip(wanted, *_SPOKEN_S)), full - free)
        if inhale < _SPOKEN_S[0] - 1e-9:
            full = anchor.start_s - 0.05
            inhale = full - free
            if inhale < 0.15:
                return None
        by_length = np.sqrt((anchor.end_s - anchor.start_s) / _USUAL_PHRASE_S)
        depth = max(pattern.depth, 1.2) * float(np.clip(by_length, *_SPOKEN_DEPTHS)) * more
        return [Breath(full - inhale, inhale, anchor.end_s - full, 0.0, 0.0, depth, 0.0, SPOKEN)]
    inhale = min(_HELD_IN_S[1], 0.4 * 60.0 / pattern.rate, hold.start_s - free)
    if inhale < _HELD_IN_S[0] - 1e-9:
        return None
    low = hold.depth * (1.0 - hold.release)
    held = Breath(
        hold.start_s - inhale, inhale, hold.release_s, 0.0, 0.0, hold.depth, low, HELD,
        hold.end_s - hold.start_s,
    )  # fmt: skip
    if hold.recovery <= 0.0 or (following is not None and following - held.end_s < 3.0):
        return [held]
    return [
        held,
        Breath(held.end_s, 0.9, 1.4, 0.2, low, hold.depth * hold.recovery, 0.0, RECOVERY),
    ]


def _longer(breath: Breath, until: float) -> Breath:
    """A breath that goes on until a time."""
    more = max(until - breath.end_s, 0.0)
    if breath.kind != SPOKEN:
        return replace(breath, pause_s=breath.pause_s + more)
    return replace(breath, exhale_s=breath.exhale_s + breath.pause_s + more, pause_s=0.0)


def _fill(breaths: list[Breath], cycles: _Cycles, until: float) -> None:
    """Quiet breaths between what is there and a time; a pause where none fits."""
    start = breaths[-1].end_s if breaths else 0.0
    between = cycles.between(start, until)
    if between:
        _join(breaths, between)
    elif breaths:
        last = breaths[-1]
        breaths[-1] = replace(last, pause_s=max(until - last.end_s + last.pause_s, 0.0))


def _join(breaths: list[Breath], more: Sequence[Breath]) -> None:
    """Put breaths behind others; the first of them rises from where the last one ended."""
    for breath in more:
        low = breaths[-1].end if breaths else breath.low
        breaths.append(replace(breath, low=low))


class _Cycles:
    """Quiet breaths of a pattern, each a little other than the one before."""

    def __init__(self, pattern: Pattern, draws: Draws) -> None:
        self._pattern = pattern
        self._draws = draws
        self._count = 0
        self._slow = 0.0
        self._sigh_in = self._next_sigh()

    def _next_sigh(self) -> float:
        if self._pattern.sighs <= 0.0:
            return np.inf
        even = float(self._draws.even(f"sigh {self._count}", 1)[0])
        return (0.5 + even) * 60.0 / self._pattern.sighs

    def _one(self) -> Breath:
        """The next breath, from time 0 on."""
        own = self._pattern
        length, share, depth, drift = self._draws.bell(f"breath {self._count}", 4).tolist()
        self._count += 1
        # half of the difference goes on to the next: breaths do not vary as dice do
        self._slow = 0.5 * self._slow + 0.75 * drift
        low, high = (60.0 / rate for rate in reversed(own.rates))
        factor = 1.0 + own.variation * (0.8 * length + 0.6 * self._slow)
        cycle = float(np.clip(60.0 / own.rate * factor, low, high))
        inhale = own.inhale * (1.0 + 0.2 * own.variation * share)
        peak = own.depth * max(1.0 + 1.3 * own.variation * depth, 0.3)
        kind = QUIET
        self._sigh_in -= cycle
        if self._sigh_in <= 0.0:
            self._sigh_in = self._next_sigh()
            cycle, peak, kind = cycle * _SIGH_LENGTH, peak * _SIGH_DEPTH, SIGH
        exhale = 1.0 - inhale - own.pause
        return Breath(0.0, inhale * cycle, exhale * cycle, own.pause * cycle, 0.0, peak, 0.0, kind)

    def after(self, start: float, until: float) -> list[Breath]:
        """Breaths from a time on, until another is passed."""
        out: list[Breath] = []
        while start < until:
            out.append(replace(self._one(), start_s=start))
            start = out[-1].end_s
        return out

    def before(self, until: float) -> list[Breath]:
        """Breaths that end at a time; the first of them begins before the take."""
        out: list[Breath] = []
        while until > 0.0:
            one = self._one()
            until -= one.end_s
            out.insert(0, replace(one, start_s=until))
        return out

    def between(self, start: float, until: float) -> list[Breath]:
        """Breaths that fill a stretch, stretched a little; none where it is too short."""
        out: list[Breath] = []
        filled = 0.0
        while True:
            one = self._one()
            if filled and abs(until - start - filled) <= abs(until - start - filled - one.end_s):
                break
            if filled + one.end_s > (until - start) / _STRETCH[0]:
                break
            out.append(one)
            filled += one.end_s
        if not out:
            return []
        factor = min((until - start) / filled, _STRETCH[1])
        at = start
        for place, one in enumerate(out):
            parts = (one.inhale_s, one.exhale_s, one.pause_s)
            inhale, exhale, pause = (factor * part for part in parts)
            if place == len(out) - 1:
                pause = max(until - at - inhale - exhale, 0.0)
            out[place] = replace(one, start_s=at, inhale_s=inhale, exhale_s=exhale, pause_s=pause)
            at = out[place].end_s
        return out
