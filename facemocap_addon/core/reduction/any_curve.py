# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewer keys on anybody's F-curve: sampled as it plays, then reduced or thinned by rule.

Every function takes samples and gives a `Curve` without a path; `on_path` gives it one. Keys that
are made here are plain KEYFRAMEs; of `keys_on_extremes` turning points are EXTREMEs and what lies
between two of them BREAKDOWNs, as animators mark them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import FloatArray
from ..curves import INTERPOLATION, KEY_TYPE, Curve
from ..hand_edits.keys import evaluate, keys_of
from .keys import Keys
from .reduce import HOLD, reduce_curves
from .spans import PARTS
from .thinning import every_nth as _every_nth
from .thinning import on_extremes
from .thinning import on_twos as _on_twos

#: A turning point of anybody's curve rises and falls by this part of the curve's range.
PROMINENCE = 0.02


def sample_curve(
    curve: Curve, first: float | None = None, last: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Frames and values ``(n,)`` of a curve as it plays: on whole frames and on its ends.

    Parameters
    ----------
    curve : Curve
    first, last : float, optional
        Ends of the stretch; without, the curve's first and last key.

    Returns
    -------
    frames, values : (n,) float64
        Frames as float32 has them.
    """
    low = float(curve.frames[0]) if first is None else float(np.float32(first))
    high = float(curve.frames[-1]) if last is None else float(np.float32(last))
    whole = np.arange(math.ceil(low), math.floor(high) + 1.0)
    frames = np.unique(np.concatenate([[low], whole, [max(high, low)]]))
    return frames, evaluate(keys_of(curve), frames)


def reduce_keys(
    frames: FloatArray,
    values: FloatArray,
    tolerance: ArrayLike,
    *,
    forced: Iterable[float] = (),
    hold: int = HOLD,
) -> Curve:
    """Few keys, off by the tolerance at most; parameters as `reduce.reduce_curve`."""
    column = np.asarray(values, np.float64).reshape(-1, 1)
    return reduce_together(frames, column, tolerance, forced=forced, hold=hold)[0]


def reduce_together(
    frames: FloatArray,
    values: FloatArray,
    tolerance: ArrayLike,
    *,
    forced: Iterable[float] = (),
    hold: int = HOLD,
) -> tuple[Curve, ...]:
    """Curves ``(n, k)`` that keep their keys on the same frames, as those of a quaternion must.

    ``tolerance`` is one number, or one for each sample ``(n,)``.
    """
    count = values.shape[1]
    allowed = np.asarray(tolerance, np.float64)
    made = reduce_curves(
        frames,
        values,
        allowed.reshape(-1, 1) if allowed.ndim else allowed,
        forced=[tuple(forced)] * count,
        groups=[list(range(count))],
        hold=hold,
    )
    return tuple(_plain(keys) for keys in made.curves)


def keys_on_extremes(
    frames: FloatArray,
    values: FloatArray,
    prominence: float | None = None,
    *,
    inflections: bool = True,
) -> Curve:
    """Keys on turning points and, between two of them, where the curve is steepest.

    ``prominence`` is how far a turning point rises and falls; without, a fiftieth of the range.
    """
    least = PROMINENCE * float(np.ptp(values)) if prominence is None else prominence
    made = on_extremes(frames, values, least, inflections=inflections)
    kinds = np.where(made.forced, KEY_TYPE["EXTREME"], KEY_TYPE["BREAKDOWN"])
    return replace(_plain(made), key_type=kinds)


def every_nth(frames: FloatArray, values: FloatArray, step: int) -> Curve:
    """Keys on every ``step``-th sample, with the handles that suit all samples best."""
    return _plain(_every_nth(frames, values, step))


def on_twos(frames: FloatArray, values: FloatArray, *, step: int = 2, phase: int = 0) -> Curve:
    """Values held from each ``step``-th frame to the next."""
    return _plain(_on_twos(frames, values, step=step, phase=phase))


def every_frame(frames: FloatArray, values: FloatArray) -> Curve:
    """A key on each sample, straight lines between."""
    return Curve("", 0, frames, values, INTERPOLATION["LINEAR"], key_type=KEY_TYPE["KEYFRAME"])


def on_path(curve: Curve, path: str, index: int = 0, group: str = "") -> Curve:
    """The curve as that of a data path."""
    return replace(curve, path=path, index=index, group=group)


def largest_error(curve: Curve, frames: FloatArray, values: FloatArray) -> float:
    """How far a curve is off samples and the straight lines between them, at 8 places of each."""
    count = len(frames)
    places = np.arange(PARTS * (count - 1) + 1) / PARTS
    where = np.interp(places, np.arange(count), frames)
    off = evaluate(keys_of(curve), where) - np.interp(where, frames, values)
    return float(np.abs(off).max(initial=0.0))


def _plain(keys: Keys) -> Curve:
    """The keys as those of a person."""
    return replace(keys.to_curve(""), key_type=KEY_TYPE["KEYFRAME"])
