# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps between samples: the usual one, and samples for those that a recorder dropped."""

from __future__ import annotations

import math

import numpy as np

from .arrays import BoolArray, FloatArray

#: A longer step than this, in nominal steps, means that rows are missing.
DROP_STEPS = 1.5
#: A gap longer than this gets an invalid sample at each end instead of one per nominal step.
FILLED_GAP_S = 600.0


def usual_step(times: FloatArray) -> float:
    """Mean of the steps that are no gaps: finer than their median where times are rounded."""
    steps = np.diff(times)
    typical = float(np.median(steps))
    usual = steps[np.abs(steps - typical) <= 0.25 * typical]
    if not len(usual):
        # an even number of steps of two kinds: none lies near the middle between them
        return typical
    # fsum, so that every numpy gives the same bits
    return math.fsum(usual.tolist()) / len(usual)


def with_gaps(times: FloatArray, step_s: float) -> tuple[FloatArray, BoolArray, int]:
    """Times with a sample for each row that is missing.

    Returns
    -------
    times : (m,) float64, m >= n
        On the nominal step inside gaps; the given times are among them unchanged.
    exists : (m,) bool
        False for what was put in.
    gaps : int
        How many gaps there were.
    """
    steps = np.diff(times)
    absent = np.where(
        steps > DROP_STEPS * step_s, np.round(np.minimum(steps / step_s, 1e12)) - 1, 0
    ).astype(np.int64)
    gaps = np.flatnonzero(absent > 0)
    long = (steps > FILLED_GAP_S) & (absent > 2)
    if int(absent[~long].sum()) > 4 * len(times) + 36_000:
        long = absent > 2
    pieces: list[FloatArray] = []
    flags: list[BoolArray] = []
    begin = 0
    for gap in gaps.tolist():
        inside: FloatArray
        before, after = float(times[gap]), float(times[gap + 1])
        if long[gap]:
            inside = np.array([before + step_s, after - step_s])
        else:
            number = int(absent[gap])
            share = np.arange(1.0, number + 1) / (number + 1)
            inside = before + (after - before) * share
        pieces += [times[begin : gap + 1], inside]
        flags += [np.ones(gap + 1 - begin, np.bool_), np.zeros(len(inside), np.bool_)]
        begin = gap + 1
    pieces.append(times[begin:])
    flags.append(np.ones(len(times) - begin, np.bool_))
    return np.concatenate(pieces), np.concatenate(flags), len(gaps)
