# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that touched in the recording touch afterwards: what was opened by a hair is closed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..contacts.captured import FEWEST_FRAMES, LIPS_APART, LOWEST, PARTED
from ..stabilise.runs import runs_of
from .roles import Roles
from .samples import Samples
from .windows import bell

#: How deep inside the limits a kept contact lies.
_INSIDE = 0.9
#: Lips that are apart by less than so many deviations of the error count as touching.
_CLEAR = 2.2
#: Where the jaw is lowest is told from means over this window (deviation, seconds), and from a
#: percentile that noise lowers by so many deviations of the error.
_CALM_S, _BY_NOISE = 0.05, 1.0
#: With less noise than this part of the limit the recorded values are asked as well.
_QUIET = 0.1
#: Closing eases in and out over this time (seconds).
_EASE_S = 0.03


@dataclass(frozen=True)
class Touching:
    """When the lips touch.

    Attributes
    ----------
    when : (n,) bool
    lowest : float
        What jawOpen less mouthClose counts from.
    floor : (n,) float64
        How far below that it is: at most nought.
    """

    when: BoolArray
    lowest: float
    floor: FloatArray


def apart(values: FloatArray, roles: Roles) -> FloatArray:
    """How far the jaw parts the lips ``(n,)``; the take has a jaw."""
    out = values[:, roles.jaw].astype(np.float64)
    return out if roles.seal is None else out - values[:, roles.seal]


def touching(
    course: FloatArray,
    error: FloatArray,
    samples: Samples,
) -> Touching | None:
    """When the lips touch, or may touch for all that one knows; None in takes without a jaw.

    As `contacts.captured.lip_contacts` has it, for stretches of two samples and more.

    Parameters
    ----------
    course, error : (n, c) float64
        Smoothed values and their expected error.
    samples : Samples
        As recorded.
    """
    values, valid, noise, roles = samples.values, samples.valid, samples.noise, samples.roles
    if roles.jaw is None or not len(course):
        return None
    gap = apart(course, roles)
    wide, needed = error[:, roles.jaw], valid[:, roles.jaw]
    if roles.seal is not None:
        wide = np.hypot(wide, error[:, roles.seal])
        needed = needed & valid[:, roles.seal]
    lowest = _lowest(gap, float(np.median(wide)), samples.rate)
    when = needed & (gap - lowest < LIPS_APART + _CLEAR * wide)
    for column in roles.parting:
        when &= course[:, column] < PARTED + _CLEAR * error[:, column]
    loud = noise[roles.jaw] if roles.seal is None else np.hypot(noise[roles.jaw], noise[roles.seal])
    if loud < _QUIET * LIPS_APART:
        seen = apart(values, roles)
        known = seen[needed]
        here = needed & (seen - np.percentile(known if len(known) else seen, LOWEST) < LIPS_APART)
        for column in roles.parting:
            here &= values[:, column] < PARTED
        when |= here
    for first, last in runs_of(when):
        when[first : last + 1] = last - first + 1 >= FEWEST_FRAMES
    below = np.minimum(gap - lowest, 0.0)
    return Touching(when, lowest, np.where(below < -_CLEAR * wide, below, 0.0))


def _lowest(gap: FloatArray, error: float, rate: float) -> float:
    """What the gap ``(n,)`` is at its lowest, noise aside.

    Its percentile lies too low where lips rest and noise goes on; means over a while lie too high
    where they only meet for a moment. It is the lower of the two, the first of them corrected.
    """
    lowest = float(np.percentile(gap, LOWEST))
    calm = bell((gap - gap.min())[None], _CALM_S * rate)[0] + gap.min()
    return max(lowest, min(float(np.percentile(calm, LOWEST)), lowest + _BY_NOISE * error))


def keep_touching(values: FloatArray, lips: Touching, roles: Roles, rate: float) -> FloatArray:
    """Values ``(n, c)`` whose lips touch when they did.

    The jaw opens less, and where it is shut already mouthClose does more; what parts the lips
    besides does so less. Nowhere are they closed further than in the recording, noise aside: what
    "closed" is counted from stays where it is. Nothing is moved by more than it takes.
    """
    out = values.copy()
    gap = apart(out, roles) - lips.lowest
    under = np.maximum(lips.floor - gap, 0.0)
    least = min(0.0, float(np.percentile(gap + under, LOWEST)))
    over = np.maximum(gap - least - _INSIDE * LIPS_APART, 0.0)
    over = _eased(np.where(lips.when, over, 0.0), rate)
    over = np.minimum(over, np.maximum(gap - least, 0.0))
    jaw = np.minimum(over, np.maximum(out[:, roles.jaw], 0.0))
    out[:, roles.jaw] += under - jaw
    if roles.seal is not None:
        out[:, roles.seal] += over - jaw
    for column in roles.parting:
        over = np.where(lips.when, np.maximum(out[:, column] - _INSIDE * PARTED, 0.0), 0.0)
        out[:, column] -= _eased(over, rate)
    return out


def _eased(amounts: FloatArray, rate: float) -> FloatArray:
    """Amounts ``(n,)`` that rise and fall by and by, never less than given."""
    steps = max(1, round(_EASE_S * rate))
    out = amounts.copy()
    if not out.any():
        return out
    for step in range(1, min(steps + 1, len(out))):
        share = 0.5 + 0.5 * float(np.cos(np.pi * step / (steps + 1)))
        out[step:] = np.maximum(out[step:], share * amounts[:-step])
        out[:-step] = np.maximum(out[:-step], share * amounts[step:])
    return out
