# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of a step listed: what is found in what it is given, as it is after its edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...take import Take
from ..gaze.edits import TOLERANCE_S as GAZE_S
from ..gaze.events import Saccade
from ..gaze.finding import find_gaze
from ..lips.edits import TOLERANCE_S as LIPS_S
from ..lips.events import LipEvent
from ..lips.finding import find_lip_contacts
from ..transitions.edits import TOLERANCE_S as TRANSITIONS_S
from ..transitions.events import GROUPS, Transition
from ..transitions.finding import find_transitions
from .knobs import DELETE
from .listed import GAZE, LIPS, TRANSITIONS, EventName, Listed
from .matching import match_times
from .records import about, makes, name_of

#: An event after its step lies this near (seconds) to where its edits put it.
_AFTER_S = 0.12


def list_darts(before: Take, after: Take, edits: Sequence[Any]) -> tuple[Listed, ...]:
    """Darts of the gaze in the order of time.

    Parameters
    ----------
    before, after : Take
        What the step is given, and what it makes of it.
    edits : sequence of GazeEdit
    """
    found = find_gaze(before).saccades
    then = found if after is before else find_gaze(after).saccades
    reach = [0.5 * each.duration_s + GAZE_S for each in found]
    names = _names(GAZE, edits, [each.apex_s for each in found], reach)
    own = [_dart(each, name) for each, name in zip(found, names, strict=True)]
    own += [_new_dart(edit) for edit in edits if makes(GAZE, edit)]
    return _as_they_are([_edited(each, edits) for each in own], [_dart(e, None) for e in then])


def list_contacts(before: Take, after: Take, edits: Sequence[Any]) -> tuple[Listed, ...]:
    """Contacts of the lips; parameters as `list_darts`."""
    found = find_lip_contacts(before)
    then = found if after is before else find_lip_contacts(after)
    reach = [0.5 * each.duration_s + LIPS_S for each in found]
    names = _names(LIPS, edits, [each.apex_s for each in found], reach)
    own = [_contact(each, name) for each, name in zip(found, names, strict=True)]
    own += [_new_contact(edit) for edit in edits if makes(LIPS, edit)]
    return _as_they_are([_edited(each, edits) for each in own], [_contact(e, None) for e in then])


def list_transitions(before: Take, after: Take, edits: Sequence[Any]) -> tuple[Listed, ...]:
    """Comings and goings of all groups; parameters as `list_darts`."""
    out: list[Listed] = []
    all_found = find_transitions(before)
    all_then = all_found if after is before else find_transitions(after)
    for group in GROUPS:
        found = [each for each in all_found if each.group == group]
        then = [each for each in all_then if each.group == group]
        mine = [edit for edit in edits if edit.group == group]
        reach = [0.5 * (each.offset_s - each.onset_s) + TRANSITIONS_S for each in found]
        names = _names(TRANSITIONS, mine, [each.apex_s for each in found], reach, group)
        own = [_transition(each, name) for each, name in zip(found, names, strict=True)]
        edited = [_edited(each, mine) for each in own]
        out += _as_they_are(edited, [_transition(each, None) for each in then])
    return tuple(sorted(out, key=lambda each: each.apex_s))


def _names(
    kind: str,
    edits: Sequence[Any],
    apexes: Sequence[float],
    reach_s: Sequence[float],
    part: str = "",
) -> list[EventName]:
    """Names of events: that of their records, where they have some, else their apex."""
    wanted = list(dict.fromkeys(edit.at_s for edit in edits if not makes(kind, edit)))
    out = [EventName(kind, apex, part) for apex in apexes]
    for at_s, place in zip(wanted, match_times(wanted, apexes, reach_s), strict=True):
        if place is not None:
            out[place] = EventName(kind, at_s, part)
    return out


def _edited(event: Listed, edits: Sequence[Any]) -> Listed:
    """An event found before the edits, with what they surely do."""
    kind = event.name.kind
    own = [e for e in about(edits, event.name) if not (event.is_new or makes(kind, e))]
    by_s = sum(edit.by_s for edit in own if edit.op == "move")
    return replace(
        event,
        onset_s=event.onset_s + by_s,
        apex_s=event.apex_s + by_s,
        offset_s=event.offset_s + by_s,
        is_edited=bool(own) or event.is_new,
        is_gone=any(edit.op == DELETE[kind] for edit in own),
    )


def _as_they_are(own: Sequence[Listed], then: Sequence[Listed]) -> tuple[Listed, ...]:
    """Events with the times and sizes that are found after the step, in order."""
    there = [event for event in own if not event.is_gone]
    reach = [_AFTER_S + 0.5 * each.duration_s for each in then]
    places = match_times([e.apex_s for e in there], [e.apex_s for e in then], reach)
    now: dict[int, Listed] = {}
    for event, place in zip(there, places, strict=True):
        if place is not None:
            now[id(event)] = then[place]
    out = [_after(event, now[id(event)]) if id(event) in now else event for event in own]
    return tuple(sorted(out, key=lambda each: each.apex_s))


def _after(event: Listed, found: Listed) -> Listed:
    """An event with what is found of it after the step."""
    return replace(
        event,
        onset_s=found.onset_s,
        apex_s=found.apex_s,
        offset_s=found.offset_s,
        amplitude=found.amplitude,
        closure=found.closure,
        what=found.what,
    )


def _dart(dart: Saccade, name: EventName | None) -> Listed:
    return Listed(
        name or EventName(GAZE, dart.apex_s),
        "dart",
        "B",
        dart.apex_s,
        dart.onset_s,
        dart.apex_s,
        dart.offset_s,
        dart.amplitude_deg,
        dart.amplitude_deg,
    )


def _new_dart(edit: Any) -> Listed:
    size = float((edit.yaw_deg**2 + edit.pitch_deg**2) ** 0.5)
    name, at = name_of(GAZE, edit), edit.at_s
    return Listed(name, "dart", "B", at, at, at, at, size, size, is_new=True)


def _contact(contact: LipEvent, name: EventName | None) -> Listed:
    return Listed(
        name or EventName(LIPS, contact.apex_s),
        contact.kind,
        "B",
        contact.apex_s,
        contact.start_s,
        contact.apex_s,
        contact.end_s,
        contact.seal,
        contact.seal,
    )


def _new_contact(edit: Any) -> Listed:
    half, at = 0.5 * edit.length_s, edit.at_s
    name = name_of(LIPS, edit)
    return Listed(name, "held", "B", at, at - half, at, at + half, 0.0, 0.0, is_new=True)


def _transition(each: Transition, name: EventName | None) -> Listed:
    return Listed(
        name or EventName(TRANSITIONS, each.apex_s, each.group),
        each.group,
        each.side,
        each.apex_s,
        each.onset_s,
        each.apex_s,
        each.offset_s,
        each.amplitude,
        each.value,
        values={"onset": each.rise_s, "release": each.fall_s},
    )
