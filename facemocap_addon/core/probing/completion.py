# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map found by names, completed by what probing recognised."""

from __future__ import annotations

from dataclasses import replace

from ..controls import BONE, Control
from ..rig_map import RigMap, RigMapEntry
from .result import ProbeResult

#: Recognitions less sure than this are left to the person.
SURE = 0.5


def complete_map(rig_map: RigMap, result: ProbeResult, controls: tuple[Control, ...]) -> RigMap:
    """Add entries for channels that names left without a control.

    What names found stays as it is: a control that is driven already gets nothing more, a channel
    that drives something gets no second control. Only gaze may have two: eye bones turn the eyes,
    and shapes take the lids along.

    Parameters
    ----------
    rig_map : RigMap
        As `matching.match` made it.
    result : ProbeResult
    controls : tuple of Control
        The character's, for the names in ``unmatched_controls``.
    """
    driven = {entry.control for entry in rig_map.entries}
    missing = set(rig_map.unmatched_channels)
    on_shapes = {s.channel for e in rig_map.entries if e.control.kind != BONE for s in e.sources}
    gaze = {name for name in rig_map.channels if name.startswith("eyeLook")} - on_shapes
    added: list[RigMapEntry] = []
    for entry in result.entries:
        wanted = missing if entry.control.kind == BONE else missing | gaze
        sources = tuple(
            source
            for source in entry.sources
            if source.channel in wanted
            and result.confidences[source.channel, entry.control] >= SURE
        )
        if sources and entry.control not in driven:
            added.append(replace(entry, sources=sources))
    completed = replace(rig_map, entries=(*rig_map.entries, *added))
    names = {control.key: control.name for control in controls}
    used = {names[entry.control] for entry in added}
    return replace(
        completed,
        unmatched_channels=tuple(
            name for name in rig_map.unmatched_channels if name not in completed.covered
        ),
        unmatched_controls=tuple(name for name in rig_map.unmatched_controls if name not in used),
    )


def describe_faults(result: ProbeResult, controls: tuple[Control, ...]) -> tuple[str, ...]:
    """Whole sentences about controls that are wrong: mistaken sides, empty, dead and doubled."""
    names = {control.key: control.name for control in controls}
    sides = [f'"{names[key]}": {clause}.' for key, clause in result.wrong_sides]
    lists = (
        ("Shape keys without any difference", [names[key] for key in result.empty]),
        ("Controls that move nothing", [names[key] for key in result.dead]),
        ("Controls that do what another does", [names[later] for later, _ in result.duplicates]),
    )
    return (
        *sides,
        *(f"{what}: {', '.join(dict.fromkeys(found))}." for what, found in lists if found),
    )
