# SPDX-License-Identifier: GPL-3.0-or-later
"""How good solved values are, by the measures of the literature (Racković et al. 2023, 2024)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from .products import rows_times
from .temporal import second_differences

#: Values above this count as used.
USED = 0.01


@dataclass(frozen=True, slots=True)
class Quality:
    """Measures of a solved shot.

    Attributes
    ----------
    value_rmse : float
        Root mean square error of the values.
    mean_mm, high_mm, most_mm : float
        Distance of points from the truth: mean, 95th percentile, maximum.
    cardinality : float
        Controls in use, mean over frames.
    roughness : float
        Mean square of second differences.
    """

    value_rmse: float
    mean_mm: float
    high_mm: float
    most_mm: float
    cardinality: float
    roughness: float


def measure_quality(values: FloatArray, truth: FloatArray, basis: FloatArray) -> Quality:
    """Compare solved ``values`` (n, k) with the ``truth`` (n, k) on the points of ``basis``."""
    off = rows_times(values - truth, np.ascontiguousarray(basis.T))
    away = np.sqrt((off.reshape(len(off), -1, 3) ** 2).sum(axis=2))
    return Quality(
        value_rmse=float(np.sqrt(np.mean((values - truth) ** 2))),
        mean_mm=float(away.mean()),
        high_mm=float(np.quantile(away, 0.95)),
        most_mm=float(away.max(initial=0.0)),
        cardinality=float((np.abs(values) > USED).sum(axis=1).mean()),
        roughness=roughness(values),
    )


def roughness(values: FloatArray) -> float:
    """Mean square second difference of ``values`` (n, k)."""
    bent = second_differences(values)
    return float(np.mean(bent**2)) if bent.size else 0.0
