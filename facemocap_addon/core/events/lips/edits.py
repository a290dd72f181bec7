# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of single contacts of the lips, as records that are found again when the take changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...take import Take
from ..edit_records import EditForm
from .events import LipEvent
from .finding import lip_gap
from .mouth import Mouth
from .sound import Heard

OPS = ("move", "hold", "open", "close", "press")
#: An edit is of the contact that is nearest, within half of its length and this (seconds).
TOLERANCE_S = 0.15
#: Lips close and open within this time (seconds) around a contact that is put in or taken out.
_CLOSING_S, _OPENING_S = 0.06, 0.09
#: Where a contact is taken out the lips stay at least this far apart.
_OPEN = 0.06
#: A contact that is put in and says no length lasts this long (seconds).
_USUAL_S = 0.09
#: Contacts stay this far apart (seconds).
_APART_S = 0.05
_FORM = EditForm(
    "lips",
    OPS,
    '{"op": "hold", "at_s": 1.25, "by_s": 0.04}',
    {"by_s": (-5.0, 5.0), "length_s": (0.02, 30.0), "amount": (0.0, 3.0)},
)


@dataclass(frozen=True, slots=True)
class LipEdit:
    """One change of one contact.

    Attributes
    ----------
    op : str
        ``move`` by ``by_s``; ``hold`` longer (or less long) by ``by_s``; ``open`` takes it out;
        ``close`` puts one in that lasts ``length_s``; ``press`` by ``amount`` of what the step
        gives it.
    at_s : float
        Middle of the contact as it was found when edited, or of the new one.
    """

    op: str
    at_s: float
    by_s: float = 0.0
    length_s: float = _USUAL_S
    amount: float = 1.0

    @staticmethod
    def from_json(data: Any) -> LipEdit:
        """The edit of a JSON object.

        Raises
        ------
        FacemocapError
        """
        op, numbers = _FORM.read(data)
        return LipEdit(op, **numbers)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        name = {"move": "by_s", "hold": "by_s", "close": "length_s", "press": "amount"}.get(self.op)
        more = {} if name is None else {name: getattr(self, name)}
        return {"op": self.op, "at_s": self.at_s, **more}


@dataclass(frozen=True, slots=True)
class EditedLips:
    """A take with edits.

    Attributes
    ----------
    take : Take
    unmatched : tuple of LipEdit
        Edits of which no contact was found.
    firmness : tuple of (float, float)
        Middle of contacts that press otherwise, and how much.
    """

    take: Take
    unmatched: tuple[LipEdit, ...]
    firmness: tuple[tuple[float, float], ...]


def edited(take: Take, events: Sequence[LipEvent], edits: Sequence[LipEdit]) -> EditedLips:
    """The take with its contacts edited."""
    if not take.has("jawOpen"):
        return EditedLips(take, tuple(edits), ())
    found, unmatched = _matched(events, [edit for edit in edits if edit.op != "close"])
    opened = np.zeros(take.samples)
    closed = np.zeros(take.samples)
    firmness: list[tuple[float, float]] = []
    for number, own in found:
        event = events[number]
        start, end = event.start_s, event.end_s
        for edit in own:
            if edit.op == "press":
                firmness.append((event.apex_s, edit.amount))
            start += edit.by_s if edit.op == "move" else 0.0
            end += edit.by_s if edit.op in ("move", "hold") else 0.0
        gone = any(edit.op == "open" for edit in own)
        if not gone and (start, end) == (event.start_s, event.end_s):
            continue
        if gone or start > event.start_s or end < event.end_s:
            opened = np.maximum(opened, _weight(take.times, event.start_s, event.end_s))
        if not gone:
            start, end = _with_room(events, number, start, end)
            closed = np.maximum(closed, _weight(take.times, start, end))
    for edit in edits:
        if edit.op == "close":
            if not take.samples or not take.times[0] <= edit.at_s <= take.times[-1]:
                unmatched += (edit,)
                continue
            half = 0.5 * edit.length_s
            closed = np.maximum(closed, _weight(take.times, edit.at_s - half, edit.at_s + half))
    if not opened.any() and not closed.any():
        return EditedLips(take, unmatched, tuple(firmness))
    mouth = Mouth(take)
    gap = lip_gap(take)
    apart = _bridged(take.times, gap, opened)
    wanted = gap + opened * np.maximum(apart - gap, 0.0)
    mouth.widen(np.where(opened > 0.0, wanted - gap, 0.0))
    mouth.widen(np.where(closed > 0.0, -closed * np.maximum(wanted, 0.0), 0.0))
    mouth.let_close(closed)
    return EditedLips(mouth.taken("lip contacts edited"), unmatched, tuple(firmness))


def _matched(
    events: Sequence[LipEvent], edits: Sequence[LipEdit]
) -> tuple[list[tuple[int, list[LipEdit]]], tuple[LipEdit, ...]]:
    """Places of contacts with their edits, one to one for each time, and edits left over."""
    by_time: dict[float, list[LipEdit]] = {}
    for edit in edits:
        by_time.setdefault(edit.at_s, []).append(edit)
    near = sorted(
        (abs(event.apex_s - at), at, number)
        for at in by_time
        for number, event in enumerate(events)
        if abs(event.apex_s - at) <= 0.5 * event.duration_s + TOLERANCE_S
    )
    found: dict[float, int] = {}
    for _, at, number in near:
        if at not in found and number not in found.values():
            found[at] = number
    lost = tuple(edit for at, own in by_time.items() if at not in found for edit in own)
    return [(number, by_time[at]) for at, number in found.items()], lost


def _with_room(
    events: Sequence[LipEvent], number: int, start: float, end: float
) -> tuple[float, float]:
    """Start and end of a contact that stays between its neighbours."""
    low = events[number - 1].end_s + _APART_S if number else -math.inf
    high = events[number + 1].start_s - _APART_S if number + 1 < len(events) else math.inf
    low, high = min(low, events[number].start_s), max(high, events[number].end_s)
    if start < low:
        start, end = low, max(end + low - start, low + 0.02)
    if end > high:
        start, end = max(start - (end - high), low), high
    return start, max(end, start + 0.02)


def _weight(times: FloatArray, start: float, end: float) -> FloatArray:
    """1 from start to end, smooth to nought around."""
    before = np.clip((times - start) / _CLOSING_S + 1.0, 0.0, 1.0)
    after = np.clip((end - times) / _OPENING_S + 1.0, 0.0, 1.0)
    share = np.minimum(before, after)
    return share * share * (3.0 - 2.0 * share)


def _bridged(times: FloatArray, gap: FloatArray, opened: FloatArray) -> FloatArray:
    """How far apart lips are ``(n,)`` if they do not close where they are opened."""
    outside = opened == 0.0
    if not outside.any():
        return np.full(len(gap), _OPEN)
    line: FloatArray = np.interp(times, times[outside], gap[outside])
    return np.maximum(line, _OPEN)


def contacts_heard_only(
    events: Sequence[LipEvent], heard: Heard, start_s: float
) -> tuple[LipEdit, ...]:
    """Edits that close the lips where a burst is heard and no contact ends.

    They are suggestions: a burst of the tongue sounds alike.
    """
    found: list[LipEdit] = []
    for burst in heard.bursts_s:
        at = start_s + burst
        if all(not event.start_s - 0.1 <= at <= event.end_s + 0.1 for event in events):
            found.append(LipEdit("close", round(at - 0.5 * _USUAL_S, 4), length_s=_USUAL_S))
    return tuple(found)
