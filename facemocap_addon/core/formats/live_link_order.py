# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of values that come without names: Unreal's enumeration of face blend shapes.

Live Link Face sends its packets in it and Azure Speech its rows. The app's CSV has another (right
before left at the jaw and the mouth).
"""

from __future__ import annotations

COEFFICIENTS = tuple(
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft "
    "eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight "
    "eyeSquintRight eyeWideRight jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel "
    "mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft "
    "mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight "
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft "
    "mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight "
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff "
    "cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut".split()
)
ANGLES = tuple(
    "headYaw headPitch headRoll leftEyeYaw leftEyePitch leftEyeRoll "
    "rightEyeYaw rightEyePitch rightEyeRoll".split()
)
