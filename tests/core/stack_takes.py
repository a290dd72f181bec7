# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes for the tests of the stack: known blinks, closed lips and head turns at any rate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from facemocap_addon.core.channels import Channel, arkit_schema
from facemocap_addon.core.take import Take, make_take

NAMES = (
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "jawOpen", "mouthClose",
    "mouthSmileLeft", "mouthSmileRight", "mouthFunnel", "browInnerUp", "headYaw", "headPitch",
    "headRoll",
)  # fmt: skip
#: Middles of the blinks (seconds); each takes 0.2 s.
BLINKS_S = (0.9, 1.713, 2.6)
#: Stretches of closed lips (seconds).
CLOSED_S = ((0.3, 0.5), (1.2, 1.45), (2.0, 2.3))


def channels(names: tuple[str, ...] = NAMES) -> list[Channel]:
    return [arkit_schema()[name] for name in names]


def bump(times: np.ndarray, middle: float, width: float) -> np.ndarray:
    """A raised cosine of height 1."""
    off = np.clip((times - middle) / width, -0.5, 0.5)
    return 0.5 + 0.5 * np.cos(2 * np.pi * off)


def face_values(times: np.ndarray, offset: float = 0.0) -> np.ndarray:
    """Values ``(n, c)`` of the channels `NAMES`; ``offset`` is added to what rests above zero."""
    blink = sum(0.85 * bump(times, middle, 0.2) for middle in BLINKS_S)
    jaw = 0.35 + 0.25 * np.sin(7.0 * times)
    near = np.zeros_like(times)
    for start, end in CLOSED_S:
        edge = np.clip(np.maximum(start - times, times - end) / 0.08, 0.0, 1.0)
        near = np.maximum(near, 1.0 - edge * edge * (3.0 - 2.0 * edge))
    smile = 0.3 * bump(times, 1.5, 1.6)
    columns = [
        blink + offset, 0.96 * blink + offset, 0.1 + 0.3 * blink, jaw, jaw * near,
        smile + offset, 0.8 * smile + offset, 0.05 * bump(times, 2.2, 0.5),
        0.2 * bump(times, 0.5, 0.6) + offset, 0.3 * np.sin(times), 0.1 * np.cos(2 * times),
        0.05 * np.sin(3 * times),
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def face_take(rate: float = 60.0, seconds: float = 3.0, offset: float = 0.0) -> Take:
    times = 5.0 + np.arange(round(seconds * rate) + 1) / rate
    return make_take(times, channels(), face_values(times - 5.0, offset), name="face.csv")


def rough_take(seed: int = 0, samples: int = 90, rate: float = 60.0) -> Take:
    """Noise, gaps, irregular times and a confidence."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.4, 1.6, samples) / rate)
    values = face_values(times) + rng.normal(0, 0.02, (samples, len(NAMES)))
    values[rng.random(values.shape) < 0.05] = np.nan
    values[samples // 3 : samples // 3 + 7, 3:6] = np.nan
    take = make_take(times, channels(), values, name="rough.csv")
    confidence = rng.uniform(0.2, 1.0, values.shape).astype(np.float32)
    return replace(take, confidence=confidence)


def odd_takes() -> dict[str, Take]:
    """Takes at the edge of what can be: every kind must survive them."""
    width = len(NAMES)
    one = make_take(np.array([2.0]), channels(), np.full((1, width), 0.3))
    two = make_take(np.array([0.0, 1 / 30]), channels(), np.full((2, width), 0.3))
    none = np.full((40, width), np.nan)
    lonely = none.copy()
    lonely[17] = 0.5
    return {
        "empty": make_take(np.empty(0), channels(), np.empty((0, width)), rate=60),
        "no channels": make_take(np.arange(5.0), [], np.empty((5, 0))),
        "one sample": one,
        "two samples": two,
        "nothing valid": make_take(np.arange(40) / 30, channels(), none),
        "one valid sample": make_take(np.arange(40) / 30, channels(), lonely),
        "still": make_take(np.arange(40) / 30, channels(), np.full((40, width), 0.25)),
        "unknown channels": make_take(
            np.arange(40) / 30,
            [Channel("a"), Channel("b.x", "point"), Channel("c", "translation")],
            np.random.default_rng(1).random((40, 3)),
        ),
    }
