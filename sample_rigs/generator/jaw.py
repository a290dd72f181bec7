# SPDX-License-Identifier: GPL-3.0-or-later
"""The jaw: how much each vertex goes with it, its shapes, and the lips that close over it."""

from __future__ import annotations

import numpy as np

from .distance import Array, bell, rotate_x, smooth_step
from .fields import Fields
from .figures import FIGURES
from .head import seam_pairs
from .lips import BAG, BORDER, CONTACT, INNER
from .mesh import Keys

CORNER_SHARE = 0.40
"""Part of the jaw's turn that the mouth's corners follow."""

CLOSE_SHARE = 0.34
"""Where lips meet over an open jaw: 0 at the upper lip, 1 at the lower."""

TONGUE_OUT_DEG = 6.0
"""Turn of the jaw that makes room for the tongue."""

SLIDE_SIDE_MM = 7.5
SLIDE_FORWARD_MM = 7.0


def jaw_weights(f: Fields) -> Array:
    """Share of the jaw's turn for every vertex, 0 .. 1.

    Away from the mouth a smooth step of the polar angle round the hinge, faded at the neck; on
    the lips a split (upper 0, lower 1, an ellipse of values up to the corner between them).
    """
    ax = np.abs(f.x)
    polar = np.degrees(np.arctan2(f.y - FIGURES.jaw_y, f.z - FIGURES.jaw_z))
    begin = -31 + 24 * smooth_step(6, 44, ax)
    end = -41 - 20 * smooth_step(4, 42, ax)
    face = smooth_step(0, 1, (begin - polar) / (begin - end))
    face[polar > 60] = 0
    jaw_line = -80 - 33 * (f.z - 16) / 76
    face *= 1 - smooth_step(-2, 42, jaw_line - f.y)
    face *= smooth_step(-8, 24, f.z)

    ellipse = 1 - np.sqrt(1 - np.clip(f.u, 0, 1) ** 2 * 0.995)
    split = np.where(f.member > 0.5, CORNER_SHARE * ellipse, 1 - (1 - CORNER_SHARE) * ellipse)
    split = np.where(f.member == 0.5, CORNER_SHARE, split)
    low = 1 - f.up
    half = np.where(low > 0.5, 1 - CORNER_SHARE, CORNER_SHARE)
    lips = np.where(np.isnan(f.member), CORNER_SHARE + (low - 0.5) * 2 * half, split)

    away = smooth_step(0, 15, f.lip_distance)
    w = lips * (1 - away) + face * away
    w[f.bag] = 1 - f.up[f.bag]
    w[f.bag & (f.z < 60)] *= 0.7
    w = f.smooth(w, 14, f.lip_core)
    w[f.z < -10] = 0
    return w


def turn(points: Array, weight: Array, degrees: float) -> Array:
    """Displacement of a jaw that opens; each point turns by its own share."""
    return rotate_x(points, FIGURES.jaw, -np.radians(degrees) * weight) - points


def slide_left(points: Array, weight: Array) -> Array:
    """Displacement of a jaw that moves to the character's left and swings a little."""
    out = weight[:, None] * np.array([SLIDE_SIDE_MM, 0, 0])
    out[:, 2] -= weight * 0.07 * points[:, 0]
    return out


def part_keys(points: Array, weight: Array) -> Keys:
    """Jaw shapes of what hangs on the jaw (teeth, tongue)."""
    left = slide_left(points, weight)
    right = weight[:, None] * np.array([-SLIDE_SIDE_MM, 0, 0])
    right[:, 2] += weight * 0.07 * points[:, 0]
    return {
        "jawOpen": turn(points, weight, FIGURES.jaw_deg),
        "jawLeft": left,
        "jawRight": right,
        "jawForward": weight[:, None] * np.array([0, 0, SLIDE_FORWARD_MM]),
        "tongueOut": turn(points, weight, TONGUE_OUT_DEG),
    }


def jaw_keys(f: Fields, weight: Array) -> Keys:
    """jawOpen, jawForward, jawLeft, jawRight and mouthClose of the head."""
    narrow = f.lip(20) * np.clip(f.u, 0, 1) ** 2
    opened = turn(f.vertices, weight, FIGURES.jaw_deg)
    opened[:, 0] -= 0.10 * f.x * narrow
    # sideways and forward the lips stay shut: both follow in part
    lip = bell(f.lip_distance / 18)
    side = weight + (0.55 - weight) * lip
    ahead = weight + (0.35 + 0.4 * (1 - f.up) - weight) * lip
    left = slide_left(f.vertices, side)
    return {
        "jawOpen": opened,
        "jawForward": ahead[:, None] * np.array([0, 0, SLIDE_FORWARD_MM]),
        "jawLeft": left,
        "jawRight": f.flip(left),
        "mouthClose": mouth_close(f, opened),
    }


def mouth_close(f: Fields, opened: Array) -> Array:
    """Shape that, added to jawOpen, brings the lips together.

    Every pair of contact vertices gets one goal, so equal values of both shapes seal exactly.
    """
    s = np.array(seam_pairs(f.head))
    d_up, d_low = opened[s[:, 0]], opened[s[:, 1]]
    goal = d_up + CLOSE_SHARE * (d_low - d_up)
    # the rest of the lips looks its displacement up by signed x; corners do not move
    front = f.ring[s[:, 0]] == CONTACT
    order = np.argsort(f.vertices[s[front, 0], 0], kind="stable")
    end = FIGURES.mouth_x * 1.02
    xs = np.concatenate([[-end], f.vertices[s[front, 0], 0][order], [end]])
    still = np.zeros((1, 3))

    def along(d: Array) -> Array:
        table = np.concatenate([still, d[front][order], still])
        return np.stack([np.interp(f.x, xs, table[:, i]) for i in range(3)], 1)

    w_up = bell(f.lip_distance / 15)
    w_low = bell(f.lip_distance / 34)
    hold = (f.ring >= INNER) & (f.ring <= BORDER)
    w_up[hold] = w_low[hold] = 1
    w_up[f.bag] = w_low[f.bag] = np.interp(f.ring[f.bag], [0, BAG - 1, BAG], [0, 0.1, 0.55])
    upper, lower = w_up[:, None] * along(goal - d_up), w_low[:, None] * along(goal - d_low)
    out = f.smooth(np.where(f.up[:, None] > 0.5, upper, lower), 4, hold)
    out[s[:, 0]] = goal - d_up
    out[s[:, 1]] = goal - d_low
    return out


def join_seam(f: Fields, d: Array) -> None:
    """Make a displacement move both contact rims alike, so sealed lips stay sealed."""
    s = np.array(seam_pairs(f.head))
    mean = 0.5 * (d[s[:, 0]] + d[s[:, 1]])
    d[s[:, 0]] = mean
    d[s[:, 1]] = mean
