# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that no filter may take away: blinks, closed lips, saccades, small quick expressions.

Where something quick happens the filtered values give way to the reference, which is the adaptive
course at its own strength; the peaks of blinks are as high as they were, as far as noise lets one
tell, and lips that touched touch.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from .adaptive import Course
from .events import Pulse, pulses, quick
from .lips import keep_touching, touching
from .samples import Samples

#: Part of a blink's recorded peak that is left at least; deviations of the noise that it may be
#: higher by chance; with more noise than this part of it a single sample says nothing of a peak.
KEPT, _CHANCE, _LOUD = 0.985, 3.0, 0.012
#: Blinks rise by at least this much; they are lifted within this time of the peak (seconds).
_LEAST_BLINK, _AROUND_S = 0.03, 0.4
#: Shoulders of a closed eye (seconds).
_SHOULDER_S = 0.08


def protect(filtered: FloatArray, reference: Course, samples: Samples) -> FloatArray:
    """Filtered values ``(n, c)`` with the events of the reference in them.

    Parameters
    ----------
    filtered : (n, c) float64
    reference : Course
        Noise taken off, events whole.
    samples : Samples
        Before filtering.
    """
    values, valid, times = samples.values, samples.valid, samples.times
    roles, rate = samples.roles, samples.rate
    if len(times) < 4:
        return filtered
    share = quick(reference.values, reference.error, times)
    blinks = {
        column: pulses(
            reference.values[:, column],
            reference.error[:, column],
            rate,
            least=_LEAST_BLINK,
            longest_s=np.inf,
        )
        for column in roles.blinks
    }
    for column, found in blinks.items():
        share[:, column] = np.maximum(share[:, column], _closed(found, len(times), rate))
    out = filtered + share * (reference.values - filtered)
    for column, found in blinks.items():
        known = np.where(valid[:, column], values[:, column], reference.values[:, column])
        lift_blinks(
            out[:, column],
            reference.values[:, column],
            known,
            found,
            float(samples.noise[column]),
            rate,
        )
    lips = touching(reference.values, reference.error, samples)
    return out if lips is None else keep_touching(out, lips, roles, rate)


def _closed(found: tuple[Pulse, ...], count: int, rate: float) -> FloatArray:
    """1 while an eye is more than half as closed as in the blink, fading to 0 around, ``(n,)``."""
    steps = max(1, round(_SHOULDER_S * rate))
    out = np.zeros(count)
    for pulse in found:
        out[pulse.rising : pulse.falling + 1] = 1.0
        for step in range(1, steps + 1):
            share = 0.5 + 0.5 * float(np.cos(np.pi * step / (steps + 1)))
            for row in (pulse.rising - step, pulse.falling + step):
                if 0 <= row < count:
                    out[row] = max(out[row], share)
    return out


def lift_blinks(
    out: FloatArray,
    reference: FloatArray,
    recorded: FloatArray,
    found: tuple[Pulse, ...],
    noise: float,
    rate: float,
) -> None:
    """Make every blink of one eye's filtered values ``(n,)`` as high as it was, in place.

    A blink is lifted towards the reference, and where that is lower than noise explains towards
    what was recorded, by as much as its peak lacks.
    """
    around = max(2, round(_AROUND_S * rate))
    for pulse in found:
        part = slice(
            max(pulse.first, pulse.peak - around), min(pulse.last, pulse.peak + around) + 1
        )
        _lift(out, reference, part, pulse.peak, float(reference[pulse.peak]))
        near = slice(max(pulse.peak - 1, part.start), min(pulse.peak + 2, part.stop))
        peak = near.start + int(np.argmax(recorded[near]))
        wanted = KEPT * float(recorded[peak])
        if noise < _LOUD * recorded[peak] and out[peak] < max(
            wanted, recorded[peak] - _CHANCE * noise
        ):
            _lift(out, recorded, part, peak, wanted)


def _lift(out: FloatArray, course: FloatArray, part: slice, peak: int, wanted: float) -> None:
    """Bring a peak to what is wanted, in place, by as little of the course as needed."""
    if out[peak] >= wanted or course[peak] <= out[peak]:
        return
    lack = (wanted - out[peak]) / (course[peak] - out[peak])
    rising = np.linspace(0.0, 1.0, peak - part.start + 2)[1:]
    falling = np.linspace(1.0, 0.0, part.stop - peak + 1)[1:-1]
    # smooth at the foot, whole around the peak
    fade = np.clip(2.0 * np.concatenate([rising, falling]), 0.0, 1.0)
    fade = fade * fade * (3.0 - 2.0 * fade)
    out[part] += lack * fade * (course[part] - out[part])
