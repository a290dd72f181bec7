# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips: contacts arrive at speed, press, seal and stick."""

from __future__ import annotations

from dataclasses import dataclass

from ...events.lips.edits import EditedLips, LipEdit, edited
from ...events.lips.events import LipEvent
from ...events.lips.finding import find_lip_contacts
from ...events.lips.shaping import LipShape, shape_lips
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param, record_param

#: A contact found again after an edit lies within this time (seconds) of where it was.
_AGAIN_S = 0.15


@dataclass(frozen=True, slots=True)
class Lips:
    """What is done to contacts of the lips."""

    arrive: float = param(
        1.0,
        label="Arrive",
        what="How much of the slowing down before lips meet goes; they meet on the same frame",
        low=0.0,
        high=1.0,
    )
    press: float = param(
        0.3,
        label="Press",
        what="How firmly the lips press once they touch; those that close faster press more",
        low=0.0,
        high=1.0,
    )
    seal: float = param(
        1.0,
        label="Seal",
        what="How much of what is still open in a contact is closed",
        low=0.0,
        high=1.0,
    )
    sticky: float = param(
        0.0,
        label="Sticky",
        what="How much lips that part slowly hang together for a moment; contacts then last longer",
        low=0.0,
        high=1.0,
    )
    edits: tuple[LipEdit, ...] = record_param(
        LipEdit,
        label="Edits",
        what="Changes of single contacts",
        example={"op": "hold", "at_s": 1.25, "by_s": 0.04},
    )


def apply(take: Take, params: Lips, context: StepContext) -> Outcome:
    """Edit, then shape."""
    del context
    events = find_lip_contacts(take)
    done = EditedLips(take, (), ())
    counts: dict[str, int] = {}
    remarks: list[str] = []
    if params.edits:
        done = edited(take, events, params.edits)
        take = done.take
        events = find_lip_contacts(take)
        counts["edits_unmatched"] = len(done.unmatched)
        remarks += _told(done)
    shape = LipShape(params.arrive, params.press, params.seal, params.sticky)
    shaped = shape_lips(take, events, shape, _firmness(events, done))
    if not shaped.sealed:
        remarks.append("Contacts are not sealed: other frames would have closed as well.")
    counts["contacts"] = len(events)
    counts["pressed"] = shaped.pressed
    if params.sticky:
        counts["stuck"] = shaped.stuck
    return Outcome(shaped.take, tuple(remarks), counts)


def _firmness(events: tuple[LipEvent, ...], done: EditedLips) -> dict[int, float]:
    """How much contacts press that have their own, by their place after the edits."""
    found: dict[int, float] = {}
    for at, amount in done.firmness:
        near = [(abs(event.apex_s - at), place) for place, event in enumerate(events)]
        if near and min(near)[0] <= _AGAIN_S + 0.5 * events[min(near)[1]].duration_s:
            found[min(near)[1]] = amount
    return found


def _told(done: EditedLips) -> list[str]:
    if not done.unmatched:
        return []
    times = ", ".join(f"{edit.at_s:.2f}" for edit in done.unmatched[:5])
    many = len(done.unmatched) > 1
    what = "edits find" if many else "edit finds"
    left = "are left out" if many else "is left out"
    count = len(done.unmatched)
    return [f"{count} {what} no contact of the lips any more (at {times} s) and {left}."]


KIND = Kind(
    "lips",
    "Lips",
    "Let lips meet at speed and press, seal their contacts, and let them stick",
    Lips,
    apply,
)
