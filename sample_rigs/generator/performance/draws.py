# SPDX-License-Identifier: GPL-3.0-or-later
"""Random draws that are the same bits on every machine and numpy version.

Only the raw 64-bit words of PCG64 are used, which numpy promises never to change; the ready-made
distributions carry no such promise and some of them call the C library's ``log`` and ``exp``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Draws:
    """A stream of draws named by a seed and a path of integers."""

    def __init__(self, seed: int, *path: int) -> None:
        """Streams of different paths are independent; a longer take only reads further."""
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *path]))

    def words(self, count: int) -> NDArray[np.uint64]:
        """Return the next raw 64-bit words."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def uniforms(self, count: int) -> Floats:
        """Return numbers in [0, 1), each an exact multiple of 2**-53."""
        return (self.words(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def uniform(self, low: float, high: float) -> float:
        """Return one number in [low, high)."""
        return low + (high - low) * float(self.uniforms(1)[0])

    def around(self, value: float, share: float) -> float:
        """Return a value that is off by up to this share of itself."""
        return value * self.uniform(1.0 - share, 1.0 + share)

    def normals(self, rows: int, columns: int) -> Floats:
        """Return bell-shaped numbers of mean 0 and variance 1, cut off at 3.5.

        Notes
        -----
        The sum of four 16-bit uniforms (Irwin-Hall): exact integer arithmetic, and close enough to
        a Gaussian for the noise of a camera.
        """
        words = self.words(rows * columns).reshape(rows, columns)
        mask = np.uint64(0xFFFF)
        total = np.zeros((rows, columns), dtype=np.int64)
        for shift in (0, 16, 32, 48):
            total += ((words >> np.uint64(shift)) & mask).astype(np.int64)
        # Four uniforms on 0 .. 65535: mean 2 * 65535, variance 4 * (65536**2 - 1) / 12.
        deviation = 37837.226787372875
        return (total - 131070).astype(np.float64) / deviation
