# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map found by names, set right and completed by what probing measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..controls import BONE, SHAPE_KEY, Control, ControlKey
from ..rig_maps.rig_map import Fit, RigMap, RigMapEntry
from .result import ProbeResult

#: Recognitions less sure than this are left to the person.
SURE = 0.5


def complete_map(rig_map: RigMap, result: ProbeResult, controls: tuple[Control, ...]) -> RigMap:
    """Take out what moves nothing, and add entries for channels that are left without a control.

    Of what names found, shape keys without any difference and bones that move no point of the face
    go. The rest stays as it is: a control that is driven already gets nothing more, a channel that
    drives something gets no second control. Only gaze may have two: eye bones turn the eyes, and
    shapes take the lids along. Shape keys that are copies of each other and were both to follow a
    channel share it, where it would act twice over. What a person has set stays in any case.

    Parameters
    ----------
    rig_map : RigMap
        As `matching.match` made it.
    result : ProbeResult
    controls : tuple of Control
        The character's, for the names in ``unmatched_controls``.
    """
    idle = _idle(rig_map, result, controls)
    alive = _shared(_without(rig_map, idle), result.duplicates)
    driven = {entry.control for entry in alive.entries}
    missing = {*alive.unmatched_channels, *(rig_map.covered - alive.covered)}
    on_shapes = {s.channel for e in alive.entries if e.control.kind != BONE for s in e.sources}
    gaze = {name for name in alive.covered if name.startswith("eyeLook")} - on_shapes
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
    completed = replace(alive, entries=(*alive.entries, *added))
    names = {control.key: control.name for control in controls}
    used = {names[entry.control] for entry in completed.entries if entry.control in names}
    left = [*rig_map.unmatched_controls, *(names[key] for key in idle)]
    return replace(
        completed,
        unmatched_channels=tuple(
            dict.fromkeys(
                name
                for name in (*rig_map.unmatched_channels, *rig_map.channels)
                if name not in completed.covered
            )
        ),
        unmatched_controls=tuple(dict.fromkeys(name for name in left if name not in used)),
    )


def _idle(rig_map: RigMap, result: ProbeResult, controls: Iterable[Control]) -> list[ControlKey]:
    """Controls of entries found by names that were measured and move no point of the face."""
    moving = {signature.control for signature in result.signatures}
    measured = {control.key for control in controls if not control.driven_by}
    by_name = [entry.control for entry in rig_map.entries if entry.how == "name"]
    return [
        key
        for key in by_name
        if key in measured and (key in result.empty or (key.kind == BONE and key not in moving))
    ]


def _shared(rig_map: RigMap, duplicates: Iterable[tuple[ControlKey, ControlKey]]) -> RigMap:
    """A map in which copies of a shape key do together what one of them would do."""
    group: dict[ControlKey, ControlKey] = {}
    for later, first in duplicates:
        group[later] = group.setdefault(first, first)
    gains: dict[tuple[ControlKey, str], list[float]] = {}
    for entry in rig_map.entries:
        if entry.control in group and _may_share(entry):
            for source in entry.sources:
                key = group[entry.control], source.channel
                gains.setdefault(key, []).append(abs(source.gain))
    share = {
        key: max(1.0, *found) / sum(found)
        for key, found in gains.items()
        if sum(found) > max(1.0, *found)
    }

    def shared(entry: RigMapEntry) -> RigMapEntry:
        if entry.control not in group or not _may_share(entry):
            return entry
        parts = [share.get((group[entry.control], s.channel), 1.0) for s in entry.sources]
        if all(part == 1.0 for part in parts):
            return entry
        pairs = zip(entry.sources, parts, strict=True)
        return replace(entry, sources=tuple(replace(s, gain=s.gain * p) for s, p in pairs))

    return replace(rig_map, entries=tuple(shared(entry) for entry in rig_map.entries))


def _may_share(entry: RigMapEntry) -> bool:
    plain = not any(source.over for source in entry.sources)
    return entry.how == "name" and entry.control.kind == SHAPE_KEY and plain


def _without(rig_map: RigMap, idle: Iterable[ControlKey]) -> RigMap:
    """A map without these controls, in its entries and its fits."""
    gone = set(idle)
    return replace(
        rig_map,
        entries=tuple(entry for entry in rig_map.entries if entry.control not in gone),
        fits=tuple(_fit_without(fit, gone) for fit in rig_map.fits),
    )


def _fit_without(fit: Fit, gone: set[ControlKey]) -> Fit:
    targets = [tuple(key for key in target if key not in gone) for target in fit.targets]
    kept = [place for place, target in enumerate(targets) if target]
    return replace(
        fit,
        targets=tuple(targets[place] for place in kept),
        looks=tuple(fit.looks[place] for place in kept),
        sum_at_most_one=tuple(kept.index(p) for p in fit.sum_at_most_one if p in kept),
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
