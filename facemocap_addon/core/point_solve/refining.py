# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a solve found again with other settings; everything else stays to the bit."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from ..errors import FacemocapError
from .outcome import PointSolve

#: Seconds over which the new part is faded in and out, inside its range.
FADE_S = 0.15


def refined(
    before: PointSolve, again: PointSolve, start_s: float, end_s: float, fade_s: float = FADE_S
) -> PointSolve:
    """One solve with a range of another in place of its own.

    Parameters
    ----------
    before, again : PointSolve
        Of the same take on the same character; ``again`` as `solving.solve_points` finds it
        ``like`` the first.
    start_s, end_s : float
        Seconds on the take's clock. Outside nothing changes by a bit.
    fade_s : float

    Raises
    ------
    FacemocapError
        When the two do not belong together, or the range misses the take.
    """
    if before.unknowns.channels != again.unknowns.channels or len(before.times) != len(again.times):
        raise FacemocapError(
            "The two solves are not of the same points and controls",
            "Solve the whole take again",
        )
    share = fade(before.times, start_s, end_s, fade_s)
    if not share.any():
        raise FacemocapError(
            f"The range {start_s:g} to {end_s:g} s lies outside the take",
            "Choose a range within it",
        )
    rows = share > 0
    mix = share[:, None]

    def mixed(old: FloatArray, new: FloatArray) -> FloatArray:
        weight = mix if old.ndim == 2 else mix[:, :, None]
        out = np.array(old)
        out[rows] = np.where(weight == 1.0, new, old + weight * (new - old))[rows]
        return out

    return before.replaced(
        values=mixed(before.values, again.values),
        solved=mixed(before.solved, again.solved),
        observed=mixed(before.observed, again.observed),
        clipped=np.where(mix >= 0.5, again.clipped, before.clipped),
    )


def fade(times: FloatArray, start_s: float, end_s: float, fade_s: float) -> FloatArray:
    """How much of a new part counts at times ``(n,)``: 0 outside, 1 well inside, smooth between.

    At the ends of the take it counts in full from the first sample on.
    """
    inside = (times >= start_s) & (times <= end_s)
    if not inside.any():
        return np.zeros(len(times))
    width = min(fade_s, 0.5 * max(end_s - start_s, 0.0))
    if width <= 0:
        return inside.astype(np.float64)
    rise = np.ones(len(times)) if start_s <= times[0] else (times - start_s) / width
    fall = np.ones(len(times)) if end_s >= times[-1] else (end_s - times) / width
    u = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    return np.where(inside, u * u * (3.0 - 2.0 * u), 0.0)
