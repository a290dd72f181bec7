# SPDX-License-Identifier: GPL-3.0-or-later
"""Breath on a face: what the lungs do, seen in nostrils, jaw, lips, lids, head and chest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import FloatArray
from ..channels import Channel
from ..formats.head_pose import HEAD_POSITION
from ..rig_maps.body_controls import BODY_CHANNELS
from ..take import Take
from .breath_curve import BreathCurve, breath_curve, zero_mean
from .breath_plan import HELD, PATTERNS, RECOVERY, Hold, Pattern, plan_breaths
from .draws import Draws, smooth_step
from .samples import added, course, seconds_of, with_values
from .speaking import Spans, joined

#: Chest, belly, collar bones and neck: signed, 1 for the deepest breath in. No tracker of faces
#: has them; they are there for rigs that do.
BODY = BODY_CHANNELS
#: Deepest breath in, in breaths at rest.
_DEEPEST = 4.0
_DEEPEST_SQUARED = _DEEPEST * _DEEPEST
#: For one breath at rest: the head rises by so much (rad, m). Defaults of taste.
_PITCH_RAD, _RISE_M = math.radians(0.5), 0.0012
#: The nostrils open by this for each breath a second that flows in, this much sooner (s).
_NOSTRILS, _SOONER_S, _MOST_NOSTRILS = 0.02, 0.1, 0.3
#: Through the mouth: what a full breath at rest opens, and the most.
_JAW, _MOST_JAW = 0.05, 0.12
_LIPS = (("mouthLowerDownLeft", 0.6), ("mouthLowerDownRight", 0.6), ("mouthUpperUpLeft", 0.25),
         ("mouthUpperUpRight", 0.25))  # fmt: skip
#: While a breath is held: lips, nostrils, lids and the head's tremor (rad). Defaults of taste.
_PRESS, _HELD_NOSTRILS, _WIDE, _TREMOR_RAD = 0.1, 0.1, 0.03, math.radians(0.03)
#: All that comes and goes within this time (s).
_EASE_S = 0.15


@dataclass(frozen=True, slots=True)
class Breathing:
    """How a person breathes.

    Attributes
    ----------
    pattern : str
        One of `PATTERNS`.
    rate, inhale, pause, variation, mouth : float or None
        Instead of the pattern's own.
    depth : float
        Factor of the pattern's.
    phrases : spans
        Stretches of speech (seconds from the first sample).
    holds : sequence of Hold
    head, face, tension : float
        Factors of what head and face do, and of what shows while a breath is held.
    body : bool
        Add the channels of `BODY`.
    """

    pattern: str = "rest"
    rate: float | None = None
    depth: float = 1.0
    inhale: float | None = None
    pause: float | None = None
    variation: float | None = None
    mouth: float | None = None
    phrases: Spans = ()
    holds: Sequence[Hold] = ()
    head: float = 1.0
    face: float = 1.0
    tension: float = 1.0
    body: bool = False


@dataclass(frozen=True)
class BreathReport:
    """What was added.

    Attributes
    ----------
    curve : BreathCurve
    means : dict of str to float
        Mean of what channels got that only go one way.
    """

    curve: BreathCurve
    means: dict[str, float]

    @property
    def rate(self) -> float:
        """Breaths a minute, of those that are no held ones."""
        return 60.0 * len(self._cycles) / sum(self._cycles) if self._cycles else 0.0

    def inhale(self, *kinds: str) -> float:
        """Part of the time of breaths of some kinds that is breathing in; nought without any."""
        own = [breath for breath in self.curve.breaths if breath.kind in kinds]
        whole = sum(breath.end_s - breath.start_s for breath in own)
        return sum(breath.inhale_s for breath in own) / whole if whole else 0.0

    @property
    def _cycles(self) -> list[float]:
        apart = (HELD, RECOVERY)
        own = (breath for breath in self.curve.breaths if breath.kind not in apart)
        return [breath.end_s - breath.start_s for breath in own]


def add_breath(take: Take, breathing: Breathing, draws: Draws) -> tuple[Take, BreathReport]:
    """The take with breath on it, and what was added."""
    seconds = seconds_of(take)
    own = _pattern(breathing)
    phrases = joined(breathing.phrases)
    resting = PATTERNS["rest"] if phrases and breathing.pattern == "speech" else None
    length = float(seconds[-1]) if len(seconds) else 0.0
    breaths = plan_breaths(length, own, phrases, breathing.holds, draws, between=resting)
    curve = breath_curve(seconds, breaths)
    columns = _head(take, curve, breathing, draws)
    face, means = _face(take, curve, own.mouth, breathing)
    out = with_values(take, "breathing", {**columns, **face})
    if breathing.body:
        out = _with_body(out, curve)
    return out, BreathReport(curve, means)


def _pattern(breathing: Breathing) -> Pattern:
    """The pattern with what was asked for instead of its own."""
    own = PATTERNS[breathing.pattern]
    asked = {
        name: value
        for name in ("rate", "inhale", "pause", "variation", "mouth")
        if (value := getattr(breathing, name)) is not None
    }
    if breathing.rate is not None:
        # what was asked for is the middle of what is drawn
        low, high = own.rates
        asked["rates"] = tuple(breathing.rate * bound / own.rate for bound in (low, high))
    own = replace(own, **asked)
    pause = min(own.pause, 0.9 - own.inhale)
    return replace(own, pause=max(pause, 0.0), depth=own.depth * breathing.depth)


# ---------------------------------------------------------------- what goes both ways


def _head(
    take: Take, curve: BreathCurve, breathing: Breathing, draws: Draws
) -> dict[str, FloatArray]:
    """New values ``(n,)`` of the head's channels that were recorded."""
    out: dict[str, FloatArray] = {}
    signed = zero_mean(curve, lambda level: level)
    held = _eased(curve, "hold")
    for name, amount in (("headPitch", _PITCH_RAD), (HEAD_POSITION[1], _RISE_M)):
        if take.has(name) and breathing.head:
            out[name] = course(take, name) + breathing.head * amount * signed
    if held.any() and breathing.tension:
        for name in ("headYaw", "headPitch"):
            if take.has(name):
                shaking = breathing.tension * _TREMOR_RAD * held * _tremor(curve, draws, name)
                out[name] = out.get(name, course(take, name)) + shaking
    return out


