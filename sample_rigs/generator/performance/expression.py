# SPDX-License-Identifier: GPL-3.0-or-later
"""Gestures of the face: fast contraction, slow release, and parts that follow one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .channels import COLUMN
from .draws import Draws, Floats
from .profiles import Shape, add_pulse, wander

LEFT_LEAD_S = 0.012  # the left half of the face starts this much earlier
OPENING = "opening"  # jaw opening that parts the lips with it: jawOpen without mouthClose


@dataclass(frozen=True)
class Part:
    """One channel of a gesture; a name without a side moves both sides."""

    channel: str
    amplitude: float
    lag_s: float = 0.0
    release: float = 1.0  # of the gesture's own release time


@dataclass(frozen=True)
class Gesture:
    """A named expression: when it starts, how it rises, holds and lets go, and what it moves."""

    kind: str
    onset_s: float
    rise_s: float
    hold_s: float
    tau_s: float

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the gesture moves."""
        return GESTURES[self.kind]

    @property
    def apex_s(self) -> float:
        """When its first part arrives."""
        return self.onset_s + self.rise_s

    @property
    def offset_s(self) -> float:
        """When 95 % of its slowest part is released."""
        slowest = max(part.lag_s + 4.744 * part.release * self.tau_s for part in self.parts)
        return self.apex_s + self.hold_s + slowest


GESTURES: dict[str, tuple[Part, ...]] = {
    # A real smile travels: corner, then cheek, then eye; the cheek lets go last.
    "smile": (
        Part("mouthSmile", 0.64),
        Part("mouthDimple", 0.14, 0.03),
        Part("mouthStretch", 0.08, 0.02),
        Part("cheekSquint", 0.50, 0.06, 1.3),
        Part("eyeSquint", 0.30, 0.12, 0.9),
    ),
    # It shows teeth once the phrase is said.
    "grin": (Part(OPENING, 0.07), Part("mouthUpperUp", 0.16), Part("mouthLowerDown", 0.12)),
    "polite_smile": (Part("mouthSmile", 0.24), Part("mouthDimple", 0.06)),
    "frown": (
        Part("browDown", 0.56),
        Part("eyeSquint", 0.18, 0.05),
        Part("browInnerUp", -0.03),
        Part("mouthPress", 0.06, 0.05),
    ),
    "pout": (
        Part("mouthFrown", 0.34),
        Part("mouthShrugLower", 0.32, 0.02),
        Part("mouthShrugUpper", 0.18, 0.03),
        Part("mouthRollLower", 0.05),
    ),
    "sneer": (
        Part("noseSneer", 0.42),
        Part("mouthUpperUp", 0.10, 0.02),
        Part("cheekSquint", 0.10, 0.03),
    ),
    "emphasis": (Part("browInnerUp", 0.34), Part("browOuterUp", 0.30, 0.01)),
    "surprise": (
        Part("eyeWide", 0.74),
        Part("browInnerUp", 0.78, 0.01),
        Part("browOuterUp", 0.68, 0.02),
        Part(OPENING, 0.58, 0.05),
        Part("mouthFunnel", 0.12, 0.05),
    ),
    "puff": (
        Part("cheekPuff", 0.72),
        Part("mouthPucker", 0.16),
        Part("mouthPress", 0.24),
        Part("mouthRollLower", 0.06),
    ),
    "tongue": (
        Part("tongueOut", 0.80, 0.04),
        Part(OPENING, 0.26, 0.0, 1.4),
        Part("mouthLowerDown", 0.18, 0.02, 1.4),
        Part("noseSneer", 0.08),
    ),
    "jaw_left": (Part("jawLeft", 0.32), Part("mouthLeft", 0.16, 0.02)),
    "jaw_right": (Part("jawRight", 0.28), Part("mouthRight", 0.14, 0.02)),
    "jaw_forward": (Part("jawForward", 0.22), Part("mouthShrugLower", 0.08)),
    "wry": (Part("mouthRight", 0.14), Part("mouthDimpleRight", 0.12)),
    # Speaking inhalation: the lips part before the voice, the nostrils flare with the flow.
    "inhale": (Part(OPENING, 0.07), Part("noseSneer", 0.06), Part("browInnerUp", 0.02)),
    "sniff": (Part("noseSneer", 0.05), Part(OPENING, 0.004)),
    # What the lids pull along: a wink lifts the cheek; a long closure is a firm one.
    "wink_cheek": (
        Part("cheekSquintLeft", 0.30),
        Part("eyeSquintLeft", 0.26),
        Part("mouthSmileLeft", 0.06),
        Part("browDownLeft", 0.10),
    ),
    "firm_closure": (Part("eyeSquint", 0.16), Part("browDown", 0.05), Part("cheekSquint", 0.05)),
    "blink_squint": (Part("eyeSquint", 0.09),),
}

