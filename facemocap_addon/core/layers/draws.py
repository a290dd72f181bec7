# SPDX-License-Identifier: GPL-3.0-or-later
"""Random draws that stay the same: raw words of PCG64, and smooth curves through them.

Only raw 64-bit words are taken from NumPy: its distributions may change from version to version,
the words of a bit generator may not. Bell-shaped draws are sums of four even ones: no logarithm
whose last bit depends on the machine, and nothing beyond 3.5 deviations.
"""

from __future__ import annotations

import zlib

import numpy as np

from ..arrays import FloatArray, IntArray

_WORD = 2**64
#: Deviation of a cubic B-spline through even draws of deviation 1, averaged along it.
_SPLINE = 0.6923


class Draws:
    """A stream of draws of its own for each name, so that one more draw moves no other.

    Parameters
    ----------
    *seeds : int
        All of them count.
    """

    def __init__(self, *seeds: int) -> None:
        self._seeds = tuple(seed % _WORD for seed in seeds)
        # many curves of one layer are drawn at the same times
        self._bases: dict[float, tuple[FloatArray, list[IntArray], list[FloatArray]]] = {}

    def even(self, name: str, count: int) -> FloatArray:
        """Draws ``(count,)`` that lie evenly from 0 to 1, 1 excluded."""
        key = np.random.SeedSequence([*self._seeds, zlib.crc32(name.encode())])
        words = np.random.PCG64(key).random_raw(count)
        return (np.asarray(words, np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def bell(self, name: str, count: int) -> FloatArray:
        """Draws ``(count,)`` of mean 0 and deviation 1, never beyond 3.5."""
        even = self.even(name, 4 * count).reshape(count, 4)
        return (even[:, 0] + even[:, 1] + even[:, 2] + even[:, 3] - 2.0) * np.sqrt(3.0)

    def wander(self, name: str, seconds: FloatArray, every_s: float) -> FloatArray:
        """A smooth curve ``(n,)`` of mean 0 and deviation about 1.

        A cubic B-spline over one draw every ``every_s``. It depends on the times alone, not on how
        densely they lie, and its first draws do not change when a take gets longer.

        Parameters
        ----------
        name : str
        seconds : (n,) float64
            From 0 on.
        every_s : float
        """
        if not len(seconds):
            return np.empty(0)
        places, parts = self._basis(seconds, every_s)
        knots = self.bell(name, int(places[0].max()) + 4) / _SPLINE
        out = knots.take(places[0]) * parts[0]
        for place, part in zip(places[1:], parts[1:], strict=True):
            out += knots.take(place) * part
        return out

    def _basis(
        self, seconds: FloatArray, every_s: float
    ) -> tuple[list[IntArray], list[FloatArray]]:
        """The four knots around each time ``(n,)`` each, and their weights."""
        kept = self._bases.get(every_s)
        if kept is not None and kept[0] is seconds:
            return kept[1], kept[2]
        at = np.maximum(np.asarray(seconds, np.float64), 0.0) / every_s
        place = np.floor(at).astype(np.int64)
        u = at - place
        v = 1.0 - u
        uu, vv = u * u, v * v
        parts: list[FloatArray] = [
            vv * v / 6.0,
            (3.0 * uu * u - 6.0 * uu + 4.0) / 6.0,
            (3.0 * vv * v - 6.0 * vv + 4.0) / 6.0,
            uu * u / 6.0,
        ]
        places: list[IntArray] = [place + number for number in range(4)]
        self._bases[every_s] = (seconds, places, parts)
        return places, parts


def smooth_step(share: FloatArray) -> FloatArray:
    """From 0 to 1 without a corner at either end; same shape."""
    share = np.minimum(np.maximum(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)
