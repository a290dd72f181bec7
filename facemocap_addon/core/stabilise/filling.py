# SPDX-License-Identifier: GPL-3.0-or-later
"""Hidden markers: what the others say of them, led over to their own course at both ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from .bridging import bridge, usual_length
from .lowrank import MotionModel, learn_motion
from .records import GAP, Repair
from .runs import runs_of

#: Samples on each side of a gap that tell how far the others' word is off there.
_AROUND = 40
#: A marker seen in fewer rows, or in a smaller part of the take, is not made up.
_FEWEST, _SEEN = 8, 0.05
#: An expected error that halves the sureness.
_HALF_SURE_M = 2.0e-3


@dataclass(frozen=True)
class Filled:
    """Places (n, p, 3), what is valid now (n, p), expected errors (n, p) in metres; findings."""

    places: FloatArray
    valid: BoolArray
    error_m: FloatArray
    repairs: tuple[Repair, ...]
    notes: tuple[str, ...]


def fill_gaps(
    places: FloatArray,
    valid: BoolArray,
    names: tuple[str, ...],
    noise_m: float,
    silent: BoolArray | None = None,
) -> Filled:
    """Fill what is not valid.

    Parameters
    ----------
    places : (n, p, 3) float64
        On the head.
    valid : (n, p) bool
    names : tuple of str, length p
    noise_m : float
        Deviation of a coordinate.
    silent : (p,) bool, optional
        Markers that say nothing of the others.
    """
    out = np.where(valid[:, :, None], places, 0.0)
    there, error = valid.copy(), np.zeros(valid.shape)
    if valid.all() or not valid.any():
        return Filled(out, there, error, (), ())
    heard = valid if silent is None else valid & ~silent
    seen = valid.sum(axis=0)
    fillable = (seen >= min(_FEWEST, len(valid))) & (seen >= _SEEN * len(valid))
    notes = [
        f'"{names[marker]}" is seen in {int(seen[marker])} of {len(valid)} frames, too few to fill '
        "the rest."
        for marker in np.flatnonzero(~fillable & (seen < len(valid))).tolist()
    ]
    # a marker that says nothing of the others still may be filled from them
    model = learn_motion(out, valid, noise_m)
    repairs: list[Repair] = []
    for marker in np.flatnonzero(fillable & (seen < len(valid))).tolist():
        own = valid[:, marker]
        without = heard.copy()
        without[:, marker] = False
        rest = _rest(model, out, without, marker)
        length = usual_length(rest, own, noise_m)
        for first, last in runs_of(~own):
            values, deviation = _fill(model, out, without, own, (marker, first, last), length)
            out[first : last + 1, marker] = values
            there[first : last + 1, marker] = True
            error[first : last + 1, marker] = deviation
            helpers = int(without[(first + last) // 2].sum())
            repairs.append(
                Repair(
                    names[marker], GAP, first, last,
                    f"filled from {helpers} markers and its own course",
                    round(1.0 / (1.0 + (deviation / _HALF_SURE_M) ** 2), 3),
                    size_m=deviation,
                )
            )  # fmt: skip
    return Filled(out, there, error, tuple(repairs), tuple(notes))


def _rest(model: MotionModel, places: FloatArray, heard: BoolArray, marker: int) -> FloatArray:
    """What the others leave unsaid about a marker, (n, 3)."""
    said, _deviation = model.predict(places, heard)
    return places[:, marker] - said[:, marker]


def _fill(
    model: MotionModel,
    places: FloatArray,
    heard: BoolArray,
    own: BoolArray,
    gap: tuple[int, int, int],
    length: float,
) -> tuple[FloatArray, float]:
    """Values (k, 3) of a gap (marker, first row, last row), and their expected error."""
    marker, first, last = gap
    around = slice(max(first - _AROUND, 0), min(last + 1 + _AROUND, len(places)))
    # the same markers speak before, in and after the gap: else those that come and go make steps
    speak = heard[around].copy()
    hidden = ~heard[first : last + 1].all(axis=0)
    part = places[around]
    if not (speak & ~hidden).any():
        hidden[:] = False
    speak[:, hidden] = False
    said, _uncertain = model.predict(part, speak)
    rest = np.where(own[around][:, None], part[:, marker] - said[:, marker], 0.0)
    begin = first - (around.start or 0)
    end = last - (around.start or 0)
    values, deviation = bridge(rest, own[around], begin, end, length, model.noise_m * 0.2)
    if not np.isfinite(deviation):
        deviation = float(_uncertain[begin : end + 1, marker].max())
    return said[begin : end + 1, marker] + values, deviation
