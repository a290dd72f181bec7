# SPDX-License-Identifier: GPL-3.0-or-later
"""Swapped, jumping, slipped and hidden markers of a take repaired, in this order, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..points import Points
from .filling import fill_gaps
from .head import HeadMotion, checked, refit, separate_head
from .records import SPIKE, STUCK, Repair, RepairReport
from .runs import runs_of
from .slips import find_slips
from .spikes import find_spikes
from .swaps import find_swaps, renamed

#: A marker that moves less than this part of the head's motion at its place is not on the head.
_STUCK = 0.02
#: The head must move this far, in deviations of the noise, before that can be told.
_MOVES = 10.0


@dataclass(frozen=True)
class Repaired:
    """A take's points after repair.

    Attributes
    ----------
    points : Points
        New; the take's own are untouched.
    motion : HeadMotion
        The head's motion of the repaired points.
    report : RepairReport
    """

    points: Points
    motion: HeadMotion
    report: RepairReport


def repair_points(
    points: Points,
    stable: Sequence[str] | None = None,
    *,
    fill: bool = True,
    dense: bool = False,
) -> Repaired:
    """Repair markers.

    Parameters
    ----------
    points : Points
        In space; rows evenly spaced in time.
    stable : sequence of str, optional
        Names of points that move with the skull; found from the take when not given.
    fill : bool
        Whether hidden markers are filled.
    dense : bool
        Hundreds of landmarks of one tracker: they neither swap nor slip, and are not filled.

    Raises
    ------
    FacemocapError
        When the head's motion cannot be told, see `separate_head`.
    """
    places, valid, notes = checked(points)
    tidy = replace(points, positions=places, valid=valid)
    motion = separate_head(tidy, stable)
    names = points.names
    repairs: list[Repair] = []
    trust = points.confidence
    swapped = None if dense else find_swaps(motion.to_head(places), valid, names)
    if swapped is not None and swapped.repairs:
        repairs += swapped.repairs
        places = renamed(places, swapped.columns)
        valid = renamed(valid, swapped.columns) > 0
        trust = None if trust is None else renamed(trust, swapped.columns)
        motion = refit(replace(tidy, positions=places, valid=valid, confidence=None), motion)
    stuck = _stuck(places, valid, motion)
    repairs += [
        Repair(names[k], STUCK, 0, len(places) - 1, "nothing was changed", 1.0)
        for k in np.flatnonzero(stuck).tolist()
    ]
    on_head = motion.to_head(places)
    spikes = find_spikes(on_head, valid) & ~stuck
    repairs += _spike_records(spikes, on_head, valid, names)
    valid = valid & ~spikes
    slips = None if dense else find_slips(on_head, valid & ~stuck, names)
    slipped = slips is not None and bool(slips.repairs)
    if slips is not None and slipped:
        repairs += slips.repairs
        places = motion.to_take(on_head + slips.offsets)
    if slipped or spikes.any():
        motion = refit(Points(names, np.where(valid[:, :, None], places, 0.0), valid), motion)
    done = valid
    if fill and not dense:
        filled = fill_gaps(motion.to_head(places), valid, names, motion.noise_m, stuck)
        made = filled.valid & ~valid
        places = np.where(made[:, :, None], motion.to_take(filled.places), places)
        repairs += filled.repairs
        notes += filled.notes
        done = filled.valid
        if trust is not None:
            trust = np.where(made, 1.0 / (1.0 + (filled.error_m / 2e-3) ** 2), trust)
    out = Points(names, np.where(done[:, :, None], places, 0.0), done, trust)
    ordered = tuple(sorted(repairs, key=lambda r: (r.first, r.kind, r.marker)))
    return Repaired(out, motion, RepairReport(ordered, (*notes, *motion.notes)))


def _stuck(places: FloatArray, valid: BoolArray, motion: HeadMotion) -> BoolArray:
    """Markers ``(p,)`` that stay where they are in space while the head moves."""
    if len(places) < 2:
        return np.zeros(valid.shape[1], np.bool_)
    masked = np.where(valid[:, :, None], places, np.nan)
    out = np.zeros(valid.shape[1], np.bool_)
    for marker in np.flatnonzero(valid.sum(axis=0) >= 2).tolist():
        rows = valid[:, marker]
        moved = float(np.linalg.norm(np.nanstd(masked[rows, marker], axis=0)))
        place = motion.to_head(places)[rows, marker].mean(axis=0)
        carried = place @ np.swapaxes(motion.rotations[rows], 1, 2) + motion.translations[rows]
        would = float(np.linalg.norm(carried.std(axis=0)))
        out[marker] = would > _MOVES * motion.noise_m and moved < _STUCK * would
    return out


def _spike_records(
    spikes: BoolArray, on_head: FloatArray, valid: BoolArray, names: tuple[str, ...]
) -> list[Repair]:
    repairs: list[Repair] = []
    for marker in np.flatnonzero(spikes.any(axis=0)).tolist():
        good = np.flatnonzero(valid[:, marker] & ~spikes[:, marker])
        for first, last in runs_of(spikes[:, marker]):
            size = 0.0
            if len(good):
                rows = np.arange(first, last + 1)
                known: Any = on_head[good, marker]
                parts: list[Any] = [np.interp(rows, good, known[:, axis]) for axis in range(3)]
                course = np.stack(parts, axis=1)
                away = on_head[first : last + 1, marker] - course
                size = float(np.sqrt((away**2).sum(axis=1).max()))
            repairs.append(
                Repair(
                    names[marker], SPIKE, first, last, "taken out",
                    round(float(np.clip(1.0 - 1e-3 / max(size, 1e-3), 0.5, 1.0)), 3),
                    size_m=size,
                )
            )  # fmt: skip
    return repairs
