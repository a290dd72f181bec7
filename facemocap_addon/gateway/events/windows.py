# SPDX-License-Identifier: GPL-3.0-or-later
"""A stretch of a performance solved by itself, as it plays and as it would play otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import bpy
import numpy as np

from ...core.actor.example_controls import with_posed_controls
from ...core.actor.example_solving import (
    ExampleMapping,
    fit_to_rig_map,
    retarget_with_examples,
)
from ...core.actor.range_of_motion import calibrated
from ...core.arrays import BoolArray, FloatArray, IntArray
from ...core.gaze.gaze_angles import NO_NEUTRAL, Neutral, find_neutral
from ...core.rig_maps.retargeting import SolveResult, retarget
from ...core.rig_maps.rig_map import RigMap
from ...core.take import Take
from ...core.take_edits import mirror_take, trim_take
from ..applying.rewriting import SPAN
from ..characters.characters import CharacterObjects, read_character
from ..writing.drafts import contact_change
from ..writing.records import KEY
from .reading import EventTake


@dataclass(frozen=True)
class Window:
    """What it takes to solve a stretch of a performance.

    Attributes
    ----------
    source : EventTake
    picked : CharacterObjects
    part : Take
        The stretch of what plays, as recorded: not mirrored, not calibrated.
    rig_map : RigMap
    mapping : ExampleMapping or None
    neutral : Neutral
    times, frames : (w,) float64
        Where keys are.
    """

    source: EventTake
    picked: CharacterObjects
    part: Take
    rig_map: RigMap
    mapping: ExampleMapping | None
    neutral: Neutral
    times: FloatArray
    frames: FloatArray

    def solved(self, values: FloatArray) -> SolveResult:
        """Control values at the keys for values ``(s, c)`` of the stretch."""
        options = self.source.options
        take = _played(replace(self.part, values=values), self.source)
        if self.mapping is not None:
            return retarget_with_examples(
                take, self.rig_map, self.mapping, self.times, raw=options.raw, neutral=self.neutral
            )
        return retarget(take, self.rig_map, self.times, raw=options.raw, neutral=self.neutral)

    def contact_change(self, solved: SolveResult) -> FloatArray | None:
        """What bringing lids and lips together changed at the keys ``(w, k)``; None if unknown."""
        action = self.source.performance.action
        known = contact_change(action)
        span = list(action[KEY].get(SPAN, ()))
        if known is None or not span or self.source.options.on_capture_times:
            return None
        controls, change = known
        rows = np.round(self.frames - span[0]).astype(np.int64)
        if len(rows) and not 0 <= rows[0] <= rows[-1] < len(change):
            return None
        places = {control: place for place, control in enumerate(controls)}
        out = np.zeros(solved.values.shape)
        for column, control in enumerate(solved.controls):
            if control in places:
                out[:, column] = change[rows, places[control]]
        return out


def _played(take: Take, source: EventTake) -> Take:
    options = source.options
    if options.actor_range is not None and not options.raw:
        take = calibrated(take, options.actor_range)
    return mirror_take(take) if options.mirror else take


def open_window(
    scene: bpy.types.Scene, source: EventTake, start_s: float, end_s: float
) -> Window | None:
    """A stretch of seconds on the take's clock; None where no key is in it."""
    performance, options = source.performance, source.options
    picked = performance.picked(scene)
    take = source.played()
    whole = _played(take, source)
    neutral = NO_NEUTRAL if options.raw else find_neutral(whole)
    _, first_s, last_s = trim_take(whole, *options.range_s)
    first = max(int(np.searchsorted(take.times, start_s, side="right")) - 1, 0)
    last = min(int(np.searchsorted(take.times, end_s)) + 1, take.samples)
    rows = slice(first, last)
    part = replace(
        take,
        times=take.times[rows],
        values=take.values[rows],
        valid=take.valid[rows],
        confidence=None,
    )
    times, frames = _keys(source, part.times, (first_s, last_s))
    if not len(frames):
        return None
    rig_map, mapping = performance.rig_map, None
    if options.examples is not None and not options.raw:
        controls = read_character(picked, scene).controls
        rig_map = with_posed_controls(rig_map, options.examples, controls)
        mapping = fit_to_rig_map(options.examples, rig_map, neutral=neutral)
    return Window(source, picked, part, rig_map, mapping, neutral, times, frames)


def _keys(
    source: EventTake, times: FloatArray, ends: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Seconds and frames of keys within a stretch: as `placement.solve_on_frames` has them."""
    start_s, end_s = ends
    start = source.options.start_frame
    if source.options.on_capture_times:
        own = times[(times >= start_s) & (times <= end_s)]
        return own, source.clock.frames(own - start_s, start)
    low, high = source.clock.frames(np.array([times[0], times[-1]]) - start_s, start)
    low = max(np.ceil(low - 1e-6), np.ceil(start - 1e-6))
    frames = np.arange(low, np.floor(high + 1e-6) + 1.0)
    at = start_s + source.clock.seconds(frames, start)
    kept: BoolArray = at <= end_s + 1e-9
    return at[kept], frames[kept]


def columns_that_differ(one: FloatArray, two: FloatArray) -> IntArray:
    """Places of columns that differ anywhere."""
    return np.flatnonzero((one != two).any(axis=0))


def of_columns(solved: SolveResult, values: FloatArray, columns: IntArray) -> SolveResult:
    """Some controls alone, with other values ``(w, k)``."""
    return SolveResult(
        tuple(solved.controls[place] for place in columns.tolist()),
        solved.times,
        values[:, columns],
        solved.known[:, columns],
        solved.clipped[:, columns],
        solved.residual,
        solved.beyond[:, columns],
        solved.neutral,
    )


def warped(
    change: FloatArray, frames: FloatArray, moves: list[tuple[FloatArray, FloatArray]]
) -> FloatArray:
    """What belongs to blinks goes where they go.

    Parameters
    ----------
    change : (w, k) float
        At ``frames``.
    frames : (w,) float
    moves : list of (float array, float array)
        Frames of onset, apex and offset of each blink: where they were, and where they are.
    """
    out = change.copy()
    for was, now in moves:
        if not np.array_equal(was, now):
            out[(frames >= was[0]) & (frames <= was[-1])] = 0.0
    for was, now in moves:
        rows = np.flatnonzero((frames >= now[0]) & (frames <= now[-1]))
        if np.array_equal(was, now) or not len(rows):
            continue
        # onset, apex and offset in the order of time, none at the same time as another
        at = np.interp(frames[rows], now, was)
        for column in np.flatnonzero(change.any(axis=0)).tolist():
            out[rows, column] = np.interp(at, frames, change[:, column])
    return out
