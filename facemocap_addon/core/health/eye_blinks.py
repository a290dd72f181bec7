# SPDX-License-Identifier: GPL-3.0-or-later
"""The blinks of a take: when, how far each eye closes, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..contacts.captured import BlinkRange, blink_range
from .columns import Columns
from .pulses import Pulse, find_pulses

EYES = ("eyeBlinkLeft", "eyeBlinkRight")
#: A blink rises by this much, by so many deviations of the noise, and by this part of a full one.
LEAST, SURE, PART_OF_FULL = 0.12, 6.0, 0.2
#: Less of a full blink than this is a partial one.
PARTIAL = 0.75
#: Above half of its height for longer (seconds) the eye is closed, which is no blink.
LONG_S = 0.5
#: Peaks of both eyes this near (seconds) are one blink, and those whose tops overlap by half of
#: the longer.
_TOGETHER_S = 0.1
#: The other eye's share of a wink is at most this.
WINK = 0.5
#: Samples that look down this far say how much the lid follows the gaze; at most this much.
_DOWN, _MOST_FOLLOWING, _FEWEST = 0.15, 0.8, 30

FULL, PART, LONG, ONE_EYE = "full", "partial", "long", "one eye"


@dataclass(frozen=True, slots=True)
class Blink:
    """One blink of both eyes, or of one.

    Attributes
    ----------
    start_s, peak_s, end_s : float
    closing_s, closed_s, opening_s : float
        10 to 90 % of the way, above 90 %, and 90 to 10 %; of the eye that closes more.
    left, right : float or None
        The highest value of each eye's eyeBlink; None where the eye was not recorded.
    left_closure, right_closure : float or None
        The same as a part of this eye's own full blink.
    lag_s : float or None
        How much later the right eye peaks; None unless both blink.
    kind : str
        ``full``, ``partial``, ``long`` (the eyes are closed for a while), or ``one eye``.
    """

    start_s: float
    peak_s: float
    end_s: float
    closing_s: float
    closed_s: float
    opening_s: float
    left: float | None
    right: float | None
    left_closure: float | None
    right_closure: float | None
    lag_s: float | None
    kind: str

    @property
    def closure(self) -> float:
        """How far the eye that closes more does."""
        return max(c for c in (self.left_closure, self.right_closure, 0.0) if c is not None)

    @property
    def peak(self) -> float:
        """The highest value of either eye."""
        return max(c for c in (self.left, self.right, 0.0) if c is not None)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "start_s": self.start_s,
            "peak_s": self.peak_s,
            "end_s": self.end_s,
            "closing_s": self.closing_s,
            "closed_s": self.closed_s,
            "opening_s": self.opening_s,
            "left": self.left,
            "right": self.right,
            "left_closure": self.left_closure,
            "right_closure": self.right_closure,
            "lag_s": self.lag_s,
            "kind": self.kind,
        }


@dataclass(frozen=True)
class _Eye:
    """One eye: its course, where it rests and how far a full blink goes, and its pulses."""

    values: FloatArray
    full: float
    rest: float
    pulses: tuple[Pulse, ...]

    def near(self, sample: int, reach: int) -> float:
        """Highest value around a sample."""
        return float(self.values[max(sample - reach, 0) : sample + reach + 1].max())

    def closure(self, value: float) -> float:
        """A value as a part of a full blink."""
        return (value - self.rest) / (self.full - self.rest)


def find_blinks(columns: Columns) -> tuple[Blink, ...]:
    """All blinks in order; none where no eye was recorded."""
    take = columns.take
    eyes = {name: _eye(columns, name) for name in EYES if columns.has(name)}
    reach = max(1, round(0.05 * take.rate_hz))
    used: set[tuple[str, int]] = set()
    out: list[Blink] = []
    for name, eye in eyes.items():
        other_name = EYES[1 - EYES.index(name)]
        other = eyes.get(other_name)
        for pulse in eye.pulses:
            if (name, pulse.peak_sample) in used:
                continue
            match = None if other is None else _nearest(other.pulses, pulse)
            if match is not None and (other_name, match.peak_sample) in used:
                match = None
            if match is not None:
                used.add((other_name, match.peak_sample))
            blink = _blink(eyes, name, pulse, match, reach)
            if blink is not None:
                out.append(blink)
    return tuple(sorted(out, key=lambda blink: (blink.peak_s, blink.start_s)))


def _blink(
    eyes: dict[str, _Eye], name: str, pulse: Pulse, match: Pulse | None, reach: int
) -> Blink | None:
    """The blink of one eye's pulse and its match; None where a lid only sinks for a while."""
    peaks: dict[str, float | None] = dict.fromkeys(EYES)
    parts: dict[str, float | None] = dict.fromkeys(EYES)
    for each, eye in eyes.items():
        peaks[each] = value = eye.near(pulse.peak_sample, reach)
        parts[each] = eye.closure(value)
    lead = pulse
    if match is not None and match.rise > pulse.rise:
        lead = match
    left, right = EYES
    lag = None
    if match is not None:
        # times at 90 % on the way down lie between samples, peaks do not
        own, its = _middle(pulse), _middle(match)
        lag = its - own if name == left else own - its
    known = [part for part in parts.values() if part is not None]
    kind = FULL
    if _width(lead) > LONG_S:
        if max(known) < PARTIAL:
            return None
        kind = LONG
    elif len(known) == 2 and min(known) < WINK * max(known):
        kind = ONE_EYE
    elif max(known) < PARTIAL:
        kind = PART
    return Blink(
        start_s=lead.start_s,
        peak_s=lead.peak_s,
        end_s=lead.end_s,
        closing_s=lead.onset_s,
        closed_s=lead.apex_s,
        opening_s=lead.offset_s,
        left=peaks[left],
        right=peaks[right],
        left_closure=parts[left],
        right_closure=parts[right],
        lag_s=lag,
        kind=kind,
    )


