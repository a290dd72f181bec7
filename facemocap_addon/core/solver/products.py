# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix products in small blocks, each on one thread.

The threads of a BLAS wait for each other at every call; on a machine that is busy with something
else (a viewport) that wait is a hundred times the work for matrices as small as ours. Blocks below
the size at which OpenBLAS starts threads are as fast on an idle machine, and round alike whatever
the number of threads.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray

#: OpenBLAS stays on one thread up to this many multiplications.
SMALL = 1 << 18
#: Longest side of a block's matrix.
SIDE = 128
#: Numbers that are summed in single precision.
RUN = 4 * SIDE


def rows_times(values: FloatArray, matrix: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """The product of ``values`` (n, j) and ``matrix`` (j, k), (n, k) of their number type."""
    inner, outer = matrix.shape
    if out is None:
        out = np.empty((len(values), outer), np.result_type(values, matrix))
    if not matrix.size:
        out[...] = 0.0
        return out
    for left in range(0, outer, SIDE):
        columns = slice(left, left + SIDE)
        _multiply(values[:, :SIDE], matrix[:SIDE, columns], out[:, columns])
        for top in range(SIDE, inner, SIDE):
            middle = slice(top, top + SIDE)
            part = np.empty((len(values), min(SIDE, outer - left)), out.dtype)
            out[:, columns] += _multiply(values[:, middle], matrix[middle, columns], part)
    return out


def rows_times_single(values: FloatArray, matrix: FloatArray) -> FloatArray:
    """As `rows_times` in half the time: sums of ``RUN`` numbers are single, their sums double.

    Parameters
    ----------
    values : (n, j) float
    matrix : (j, k) float32

    Returns
    -------
    (n, k) float64
    """
    inner, outer = matrix.shape
    out = np.zeros((len(values), outer))
    part = np.empty((len(values), outer), np.float32)
    for first in range(0, inner, RUN):
        total = np.zeros_like(part)
        for top in range(first, min(first + RUN, inner), SIDE):
            middle = slice(top, top + SIDE)
            block = values[:, middle].astype(np.float32)
            for left in range(0, outer, SIDE):
                columns = slice(left, left + SIDE)
                _multiply(block, matrix[middle, columns], part[:, columns])
            total += part
        out += total
    return out


def _multiply(values: FloatArray, matrix: FloatArray, out: FloatArray) -> FloatArray:
    rows = max(SMALL // matrix.size, 1)
    whole = len(values) - len(values) % rows
    if whole:
        stacked = values[:whole].reshape(-1, rows, values.shape[1])
        np.matmul(stacked, matrix, out=out[:whole].reshape(-1, rows, matrix.shape[1]))
    if whole < len(values):
        np.matmul(values[whole:], matrix, out=out[whole:])
    return out
