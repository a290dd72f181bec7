# SPDX-License-Identifier: GPL-3.0-or-later
"""How full the lungs are over time, and what of it may be added to a pose without moving it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from .breath_plan import HELD, SPOKEN, Breath

#: A quiet breath out falls with this many of its time constants.
_CONSTANTS = 4.0


@dataclass(frozen=True)
class BreathCurve:
    """The lungs at the samples of a take.

    Attributes
    ----------
    seconds : (n,) float64
    breaths : tuple of Breath
        They cover all seconds.
    level : (n,) float64
        How full the lungs are, in breaths at rest.
    inflow : (n,) float64
        How fast they fill (a second), nought while they empty.
    """

    seconds: FloatArray
    breaths: tuple[Breath, ...]
    level: FloatArray
    inflow: FloatArray

    def rows(self, breath: Breath) -> slice:
        """Samples of a breath."""
        first, last = np.searchsorted(self.seconds, [breath.start_s, breath.end_s], side="left")
        return slice(int(first), int(last))

    def within(self, kinds: Sequence[str], part: str) -> BoolArray:
        """Samples ``(n,)`` in the ``inhale`` or the ``hold`` of breaths of some kinds."""
        out = np.zeros(len(self.seconds), np.bool_)
        for breath in self.breaths:
            if breath.kind in kinds:
                start, end = (
                    (breath.start_s, breath.full_s)
                    if part == "inhale"
                    else (breath.full_s, breath.out_s)
                )
                first, last = np.searchsorted(self.seconds, [start, end], side="left")
                out[first:last] = True
        return out


def breath_curve(seconds: FloatArray, breaths: Sequence[Breath]) -> BreathCurve:
    """The curve of planned breaths at the seconds ``(n,)``."""
    level, inflow = np.zeros(len(seconds)), np.zeros(len(seconds))
    for breath in breaths:
        first, last = np.searchsorted(seconds, [breath.start_s, breath.end_s], side="left")
        part = slice(int(first), int(last))
        level[part], inflow[part] = _one(breath, seconds[part])
    return BreathCurve(seconds, tuple(breaths), level, inflow)


def _one(breath: Breath, seconds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Level and inflow ``(m,)`` within one breath."""
    rise = breath.peak - breath.low
    u = np.clip((seconds - breath.start_s) / breath.inhale_s, 0.0, 1.0)
    if breath.kind == SPOKEN:
        share = u * u * u * (10.0 - 15.0 * u + 6.0 * u * u)
        speed = 30.0 * u * u * (1.0 - u) * (1.0 - u)
    else:
        sine = np.sin(0.5 * np.pi * u)
        share = sine * sine
        speed = 0.5 * np.pi * np.sin(np.pi * u)
    v = np.clip((seconds - breath.out_s) / breath.exhale_s, 0.0, 1.0)
    level = breath.low + rise * share - (breath.peak - breath.end) * _out(breath.kind, v)
    inflow = np.where((u > 0.0) & (u < 1.0), max(rise, 0.0) * speed / breath.inhale_s, 0.0)
    return level, inflow


def _out(kind: str, v: FloatArray) -> FloatArray:
    """Part of a breath ``(m,)`` that is out at a part of the time for it."""
    smooth = v * v * (3.0 - 2.0 * v)
    if kind == SPOKEN:
        return 0.5 * (v + smooth)
    if kind == HELD:
        return smooth
    # the lungs and the chest fall back by themselves
    left = (1.0 + _CONSTANTS * v) * np.exp(-_CONSTANTS * v)
    # what an exponential lacks at its end is taken off without a corner
    return 1.0 - left + smooth * (1.0 + _CONSTANTS) * np.exp(-_CONSTANTS)


def zero_mean(curve: BreathCurve, shape: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """A curve ``(n,)`` of the level whose mean over every whole breath is nought.

    A held breath counts without the time that it is held, in which the curve stands still. The
    level of all breaths together is taken off, and what is left of each breath's own mean by a
    smooth bump in it: a constant for each would jump from one to the next.

    Parameters
    ----------
    curve : BreathCurve
    shape : callable
        Makes the curve's own levels ``(n,)`` of levels.
    """
    out = shape(curve.level)
    inside = [(breath, *_bump(curve, breath)) for breath in curve.breaths]
    whole = [out[rows][moving] for _, rows, moving, _, complete in inside if complete]
    base = float(np.concatenate(whole).mean()) if whole else float(out.mean()) if len(out) else 0.0
    out = out - base
    for breath, rows, moving, bump, complete in inside:
        if not moving.any():
            continue
        if complete:
            mean, height = float(out[rows][moving].mean()), float(bump[moving].mean())
        else:
            dense = np.linspace(breath.start_s, breath.end_s, 64, endpoint=False)
            level, _ = _one(breath, dense)
            still = (dense >= breath.full_s) & (dense < breath.out_s)
            mean = float(shape(level)[~still].mean()) - base
            height = float(_lobes(breath, dense)[~still].mean())
        if height > 1e-9:
            out[rows] -= mean / height * bump
    return out


def _bump(curve: BreathCurve, breath: Breath) -> tuple[slice, BoolArray, FloatArray, bool]:
    """Samples of a breath, which of them move, the bump there, and whether it is whole."""
    rows = curve.rows(breath)
    seconds = curve.seconds[rows]
    moving = (seconds < breath.full_s) | (seconds >= breath.out_s)
    last = float(curve.seconds[-1]) if len(curve.seconds) else 0.0
    complete = breath.start_s >= 0.0 and breath.end_s <= last and len(seconds) > 4
    return rows, moving, _lobes(breath, seconds), complete


def _lobes(breath: Breath, seconds: FloatArray) -> FloatArray:
    """A bump ``(m,)`` over a breath; one on either side of the time it is held."""
    if not breath.hold_s:
        u = (seconds - breath.start_s) / (breath.end_s - breath.start_s)
        return _hill(u)
    rest = breath.end_s - breath.out_s
    return _hill((seconds - breath.start_s) / breath.inhale_s) + _hill(
        (seconds - breath.out_s) / max(rest, 1e-9)
    )


def _hill(u: FloatArray) -> FloatArray:
    u = np.clip(u, 0.0, 1.0)
    return 30.0 * u * u * (1.0 - u) * (1.0 - u)
