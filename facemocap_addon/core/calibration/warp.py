# SPDX-License-Identifier: GPL-3.0-or-later
"""A smooth map from one face to another that takes lids onto lids and lips onto lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray

#: How far (eye distances) the pull of a landmark reaches.
REACH = 0.3
#: Landmarks are met but for this part: those of closed lips lie on one another.
SMOOTH = 1e-3
#: Points that are mapped at once.
AT_ONCE = 8192


@dataclass(frozen=True)
class Warp:
    """Places stretched, then pulled from landmark to landmark.

    Below the eyes they are stretched so that mouths lie at one height; far from all landmarks that
    is all that happens.

    Attributes
    ----------
    stretch : float
        Factor of heights below the eyes.
    centres : (k, 3)
        Landmarks, stretched.
    pulls : (k, 3)
        Weights of the kernel around each.
    """

    stretch: float
    centres: FloatArray
    pulls: FloatArray

    def at(self, places: FloatArray) -> FloatArray:
        """Where the map takes places ``(n, 3)``."""
        out = stretched(places, self.stretch)
        if len(self.centres):
            for start in range(0, len(out), AT_ONCE):
                part = slice(start, start + AT_ONCE)
                own = out[part]
                out[part] = own + _kernel(own, self.centres) @ self.pulls
        return out


def fit_warp(source: FloatArray, target: FloatArray, stretch: float) -> Warp:
    """The map that takes landmarks ``source`` ``(k, 3)`` to ``target``.

    The displacement that is left after stretching is interpolated with a Matérn kernel (smoothness
    3/2), which has a bend nowhere and dies out.
    """
    centres = stretched(source, stretch)
    if not len(centres):
        return Warp(stretch, centres, centres)
    matrix = _kernel(centres, centres) + SMOOTH * np.eye(len(centres))
    return Warp(stretch, centres, np.linalg.solve(matrix, target - centres))


def stretched(places: FloatArray, factor: float) -> FloatArray:
    """Places with heights below the eyes times a factor."""
    out = np.array(places, np.float64)
    below = out[:, 1] < 0
    out[below, 1] *= factor
    return out


def _kernel(places: FloatArray, centres: FloatArray) -> FloatArray:
    away = np.linalg.norm(places[:, None] - centres[None], axis=2) * (np.sqrt(3.0) / REACH)
    return (1.0 + away) * np.exp(-away)
