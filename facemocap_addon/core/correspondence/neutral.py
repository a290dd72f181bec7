# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the points of a take usually are, the head held still."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..points import Points

#: Frames that are looked at; rounds of holding the head still.
FRAMES, ROUNDS = 240, 4
#: Parts of the points that have to be seen in a frame.
SEEN = 0.6


def usual_places(points: Points) -> FloatArray:
    """The median face ``(p, 3)`` of a take, metres; NaN for points that were never seen.

    Every frame is turned and moved onto the others by the points that stay where they are, so that
    what the head does is not taken for the face.
    """
    seen = points.valid.mean(axis=1) >= SEEN * points.valid.mean(axis=1).max(initial=0.0)
    rows = np.flatnonzero(seen & points.valid.any(axis=1))
    out = np.full((len(points), 3), np.nan)
    if not len(rows):
        return out
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, FRAMES).round().astype(int))]
    places, valid = points.positions[rows], points.valid[rows]
    there = valid.any(axis=0)
    held = np.where(valid[..., None], places, np.nan)[:, there]
    most = int(np.argmax(valid.sum(axis=1)))
    face = held[most]
    if not np.isfinite(face).all():
        face = np.where(np.isfinite(face), face, np.nanmedian(held, axis=0))
    for _ in range(ROUNDS):
        off = np.nanmedian(np.linalg.norm(held - face, axis=2), axis=0)
        trust = 1.0 / (np.nanmedian(off) + off + 1e-9) ** 2
        held = np.stack([_laid(frame, face, trust) for frame in held])
        face = np.nanmedian(held, axis=0)
    out[there] = face
    return out


def _laid(frame: FloatArray, face: FloatArray, trust: FloatArray) -> FloatArray:
    """A frame ``(p, 3)`` turned and moved onto a face."""
    known: BoolArray = np.isfinite(frame).all(axis=1)
    share = np.where(known, trust, 0.0)
    share = share / share.sum()
    own, other = share @ np.where(known[:, None], frame, 0.0), share @ face
    product = ((face - other) * share[:, None]).T @ np.where(known[:, None], frame - own, 0.0)
    left, _, right = np.linalg.svd(product)
    hand = np.sign(np.linalg.det(left) * np.linalg.det(right))
    rotation = left @ np.diag([1.0, 1.0, hand]) @ right
    return (frame - own) @ rotation.T + other
