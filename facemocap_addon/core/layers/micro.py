# SPDX-License-Identifier: GPL-3.0-or-later
"""What never stands still in a living face: tremor, small darts of the eyes, sway of the head."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..arrays import FloatArray
from ..contacts.captured import blink_range
from ..take import Take
from .draws import Draws, smooth_step
from .samples import added, course, seconds_of, with_values
from .turning import moved_head, turned_head

#: How far a brow and a lid move at coefficient 1, millimetres; of an average face, for want of the
#: character's own.
BROW_MM, LID_MM = 10.0, 10.0
#: Tremor is drawn so often (s), and a slower unrest beneath it; parts of the two.
_TREMOR_S, _UNREST_S, _PARTS = 0.09, 0.7, (0.6, 0.8)
#: What left and right share of it.
_SHARED = 0.7
#: A lid rests while its eye is shut further than this.
_SHUT = 0.4
#: Small darts: from one to the next (s), how long one takes, and what the eye drifts by.
_DART_S, _DART_LONG_S, _DRIFT = (0.35, 1.3), 0.03, 0.35
_DRIFT_S, _SWAY_S, _WEIGHT_S = 0.9, 2.2, 7.0
#: Sway of pitch and roll for one of yaw; shifts of weight turn and move the head.
_SWAY = (1.0, 0.8, 0.6)
_SHIFT_ROLL, _SHIFT_YAW = math.radians(0.08), math.radians(0.05)
#: Stress is what the jaw opens more within the first time than in the second (s).
_STRESS_S, _LEAST_STRESS = (0.2, 1.2), 0.05
_SIDES = ("Left", "Right")
_BROWS = ("browDown", "browOuterUp")
_LIDS = ("eyeBlink", "eyeSquint")


@dataclass(frozen=True, slots=True)
class Micro:
    """How much of each; deviations.

    Attributes
    ----------
    brows_mm, lids_mm : float
        Tremor and unrest of brows and lids, millimetres.
    eyes_deg : float
        Small darts and drift of both eyes together.
    head_deg : float
        Sway of the head's yaw; pitch and roll sway less.
    weight_mm : float
        How far the head moves as weight shifts, where its place was recorded.
    stress_deg : float
        Roll of the head on stressed syllables.
    on_target : bool
        Eyes turn against the sway.
    """

    brows_mm: float = 0.04
    lids_mm: float = 0.03
    eyes_deg: float = 0.12
    head_deg: float = 0.25
    weight_mm: float = 2.0
    stress_deg: float = 0.3
    on_target: bool = True


def add_micro(take: Take, micro: Micro, draws: Draws) -> Take:
    """The take with small motion on it; lids that are shut stay so."""
    seconds = seconds_of(take)
    if take.samples < 2:
        return take
    step = "micro-movement"
    out = with_values(take, step, _skin(take, seconds, micro, draws))
    turns = _head_turns(take, seconds, micro, draws)
    gaze = _gaze(seconds, micro, draws) if micro.eyes_deg else None
    out, _ = turned_head(out, turns, step, eyes=micro.on_target, gaze=gaze)
    shift = 1e-3 * micro.weight_mm * draws.wander("weight", seconds, _WEIGHT_S)
    if micro.weight_mm:
        out = moved_head(out, {"headX": shift, "headY": -0.3 * np.abs(shift)}, step)
    return out


def _skin(take: Take, seconds: FloatArray, micro: Micro, draws: Draws) -> dict[str, FloatArray]:
    """New values ``(n,)`` of brows and lids."""
    columns: dict[str, FloatArray] = {}
    opened = {side: _opened(take, f"eyeBlink{side}") if micro.lids_mm else None for side in _SIDES}
    for stems, amount in ((_BROWS, micro.brows_mm / BROW_MM), (_LIDS, micro.lids_mm / LID_MM)):
        for stem in stems if amount else ():
            both = _unrest(draws, stem, seconds)
            for side, openness in opened.items():
                name = stem + side
                if not take.has(name):
                    continue
                own = _unrest(draws, name, seconds)
                unrest = amount * (_SHARED * both + math.sqrt(1.0 - _SHARED**2) * own)
                if stem in _LIDS and openness is not None:
                    unrest = unrest * openness
                columns[name], _ = added(take, name, course(take, name), unrest)
    return columns


def _unrest(draws: Draws, name: str, seconds: FloatArray) -> FloatArray:
    """Tremor and slower unrest ``(n,)``, deviation 1."""
    quick = draws.wander(f"tremor {name}", seconds, _TREMOR_S)
    slow = draws.wander(f"unrest {name}", seconds, _UNREST_S)
    return _PARTS[0] * quick + _PARTS[1] * slow


def _opened(take: Take, name: str) -> FloatArray:
    """1 while an eye is open, 0 from where it is nearly half shut on ``(n,)``."""
    own = blink_range(take, name)
    if own is None:
        return np.ones(take.samples)
    return smooth_step(1.0 - own.closure(course(take, name)) / _SHUT)


def _head_turns(take: Take, seconds: FloatArray, micro: Micro, draws: Draws) -> FloatArray:
    """What the head turns more by ``(n, 3)``: yaw, pitch, roll."""
    turns = np.zeros((len(seconds), 3))
    sway = math.radians(micro.head_deg)
    if sway:
        for place, (axis, part) in enumerate(zip(("yaw", "pitch", "roll"), _SWAY, strict=True)):
            turns[:, place] = sway * part * draws.wander(f"sway {axis}", seconds, _SWAY_S)
    if micro.weight_mm:
        shift = micro.weight_mm * draws.wander("weight", seconds, _WEIGHT_S)
        turns[:, 0] += _SHIFT_YAW * shift
        turns[:, 2] += _SHIFT_ROLL * shift
    if micro.stress_deg:
        side = np.clip(draws.wander("stress", seconds, 1.5), -1.0, 1.0)
        turns[:, 2] += math.radians(micro.stress_deg) * side * _stress(take, seconds)
    return turns


def _stress(take: Take, seconds: FloatArray) -> FloatArray:
    """How stressed speech is ``(n,)``, 0 to 1: jaws that open wider than just before and after."""
    jaw = course(take, "jawOpen")
    area = np.concatenate([[0.0], np.cumsum(0.5 * (jaw[1:] + jaw[:-1]) * np.diff(seconds))])
    means: list[FloatArray] = []
    for long_s in _STRESS_S:
        low = np.maximum(seconds - 0.5 * long_s, 0.0)
        high = np.minimum(seconds + 0.5 * long_s, seconds[-1])
        means.append(
            (np.interp(high, seconds, area) - np.interp(low, seconds, area))
            / np.maximum(high - low, 1e-9)
        )
    more = np.maximum(means[0] - means[1], 0.0)
    return np.minimum(more / max(float(np.percentile(more, 98)), _LEAST_STRESS), 1.0)


def _gaze(seconds: FloatArray, micro: Micro, draws: Draws) -> FloatArray:
    """What both eyes turn by ``(n, 2)``: they rest, drift, and dart to another place nearby."""
    size = math.radians(micro.eyes_deg)
    shortest, longest = _DART_S
    count = int(float(seconds[-1]) / shortest) + 2
    at = np.cumsum(shortest + (longest - shortest) * draws.even("darts", count))
    number = np.searchsorted(at, seconds, side="right")
    gone = smooth_step((seconds - at[np.maximum(number - 1, 0)]) / _DART_LONG_S)
    turn = np.zeros((len(seconds), 2))
    for place, (axis, part) in enumerate((("aside", 1.0), ("up", 0.6))):
        places = draws.bell(f"dart {axis}", count + 1)
        before, after = places[np.maximum(number - 1, 0)], places[number]
        dart = np.where(number > 0, before + gone * (after - before), after)
        drift = _DRIFT * draws.wander(f"drift {axis}", seconds, _DRIFT_S)
        turn[:, place] = size * part * (dart + drift)
    return turn
