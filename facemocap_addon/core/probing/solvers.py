# SPDX-License-Identifier: GPL-3.0-or-later
# pyright: basic
"""What probing needs of scipy, with types: scipy has no stubs and is imported only when called."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray, IntArray


class Weights:
    """A sparse matrix ``(rows, columns)`` that only multiplies."""

    def __init__(
        self, values: FloatArray, rows: IntArray, columns: IntArray, shape: tuple[int, int]
    ) -> None:
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        self._matrix = csr_matrix((values, (rows, columns)), shape)

    def sums(self) -> FloatArray:
        """Sum of each row."""
        return np.ravel(self._matrix.sum(axis=1))

    def scale_rows(self, factors: FloatArray) -> None:
        """Multiply each row by its factor."""
        from scipy.sparse import diags  # noqa: PLC0415

        self._matrix = diags(factors) @ self._matrix

    def times(self, table: FloatArray) -> FloatArray:
        """Product with a dense table, flattened."""
        return np.ravel(self._matrix @ table)


def assign_one_to_one(worth: FloatArray) -> list[tuple[int, int]]:
    """Pairs (row, column) with the largest sum of ``worth``, each row and column at most once."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    rows, columns = linear_sum_assignment(-worth)
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def fit_nonnegative(columns: FloatArray, goal: FloatArray) -> FloatArray:
    """Amounts ``(k,)`` at or above 0 of ``columns`` ``(l, k)`` that sum nearest to ``goal``."""
    from scipy.optimize import nnls  # noqa: PLC0415

    return nnls(columns, goal)[0]


def nearest_distances(points: FloatArray, queries: FloatArray) -> FloatArray:
    """Distance from each query ``(q, 3)`` to the nearest point."""
    from scipy.spatial import KDTree  # noqa: PLC0415

    return np.asarray(KDTree(points).query(queries)[0])


def connected_pieces(count: int, links: IntArray) -> IntArray:
    """Number of the connected piece of each of ``count`` things that ``links`` ``(l, 2)`` join."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    graph = coo_matrix((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), (count, count))
    return connected_components(graph, directed=False)[1].astype(np.int32)
