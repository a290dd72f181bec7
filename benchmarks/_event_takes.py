# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes whose darts, contacts and expressions are known, for the benchmarks of events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.events.transitions.events import GROUPS
from facemocap_addon.core.gaze.gaze_angles import LOOK_RAD
from facemocap_addon.core.take import Take, make_take

RATE_HZ = 60.0
#: How a camera sees a dart of 5 degrees (seconds).
BLURRED_S = 0.083


def minimum_jerk(share: FloatArray) -> FloatArray:
    """The course from 0 to 1."""
    share = np.clip(share, 0.0, 1.0)
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)


def known_gaze(
    seconds: float, seed: int = 3
) -> tuple[FloatArray, FloatArray, list[tuple[float, FloatArray]]]:
    """Times, gaze ``(n, 2)`` in degrees, and darts: their middle and how far they go."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE_HZ) + 1) / RATE_HZ
    gaze, place, at = np.zeros((len(times), 2)), np.zeros(2), 0.8
    darts: list[tuple[float, FloatArray]] = []
    while at < seconds - 1.0:
        step = np.array([rng.uniform(-15, 15), rng.uniform(-10, 8)]) - place
        far = float(np.hypot(step[0], step[1]))
        wanted = min(rng.uniform(2, 9.5), far)
        if wanted >= 1.5:
            step *= wanted / far
            length = BLURRED_S * (0.8 + 0.05 * wanted)
            gaze += minimum_jerk((times - at) / length + 0.5)[:, None] * step
            place = place + step
            darts.append((at, step))
            at += length
        at += rng.uniform(0.25, 1.2)
    return times, gaze, darts


def gaze_take(times: FloatArray, gaze: FloatArray, noise_deg: float) -> Take:
    """Both eyes in angles and coefficients, each with noise of its own, and blinks."""
    rng = np.random.default_rng(1)
    columns: dict[str, FloatArray] = {}
    blink = np.zeros(len(times))
    if times[-1] > 60.0:
        for at in np.arange(3.0, times[-1], 4.0).tolist():
            blink += 0.45 * (1.0 + np.cos(2 * np.pi * np.clip((times - at) / 0.25, -0.5, 0.5)))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        aside, up = np.radians(gaze + rng.normal(0, noise_deg, gaze.shape)).T
        columns[f"{side}EyeYaw"], columns[f"{side}EyePitch"] = -aside, -up
        parts = {"Out": sign * aside, "In": -sign * aside, "Up": up, "Down": -up}
        for way, amount in parts.items():
            columns[f"eyeLook{way}{side.title()}"] = np.maximum(amount, 0.0) / LOOK_RAD[way]
        columns[f"eyeBlink{side.title()}"] = blink
    return _take(times, columns)


def speaking_take(seconds: float) -> tuple[Take, list[tuple[float, float]]]:
    """Jaw and lips that talk, and the stretches in which the lips are closed."""
    rng = np.random.default_rng(2)
    times = np.arange(round(seconds * RATE_HZ) + 1) / RATE_HZ
    jaw = 0.14 + 0.09 * (1.0 - np.cos(2 * np.pi * 4.3 * times))
    shut = np.zeros(len(times))
    closed: list[tuple[float, float]] = []
    at = 0.5
    while at < seconds - 1.0:
        end = at + rng.uniform(0.07, 0.12)
        share = np.minimum((times - at) / 0.13 + 1.0, (end - times) / 0.1 + 1.0)
        shut = np.maximum(shut, minimum_jerk(share))
        closed.append((at, end))
        at = end + rng.uniform(0.35, 1.5)
    still = np.zeros(len(times))
    columns = {"jawOpen": jaw, "mouthClose": 0.995 * shut * jaw, "mouthFunnel": 0.05 + still}
    columns |= dict.fromkeys(("mouthPressLeft", "mouthPressRight", "mouthRollLower"), still)
    return _take(times, columns), closed


def acting_take(seconds: float) -> Take:
    """Brows, cheeks, smile and jaw that come and go every seven seconds."""
    rng = np.random.default_rng(4)
    times = np.arange(round(seconds * RATE_HZ) + 1) / RATE_HZ
    course = np.zeros(len(times))
    for at in np.arange(4.0, seconds - 4.0, 7.0).tolist():
        rise, fall = rng.uniform(0.5, 1.6), rng.uniform(0.6, 2.4)
        share = np.minimum((times - at) / rise + 1.0, (at - times) / fall + 1.0)
        course = np.maximum(course, rng.uniform(0.3, 0.8) * minimum_jerk(share))
    columns = {name: course for names in GROUPS.values() for name in names}
    columns |= {"mouthClose": 0.1 * course, "mouthFunnel": np.full(len(times), 0.2)}
    return _take(times, columns)


def _take(times: FloatArray, columns: Mapping[str, FloatArray]) -> Take:
    channels = [arkit_schema()[name] for name in columns]
    return make_take(times, channels, np.stack(list(columns.values()), axis=1), name="made.csv")
