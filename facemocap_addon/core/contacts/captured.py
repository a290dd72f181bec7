# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take wants closed: how far each eye is shut, and when the lips touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..take import Take
from ..take_sampling import sample_channels

#: Lips count as closed while the jaw is open less than this beyond what they close ...
LIPS_APART = 0.02
#: ... above its own lowest values, which are this percentile ...
LOWEST = 2.0
#: ... and while none of these reaches this value, ...
PARTING = (
    "mouthFunnel",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
)
PARTED = 0.15
#: ... for at least this many frames.
FEWEST_FRAMES = 2
#: Beyond closed the lips' seal fades out while the jaw opens this far, or the others reach this.
FADE_APART, FADE_PARTED = 0.08, 0.3

#: An eye is shut from this part of a take's own range on: trackers seldom reach one peak twice.
SHUT = 0.88
#: An eye that never rises this far does not blink; its range is left alone.
LEAST_PEAK = 0.35
#: What an eye rests at is at most this.
MOST_REST = 0.2
#: A blink rises from its surroundings by this part of the highest value ...
LEAST_RISE = 0.4
#: ... within this time to either side (seconds).
BLINK_S = 0.35
#: A peak this far shut is kept on frames that miss it, however slowly it rises.
ALMOST_SHUT = 0.9
#: How far shut an eye is about half shut.
HALF_SHUT = (0.42, 0.6)


@dataclass(frozen=True, slots=True)
class LipContact:
    """A stretch of closed lips: first and last sample, and their times in seconds."""

    first: int
    last: int
    start_s: float
    end_s: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "start_s": round(self.start_s, 6),
            "end_s": round(self.end_s, 6),
            "first_sample": self.first,
            "last_sample": self.last,
        }


@dataclass(frozen=True, slots=True)
class BlinkRange:
    """What a take's eyeBlink goes from and to: at rest, and at the peak of its blinks."""

    rest: float
    peak: float

    def closure(self, values: FloatArray) -> FloatArray:
        """How far an eye is shut, 0 to 1: half of the range is half, `SHUT` and more is shut."""
        part = (np.asarray(values, np.float64) - self.rest) / (self.peak - self.rest)
        return np.interp(part, [0.0, 0.5, SHUT], [0.0, 0.5, 1.0])


def lip_contacts(take: Take) -> tuple[LipContact, ...]:
    """Stretches of a take's own samples in which the lips are closed.

    The lips are closed while ``jawOpen - mouthClose`` lies less than 0.02 above its own 2nd
    percentile and mouthFunnel, mouthUpperUp and mouthLowerDown are each under 0.15, for at least
    two samples. Samples in which jawOpen or mouthClose is missing are not closed.
    """
    if not take.has("jawOpen"):
        return ()
    closed = np.concatenate([[False], closed_lips(take, take.times), [False]])
    needed = [name for name in ("jawOpen", "mouthClose") if take.has(name)]
    closed[1:-1] &= take.valid[:, [take.column(name) for name in needed]].all(axis=1)
    starts = np.flatnonzero(closed[1:] & ~closed[:-1])
    ends = np.flatnonzero(closed[:-1] & ~closed[1:]) - 1
    return tuple(
        LipContact(int(a), int(b), float(take.times[a]), float(take.times[b]))
        for a, b in zip(starts, ends, strict=True)
        if b - a + 1 >= FEWEST_FRAMES
    )


def closed_lips(take: Take, times_s: FloatArray) -> BoolArray:
    """Whether the lips are closed ``(n,)`` at given times, whatever the stretch's length."""
    apart, parting = _lips(take, times_s)
    return (apart < LIPS_APART) & (parting < PARTED)


def lip_seal(take: Take, times_s: FloatArray) -> FloatArray:
    """How much the lips are to touch ``(n,)``: 1 where they are closed, fading to 0 around it.

    A stretch of closed lips that falls between two of ``times_s`` goes to the nearer one.
    """
    if not take.has("jawOpen"):
        return np.zeros(len(times_s))
    apart, parting = _lips(take, times_s)
    seal = _fade(apart, LIPS_APART, FADE_APART) * _fade(parting, PARTED, FADE_PARTED)
    for contact in lip_contacts(take):
        if not ((times_s >= contact.start_s) & (times_s <= contact.end_s)).any():
            middle = np.array([0.5 * (contact.start_s + contact.end_s)])
            place = int(_nearest(times_s, middle)[0])
            if place >= 0:
                seal[place] = 1.0
    return seal


