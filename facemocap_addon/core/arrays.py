# SPDX-License-Identifier: GPL-3.0-or-later
"""Array types and the read-only habit: what flows between the parts cannot be changed in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.integer[Any]]


def in_pieces(columns: FloatArray) -> FloatArray:
    """The columns ``(k, n)`` of rows ``(n, k)``, each in one piece.

    Where numbers lie apart in memory numpy 1 rounds arctan2, exp and their like now this way, now
    that way.
    """
    return np.ascontiguousarray(np.asarray(columns, np.float64).T)


def frozen(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """A contiguous read-only array of ``dtype``; the input itself when it is that already."""
    out = np.ascontiguousarray(array, dtype)
    if out.flags.writeable:
        # A view, so that the caller's own handle on its array stays as it was.
        out = out.view()
        out.flags.writeable = False
    return out
