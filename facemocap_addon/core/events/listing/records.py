# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits that a step keeps, changed for one event: pure functions from records to records.

An event has one record of each op at most. One that is moved twice has been moved once, by both
together; a value that is what it would be anyway leaves no record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import FacemocapError
from ..blinks.records import BlinkEdit
from ..gaze.edits import GazeEdit
from ..lips.edits import LipEdit
from ..transitions.edits import TransitionEdit
from .handles import ONSET
from .knobs import DELETE, INSERT, PLAIN, knob_of
from .listed import BLINKS, GAZE, LIPS, ONE, TRANSITIONS, EventName, Listed

#: Any of the four.
Edit = Any
_RECORDS: dict[str, Any] = {
    BLINKS: BlinkEdit, GAZE: GazeEdit, LIPS: LipEdit, TRANSITIONS: TransitionEdit,
}  # fmt: skip
_PART = {BLINKS: "side", TRANSITIONS: "group"}
#: Times that are the same when so rounded (decimals of seconds), and shifts that are none.
DIGITS, _LEAST_S = 6, 5e-6
#: Values this near are the same.
_SAME = 1e-6


def record(name: EventName, op: str, **values: Any) -> Edit:
    """An edit of an event.

    Raises
    ------
    FacemocapError
        When the op or a value cannot be.
    """
    data: dict[str, Any] = {"op": op, "at_s": name.at_s, **values}
    if name.kind in _PART:
        data[_PART[name.kind]] = name.part
    return _RECORDS[name.kind].from_json(data)


def name_of(kind: str, edit: Edit) -> EventName:
    """The event that a record is about; of one that makes an event, that event."""
    part = getattr(edit, _PART[kind]) if kind in _PART else ""
    at_s = edit.at_s
    if kind == BLINKS and edit.op == "copy":
        # others name a copy by the time that it was asked for at
        at_s = edit.to_s
    return EventName(kind, at_s, part)


def is_about(edit: Edit, name: EventName) -> bool:
    """Whether a record is about an event, or makes it."""
    own = name_of(name.kind, edit)
    return own.part == name.part and round(own.at_s, DIGITS) == round(name.at_s, DIGITS)


def about(edits: Iterable[Edit], name: EventName) -> list[Edit]:
    """All records about an event."""
    return [edit for edit in edits if is_about(edit, name)]


def makes(kind: str, edit: Edit) -> bool:
    """Whether a record puts an event in."""
    return edit.op == INSERT.get(kind) or (kind == BLINKS and edit.op == "copy")


def with_record(edits: Sequence[Edit], new: Edit, name: EventName) -> tuple[Edit, ...]:
    """Edits with a record that takes the place of its like, and of ops that it replaces."""
    knob = knob_of(name.kind, new.op)
    over = knob.over if knob else PLAIN[name.kind].get(new.op, ())
    eye = getattr(new, "eye", "")
    out: list[Edit] = []
    done = False
    for edit in edits:
        same = is_about(edit, name) and getattr(edit, "eye", "") == eye
        if same and edit.op == new.op:
            # in its old place: ops are done in their order
            out += [] if done else [new]
            done = True
        elif not (same and edit.op in over):
            out.append(edit)
    return tuple(out if done else [*out, new])


def without_op(edits: Sequence[Edit], name: EventName, op: str) -> tuple[Edit, ...]:
    """Edits without one op of an event (both eyes)."""
    return tuple(
        e for e in edits
        if not (is_about(e, name) and e.op == op and getattr(e, "eye", "B") in ("", "B"))
    )  # fmt: skip


def set_value(edits: Sequence[Edit], event: Listed, op: str, value: float) -> tuple[Edit, ...]:
    """Edits with a number of an event set; what it is without an edit leaves none.

    Raises
    ------
    FacemocapError
        When the event has no such number, or the number cannot be.
    """
    name, knob = event.name, knob_of(event.name.kind, op)
    if knob is None:
        raise FacemocapError(f'A {ONE[name.kind]} has no "{op}"', "Choose another number")
    if event.is_new and name.kind in (GAZE, LIPS):
        return _set_made(edits, event, op, value)
    neutral = knob.neutral if knob.neutral is not None else event.values.get(op)
    if neutral is not None and abs(value - neutral) <= _SAME:
        return without_op(edits, name, op)
    return with_record(edits, record(name, op, **{knob.field: value}), name)


def value_of(edits: Sequence[Edit], event: Listed, op: str) -> float:
    """A number of an event as it is set, or as it is without an edit."""
    knob = knob_of(event.name.kind, op)
    assert knob is not None, op
    for edit in about(edits, event.name):
        if edit.op == op and getattr(edit, "eye", "B") == "B":
            return float(edit.amount if event.name.kind == BLINKS else getattr(edit, knob.field))
    neutral = knob.neutral if knob.neutral is not None else event.values.get(op)
    return float(neutral if neutral is not None else 0.0)


def move_to(edits: Sequence[Edit], event: Listed, to_s: float) -> tuple[Edit, ...]:
    """Edits after which an event's apex is at a time: one record, however often it was moved.

    ``event`` is as the edits have it.
    """
    name = event.name
    if event.is_new and name.kind in (GAZE, LIPS):
        return _remade(edits, event, {"at_s": round(to_s, DIGITS)})
    by_s = round(event.moved_s + to_s - event.apex_s, DIGITS)
    if abs(by_s) < _LEAST_S:
        return without_op(edits, name, "move")
    field = "value" if name.kind == BLINKS else "by_s"
    return with_record(edits, record(name, "move", **{field: by_s}), name)