def _middle(pulse: Pulse) -> float:
    return 0.5 * (pulse.top_s + pulse.bottom_s)


def _width(pulse: Pulse) -> float:
    """Time above about half of the height."""
    return pulse.apex_s + 0.5 * (pulse.onset_s + pulse.offset_s)


def _nearest(pulses: tuple[Pulse, ...], own: Pulse) -> Pulse | None:
    """The other eye's pulse that is the same blink; None where it does not blink with this one."""
    near = [
        pulse
        for pulse in pulses
        if abs(pulse.peak_s - own.peak_s) <= _TOGETHER_S
        or min(pulse.bottom_s, own.bottom_s) - max(pulse.top_s, own.top_s)
        > 0.5 * max(pulse.apex_s, own.apex_s)
    ]
    return min(near, key=lambda pulse: abs(pulse.peak_s - own.peak_s), default=None)


def _eye(columns: Columns, name: str) -> _Eye:
    """One eye with its pulses, what the lid does with the gaze taken off before they are found."""
    place = columns.place(name)
    assert place is not None, "the caller looked"
    values = columns.values[:, place]
    own = blink_range(columns.take, name)
    if own is None:
        high = float(values[columns.valid[:, place]].max(initial=0.0))
        rest = float(columns.neutral[place])
        own = BlinkRange(min(rest, 0.5 * high), max(high, rest + LEAST))
    least = max(LEAST, SURE * float(columns.noise[place]), PART_OF_FULL * (own.peak - own.rest))
    course = values - _following(columns, name, own.rest)
    pulses = find_pulses(
        course[:, None],
        columns.valid[:, place : place + 1],
        columns.take.times,
        np.array([least]),
    )[0]
    return _Eye(values, own.peak, own.rest, pulses)


def _following(columns: Columns, name: str, rest: float) -> FloatArray:
    """What the lid does because the eye looks down ``(n,)``."""
    down = columns.series(name.replace("Blink", "LookDown"))
    looks = down > _DOWN
    if int(looks.sum()) < _FEWEST:
        return np.zeros(len(down))
    # blinks only ever add: the lower quartile is a lid that follows and does not blink
    part = (columns.series(name)[looks] - rest) / down[looks]
    return float(np.clip(np.percentile(part, 25), 0.0, _MOST_FOLLOWING)) * np.maximum(down, 0.0)
