# SPDX-License-Identifier: GPL-3.0-or-later
"""What cleaning kept and took, against the undamaged take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facemocap_addon.core.arrays import BoolArray, FloatArray
from facemocap_addon.core.contacts.captured import lip_contacts

from ._cleanup_takes import Damaged, Truth

_LIPS = ("jawOpen", "mouthClose")


@dataclass(frozen=True)
class Figures:
    """Measures of one cleaned take.

    Attributes
    ----------
    rmse, in_events, in_gaps : float
        Root mean square errors on channels that move: where a sample was recorded, of these in and
        around events, and where one was taken away.
    jerk : float
        Third differences, in parts of the truth's.
    peaks : (k,) float64
        Height of each event, in parts of its own.
    shifts : (k,) float64
        Frames that the centroid of the part above half height is off.
    heights : (k,) float64
        How high each event rises.
    kept, contacts, found : int
        Lip contacts kept, of how many, and how many there are in all.
    """

    rmse: float
    in_events: float
    in_gaps: float
    jerk: float
    peaks: FloatArray
    shifts: FloatArray
    heights: FloatArray
    kept: int
    contacts: int
    found: int


def error_of(true: Truth, values: FloatArray, damaged: Damaged) -> float:
    """Root mean square error on moving channels where a sample was recorded."""
    use = (true.known & ~damaged.lost)[:, true.moving]
    return _rms((values - true.values)[:, true.moving][use])


def figures(true: Truth, values: FloatArray, damaged: Damaged) -> Figures:
    """All measures of cleaned values (n, c)."""
    off = (values - true.values)[:, true.moving]
    use = (true.known & ~damaged.lost)[:, true.moving]
    near = _around_events(true)[:, true.moving] & use
    lost = damaged.lost[:, true.moving]
    jerk = _rms(np.diff(values[:, true.moving], 3, axis=0))
    peaks, shifts, heights = _events(true, values, damaged.lost)
    found = lip_contacts(true.take(values))
    lips = [c for c, channel in enumerate(true.channels) if channel.name in _LIPS]
    seen = [
        contact
        for contact in true.contacts
        if true.known[contact.first : contact.last + 1, lips].all()
        and not damaged.lost[contact.first : contact.last + 1, lips].any()
    ]
    kept = [
        any(one.first <= contact.last and one.last >= contact.first for one in found)
        for contact in seen
    ]
    return Figures(
        _rms(off[use]),
        _rms(off[near]),
        _rms(off[lost]),
        jerk / _rms(np.diff(true.values[:, true.moving], 3, axis=0)),
        peaks,
        shifts,
        heights,
        sum(kept),
        len(seen),
        len(found),
    )


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values * values))) if values.size else float("nan")


def _around_events(true: Truth) -> BoolArray:
    out = np.zeros(true.values.shape, np.bool_)
    for event in true.events:
        half = (event.last - event.first) // 2 + 1
        out[max(event.first - half, 0) : event.last + half + 1, event.column] = True
    return out


def _events(
    true: Truth, values: FloatArray, lost: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Peaks, shifts and heights of the events that no gap touches."""
    heights: list[float] = []
    peaks: list[float] = []
    shifts: list[float] = []
    for event in true.events:
        whole = slice(max(event.first - 1, 0), event.last + 2)
        if lost[whole, event.column].any() or not true.known[whole, event.column].all():
            continue
        heights.append(event.height)
        base = true.values[event.peak, event.column] - event.height
        own = values[event.first : event.last + 1, event.column]
        peaks.append((float(own.max()) - base) / event.height)
        half = max((event.last - event.first) // 2, 1)
        rows = np.arange(max(event.first - half, 0), min(event.last + half + 1, len(values)))
        level = base + 0.5 * event.height
        before = np.maximum(true.values[rows, event.column] - level, 0.0)
        after = np.maximum(values[rows, event.column] - level, 0.0)
        if after.sum() <= 0:
            # gone altogether: off by all of its width
            shifts.append(float(event.last - event.first))
            continue
        shifts.append(
            abs(float(rows @ after) / float(after.sum()) - float(rows @ before) / before.sum())
        )
    return np.array(peaks), np.array(shifts), np.array(heights)
