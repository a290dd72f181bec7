# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a take at other times: smooth between samples, and every peak keeps its height.

Between two samples runs the cubic of Steffen ("A simple method for monotonic interpolation in one
dimension", 1990): it passes through the samples, never beyond them, so holds stay holds and closed
lips closed. A peak or a dip that falls between two of the new samples would be cut off all the
same; the nearer of the two gets its value (as `contacts.captured` does for lids on frames). Where
several want one sample, the most prominent has it. So a peak's value is kept and its time is moved
by half a new sample at most. Lips that were closed for a moment are closed on as many new samples
as make a contact (`contacts.captured.FEWEST_FRAMES`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..contacts.captured import FEWEST_FRAMES, PARTING, lip_contacts
from ..sampling import DROP_STEPS, usual_step
from ..take import Take
from .peaks import peaks_and_dips

#: A step between samples that is longer than this (seconds), and than a dropped row, is a gap.
GAP_S = 0.1
#: Peaks from this prominence on are kept, by kind of channel (radians for angles) ...
LEAST_PEAK = {"weight": 0.05, "angle": 0.02}
#: ... and for all others by this part of the channel's range; ...
LEAST_PART = 0.05
#: ... it is looked for within this time to either side (seconds).
PEAK_S = 0.35
#: New times this near to a sample, in steps, are at the sample.
_AT_SAMPLE = 1e-6
#: Channels that tell closed lips: they are moved together.
_LIPS = ("jawOpen", "mouthClose", *PARTING)


def values_at(
    take: Take, columns: IntArray, at: FloatArray
) -> tuple[FloatArray, BoolArray, FloatArray | None]:
    """Channels of a take at other times.

    Parameters
    ----------
    take : Take
        One sample or more.
    columns : (k,) int
    at : (m,) float64
        Seconds on the take's clock, never falling; beyond its ends the end sample counts.

    Returns
    -------
    values : (m, k) float32
    valid : (m, k) bool
        Both samples around are valid and no gap lies between them, or the time is a valid sample's.
    confidence : (m, k) float32 or None
        Linear between samples.
    """
    at = np.clip(np.asarray(at, np.float64), take.times[0], take.times[-1])
    values = _continuous(take, columns)
    valid = take.valid[:, columns]
    confidence = None if take.confidence is None else take.confidence[:, columns]
    if take.samples == 1:
        rows = np.zeros(len(at), np.int64)
        one = values[rows].astype(np.float32), valid[rows]
        return *one, None if confidence is None else confidence[rows]
    left, share = _places(take.times, at)
    joined = _joined(take.times, valid)
    out = _cubic(take.times, values, joined, left, share)
    start, end = share[:, None] <= 0.0, share[:, None] >= 1.0
    out = np.where(start, values[left], np.where(end, values[left + 1], out))
    there = np.where(start, valid[left], np.where(end, valid[left + 1], joined[left]))
    _keep_peaks(out, there, take, columns, values, at)
    _keep_contacts(out, there, take, columns, values, at)
    if confidence is not None:
        low, high = confidence[left], confidence[left + 1]
        mixed = low + share[:, None] * (high.astype(np.float64) - low)
        confidence = np.where(start, low, np.where(end, high, mixed)).astype(np.float32)
    return np.where(there, out, 0.0).astype(np.float32), there, confidence


def moved(take: Take, columns: IntArray, at: FloatArray) -> Take:
    """The take with some channels ``(k,)`` taken from other times ``(n,)``; the grid stays."""
    values, valid, confidence = values_at(take, columns, at)
    out_values, out_valid = np.array(take.values), np.array(take.valid)
    out_values[:, columns], out_valid[:, columns] = values, valid
    out_confidence = None if take.confidence is None else np.array(take.confidence)
    if out_confidence is not None and confidence is not None:
        out_confidence[:, columns] = confidence
    return replace(take, values=out_values, valid=out_valid, confidence=out_confidence)


# ---------------------------------------------------------------- the curve


def _continuous(take: Take, columns: IntArray) -> FloatArray:
    """Values ``(n, k)`` float64; angles that run over half a turn go on."""
    values = take.values[:, columns].astype(np.float64)
    for place, column in enumerate(columns.tolist()):
        if take.channels[int(column)].kind == "angle":
            valid = take.valid[:, column]
            values[valid, place] = np.unwrap(values[valid, place])
    return values


def _places(times: FloatArray, at: FloatArray) -> tuple[IntArray, FloatArray]:
    """The sample before each time ``(m,)`` and the part of the step beyond it, 0 to 1."""
    left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, len(times) - 2)
    share = (at - times[left]) / (times[left + 1] - times[left])
    share = np.where(share < _AT_SAMPLE, 0.0, np.where(share > 1.0 - _AT_SAMPLE, 1.0, share))
    return left, share


def _joined(times: FloatArray, valid: BoolArray) -> BoolArray:
    """Steps ``(n - 1, k)`` with a value at both ends and no gap between."""
    steps = np.diff(times)
    gap = steps > max(GAP_S, DROP_STEPS * usual_step(times))
    return valid[:-1] & valid[1:] & ~gap[:, None]


def _cubic(
    times: FloatArray, values: FloatArray, joined: BoolArray, left: IntArray, share: FloatArray
) -> FloatArray:
    """Values ``(m, k)`` of the cubics between samples."""
    steps = np.diff(times)[:, None]
    secants = np.where(joined, np.diff(values, axis=0) / steps, 0.0)
    slopes = _slopes(steps, secants, joined)
    step, secant = steps[left], secants[left]
    first, last = slopes[left], slopes[left + 1]
    u = share[:, None]
    bend = 3.0 * secant - 2.0 * first - last
    turn = first + last - 2.0 * secant
    return values[left] + u * step * (first + u * (bend + u * turn))


def _slopes(steps: FloatArray, secants: FloatArray, joined: BoolArray) -> FloatArray:
    """Slopes ``(n, k)`` at the samples; at the ends of what is joined that of the step there."""
    slopes = np.zeros((len(secants) + 1, secants.shape[1]))
    slopes[0], slopes[-1] = secants[0], secants[-1]
    before, after = secants[:-1], secants[1:]
    mean = (before * steps[1:] + after * steps[:-1]) / (steps[1:] + steps[:-1])
    least = np.minimum(np.minimum(np.abs(before), np.abs(after)), 0.5 * np.abs(mean))
    both = joined[:-1] & joined[1:]
    # of two steps that are not joined one has the secant 0
    slopes[1:-1] = np.where(both, (np.sign(before) + np.sign(after)) * least, before + after)
    return slopes


# ---------------------------------------------------------------- peaks


def _keep_peaks(
    out: FloatArray,
    there: BoolArray,
    take: Take,
    columns: IntArray,
    values: FloatArray,
    at: FloatArray,
) -> None:
    """Give each peak's and dip's value to the new sample ``(m, k)`` nearest to it."""
    number = np.arange(len(at), dtype=np.float64)
    # where several new samples are at one time, the first of them is
    rising = np.concatenate([[True], np.diff(at) > 0.0])
    for place, found in enumerate(_peaks(take, columns, values)):
        peaks = found[(take.times[found] >= at[0]) & (take.times[found] <= at[-1])]
        if len(peaks):
            nearest = np.interp(take.times[peaks], at[rising], number[rising])
            rows = np.floor(nearest + 0.5).astype(np.int64)
            kept = there[rows, place]
            # the last of those that want one sample has it, which is the most prominent
            out[rows[kept], place] = values[peaks[kept], place]


def _peaks(take: Take, columns: IntArray, values: FloatArray) -> list[IntArray]:
    """Samples of the peaks and dips of each channel ``(k,)``, the most prominent last."""
    where = [np.flatnonzero(take.valid[:, column]) for column in columns.tolist()]
    own = [values[rows, place] for place, rows in enumerate(where)]
    least: list[float] = []
    for column, each in zip(columns.tolist(), own, strict=True):
        span = float(each.max() - each.min()) if len(each) else 0.0
        least.append(LEAST_PEAK.get(take.channels[int(column)].kind, LEAST_PART * span))
    reach = max(round(PEAK_S / usual_step(take.times)), 1)
    found = peaks_and_dips(own, least, reach)
    return [rows[peaks] for rows, peaks in zip(where, found, strict=True)]


# ---------------------------------------------------------------- lips


def _keep_contacts(
    out: FloatArray,
    there: BoolArray,
    take: Take,
    columns: IntArray,
    values: FloatArray,
    at: FloatArray,
) -> None:
    """Close the lips on the new samples ``(m, k)`` nearest to closures that would be lost."""
    lips = {take.names.index(name) for name in _LIPS if name in take.names}
    places = np.flatnonzero(np.isin(columns, sorted(lips)))
    # where regions move apart, their contacts are not those of the take
    if len(places) < len(lips):
        return
    for contact in lip_contacts(take):
        first = int(np.searchsorted(at, contact.start_s, side="left"))
        last = int(np.searchsorted(at, contact.end_s, side="right"))
        middle = 0.5 * (contact.start_s + contact.end_s)
        if last - first >= FEWEST_FRAMES or not at[0] <= middle <= at[-1]:
            continue
        start = max(first - FEWEST_FRAMES, 0)
        off = np.abs(at[start : last + FEWEST_FRAMES] - middle)
        rows: IntArray = start + np.argsort(off, kind="stable")[:FEWEST_FRAMES]
        inner = take.times[contact.first : contact.last + 1]
        nearest = np.abs(inner[None, :] - at[rows][:, None]).argmin(axis=1) + contact.first
        keep = np.ix_(rows, places)
        out[keep] = np.where(there[keep], values[nearest][:, places], out[keep])
