# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances whose blinks are known, made here from formulas of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.take import Take, make_take

NAMES = (
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeSquintLeft",
    "eyeSquintRight", "jawOpen",
)  # fmt: skip
START_S = 3.0


@dataclass(frozen=True)
class Known:
    """A blink that was put in: seconds on the take's clock."""

    onset: float
    closing: float
    hold: float
    tau: float
    rise: float
    kind: str
    eyes: str = "LR"
    cosine: bool = False

    @property
    def half(self) -> float:
        return self.onset + 0.5 * self.closing

    @property
    def apex(self) -> float:
        return self.onset + self.closing + 0.5 * self.hold

    def at(self, times: np.ndarray) -> np.ndarray:
        """0 to 1: a path of least jerk, a hold, a critically damped return; or two cosines."""
        if self.cosine:
            up = np.clip((times - self.onset) / self.closing, 0, 1)
            down = (times - self.onset - self.closing - self.hold) / (5 * self.tau)
            return 0.5 * np.cos(np.pi * np.clip(down, 0, 1)) - 0.5 * np.cos(np.pi * up)
        u = np.clip((times - self.onset) / self.closing, 0, 1)
        s = np.maximum(times - self.onset - self.closing - self.hold, 0) / self.tau
        return 6 * u**5 - 15 * u**4 + 10 * u**3 - 1 + (1 + s) * np.exp(-s)


def smooth_step(times: np.ndarray, at: float, width: float) -> np.ndarray:
    u = np.clip((times - at) / width + 0.5, 0, 1)
    return u * u * (3 - 2 * u)


@dataclass(frozen=True)
class Made:
    """A take and the blinks in it."""

    take: Take
    known: tuple[Known, ...]


def clock(rate: float, seconds: float, rng: np.random.Generator | None = None) -> np.ndarray:
    """Even times; with a generator every step is off by up to a fifth."""
    even = START_S + np.arange(round(seconds * rate) + 1) / rate
    return even if rng is None else even + rng.uniform(-0.1, 0.1, len(even)) / rate


def performance(
    rate: float = 60.0,
    seconds: float = 120.0,
    *,
    seed: int = 0,
    noise: float = 0.0,
    irregular: bool = False,
    gaps: bool = False,
    fault: float = 0.15,
    cosine: bool = False,
) -> Made:
    """Blinks of all kinds on lids that follow the gaze; the tracker reads blinks as looking down.

    ``fault`` is how far eyeLookDown rises in a full blink.
    """
    rng = np.random.default_rng(seed)
    times = clock(rate, seconds, rng if irregular else None)
    known = tuple(replace(each, cosine=cosine) for each in _blinks(rng, seconds))
    down = 0.08 + np.zeros_like(times)
    at = 1.0
    while at < seconds:
        length = rng.uniform(0.8, 3.0)
        depth = rng.uniform(0.15, 0.6)
        down += depth * (
            smooth_step(times, START_S + at, 0.08) - smooth_step(times, START_S + at + length, 0.08)
        )
        at += length + rng.uniform(0.6, 3.0)
    values = np.zeros((len(times), len(NAMES)))
    for column, eye in enumerate("LR"):
        lid = sum(k.rise * k.at(times) for k in known if eye in k.eyes)
        values[:, column] = 0.05 + 0.35 * down + lid
        values[:, column + 2] = down + fault * lid
    values[:, :2] += rng.normal(0, 1, (len(times), 2)) * noise
    values[:, 2:] += rng.normal(0, 1, (len(times), 5)) * noise
    if gaps:
        for at in rng.uniform(START_S, START_S + seconds, int(seconds / 5)):
            values[(times > at) & (times < at + 0.05)] = np.nan
        values[rng.random(values.shape) < 0.01] = np.nan
    channels = [arkit_schema()[name] for name in NAMES]
    return Made(make_take(times, channels, values, rate=round(rate), name="made.csv"), known)


def _blinks(rng: np.random.Generator, seconds: float) -> list[Known]:
    """Blinks one after another, each with the open eye between, but for doubles."""
    out: list[Known] = []
    at = 0.7
    kinds = ("full", "full", "full", "partial", "fast", "double", "wink", "long")
    while True:
        kind = str(rng.choice(kinds))
        closing = rng.uniform(0.06, 0.13)
        tau = rng.uniform(0.02, 0.045)
        hold = rng.uniform(0.0, 0.05)
        rise = rng.uniform(0.75, 0.85)
        eyes = "LR"
        if kind == "partial":
            rise = rng.uniform(0.25, 0.42)
        elif kind == "fast":
            closing, tau, hold, kind = rng.uniform(0.05, 0.06), 0.018, 0.01, "full"
        elif kind == "long":
            hold = rng.uniform(0.6, 2.0)
        elif kind == "wink":
            eyes = "L" if rng.random() < 0.5 else "R"
        length = closing + hold + 8 * tau
        if at + length + 0.6 > seconds:
            return out
        out.append(Known(START_S + at, closing, hold, tau, rise, kind, eyes))
        if kind == "double":
            # the second begins when the lid is still a good third shut
            second = closing + hold + rng.uniform(1.5, 1.9) * tau
            out.append(Known(START_S + at + second, closing, hold, tau, rise, kind, eyes))
            length += second
        at += length + rng.uniform(0.25, 3.0)
