# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves over time that everything in the performance is made of.

They are built from addition, multiplication and division alone, which IEEE 754 rounds in one way
only, so the take does not depend on a C library's ``exp`` or ``sin``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .draws import Draws, Floats

RELEASE_LENGTH = 14.0  # time constants after which a release is over (1e-5 is left)


def min_jerk(progress: ArrayLike) -> Floats:
    """Return the minimum-jerk rise from 0 to 1 (Flash and Hogan 1985); flat outside [0, 1]."""
    u = np.clip(np.asarray(progress, dtype=np.float64), 0.0, 1.0)
    return u * u * u * (10.0 - u * (15.0 - 6.0 * u))


def invert_min_jerk(level: float) -> float:
    """Return the progress at which the minimum-jerk rise reaches a level in [0, 1]."""
    low, high = 0.0, 1.0
    for _ in range(48):
        middle = 0.5 * (low + high)
        if float(min_jerk(middle)) < level:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def decay(age: Floats) -> Floats:
    """Return exp(-age) for ages of 0 and more, within 1e-12, by repeated squaring."""
    y = np.minimum(age, 40.0) / 1024.0
    power = 1.0 - y * (1.0 - y * (0.5 - y * (1.0 / 6.0 - y * (1.0 / 24.0))))
    for _ in range(10):
        power = power * power
    return power


def release(age_s: Floats, tau_s: float) -> Floats:
    """Return the critically damped fall from 1 to 0: (1 + s / tau) exp(-s / tau)."""
    ratio = np.maximum(age_s, 0.0) / tau_s
    return (1.0 + ratio) * decay(ratio)


class Shape(NamedTuple):
    """How a contraction goes: seconds of rise and hold, and the release's time constant."""

    rise_s: float
    hold_s: float
    tau_s: float


def pulse(times_s: Floats, onset_s: float, shape: Shape) -> Floats:
    """Return one contraction: minimum-jerk rise, hold, critically damped release, peak 1."""
    end_s = onset_s + shape.rise_s + shape.hold_s
    rising = min_jerk((times_s - onset_s) / shape.rise_s)
    return np.where(times_s <= end_s, rising, release(times_s - end_s, shape.tau_s))


def reach(times_s: Floats, onset_s: float, shape: Shape) -> slice:
    """Return the samples that a pulse touches."""
    stop_s = onset_s + shape.rise_s + shape.hold_s + RELEASE_LENGTH * shape.tau_s
    first, last = np.searchsorted(times_s, (onset_s, stop_s))
    return slice(int(first), int(last))


def add_pulse(
    target: Floats, times_s: Floats, onset_s: float, shape: Shape, amplitude: float
) -> None:
    """Add a pulse to a channel, in place."""
    part = reach(times_s, onset_s, shape)
    target[part] += amplitude * pulse(times_s[part], onset_s, shape)


def keyed(times_s: Floats, key_times_s: Floats, key_values: Floats) -> Floats:
    """Return minimum-jerk transitions between keys.

    Parameters
    ----------
    times_s : (n,) array
        Sample times in seconds.
    key_times_s : (k,) array
        Strictly increasing key times in seconds.
    key_values : (k,) or (k, c) array
        Values at the keys; the first and the last hold outside.

    Returns
    -------
    (n,) or (n, c) array
    """
    before = np.clip(np.searchsorted(key_times_s, times_s, side="right") - 1, 0, None)
    after = np.minimum(before + 1, len(key_times_s) - 1)
    span_s = np.where(after > before, key_times_s[after] - key_times_s[before], 1.0)
    blend = min_jerk((times_s - key_times_s[before]) / span_s)
    if key_values.ndim == 2:
        blend = blend[:, None]
    return key_values[before] + (key_values[after] - key_values[before]) * blend


def wander(times_s: Floats, spacing_s: float, draws: Draws) -> Floats:
    """Return slow aimless motion between -1 and 1, with a new aim every ``spacing_s`` seconds."""
    count = int(float(times_s[-1]) / spacing_s) + 3 if len(times_s) else 3
    aims = 2.0 * draws.uniforms(count) - 1.0
    return keyed(times_s, np.arange(count, dtype=np.float64) * spacing_s, aims)
