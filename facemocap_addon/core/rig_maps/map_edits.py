# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does to a rig map: pure functions from a map to another."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..channels import arkit_schema
from ..controls import BONE, SHAPE_KEY, Control, ControlKey
from .response import Response
from .response_shapes import CUSTOM, shape_of, shaped, span_of
from .rig_map import RigMap, RigMapEntry, Source

#: What a channel turns a bone by at its full value, until a person says otherwise: 20 degrees.
TURN_RAD = 0.349066
#: Likewise how far it moves it, as a part of the bone's length.
MOVE_SHARE = 0.1


def entry_of(rig_map: RigMap, control: ControlKey) -> RigMapEntry | None:
    """The entry of a control, or None."""
    return next((entry for entry in rig_map.entries if entry.control == control), None)


def is_fitted(rig_map: RigMap, control: ControlKey) -> bool:
    """Whether a control's value is found together with others (`rig_map.Fit`)."""
    entry = entry_of(rig_map, control)
    return (entry is None or entry.how != "hand") and any(
        control in target for fit in rig_map.fits for target in fit.targets
    )


def alike(rig_map: RigMap, control: ControlKey) -> tuple[ControlKey, ...]:
    """A control and the same shape on other meshes, as far as the same channels drive it there."""
    own = entry_of(rig_map, control)
    if own is None or control.kind != SHAPE_KEY:
        return (control,)
    channels = [source.channel for source in own.sources]
    return tuple(
        entry.control
        for entry in rig_map.entries
        if (entry.control.kind, entry.control.path) == (SHAPE_KEY, control.path)
        and [source.channel for source in entry.sources] == channels
    )


def default_gain(control: Control, channel: str) -> float:
    """The gain with which a channel begins to drive a control that it is given by hand."""
    known = arkit_schema().get(channel)
    if control.kind != BONE or (known is not None and known.kind != "weight"):
        return 1.0
    if control.is_rotation:
        return TURN_RAD
    if control.at is None or control.tail is None:
        return 0.01
    length = sum((a - b) ** 2 for a, b in zip(control.at, control.tail, strict=True)) ** 0.5
    return float(f"{MOVE_SHARE * length:.3g}") or 0.01


def assign(rig_map: RigMap, control: Control, source: Source) -> RigMap:
    """Let a channel drive a control; a share that it has already is replaced."""
    entry = entry_of(rig_map, control.key) or RigMapEntry(control.key, (), limits=control.range)
    put = _put(rig_map, with_source(entry, source))
    return replace(
        put,
        unmatched_channels=tuple(n for n in put.unmatched_channels if n != source.channel),
        unmatched_controls=tuple(n for n in put.unmatched_controls if n != control.name),
    )


def with_source(entry: RigMapEntry, source: Source) -> RigMapEntry:
    """The entry with ``source`` in the place of its channel's old share, marked as made by hand.

    What the old share was a part of (`Source.over`) stays, and so does the name of its response.
    """
    sources = [
        replace(source, over=old.over) if old.channel == source.channel else old
        for old in entry.sources
    ]
    if source.channel not in [old.channel for old in entry.sources]:
        sources.append(source)
    return _reshaped(entry, replace(entry, sources=tuple(sources), how="hand", confidence=1.0))


def set_gain(rig_map: RigMap, control: ControlKey, channel: str, gain: float) -> RigMap:
    """Another gain of a channel that drives the control already; else the map as it is."""
    entry = entry_of(rig_map, control)
    sources = entry.sources if entry is not None else ()
    old = next((source.gain for source in sources if source.channel == channel), None)
    if entry is None or old is None or _same((old,), (gain,)):
        return rig_map
    return _put(rig_map, with_source(entry, Source(channel, gain)))


def tune(
    rig_map: RigMap,
    control: ControlKey,
    *,
    offset: float | None = None,
    limits: tuple[float, float] | None = None,
    response: Response | None = None,
) -> RigMap:
    """Another offset, other limits or another response; what is None stays.

    A control of a fit goes on being found with the others: all three come after the fit. Values
    that are there already are no edit.
    """
    entry = entry_of(rig_map, control)
    if entry is None or (
        _same((entry.offset,), (offset,) if offset is not None else None)
        and _same(entry.limits, limits)
        and _same(_flat(entry.response), None if response is None else _flat(response))
    ):
        return rig_map
    tuned = replace(
        entry,
        offset=entry.offset if offset is None else offset,
        limits=entry.limits if limits is None else limits,
    )
    tuned = _reshaped(entry, tuned) if response is None else replace(tuned, response=response)
    return _put(rig_map, _by_hand(rig_map, tuned))


def accept(
    rig_map: RigMap, channel: str = "", controls: Collection[ControlKey] | None = None
) -> RigMap:
    """A person agrees with entries: those of one channel or of all, on some controls or on all."""
    return replace(
        rig_map,
        entries=tuple(
            _by_hand(rig_map, entry)
            if (not channel or channel in [source.channel for source in entry.sources])
            and (controls is None or entry.control in controls)
            else entry
            for entry in rig_map.entries
        ),
    )


def clear(
    rig_map: RigMap,
    channel: str,
    controls: Collection[ControlKey],
    names: Mapping[ControlKey, str],
) -> RigMap:
    """The map without a channel's share of ``controls``; what is left over counts as unmatched.

    ``names`` has the names of the character's controls, for the list of those nothing drives.
    """
    entries: list[RigMapEntry] = []
    idle = list(rig_map.unmatched_controls)
    for entry in rig_map.entries:
        if entry.control not in controls:
            entries.append(entry)
            continue
        sources = tuple(source for source in entry.sources if source.channel != channel)
        if sources:
            fewer = replace(entry, sources=sources, how="hand", confidence=1.0)
            entries.append(_reshaped(entry, fewer))
        elif entry.control in names:
            idle.append(names[entry.control])
    cleared = replace(
        rig_map, entries=tuple(entries), unmatched_controls=tuple(dict.fromkeys(idle))
    )
    if channel not in cleared.channels:
        left = (*rig_map.unmatched_channels, channel)
        cleared = replace(cleared, unmatched_channels=tuple(dict.fromkeys(left)))
    return cleared


def _same(old: Sequence[float], new: Sequence[float] | None) -> bool:
    """Whether nothing new is given: a property of Blender has seven digits."""
    return new is None or (
        len(old) == len(new)
        and all(
            math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in zip(old, new, strict=True)
        )
    )


def _flat(points: Response) -> list[float]:
    return [number for point in points for number in point]


def _put(rig_map: RigMap, entry: RigMapEntry) -> RigMap:
    """The map with ``entry`` in the place of its control's old one, or at its end."""
    if entry_of(rig_map, entry.control) is None:
        return replace(rig_map, entries=(*rig_map.entries, entry))
    entries = tuple(entry if old.control == entry.control else old for old in rig_map.entries)
    return replace(rig_map, entries=entries)


def _by_hand(rig_map: RigMap, entry: RigMapEntry) -> RigMapEntry:
    """The entry as a person's own; one of a fit stays in the fit."""
    how = entry.how if is_fitted(rig_map, entry.control) else "hand"
    return replace(entry, how=how, confidence=1.0)


def _reshaped(old: RigMapEntry, new: RigMapEntry) -> RigMapEntry:
    """A response that has a name keeps it when the sum it bends goes elsewhere."""
    name = shape_of(old.response, span_of(old))
    return new if name == CUSTOM else replace(new, response=shaped(name, span_of(new)))
