# SPDX-License-Identifier: GPL-3.0-or-later
"""Response curves: what becomes of a control's weighted sum, as a smooth curve through points.

Between its points the curve is the piecewise cubic of Fritsch and Carlson ("Monotone Piecewise
Cubic Interpolation", 1980) with the slopes of Fritsch and Butland (1984): it never overshoots a
point, and rises only where its points rise. Beyond its ends it goes on straight.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray

#: Points (in, out) of a curve, rising in; none means straight.
Response = tuple[tuple[float, float], ...]
#: Least distance of two points: closer ones would make a step.
LEAST_STEP = 1e-6
#: Steepest slope of a curve.
STEEPEST = 1e6


def check_response(points: Response) -> None:
    """Raise ValueError, saying what is wrong, unless ``points`` make a curve."""
    if not points:
        return
    if len(points) < 2:
        raise ValueError("response needs at least two points [in, out]")
    if not all(math.isfinite(number) for point in points for number in point):
        raise ValueError("response must hold finite numbers")
    for (before, low), (after, high) in itertools.pairwise(points):
        if after - before < LEAST_STEP:
            raise ValueError(
                f"the points of response must rise in their first number, not {before} then {after}"
            )
        if not abs(high - low) <= STEEPEST * (after - before):
            raise ValueError(f"response is too steep between {before} and {after}")


def respond(points: Response, values: FloatArray) -> FloatArray:
    """Values of a response curve.

    Parameters
    ----------
    points : sequence of (in, out)
        As `check_response` accepts them; without points the values come back as they are.
    values : (n,) float

    Returns
    -------
    (n,) float64
        At a point's ``in`` exactly its ``out``.
    """
    if not points:
        return values
    ins, outs = (np.array(column, np.float64) for column in zip(*points, strict=True))
    steps = np.diff(ins)
    secants = np.diff(outs) / steps
    slopes = _slopes(steps, secants)
    at: FloatArray = np.asarray(values, np.float64)
    piece = np.clip(np.searchsorted(ins, at, side="right") - 1, 0, len(steps) - 1)
    along = at - ins[piece]
    share = along / steps[piece]
    # Newton's form: nothing but the first slope is left where the points lie on one line
    bend = 3.0 * secants - 2.0 * slopes[:-1] - slopes[1:]
    turn = slopes[:-1] + slopes[1:] - 2.0 * secants
    inside = outs[piece] + along * (slopes[piece] + share * (bend[piece] + share * turn[piece]))
    before = outs[0] + (at - ins[0]) * slopes[0]
    after = outs[-1] + (at - ins[-1]) * slopes[-1]
    inside[at < ins[0]] = before[at < ins[0]]
    inside[at >= ins[-1]] = after[at >= ins[-1]]
    return inside


def _slopes(steps: FloatArray, secants: FloatArray) -> FloatArray:
    """Slope ``(k + 1,)`` at each point from the pieces' lengths and mean slopes ``(k,)``."""
    if len(steps) == 1:
        return np.repeat(secants, 2)
    before, after = secants[:-1], secants[1:]
    rising = before * after > 0.0
    left, right = 2.0 * steps[1:] + steps[:-1], steps[1:] + 2.0 * steps[:-1]
    # weighted harmonic mean, without a division by a flat piece
    divisor = left * np.where(rising, after, 1.0) + right * np.where(rising, before, 0.0)
    mean = np.where(rising, (left + right) * before * (after / divisor), 0.0)
    first = _end_slope(steps[:2], secants[:2])
    last = _end_slope(steps[-2:][::-1], secants[-2:][::-1])
    return np.concatenate([[first], mean, [last]])


def _end_slope(steps: Sequence[float] | FloatArray, secants: Sequence[float] | FloatArray) -> float:
    """Slope at an end from its two nearest pieces, the nearest first, kept monotone."""
    (near, far), (steep, next_steep) = map(float, steps), map(float, secants)
    slope = ((2.0 * near + far) * steep - near * next_steep) / (near + far)
    if slope * steep <= 0.0:
        return 0.0
    if steep * next_steep <= 0.0 and abs(slope) > 3.0 * abs(steep):
        return 3.0 * steep
    return slope
