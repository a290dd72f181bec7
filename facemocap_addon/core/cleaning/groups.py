# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels that move together, as one: the take's own few directions, each of few channels.

Where both lids do the same, their mean has the motion of both and half of the noise's power, and
their difference next to nothing. Pairs of channels are turned into such sums and differences, the
most alike first, and sums may be paired again (treelets: Lee, Nadler and Wasserman 2008). Unlike
principal components of all channels these leave a channel that is like no other alone.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray

#: Pairs less alike than this are left alone, and turns at most, for each channel.
ALIKE, TURNS = 0.5, 0.5


def directions(series: FloatArray) -> FloatArray:
    """An orthogonal matrix ``(c, c)``; its columns are the directions.

    Parameters
    ----------
    series : (c, n) float64
        Channels in units of their noise, nearly free of noise.
    """
    count = len(series)
    off = series - series.mean(axis=1, keepdims=True)
    shared = off @ off.T / max(series.shape[1], 1)
    turned = np.eye(count)
    # 1 is the noise: channels that hardly move are like nothing
    size = np.sqrt(np.diag(shared) + 1.0)
    alike = np.abs(shared) / np.outer(size, size)
    np.fill_diagonal(alike, 0.0)
    for _ in range(int(TURNS * count)):
        one, two = divmod(int(np.argmax(alike)), count)
        if alike[one, two] < ALIKE:
            break
        angle = 0.5 * np.arctan2(2.0 * shared[one, two], shared[one, one] - shared[two, two])
        pair = [one, two]
        cosine, sine = np.cos(angle), np.sin(angle)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        shared[:, pair] = shared[:, pair] @ turn
        shared[pair] = turn.T @ shared[pair]
        turned[:, pair] = turned[:, pair] @ turn
        # the difference of the two is left alone from now on
        rest, kept = pair if shared[one, one] < shared[two, two] else pair[::-1]
        size[kept] = np.sqrt(shared[kept, kept] + 1.0)
        alive = alike[kept] > -1.0
        alike[kept, alive] = np.abs(shared[kept, alive]) / (size[kept] * size[alive])
        alike[kept, kept] = 0.0
        alike[:, kept] = alike[kept]
        alike[rest] = alike[:, rest] = -2.0
    return turned