def stretch_to(
    edits: Sequence[Edit], event: Listed, part: str, to_s: float
) -> tuple[Edit, ...] | None:
    """Edits after which an event begins (``ONSET``) or ends (``OFFSET``) at a time.

    None where an event of its kind cannot be stretched there. What is asked beyond what an edit may
    be goes as far as it may.
    """
    kind, op = event.name.kind, ""
    value = 0.0
    onset = part == ONSET
    if kind == BLINKS and event.closed_s is not None and event.opens_s is not None:
        op = "closing" if onset else "opening"
        edge, was = (event.closed_s, event.onset_s) if onset else (event.opens_s, event.offset_s)
        value = value_of(edits, event, op) * (to_s - edge) / (was - edge)
    elif kind == TRANSITIONS:
        op = "onset" if onset else "release"
        more = event.onset_s - to_s if onset else to_s - event.offset_s
        value = value_of(edits, event, op) + more
    elif kind == LIPS and not onset:
        op = "hold"
        value = value_of(edits, event, op) + to_s - event.offset_s
    knob = knob_of(kind, op)
    if knob is None:
        return None
    return set_value(edits, event, op, round(min(max(value, knob.low), knob.high), DIGITS))


def do_plain(edits: Sequence[Edit], event: Listed, op: str) -> tuple[Edit, ...]:
    """Edits with an op that has no number: full closure, merge, as recorded, ..."""
    if op not in PLAIN[event.name.kind]:
        raise FacemocapError(f'A {ONE[event.name.kind]} has no "{op}"', "Choose another edit")
    return with_record(edits, record(event.name, op), event.name)


def delete(edits: Sequence[Edit], event: Listed) -> tuple[Edit, ...]:
    """Edits that take an event away; one that was put in goes with its records."""
    name = event.name
    if event.is_new and any(makes(name.kind, e) for e in about(edits, name)):
        return reset(edits, event)
    return with_record(edits, record(name, DELETE[name.kind]), name)


def reset(edits: Sequence[Edit], event: Listed) -> tuple[Edit, ...]:
    """Edits without those of an event: it is as found, or no more where it was put in."""
    copies = [
        name_of(BLINKS, e) for e in edits
        if event.name.kind == BLINKS and e.op == "copy" and _is_of(e, event.name)
    ]  # fmt: skip
    left = tuple(e for e in edits if not is_about(e, event.name))
    if not event.is_new:
        return left
    # copies of what is no more
    gone = {(round(copy.at_s, DIGITS), copy.part) for copy in copies}
    return tuple(
        e for e in left
        if (round(name_of(event.name.kind, e).at_s, DIGITS), getattr(e, "side", "")) not in gone
    )  # fmt: skip


def insert(edits: Sequence[Edit], name: EventName, **values: float) -> tuple[Edit, ...]:
    """Edits with a new event at the time that its name has.

    Raises
    ------
    FacemocapError
        When there is one already, or no event of this kind can be put in.
    """
    op = INSERT.get(name.kind)
    if op is None:
        raise FacemocapError(
            f"A {ONE[name.kind]} cannot be put in", "Choose blinks, darts or lip contacts"
        )
    if any(makes(name.kind, edit) for edit in about(edits, name)):
        raise FacemocapError(
            f"A new {ONE[name.kind]} is there already", "Move the playhead, or edit that one"
        )
    return (*edits, record(name, op, **values))


def copy(edits: Sequence[Edit], event: Listed, to_s: float) -> tuple[tuple[Edit, ...], EventName]:
    """Edits with a blink once more at another time, and the name of the copy."""
    to_s = round(to_s, DIGITS)
    new = EventName(BLINKS, to_s, event.name.part)
    if any(makes(BLINKS, edit) for edit in about(edits, new)):
        raise FacemocapError("A new blink is there already", "Move the playhead")
    return (*edits, record(event.name, "copy", to_s=to_s)), new


def _is_of(edit: Edit, name: EventName) -> bool:
    """Whether a copy is one of an event."""
    return edit.side == name.part and round(edit.at_s, DIGITS) == round(name.at_s, DIGITS)


def _set_made(edits: Sequence[Edit], event: Listed, op: str, value: float) -> tuple[Edit, ...]:
    """Numbers of darts and contacts that were put in are those of the record that makes them."""
    made = next(e for e in about(edits, event.name) if makes(event.name.kind, e))
    if event.name.kind == LIPS and op == "hold":
        return _remade(edits, event, {"length_s": max(made.length_s + value, 0.02)})
    if event.name.kind == GAZE and op == "scale":
        return _remade(
            edits, event, {"yaw_deg": made.yaw_deg * value, "pitch_deg": made.pitch_deg * value}
        )
    raise FacemocapError(f"A new {ONE[event.name.kind]} has no {op}", "Choose another number")


def _remade(edits: Sequence[Edit], event: Listed, changes: dict[str, float]) -> tuple[Edit, ...]:
    """The record that puts an event in, otherwise."""
    kind = event.name.kind
    return tuple(
        _RECORDS[kind].from_json({**edit.to_json(), **changes})
        if makes(kind, edit) and is_about(edit, event.name)
        else edit
        for edit in edits
    )