def _tremor(curve: BreathCurve, draws: Draws, name: str) -> FloatArray:
    """Tremor ``(n,)`` of 8 to 12 Hz, within -1 and 1."""
    out = np.zeros(len(curve.seconds))
    phases = draws.even(f"tremor {name}", 3).tolist()
    for hertz, phase in zip((8.3, 9.8, 11.6), phases, strict=True):
        out = out + np.sin(2.0 * np.pi * (hertz * curve.seconds + phase)) / 3.0
    return out


def _with_body(take: Take, curve: BreathCurve) -> Take:
    """The take with the channels of `BODY` behind its own."""
    new = [name for name in BODY if name not in take.names]
    if not new:
        return take
    shapes = {
        "breathChest": zero_mean(curve, lambda level: level / _DEEPEST),
        "breathAbdomen": zero_mean(curve, lambda level: 1.2 * level / _DEEPEST),
        # collar bones and neck help with deep breaths only
        "breathClavicle": zero_mean(curve, lambda level: level * np.abs(level) / _DEEPEST_SQUARED),
        "breathNeck": zero_mean(
            curve, lambda level: 0.5 * level * np.abs(level) / _DEEPEST_SQUARED
        ),
    }
    channels = [Channel(name, region="other", range=(-1.0, 1.0)) for name in new]
    more = np.stack([shapes[name] for name in new], axis=1)
    confidence = take.confidence
    if confidence is not None:
        confidence = np.hstack([confidence, np.ones(more.shape, np.float32)])
    return replace(
        take,
        channels=(*take.channels, *channels),
        values=np.hstack([take.values, more.astype(np.float32)]),
        valid=np.hstack([take.valid, np.ones(more.shape, np.bool_)]),
        confidence=confidence,
    )


# ---------------------------------------------------------------- what goes one way


def _face(
    take: Take, curve: BreathCurve, mouth: float, breathing: Breathing
) -> tuple[dict[str, FloatArray], dict[str, float]]:
    """New values ``(n,)`` of the face's channels, and the mean of what each got."""
    inflow = np.interp(curve.seconds + _SOONER_S, curve.seconds, curve.inflow)
    held = breathing.tension * _eased(curve, "hold")
    nostrils = np.minimum(breathing.face * _NOSTRILS * inflow, _MOST_NOSTRILS)
    nostrils = nostrils + _HELD_NOSTRILS * held
    opened = breathing.face * mouth * _eased(curve, "inhale")
    jaw = np.minimum(_JAW * opened, _MOST_JAW)
    amounts = {
        "noseSneerLeft": nostrils,
        "noseSneerRight": nostrils,
        "mouthPressLeft": _PRESS * held,
        "mouthPressRight": _PRESS * held,
        "eyeWideLeft": _WIDE * held,
        "eyeWideRight": _WIDE * held,
    }
    # a mouth that is open already opens no further
    at_least = {"jawOpen": jaw, **{name: part * jaw for name, part in _LIPS}}
    columns: dict[str, FloatArray] = {}
    means: dict[str, float] = {}
    for name, amount in {**amounts, **at_least}.items():
        if not take.has(name) or not amount.any():
            continue
        values = course(take, name)
        lacking = amount
        if name in at_least:
            lacking = np.maximum(amount - np.maximum(values, 0.0), 0.0)
        columns[name], more = added(take, name, values, lacking)
        there = take.valid[:, take.column(name)]
        means[name] = float(more[there].mean())
    return columns, means


def _eased(curve: BreathCurve, part: str) -> FloatArray:
    """How much of it is there ``(n,)``: depth of breaths in, or 1 while a breath is held."""
    out = np.zeros(len(curve.seconds))
    for breath in curve.breaths:
        if part == "hold":
            if breath.kind == HELD:
                after = curve.seconds - breath.full_s
                before = breath.out_s + _EASE_S - curve.seconds
                out = np.maximum(out, smooth_step(np.minimum(after, before) / _EASE_S))
            continue
        ends = np.searchsorted(curve.seconds, [breath.start_s, breath.full_s]).tolist()
        rows = slice(*ends)
        u = (curve.seconds[rows] - breath.start_s) / breath.inhale_s
        sine = np.sin(np.pi * u)
        out[rows] = np.maximum(out[rows], sine * sine * (breath.peak - breath.low))
    return out