def _lips(take: Take, times_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far the jaw parts the lips beyond their lowest ``(n,)``, and what else parts them."""
    own = sample_channels(take, ("jawOpen", "mouthClose"), take.times)
    lowest = np.percentile(own[:, 0] - own[:, 1], LOWEST)
    values = sample_channels(take, ("jawOpen", "mouthClose", *PARTING), times_s)
    return values[:, 0] - values[:, 1] - lowest, values[:, 2:].max(axis=1)


def _fade(values: FloatArray, whole: float, none: float) -> FloatArray:
    """1 up to ``whole``, 0 from ``none`` on, smooth between."""
    share = np.clip((none - values) / (none - whole), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def blink_range(take: Take, channel: str) -> BlinkRange | None:
    """The range of one eye's blinks; None where the channel was not recorded or never blinks.

    The rest is the lower tenth of the values outside blinks, the peak that of the higher blinks,
    so that one blink that the tracker missed half of does not count, nor one that it exaggerated.
    """
    times, values = _recorded(take, channel)
    peaks = values[_blink_peaks(times, values)]
    if not len(peaks) or peaks.max() < LEAST_PEAK:
        return None
    peak = float(np.percentile(peaks[peaks >= 0.5 * peaks.max()], 90))
    rest = float(np.clip(np.percentile(values, 10), 0.0, MOST_REST))
    return BlinkRange(min(rest, 0.5 * peak), peak)


def eye_closure(take: Take, channel: str, times_s: FloatArray) -> FloatArray | None:
    """How far a take shuts an eye ``(n,)``, 0 to 1; None where it does not blink.

    A blink's peak that falls between two of ``times_s`` goes to the nearer one: on 24 frames a
    second a blink would never be shut else. Where the eye is half shut at that time it stays so,
    unless the blink shuts it.
    """
    own = blink_range(take, channel)
    if own is None:
        return None
    out = own.closure(sample_channels(take, [channel], times_s)[:, 0])
    times, values = _recorded(take, channel)
    closure = own.closure(values)
    inner = (closure[1:-1] >= closure[:-2]) & (closure[1:-1] >= closure[2:])
    shut = np.flatnonzero(inner & (closure[1:-1] >= ALMOST_SHUT)) + 1
    peaks = np.union1d(_blink_peaks(times, values), shut)
    places = _nearest(times_s, times[peaks])
    for place, peak in zip(places.tolist(), peaks.tolist(), strict=True):
        least = float(closure[peak])
        low, high = HALF_SHUT if least < ALMOST_SHUT else (1.0, 0.0)
        if place >= 0 and out[place] < least and not low < out[place] < high:
            out[place] = least
    return out


def _nearest(times: FloatArray, at: FloatArray) -> IntArray:
    """Place ``(m,)`` of the time nearest to each of ``at`` (m,), the earlier of two; -1 outside."""
    if not len(times) or not len(at):
        return np.full(len(at), -1, np.int64)
    last = len(times) - 1
    place = np.minimum(times.searchsorted(at), last)
    before = np.maximum(place - 1, 0)
    place = np.where(np.abs(times[place] - at) < np.abs(times[before] - at), place, before)
    steps = np.concatenate([[0.0], np.diff(times), [0.0]])
    slack = np.maximum(steps[place], steps[place + 1])
    return np.where(np.abs(times[place] - at) <= 0.5 * slack + 1e-9, place, -1)


def _recorded(take: Take, channel: str) -> tuple[FloatArray, FloatArray]:
    """Times and values of a channel's valid samples."""
    if not take.has(channel):
        return np.empty(0), np.empty(0)
    valid = take.valid[:, take.column(channel)]
    return take.times[valid], take.values[valid, take.column(channel)].astype(np.float64)


def _blink_peaks(times: FloatArray, values: FloatArray) -> IntArray:
    """Places of the local maxima that rise fast from their surroundings on both sides."""
    if len(values) < 5:
        return np.empty(0, np.int64)
    need = LEAST_RISE * float(values.max())
    inner = (values[1:-1] >= values[:-2]) & (values[1:-1] > values[2:])
    places = np.flatnonzero(inner) + 1
    places = places[values[places] >= need]
    if not len(places):
        return places
    starts, ends = times.searchsorted([times[places] - BLINK_S, times[places] + BLINK_S])
    before = _least(values, starts, places + 1)
    after = _least(values, places, np.maximum(ends, places + 1))
    return places[values[places] - np.maximum(before, after) >= need]


def _least(values: FloatArray, starts: IntArray, ends: IntArray) -> FloatArray:
    """Smallest value ``(m,)`` of each stretch, ``ends`` not included."""
    bounds = np.stack([starts, ends], axis=1).ravel()
    return np.minimum.reduceat(np.append(values, np.inf), bounds)[::2]
