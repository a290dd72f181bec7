# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions drawn larger or smaller, quicker between holds, and on twos.

A region is exaggerated as a whole: all its coefficients by one factor, which is the amount for a
faint expression and comes down to 1 for a full one, so that their proportions stay and nothing is
cut off. Blinks and touching lips are mechanics, not expression: they stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..contacts.captured import (
    ALMOST_SHUT,
    FADE_APART,
    FADE_PARTED,
    LIPS_APART,
    LOWEST,
    PARTED,
    PARTING,
    blink_range,
    lip_contacts,
)
from ..take import Take
from .draws import smooth_step
from .samples import course, seconds_of, with_values

#: Regions that are expressions; mouth and jaw are one mouth.
REGIONS = ("brow", "eye", "nose", "cheek", "mouth", "jaw")
_TOGETHER = {"jaw": "mouth"}
_BLINKS = ("eyeBlinkLeft", "eyeBlinkRight")
#: What speech is made of keeps its timing.
_SPEECH = ("jawOpen", "mouthClose", *PARTING)
#: Motion within this span is none that would be quickened.
_LEAST_SPAN = 0.05


@dataclass(frozen=True, slots=True)
class Style:
    """What is done to expressions.

    Attributes
    ----------
    amount : float
        Factor of faint expressions; below 1 of all.
    amounts : mapping of str to float
        The same for single regions.
    snap : float
        How much quicker the face goes from hold to hold, 0 to 1.
    snap_s : float
        How near holds are looked for to either side, seconds.
    hold_frames : int
        Samples for which a pose is held; 2 is on twos.
    """

    amount: float = 1.0
    amounts: Mapping[str, float] = field(default_factory=dict[str, float])
    snap: float = 0.0
    snap_s: float = 0.12
    hold_frames: int = 1


def apply_style(take: Take, style: Style) -> Take:
    """The take in another style."""
    if take.samples < 2:
        return take
    out = with_values(take, "style", _exaggerated(take, style))
    if style.snap > 0.0:
        out = with_values(out, "style", _snapped(out, style))
    return _held(out, style.hold_frames) if style.hold_frames > 1 else out


# ---------------------------------------------------------------- larger and smaller


def _exaggerated(take: Take, style: Style) -> dict[str, FloatArray]:
    """New values ``(n,)`` of the regions that have an amount."""
    names = [
        channel.name
        for channel in take.channels
        if channel.kind == "weight" and channel.region in REGIONS and take.has(channel.name)
        and channel.name not in _BLINKS
    ]  # fmt: skip
    region = {channel.name: channel.region for channel in take.channels}
    courses = {name: course(take, name) for name in names}
    size: dict[str, FloatArray] = {}
    for name in names:
        group = _TOGETHER.get(region[name], region[name])
        size[group] = np.maximum(size.get(group, 0.0), courses[name])
    factors: dict[tuple[str, float], FloatArray] = {}
    columns: dict[str, FloatArray] = {}
    lips = _Lips.of(take)
    for name in names:
        # what closes the lips of an open jaw goes with the jaw
        own = "jaw" if name == "mouthClose" else region[name]
        amount = style.amounts.get(own, style.amount)
        if amount != 1.0:
            group = _TOGETHER.get(region[name], region[name])
            if (group, amount) not in factors:
                factors[group, amount] = _factor(size[group], amount)
            columns[name] = courses[name] * lips.kept(name, factors[group, amount])
    lips.keep_apart(columns)
    return columns


@dataclass(frozen=True)
class _Lips:
    """What tells touching lips, as `contacts.captured` has it.

    Attributes
    ----------
    take : Take
    apart : (n,) float64
        How far the jaw parts them.
    parted : (n,) float64
        The largest of what parts them besides.
    near : (n,) float64
        1 where the jaw leaves them together, 0 a little beyond.
    """

    take: Take
    apart: FloatArray
    parted: FloatArray
    near: FloatArray

    @staticmethod
    def of(take: Take) -> _Lips:
        """The lips of a take."""
        apart = course(take, "jawOpen") - course(take, "mouthClose")
        apart = apart - float(np.percentile(apart, LOWEST))
        parted = np.maximum.reduce([course(take, name) for name in PARTING])
        near = smooth_step((FADE_APART - apart) / (FADE_APART - LIPS_APART))
        return _Lips(take, apart, parted, near if take.has("jawOpen") else 0.0 * near)

    def kept(self, name: str, factor: FloatArray) -> FloatArray:
        """A factor ``(n,)`` that comes to 1 where the lips touch, for what tells whether."""
        if name not in _SPEECH:
            return factor
        seal = self.near
        if name in PARTING:
            seal = seal * smooth_step((FADE_PARTED - self.parted) / (FADE_PARTED - PARTED))
        return factor + seal * (1.0 - factor)

    def keep_apart(self, columns: dict[str, FloatArray]) -> None:
        """Keep lips apart that were, in place: what is made smaller might close them."""
        together = self.near >= 1.0
        for name in PARTING:
            if name in columns:
                was = course(self.take, name)
                least = np.where(together & (was >= PARTED), np.minimum(was, 1.01 * PARTED), 0.0)
                columns[name] = np.maximum(columns[name], least)
        if "jawOpen" in columns:
            close = columns.get("mouthClose", course(self.take, "mouthClose"))
            was = course(self.take, "jawOpen") - course(self.take, "mouthClose")
            least = close + np.minimum(was, was - self.apart + 1.01 * LIPS_APART)
            apart = self.apart >= LIPS_APART
            columns["jawOpen"] = np.where(
                apart, np.maximum(columns["jawOpen"], least), columns["jawOpen"]
            )


