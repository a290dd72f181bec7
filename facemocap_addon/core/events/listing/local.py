# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of blinks carried out in a stretch of a take alone: what a blink needs that is dragged.

Blinks keep their order, so a dragged one stays between its neighbours; what is farther away does
not change. The outcome is that of the whole take, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...arrays import FloatArray
from ...take import Take
from ..blinks.editing import edit_blinks
from ..blinks.finding import Found
from ..blinks.records import BlinkEdit
from .blinks import BlinkStep, list_blinks
from .listed import EventName, Listed
from .records import DIGITS, name_of

#: A stretch reaches this far (seconds) beyond its blinks, and no farther than this from the dragged
#: one.
_BEYOND_S, _MOST_S = 1.5, 15.0
#: So many blinks to either side are in it.
_NEIGHBOURS = 2


@dataclass(frozen=True)
class Stretch:
    """A part of a step of blinks.

    Attributes
    ----------
    step : BlinkStep
        The whole.
    take : Take
        The part of what the step is given.
    first : int
        Its first sample.
    found : Found
        The blinks in it.
    names : frozenset of (float, str)
        Of these blinks, and of those that are new: rounded seconds and side.
    """

    step: BlinkStep
    take: Take
    first: int
    found: Found
    names: frozenset[tuple[float, str]]

    @property
    def rows(self) -> slice:
        """Its samples of the whole take."""
        return slice(self.first, self.first + self.take.samples)

    def edited(self, own: Sequence[BlinkEdit]) -> FloatArray:
        """Values ``(w, c)`` of the stretch after the step with other edits of its own."""
        edits = [edit for edit in self.step.edits(own) if self._is_here(edit)]
        done = edit_blinks(
            self.take,
            edits,
            self.step.settings,
            spacing_s=self.step.params.min_spacing_s,
            found=self.found,
        )
        return done.take.values

    def listed(self, own: Sequence[BlinkEdit]) -> tuple[Listed, ...]:
        """Its blinks after the step with other edits of its own, as `blinks.list_blinks`."""
        here = tuple(edit for edit in own if self._is_here(edit))
        made = tuple(edit for edit in self.step.made if self._is_here(edit))
        return list_blinks(BlinkStep(self.take, self.found, self.step.params, made), here)

    def _is_here(self, edit: BlinkEdit) -> bool:
        here = _rounded(name_of("blinks", edit)) in self.names
        return here and (edit.op != "copy" or (round(edit.at_s, DIGITS), edit.side) in self.names)


def stretch_around(step: BlinkStep, names: Sequence[EventName]) -> Stretch:
    """The part of a step around blinks that are dragged.

    ``names`` are those of `blinks.list_blinks`.
    """
    listed = list_blinks(step)
    mine = [place for place, event in enumerate(listed) if event.name in names]
    times = step.take.times
    if not mine:
        return _stretch(step, float(times[0]), float(times[-1]))
    low = listed[max(mine[0] - _NEIGHBOURS, 0)]
    high = listed[min(mine[-1] + _NEIGHBOURS, len(listed) - 1)]
    first, last = listed[mine[0]], listed[mine[-1]]
    # at the ends there is nobody who holds it back
    start = low.onset_s - _BEYOND_S if mine[0] >= _NEIGHBOURS else float(times[0])
    end = high.offset_s + _BEYOND_S if mine[-1] + _NEIGHBOURS < len(listed) else float(times[-1])
    return _stretch(step, max(start, first.onset_s - _MOST_S), min(end, last.offset_s + _MOST_S))


def _stretch(step: BlinkStep, start_s: float, end_s: float) -> Stretch:
    take = step.take
    blinks = tuple(b for b in step.found.blinks if start_s <= b.span[0] and b.span[1] <= end_s)
    first = max(int(np.searchsorted(take.times, start_s)) - 1, 0)
    last = min(int(np.searchsorted(take.times, end_s, side="right")) + 1, take.samples)
    rows = slice(first, last)
    lids = {
        side: replace(
            lid,
            values=lid.values[rows],
            valid=lid.valid[rows],
            weights=lid.weights[rows],
            down=lid.down[rows],
        )
        for side, lid in step.found.lids.items()
    }
    part = replace(
        take,
        times=take.times[rows],
        values=take.values[rows],
        valid=take.valid[rows],
        confidence=None,
    )
    inside = {(blink.apex_s, blink.side) for blink in blinks}
    names: set[tuple[float, str]] = set()
    for event in list_blinks(step):
        new = event.is_new and start_s <= event.onset_s and event.offset_s <= end_s
        if new or (not event.is_new and (event.found_s, event.name.part) in inside):
            names.add(_rounded(event.name))
    return Stretch(step, part, first, Found(blinks, lids), frozenset(names))


def _rounded(name: EventName) -> tuple[float, str]:
    return round(name.at_s, DIGITS), name.part
