# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of the mouth: whole mouth, corners, single lips, rolls and shrugs, tongue."""

from __future__ import annotations

from math import radians

import numpy as np

from .distance import Array, smooth_step
from .fields import Fields
from .figures import FIGURES
from .jaw import TONGUE_OUT_DEG, turn
from .keys_eyes import add_pair
from .lips import BORDER, CONTACT, INNER
from .mesh import Keys

# Nasolabial fold: from the nose wing round the corner of the mouth (x, y; mm).
_FOLD = np.array([(21.5, -41.0), (27.0, -47.0), (33.5, -55.0), (39.0, -65.0), (41.5, -76.0)])

SMILE_FOLD = "smileFold"
"""Name of the fold that mouthSmile contains, for characters that take it out again."""


def _outside_fold(f: Fields) -> tuple[Array, Array]:
    """Signed distance (mm, + towards the cheek) from the left fold, seen from the front.

    The second array is a weight that fades at the fold's ends.
    """
    ys = _FOLD[::-1, 1]
    fold_x = np.interp(f.y, ys, _FOLD[::-1, 0])
    slope = np.gradient(_FOLD[::-1, 0], ys)
    across = 1 / np.sqrt(1 + np.interp(f.y, ys, slope) ** 2)
    ends = smooth_step(-36, -52, f.y) * smooth_step(-84, -66, f.y) * (f.z > 40)
    return (f.x - fold_x) * across, ends


def smile_fold(f: Fields) -> Array:
    """Cheek that swells over the nasolabial fold, and the groove along it."""
    d, ends = _outside_fold(f)
    ridge = (ends * np.exp(-(((d - 8) / 7) ** 2)))[:, None]
    groove = (ends * np.exp(-((d / 4.5) ** 2)))[:, None]
    return ridge * np.array([0.6, 0.3, 1.5]) - groove * np.array([0.2, 0.0, 0.7])


def whole_mouth_keys(f: Fields) -> Keys:
    """Pucker, funnel, mouth left and right."""
    keys: Keys = {}
    x, u = f.x, np.clip(f.u, 0, 1.6)
    w = f.lip(26)
    open_ = np.sqrt(np.clip(1 - u**2, 0, 1))
    pucker = f.lips(
        w, f.vector(-0.46 * x, 0, 8.5 - 3.5 * u**2), f.vector(-0.46 * x, 0, 8.0 - 3.5 * u**2)
    )
    red = np.interp(
        f.ring, [7, 8, 9, 10, 11, 12, 13, 14, 16], [0, 0.2, 0.5, 0.8, 1, 1, 0.7, 0.35, 0]
    ) * (f.ring >= CONTACT)
    pucker[:, 1] += red * np.where(f.up > 0.5, 1.6, -1.6) * open_
    keys["mouthPucker"] = pucker
    out = np.where(f.ring >= INNER, 1.0, 0.5)
    funnel = f.lips(
        w,
        f.vector(-0.34 * x, 5.0 * open_ * out, 6.5 - 3 * u**2),
        f.vector(-0.34 * x, -6.5 * open_ * out, 6.0 - 3 * u**2),
    )
    roll = np.interp(f.ring, [5, 6, 7, 9, 12], [-3, -1, 1.5, 1.5, 0])
    funnel[:, 2] += roll * (f.ring >= INNER) * (f.ring < BORDER) * open_
    keys["mouthFunnel"] = funnel
    rise = 0.8 * (x / FIGURES.mouth_x)
    swing = -0.0035 * (x + 4) ** 2 * np.sign(x + 4)
    shift = f.lips(f.lip(34), f.vector(9.0, rise, swing), f.vector(8.0, rise, swing))
    keys["mouthLeft"] = shift
    keys["mouthRight"] = f.flip(shift)
    return keys


