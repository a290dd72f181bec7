# SPDX-License-Identifier: GPL-3.0-or-later
"""The 52 ARKit shapes of the base face, in Apple's names."""

from __future__ import annotations

import numpy as np

from .distance import Array
from .fields import Fields
from .jaw import jaw_keys, join_seam
from .keys_eyes import brow_keys, cheek_and_nose_keys, eye_keys
from .keys_mouth import SMILE_FOLD, corner_keys, single_lip_keys, tongue_key, whole_mouth_keys
from .mesh import Keys

ARKIT = tuple(
    """eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft
    eyeWideLeft eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight
    eyeSquintRight eyeWideRight jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel
    mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight mouthFrownLeft
    mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight
    mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft
    mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight
    browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff
    cheekSquintLeft cheekSquintRight noseSneerLeft noseSneerRight tongueOut""".split()
)
"""Apple's order."""

_SEALED = (
    "mouthShrugLower mouthShrugUpper mouthPucker mouthLeft mouthRight mouthSmileLeft "
    "mouthSmileRight"
).split()
"""Shapes under which closed lips stay closed."""


def mirror_name(name: str) -> str:
    """The shape's partner on the other side (itself when it has none)."""
    if name.endswith("Left"):
        return name[:-4] + "Right"
    if name.endswith("Right"):
        return name[:-5] + "Left"
    return name


def shape_keys(f: Fields, jaw: Array) -> Keys:
    """All 52 as displacements (mm) of the head's vertices, then the smile's fold by itself."""
    keys = eye_keys(f) | brow_keys(f) | cheek_and_nose_keys(f)
    keys |= jaw_keys(f, jaw) | whole_mouth_keys(f) | corner_keys(f) | single_lip_keys(f)
    for name in _SEALED:
        join_seam(f, keys[name])
    keys["tongueOut"] = tongue_key(f, jaw)
    middle = np.nonzero(f.partner == np.arange(f.count))[0]
    for name in ARKIT:
        if mirror_name(name) == name:  # exactly even
            keys[name] = 0.5 * f.both(keys[name])
            keys[name][middle, 0] = 0
    ordered = {name: keys[name] for name in ARKIT}
    return ordered | {SMILE_FOLD + side: keys[SMILE_FOLD + side] for side in ("Left", "Right")}
