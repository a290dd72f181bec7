# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes whose darts, rests and following are known, as a camera blurs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.gaze.gaze_angles import LOOK_RAD
from facemocap_addon.core.take import Take, make_take

START_S = 5.0
#: A camera's dart of 5 degrees.
BLURRED_S = 0.083


@dataclass(frozen=True)
class Known:
    """A gaze in degrees (to the subject's left, up), its darts and where it follows."""

    times: np.ndarray
    gaze: np.ndarray
    darts: list[tuple[float, np.ndarray]]
    follows: list[tuple[float, float]]


def smooth_step(times: np.ndarray, middle: float, length: float) -> np.ndarray:
    share = np.clip((times - middle) / length + 0.5, 0.0, 1.0)
    return share**3 * (10 - 15 * share + 6 * share**2)


def known_gaze(rate: float = 60.0, seconds: float = 40.0, seed: int = 3) -> Known:
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate) + 1) / rate
    gaze, place, at = np.zeros((len(times), 2)), np.zeros(2), 0.8
    darts: list[tuple[float, np.ndarray]] = []
    follows: list[tuple[float, float]] = []
    while at < seconds - 1.5:
        if rng.random() < 0.12:
            way = rng.uniform(7, 15) * (-1.0 if place[0] > 0 else 1.0)
            gaze[:, 0] += way * np.clip(times - at, 0, 1)
            place[0] += way
            follows.append((at, at + 1.0))
            at += 1.0 + rng.uniform(0.3, 0.8)
            continue
        step = np.array([rng.uniform(-15, 15), rng.uniform(-10, 8)]) - place
        far = float(np.hypot(*step))
        step *= min(1.0, rng.uniform(2, 9.5) / far)
        far = float(np.hypot(*step))
        if far < 1.5:
            continue
        length = BLURRED_S * (0.8 + 0.05 * far)
        gaze += smooth_step(times, at, length)[:, None] * step
        place = place + step
        darts.append((START_S + at, step))
        at += rng.uniform(0.25, 1.2) + length
    return Known(START_S + times, gaze, darts, follows)


def gaze_take(
    known: Known,
    noise_deg: float = 0.0,
    *,
    angles: bool = True,
    looks: bool = True,
    more: dict[str, np.ndarray] | None = None,
) -> Take:
    """Both eyes with noise of their own; coefficients never go below nought."""
    rng = np.random.default_rng(1)
    columns: dict[str, np.ndarray] = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        aside, up = np.radians(known.gaze + rng.normal(0, noise_deg, known.gaze.shape)).T
        if angles:
            # a direction's own angles: the yaw first, then the pitch of the turned eye
            x, y = np.sin(aside) * np.cos(up), np.sin(up)
            z = np.cos(aside) * np.cos(up)
            columns[f"{side}EyeYaw"] = np.arctan2(-x, np.hypot(y, z))
            columns[f"{side}EyePitch"] = np.arctan2(-y, z)
        if looks:
            for way, amount in (
                ("Out", sign * aside), ("In", -sign * aside), ("Up", up), ("Down", -up),
            ):  # fmt: skip
                name = f"eyeLook{way}{side.title()}"
                columns[name] = np.maximum(amount, 0.0) / LOOK_RAD[way]
    columns.update(more or {})
    channels = [arkit_schema()[name] for name in columns]
    return make_take(known.times, channels, np.stack(list(columns.values()), axis=1), name="g.csv")


def slope(amplitudes: np.ndarray, speeds: np.ndarray) -> float:
    """Of the line through nought."""
    return float(amplitudes @ speeds / (amplitudes @ amplitudes))
