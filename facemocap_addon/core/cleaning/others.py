# SPDX-License-Identifier: GPL-3.0-or-later
"""What the other channels say of one: a face moves in few ways, and the take itself shows which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray

#: Deviation that the model leaves to each channel at least, in values.
LEAST = 0.01
#: Samples that the model is learnt from, at most.
_MOST = 8000
#: Correlation of mirror images before anything was learnt, which counts as so many samples.
_ALIKE, _BEFORE = 0.9, 30.0


@dataclass(frozen=True)
class Likeness:
    """Channels as jointly normal.

    Attributes
    ----------
    mean : (c,) float64
    covariance : (c, c) float64
        With the noise in its diagonal.
    rows : int
        Samples it was learnt from.
    """

    mean: FloatArray
    covariance: FloatArray
    rows: int

    def off(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How far each value (n, c) lies off what all other channels of its sample say.

        Returns
        -------
        off : (n, c) float64
        say : (n, c) float64
            The sample's own share in what was learnt: without it the value would lie off by
            ``off / (1 - say)``.
        """
        precision = np.linalg.inv(self.covariance)
        weighed = (values - self.mean) @ precision
        own = np.diag(precision)
        whole = np.einsum("nc,nc->n", values - self.mean, weighed)
        off = weighed / own
        return off, np.maximum(whole[:, None] - off * weighed, 0.0) / self.rows

    def expected(self, values: FloatArray, seen: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Values of the channels that are not seen, and their deviations.

        Parameters
        ----------
        values : (n, c) float64
        seen : (c,) bool
            The same channels in all samples.

        Returns
        -------
        expected : (n, m) float64
            Of the m channels that are not seen.
        deviation : (m,) float64
        """
        hidden = ~seen
        own = self.covariance[np.ix_(hidden, hidden)]
        if not seen.any():
            return np.tile(self.mean[hidden], (len(values), 1)), np.sqrt(np.diag(own))
        across = self.covariance[np.ix_(seen, hidden)]
        solved = np.linalg.solve(self.covariance[np.ix_(seen, seen)], across)
        expected = self.mean[hidden] + (values[:, seen] - self.mean[seen]) @ solved
        left = np.diag(own) - np.einsum("sh,sh->h", across, solved)
        return expected, np.sqrt(np.maximum(left, 0.0))


def learn(
    values: FloatArray, valid: BoolArray, noise: FloatArray, partner: IntArray | None = None
) -> Likeness:
    """Learn the likeness from the samples that are there.

    Parameters
    ----------
    values : (n, c) float64
        Bridged where not valid.
    valid : (n, c) bool
    noise : (c,) float64
        Deviation of each channel's noise.
    partner : (c,) int, optional
        The channel's mirror image, or itself: mirror images are taken to be alike to begin with.
    """
    whole = valid.mean(axis=1) >= 0.75
    rows = np.flatnonzero(whole if whole.any() else np.ones(len(values), np.bool_))
    rows = rows[:: max(1, -(-len(rows) // _MOST))]
    part = values[rows]
    mean = part.mean(axis=0)
    off = part - mean
    covariance = off.T @ off / max(len(rows), 1)
    if partner is not None:
        size = np.sqrt(np.diag(covariance))
        before = np.diag(size**2)
        pairs = np.flatnonzero(partner != np.arange(len(partner)))
        before[pairs, partner[pairs]] = _ALIKE * size[pairs] * size[partner[pairs]]
        sure = len(rows) / (len(rows) + _BEFORE)
        covariance = sure * covariance + (1.0 - sure) * before
    covariance[np.diag_indices_from(covariance)] += np.maximum(noise, LEAST) ** 2
    return Likeness(mean, covariance, len(rows))