# Gestures that part the lips: a pause is a rest of the mouth only outside them.
OPENING_GESTURES = tuple(
    kind for kind, parts in GESTURES.items() if any(part.channel == OPENING for part in parts)
)


def columns_of(channel: str) -> tuple[tuple[int, float], ...]:
    """Return (column, delay) of a channel's one or two sides."""
    if channel in COLUMN:
        return ((COLUMN[channel], 0.0),)
    half = 0.5 * LEFT_LEAD_S
    # The phone couples eyes and brows of both sides; only the lower face keeps a lead.
    lead = 0.0 if channel.startswith(("eye", "brow")) else half
    return ((COLUMN[channel + "Left"], -lead), (COLUMN[channel + "Right"], lead))


def add_gestures(values: Floats, opening: Floats, times_s: Floats, gestures: list[Gesture]) -> None:
    """Add gestures to the channels (n, 61) and to the lip-parting jaw opening (n,)."""
    for gesture in gestures:
        for part in gesture.parts:
            onset_s = gesture.onset_s + part.lag_s
            shape = Shape(gesture.rise_s, gesture.hold_s, gesture.tau_s * part.release)
            if part.channel == OPENING:
                add_pulse(opening, times_s, onset_s, shape, part.amplitude)
                continue
            for column, delay_s in columns_of(part.channel):
                start_s = onset_s + delay_s
                add_pulse(values[:, column], times_s, start_s, shape, part.amplitude)


def waver(values: Floats, opening: Floats, times_s: Floats, seed: int) -> None:
    """Make held expressions waver as muscles do, each region by its own up to 9 percent."""
    regions = ("eye", "jaw", "mouth", "brow", "cheek", "nose")
    for index, region in enumerate(regions):
        slow = 0.06 * wander(times_s, 0.47, Draws(seed, 42, index))
        gain = 1.0 + slow + 0.03 * wander(times_s, 0.19, Draws(seed, 43, index))
        for channel, column in COLUMN.items():
            if channel.startswith(region):
                values[:, column] *= gain
        if region == "jaw":
            opening *= gain


def sway_sideways(values: Floats, times_s: Floats, seed: int) -> None:
    """Let jaw and mouth stray to a side, more so when open; one side is always zero."""
    for index, (stem, per_opening) in enumerate((("jaw", 0.06), ("mouth", 0.03))):
        left, right = COLUMN[stem + "Left"], COLUMN[stem + "Right"]
        side = values[:, left] - values[:, right] + per_opening * values[:, COLUMN["jawOpen"]]
        side += 0.006 + 0.012 * wander(times_s, 1.1, Draws(seed, 44, index))
        values[:, left] = np.maximum(side, 0.0)
        values[:, right] = np.maximum(-side, 0.0)


def add_idle(values: Floats, times_s: Floats, seed: int) -> None:
    """Add the slow aimless motion of a living face to the channels that rest above zero."""
    amounts = {
        "browInnerUp": 0.015,
        "eyeSquint": 0.012,
        "jawForward": 0.010,
        "cheekSquint": 0.010,
        "noseSneer": 0.010,
        "mouthShrugLower": 0.012,
        "mouthShrugUpper": 0.012,
        "mouthPucker": 0.010,
        "mouthStretch": 0.012,
        "mouthDimple": 0.008,
        "mouthPress": 0.010,
    }
    for index, (channel, amount) in enumerate(amounts.items()):
        motion = amount * wander(times_s, 0.9 + 0.07 * index, Draws(seed, 40, index))
        for column, _ in columns_of(channel):
            values[:, column] += motion


def skew_sides(values: Floats, times_s: Floats, seed: int) -> None:
    """Make the sides differ: a slow drift and a mild lead of the left; sums are kept."""
    pairs = (
        (("mouthSmile", "mouthDimple", "cheekSquint"), 0.035, 0.030),
        (("mouthStretch", "mouthFrown", "mouthPress"), 0.060, -0.020),
        (("mouthLowerDown", "mouthUpperUp"), 0.030, 0.015),
        (("noseSneer",), 0.030, 0.010),
        (("browDown", "browOuterUp", "eyeSquint", "eyeWide"), 0.006, 0.004),
    )
    for index, (channels, drift, bias) in enumerate(pairs):
        share = bias + drift * wander(times_s, 2.3, Draws(seed, 41, index))
        for channel in channels:
            values[:, COLUMN[channel + "Left"]] *= 1.0 + share
            values[:, COLUMN[channel + "Right"]] *= 1.0 - share