def corner_keys(f: Fields) -> Keys:
    """Smile (with its fold also apart), frown, dimple, stretch, press."""
    keys: Keys = {}
    add_pair(keys, f, SMILE_FOLD, smile_fold(f))
    x, guard = f.x, f.guard[:, None]
    left = smooth_step(-7, 7, x)
    corner = (FIGURES.mouth_x, FIGURES.corner_y, 85.0)
    half = (left * f.lip(16))[:, None]
    p = f.open_profile()

    philtrum = (f.lip(10) * f.up * left * np.exp(-((x / 7) ** 2)))[:, None]
    smile = (
        f.pull(corner, (33, 26, 34), (6.6, 7.6, -5.2))
        + f.pull((12, -69, 98), (15, 18, 20), (0, -1.9, 0))
        + f.pull((41, -36, 78), (26, 24, 28), (2.0, 4.6, 2.6)) * guard
        + half * np.array([0, 0, -1.0])
        + f.lids(0, radians(3) * p)
        + philtrum * np.array([0, 1.3, 0])
        + keys[SMILE_FOLD + "Left"]
    )
    add_pair(keys, f, "mouthSmile", smile)
    frown = (
        f.pull(corner, (28, 23, 30), (1.2, -7.0, -1.5))
        + f.pull((28, -86, 84), (18, 16, 20), (0.5, -3.0, 0.5))
        + half * np.array([0, -0.6, 0])
    )
    add_pair(keys, f, "mouthFrown", frown)
    dimple = f.pull(corner, (22, 20, 26), (3.8, 0.8, -4.6))
    dimple += f.pull((38, -66, 76), (10, 12, 16), (0.5, 0, -2.0))
    add_pair(keys, f, "mouthDimple", dimple)
    stretch = f.pull(corner, (34, 28, 34), (8.0, -3.6, -6.0))
    stretch += f.pull((34, -92, 74), (22, 24, 26), (2.5, -3.2, -0.5))
    add_pair(keys, f, "mouthStretch", stretch)

    flat = np.interp(
        f.ring, [7, 8, 9, 10, 11, 12, 13, 14, 16], [0.2, 0.6, 0.9, 1, 1, 1, 0.8, 0.5, 0]
    ) * (f.ring >= INNER)
    towards = np.where(f.up > 0.5, -1.0, 1.0) * np.abs(2 * f.up - 1)
    squeeze = np.interp(f.ring, [7, 8, 10, 12, 16], [0, 0.5, 1.6, 2.6, 1.0])
    press = f.vector(0, flat * towards * squeeze, -1.6 * flat)
    press[(f.ring >= INNER) & (f.ring <= CONTACT)] = (0, 0, -1.0)
    tuck = f.pull(corner, (16, 14, 20), (1.0, 0.6, -1.6))
    add_pair(keys, f, "mouthPress", left[:, None] * press + tuck)
    return keys


def single_lip_keys(f: Fields) -> Keys:
    """Lower lip down, upper lip up, rolls and shrugs."""
    keys: Keys = {}
    x, u = f.x, np.clip(f.u, 0, 1.6)
    bow = np.exp(-(((np.abs(x) - 6.0) / 12.0) ** 2)) * smooth_step(-13, 13, x)
    down = ((1 - f.up) * f.lip(24) * bow)[:, None] * np.array([0.8, -7.5, 0.3])
    add_pair(keys, f, "mouthLowerDown", down)
    up = (f.up * f.lip(18) * bow)[:, None] * np.array([0.5, 6.0, 0.8])
    up += f.pull((24, -50, 90), (15, 14, 16), (0.6, 2.4, 1.0))
    add_pair(keys, f, "mouthUpperUp", up)

    open_ = np.sqrt(np.clip(1 - u**2, 0, 1))
    rings = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]
    lift = np.interp(f.ring, rings, [0, 0, 0, 0.16, 0.36, 0.6, 0.82, 1, 0.85, 0.6, 0.3, 0])
    rings_in = [4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17]
    tuck = np.interp(f.ring, rings_in, [0, 2.5, 3.2, 5.0, 6.0, 5.8, 4.6, 3.4, 2.6, 1.6, 0.7, 0]) * (
        f.ring >= 4
    )
    for name, member, sign in (("Lower", 1 - f.up, 1), ("Upper", f.up, -1)):
        m = np.clip(2 * member - 1, 0, 1) * open_**0.5
        corner = 3.2 * np.exp(-(((u - 0.98) / 0.16) ** 2)) * f.lip(9)  # tucked in as well
        keys["mouthRoll" + name] = f.vector(
            0, sign * lift * (f.ring >= 5) * m * 5.2, -m * tuck - 0.5 * corner
        )

    middle = np.exp(-((x / 17) ** 2))
    w = f.lip(22)
    lower = f.lips(w, f.vector(0, 2.6 * middle, 0.6), f.vector(0, 3.2 * middle, 2.2 * middle))
    keys["mouthShrugLower"] = lower + f.pull((0, -94, 95), (24, 16, 24), (0, 3.0, 1.2))
    keys["mouthShrugUpper"] = f.lips(
        w, f.vector(0, 3.0 * middle, 2.2 * middle), f.vector(0, 2.2 * middle, 0.6)
    )
    return keys


def tongue_key(f: Fields, jaw: Array) -> Array:
    """The jaw drops a little and the lips part for the tongue."""
    tw = np.exp(-((f.x / 15) ** 2))
    part = f.lips(f.lip(14), f.vector(0, 1.0 * tw, 0.5), f.vector(0, -1.5 * tw, 2.0 * tw))
    return turn(f.vertices, jaw, TONGUE_OUT_DEG) + part
