# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of lids, brows, cheeks and nose."""

from __future__ import annotations

from math import radians

import numpy as np

from .distance import Array, smooth_step
from .fields import Fields
from .lips import CONTACT, INNER
from .mesh import Keys

GAZE_DEG = {"In": 35.5, "Out": 33.2, "Up": 25.8, "Down": 35.0}
"""Turn of people's eyes when their captured eyeLook value is 1."""


def add_pair(keys: Keys, f: Fields, name: str, left: Array) -> None:
    """Store a left-hand shape and its mirror image as NAMELeft and NAMERight."""
    keys[name + "Left"] = left
    keys[name + "Right"] = f.flip(left)


def eye_keys(f: Fields) -> Keys:
    """Blink, wide, squint and the lids' part of the gaze.

    Looking down carries both lids alike (the opening moves down with the pupil), so a blink on
    top of it still closes instead of passing the lower lid.
    """
    keys: Keys = {}
    p = f.open_profile()
    guard = f.guard[:, None]

    def lids(upper_deg: float, lower_deg: float, yaw_deg: float = 0.0) -> Array:
        return f.lids(radians(upper_deg) * p, radians(lower_deg) * p, radians(yaw_deg))

    add_pair(keys, f, "eyeBlink", f.blink())
    brow_lift = guard * f.pull((32, 20, 90), (20, 14, 20), (0, 1.6, 0))
    add_pair(keys, f, "eyeWide", lids(9, -3.5) + brow_lift)
    bag_lift = guard * f.pull((36, -20, 80), (22, 15, 20), (0, 2.8, 0.9))
    add_pair(keys, f, "eyeSquint", lids(-3, 8) + bag_lift)
    add_pair(keys, f, "eyeLookUp", lids(10.5, 5))
    add_pair(keys, f, "eyeLookDown", lids(-20, -15.5))
    add_pair(keys, f, "eyeLookIn", lids(0, 0, -6.5))
    add_pair(keys, f, "eyeLookOut", lids(0, 0, 6.5))
    return keys


def brow_keys(f: Fields) -> Keys:
    """Inner brows up, outer brow up, brow down.

    Frontalis carries the skin of the forehead along and back over the skull, a good third of
    what the brow does; corrugator draws the middle of the brow inward as much as down.
    """
    keys: Keys = {}
    p = f.open_profile()
    guard = f.guard[:, None]
    inner = f.pull((12, 17, 95), (19, 24, 24), (0.6, 6.9, -0.3))
    middle = f.pull((30, 21, 90), (19, 21, 20), (0.2, 1, -0.25))
    outer = f.pull((46, 18, 80), (18, 21, 22), (1.0, 6.6, -2.0))
    over_inner = f.pull((22, 48, 85), (34, 28, 36), (0.2, 1, -0.3))
    over_outer = f.pull((40, 47, 76), (28, 27, 34), (0.3, 1, -0.35))
    keys["browInnerUp"] = guard * f.both(inner + 2.6 * middle + 1.7 * over_inner)
    add_pair(keys, f, "browOuterUp", guard * (outer + 4.6 * middle + 2.8 * over_outer))
    down = (
        f.pull((12, 14, 95), (18, 17, 20), (-2.8, -5.4, 1.8))
        + f.pull((31, 19, 90), (21, 17, 20), (-5.4, -5.0, 2.6))
        + f.pull((46, 17, 80), (16, 15, 18), (-2.6, -2.0, 2.0))
        - 2.2 * over_inner
    )
    # The fold over the lid is pushed along with the brow, the lid's rim is not.
    fold = np.sqrt(guard) * f.pull((31, 9, 88), (21, 13, 20), (-2.6, -2.4, 0.8))
    add_pair(keys, f, "browDown", guard * down + fold + f.lids(radians(-4) * p, 0))
    return keys


def cheek_and_nose_keys(f: Fields) -> Keys:
    """Cheek puff, cheek squint, nose sneer."""
    keys: Keys = {}
    guard = f.guard[:, None]
    u = np.clip(f.u, 0, 1.6)
    puff = f.pull((42, -62, 70), (40, 38, 44), (8.0, 0, 4.6))
    puff += f.pull((24, -60, 94), (22, 22, 26), (0.8, 0, 2.4))
    swell = 1.4 * (1 - 0.5 * u)
    lips = f.lips(f.lip(14), f.vector(-0.05 * f.x, 0.4, swell), f.vector(-0.05 * f.x, -0.4, swell))
    keys["cheekPuff"] = f.both(puff) + lips
    keys["cheekPuff"][(f.ring >= INNER) & (f.ring <= CONTACT), 1] = 0
    squint = guard * f.pull((41, -24, 78), (26, 21, 26), (0.3, 5.0, 1.8))
    p = f.open_profile()
    add_pair(keys, f, "cheekSquint", squint + f.lids(0, radians(5) * p))

    left = smooth_step(-7, 7, f.x)  # 0.5 on the midline
    beside = np.exp(-(((np.abs(f.x) - 12) / 9) ** 2)) * (f.x > -8)
    lip = (left * f.lip(13) * f.up * beside)[:, None] * np.array([0.2, 2.6, 0.4])
    sneer = (
        f.pull((14, -37, 99), (11, 13, 15), (1.2, 4.2, -0.6))
        + f.pull((22, -47, 92), (15, 15, 16), (0.8, 3.2, 0.8))
        + f.pull((9, -10, 92), (8, 14, 12), (0, 1.8, 1.2))
        + guard * f.pull((11, 13, 95), (13, 12, 16), (-1, -2.6, 1))
    )
    add_pair(keys, f, "noseSneer", sneer + lip)
    return keys
