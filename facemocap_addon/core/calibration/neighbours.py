# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""Nearest points, from scipy, which has no stubs and is imported only when called."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray, IntArray


def nearest_places(
    points: FloatArray, queries: FloatArray, count: int
) -> tuple[FloatArray, IntArray]:
    """Distances and numbers ``(q, count)`` of the points nearest to each query, nearest first."""
    from scipy.spatial import KDTree  # noqa: PLC0415

    away, near = KDTree(points).query(queries, k=count)
    return np.asarray(away), np.asarray(near)
