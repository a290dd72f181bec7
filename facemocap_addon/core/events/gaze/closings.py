# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples at which a lid hides the eye: blinks and closed eyes, with what trackers make of them."""

from __future__ import annotations

import numpy as np

from ...arrays import BoolArray, FloatArray
from ...cleaning.noise import noise_level
from ...contacts.captured import blink_range
from ...health.pulses import Pulse, find_pulses
from ...take import Take
from ...take_sampling import sample_channels

EYES = ("eyeBlinkLeft", "eyeBlinkRight")
#: A closing rises by this much, by so many deviations of the noise, and by this part of a full one.
_LEAST, _SURE, _PART = 0.12, 6.0, 0.2
#: What lies this near before and after it (seconds) is not gaze either.
BEFORE_S, AFTER_S = 0.04, 0.06
#: From half closed on a lid takes no longer than this to begin, and to have opened (seconds).
_QUICK_S = (0.12, 0.25)
#: Samples that look down this far say how much the lid follows the gaze; at most this much.
_DOWN, _MOST, _FEWEST = 0.15, 0.8, 30


def closings(take: Take) -> BoolArray:
    """Whether either eye is closing, closed or opening ``(n,)``."""
    out = np.zeros(take.samples, np.bool_)
    for name in EYES:
        if take.samples < 3 or not take.has(name):
            continue
        column = take.column(name)
        values = sample_channels(take, [name], take.times)[:, 0]
        valid = take.valid[:, [column]]
        own = blink_range(take, name)
        span = 0.0 if own is None else own.peak - own.rest
        noise = float(noise_level(values[:, None], valid)[0])
        least = max(_LEAST, _SURE * noise, _PART * span)
        lid = values - lid_following(take, name, 0.0 if own is None else own.rest)
        for pulse in find_pulses(lid[:, None], valid, take.times, np.array([least]))[0]:
            first, last = np.searchsorted(take.times, _ends(take.times, lid, pulse)).tolist()
            out[first:last] = True
    return out


def _ends(times: FloatArray, lid: FloatArray, pulse: Pulse) -> tuple[float, float]:
    """When a closing begins and has ended: of a lid that hangs before, its quick part alone."""
    peak = pulse.peak_sample
    low = np.flatnonzero(lid[:peak] < pulse.peak - 0.5 * pulse.rise)
    start = max(pulse.start_s, float(times[low[-1]]) - _QUICK_S[0]) if len(low) else pulse.start_s
    low = np.flatnonzero(lid[peak:] < pulse.peak - 0.5 * pulse.fall)
    end = min(pulse.end_s, float(times[peak + low[0]]) + _QUICK_S[1]) if len(low) else pulse.end_s
    return start - BEFORE_S, end + AFTER_S


def lid_following(take: Take, name: str, rest: float) -> FloatArray:
    """What an eye's blink channel holds because the eye looks down ``(n,)``.

    Parameters
    ----------
    take : Take
    name : str
        ``eyeBlinkLeft`` or ``eyeBlinkRight``.
    rest : float
        What it is worth when the eye looks straight ahead.
    """
    down = sample_channels(take, [name.replace("Blink", "LookDown")], take.times)[:, 0]
    return lid_part(take, name, rest) * np.maximum(down, 0.0)


def lid_part(take: Take, name: str, rest: float | None = None) -> float:
    """How much of eyeLookDown an eye's blink channel follows, 0 to 0.8."""
    if rest is None:
        own = blink_range(take, name)
        rest = 0.0 if own is None else own.rest
    names = [name.replace("Blink", "LookDown"), name]
    down, lid = sample_channels(take, names, take.times).T
    looks = down > _DOWN
    if int(looks.sum()) < _FEWEST:
        return 0.0
    # blinks only ever add: the lower quartile is a lid that follows and does not blink
    part = np.percentile((lid[looks] - rest) / down[looks], 25)
    return float(np.clip(part, 0.0, _MOST))
