# SPDX-License-Identifier: GPL-3.0-or-later
"""Lids and lips under a calibration: what counts as a blink and as closed lips stays the same.

`contacts.captured` tells closed lips by fixed thresholds and blinks by a take's own range. So the
values it reads are calibrated with these thresholds held:

- jawOpen goes straight. What it opens beyond mouthClose, the gap, keeps its size where lips are
  closed or nearly so and grows beyond; mouthClose is what is left of the jaw.
- What parts the lips keeps its threshold: its neutral goes to 0, the threshold to itself, its
  extreme to the target.
- Lids go straight from their rest, which is that of open eyes in this take if that is lower than
  the actor's. Of several such lines the first that keeps every closure is taken.

What came out is compared with what went in. Lids or lips that would not be told alike stay as
recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..contacts.captured import (
    FADE_APART,
    LOWEST,
    MOST_REST,
    PARTED,
    PARTING,
    BlinkRange,
    blink_range,
    eye_closure,
    lip_contacts,
)
from ..rig_maps.response import respond
from ..take import Take
from ..take_sampling import sample_channels

BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
LIPS = ("jawOpen", "mouthClose", *PARTING)
#: Most neutral of what parts the lips: nearer to the threshold the values between would be torn.
MOST_PARTING = 0.1
#: The gap's slope changes over this much of the gap.
BEND = 0.06
#: Least slope of the gap beyond the closed lips.
LEAST_SLOPE = 0.2
#: Closures (0 to 1) that differ by no more are the same: values are stored as float32.
SAME_CLOSURE = 1e-4


@dataclass(frozen=True, slots=True)
class Straight:
    """A straight calibration: ``gain * (value - neutral)``; the extreme becomes ``target``."""

    neutral: float = 0.0
    gain: float = 1.0
    target: float = 1.0

    def apply(self, values: FloatArray) -> FloatArray:
        """Calibrated values ``(n,)``."""
        return self.gain * (values - self.neutral)

    @property
    def extreme(self) -> float:
        """The value that becomes the target."""
        return self.neutral + self.target / self.gain


@dataclass(frozen=True)
class Kept:
    """Calibrated columns ``(n,)`` by channel, and what is to be said."""

    columns: dict[str, FloatArray]
    warnings: tuple[str, ...] = ()


def kept_lips(take: Take, ranges: Mapping[str, Straight]) -> Kept:
    """The columns that tell closed lips, calibrated; none where they would not be told alike."""
    columns = {
        name: _parting(take.values[:, take.column(name)].astype(np.float64), ranges[name])
        for name in PARTING
        if name in ranges
    }
    if take.has("jawOpen"):
        columns |= _jaw(take, ranges)
    elif "mouthClose" in ranges:
        own = take.values[:, take.column("mouthClose")].astype(np.float64)
        columns["mouthClose"] = ranges["mouthClose"].apply(own)
    if not columns or lip_contacts(_with(take, columns)) == lip_contacts(take):
        return Kept(columns)
    return Kept({}, ("Jaw and lips stay as recorded: calibrated, other lips would be closed.",))


def _parting(values: FloatArray, to: Straight) -> FloatArray:
    """Values ``(n,)`` of what parts the lips; its threshold stays where it is."""
    # the extreme is above the threshold before and after, whatever a file says
    top = max(to.extreme, 2.0 * PARTED)
    points = ((min(to.neutral, MOST_PARTING), 0.0), (PARTED, PARTED), (top, to.target))
    return respond(points, values)


def _jaw(take: Take, ranges: Mapping[str, Straight]) -> dict[str, FloatArray]:
    """The columns jawOpen and mouthClose ``(n,)`` of those that were recorded."""
    if "jawOpen" not in ranges and "mouthClose" not in ranges:
        return {}
    jaw, close = sample_channels(take, ("jawOpen", "mouthClose"), take.times).T
    to_jaw, to_close = ranges.get("jawOpen", Straight()), ranges.get("mouthClose", Straight())
    gap = jaw - close
    knee = float(np.percentile(gap, LOWEST)) + FADE_APART
    at_rest = to_jaw.neutral - to_close.neutral
    widest = to_jaw.extreme - to_close.neutral
    calibrated = _gap(gap, at_rest, knee, widest, to_jaw.target)
    if not take.has("mouthClose"):
        return {"jawOpen": calibrated}
    opened = to_jaw.apply(jaw)
    # as it will be stored, so that the gap comes out as exactly as it can
    opened = opened.astype(np.float32).astype(np.float64)
    return {"jawOpen": opened, "mouthClose": opened - calibrated}


def _gap(gap: FloatArray, at_rest: float, knee: float, widest: float, target: float) -> FloatArray:
    """The gap ``(n,)`` beyond that at rest: its own size up to the knee, ``widest`` to ``target``.

    Between the two its slope changes smoothly.
    """
    out = gap - at_rest
    room = widest - knee - 0.5 * BEND
    if room < BEND:
        return out
    slope = max((target - (knee + 0.5 * BEND - at_rest)) / room, LEAST_SLOPE)
    beyond = np.maximum(gap - knee, 0.0)
    ramp = np.where(beyond < BEND, beyond * beyond / (2.0 * BEND), beyond - 0.5 * BEND)
    return out + (slope - 1.0) * ramp


def kept_lids(take: Take, ranges: Mapping[str, Straight]) -> Kept:
    """The eyeBlink of both eyes, calibrated; as recorded where blinks would not be told alike."""
    eyes = [name for name in BLINKS if name in ranges and take.has(name)]
    if not eyes:
        return Kept({})
    own = [blink_range(take, name) for name in eyes]
    values = [take.values[:, take.column(name)].astype(np.float64) for name in eyes]
    for lines in _lines([ranges[name] for name in eyes], own):
        columns: dict[str, FloatArray] = {
            name: gain * column + offset
            for name, column, (gain, offset) in zip(eyes, values, lines, strict=True)
        }
        changed = _with(take, columns)
        if all(_same_blinks(take, changed, name) for name in eyes):
            return Kept(columns)
    return Kept({}, ("The lids stay as recorded: calibrated, other moments would be blinks.",))


def _lines(
    to: Sequence[Straight], own: Sequence[BlinkRange | None]
) -> list[list[tuple[float, float]]]:
    """(gain, offset) of each eye, what is wanted first."""
    rests = [0.0 if each is None else each.rest for each in own]
    neutrals = [min(s.neutral, rest) for s, rest in zip(to, rests, strict=True)]
    # lids that hang all through the take count as resting at `MOST_REST`: there they stay
    hanging = [
        max((s.target - MOST_REST) / max(s.extreme - MOST_REST, 0.1 * s.target), 0.1) for s in to
    ]
    gains = [s.gain for s in to]
    return [
        [(g, -g * n) for g, n in zip(gains, neutrals, strict=True)],
        [(g, (1.0 - g) * MOST_REST) for g in hanging],
        [(g, 0.0) for g in gains],
    ]


def _same_blinks(before: Take, after: Take, channel: str) -> bool:
    was = eye_closure(before, channel, before.times)
    now = eye_closure(after, channel, after.times)
    if was is None or now is None:
        return was is None and now is None
    return bool(np.abs(was - now).max() <= SAME_CLOSURE)


def _with(take: Take, columns: Mapping[str, FloatArray]) -> Take:
    """The take with some columns replaced, to be looked at."""
    values = np.array(take.values)
    for name, column in columns.items():
        values[:, take.column(name)] = column
    return take.changed("looked at", values=np.where(take.valid, values, take.values))