def _factor(size: FloatArray, amount: float) -> FloatArray:
    """Factor ``(n,)`` of expressions of a size."""
    if amount <= 1.0:
        return np.full(len(size), amount)
    return np.maximum(amount / (1.0 + (amount - 1.0) * np.maximum(size, 0.0)), 1.0)


# ---------------------------------------------------------------- quicker


def _snapped(take: Take, style: Style) -> dict[str, FloatArray]:
    """New values ``(n,)`` of coefficients that go more quickly from one hold to the next.

    Between the lowest and the highest value nearby a value goes to the one that is nearer, so that
    nothing passes what was there before, and nothing changes its order.
    """
    seconds = seconds_of(take)
    step = float(np.median(np.diff(seconds)))
    reach = max(round(style.snap_s / step), 1)
    names = [
        channel.name
        for channel in take.channels
        if channel.kind == "weight" and channel.region in REGIONS and take.has(channel.name)
        and channel.name not in (*_BLINKS, *_SPEECH)
    ]  # fmt: skip
    return {name: _quickened(course(take, name), reach, style.snap) for name in names}


def _quickened(values: FloatArray, reach: int, snap: float) -> FloatArray:
    """One coefficient ``(n,)``, quicker by ``snap``."""
    low, high = _running(np.minimum, values, reach), _running(np.maximum, values, reach)
    span = high - low
    if not span.any():
        return values
    quick = low + span * smooth_step(smooth_step((values - low) / np.maximum(span, 1e-9)))
    return values + snap * smooth_step(span / _LEAST_SPAN) * (quick - values)


def _running(of: np.ufunc, values: FloatArray, reach: int) -> FloatArray:
    """Smallest or largest value ``(n,)`` within so many samples to either side."""
    ends = np.full((2, reach), [[values[0]], [values[-1]]])
    out = np.concatenate([ends[0], values, ends[1]])
    width, have = 2 * reach + 1, 1
    while have < width:
        more = min(have, width - have)
        out = of(out[: len(out) - more], out[more:])
        have += more
    return out


# ---------------------------------------------------------------- on twos


def _held(take: Take, frames: int) -> Take:
    """The take with each pose held for so many samples, counted from the first.

    A pose is that of the first of its samples, unless an eye is shut or the lips touch at another:
    a blink would be lost else.
    """
    rows = np.arange(take.samples)
    pose = np.arange(0, take.samples, frames)
    for flags in (_touching(take), _shut(take)):
        # what is written last stays: shut eyes before closed lips, the first of each
        marked = np.flatnonzero(flags)[::-1]
        pose[marked // frames] = marked
    chosen = pose[rows // frames]
    values = np.array(take.values)
    there = take.valid & take.valid[chosen]
    values = np.where(there, take.values[chosen], values)
    return take.changed("style", values=values)


def _touching(take: Take) -> BoolArray:
    out = np.zeros(take.samples, np.bool_)
    for contact in lip_contacts(take):
        out[contact.first : contact.last + 1] = True
    return out


def _shut(take: Take) -> BoolArray:
    """Samples ``(n,)`` at which a blink is at its peak, or has shut an eye."""
    out = np.zeros(take.samples, np.bool_)
    for name in _BLINKS:
        own = blink_range(take, name)
        if own is not None:
            closure = own.closure(course(take, name))
            peak = np.zeros(take.samples, np.bool_)
            peak[1:-1] = (closure[1:-1] >= closure[:-2]) & (closure[1:-1] > closure[2:])
            out |= (closure >= ALMOST_SHUT) | (peak & (closure > 0.2))
    return out
