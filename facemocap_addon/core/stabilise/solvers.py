# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""What stabilising needs of scipy, with types: scipy has no stubs and is imported when called."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray, IntArray


def rotation_vectors(matrices: FloatArray) -> FloatArray:
    """Rotation vectors ``(n, 3)`` of matrices ``(n, 3, 3)``, exact at small and at large angles."""
    from scipy.spatial.transform import Rotation  # noqa: PLC0415

    return np.asarray(Rotation.from_matrix(matrices).as_rotvec(), np.float64)


def quaternions(matrices: FloatArray) -> FloatArray:
    """Quaternions ``(n, 4)``, w first, of matrices ``(n, 3, 3)``."""
    from scipy.spatial.transform import Rotation  # noqa: PLC0415

    xyzw = np.asarray(Rotation.from_matrix(matrices).as_quat(), np.float64)
    return xyzw[:, [3, 0, 1, 2]]


def solve_band(band: FloatArray, right: FloatArray) -> FloatArray:
    """Solve a positive definite system given by its diagonal and those below, ``(k, n)``."""
    from scipy.linalg import solveh_banded  # noqa: PLC0415

    return np.asarray(solveh_banded(band, right, lower=True, check_finite=False), np.float64)


def cheapest_pairs(cost: FloatArray) -> tuple[IntArray, IntArray]:
    """Rows and columns, each at most once, with the least sum of ``cost``."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    rows, columns = linear_sum_assignment(cost)
    return np.asarray(rows, np.intp), np.asarray(columns, np.intp)
