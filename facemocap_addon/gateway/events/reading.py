# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a performance: each kind as it is before and after the step that keeps its edits."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

import bpy
import numpy as np

from ...core.arrays import FloatArray
from ...core.errors import FacemocapError
from ...core.events.blinks.finding import Found, find_with_lids
from ...core.events.listing.blinks import BlinkStep, blink_step, list_blinks
from ...core.events.listing.finding import list_contacts, list_darts, list_transitions
from ...core.events.listing.listed import BLINKS, GAZE, LIPS, Listed
from ...core.events.listing.steps import edits_of, new_place, step_place
from ...core.stack.kinds.blinks import Blinks
from ...core.stack.stack import Stack
from ...core.take import Take
from ...core.timebase import SceneClock
from ..scenes import scene_clock
from ..writing.cleaned_takes import cleaned_take, take_at_hand
from ..writing.kept_stacks import options_of
from ..writing.preparing import ApplyOptions
from ..writing.records import Performance

#: Takes whose blinks are remembered, and lists of events.
_MOST = 8
_found: OrderedDict[int, tuple[weakref.ref[Take], Found]] = OrderedDict()
_lists: OrderedDict[tuple[Any, ...], tuple[tuple[Take, Take], tuple[Listed, ...]]] = OrderedDict()


@dataclass(frozen=True)
class EventTake:
    """A performance's take, and how its seconds lie on the scene's frames.

    Attributes
    ----------
    performance : Performance
    take : Take
        The raw one.
    options : ApplyOptions
    clock : SceneClock
    zero : float
        Scene frame of the take's first sample.
    """

    performance: Performance
    take: Take
    options: ApplyOptions
    clock: SceneClock
    zero: float

    @property
    def stack(self) -> Stack:
        """The performance's stack."""
        return self.options.stack

    def frames(self, at_s: FloatArray) -> FloatArray:
        """Scene frames of seconds on the take's clock."""
        return self.clock.frames(
            np.asarray(at_s, np.float64) - float(self.take.times[0]), self.zero
        )

    def frame(self, at_s: float) -> float:
        """The scene frame of a time."""
        return float(self.frames(np.array([at_s]))[0])

    def seconds(self, frame: float) -> float:
        """The time on the take's clock of a scene frame."""
        at = self.clock.seconds(np.array([frame], np.float64), self.zero)
        return float(at[0]) + float(self.take.times[0])

    def around(self, kind: str) -> tuple[Take, Take]:
        """The take that the step of a kind is given, and what it makes of it."""
        place = step_place(self.stack, kind)
        if place is None:
            before = self._after(new_place(self.stack, kind))
            return before, before
        before = self._after(place)
        return before, self._after(place + 1)

    def played(self) -> Take:
        """The take after all steps."""
        return self._after(len(self.stack.steps))

    def _after(self, steps: int) -> Take:
        part = Stack(self.stack.steps[:steps])
        return cleaned_take(self.take, part, seed=self.options.seed).take

    def blink_step(self) -> BlinkStep:
        """The step of blinks as it is; one that does nothing where there is none."""
        before, _ = self.around(BLINKS)
        place = step_place(self.stack, BLINKS)
        params = Blinks()
        if place is not None and self.stack.steps[place].acts:
            params = cast(Blinks, self.stack.steps[place].params)
        return blink_step(before, found_blinks(before), params, self.options.seed)

    def listed(self, kind: str) -> tuple[Listed, ...]:
        """Events of a kind in the order of time."""
        before, after = self.around(kind)
        edits = edits_of(self.stack, kind)
        place = step_place(self.stack, kind)
        if place is not None and not self.stack.steps[place].acts:
            edits = ()
        key = (kind, id(before), id(after), edits, self._blink_key(kind, place))
        known = _lists.get(key)
        # what the key counts on is held by the entry
        if known is not None and known[0][0] is before and known[0][1] is after:
            _lists.move_to_end(key)
            return known[1]
        if kind == BLINKS:
            out = list_blinks(self.blink_step())
        else:
            find = {GAZE: list_darts, LIPS: list_contacts}.get(kind, list_transitions)
            out = find(before, after, edits)
        _lists[key] = ((before, after), out)
        while len(_lists) > _MOST:
            _lists.popitem(last=False)
        return out

    def _blink_key(self, kind: str, place: int | None) -> str:
        return "" if kind != BLINKS or place is None else self.stack.steps[place].key


def event_take(scene: bpy.types.Scene, performance: Performance) -> EventTake:
    """What the events of a performance are found in.

    Raises
    ------
    FacemocapError
        When its recording or its stack cannot be read.
    """
    text = performance.take_text
    if text is None:
        raise FacemocapError(
            f'The recording that plays on "{performance.character_name}" is no longer in this file',
            "Import it again and apply it",
        )
    options = options_of(performance)
    clock = scene_clock(scene)
    zero = performance.start_frame - (options.range_s[0] or 0.0) * clock.rate_hz
    return EventTake(performance, take_at_hand(text), options, clock, zero)


def need_untweaked(performance: Performance) -> None:
    """Refuse a performance while one of its strips is being edited.

    Raises
    ------
    FacemocapError
        In NLA tweak mode, where Blender lets no Action be run anew.
    """
    for datablock in performance.datablocks:
        data = datablock.animation_data
        if data is not None and data.use_tweak_mode:
            raise FacemocapError(
                f'An NLA strip of "{datablock.name}" is being edited',
                "Leave tweak mode in the NLA editor (Tab) before events are changed",
            )


def found_blinks(take: Take) -> Found:
    """The blinks of a take, found once."""
    known = _found.get(id(take))
    if known is not None and known[0]() is take:
        return known[1]
    found = find_with_lids(take)
    _found[id(take)] = (weakref.ref(take), found)
    while len(_found) > _MOST:
        _found.popitem(last=False)
    return found


def eye_opening(source: EventTake) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Frames ``(n,)`` of what plays, and how far each eye is open there: 1 is open, 0 closed."""
    before, _ = source.around(BLINKS)
    played = source.played()
    out: dict[str, FloatArray] = {}
    for side, lid in found_blinks(before).lids.items():
        name = before.names[lid.column]
        if not played.has(name):
            continue
        column = played.column(name)
        closure = (played.values[:, column] - lid.rest) / (lid.full - lid.rest)
        opening = np.clip(1.0 - closure, 0.0, 1.0).astype(np.float32)
        out[side] = np.where(played.valid[:, column], opening, np.float32(np.nan))
    return source.frames(played.times), out


def forget_events() -> None:
    """Keep nothing in memory any more."""
    _found.clear()
    _lists.clear()
