# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes whose faults and events are known, for the tests of health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import Take, make_take

#: Takes begin here, so that a clock of one's own would be noticed.
START_S = 5.0


def bump(times: np.ndarray, middle: float, width: float) -> np.ndarray:
    """A raised cosine of height 1."""
    off = np.clip((times - middle) / width, -0.5, 0.5)
    return 0.5 + 0.5 * np.cos(2 * np.pi * off)


def added(parts: Iterable[np.ndarray]) -> np.ndarray:
    """The sum of curves."""
    return np.sum(list(parts), axis=0)


def clock(seconds: float = 20.0, rate: float = 60.0) -> np.ndarray:
    """Seconds since the take's start."""
    return np.arange(round(seconds * rate) + 1) / rate


def take_of(times: np.ndarray, columns: Mapping[str, np.ndarray], name: str = "t.csv") -> Take:
    """A take of channels of the schema."""
    channels = [arkit_schema()[each] for each in columns]
    return make_take(START_S + times, channels, np.stack(list(columns.values()), axis=1), name=name)


def busy_face(times: np.ndarray, seed: int = 1) -> dict[str, np.ndarray]:
    """Channels that all move smoothly and never repeat a value; blinks at 2, 6, 10, ... seconds."""
    rng = np.random.default_rng(seed)

    def slow(size: float) -> np.ndarray:
        waves = [np.sin(rng.uniform(0.5, 6.0) * times + rng.uniform(0, 6)) for _ in range(4)]
        return size * (0.5 + 0.12 * np.sum(waves, axis=0))

    blink = added(0.9 * bump(times, middle, 0.3) for middle in np.arange(2.0, times[-1], 4.0))
    lid = 0.02 + 0.01 * np.sin(times) + blink
    return {
        "eyeBlinkLeft": lid,
        "eyeBlinkRight": 0.97 * lid + 0.01 * np.sin(3 * times + 1) ** 2,
        "jawOpen": slow(0.5),
        "mouthSmileLeft": slow(0.6),
        "mouthSmileRight": slow(0.5),
        "browInnerUp": slow(0.4),
        "cheekPuff": slow(0.3),
        "headYaw": slow(0.4) - 0.2,
    }
