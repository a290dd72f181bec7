# SPDX-License-Identifier: GPL-3.0-or-later
"""Transitions: expressions come fast, go with a tail, and read as spontaneous or deliberate."""

from __future__ import annotations

from dataclasses import dataclass

from ...contacts.captured import lip_contacts
from ...events.transitions.edits import TransitionEdit, edited_wishes
from ...events.transitions.events import GROUPS, Transition
from ...events.transitions.finding import find_group
from ...events.transitions.planning import FIGURES, READ_AS, Plan, Wish, planned
from ...events.transitions.shaping import performed
from ...take import Take
from ..kind import Kind, Outcome, StepContext
from ..params import param, record_param

#: How often the jaw is tried again with fewer transitions; those within this time (seconds) of a
#: frame whose lips would close otherwise stay.
_TRIES, _NEAR_S = 5, 0.4


@dataclass(frozen=True, slots=True)
class Transitions:
    """What is done to comings and goings."""

    read_as: str = param(
        "recorded",
        label="Read As",
        what="Expressions take as long to come and go as spontaneous or deliberate ones do",
        choices=READ_AS,
    )
    onset: float = param(
        0.85,
        label="Onset",
        what="How long expressions take to come, in parts of what they took; not where they are "
        "to read as something",
        low=0.2,
        high=3.0,
    )
    release: float = param(
        1.0,
        label="Release",
        what="How long they take to go, in parts of what they took; not where they are to read as "
        "something",
        low=0.2,
        high=3.0,
    )
    tail: float = param(
        0.5,
        label="Tail",
        what="How much they fade by and by after a quick start",
        low=0.0,
        high=1.0,
    )
    jaw_hold_s: float = param(
        0.0,
        label="Jaw Hold",
        what="How much later the jaw begins to relax",
        unit="s",
        low=0.0,
        high=0.5,
    )
    groups: tuple[str, ...] = param(
        tuple(GROUPS),
        label="Groups",
        what="What is shaped; edits of others are done all the same",
    )
    edits: tuple[TransitionEdit, ...] = record_param(
        TransitionEdit,
        label="Edits",
        what="Changes of single transitions",
        example={"op": "release", "group": "smile", "at_s": 1.25, "seconds": 0.8},
    )

    def __post_init__(self) -> None:
        for group in self.groups:
            if group not in GROUPS:
                raise ValueError(f'groups has no "{group}": it may hold {", ".join(GROUPS)}')


def apply(take: Take, params: Transitions, context: StepContext) -> Outcome:
    """Shape one group after the other."""
    del context
    counts = {"transitions": 0, "held": 0}
    unmatched: tuple[TransitionEdit, ...] = ()
    remarks: list[str] = []
    for group in GROUPS:
        shapes = group in params.groups
        edits = [edit for edit in params.edits if edit.group == group]
        if not shapes and not edits:
            continue
        events = find_group(take, group)
        wishes = [_wish(event, params) if shapes else Wish.none(event) for event in events]
        wishes, lost = edited_wishes(events, wishes, edits)
        unmatched += lost
        if not events:
            continue
        if group == "jaw":
            take, plans, stayed = _jaw(take, events, wishes)
            remarks += _told_jaw(stayed)
        else:
            plans = planned(events, wishes, *_ends(take))
            take = performed(take, group, plans)
        counts["transitions"] += len(plans)
        counts["held"] += sum(plan.held for plan in plans)
    if params.edits:
        counts["edits_unmatched"] = len(unmatched)
    return Outcome(take, (*remarks, *_told(unmatched, counts["held"])), counts)


def _ends(take: Take) -> tuple[float, float]:
    return float(take.times[0]), float(take.times[-1])


def _jaw(
    take: Take, events: tuple[Transition, ...], wishes: list[Wish]
) -> tuple[Take, tuple[Plan, ...], int]:
    """The take with its jaw as wished, as far as the lips close when they did.

    Where they would not, the transitions around stay as recorded; how many is told.
    """
    contacts = set(lip_contacts(take))
    own = list(wishes)
    stayed: set[int] = set()
    for _ in range(_TRIES):
        plans = planned(events, own, *_ends(take))
        out = performed(take, "jaw", plans)
        others = contacts ^ set(lip_contacts(out))
        if not others:
            return out, plans, len(stayed)
        found = {
            number
            for number, plan in enumerate(plans)
            if own[number] != Wish.none(events[number])
            and any(
                min(plan.onset_s, plan.event.onset_s) - _NEAR_S <= contact.end_s
                and contact.start_s <= max(plan.offset_s, plan.event.offset_s) + _NEAR_S
                for contact in others
            )
        }
        if not found:
            break
        stayed |= found
        own = [
            Wish.none(e) if k in found else w
            for k, (e, w) in enumerate(zip(events, own, strict=True))
        ]
    return take, (), len(events)


def _told_jaw(stayed: int) -> list[str]:
    if not stayed:
        return []
    what = (
        "1 transition of the jaw stays" if stayed == 1 else f"{stayed} transitions of the jaw stay"
    )
    return [f"{what} as recorded: else other frames would have closed lips."]


def _wish(event: Transition, params: Transitions) -> Wish:
    hold = params.jaw_hold_s if event.group == "jaw" else 0.0
    if params.read_as in FIGURES:
        rise, fall = FIGURES[params.read_as][event.group]
        return Wish(rise, fall, params.tail, hold)
    return Wish(event.rise_s * params.onset, event.fall_s * params.release, params.tail, hold)


def _told(unmatched: tuple[TransitionEdit, ...], held: int) -> list[str]:
    said: list[str] = []
    if unmatched:
        times = ", ".join(f"{edit.group} at {edit.at_s:.2f} s" for edit in unmatched[:5])
        many = len(unmatched) > 1
        said.append(
            f"{len(unmatched)} {'edits find' if many else 'edit finds'} no transition any more "
            f"({times}) and {'are' if many else 'is'} left out."
        )
    if held:
        what = "1 transition has" if held == 1 else f"{held} transitions have"
        said.append(f"{what} no room for all of it: the next one comes too soon.")
    return said


KIND = Kind(
    "transitions",
    "Transitions",
    "Let expressions come fast and go with a tail, or read as spontaneous or deliberate",
    Transitions,
    apply,
)
