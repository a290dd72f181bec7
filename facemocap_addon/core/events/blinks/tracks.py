# SPDX-License-Identifier: GPL-3.0-or-later
"""Blinks of single eyes: pulses of a lid, fitted together, and what is no blink left out.

Each lid is looked at twice: as recorded, and freed of what it does with the gaze. Lids do not
follow the gaze everywhere alike, so of the two the one is kept that a blink fits better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import FloatArray, IntArray
from .blink import EyeBlink
from .chains import Fitted, fit_pulses
from .feet import Feet
from .fitting import Windows
from .lids import EXPLAINED, Lid, find_lid_pulses
from .shape import Shape

#: Slower closings than this (seconds) are no blinks, unless the eye stays shut; partial blinks are
#: quicker and no wider than this.
_SLOWEST_S, _PARTIAL_CLOSING_S, _PARTIAL_S = 0.35, 0.25, 0.35
#: A fit whose rise is less than this part of the least, or of the eye's range, is none, nor one
#: that leaves this part of the rise.
_KEPT, _RISES, _MISFIT = 0.8, 0.17, 0.3
#: ... or than so many deviations of the noise.
_LOUD = 10.5
#: Between fits this part of the step of the open lid counts as misfit.
_STEP = 0.02
#: An eye that is shut for long has closed by this part of its range.
_SHUTS = 0.4
#: Half-widths beyond this (seconds) are closed eyes; closures below `PART` are partial.
LONG_S, PART = 0.5, 0.75
#: Time constants until a reopening lid is half open.
HALF_OPEN = 1.6783
#: Fits of the two courses are of the same blinks when they overlap by this much (seconds).
_MEET_S = 0.02


@dataclass(frozen=True, slots=True)
class _Track:
    """One course of one lid, and its pulses."""

    lid: Lid
    values: FloatArray
    feet: Feet | None

    @property
    def count(self) -> int:
        """Number of its pulses."""
        return 0 if self.feet is None else len(self.feet.peak)


def find_eye_blinks(times: FloatArray, lids: dict[str, Lid]) -> dict[str, list[EyeBlink]]:
    """The blinks of each lid in the order of their apexes."""
    tracks: list[_Track] = []
    for lid in lids.values():
        tracks.append(_Track(lid, lid.values, find_lid_pulses(lid, lid.values, times)))
        if lid.following:
            tracks.append(_Track(lid, lid.freed, find_lid_pulses(lid, lid.freed, times)))
    found = _fitted(times, tracks)
    out: dict[str, list[EyeBlink]] = {side: [] for side in lids}
    for side, lid in lids.items():
        own = [
            [eye for eye in blinks if _is_blink(eye, lid)]
            for track, blinks in zip(tracks, found, strict=True)
            if track.lid is lid
        ]
        chosen = own[0] if len(own) == 1 else _better(own[0], own[1], lid, times)
        out[side] = sorted(chosen, key=lambda eye: eye.shape.apex_s)
    return out


def width_s(shape: Shape) -> float:
    """Time above half of the rise."""
    return 0.5 * shape.closing_s + shape.hold_s + HALF_OPEN * shape.tau_s


def _better(
    plain: list[EyeBlink], freed: list[EyeBlink], lid: Lid, times: FloatArray
) -> list[EyeBlink]:
    """Of the blinks of a lid as recorded and freed of the gaze each once, as it fits better."""
    out: list[EyeBlink] = []
    for one, two in _meetings(plain, freed):
        if one and two:
            out += min(one, two, key=lambda some: float(np.mean([_misfit(eye) for eye in some])))
            continue
        out += [eye for eye in one if _explained(eye, lid, times) < EXPLAINED]
        for eye in two:
            # a gaze that lifts makes a pulse of a lid that does nothing
            rows = _rows_at(times, eye.shape.start_s, eye.shape.apex_s, eye.shape.reopened_s)
            before, peak, after = lid.values[rows]
            if peak - max(before, after) > 0.5 * eye.shape.rise:
                out.append(eye)
    return out


def _meetings(
    plain: list[EyeBlink], freed: list[EyeBlink]
) -> list[tuple[list[EyeBlink], list[EyeBlink]]]:
    """Blinks of both courses that lie at the same time, put together."""
    every = [(eye, 0) for eye in plain] + [(eye, 1) for eye in freed]
    every.sort(key=lambda each: each[0].shape.half_s)
    out: list[tuple[list[EyeBlink], list[EyeBlink]]] = []
    until = -np.inf
    for eye, which in every:
        shape = eye.shape
        ends = shape.opens_s + HALF_OPEN * shape.tau_s
        if shape.half_s > until - _MEET_S:
            out.append(([], []))
        out[-1][which].append(eye)
        until = max(until, ends)
    return out


def _misfit(eye: EyeBlink) -> float:
    """What a fit leaves; less likely are lids that do not open as far as they were."""
    return eye.error * eye.shape.rise + _STEP * abs(eye.after - eye.before)


def _explained(eye: EyeBlink, lid: Lid, times: FloatArray) -> float:
    """Part of a rise that the gaze explains."""
    rows = _rows_at(times, eye.shape.start_s, eye.shape.apex_s, eye.shape.reopened_s)
    before, peak, after = lid.down[rows]
    return lid.following * (peak - max(before, after)) / max(eye.shape.rise, 1e-6)


def _rows_at(times: FloatArray, *seconds: float) -> IntArray:
    return np.clip(np.searchsorted(times, seconds), 0, len(times) - 1)


def _is_blink(eye: EyeBlink, lid: Lid) -> bool:
    """Whether a fit is a blink, or an eye that is shut, and not a lid that sinks for a while."""
    shape = eye.shape
    least = max(_KEPT * lid.least, _RISES * (lid.full - lid.rest), _LOUD * lid.noise)
    if shape.rise < least or eye.error > _MISFIT:
        return False
    if width_s(shape) > LONG_S:
        return eye.closure >= PART and shape.rise > _SHUTS * (lid.full - lid.rest)
    if eye.closure < PART:
        return width_s(shape) <= _PARTIAL_S and shape.closing_s <= _PARTIAL_CLOSING_S
    return shape.closing_s <= _SLOWEST_S


# ---------------------------------------------------------------- fits


def _fitted(times: FloatArray, tracks: list[_Track]) -> list[list[EyeBlink]]:
    """The pulses of each track as fitted blinks."""
    some = [track.feet for track in tracks if track.feet is not None]
    if not some:
        return [[] for _ in tracks]
    owner = np.repeat(np.arange(len(tracks)), [track.count for track in tracks])
    names = ("low", "high", "falls", "ends", "peak", "before", "after")
    feet = Feet(*(np.concatenate([getattr(each, name) for each in some]) for name in names))
    nothing = np.empty(0, np.int64)
    series = Windows(
        times=np.tile(times, len(tracks)),
        values=np.concatenate([track.values for track in tracks]),
        weights=np.concatenate([track.lid.weights for track in tracks]),
        first=nothing,
        count=nothing,
        noise=np.array([track.lid.noise for track in tracks]),
    )
    out: list[list[EyeBlink]] = [[] for _ in tracks]
    for place, fitted in zip(owner.tolist(), fit_pulses(feet, owner, times, series), strict=True):
        out[place].append(_eye_blink(fitted, tracks[place], times))
    return out


def _eye_blink(fitted: Fitted, track: _Track, times: FloatArray) -> EyeBlink:
    """What was fitted, as a blink of an eye; levels are those of the lid as recorded."""
    shape, lid = fitted.shape, track.lid
    scale, gaze = 1.0, 0.0
    if track.values is not lid.values:
        row = int(_rows_at(times, shape.apex_s)[0])
        scale, gaze = lid.kept, lid.gaze(row, shape.rise)
    return EyeBlink(
        side=lid.side,
        shape=shape,
        before=scale * fitted.before + gaze,
        after=scale * fitted.after + gaze,
        closure=lid.closure(float(lid.values[_top(times, shape)].max())),
        error=fitted.left / max(shape.rise, 1e-6),
    )


def _top(times: FloatArray, shape: Shape) -> slice:
    """Samples near the apex, of which one is the highest."""
    begin = shape.closed_s - 0.3 * shape.closing_s
    first, end = np.searchsorted(times, [begin, shape.opens_s + shape.tau_s])
    row = int(_rows_at(times, shape.apex_s)[0])
    return slice(max(min(int(first), row - 1), 0), max(int(end), row + 1))
