# SPDX-License-Identifier: GPL-3.0-or-later
"""Smoothing equations in time, one for each of many channels, solved in overlapping windows.

``(shift + strength * D' diag(ease) D) x = r`` with D the second differences: a band of five, which
an L D L' factorisation solves forwards and backwards. What happens far away in time does not
matter: it fades by e within ``(4 strength / shift) ** (1/4)`` frames. So the shot is cut into
windows that overlap far enough and all windows go through the recursion side by side; the loop in
Python is as long as a window, not as the shot. (Whittaker 1923 for the smoother; Eilers 2003, "A
perfect smoother", for its band form.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray

#: Shortest step from one window to the next, in frames.
LEAST_STEP = 32


class TimeFilter:
    """Factorised equations.

    Parameters
    ----------
    shift : (k,) float64
        Above 0, one for each channel.
    strength : float
    ease : (n - 2,) float64
        Weight of each second difference, 0 to 1.
    precision : float
        What is left of far away influences at the windows' borders.
    kind : type
        numpy's number type of what is solved for.
    """

    def __init__(
        self,
        shift: FloatArray,
        strength: float,
        ease: FloatArray,
        precision: float,
        kind: type[np.floating[Any]] = np.float64,
    ) -> None:
        self._kind = kind
        self.frames = len(ease) + 2
        fading = (4.0 * strength / float(shift.min())) ** 0.25
        halo = int(np.ceil(fading * np.log(1.0 / precision))) + 2
        step = max(LEAST_STEP, halo, self.frames // 64)
        if step + 2 * halo >= self.frames:
            step, halo = self.frames, 0
        windows = -(-self.frames // step)
        self._step, self._halo, self._windows = step, halo, windows
        self._padded = windows * step + 2 * halo
        self._first, self._second, self._pivots = (
            table.astype(kind) for table in self._factorise(shift, strength, ease)
        )

    def _band(self, strength: float, ease: FloatArray) -> FloatArray:
        """Diagonal and the two below it (3, padded) of the second differences' products."""
        band = np.zeros((3, self._padded))
        start, many = self._halo, len(ease)
        weight = strength * ease
        for offset, factor in enumerate((1.0, 4.0, 1.0)):
            band[0, start + offset : start + offset + many] += factor * weight
        for offset in (1, 2):
            band[1, start + offset : start + offset + many] -= 2.0 * weight
        band[2, start + 2 : start + 2 + many] += weight
        return band

    def _factorise(
        self, shift: FloatArray, strength: float, ease: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Lower diagonals and inverse pivots, each (frames of a window, windows, k)."""
        band = self._band(strength, ease)
        length = self._step + 2 * self._halo
        shape = (length, self._windows, len(shift))
        first, second, pivots = np.zeros(shape), np.zeros(shape), np.empty(shape)
        for frame in range(length):
            middle, one, two = (row[self._at(frame)][:, None] for row in band)
            pivot = shift + middle
            if frame >= 2:
                before = pivots[frame - 2]
                second[frame] = two / before
                pivot = pivot - second[frame] ** 2 * before
                one = one - two * first[frame - 1]
            if frame >= 1:
                first[frame] = one / pivots[frame - 1]
                pivot = pivot - first[frame] * one
            pivots[frame] = pivot
        return first, second, np.reciprocal(pivots, out=pivots)

    def _at(self, frame: int) -> slice:
        """The same frame of every window, in the padded shot."""
        return slice(frame, frame + self._step * (self._windows - 1) + 1, self._step)

    def __call__(self, right: FloatArray) -> FloatArray:
        """Solve for ``right`` (n, k)."""
        count = right.shape[1]
        padded = np.zeros((self._padded, count), self._kind)
        padded[self._halo : self._halo + self.frames] = right
        first, second = self._first, self._second
        found = np.empty_like(first)
        part = np.empty_like(found[0])
        length = len(found)
        for frame in range(length):
            now = found[frame]
            now[...] = padded[self._at(frame)]
            if frame >= 1:
                now -= np.multiply(first[frame], found[frame - 1], out=part)
            if frame >= 2:
                now -= np.multiply(second[frame], found[frame - 2], out=part)
        found *= self._pivots
        for frame in range(length - 2, self._halo - 1, -1):
            now = found[frame]
            now -= np.multiply(first[frame + 1], found[frame + 1], out=part)
            if frame + 2 < length:
                now -= np.multiply(second[frame + 2], found[frame + 2], out=part)
        kept = found[self._halo : self._halo + self._step]
        return kept.transpose(1, 0, 2).reshape(-1, count)[: self.frames]
