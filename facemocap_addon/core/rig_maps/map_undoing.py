# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig map does to a sum, undone: offsets, response curves, targets that eyes look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..controls import ControlKey
from ..gaze.gaze_angles import EYE_ANGLES
from ..gaze.gaze_limits import is_target, takes_gaze
from .response import Response, respond
from .rig_map import RigMapEntry

#: Places between two points of a curve at which it is looked up, and halvings from there.
_STEPS, _HALVINGS = 32, 44
#: A flat stretch of a curve longer than this, in the curve's sums, tells nothing.
_LONGEST_FLAT = 1e-3
_FLAT = 1e-12
#: A control this near to a limit, as a part of its range, is at it (curves hold float32).
_AT_LIMIT = 1e-6


def sums_of(
    entries: Sequence[RigMapEntry], controls: Mapping[ControlKey, FloatArray], samples: int
) -> tuple[FloatArray, BoolArray]:
    """Weighted sums ``(n, k)`` behind the values of controls, and where the values tell them."""
    sums = np.zeros((samples, len(entries)))
    sure = np.ones(sums.shape, np.bool_)
    for place, entry in enumerate(entries):
        sums[:, place] = np.asarray(controls[entry.control], np.float64) - entry.offset
    _unreach(entries, sums)
    for place, entry in enumerate(entries):
        sums[:, place], sure[:, place] = respond_inverse(entry.response, sums[:, place])
    return sums, sure


def at_limits(
    entries: Sequence[RigMapEntry], controls: Mapping[ControlKey, FloatArray], samples: int
) -> IntArray:
    """Which limit each control is at ``(n, k)``: -1 the low one, 1 the high one, 0 none.

    The limits of a gaze hold a direction and not the control's own number.
    """
    out = np.zeros((samples, len(entries)), np.int64)
    for place, entry in enumerate(entries):
        if takes_gaze(entry):
            continue
        values = np.asarray(controls[entry.control], np.float64)
        low, high = entry.limits
        slack = _AT_LIMIT * max(high - low, _AT_LIMIT)
        out[:, place] = (values >= high - slack).astype(np.int64) - (values <= low + slack)
    return out


def from_limits(entries: Sequence[RigMapEntry], sums: FloatArray, limits: IntArray) -> IntArray:
    """Where sums ``(n, k)`` would leave controls that are at a limit.

    1 short of the limit, -1 beyond it, 0 at it or where there is none.
    """
    out = np.zeros(sums.shape, np.int64)
    for place, entry in enumerate(entries):
        values = respond(entry.response, sums[:, place]) + entry.offset
        low, high = entry.limits
        slack = _AT_LIMIT * max(high - low, _AT_LIMIT)
        side = limits[:, place]
        short = np.where(side > 0, high - values, np.where(side < 0, values - low, 0.0))
        out[:, place] = (short > slack).astype(np.int64) - (short < -slack)
    return out


def respond_inverse(points: Response, values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """What a response curve makes these values of.

    Parameters
    ----------
    points : sequence of (in, out)
    values : (n,) float

    Returns
    -------
    sums : (n,) float64
        Of a flat stretch the place that is nearest to nought.
    told : (n,) bool
        False on a flat stretch away from nought, on one that is half of the curve, and everywhere
        on a curve that turns back or never rises.
    """
    wanted = np.asarray(values, np.float64)
    everywhere = np.ones(wanted.shape, np.bool_)
    if not points:
        return wanted, everywhere
    ins = np.array([before for before, _ in points])
    span = float(ins[-1] - ins[0])
    # beyond its ends a curve goes on straight
    steps = np.arange((len(ins) - 1) * _STEPS + 1) / _STEPS
    inside = np.interp(steps, np.arange(len(ins)), ins)
    grid: FloatArray = np.concatenate([inside[:1] - span, inside, inside[-1:] + span])
    outs = respond(points, grid)
    sign = 1.0 if outs[-1] >= outs[0] else -1.0
    if (sign * np.diff(outs) < -_FLAT).any() or np.ptp(outs) < _FLAT:
        return np.interp(wanted, np.sort(outs), grid), ~everywhere
    rising, target = sign * outs, sign * wanted
    first = np.clip(np.searchsorted(rising, target - _FLAT, side="left"), 1, len(grid) - 1)
    last = np.clip(np.searchsorted(rising, target + _FLAT, side="right"), first, len(grid) - 1)
    low = _narrowed(points, sign, target - _FLAT, grid[first - 1], grid[first])
    high = _narrowed(points, sign, target + _FLAT, grid[last - 1], grid[last])
    # what is level beyond an end is no more than that end
    low = np.where((low < ins[0]) & (high >= ins[0]), ins[0], low)
    high = np.where((high > ins[-1]) & (low <= ins[-1]), ins[-1], high)
    flat = high - low > _LONGEST_FLAT
    nearest = np.clip(0.0, low, high)
    sums = np.where(flat, nearest, 0.5 * (low + high))
    end = _end_slopes(points)
    sums = np.where(target < rising[0], _beyond(grid[0], outs[0], end[0], wanted), sums)
    sums = np.where(target > rising[-1], _beyond(grid[-1], outs[-1], end[1], wanted), sums)
    # controls that begin to move late stand at nought there; those that never move say nothing
    at_rest = (low <= 0.0) & (high >= 0.0) & (high - low < 0.5 * span)
    return sums, ~flat | at_rest


def _narrowed(
    points: Response, sign: float, target: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Where a rising curve passes ``target`` between two places, by halving."""
    low, high = low.copy(), high.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        below = sign * respond(points, middle) < target
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _end_slopes(points: Response) -> tuple[float, float]:
    """Slopes of the straight parts before the first and after the last point."""
    first, last = points[0][0], points[-1][0]
    places = np.array([first - 1.0, first, last, last + 1.0])
    outs = respond(points, places)
    return float(outs[1] - outs[0]), float(outs[3] - outs[2])


def _beyond(place: float, out: float, slope: float, wanted: FloatArray) -> FloatArray:
    return place + (wanted - out) / slope if abs(slope) > _FLAT else np.full(wanted.shape, place)


def _unreach(entries: Sequence[RigMapEntry], sums: FloatArray) -> None:
    """Let targets of eyes count by their angle again and not by its tangent, in place."""
    bones: dict[tuple[str, str], list[int]] = {}
    for place, entry in enumerate(entries):
        if is_target(entry):
            bones.setdefault((entry.control.owner, entry.control.path), []).append(place)
    for places in bones.values():
        table = np.array([_gains(entries[place]) for place in places])
        tangents: FloatArray = np.einsum("nk,jk->nj", sums[:, places], np.linalg.pinv(table))
        size: FloatArray = np.sqrt(np.sum(tangents**2, axis=1))
        near = np.arctan(size) / np.maximum(size, 1e-12)
        sums[:, places] *= np.where(size > 1e-9, near, 1.0)[:, None]


def _gains(entry: RigMapEntry) -> tuple[float, float]:
    """Sums of the gains of yaws and of pitches, both eyes' together."""
    eyes = [source for source in entry.sources if source.channel in EYE_ANGLES]
    yaw = sum(source.gain for source in eyes if source.channel.endswith("Yaw"))
    return yaw, sum(source.gain for source in eyes if source.channel.endswith("Pitch"))
