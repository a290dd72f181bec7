# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of rows."""

from __future__ import annotations

import numpy as np

from ..arrays import BoolArray, IntArray


def runs_of(flags: BoolArray) -> list[tuple[int, int]]:
    """First and last row, both included, of each run of true flags ``(n,)``."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def last_seen(valid: BoolArray) -> IntArray:
    """Row ``(n, p)`` of the last valid sample before each row, -1 without one."""
    rows = np.arange(len(valid))[:, None]
    seen = np.maximum.accumulate(np.where(valid, rows, -1), axis=0)
    return np.concatenate([np.full((1, valid.shape[1]), -1), seen[:-1]])
