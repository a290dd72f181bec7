# SPDX-License-Identifier: GPL-3.0-or-later
"""The 61 columns of a Live Link Face file, their resting values and their noise."""

from __future__ import annotations

import numpy as np

from .draws import Floats


def _sided(*names: str) -> tuple[str, ...]:
    return tuple(name + side for name in names for side in ("Left", "Right"))


_EYE = ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide")

# The order of the app's CSV: right before left in the two sideways pairs.
CHANNELS: tuple[str, ...] = (
    *(f"eye{name}{side}" for side in ("Left", "Right") for name in _EYE),
    *("jawForward", "jawRight", "jawLeft", "jawOpen"),
    *("mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft"),
    *_sided("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *_sided("mouthPress", "mouthLowerDown", "mouthUpperUp", "browDown"),
    "browInnerUp",
    *_sided("browOuterUp"),
    "cheekPuff",
    *_sided("cheekSquint", "noseSneer"),
    "tongueOut",
    *("headYaw", "headPitch", "headRoll"),
    *("leftEyeYaw", "leftEyePitch", "leftEyeRoll"),
    *("rightEyeYaw", "rightEyePitch", "rightEyeRoll"),
)
COLUMN: dict[str, int] = {name: index for index, name in enumerate(CHANNELS)}
SHAPES = CHANNELS[:52]

# A face at rest is not all zero in a capture: these are this actor's resting values.
_RESTING: dict[str, float] = {
    "eyeSquint": 0.05,
    "jawForward": 0.03,
    "mouthFunnel": 0.02,
    "mouthPucker": 0.03,
    "mouthDimple": 0.02,
    "mouthStretch": 0.03,
    "mouthRollLower": 0.03,
    "mouthRollUpper": 0.02,
    "mouthShrugLower": 0.04,
    "mouthShrugUpper": 0.04,
    "mouthPress": 0.03,
    "mouthLowerDown": 0.01,
    "mouthUpperUp": 0.01,
    "browInnerUp": 0.04,
    "cheekPuff": 0.015,
    "cheekSquint": 0.04,
    "noseSneer": 0.04,
}

# Standard deviation of the camera's noise by family of channels.
# eyeLook* have none of their own: they encode the noisy eye angles.
_NOISE: dict[str, float] = {
    "eyeBlink": 3.0e-4,
    "eyeSquint": 2.5e-4,
    "eyeWide": 2.5e-4,
    "jaw": 3.0e-4,
    "mouth": 2.5e-4,
    "mouthStretch": 4.0e-4,
    "mouthSmile": 4.0e-4,
    "brow": 3.5e-4,
    "cheek": 2.0e-4,
    "nose": 3.0e-4,
    "tongueOut": 2.0e-5,
    "head": 4.0e-4,
    "leftEye": 3.0e-4,
    "rightEye": 3.0e-4,
}


def _longest_prefix(name: str, table: dict[str, float]) -> float:
    found = [prefix for prefix in table if name.startswith(prefix)]
    return table[max(found, key=len)] if found else 0.0


def resting_values() -> Floats:
    """Return the resting value of each channel, shape (61,)."""
    return np.array([_longest_prefix(name, _RESTING) for name in CHANNELS])


def noise_sigmas() -> Floats:
    """Return the standard deviation of the noise put on each channel, shape (61,)."""
    return np.array([_longest_prefix(name, _NOISE) for name in CHANNELS])
