# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of events that were moved or stretched, read from what plays after the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core.events.listing.handles import APEX, OFFSET, ONSET
from ...core.events.listing.listed import BLINKS, GAZE, LIPS, Listed
from ...core.events.listing.records import DIGITS
from ...core.report import Report
from .editing import told_events
from .panel_events import Chosen, chosen_events

#: Peaks lie on samples: an event that is nearer than this (frames) went where it was asked to go.
_NEAR = 0.6
#: Less than this (frames) is no move.
_STILL = 0.05
_EDGES = {
    (BLINKS, ONSET): "closes from frame",
    (BLINKS, OFFSET): "is open again at frame",
    (LIPS, OFFSET): "opens at frame",
}
_ANY_EDGE = {ONSET: "begins at frame", OFFSET: "ends at frame"}


def run_and_tell(
    chosen: Chosen, events: Sequence[Listed], offset: float, part: str = APEX
) -> Report:
    """Have the changed stack run, and say where its events are then.

    Parameters
    ----------
    chosen : Chosen
        With the edits in its stack.
    events : sequence of Listed
        As they were before.
    offset : float
        Frames that were asked for.
    part : str
        Of `core.events.listing.handles.PARTS`.
    """
    before = [_place(chosen, event, part) for event in events]
    report = chosen.run("")
    after = _places_after(chosen, events, offset, part)
    pairs = [(old, new) for old, new in zip(before, after, strict=True) if new is not None]
    if not pairs:
        told = f"{told_events(events)} cannot be found any more"
    elif part == APEX:
        told = _told_moves(events, pairs, offset)
    else:
        told = _told_edge(events, pairs[0], part)
    return replace(report, summary=told + report.summary)


def _told_moves(
    events: Sequence[Listed], pairs: Sequence[tuple[float, float]], offset: float
) -> str:
    what = told_events(events)
    went = [new - old for old, new in pairs]
    low, high = min(went), max(went)
    if max(abs(low), abs(high)) < _STILL:
        at = f" at frame {_number(pairs[0][1])}" if len(events) == 1 else ""
        told = f"{what} stayed{at}"
    elif len(events) == 1:
        told = f"{what} moved by {_number(low)} frames, to frame {_number(pairs[0][1])}"
    elif high - low < _STILL:
        told = f"{what} moved by {_number(low)} frames"
    else:
        told = f"{what} moved by {_number(low)} to {_number(high)} frames"
    if all(abs(each - offset) <= _NEAR for each in went):
        return told
    return f"{told}; {_number(offset)} were asked for"


def _told_edge(events: Sequence[Listed], pair: tuple[float, float], part: str) -> str:
    old, new = pair
    does = _EDGES.get((events[0].name.kind, part), _ANY_EDGE[part])
    who = told_events(events)
    first = f"{who}, of which the first" if len(events) > 1 else who
    told = f"{first} {does} {_number(new)}"
    return f"{told}, as before" if abs(new - old) < _STILL else f"{told}, not {_number(old)}"


def _places_after(
    chosen: Chosen, events: Sequence[Listed], offset: float, part: str
) -> list[float | None]:
    """Frames of the events in what plays now; None for those that are not found."""
    now = chosen_events(chosen.scene, chosen.item)
    by_s = offset / chosen.source.clock.rate_hz
    out: list[float | None] = []
    for event in events:
        names = [event.name]
        if part == APEX and event.is_new and event.name.kind in (GAZE, LIPS):
            # these are named by where they were put
            names.append(replace(event.name, at_s=round(event.apex_s + by_s, DIGITS)))
        found = now.named(names)
        out.append(_place(now, found[-1], part) if found else None)
    return out


def _place(chosen: Chosen, event: Listed, part: str) -> float:
    at_s = {APEX: event.apex_s, ONSET: event.onset_s, OFFSET: event.offset_s}[part]
    return chosen.source.frame(at_s)


def _number(value: float) -> str:
    """With a tenth where it has one; never a minus before nothing."""
    return f"{round(value, 1) + 0.0:g}"
