# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""What cleaning needs of scipy's band solvers, with types; scipy is imported when called."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import FloatArray


class Band:
    """A positive definite band matrix, factorised.

    Parameters
    ----------
    rows : (b, n) float64
        The diagonal and those below it.
    """

    def __init__(self, rows: FloatArray) -> None:
        from scipy.linalg import cholesky_banded  # noqa: PLC0415

        self._factor: Any = cholesky_banded(rows, lower=True, check_finite=False)

    def solve(self, right: FloatArray) -> FloatArray:
        """Solve for each row of ``right`` (k, n)."""
        from scipy.linalg import cho_solve_banded  # noqa: PLC0415

        # rows of a C array are columns of a Fortran one: nothing is copied twice
        return np.asarray(cho_solve_banded((self._factor, True), right.T, check_finite=False).T)


def solve_once(rows: FloatArray, right: FloatArray) -> FloatArray:
    """Solve one system for one right side ``(n,)``; both arrays are lost."""
    from scipy.linalg import solveh_banded  # noqa: PLC0415

    return np.asarray(
        solveh_banded(
            rows, right, overwrite_ab=True, overwrite_b=True, lower=True, check_finite=False
        )
    )
