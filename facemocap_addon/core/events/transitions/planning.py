# SPDX-License-Identifier: GPL-3.0-or-later
"""When each transition is to come and go: wishes, and the room that its neighbours leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .events import Transition

READ_AS = ("recorded", "spontaneous", "deliberate")
#: Seconds of onset and offset (10 to 90 %) by how an expression reads. Spontaneous: onsets of
#: smiles of 0.5 to 0.7 s and offsets of up to 1 s read as genuine; deliberate ones come and go
#: faster, brows above all (docs/transitions.md says which of these are published).
FIGURES = {
    "spontaneous": {
        "smile": (0.6, 1.0), "cheek": (0.6, 1.0), "jaw": (0.5, 0.9),
        "brow_up": (0.65, 0.7), "brow_down": (0.45, 0.4),
    },
    "deliberate": {
        "smile": (0.3, 0.4), "cheek": (0.3, 0.4), "jaw": (0.3, 0.4),
        "brow_up": (0.25, 0.3), "brow_down": (0.2, 0.25),
    },
}  # fmt: skip
#: Half of a fall is passed at this part of it where it fades by and by.
_TAIL_HALF = 0.27
#: Where it is passed later than this, something was held and sagged before it went: no tail.
_SAGS = 0.65
#: Two transitions are this far apart (seconds), and none is shorter.
APART_S, SHORTEST_S = 0.04, 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """Where one transition's parts are put; `Transition` has what they were.

    Attributes
    ----------
    event : Transition
    onset_s, top_s, apex_s, bottom_s, half_s, offset_s : float
    scale : float
        How far it goes, in parts of what it did.
    held : bool
        Whether there was no room for all that was wished.
    """

    event: Transition
    onset_s: float
    top_s: float
    apex_s: float
    bottom_s: float
    half_s: float
    offset_s: float
    scale: float = 1.0
    held: bool = False

    @property
    def moves(self) -> bool:
        """Whether anything comes at another time."""
        own, was = self, self.event
        return any(
            getattr(own, name) != getattr(was, name)
            for name in ("onset_s", "top_s", "apex_s", "bottom_s", "half_s", "offset_s")
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wished of one transition.

    Attributes
    ----------
    rise_s, fall_s : float
        How long it takes to come and to go, 10 to 90 %.
    tail : float
        How much it fades by and by, 0 to 1.
    hold_s : float
        How much later it begins to go.
    by_s : float
        How much later all of it is.
    scale : float
        How far it goes, in parts of what it did.
    """

    rise_s: float
    fall_s: float
    tail: float = 0.0
    hold_s: float = 0.0
    by_s: float = 0.0
    scale: float = 1.0

    @staticmethod
    def none(event: Transition) -> Wish:
        """To stay as recorded."""
        return Wish(event.rise_s, event.fall_s)


def planned(
    events: Sequence[Transition], wishes: Sequence[Wish], start_s: float, end_s: float
) -> tuple[Plan, ...]:
    """Plans of one group's transitions in order, none over another or over the take's ends."""
    plans = [_wished(event, wish) for event, wish in zip(events, wishes, strict=True)]
    for number in range(len(plans)):
        low = plans[number - 1].bottom_s if number else start_s
        plans[number] = _moved_inside(plans[number], low, end_s)
    for number, plan in enumerate(plans):
        before = plans[number - 1] if number else None
        if before is None:
            if plan.onset_s < start_s:
                plans[number] = replace(
                    plan, onset_s=min(max(start_s, plan.event.onset_s), plan.top_s), held=True
                )
            continue
        plans[number - 1], plans[number] = _apart(before, plan)
    if plans and plans[-1].offset_s > end_s:
        plans[-1] = _ended(plans[-1], end_s)
    return tuple(plans)


def _wished(event: Transition, wish: Wish) -> Plan:
    apex = event.apex_s + wish.by_s
    top, bottom = event.top_s + wish.by_s, event.bottom_s + wish.by_s + wish.hold_s
    fall = max(wish.fall_s, SHORTEST_S) if wish.fall_s != event.fall_s else event.fall_s
    rise = max(wish.rise_s, SHORTEST_S) if wish.rise_s != event.rise_s else event.rise_s
    share = (event.half_s - event.bottom_s) / max(event.fall_s, 1e-9)
    tail = wish.tail if share <= _SAGS else 0.0
    share += tail * (min(_TAIL_HALF, share) - share)
    still = wish.by_s == 0.0 and wish.hold_s == 0.0 and fall == event.fall_s
    return Plan(
        event,
        event.onset_s if wish.by_s == 0.0 and rise == event.rise_s else top - rise,
        top,
        apex,
        bottom,
        event.half_s if still and tail == 0.0 else bottom + share * fall,
        event.offset_s if still else bottom + fall,
        wish.scale,
    )


def _moved_inside(plan: Plan, low: float, high: float) -> Plan:
    """A plan whose apex lies after the one before, and within the take."""
    by = plan.apex_s - plan.event.apex_s
    least = low + 2.0 * APART_S + (plan.apex_s - plan.top_s) - plan.apex_s
    most = high - (plan.bottom_s - plan.apex_s) - APART_S - plan.apex_s
    back = max(least, 0.0) if by < 0.0 else min(most, 0.0) if by > 0.0 else 0.0
    back = max(-abs(by), min(abs(by), back))
    if back == 0.0:
        return plan
    return replace(
        plan,
        onset_s=plan.onset_s + back,
        top_s=plan.top_s + back,
        apex_s=plan.apex_s + back,
        bottom_s=plan.bottom_s + back,
        half_s=plan.half_s + back,
        offset_s=plan.offset_s + back,
        held=True,
    )


def _apart(one: Plan, two: Plan) -> tuple[Plan, Plan]:
    """Two plans of which the first has gone when the second comes."""
    over = one.offset_s + APART_S - two.onset_s
    # where they were nearer than that already they may stay so
    over = min(over, max(over - (APART_S - (two.event.onset_s - one.event.offset_s)), 0.0))
    if over <= 1e-9:
        return one, two
    room = max(two.top_s - one.bottom_s, 0.0)
    fall, rise = one.offset_s - one.bottom_s, two.top_s - two.onset_s
    # what grew gives way, in parts of what it grew by; then all of it does
    grown = (max(fall - one.event.fall_s, 0.0), max(rise - two.event.rise_s, 0.0))
    less = min(over / sum(grown), 1.0) if sum(grown) > 0.0 else 0.0
    fall, rise = fall - less * grown[0], rise - less * grown[1]
    if fall + rise > room:
        fall, rise = (part * room / max(fall + rise, 1e-9) * 0.98 for part in (fall, rise))
    return _ended(one, one.bottom_s + fall), replace(two, onset_s=two.top_s - rise, held=True)


def _ended(plan: Plan, offset_s: float) -> Plan:
    """A plan that has gone by then."""
    bottom = min(plan.bottom_s, offset_s - 1e-3)
    share = (plan.half_s - plan.bottom_s) / max(plan.offset_s - plan.bottom_s, 1e-9)
    half = bottom + share * (offset_s - bottom)
    return replace(plan, bottom_s=bottom, half_s=half, offset_s=offset_s, held=True)
